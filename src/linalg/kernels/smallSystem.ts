// Linear systems of up to eight unknowns by elimination with complete pivoting: the corners of Sylvester equations in
// real Schur form. A pivot that is only rounding is replaced by rounding, so that there is always a solution.

const MOST = 8;
/** The matrix, row by row with `order` columns, and the right-hand side; destroyed by `solveSmall`. */
export const system: Float64Array = new Float64Array(MOST * MOST);
export const right: Float64Array = new Float64Array(MOST);
export const solution: Float64Array = new Float64Array(MOST);
const order = new Int32Array(MOST);

/** Solves the system of n unknowns; returns false when a pivot had to be replaced. */
export function solveSmall(n: number, least: number): boolean {
  let isRegular = true;
  for (let i = 0; i < n; i++) order[i] = i;
  for (let k = 0; k < n; k++) {
    let row = k;
    let column = k;
    let top = -1;
    for (let i = k; i < n; i++)
      for (let j = k; j < n; j++) {
        const v = Math.abs(system[i * n + j]);
        if (v > top) {
          top = v;
          row = i;
          column = j;
        }
      }
    if (row !== k) {
      for (let j = 0; j < n; j++) {
        const held = system[k * n + j];
        system[k * n + j] = system[row * n + j];
        system[row * n + j] = held;
      }
      const held = right[k];
      right[k] = right[row];
      right[row] = held;
    }
    if (column !== k) {
      for (let i = 0; i < n; i++) {
        const held = system[i * n + k];
        system[i * n + k] = system[i * n + column];
        system[i * n + column] = held;
      }
      const held = order[k];
      order[k] = order[column];
      order[column] = held;
    }
    if (top < least) {
      system[k * n + k] = least;
      isRegular = false;
    }
    const pivot = system[k * n + k];
    for (let i = k + 1; i < n; i++) {
      const f = system[i * n + k] / pivot;
      if (f === 0) continue;
      for (let j = k + 1; j < n; j++) system[i * n + j] -= f * system[k * n + j];
      right[i] -= f * right[k];
    }
  }
  for (let k = n - 1; k >= 0; k--) {
    let sum = right[k];
    for (let j = k + 1; j < n; j++) sum -= system[k * n + j] * solution[order[j]];
    solution[order[k]] = sum / system[k * n + k];
  }
  return isRegular;
}

/**
 * X with A X + sign · X B = C for real A (n1 x n1) and B (n2 x n2), n1, n2 <= 2, column-major; C is overwritten.
 * Returns false when the equation is singular to rounding.
 */
export function solveSmallSylvester(
  n1: number,
  n2: number,
  a: Float64Array,
  ao: number,
  lda: number,
  b: Float64Array,
  bo: number,
  ldb: number,
  sign: 1 | -1,
  c: Float64Array,
  co: number,
  ldc: number,
): boolean {
  const n = n1 * n2;
  let top = 0;
  system.fill(0, 0, n * n);
  for (let j = 0; j < n2; j++)
    for (let i = 0; i < n1; i++) {
      const row = i + j * n1;
      for (let k = 0; k < n1; k++) system[row * n + k + j * n1] += a[ao + i + k * lda];
      for (let k = 0; k < n2; k++) system[row * n + i + k * n1] += sign * b[bo + k + j * ldb];
      right[row] = c[co + i + j * ldc];
    }
  for (let j = 0; j < n1; j++)
    for (let i = 0; i < n1; i++) top = Math.max(top, Math.abs(a[ao + i + j * lda]));
  for (let j = 0; j < n2; j++)
    for (let i = 0; i < n2; i++) top = Math.max(top, Math.abs(b[bo + i + j * ldb]));
  const isRegular = solveSmall(n, Math.max(2 ** -52 * top, 2 ** -1000));
  for (let j = 0; j < n2; j++) for (let i = 0; i < n1; i++) c[co + i + j * ldc] = solution[i + j * n1];
  return isRegular;
}
