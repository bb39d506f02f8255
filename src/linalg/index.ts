import "../ops/methods.ts";

export { cholesky } from "./cholesky.ts";
export { det, inv, type SlogDet, slogdet } from "./determinant.ts";
export { type Eigh, eigh, eigvalsh } from "./eigh.ts";
export { type LeastSquares, lstsq } from "./leastSquares.ts";
export { type LinearSolveOptions, type LinearSolver, linearSolve } from "./linearSolve.ts";
export { type NormKind, norm } from "./norm.ts";
export { pinv } from "./pseudoinverse.ts";
export { type QR, qr } from "./qr.ts";
export {
  type RandomizedSVD,
  type Range,
  type RangeOptions,
  randomizedSvd,
  rangeFinder,
} from "./rangeFinder.ts";
export { solve, solvePositive } from "./solve.ts";
export { solveTriangular } from "./solveTriangular.ts";
export { type SVD, svd, svdvals } from "./svd.ts";
export type { Transposition, Triangle } from "./triangular.ts";
