import type { Storage } from "../tensor/dtype.ts";
import type { Lapack } from "./lapack.ts";

/** Element types that every device computes with natively; the others are widened by the primitives. */
export type FloatType = "float32" | "float64";
export type MatrixType = FloatType | "complex64" | "complex128";

/** A matrix inside a typed array. Offset and strides count elements (a complex element is two entries). */
export interface MatrixView {
  readonly data: Storage;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
  /** Use the complex conjugate of the elements. */
  readonly conjugate?: boolean;
}

/** Where a product goes: rows of unit column stride. */
export interface MatrixTarget {
  readonly data: Storage;
  readonly offset: number;
  readonly rowStride: number;
}

/** A target whose rows may lie in pieces. */
export interface PiecewiseTarget extends MatrixTarget {
  /** Column j lies ⌊j / length⌋ · stride + j mod length elements from the start of its row. */
  readonly pieces?: { readonly length: number; readonly stride: number };
}

/**
 * A matrix that is nowhere in memory: blocks of it are written where a product needs them. The patches of an image that
 * a convolution multiplies are one.
 */
export interface ImplicitMatrix {
  /** Whether it is written row by row or column by column; long runs of neighbours are quick. */
  readonly lines: "rows" | "columns";
  /**
   * Writes elements `first` to `first + count - 1` of the lines from `line` on; each line starts `stride` entries after
   * the one before, the first at `at`.
   */
  write(
    target: FloatArray,
    at: number,
    stride: number,
    line: number,
    lines: number,
    first: number,
    count: number,
  ): void;
}

/** A sum of shifted copies of an image, of which some rows are wanted. Positions and counts are entries. */
export interface SlidingSum {
  readonly size: number;
  /** Writes the image, `size` entries from `at` on. */
  write(target: FloatArray, at: number): void;
  /** Where in the image each term of the sum starts. */
  readonly starts: Int32Array;
  /** One factor per term, for each feature one after another from `weightsAt` on. */
  readonly weights: FloatArray;
  readonly weightsAt: number;
  readonly features: number;
  /** Ascending places of the rows, each of `count` entries. */
  readonly rows: Int32Array;
  readonly count: number;
}

/** One product of a batch: target = a · b. */
export interface MatrixProduct {
  readonly a: MatrixView;
  readonly b: MatrixView;
  readonly target: MatrixTarget;
}

export interface GemmOptions {
  /** Add to the target instead of overwriting it. */
  readonly accumulate?: boolean;
  /**
   * Compute only the lower triangle (with the diagonal) and leave the rest of the target untouched, or mirror it
   * (`mirror: true`; conjugated for complex types): half the work when the product is known to be symmetric.
   */
  readonly triangle?: "lower";
  readonly mirror?: boolean;
}

/** Functions of one real argument, element by element. */
export const UNARY_KERNELS = [
  "neg",
  "abs",
  "sqrt",
  "square",
  "reciprocal",
  "floor",
  "ceil",
  "round",
  "trunc",
  "sign",
  "exp",
  "exp2",
  "expm1",
  "log",
  "log2",
  "log10",
  "log1p",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "erf",
  "erfc",
  "cbrt",
  "sigmoid",
] as const;
export type UnaryKernel = (typeof UNARY_KERNELS)[number];

/** Functions of two real arguments, element by element. */
export const BINARY_KERNELS = [
  "add",
  "sub",
  "mul",
  "div",
  "max",
  "min",
  "pow",
  "atan2",
  "hypot",
  "fmod",
] as const;
export type BinaryKernel = (typeof BINARY_KERNELS)[number];

/** Reductions of one contiguous run to a number. `sumSquares` is scaled by nothing: it may overflow. */
export const REDUCE_KERNELS = ["sum", "prod", "max", "min", "sumSquares", "sumAbs"] as const;
export type ReduceKernel = (typeof REDUCE_KERNELS)[number];

/** The typed array of a float type. */
export type FloatArray = Float32Array | Float64Array;

/** A product of the part of a matrix with `rows` rows and `columns` columns from (row, column) on with a vector x, into y. */
export type PartTimes = (
  row: number,
  column: number,
  rows: number,
  columns: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
) => void;

/** A copy of a matrix of float64, by columns, for many products of its parts with vectors. */
export interface HeldMatrix {
  /** y += A x */
  readonly addTimes: PartTimes;
  /** y = Aᵀ x */
  readonly transposedTimes: PartTimes;
  /** Gives its memory back; what was held last goes first. */
  release(): void;
}

/**
 * What a CPU device offers to the primitives: contiguous typed arrays in, contiguous typed arrays out. Positions and
 * counts are entries. No kernel keeps a reference to its arguments.
 */
export interface Device {
  readonly name: string;
  /** out[i] = op(x[i]) */
  unary(
    op: UnaryKernel,
    x: FloatArray,
    xStart: number,
    out: FloatArray,
    outStart: number,
    count: number,
  ): void;
  /** out[i] = op(a[i * aStep], b[i * bStep]); a step is 1, or 0 for a repeated scalar. */
  binary(
    op: BinaryKernel,
    a: FloatArray,
    aStart: number,
    aStep: 0 | 1,
    b: FloatArray,
    bStart: number,
    bStep: 0 | 1,
    out: FloatArray,
    outStart: number,
    count: number,
  ): void;
  /**
   * One run reduced; sums are pairwise (error O(log n) ulp); NaN propagates through max and min; empty runs give the
   * identity.
   */
  reduce(op: ReduceKernel, x: FloatArray, start: number, count: number): number;
  /** Sum of x[i] * y[i]. */
  dot(x: FloatArray, xStart: number, y: FloatArray, yStart: number, count: number): number;
  /** y[i] += alpha * x[i] */
  axpy(alpha: number, x: FloatArray, xStart: number, y: FloatArray, yStart: number, count: number): void;
  /** target = a[m, k] · b[k, n]. */
  gemm(
    type: MatrixType,
    m: number,
    n: number,
    k: number,
    a: MatrixView,
    b: MatrixView,
    target: MatrixTarget,
    options?: GemmOptions,
  ): void;
  /** Products of one size, none of which reads or writes what another one writes. */
  gemmBatch(type: MatrixType, m: number, n: number, k: number, products: readonly MatrixProduct[]): void;
  /**
   * out[outStart + o · featureStep + r · count + i] = Σ over t of weights[o, t] · image[starts[t] + rows[r] + i]; no
   * term of a row may reach beyond the image.
   */
  slide(type: FloatType, sum: SlidingSum, out: FloatArray, outStart: number, featureStep: number): void;
  /** target = a[m, k] · b[k, n] for a right factor that is written block by block. */
  gemmImplicit(
    type: MatrixType,
    m: number,
    n: number,
    k: number,
    a: MatrixView,
    b: ImplicitMatrix,
    target: PiecewiseTarget,
  ): void;
  /**
   * Fourier transforms of any length along the middle axis of complex numbers [outer, n, inner] (two entries each):
   * out[o, k, i] = scale · Σ over j of x[o, j, i] · exp(sign · 2πi jk / n), computed in float64 whatever the arrays
   * hold. `out` may be `x`.
   */
  fft(
    sign: -1 | 1,
    scale: number,
    outer: number,
    n: number,
    inner: number,
    x: FloatArray,
    xStart: number,
    out: FloatArray,
    outStart: number,
  ): void;
  /** Holds columns that begin `ld` entries apart, where products with vectors are quicker than in plain loops. */
  holdColumns?(data: Float64Array, offset: number, ld: number, rows: number, columns: number): HeldMatrix;
  /** Whole factorizations, where the device has them. */
  readonly lapack?: Lapack;
}
