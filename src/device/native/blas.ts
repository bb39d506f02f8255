// Matrix products by the system's BLAS. Operands that BLAS cannot read as they lie (broadcast axes, reversed or
// scattered strides), tiny products and everything else go to the device below.

import type { FloatArray, GemmOptions, MatrixTarget, MatrixType, MatrixView } from "../device.ts";
import type { Foreign, Library } from "./library.ts";

type Gemm = (
  type: MatrixType,
  m: number,
  n: number,
  k: number,
  a: MatrixView,
  b: MatrixView,
  target: MatrixTarget,
  options?: GemmOptions,
) => void;

/** Multiplications below which a foreign call does not pay. */
const SMALLEST = 2000;
/** Rows that one product computes when only the lower triangle is wanted. */
const TRIANGLE_ROWS = 128;

const ROW_MAJOR = 101;
const [NO_TRANSPOSE, TRANSPOSE, ADJOINT, CONJUGATE] = [111, 112, 113, 114] as const;

/** How BLAS reads a row-major operand. */
interface Operand {
  readonly transposition: number;
  readonly ld: number;
}

/** What BLAS makes of a view, or null where it cannot read it. */
function operandOf(view: MatrixView, rows: number, columns: number, isOpenBlas: boolean): Operand | null {
  const { rowStride, columnStride, conjugate } = view;
  if ((columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1)) {
    if (conjugate && !isOpenBlas) return null;
    const ld = rows === 1 ? columns : rowStride;
    return { transposition: conjugate ? CONJUGATE : NO_TRANSPOSE, ld };
  }
  if ((rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1)) {
    const ld = columns === 1 ? rows : columnStride;
    return { transposition: conjugate ? ADJOINT : TRANSPOSE, ld };
  }
  return null;
}

const PREFIX: Readonly<Record<MatrixType, string>> = {
  float32: "s",
  float64: "d",
  complex64: "c",
  complex128: "z",
};

/** One BLAS function for each element type; `scalar` says how it takes the factors alpha and beta. */
function family(
  library: Library,
  declaration: (prefix: string, pointer: string, scalar: string) => string,
): Readonly<Record<MatrixType, Foreign>> {
  const of = (type: MatrixType): Foreign => {
    const real = type === "float32" || type === "complex64" ? "float" : "double";
    const scalar = type.startsWith("complex") ? `${real} *` : real;
    return library.declare(declaration(PREFIX[type], `${real} *`, scalar));
  };
  return {
    float32: of("float32"),
    float64: of("float64"),
    complex64: of("complex64"),
    complex128: of("complex128"),
  };
}

/** A factor as BLAS takes it: complex ones by pointer. */
const FACTORS: Readonly<Record<MatrixType, readonly [zero: unknown, one: unknown]>> = {
  float32: [0, 1],
  float64: [0, 1],
  complex64: [Float32Array.of(0, 0), Float32Array.of(1, 0)],
  complex128: [Float64Array.of(0, 0), Float64Array.of(1, 0)],
};

/** `Device.gemm` by BLAS; `below` takes what BLAS does not. */
export function nativeGemm(library: Library, below: Gemm): Gemm {
  const { isOpenBlas } = library;
  const products = family(
    library,
    (prefix, p, scalar) =>
      `void cblas_${prefix}gemm(int, int, int, int, int, int, ${scalar}, ${p}, int, ${p}, int, ${scalar}, ${p}, int)`,
  );
  const vectors = family(
    library,
    (prefix, p, scalar) =>
      `void cblas_${prefix}gemv(int, int, int, int, ${scalar}, ${p}, int, ${p}, int, ${scalar}, ${p}, int)`,
  );

  /** y = A x for a row-major A that BLAS can read; false where it cannot. */
  const timesVector = (
    type: MatrixType,
    m: number,
    k: number,
    a: MatrixView,
    x: { readonly view: MatrixView; readonly stride: number },
    y: { readonly data: MatrixTarget; readonly stride: number },
    accumulate: boolean,
  ): boolean => {
    const left = operandOf(a, m, k, isOpenBlas);
    if (!left || x.view.conjugate || x.stride < 1 || y.stride < 1) return false;
    // The dimensions that BLAS is told are those of the stored matrix.
    const flipped = left.transposition === TRANSPOSE || left.transposition === ADJOINT;
    const [zero, one] = FACTORS[type];
    vectors[type](
      ROW_MAJOR,
      left.transposition,
      flipped ? k : m,
      flipped ? m : k,
      one,
      from(a, type),
      left.ld,
      from(x.view, type),
      x.stride,
      accumulate ? one : zero,
      from(y.data, type),
      y.stride,
    );
    return true;
  };

  const multiply = (
    type: MatrixType,
    [m, n, k]: readonly [number, number, number],
    [a, left]: readonly [MatrixView, Operand],
    [b, right]: readonly [MatrixView, Operand],
    target: MatrixTarget,
    accumulate: boolean,
  ): void => {
    const [zero, one] = FACTORS[type];
    products[type](
      ROW_MAJOR,
      left.transposition,
      right.transposition,
      m,
      n,
      k,
      one,
      from(a, type),
      left.ld,
      from(b, type),
      right.ld,
      accumulate ? one : zero,
      from(target, type),
      Math.max(target.rowStride, n),
    );
  };

  return (type, m, n, k, a, b, target, options = {}) => {
    const { accumulate = false, triangle } = options;
    if (m * n * k < SMALLEST) return below(type, m, n, k, a, b, target, options);
    if (!triangle && n === 1) {
      const y = { data: target, stride: m === 1 ? 1 : target.rowStride };
      if (timesVector(type, m, k, a, { view: b, stride: b.rowStride }, y, accumulate)) return;
    } else if (!triangle && m === 1) {
      const x = { view: a, stride: a.columnStride };
      if (timesVector(type, n, k, transposed(b), x, { data: target, stride: 1 }, accumulate)) return;
    }
    const left = operandOf(a, m, k, isOpenBlas);
    const right = operandOf(b, k, n, isOpenBlas);
    if (!left || !right || (m > 1 && target.rowStride < n))
      return below(type, m, n, k, a, b, target, options);
    if (!triangle) return multiply(type, [m, n, k], [a, left], [b, right], target, accumulate);
    lowerTriangle(type, m, n, k, a, b, target, options);
  };

  /** Blocks of rows up to the diagonal; the part of the last square above it is computed aside and dropped. */
  function lowerTriangle(
    type: MatrixType,
    m: number,
    n: number,
    k: number,
    a: MatrixView,
    b: MatrixView,
    target: MatrixTarget,
    { accumulate = false, mirror = false }: GemmOptions,
  ): void {
    const width = type.startsWith("complex") ? 2 : 1;
    const Entries = type === "float32" || type === "complex64" ? Float32Array : Float64Array;
    const square: FloatArray = new Entries(TRIANGLE_ROWS * Math.min(n, TRIANGLE_ROWS) * width);
    const out = target.data as FloatArray;
    for (let first = 0; first < m; first += TRIANGLE_ROWS) {
      const rows = Math.min(TRIANGLE_ROWS, m - first);
      const before = Math.min(first, n);
      const rowsOfA = { ...a, offset: a.offset + first * a.rowStride };
      const left = operandOf(rowsOfA, rows, k, isOpenBlas)!;
      if (before > 0) {
        const columns = [b, operandOf(b, k, before, isOpenBlas)!] as const;
        const place = { ...target, offset: target.offset + first * target.rowStride };
        multiply(type, [rows, before, k], [rowsOfA, left], columns, place, accumulate);
      }
      const across = Math.min(rows, n - first);
      if (across <= 0) continue;
      const columnsOfB = { ...b, offset: b.offset + first * b.columnStride };
      const right = operandOf(columnsOfB, k, across, isOpenBlas)!;
      const aside = { data: square, offset: 0, rowStride: across };
      multiply(type, [rows, across, k], [rowsOfA, left], [columnsOfB, right], aside, false);
      for (let i = 0; i < rows; i++) {
        const to = (target.offset + (first + i) * target.rowStride + first) * width;
        const count = Math.min(i + 1, across) * width;
        for (let j = 0; j < count; j++)
          out[to + j] = (accumulate ? out[to + j]! : 0) + square[i * across * width + j]!;
      }
    }
    if (mirror) mirrorLower(out, target, Math.min(m, n), width);
  }
}

/** Copies what lies below the diagonal above it, conjugated. */
function mirrorLower(out: FloatArray, target: MatrixTarget, n: number, width: number): void {
  for (let i = 0; i < n; i++)
    for (let j = 0; j < i; j++) {
      const below = (target.offset + i * target.rowStride + j) * width;
      const above = (target.offset + j * target.rowStride + i) * width;
      out[above] = out[below]!;
      if (width === 2) out[above + 1] = -out[below + 1]!;
    }
}

const transposed = (view: MatrixView): MatrixView => ({
  ...view,
  rowStride: view.columnStride,
  columnStride: view.rowStride,
});

/** The entries of an operand from its first element on. */
function from({ data, offset }: MatrixView | MatrixTarget, type: MatrixType): FloatArray {
  const entry = type.startsWith("complex") ? 2 * offset : offset;
  return entry === 0 ? (data as FloatArray) : (data as FloatArray).subarray(entry);
}
