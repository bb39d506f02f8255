// What a device may offer beyond products: whole factorizations, as LAPACK has them. linalg asks for each of them and
// does the work itself, by the same algorithms on top of `Device.gemm`, where a device has none.
//
// Arrays are column-major, of real numbers (width 1) or complex ones with interleaved parts (width 2), and have moderate
// norms; positions and leading dimensions count entries, lengths count elements.

/** Entries per element: 1 for real numbers, 2 for complex ones. */
export type Width = 1 | 2;

/** What is solved with: the triangle itself, its transpose, or its conjugate transpose. */
export type Transposition = "none" | "transpose" | "adjoint";

export interface Triangle {
  readonly lower: boolean;
  readonly transpose?: Transposition;
  readonly unitDiagonal?: boolean;
}

/** What an iteration came to: −1, or the row at which it gave up. */
interface Iterated {
  readonly failed: number;
}

interface WithValues {
  /** Two entries for each eigenvalue. */
  readonly values: Float64Array;
}

export interface Lapack {
  /** P A = L U in place; row i was exchanged with row `pivots[i]`, in order. */
  lu(width: Width, rows: number, columns: number, a: Float64Array): Int32Array;
  /** A = Rᴴ R in the upper triangle, the rest is left as it is; the first pivot that is not positive, or −1. */
  cholesky(width: Width, n: number, a: Float64Array): number;
  /** B ← op(A)⁻¹ B for a triangle without zeros on its diagonal. */
  solveTriangle(
    width: Width,
    n: number,
    a: Float64Array,
    ao: number,
    ld: number,
    triangle: Triangle,
    b: Float64Array,
    bo: number,
    ldb: number,
    columns: number,
  ): void;
  /** A = Q R: R replaces the upper triangle (what is below it is void), the first `wanted` columns of Q are returned. */
  qr(width: Width, rows: number, columns: number, a: Float64Array, wanted: number): Float64Array;
  /** A P = Q R with pivoting, as `qr`; column j of A P is column `order[j]` of A. */
  pivotedQR(
    width: Width,
    rows: number,
    columns: number,
    a: Float64Array,
    wanted: number,
  ): { readonly q: Float64Array; readonly order: Int32Array };
  /** Eigenvalues, ascending, and vectors of a Hermitian matrix, which is destroyed. */
  hermitianEigen(
    width: Width,
    n: number,
    a: Float64Array,
  ): { readonly values: Float64Array; readonly vectors: Float64Array };
  /** Eigenvalues `from … to − 1` of them, and their vectors. */
  hermitianSome(
    width: Width,
    n: number,
    a: Float64Array,
    from: number,
    to: number,
  ): { readonly values: Float64Array; readonly vectors: Float64Array };
  /** Eigenvalues alone, ascending. */
  hermitianValues(width: Width, n: number, a: Float64Array): Float64Array;
  /** Thin singular value decomposition; the matrix is destroyed and `vAdjoint` is Vᴴ. */
  svd(
    width: Width,
    rows: number,
    columns: number,
    a: Float64Array,
  ): { readonly u: Float64Array; readonly s: Float64Array; readonly vAdjoint: Float64Array };
  /** Singular values alone, descending. */
  singularValues(width: Width, rows: number, columns: number, a: Float64Array): Float64Array;
  /** Eigenvalues of any matrix, which is destroyed. */
  generalValues(width: Width, n: number, a: Float64Array): Iterated & WithValues;
  /**
   * The same with vectors of length 1, packed as LAPACK does for real matrices: real and imaginary part of the vectors
   * of a conjugate pair are two columns.
   */
  generalEigen(
    width: Width,
    n: number,
    a: Float64Array,
    wanted: "right" | "both",
  ): Iterated & WithValues & { readonly left: Float64Array; readonly right: Float64Array };
  /** A = Z T Zᴴ with the Schur form T in place of A, real blocks in standard form. */
  schur(width: Width, n: number, a: Float64Array): Iterated & WithValues & { readonly z: Float64Array };
  /** A = Q S Zᴴ and B = Q T Zᴴ with S and T in their places; the diagonal of T is real and >= 0. */
  qz(
    width: Width,
    n: number,
    a: Float64Array,
    b: Float64Array,
  ): Iterated & { readonly q: Float64Array; readonly z: Float64Array };
}
