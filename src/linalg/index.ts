import "../ops/methods.ts";

export { circulant, hankel, hilbert, kron, toeplitz, vandermonde } from "./constructors/structured.ts";
export { discreteLyapunov } from "./equations/discreteLyapunov.ts";
export { discreteRiccati, type RiccatiOptions, riccati } from "./equations/riccati.ts";
export { lyapunov, sylvester } from "./equations/sylvester.ts";
export { cosm, expm, expmFrechet, sinm } from "./functions/expm.ts";
export { type FunmOptions, funm, type ScalarFunction } from "./functions/funm.ts";
export { fractionalMatrixPower, logm, matrixPower } from "./functions/logm.ts";
export { signm, sqrtm } from "./functions/sqrtm.ts";
export type { Transposition, Triangle } from "./kernels/triangular.ts";
export { cond, matrixRank, nullSpace, orth, type RankOptions } from "./norms/condition.ts";
export { type NormKind, norm } from "./norms/norm.ts";
export { subspaceAngles } from "./norms/subspaceAngles.ts";
export { type FullQR, fullQr } from "./orthogonal/fullQR.ts";
export { type PivotedQR, pivotedQr } from "./orthogonal/pivotedQR.ts";
export { type Polar, polar } from "./orthogonal/polar.ts";
export { type QR, qr } from "./orthogonal/qr.ts";
export {
  qrDeleteColumn,
  qrDeleteRow,
  qrInsertColumn,
  qrInsertRow,
  qrUpdate,
} from "./orthogonal/qrChange.ts";
export {
  type RandomizedSVD,
  type Range,
  type RangeOptions,
  randomizedSvd,
  rangeFinder,
} from "./orthogonal/rangeFinder.ts";
export { type Eig, eig, eigTwoSided, eigvals, type TwoSidedEig } from "./spectral/eig.ts";
export { type Eigh, type EighOptions, eigh, eigvalsh } from "./spectral/eigh.ts";
export { fullSvd } from "./spectral/fullSvd.ts";
export { type EighProblem, generalizedEigh } from "./spectral/generalizedEigh.ts";
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
export { choleskyDowndate, choleskyUpdate } from "./systems/choleskyUpdate.ts";
export { det, inv, type SlogDet, slogdet } from "./systems/determinant.ts";
export { type LDL, ldl } from "./systems/ldl.ts";
export { type LeastSquares, lstsq } from "./systems/leastSquares.ts";
export { type LinearSolveOptions, type LinearSolver, linearSolve } from "./systems/linearSolve.ts";
export { type LUFactors, lu } from "./systems/lu.ts";
export { pinv } from "./systems/pseudoinverse.ts";
export { solve, solvePositive } from "./systems/solve.ts";
export { solveTriangular } from "./systems/solveTriangular.ts";
