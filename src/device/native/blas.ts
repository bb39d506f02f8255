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

  /** Blocks of rows up to the diagonal, computed aside: what lies above the diagonal of the last square is dropped. */
  function lowerTriangle(
    type: MatrixType,
    m: number,
    n: number,
    k: number,
    a: MatrixView,
    b: MatrixView,
    target: MatrixTarget,
    options: GemmOptions,
  ): void {
    const width = type.startsWith("complex") ? 2 : 1;
    const Entries = type === "float32" || type === "complex64" ? Float32Array : Float64Array;
    const aside: FloatArray = new Entries(Math.min(m, TRIANGLE_ROWS) * Math.min(m, n) * width);
    for (let first = 0; first < m; first += TRIANGLE_ROWS) {
      const rows = Math.min(TRIANGLE_ROWS, m - first);
      const columns = Math.min(first + rows, n);
      const left = { ...a, offset: a.offset + first * a.rowStride };
      multiply(
        type,
        [rows, columns, k],
        [left, operandOf(left, rows, k, isOpenBlas)!],
        [b, operandOf(b, k, columns, isOpenBlas)!],
        { data: aside, offset: 0, rowStride: columns },
        false,
      );
      for (let i = 0; i < rows; i++) {
        const count = Math.min(first + i + 1, columns);
        spread(aside, i * columns * width, target, first + i, count, Math.min(m, n), width, options);
      }
    }
  }
}

/** Puts the first `count` elements of a row into the target, and their mirror images above its diagonal. */
function spread(
  row: FloatArray,
  at: number,
  target: MatrixTarget,
  i: number,
  count: number,
  order: number,
  width: number,
  { accumulate = false, mirror = false }: GemmOptions,
): void {
  const out = target.data as FloatArray;
  const to = (target.offset + i * target.rowStride) * width;
  for (let e = 0; e < count * width; e++) out[to + e] = (accumulate ? out[to + e]! : 0) + row[at + e]!;
  if (!mirror || i >= order) return;
  for (let j = 0; j < Math.min(count, i); j++) {
    const above = (target.offset + j * target.rowStride + i) * width;
    for (let part = 0; part < width; part++) {
      const value = part === 0 ? row[at + j * width]! : -row[at + j * width + 1]!;
      out[above + part] = (accumulate ? out[above + part]! : 0) + value;
    }
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
