import "../ops/methods.ts";

export type { SparseIndex, ValuesLike } from "./base/arguments.ts";
export {
  blockDiag,
  bsr,
  coo,
  csc,
  csr,
  fromDense,
  sparseBlock,
  sparseDiags,
  sparseEye,
  sparseKron,
} from "./base/constructors.ts";
export { SparseMatrix } from "./base/sparseMatrix.ts";
export type { SparseFormat } from "./base/structure.ts";
