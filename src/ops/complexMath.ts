// Complex functions of one element, written into interleaved storage. Formulas: Kahan, "Branch cuts for complex
// elementary functions" (1987), in the forms that keep signs of zero and avoid overflow.

import type { Storage } from "../tensor/dtype.ts";

const put = (out: Storage, at: number, re: number, im: number): void => {
  out[at] = re;
  out[at + 1] = im;
};

export function multiplyComplex(
  aRe: number,
  aIm: number,
  bRe: number,
  bIm: number,
  out: Storage,
  at: number,
): void {
  put(out, at, aRe * bRe - aIm * bIm, aRe * bIm + aIm * bRe);
}

/** Smith's division: scaled by the larger part of the divisor. */
export function divideComplex(
  aRe: number,
  aIm: number,
  bRe: number,
  bIm: number,
  out: Storage,
  at: number,
): void {
  if (Math.abs(bRe) >= Math.abs(bIm)) {
    const ratio = bRe === 0 && bIm === 0 ? 0 : bIm / bRe;
    const scale = bRe + bIm * ratio;
    put(out, at, (aRe + aIm * ratio) / scale, (aIm - aRe * ratio) / scale);
  } else {
    const ratio = bRe / bIm;
    const scale = bRe * ratio + bIm;
    put(out, at, (aRe * ratio + aIm) / scale, (aIm * ratio - aRe) / scale);
  }
}

export function sqrtComplex(re: number, im: number, out: Storage, at: number): void {
  if (re === 0 && im === 0) {
    put(out, at, 0, im);
    return;
  }
  if (Math.abs(im) === Number.POSITIVE_INFINITY) {
    put(out, at, Number.POSITIVE_INFINITY, im);
    return;
  }
  // Halving before the modulus keeps it finite.
  const root = Math.sqrt((Math.hypot(re / 4, im / 4) + Math.abs(re) / 4) * 2);
  const other = im / (2 * root);
  if (re >= 0) put(out, at, root, other);
  else put(out, at, Math.abs(other), im < 0 || Object.is(im, -0) ? -root : root);
}

export function expComplex(re: number, im: number, out: Storage, at: number): void {
  const radius = Math.exp(re);
  if (im === 0) put(out, at, radius, im);
  else put(out, at, radius * Math.cos(im), radius * Math.sin(im));
}

export function logComplex(re: number, im: number, out: Storage, at: number): void {
  put(out, at, logModulus(re, im), Math.atan2(im, re));
}

/** log|z| that stays accurate near the unit circle. */
function logModulus(re: number, im: number): number {
  const x = Math.max(Math.abs(re), Math.abs(im));
  const y = Math.min(Math.abs(re), Math.abs(im));
  if (x > 0.5 && x < 2) return 0.5 * Math.log1p((x - 1) * (x + 1) + y * y);
  return Math.log(Math.hypot(re, im));
}

export function sinComplex(re: number, im: number, out: Storage, at: number): void {
  put(out, at, Math.sin(re) * Math.cosh(im), im === 0 ? im * Math.cos(re) : Math.cos(re) * Math.sinh(im));
}

export function cosComplex(re: number, im: number, out: Storage, at: number): void {
  put(out, at, Math.cos(re) * Math.cosh(im), -Math.sin(re) * Math.sinh(im));
}

export function sinhComplex(re: number, im: number, out: Storage, at: number): void {
  put(out, at, Math.sinh(re) * Math.cos(im), Math.cosh(re) * Math.sin(im));
}

export function coshComplex(re: number, im: number, out: Storage, at: number): void {
  put(out, at, Math.cosh(re) * Math.cos(im), Math.sinh(re) * Math.sin(im));
}

export function tanhComplex(re: number, im: number, out: Storage, at: number): void {
  if (Math.abs(re) > 20) {
    put(out, at, Math.sign(re), 4 * Math.sin(im) * Math.cos(im) * Math.exp(-2 * Math.abs(re)));
    return;
  }
  const tangent = Math.tan(im);
  const sinh = Math.sinh(re);
  const secant2 = 1 + tangent * tangent;
  const cosh = Math.sqrt(1 + sinh * sinh);
  const scale = 1 + secant2 * sinh * sinh;
  put(out, at, (secant2 * cosh * sinh) / scale, tangent / scale);
}

export function tanComplex(re: number, im: number, out: Storage, at: number): void {
  tanhComplex(-im, re, out, at);
  put(out, at, out[at + 1]!, -out[at]!);
}

/** √(1 - z) and √(1 + z), each as two entries: what the inverse functions are made of. */
const roots = new Float64Array(4);

/**
 * Kahan's forms: products of √(1 ∓ z) where the textbook has √(1 - z²), which loses the digits of small z, overflows
 * for large ones, and forgets on which side of a cut it is.
 */
export function asinComplex(re: number, im: number, out: Storage, at: number): void {
  sqrtComplex(1 - re, -im, roots, 0);
  sqrtComplex(1 + re, im, roots, 2);
  const [aRe, aIm, bRe, bIm] = [roots[0]!, roots[1]!, roots[2]!, roots[3]!];
  put(out, at, Math.atan2(re, aRe * bRe - aIm * bIm), Math.asinh(aRe * bIm - aIm * bRe));
}

export function acosComplex(re: number, im: number, out: Storage, at: number): void {
  sqrtComplex(1 - re, -im, roots, 0);
  sqrtComplex(1 + re, im, roots, 2);
  const [aRe, aIm, bRe, bIm] = [roots[0]!, roots[1]!, roots[2]!, roots[3]!];
  put(out, at, 2 * Math.atan2(aRe, bRe), Math.asinh(bRe * aIm - bIm * aRe));
}

export function acoshComplex(re: number, im: number, out: Storage, at: number): void {
  sqrtComplex(re - 1, im, roots, 0);
  sqrtComplex(re + 1, im, roots, 2);
  const [aRe, aIm, bRe, bIm] = [roots[0]!, roots[1]!, roots[2]!, roots[3]!];
  put(out, at, Math.asinh(aRe * bRe + aIm * bIm), 2 * Math.atan2(aIm, bRe));
}

/** asinh z = -i asin(iz) */
export function asinhComplex(re: number, im: number, out: Storage, at: number): void {
  asinComplex(-im, re, out, at);
  put(out, at, out[at + 1]!, -out[at]!);
}

export function atanhComplex(re: number, im: number, out: Storage, at: number): void {
  const y2 = im * im;
  put(
    out,
    at,
    0.25 * Math.log1p((4 * re) / ((1 - re) * (1 - re) + y2)),
    0.5 * Math.atan2(2 * im, (1 - re) * (1 + re) - y2),
  );
}

export function atanComplex(re: number, im: number, out: Storage, at: number): void {
  atanhComplex(-im, re, out, at);
  put(out, at, out[at + 1]!, -out[at]!);
}
