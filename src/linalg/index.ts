import "../ops/methods.ts";

export { cholesky } from "./cholesky.ts";
export { type Eigh, eigh, eigvalsh } from "./eigh.ts";
export { type LeastSquares, lstsq } from "./leastSquares.ts";
export { type NormKind, norm } from "./norm.ts";
export { type QR, qr } from "./qr.ts";
export {
  type RandomizedSVD,
  type Range,
  type RangeOptions,
  randomizedSvd,
  rangeFinder,
} from "./rangeFinder.ts";
export { solve, solvePositive, solveTriangular } from "./solve.ts";
export { type SVD, svd, svdvals } from "./svd.ts";
export type { Transposition, Triangle } from "./triangular.ts";
