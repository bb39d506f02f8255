import type { Storage } from "../tensor/dtype.ts";
import { withAnyLength } from "./bluestein.ts";
import type {
  BinaryKernel,
  Device,
  FloatArray,
  FloatType,
  GemmOptions,
  ImplicitMatrix,
  MatrixTarget,
  MatrixType,
  MatrixView,
  PiecewiseTarget,
  ReduceKernel,
  SlidingSum,
  UnaryKernel,
} from "./device.ts";
import { erf, erfc } from "./special.ts";
import { fftSmooth } from "./stockham.ts";
import { cos, sin, tan } from "./trigonometric.ts";

// Plain loops: the path for arrays too small to be worth a trip into WebAssembly, and the oracle of the kernel tests.

/** Scalar definitions of the unary kernels. */
export const UNARY: Readonly<Record<UnaryKernel, (x: number) => number>> = {
  neg: (x) => -x,
  abs: Math.abs,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  sign: Math.sign,
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sin,
  cos,
  tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  erf,
  erfc,
  cbrt: Math.cbrt,
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
};

function roundHalfEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

/** Scalar definitions of the binary kernels. */
export const BINARY: Readonly<Record<BinaryKernel, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  max: Math.max,
  min: Math.min,
  pow: (a, b) => (a === 1 || b === 0 ? 1 : Math.abs(a) === 1 && Math.abs(b) === Infinity ? 1 : a ** b),
  atan2: Math.atan2,
  hypot: Math.hypot,
  fmod: (a, b) => a % b,
};

function pairwise(x: FloatArray, start: number, count: number, f: (x: number) => number): number {
  if (count <= 64) {
    let total = 0;
    for (let i = start; i < start + count; i++) total += f(x[i]!);
    return total;
  }
  const half = (count >> 4) << 3;
  return pairwise(x, start, half, f) + pairwise(x, start + half, count - half, f);
}

function reduceRun(op: ReduceKernel, x: FloatArray, start: number, count: number): number {
  switch (op) {
    case "sum":
      return pairwise(x, start, count, (v) => v);
    case "sumSquares":
      return pairwise(x, start, count, (v) => v * v);
    case "sumAbs":
      return pairwise(x, start, count, Math.abs);
    default: {
      let result = op === "prod" ? 1 : op === "max" ? -Infinity : Infinity;
      const f = op === "prod" ? BINARY.mul : BINARY[op];
      for (let i = start; i < start + count; i++) result = f(result, x[i]!);
      return result;
    }
  }
}

function gemm(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  target: MatrixTarget,
  options: GemmOptions = {},
): void {
  const isComplex = type.startsWith("complex");
  const width = isComplex ? 2 : 1;
  const out: Storage = target.data;
  for (let i = 0; i < m; i++) {
    const columns = options.triangle === "lower" ? Math.min(n, i + 1) : n;
    for (let j = 0; j < columns; j++) {
      let re = 0;
      let im = 0;
      for (let l = 0; l < k; l++) {
        const p = (a.offset + i * a.rowStride + l * a.columnStride) * width;
        const q = (b.offset + l * b.rowStride + j * b.columnStride) * width;
        if (!isComplex) re += a.data[p]! * b.data[q]!;
        else {
          const ai = a.conjugate ? -a.data[p + 1]! : a.data[p + 1]!;
          const bi = b.conjugate ? -b.data[q + 1]! : b.data[q + 1]!;
          re += a.data[p]! * b.data[q]! - ai * bi;
          im += a.data[p]! * bi + ai * b.data[q]!;
        }
      }
      const store = (row: number, column: number, imaginary: number): void => {
        const at = (target.offset + row * target.rowStride + column) * width;
        out[at] = options.accumulate ? out[at]! + re : re;
        if (isComplex) out[at + 1] = options.accumulate ? out[at + 1]! + imaginary : imaginary;
      };
      store(i, j, im);
      if (options.mirror && i !== j && i < n && j < m) store(j, i, -im);
    }
  }
}

/** By inner products with one column at a time. */
function gemmImplicit(
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: ImplicitMatrix,
  { data, offset, rowStride, pieces = { length: n, stride: n } }: PiecewiseTarget,
): void {
  const width = type.startsWith("complex") ? 2 : 1;
  const line = new Float64Array(k * width);
  const column: MatrixView = { data: line, offset: 0, rowStride: 1, columnStride: 1 };
  for (let j = 0; j < n; j++) {
    if (b.lines === "columns") b.write(line, 0, line.length, j, 1, 0, k);
    else b.write(line, 0, width, 0, k, j, 1);
    const at = offset + Math.floor(j / pieces.length) * pieces.stride + (j % pieces.length);
    gemm(type, m, 1, k, a, column, { data, offset: at, rowStride });
  }
}

function slide(
  _type: FloatType,
  { size, write, starts, weights, weightsAt, features, rows, count }: SlidingSum,
  out: FloatArray,
  outStart: number,
  featureStep: number,
): void {
  const image = new Float64Array(size);
  write(image, 0);
  for (let o = 0; o < features; o++)
    for (let r = 0; r < rows.length; r++)
      for (let i = 0; i < count; i++) {
        let sum = 0;
        for (let t = 0; t < starts.length; t++)
          sum += weights[weightsAt + o * starts.length + t]! * image[starts[t]! + rows[r]! + i]!;
        out[outStart + o * featureStep + r * count + i] = sum;
      }
}

/** The device of plain loops. */
export const scalarDevice: Device = {
  name: "scalar",
  unary(op, x, xStart, out, outStart, count) {
    const f = UNARY[op];
    for (let i = 0; i < count; i++) out[outStart + i] = f(x[xStart + i]!);
  },
  binary(op, a, aStart, aStep, b, bStart, bStep, out, outStart, count) {
    const f = BINARY[op];
    for (let i = 0; i < count; i++) out[outStart + i] = f(a[aStart + i * aStep]!, b[bStart + i * bStep]!);
  },
  reduce: reduceRun,
  dot(x, xStart, y, yStart, count) {
    let total = 0;
    for (let i = 0; i < count; i++) total += x[xStart + i]! * y[yStart + i]!;
    return total;
  },
  axpy(alpha, x, xStart, y, yStart, count) {
    for (let i = 0; i < count; i++) y[yStart + i]! += alpha * x[xStart + i]!;
  },
  gemm,
  gemmBatch: (type, m, n, k, products) => {
    for (const { a, b, target } of products) gemm(type, m, n, k, a, b, target);
  },
  gemmImplicit,
  slide,
  fft: withAnyLength(fftSmooth),
};
