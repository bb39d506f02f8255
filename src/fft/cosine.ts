// The primitive of cosine and sine transforms of types I to IV: real Fourier transforms of about the same length between
// two sweeps over the rows (J. Makhoul, "A fast cosine transform in one and two dimensions", IEEE Trans. ASSP 28, 1980; Z.
// Wang, "Fast algorithms for the discrete W transform", IEEE Trans. ASSP 32, 1984). A sine transform is the cosine
// transform of the row backwards or with alternating signs.

import { device } from "../device/current.ts";
import type { FloatArray } from "../device/device.ts";
import { LengthCache, writeRoot } from "../device/roots.ts";
import { bindOne } from "../ops/bind.ts";
import { definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, linear } from "../ops/rules.ts";
import { allocate, type DType } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { realBackward, realForward } from "./primitives.ts";

export type TrigonometricType = 1 | 2 | 3 | 4;
export type TrigonometricKind = "dct" | "dst";

export interface TrigonometricParams {
  readonly kind: TrigonometricKind;
  readonly type: TrigonometricType;
  readonly scale: number;
}

/** A row of ones with `value` at some places. */
export function endWeights(n: number, places: readonly number[], value: number, dtype: DType): Tensor {
  const data = allocate(dtype, n).fill(1);
  for (const place of places) data[place] = value;
  return new Tensor(data, [n], dtype);
}

/** The place whose element counts half among those that types II and III sum or give. */
export const halfPlace = (kind: TrigonometricKind, n: number): number => (kind === "dct" ? 0 : n - 1);

/** The sums that `dct` and `dst` document, times a factor, along the last axis. */
export const trigonometricP: Primitive<TrigonometricParams> = definePrimitive<TrigonometricParams>({
  name: "trigonometric",
  dtypes: ["float64", "float32"],
  abstractEval: ([x]) => [x!],
  evaluate: ([x], { kind, type, scale }, [output]) => {
    const n = x!.shape.at(-1)!;
    const out = allocate(x!.dtype, x!.size) as FloatArray;
    transformRows(kind, type, scale, n, x!.data() as FloatArray, out);
    return [new Tensor(out, output!.shape, output!.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], params, self }) => {
    const { kind, type } = params;
    const n = c!.shape.at(-1)!;
    const weigh = (x: Tensor, places: readonly number[], value: number): Tensor =>
      x.mul(endWeights(n, places, value, x.dtype));
    const half = [halfPlace(kind, n)];
    const apply = (x: Tensor, of: TrigonometricType): Tensor => bindOne(self, [x], { ...params, type: of });
    if (type === 2) return [apply(weigh(c!, half, 2), 3)];
    if (type === 3) return [weigh(apply(c!, 2), half, 0.5)];
    if (type === 4 || kind === "dst") return [apply(c!, type)];
    // The matrix of type I is a symmetric one whose inner columns are doubled.
    const ends = [0, n - 1];
    return [weigh(apply(weigh(c!, ends, 2), type), ends, 0.5)];
  },
  batch: leadingBatch,
});

interface Phases {
  readonly cost: number;
  readonly values: Float64Array;
}
const kept = new LengthCache<Phases>(1 << 22);

/** cos and sin of 2π(step k + shift) / n for k < count, remembered. */
function phases(n: number, step: number, shift: number, count: number): Float64Array {
  return kept.get(`${n} ${step} ${shift} ${count}`, () => {
    const values = new Float64Array(2 * count);
    for (let k = 0; k < count; k++) writeRoot((step * k + shift) % n, n, values, 2 * k);
    return { cost: 2 * count, values };
  }).values;
}

/** Rows are worked on in blocks of about this many numbers. */
const BLOCK = 1 << 15;

function transformRows(
  kind: TrigonometricKind,
  type: TrigonometricType,
  scale: number,
  n: number,
  x: FloatArray,
  out: FloatArray,
): void {
  const rows = x.length / n;
  const many = Math.min(rows, Math.max(1, Math.floor(BLOCK / n)));
  const isSine = kind === "dst" && type > 1;
  const row = new Float64Array(many * n);
  const transform = type === 1 ? (kind === "dct" ? cosine1 : sine1) : [cosine2, cosine3, cosine4][type - 2]!;
  for (let first = 0; first < rows; first += many) {
    const count = Math.min(many, rows - first);
    const from = first * n;
    row.set(x.subarray(from, from + count * n));
    if (isSine)
      for (let r = 0; r < count; r++)
        if (type === 2) alternate(row, r * n, n);
        else row.subarray(r * n, (r + 1) * n).reverse();
    transform(n, count, row);
    if (isSine)
      for (let r = 0; r < count; r++)
        if (type === 2) row.subarray(r * n, (r + 1) * n).reverse();
        else alternate(row, r * n, n);
    if (scale === 1) out.set(count === many ? row : row.subarray(0, count * n), from);
    else for (let i = 0; i < count * n; i++) out[from + i] = scale * row[i]!;
  }
}

/** Changes the sign of every second number. */
function alternate(x: Float64Array, at: number, n: number): void {
  for (let i = at + 1; i < at + n; i += 2) x[i] = -x[i]!;
}

/** Replaces rows of length n by their transforms. */
type Rows = (n: number, count: number, x: Float64Array) => void;

/** By the even extension to 2(n - 1) numbers. */
const cosine1: Rows = (n, count, x) => {
  const length = 2 * (n - 1);
  const wide = new Float64Array(count * length);
  for (let r = 0; r < count; r++)
    for (let j = 0; j < n; j++) {
      wide[r * length + j] = x[r * n + j]!;
      if (j > 0 && j < n - 1) wide[r * length + length - j] = x[r * n + j]!;
    }
  const z = new Float64Array(2 * count * n);
  realForward(wide, count, length, 1, z);
  for (let i = 0; i < count * n; i++) x[i] = z[2 * i]!;
};

/** By the odd extension to 2(n + 1) numbers. */
const sine1: Rows = (n, count, x) => {
  const length = 2 * (n + 1);
  const wide = new Float64Array(count * length);
  for (let r = 0; r < count; r++)
    for (let j = 0; j < n; j++) {
      wide[r * length + j + 1] = x[r * n + j]!;
      wide[r * length + length - 1 - j] = -x[r * n + j]!;
    }
  const z = new Float64Array(2 * count * (n + 2));
  realForward(wide, count, length, 1, z);
  for (let r = 0; r < count; r++)
    for (let k = 0; k < n; k++) x[r * n + k] = -z[2 * (r * (n + 2) + k + 1) + 1]!;
};

/** Even elements forwards, odd ones backwards (Makhoul): the transform turned by exp(-iπk / 2n) has both halves. */
const cosine2: Rows = (n, count, x) => {
  const half = n >> 1;
  const given = half + 1;
  const w = phases(4 * n, 1, 0, given);
  const v = new Float64Array(count * n);
  const z = new Float64Array(2 * count * given);
  for (let r = 0; r < count; r++) {
    const at = r * n;
    for (let j = 0; 2 * j < n; j++) v[at + j] = x[at + 2 * j]!;
    for (let j = 0; 2 * j + 1 < n; j++) v[at + n - 1 - j] = x[at + 2 * j + 1]!;
  }
  realForward(v, count, n, 2, z);
  for (let r = 0; r < count; r++) {
    const at = r * n;
    const from = 2 * r * given;
    x[at] = z[from]!;
    for (let k = 1; k <= half; k++) {
      const re = z[from + 2 * k]!;
      const im = z[from + 2 * k + 1]!;
      const c = w[2 * k]!;
      const s = w[2 * k + 1]!;
      x[at + k] = re * c + im * s;
      x[at + n - k] = re * s - im * c;
    }
  }
};

/** `cosine2` backwards. */
const cosine3: Rows = (n, count, x) => {
  const half = n >> 1;
  const given = half + 1;
  const w = phases(4 * n, 1, 0, given);
  const v = new Float64Array(count * n);
  const z = new Float64Array(2 * count * given);
  for (let r = 0; r < count; r++) {
    const at = r * n;
    const to = 2 * r * given;
    z[to] = x[at]!;
    for (let k = 1; k <= half; k++) {
      const a = x[at + k]!;
      const b = x[at + n - k]!;
      const c = w[2 * k]!;
      const s = w[2 * k + 1]!;
      z[to + 2 * k] = a * c + b * s;
      z[to + 2 * k + 1] = a * s - b * c;
    }
  }
  realBackward(z, count, n, 1, v);
  for (let r = 0; r < count; r++) {
    const at = r * n;
    for (let j = 0; 2 * j < n; j++) x[at + 2 * j] = v[at + j]!;
    for (let j = 0; 2 * j + 1 < n; j++) x[at + 2 * j + 1] = v[at + n - 1 - j]!;
  }
};

/** By complex numbers of even elements and odd ones backwards; odd lengths over 2n points. */
const cosine4: Rows = (n, count, x) => {
  if (n % 2) {
    cosine4Odd(n, count, x);
    return;
  }
  const half = n / 2;
  const w = phases(16 * n, 8, 1, half);
  const z = new Float64Array(count * n);
  for (let r = 0; r < count; r++)
    for (let j = 0; j < half; j++) {
      const re = x[r * n + 2 * j]!;
      const im = x[r * n + n - 1 - 2 * j]!;
      const c = w[2 * j]!;
      const s = w[2 * j + 1]!;
      z[r * n + 2 * j] = re * c + im * s;
      z[r * n + 2 * j + 1] = im * c - re * s;
    }
  device.fft(-1, 2, count, half, 1, z, 0, z, 0);
  for (let r = 0; r < count; r++)
    for (let k = 0; k < half; k++) {
      const re = z[r * n + 2 * k]!;
      const im = z[r * n + 2 * k + 1]!;
      const c = w[2 * k]!;
      const s = w[2 * k + 1]!;
      x[r * n + 2 * k] = re * c + im * s;
      x[r * n + n - 1 - 2 * k] = re * s - im * c;
    }
};

/** exp(-iπ(2j+1)(2k+1) / 4n) = exp(-iπ(2k+1) / 4n) · exp(-iπj / 2n) · exp(-2πi jk / 2n). */
const cosine4Odd: Rows = (n, count, x) => {
  const before = phases(4 * n, 1, 0, n);
  const after = phases(8 * n, 2, 1, n);
  const z = new Float64Array(4 * count * n);
  for (let r = 0; r < count; r++)
    for (let j = 0; j < n; j++) {
      z[4 * r * n + 2 * j] = x[r * n + j]! * before[2 * j]!;
      z[4 * r * n + 2 * j + 1] = -x[r * n + j]! * before[2 * j + 1]!;
    }
  device.fft(-1, 2, count, 2 * n, 1, z, 0, z, 0);
  for (let r = 0; r < count; r++)
    for (let k = 0; k < n; k++) {
      const from = 4 * r * n + 2 * k;
      x[r * n + k] = z[from]! * after[2 * k]! + z[from + 1]! * after[2 * k + 1]!;
    }
};
