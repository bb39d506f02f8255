// The primitives of Fourier transforms: complex along any axis, and between real and half complex along the last one.
// All are linear; with ⟨c, x⟩ = Re Σ c·x the complex transform is its own transpose.

import { device } from "../device/current.ts";
import type { FloatArray } from "../device/device.ts";
import { rootsOf } from "../device/stockham.ts";
import { bindOne } from "../ops/bind.ts";
import { COMPLEX, definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, linear } from "../ops/rules.ts";
import { allocate, complexDType, type DType, realDType } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

export interface FftParams {
  readonly axes: readonly number[];
  /** The sign of the exponent: -1 forward. */
  readonly sign: -1 | 1;
  readonly scale: number;
}

/** scale · Σ over j of x[…, j, …] · exp(sign · 2πi jk / n) along each of some axes. */
export const fftP: Primitive<FftParams> = definePrimitive<FftParams>({
  name: "fft",
  dtypes: COMPLEX,
  abstractEval: ([x]) => [x!],
  evaluate: ([x], { axes, sign, scale }, [output]) => {
    const { shape, dtype } = x!;
    const out = allocate(dtype, x!.size) as FloatArray;
    // Narrow numbers are rounded once, after the last axis.
    const isNarrow = axes.length > 1 && out instanceof Float32Array;
    const work = isNarrow ? new Float64Array(out.length) : out;
    axes.forEach((axis, i) => {
      const outer = sizeOf(shape.slice(0, axis));
      const inner = sizeOf(shape.slice(axis + 1));
      const from = i === 0 ? (x!.data() as FloatArray) : work;
      const to = i === axes.length - 1 ? out : work;
      device.fft(sign, i === 0 ? scale : 1, outer, shape[axis]!, inner, from, 0, to, 0);
    });
    return [new Tensor(out, output!.shape, output!.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], params, self }) => [bindOne(self, [c!], params)],
  batch: ({ inputs: [x], params, self }) => [
    bindOne(self, [x!], { ...params, axes: params.axes.map((axis) => axis + 1) }),
  ],
});

/** A complex transform along some axes. */
export const transformAxes = (x: Tensor, axes: readonly number[], sign: -1 | 1, scale: number): Tensor =>
  axes.length ? bindOne(fftP, [x], { axes, sign, scale }) : x;

const REAL_FLOATS: readonly DType[] = ["float64", "float32"];

/** 1 at the ends that stand for themselves and `middle` at the entries that stand for their conjugates too. */
function weights(n: number, middle: number, dtype: DType): Tensor {
  const data = allocate(dtype, Math.floor(n / 2) + 1) as FloatArray;
  data.fill(middle);
  data[0] = 1;
  if (n % 2 === 0) data[n / 2] = 1;
  return new Tensor(data, [data.length], dtype);
}

export interface RfftParams {
  readonly scale: number;
}

/** scale · Σ over j of x[…, j] · exp(-2πi jk / n) for 0 <= k <= n / 2. */
export const rfftP: Primitive<RfftParams> = definePrimitive<RfftParams>({
  name: "rfft",
  dtypes: REAL_FLOATS,
  abstractEval: ([x]) => [
    {
      shape: [...x!.shape.slice(0, -1), Math.floor(x!.shape.at(-1)! / 2) + 1],
      dtype: complexDType(x!.dtype),
    },
  ],
  evaluate: ([x], { scale }, [output]) => {
    const n = x!.shape.at(-1)!;
    const out = allocate(output!.dtype, sizeOf(output!.shape)) as FloatArray;
    realForward(x!.data() as FloatArray, x!.size / n, n, scale, out);
    return [new Tensor(out, output!.shape, output!.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x], params: { scale } }) => {
    const n = x!.shape.at(-1)!;
    return [bindOne(irfftP, [c!.conj().mul(weights(n, 0.5, x!.dtype))], { n, scale })];
  },
  batch: leadingBatch,
});

export interface IrfftParams {
  /** Length of the result. */
  readonly n: number;
  readonly scale: number;
}

/**
 * scale · Σ over 0 <= k < n of z[k] · exp(2πi jk / n), where z[n - k] is the conjugate of z[k] and only the half to
 * n / 2 is given. Imaginary parts of entries that are their own conjugates are not looked at.
 */
export const irfftP: Primitive<IrfftParams> = definePrimitive<IrfftParams>({
  name: "irfft",
  dtypes: COMPLEX,
  abstractEval: ([z], { n }) => [{ shape: [...z!.shape.slice(0, -1), n], dtype: realDType(z!.dtype) }],
  evaluate: ([z], { n, scale }, [output]) => {
    const out = allocate(output!.dtype, sizeOf(output!.shape)) as FloatArray;
    realBackward(z!.data() as FloatArray, out.length / n, n, scale, out);
    return [new Tensor(out, output!.shape, output!.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], params: { n, scale } }) => [
    bindOne(rfftP, [c!], { scale })
      .conj()
      .mul(weights(n, 2, c!.dtype)),
  ],
  batch: leadingBatch,
});

/** Rows are worked on in blocks of about this many numbers. */
const ROWS_BLOCK = 1 << 15;
let kept = new Float64Array(0);

/** Numbers to work in, which hold anything; short ones are used again and again. */
function workSpace(count: number): Float64Array {
  if (count > 2 * ROWS_BLOCK) return new Float64Array(count);
  if (kept.length < count) kept = new Float64Array(Math.max(1024, 2 ** Math.ceil(Math.log2(count))));
  return kept;
}

/** Real rows `[rows, n]` to half complex ones: those of even length as complex rows of half the length. */
export function realForward(x: FloatArray, rows: number, n: number, scale: number, out: FloatArray): void {
  const half = n >> 1;
  const many = Math.max(1, Math.floor(ROWS_BLOCK / n));
  const isEven = n % 2 === 0;
  const length = isEven ? n : 2 * n;
  const work = workSpace(Math.min(many, rows) * length);
  const w = rootsOf(n, -1);
  for (let first = 0; first < rows; first += many) {
    const count = Math.min(many, rows - first);
    if (isEven) device.fft(-1, scale, count, half, 1, x, first * n, work, 0);
    else {
      for (let i = 0, from = first * n; i < count * n; i++) {
        work[2 * i] = x[from + i]!;
        work[2 * i + 1] = 0;
      }
      device.fft(-1, scale, count, n, 1, work, 0, work, 0);
    }
    for (let r = 0; r < count; r++) {
      const to = 2 * (first + r) * (half + 1);
      if (isEven) separate(work, r * n, half, w, out, to);
      else out.set(work.subarray(2 * r * n, 2 * (r * n + half + 1)), to);
    }
  }
}

/**
 * The transform of a real row from that of its even elements plus i times its odd ones: with E and O the transforms of
 * both, entry k is E + w^k O and entry half - k the conjugate of E - w^k O.
 */
function separate(
  z: Float64Array,
  at: number,
  half: number,
  w: Float64Array,
  out: FloatArray,
  to: number,
): void {
  const first = z[at]!;
  const second = z[at + 1]!;
  out[to] = first + second;
  out[to + 1] = 0;
  out[to + 2 * half] = first - second;
  out[to + 2 * half + 1] = 0;
  for (let k = 1; 2 * k <= half; k++) {
    const p = at + 2 * k;
    const q = at + 2 * (half - k);
    const evenRe = 0.5 * (z[p]! + z[q]!);
    const evenIm = 0.5 * (z[p + 1]! - z[q + 1]!);
    const oddRe = 0.5 * (z[p + 1]! + z[q + 1]!);
    const oddIm = 0.5 * (z[q]! - z[p]!);
    const c = w[2 * k]!;
    const s = w[2 * k + 1]!;
    const re = oddRe * c - oddIm * s;
    const im = oddRe * s + oddIm * c;
    out[to + 2 * k] = evenRe + re;
    out[to + 2 * k + 1] = evenIm + im;
    out[to + 2 * (half - k)] = evenRe - re;
    out[to + 2 * (half - k) + 1] = im - evenIm;
  }
}

/** Half complex rows to real ones: `separate` read backwards. */
export function realBackward(z: FloatArray, rows: number, n: number, scale: number, out: FloatArray): void {
  const half = n >> 1;
  const given = half + 1;
  const many = Math.max(1, Math.floor(ROWS_BLOCK / n));
  const isEven = n % 2 === 0;
  const length = isEven ? n : 2 * n;
  const work = workSpace(Math.min(many, rows) * length);
  const w = rootsOf(n, -1);
  for (let first = 0; first < rows; first += many) {
    const count = Math.min(many, rows - first);
    for (let r = 0; r < count; r++) {
      const from = 2 * (first + r) * given;
      if (isEven) join(z, from, half, w, work, r * n);
      else hermitian(z, from, n, work, 2 * r * n);
    }
    if (isEven) device.fft(1, scale, count, half, 1, work, 0, out, first * n);
    else {
      device.fft(1, scale, count, n, 1, work, 0, work, 0);
      for (let i = 0, to = first * n; i < count * n; i++) out[to + i] = work[2 * i]!;
    }
  }
}

function join(
  z: FloatArray,
  from: number,
  half: number,
  w: Float64Array,
  work: Float64Array,
  at: number,
): void {
  const first = z[from]!;
  const last = z[from + 2 * half]!;
  work[at] = first + last;
  work[at + 1] = first - last;
  for (let k = 1; 2 * k <= half; k++) {
    const p = from + 2 * k;
    const q = from + 2 * (half - k);
    const evenRe = z[p]! + z[q]!;
    const evenIm = z[p + 1]! - z[q + 1]!;
    const re = z[p]! - z[q]!;
    const im = z[p + 1]! + z[q + 1]!;
    const c = w[2 * k]!;
    const s = w[2 * k + 1]!;
    const oddRe = re * c + im * s;
    const oddIm = im * c - re * s;
    work[at + 2 * k] = evenRe - oddIm;
    work[at + 2 * k + 1] = evenIm + oddRe;
    work[at + 2 * (half - k)] = evenRe + oddIm;
    work[at + 2 * (half - k) + 1] = oddRe - evenIm;
  }
}

function hermitian(z: FloatArray, from: number, n: number, work: Float64Array, at: number): void {
  work[at] = z[from]!;
  work[at + 1] = 0;
  for (let k = 1; 2 * k < n; k++) {
    const re = z[from + 2 * k]!;
    const im = z[from + 2 * k + 1]!;
    work[at + 2 * k] = re;
    work[at + 2 * k + 1] = im;
    work[at + 2 * (n - k)] = re;
    work[at + 2 * (n - k) + 1] = -im;
  }
}
