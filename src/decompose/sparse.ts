/** A tensor given by its nonzero entries (coordinate format); entries not listed are zero. */
export interface SparseTensor {
  readonly kind: "sparse";
  readonly shape: readonly number[];
  /** `[nnz * d]`, row-major: the d indices of entry e begin at e·d. */
  readonly indices: Int32Array;
  /** `[nnz]` */
  readonly values: Float64Array;
}
