export { cholesky } from "./cholesky.ts";
export { type Eigh, eigh, eigvalsh } from "./eigh.ts";
export { type QR, qr } from "./qr.ts";
export { solve, solvePositive, solveTriangular } from "./solve.ts";
export { type SVD, svd, svdvals } from "./svd.ts";
export type { Transposition, Triangle } from "./triangular.ts";
