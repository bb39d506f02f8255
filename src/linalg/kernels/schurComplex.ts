// From the real Schur form to the complex one, and the form of the transpose.
import { applyTurn, findTurn, turn } from "./planeRotations.ts";
import { standard, standardise } from "./standardBlock.ts";
import type { Width } from "./vector.ts";

/** Real entries as complex ones. */
export function widened(x: Float64Array): Float64Array {
  const out = new Float64Array(2 * x.length);
  for (let i = 0; i < x.length; i++) out[2 * i] = x[i];
  return out;
}

/**
 * Makes a complex quasi-triangular T (n x n, column-major) triangular by rotations, in place, with the columns of Z.
 * The 2 x 2 blocks on the diagonal must be real. O(n²) for each block.
 */
export function triangularize(n: number, t: Float64Array, z: Float64Array | null, rows: number): void {
  const ld = 2 * n;
  for (let m = n - 1; m > 0; m--) {
    const p = 2 * (m - 1) + (m - 1) * ld;
    const c = t[p + 2];
    if (c === 0) continue;
    standardise(t[p], t[p + ld], c, t[p + ld + 2]);
    findTurn(2, standard[4] - t[p + ld + 2], standard[5], c, 0);
    const cos = turn[0];
    const re = turn[1];
    const im = turn[2];
    applyTurn(2, t, p, p + 2, ld, n - m + 1, cos, re, im);
    applyTurn(2, t, (m - 1) * ld, m * ld, 2, m + 1, cos, re, -im);
    if (z) applyTurn(2, z, (m - 1) * 2 * rows, m * 2 * rows, 2, rows, cos, re, -im);
    t[p + 2] = t[p + 3] = 0;
  }
}

/**
 * J Tᵀ J with J the exchange of first and last: again of Schur form. With A = Z T Zᴴ, Aᵀ = (Z̄ J) (J Tᵀ J) (Z̄ J)ᴴ.
 */
export function flipped(w: Width, n: number, t: Float64Array): Float64Array {
  const out = new Float64Array(t.length);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < n; i++) {
      const from = (n - 1 - j + (n - 1 - i) * n) * w;
      const to = (i + j * n) * w;
      out[to] = t[from];
      if (w === 2) out[to + 1] = t[from + 1];
    }
  return out;
}

/** The columns of a matrix in reverse order, conjugated. */
export function flippedColumns(w: Width, rows: number, n: number, z: Float64Array): Float64Array {
  const out = new Float64Array(z.length);
  const ld = rows * w;
  for (let j = 0; j < n; j++) out.set(z.subarray((n - 1 - j) * ld, (n - j) * ld), j * ld);
  if (w === 2) for (let i = 1; i < out.length; i += 2) out[i] = -out[i];
  return out;
}
