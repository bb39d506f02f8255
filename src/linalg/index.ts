import "../ops/methods.ts";

export { discreteLyapunov } from "./equations/discreteLyapunov.ts";
export { discreteRiccati, type RiccatiOptions, riccati } from "./equations/riccati.ts";
export { lyapunov, sylvester } from "./equations/sylvester.ts";
export { cosm, expm, expmFrechet, sinm } from "./functions/expm.ts";
export { type FunmOptions, funm, type ScalarFunction } from "./functions/funm.ts";
export { fractionalMatrixPower, logm, matrixPower } from "./functions/logm.ts";
export { signm, sqrtm } from "./functions/sqrtm.ts";
export type { Transposition, Triangle } from "./kernels/triangular.ts";
export { type NormKind, norm } from "./norms/norm.ts";
export { type QR, qr } from "./orthogonal/qr.ts";
export {
  type RandomizedSVD,
  type Range,
  type RangeOptions,
  randomizedSvd,
  rangeFinder,
} from "./orthogonal/rangeFinder.ts";
export { type Eig, eig, eigTwoSided, eigvals, type TwoSidedEig } from "./spectral/eig.ts";
export { type Eigh, eigh, eigvalsh } from "./spectral/eigh.ts";
export {
  type Balanced,
  type BalanceOptions,
  type Hessenberg,
  hessenberg,
  matrixBalance,
} from "./spectral/hessenberg.ts";
export { eigGeneralized, type GeneralizedEig, type QZ, qz } from "./spectral/qz.ts";
export { type EigenvalueSort, rsf2csf, type Schur, type SchurOptions, schur } from "./spectral/schur.ts";
export { type SVD, svd, svdvals } from "./spectral/svd.ts";
export { cholesky } from "./systems/cholesky.ts";
export { det, inv, type SlogDet, slogdet } from "./systems/determinant.ts";
export { type LeastSquares, lstsq } from "./systems/leastSquares.ts";
export { type LinearSolveOptions, type LinearSolver, linearSolve } from "./systems/linearSolve.ts";
export { pinv } from "./systems/pseudoinverse.ts";
export { solve, solvePositive } from "./systems/solve.ts";
export { solveTriangular } from "./systems/solveTriangular.ts";
