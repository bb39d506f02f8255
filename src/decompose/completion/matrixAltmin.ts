// Completion of a low-rank matrix by alternating minimization whose least-squares problems are solved only roughly.
// Source: Gu, Song, Yin and Zhang, "Low rank matrix completion via robust alternating minimization in nearly linear time"
// (ICLR 2024): errors that are relative to the present distance do no harm, so that a round costs O~(|Ω| k), not O(|Ω| k²).

import { qr, thinQR } from "../../linalg/orthogonal/qr.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { bits } from "../../random/bits.ts";
import { normal, randint } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { coo } from "../../sparse/base/constructors.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type LineFitOptions, LineFits, orthonormalWork } from "./lineFits.ts";
import {
  type CheckedEntries,
  checkEntries,
  type Lines,
  linesOf,
  type ObservedMatrix,
} from "./observedMatrix.ts";

export interface CompleteMatrixOptions extends IterationOptions {
  readonly rank: number;
  /** Rounds, each of both factors; 20 unless told. */
  readonly iterations?: number;
  /**
   * How the least-squares problem of a line is solved: `exact` by QR, `cg` by a few steps of conjugate gradients, `sketch`
   * (default) by those, preconditioned by a sketch where the line has more than 6 entries for each unknown.
   */
  readonly inner?: "sketch" | "cg" | "exact";
  /** Share of a problem's gradient that may be left; 0.1 unless told. */
  readonly innerTolerance?: number;
  /** Steps at most; 3 unless told. */
  readonly innerSteps?: number;
  /** Start each problem from the present factor (default). From zero the method stalls at an error of `innerTolerance`. */
  readonly warmStart?: boolean;
  /** Use fresh entries in each half round, as proofs do, not all of them (default). */
  readonly resample?: boolean;
  /** Rows of the start longer than this times 2 √(k/m) are cut; 2 unless told. */
  readonly clip?: number;
  /** Stop when the relative residual, or its change in a round, is at most this; 1e-12 unless told. */
  readonly tol?: number;
}

export interface CompletedMatrix {
  /** `[m, k]`; the matrix is U Vᵀ. */
  readonly U: Tensor;
  /** `[n, k]`, orthonormal columns. */
  readonly V: Tensor;
  /** ‖P_Ω(U Vᵀ − M)‖ / ‖P_Ω M‖ after each round (on the entries of its last half round with `resample`). */
  readonly residuals: readonly number[];
  /** Multiply-adds of all rounds, orthonormalizations counted in; the start is not. */
  readonly work: number;
  /** Whether `tol` was reached. */
  readonly converged: boolean;
  /** Fewer entries than k (m + n − k), the free numbers of such a matrix: others fit them as well. */
  readonly underdetermined: boolean;
}

/** Entries of one half round, by rows and by columns. */
interface Part {
  readonly byRow: Lines;
  readonly byColumn: Lines;
}

/**
 * Completes a matrix `[m, n]` of known rank k from its observed entries Ω. A round is O(|Ω| k steps + (m + n) k²) (O(|Ω| k²) with
 * `inner: "exact"`), memory O(|Ω| + (m + n) k); the start is a randomized SVD of the observed entries, which is never dense.
 *
 * Lines without entries get zeros. The result is float64, or float32 where the values are.
 *
 * @throws DomainError for a rank outside 1 … min(m, n), indices out of range or repeated, values that are not finite and options out
 * of range; ShapeError; DTypeError for values that are not float64 or float32; AbortedError.
 */
export function completeMatrix(
  key: Key,
  observed: ObservedMatrix,
  options: CompleteMatrixOptions,
): CompletedMatrix {
  const name = "completeMatrix";
  const entries = checkEntries(name, observed);
  const [m, n] = entries.shape;
  const { rank: k, iterations = 20, warmStart = true, resample = false, clip = 2, tol = 1e-12 } = options;
  const inner = checkOptions(name, options, Math.min(m, n));
  // Exact solutions do not look at where they start.
  const isCarried = warmStart && inner.inner !== "exact";
  const [startKey, partKey, signKey] = split(key, 3) as [Key, Key, Key];
  const parts = partsOf(entries, resample ? 2 * iterations + 1 : 1, partKey);
  const part = (half: number): Part => parts[half % parts.length]!;
  const size = Math.sqrt(entries.values.reduce((sum, value) => sum + value * value, 0));

  let u: Float64Array = startFactor(startKey, entries, resample ? part(0).byRow : null, k, clip);
  let v: Float64Array = new Float64Array(n * k);
  const longest = parts.reduce(
    (top, { byRow, byColumn }) => Math.max(top, widest(byRow), widest(byColumn)),
    0,
  );
  const fits = new LineFits(k, longest, new Uint32Array(bits(signKey, [Math.max(1, longest)]).data()));
  const residuals: number[] = [];
  let work = 0;
  let converged = size === 0;
  let hasV = false;
  for (let round = 0; round < iterations && !converged; round++) {
    checkAborted(options.signal, name);
    const columns = part(2 * round + 1);
    const rows = part(2 * round + 2);
    // U = Q R: with V Rᵀ in the place of V the product stays what it was.
    const left = orthonormalized(u, m, k);
    carry(v, n, k, isCarried && hasV ? left.r : null);
    work += fits.fit(columns.byColumn, left.q, v, inner).work;
    const right = orthonormalized(v, n, k);
    u = left.q;
    carry(u, m, k, isCarried ? right.r : null);
    const fitted = fits.fit(rows.byRow, right.q, u, inner);
    v = right.q;
    hasV = true;
    work +=
      fitted.work + orthonormalWork(m, k) + orthonormalWork(n, k) + (isCarried ? ((m + n) * k * k) / 2 : 0);
    const all = resample ? squares(rows.byRow) : size * size;
    const residual = all > 0 ? Math.sqrt(fitted.square / all) : 0;
    converged = residual <= tol || Math.abs((residuals.at(-1) ?? Infinity) - residual) <= tol;
    residuals.push(residual);
    options.onProgress?.({
      fraction: (round + 1) / iterations,
      stage: `residual ${residual.toExponential(2)}`,
    });
  }
  if (!hasV) {
    // Nothing was fitted: the start times zeros.
    v = unitColumns(n, k);
    u = new Float64Array(m * k);
  }
  return {
    U: stored(u, m, k, entries),
    V: stored(v, n, k, entries),
    residuals,
    work: Math.round(work),
    converged,
    underdetermined: entries.values.length < k * (m + n - k),
  };
}

function checkOptions(name: string, options: CompleteMatrixOptions, least: number): LineFitOptions {
  const { rank, iterations = 20, inner = "sketch", innerTolerance = 0.1, innerSteps = 3 } = options;
  const { clip = 2, tol = 1e-12 } = options;
  if (!(Number.isInteger(rank) && rank >= 1 && rank <= least))
    throw new DomainError(`${name}: rank must be an integer from 1 to ${least}, got ${rank}`);
  if (!(Number.isInteger(iterations) && iterations >= 1))
    throw new DomainError(`${name}: iterations must be an integer >= 1, got ${iterations}`);
  if (!["sketch", "cg", "exact"].includes(inner))
    throw new DomainError(`${name}: inner must be "sketch", "cg" or "exact", got ${String(inner)}`);
  if (!(innerTolerance >= 0 && innerTolerance < 1))
    throw new DomainError(`${name}: innerTolerance must lie in [0, 1), got ${innerTolerance}`);
  if (!(Number.isInteger(innerSteps) && innerSteps >= 1))
    throw new DomainError(`${name}: innerSteps must be an integer >= 1, got ${innerSteps}`);
  if (!(clip > 0)) throw new DomainError(`${name}: clip must be > 0, got ${clip}`);
  if (!(tol >= 0)) throw new DomainError(`${name}: tol must be >= 0, got ${tol}`);
  return { inner, tolerance: innerTolerance, steps: innerSteps };
}

/** All entries, or `count` random parts of them. */
function partsOf({ shape: [m, n], rows, cols, values }: CheckedEntries, count: number, key: Key): Part[] {
  const owner = count > 1 ? randint(key, [values.length], 0, count).data() : null;
  return Array.from({ length: count }, (_, part) => {
    const keep = owner ? (entry: number): boolean => owner[entry] === part : undefined;
    return {
      byRow: linesOf(m, rows, cols, values, keep),
      byColumn: linesOf(n, cols, rows, values, keep),
    };
  });
}

function widest({ count, start }: Lines): number {
  let top = 0;
  for (let i = 0; i < count; i++) top = Math.max(top, start[i + 1] - start[i]);
  return top;
}

const squares = ({ value }: Lines): number => value.reduce((sum, entry) => sum + entry * entry, 0);

/** Columns beyond the rank that the randomized SVD of the start takes, and its rounds. */
const EXTRA = 10;
const POWER_ROUNDS = 3;

/** Left singular vectors of the observed entries (zeros elsewhere) with long rows cut, row-major `[m, k]`. */
function startFactor(
  key: Key,
  { shape: [m, n], rows, cols, values }: CheckedEntries,
  only: Lines | null,
  k: number,
  clip: number,
): Float64Array {
  const a = only
    ? coo(
        Int32Array.from(only.place, (_, p) => rowOf(only.start, p)),
        only.place,
        only.value,
        [m, n],
      ).toCsr()
    : coo(rows, cols, values, [m, n]).toCsr();
  const back = a.transpose();
  const width = Math.min(k + EXTRA, m, n);
  let q = qr(a.matmul(normal(key, [n, width]))).q;
  for (let round = 0; round < POWER_ROUNDS; round++) q = qr(a.matmul(qr(back.matmul(q)).q)).q;
  // The k leading of the found directions: left singular vectors of Qᵀ A, turned back.
  const turn = svd(back.matmul(q)).v;
  const u = q.matmul(turn.at(":", `:${k}`));
  const data = u.toTypedArray() as Float64Array;
  const limit = clip * 2 * Math.sqrt(k / m);
  for (let i = 0; i < m; i++) {
    const row = data.subarray(i * k, (i + 1) * k);
    const length = Math.hypot(...row);
    if (length > limit) for (let c = 0; c < k; c++) row[c] *= limit / length;
  }
  return data;
}

/** The line that an entry of sorted lines is on. */
function rowOf(start: Int32Array, entry: number): number {
  let low = 0;
  let high = start.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (start[middle] <= entry) low = middle;
    else high = middle;
  }
  return low;
}

/** Q (row-major `[n, k]`) and R (column-major) of a row-major factor. */
function orthonormalized(x: Float64Array, n: number, k: number): { q: Float64Array; r: Float64Array } {
  const columns = new Float64Array(n * k);
  for (let i = 0; i < n; i++) for (let c = 0; c < k; c++) columns[i + c * n] = x[i * k + c];
  const { q, r } = thinQR(1, n, k, columns);
  const rows = new Float64Array(n * k);
  for (let c = 0; c < k; c++) for (let i = 0; i < n; i++) rows[i * k + c] = q[i + c * n];
  return { q: rows, r };
}

/** X ← X Rᵀ with R upper triangular, column-major; zeros without it. */
function carry(x: Float64Array, n: number, k: number, r: Float64Array | null): void {
  if (!r) {
    x.fill(0);
    return;
  }
  for (let i = 0; i < n; i++) {
    const at = i * k;
    // Entry c needs entries c … k − 1 of the old row: those before it may be overwritten.
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let e = c; e < k; e++) sum += x[at + e] * r[c + e * k];
      x[at + c] = sum;
    }
  }
}

function unitColumns(n: number, k: number): Float64Array {
  const data = new Float64Array(n * k);
  for (let c = 0; c < k; c++) data[c * k + c] = 1;
  return data;
}

function stored(data: Float64Array, n: number, k: number, { dtype }: CheckedEntries): Tensor {
  const x = new Tensor(data, [n, k], "float64");
  return dtype === "float32" ? x.astype("float32") : x;
}
