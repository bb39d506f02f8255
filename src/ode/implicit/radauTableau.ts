// The numbers of Radau IIA of order 5. Source: Hairer and Wanner, Solving Ordinary Differential Equations II (1996), section IV.8.

const S6 = Math.sqrt(6);
const CUBE_ROOT = Math.cbrt(3);

/** Where the stages are. */
export const RADAU_C: readonly [number, number, number] = [(4 - S6) / 10, (4 + S6) / 10, 1];

/** Weights of the stages. */
export const RADAU_MATRIX: readonly (readonly number[])[] = [
  [(88 - 7 * S6) / 360, (296 - 169 * S6) / 1800, (-2 + 3 * S6) / 225],
  [(296 + 169 * S6) / 1800, (88 + 7 * S6) / 360, (-2 - 3 * S6) / 225],
  [(16 - S6) / 36, (16 + S6) / 36, 1 / 9],
];

/** Eigenvalues of the inverse of the matrix of weights: one real, one pair re ± i·im. */
export const RADAU_REAL: number = 3 + CUBE_ROOT ** 2 - CUBE_ROOT;
export const RADAU_RE: number = 3 + (CUBE_ROOT - CUBE_ROOT ** 2) / 2;
export const RADAU_IM: number = -(3 ** (5 / 6) + 3 ** (7 / 6)) / 2;

/** Weights of the stages in the error estimate, times the real eigenvalue. */
export const RADAU_ERROR: readonly [number, number, number] = [
  (-13 - 7 * S6) / 3,
  (-13 + 7 * S6) / 3,
  -1 / 3,
];
