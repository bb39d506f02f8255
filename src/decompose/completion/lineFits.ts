// The small least-squares problems of alternating minimization: one factor is fixed, and every line of the matrix asks for its row
// of the other. Solved exactly, or roughly by conjugate gradients with or without a sketch, counting multiply-adds.

import { reflect } from "../../linalg/kernels/householder.ts";
import { solveTriangle } from "../../linalg/kernels/triangular.ts";
import { axpy, dotc } from "../../linalg/kernels/vector.ts";
import {
  type NormalWork,
  normalCg,
  normalWork,
  triangularFactor,
} from "../../linalg/sketching/normalEquations.ts";
import type { Lines } from "./observedMatrix.ts";

/** Shift of the normal equations of a line with fewer entries than unknowns, as a share of their trace. */
const RIDGE = 1e-12;
/** Rows of a line's sketch for each unknown. */
const OVERSAMPLE = 6;

export interface LineFitOptions {
  readonly inner: "sketch" | "cg" | "exact";
  readonly tolerance: number;
  readonly steps: number;
}

export interface LineFitOutcome {
  /** Multiply-adds. */
  readonly work: number;
  /** Σ of the squared residuals of all lines. */
  readonly square: number;
}

/** Room for the problems of lines of up to `longest` entries and k unknowns. */
export class LineFits {
  readonly #k: number;
  /** Rows of the fixed factor at a line's entries, row-major. */
  readonly #rows: Float64Array;
  readonly #residual: Float64Array;
  readonly #work: NormalWork;
  readonly #columns: Float64Array;
  readonly #tau: Float64Array = new Float64Array(1);
  readonly #signs: Uint32Array;

  /** `signs` are random words, of which each entry of a line takes one. */
  constructor(k: number, longest: number, signs: Uint32Array) {
    this.#k = k;
    this.#rows = new Float64Array(longest * k);
    this.#residual = new Float64Array(longest);
    this.#work = normalWork(longest, k);
    // Exact problems may be extended by k rows of ridge, and carry the right-hand side as a column.
    this.#columns = new Float64Array((longest + k) * (k + 1));
    this.#signs = signs;
  }

  /**
   * For each line the row of `target` (row-major `[lines, k]`) that makes `fixed` (row-major) times it fit the line's values.
   * Rough solutions start from what `target` holds.
   */
  fit(lines: Lines, fixed: Float64Array, target: Float64Array, options: LineFitOptions): LineFitOutcome {
    const k = this.#k;
    const { start, place, value } = lines;
    const rows = this.#rows;
    let work = 0;
    let square = 0;
    for (let line = 0; line < lines.count; line++) {
      const from = start[line];
      const s = start[line + 1] - from;
      const x = target.subarray(line * k, (line + 1) * k);
      if (s === 0) {
        x.fill(0);
        continue;
      }
      for (let i = 0; i < s; i++) {
        const at = place[from + i] * k;
        for (let c = 0; c < k; c++) rows[i * k + c] = fixed[at + c];
      }
      const right = value.subarray(from, from + s);
      work += options.inner === "exact" ? this.#exact(s, right, x) : this.#rough(s, right, x, options);
      const r = this.#residual;
      for (let i = 0; i < s; i++) square += r[i] * r[i];
    }
    return { work, square };
  }

  /** r = b − A x; s k multiply-adds. */
  #setResidual(s: number, right: Float64Array, x: Float64Array): void {
    const k = this.#k;
    const rows = this.#rows;
    for (let i = 0; i < s; i++) {
      let sum = right[i];
      for (let c = 0, p = i * k; c < k; c++, p++) sum -= rows[p] * x[c];
      this.#residual[i] = sum;
    }
  }

  #rough(s: number, right: Float64Array, x: Float64Array, options: LineFitOptions): number {
    const k = this.#k;
    const rows = this.#rows;
    this.#setResidual(s, right, x);
    let work = 2 * s * k;
    const sketched = options.inner === "sketch" && s > OVERSAMPLE * k;
    let factor: Float64Array | null = null;
    if (sketched) {
      factor = this.#sketchFactor(s);
      work += s * k + qrWork(OVERSAMPLE * k, k);
    }
    const { steps } = normalCg(
      {
        m: s,
        n: k,
        apply: (p, out) => {
          for (let i = 0; i < s; i++) {
            let sum = 0;
            for (let c = 0, q = i * k; c < k; c++, q++) sum += rows[q] * p[c];
            out[i] = sum;
          }
        },
        applyAdjoint: (r, out) => {
          out.fill(0);
          for (let i = 0; i < s; i++) {
            const size = r[i];
            for (let c = 0, q = i * k; c < k; c++, q++) out[c] += size * rows[q];
          }
        },
      },
      factor,
      x,
      this.#residual,
      { maxSteps: options.steps, rtol: options.tolerance },
      this.#work,
    );
    // Two products, the step in x and r, two scalar products, the next direction, and two triangular systems.
    work += steps * (2 * s * k + 2 * s + 3 * k + (factor ? k * k : 0)) + (factor ? (k * k) / 2 : 0);
    return work;
  }

  /** R of a CountSketch of the line's rows. */
  #sketchFactor(s: number): Float64Array | null {
    const k = this.#k;
    const height = OVERSAMPLE * k;
    const rows = this.#rows;
    const small = this.#columns.subarray(0, height * k).fill(0);
    for (let i = 0; i < s; i++) {
      const word = this.#signs[i];
      const bucket = (word >>> 1) % height;
      const sign = word & 1 ? 1 : -1;
      for (let c = 0; c < k; c++) small[bucket + c * height] += sign * rows[i * k + c];
    }
    return triangularFactor(small, height, k);
  }

  /** Householder's QR of [A b], with rows of ridge below A where it has too few. */
  #exact(s: number, right: Float64Array, x: Float64Array): number {
    const k = this.#k;
    const rows = this.#rows;
    const short = s < k;
    const height = short ? s + k : s;
    const a = this.#columns.subarray(0, height * (k + 1)).fill(0);
    let trace = 0;
    for (let c = 0; c < k; c++)
      for (let i = 0; i < s; i++) {
        const entry = rows[i * k + c];
        a[i + c * height] = entry;
        trace += entry * entry;
      }
    const shift = Math.sqrt(RIDGE * trace);
    if (short) for (let c = 0; c < k; c++) a[s + c + c * height] = shift;
    for (let i = 0; i < s; i++) a[i + k * height] = right[i];
    const largest = eliminate(a, height, k, this.#tau);
    for (let c = 0; c < k; c++) {
      // A direction that no entry sees stays out of the answer.
      const at = c + c * height;
      const isVoid = Math.abs(a[at]) <= height * Number.EPSILON * largest;
      if (isVoid) a[at] = 1;
      x[c] = isVoid ? 0 : a[c + k * height];
    }
    solveTriangle(1, k, a, 0, height, { lower: false }, x, 0, k, 1);
    this.#setResidual(s, right, x);
    return qrWork(height, k) + 2 * height * k + (k * k) / 2 + s * k;
  }
}

/** Σ over k reflections of 2 (s − j)(k − j): what Householder's QR of `[s, k]` takes. */
const qrWork = (s: number, k: number): number => s * k * k - (k * k * k) / 3;

/** Multiply-adds of the thin QR factorization of `[n, k]` with its Q. */
export const orthonormalWork = (n: number, k: number): number => 2 * qrWork(n, k);

const dots = new Float64Array(1);

/** R above the diagonal of the first k columns, and Qᵀb in the last; returns the largest |Rⱼⱼ|. */
function eliminate(a: Float64Array, height: number, k: number, tau: Float64Array): number {
  let largest = 0;
  for (let j = 0; j < k; j++) {
    const at = j + j * height;
    const length = height - j;
    const beta = reflect(1, a, at, length, tau, 0);
    largest = Math.max(largest, Math.abs(beta));
    if (tau[0] !== 0)
      for (let c = j + 1; c <= k; c++) {
        dotc(1, a, at, a, j + c * height, length, dots, 0);
        axpy(1, -tau[0] * dots[0], 0, a, at, a, j + c * height, length);
      }
    a[at] = beta;
  }
  return largest;
}
