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
export {
  analyzeCholesky,
  type CholeskyAnalysis,
  type SparseCholesky,
  type SparseFactorOptions,
  type SparseLU,
  sparseCholesky,
  sparseLU,
} from "./direct/factorizations.ts";
export {
  type Ic0Options,
  type IlutOptions,
  type IncompleteCholesky,
  type IncompleteLU,
  ic0,
  ilu0,
  ilut,
  type Preconditioner,
} from "./direct/incomplete.ts";
export {
  type SparseSolveOptions,
  type SparseTriangularOptions,
  sparseSolve,
  sparseSolveTriangular,
} from "./direct/solve.ts";
export { type GraphLaplacianOptions, graphLaplacian, incidence } from "./graphs/laplacian.ts";
export { poisson } from "./graphs/poisson.ts";
export {
  type Multigrid,
  type MultigridLevel,
  type MultigridResult,
  type MultigridSolveOptions,
  type SmoothedAggregationOptions,
  smoothedAggregation,
} from "./multigrid/smoothedAggregation.ts";
export { approximateMinimumDegree, type Ordering, reverseCuthillMcKee } from "./orderings/ordering.ts";
