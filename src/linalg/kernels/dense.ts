// Whole square column-major arrays: products, linear combinations, and systems of linear equations.
import { exchange, factorLU } from "./lu.ts";
import { solveTriangle, zeroOnDiagonal } from "./triangular.ts";
import { type Block, multiply, type Width } from "./vector.ts";

/** A packed array of `rows` rows as an operand. */
export const whole = (w: Width, rows: number, data: Float64Array): Block => ({
  data,
  offset: 0,
  ld: rows * w,
});

/** A B for n x n matrices. */
export function product(w: Width, n: number, a: Float64Array, b: Float64Array): Float64Array {
  const c = new Float64Array(n * n * w);
  multiply(w, n, n, n, whole(w, n, a), whole(w, n, b), whole(w, n, c));
  return c;
}

/** A X B, with adjoints where asked for; A is m x m, X m x n, B n x n. */
export function sandwich(
  w: Width,
  m: number,
  n: number,
  a: Float64Array,
  isLeftAdjoint: boolean,
  x: Float64Array,
  b: Float64Array,
  isRightAdjoint: boolean,
): Float64Array {
  const held = new Float64Array(m * n * w);
  const out = new Float64Array(m * n * w);
  multiply(w, m, n, m, { ...whole(w, m, a), adjoint: isLeftAdjoint }, whole(w, m, x), whole(w, m, held));
  multiply(w, m, n, n, whole(w, m, held), { ...whole(w, n, b), adjoint: isRightAdjoint }, whole(w, m, out));
  return out;
}

/** c₀ I + Σ cᵢ Xᵢ with real coefficients. */
export function combine(
  w: Width,
  n: number,
  constant: number,
  terms: readonly (readonly [number, Float64Array])[],
): Float64Array {
  const out = new Float64Array(n * n * w);
  for (const [c, x] of terms) for (let i = 0; i < out.length; i++) out[i] += c * x[i];
  for (let i = 0; i < n; i++) out[i * (n + 1) * w] += constant;
  return out;
}

/** Overwrites the right-hand sides B (n x columns) with A⁻¹ B; A is destroyed. False when A is singular. */
export function solveGeneral(
  w: Width,
  n: number,
  a: Float64Array,
  b: Float64Array,
  columns: number,
): boolean {
  const pivots = factorLU(w, n, n, a);
  if (zeroOnDiagonal(w, n, a) >= 0) return false;
  const ld = n * w;
  for (let i = 0; i < n; i++) if (pivots[i] !== i) exchange(w, b, ld, 0, columns, i, pivots[i]);
  solveTriangle(w, n, a, 0, ld, { lower: true, unitDiagonal: true }, b, 0, ld, columns);
  solveTriangle(w, n, a, 0, ld, { lower: false }, b, 0, ld, columns);
  return true;
}
