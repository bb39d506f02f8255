// The small least-squares problems of Arnoldi's method: min ‖β e₁ − H y‖ with a Hessenberg matrix that grows column by
// column, kept triangular by plane rotations.

import { applyTurn, findTurn, turn } from "../kernels/planeRotations.ts";
import { solveTriangle } from "../kernels/triangular.ts";
import type { Width } from "../kernels/vector.ts";

export class HessenbergProblem {
  readonly #w: Width;
  readonly #rows: number;
  readonly #h: Float64Array;
  readonly #g: Float64Array;
  readonly #rotations: Float64Array;
  /** Columns so far. */
  size = 0;

  /** At most m columns; beta is the length of the first residual. */
  constructor(w: Width, m: number, beta: number) {
    this.#w = w;
    this.#rows = m + 1;
    this.#h = new Float64Array((m + 1) * m * w);
    this.#g = new Float64Array((m + 1) * w);
    this.#rotations = new Float64Array(3 * m);
    this.#g[0] = beta;
  }

  /** Adds column j, of which entries 0 … j + 1 are read; returns the length of the residual. */
  add(entries: Float64Array): number {
    const w = this.#w;
    const j = this.size++;
    const rotations = this.#rotations;
    const column = this.#h.subarray(j * this.#rows * w, (j + 1) * this.#rows * w);
    column.set(entries.subarray(0, (j + 2) * w));
    for (let i = 0; i < j; i++)
      applyTurn(
        w,
        column,
        i * w,
        (i + 1) * w,
        w,
        1,
        rotations[3 * i],
        rotations[3 * i + 1],
        rotations[3 * i + 2],
      );
    const at = j * w;
    findTurn(w, column[at], w === 2 ? column[at + 1] : 0, column[at + w], w === 2 ? column[at + w + 1] : 0);
    rotations.set(turn.subarray(0, 3), 3 * j);
    applyTurn(w, column, at, at + w, w, 1, turn[0], turn[1], turn[2]);
    applyTurn(w, this.#g, at, at + w, w, 1, turn[0], turn[1], turn[2]);
    return Math.hypot(this.#g[at + w], w === 2 ? this.#g[at + w + 1] : 0);
  }

  /**
   * The coefficients y of the first `used` columns. Fewer than all where the last pivot is zero: that happens only at the
   * end of a singular system, and its direction is left out. To be called once.
   */
  solve(): { readonly y: Float64Array; readonly used: number } {
    const w = this.#w;
    const rows = this.#rows;
    const h = this.#h;
    const pivotSize = (j: number): number =>
      Math.hypot(h[(j * rows + j) * w], w === 2 ? h[(j * rows + j) * w + 1] : 0);
    let used = this.size;
    while (used > 0 && pivotSize(used - 1) === 0) used--;
    solveTriangle(w, used, h, 0, rows * w, { lower: false }, this.#g, 0, rows * w, 1);
    return { y: this.#g.subarray(0, used * w), used };
  }
}
