// Spherical harmonics at many points: normalized associated Legendre functions without their factor sin^m θ by the recurrence in the
// degree, times the real and imaginary part of (x + iy)^m. All are polynomials of the coordinates, so that derivatives exist
// everywhere, poles included.

import { sqrt } from "../../ops/arithmetic.ts";
import { astype } from "../../ops/cast.ts";
import { complexFrom } from "../../ops/complex.ts";
import { take } from "../../ops/gather.ts";
import { concat, stack } from "../../ops/join.ts";
import { asTensor } from "../../ops/operands.ts";
import { cos, sin } from "../../ops/transcendental.ts";
import { tensor } from "../../tensor/create.ts";
import { inexactDType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { alignFloats } from "../elementwise.ts";
import { checkDegree } from "../polynomials/families.ts";

/** Coefficients of Qₗᵐ = a (z Qₗ₋₁ᵐ - b Qₗ₋₂ᵐ), for m < l; and Qₗˡ. One row for all orders 0 … lmax. */
function coefficients(l: number, lmax: number): { a: number[]; ab: number[]; diagonal: number[] } {
  const a = new Array<number>(lmax + 1).fill(0);
  const ab = new Array<number>(lmax + 1).fill(0);
  const diagonal = new Array<number>(lmax + 1).fill(0);
  for (let m = 0; m < l; m++) {
    a[m] = Math.sqrt((4 * l * l - 1) / (l * l - m * m));
    ab[m] = a[m]! * Math.sqrt(((l - 1) ** 2 - m * m) / (4 * (l - 1) ** 2 - 1));
  }
  let square = 1 / (4 * Math.PI);
  for (let k = 1; k <= l; k++) square *= (2 * k + 1) / (2 * k);
  diagonal[l] = Math.sqrt(square);
  return { a, ab, diagonal };
}

/** Qₗᵐ(z) for all degrees and orders: Yₗᵐ without the phase and (x + iy)^m. `[...s, lmax + 1 (l), lmax + 1 (m)]` */
function legendreParts(lmax: number, z: Tensor): Tensor {
  const height = z.expandDims(-1);
  const row = (values: number[]): Tensor => tensor(values, { dtype: z.dtype });
  let before: Tensor | null = null;
  let current: Tensor | null = null;
  const all: Tensor[] = [];
  for (let l = 0; l <= lmax; l++) {
    const { a, ab, diagonal } = coefficients(l, lmax);
    let next: Tensor = height.mul(0).add(row(diagonal));
    if (current) next = next.add(height.mul(current).mul(row(a)));
    if (before) next = next.sub(before.mul(row(ab)));
    before = current;
    current = next;
    all.push(next);
  }
  return stack(all, -2);
}

/** Real and imaginary parts of (x + iy)^m for m = 0 … lmax, along a new last axis. */
function powers(lmax: number, x: Tensor, y: Tensor): { re: Tensor; im: Tensor } {
  const re = [x.mul(0).add(1)];
  const im = [x.mul(0)];
  for (let m = 0; m < lmax; m++) {
    re.push(x.mul(re[m]!).sub(y.mul(im[m]!)));
    im.push(x.mul(im[m]!).add(y.mul(re[m]!)));
  }
  return { re: stack(re, -1), im: stack(im, -1) };
}

/** Products for all (l, |m|), flattened, cosines before sines: `[...s, 2 (lmax + 1)²]`. */
function products(lmax: number, x: Tensor, y: Tensor, z: Tensor): Tensor {
  const q = legendreParts(lmax, z);
  const { re, im } = powers(lmax, x, y);
  const flat = (part: Tensor): Tensor => {
    const product = q.mul(part.expandDims(-2));
    return product.reshape([...z.shape, (lmax + 1) ** 2]);
  };
  return concat([flat(re), flat(im)], -1);
}

/** Where the product for (l, |m|) lies, for all l and m in the order l² + l + m. */
function places(lmax: number, isSine: (m: number) => boolean): number[] {
  const size = lmax + 1;
  const list: number[] = [];
  for (let l = 0; l <= lmax; l++)
    for (let m = -l; m <= l; m++) list.push((isSine(m) ? size * size : 0) + l * size + Math.abs(m));
  return list;
}

const perHarmonic = (lmax: number, f: (l: number, m: number) => number): number[] => {
  const list: number[] = [];
  for (let l = 0; l <= lmax; l++) for (let m = -l; m <= l; m++) list.push(f(l, m));
  return list;
};

/**
 * The real spherical harmonics of all degrees up to lmax at directions `[...s, 3]`, as `[...s, (lmax + 1)²]` in the order l² + l + m:
 * orthonormal on the sphere, without the phase of Condon and Shortley; m > 0 goes with cos(mφ), m < 0 with sin(|m|φ). Directions
 * are normalized unless told; O(lmax²) per point.
 */
export function realSphHarm(
  lmax: number,
  directions: Tensor,
  { normalize = true }: { readonly normalize?: boolean } = {},
): Tensor {
  checkDegree(lmax, "realSphHarm: lmax");
  const given = asTensor(directions, "realSphHarm: directions");
  if (given.shape.at(-1) !== 3)
    throw new ShapeError(`realSphHarm: directions: [..., 3] was expected, got ${formatShape(given.shape)}`);
  const vectors = astype(given, inexactDType(given.dtype));
  const unit = normalize ? vectors.div(sqrt(vectors.square().sum({ axis: -1, keepDims: true }))) : vectors;
  const [x, y, z] = [0, 1, 2].map((i) => take(unit, i, -1)) as [Tensor, Tensor, Tensor];
  const chosen = take(
    products(lmax, x, y, z),
    tensor(
      places(lmax, (m) => m < 0),
      { dtype: "int32" },
    ),
    -1,
  );
  return chosen.mul(
    tensor(
      perHarmonic(lmax, (_l, m) => (m === 0 ? 1 : Math.SQRT2)),
      { dtype: unit.dtype },
    ),
  );
}

/**
 * The spherical harmonics Yₗᵐ of all degrees up to lmax at polar angles θ and azimuths φ (broadcast to `[...s]`), as complex
 * `[...s, (lmax + 1)²]` in the order l² + l + m: orthonormal, with the phase of Condon and Shortley. O(lmax²) per point.
 */
export function sphHarmAll(lmax: number, theta: TensorLike, phi: TensorLike): Tensor {
  checkDegree(lmax, "sphHarmAll: lmax");
  const [polar, azimuth] = alignFloats([theta, phi]) as [Tensor, Tensor];
  const ring = sin(polar);
  const all = products(lmax, ring.mul(cos(azimuth)), ring.mul(sin(azimuth)), cos(polar));
  const pick = (isSine: boolean, sign: (m: number) => number): Tensor =>
    take(
      all,
      tensor(
        places(lmax, () => isSine),
        { dtype: "int32" },
      ),
      -1,
    ).mul(
      tensor(
        perHarmonic(lmax, (_l, m) => sign(m)),
        { dtype: polar.dtype },
      ),
    );
  const odd = (m: number): boolean => m % 2 !== 0;
  // Yₗ⁻ᵐ = (-1)ᵐ conj(Yₗᵐ)
  const re = pick(false, (m) => (m > 0 && odd(m) ? -1 : 1));
  const im = pick(true, (m) => (m < 0 ? -1 : odd(m) ? -1 : 1));
  return complexFrom(re, im);
}

/** One spherical harmonic Yₗᵐ(θ, φ), complex, at polar angles θ and azimuths φ: SciPy's sph_harm_y(l, m, θ, φ). O(l) per point. */
export function sphHarm(l: number, m: number, theta: TensorLike, phi: TensorLike): Tensor {
  checkDegree(l, "sphHarm: l");
  if (!Number.isInteger(m) || Math.abs(m) > l)
    throw new DomainError(`sphHarm: m: an integer between ${-l} and ${l} was expected, got ${m}`);
  const [polar, azimuth] = alignFloats([theta, phi]) as [Tensor, Tensor];
  const order = Math.abs(m);
  const z = cos(polar);
  let before = z.mul(0);
  let current = before.add(coefficients(order, order).diagonal[order]!);
  for (let k = order + 1; k <= l; k++) {
    const { a, ab } = coefficients(k, k);
    const next = z.mul(current).mul(a[order]!).sub(before.mul(ab[order]!));
    before = current;
    current = next;
  }
  const sign = m > 0 && m % 2 !== 0 ? -1 : 1;
  const size = current.mul(order === 0 ? 1 : sin(polar).pow(order)).mul(sign);
  return complexFrom(size.mul(cos(azimuth.mul(m))), size.mul(sin(azimuth.mul(m))));
}
