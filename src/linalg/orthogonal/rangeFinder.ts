// The randomized range finder and the randomized SVD.
// Source: Halko, Martinsson and Tropp, "Finding structure with randomness: probabilistic algorithms for constructing
// approximate matrix decompositions", SIAM Review 53 (2011): algorithms 4.2 and 4.4, 5.1. The error is not estimated
// from probes as there (equation 4.3) but measured: the whole matrix is at hand, Qᴴ A is needed anyway, and
// ‖A − Q Qᴴ A‖² = ‖A‖² − ‖Qᴴ A‖² (Yu, Gu and Li 2018), computed entry by entry where that difference would cancel.
import { normal } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { complexDType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { equilibrate, load, store, storeVector, type Work } from "../base/matrix.ts";
import { type Block, multiply, norm2, type Width } from "../kernels/vector.ts";
import { thinSVD } from "../spectral/svd.ts";
import { thinQR } from "./qr.ts";

export interface RangeOptions {
  /** Rank to aim at. The basis gets `rank + oversample` columns at most. One of `rank` and `rtol` is needed. */
  readonly rank?: number;
  /** Grow the basis in blocks until the error is at most `rtol` times the Frobenius norm of a. */
  readonly rtol?: number;
  /** Columns beyond `rank` (default 10); also the block by which an adaptive basis grows. */
  readonly oversample?: number;
  /** Multiplications by a aᴴ, orthogonalized each time (default 1); more for slowly falling singular values. */
  readonly powerIterations?: number;
  /** Source of the Gaussian test matrix. One of `key` and `probe` is needed. */
  readonly key?: Key;
  /** The test matrix itself, `[n, l]`, for a given rank or a repeated sketch; l columns at most are then found. */
  readonly probe?: Tensor;
}

export interface Range {
  /** `[m, l]`, orthonormal columns. */
  readonly q: Tensor;
  /** ‖a − q qᴴ a‖ in the Frobenius norm, measured. */
  readonly errorEstimate: number;
  /** The same over ‖a‖ (0 for a zero matrix). */
  readonly relativeError: number;
  /** Whether `rtol` was met; true where none was asked. */
  readonly converged: boolean;
}

export interface RandomizedSVD {
  /** `[m, r]`, orthonormal columns. */
  readonly u: Tensor;
  /** `[r]`, descending. */
  readonly s: Tensor;
  /** `[n, r]`, orthonormal columns: V, not Vᴴ. */
  readonly v: Tensor;
  /** ‖a − u diag(s) vᴴ‖ in the Frobenius norm, measured. */
  readonly errorEstimate: number;
  readonly relativeError: number;
  /** Whether `rtol` was met; true where none was asked. */
  readonly converged: boolean;
}

/** A = Q B + remainder, column-major, with A scaled. */
interface Sketch {
  readonly work: Work;
  readonly back: number;
  readonly q: Float64Array;
  readonly b: Float64Array;
  /** Columns of Q. */
  readonly count: number;
  readonly norm: number;
  readonly error: number;
}

/** Below this share of ‖A‖² the difference of squares has lost half of its digits. */
const CANCELLATION = 1e-8;

/**
 * An orthonormal basis q of an approximate range of `a` `[m, n]`, so that a ≈ q qᴴ a. With `rank` the basis has
 * rank + oversample columns; with `rtol` it grows until the measured error meets it (with both, up to that many).
 * O(m n l (powerIterations + 1) + (m + n) l²).
 *
 * It measures its error and stops by it, so it works on values: inside a transform it throws TracerError. For the
 * derivative of leading singular triplets take those of `svd`.
 *
 * @throws ShapeError unless `a` is a matrix and `probe` has n rows; DTypeError for float8; DomainError for NaN,
 * infinity, options out of range, or neither a key nor a probe.
 */
export function rangeFinder(a: Tensor, options: RangeOptions): Range {
  const { work, back, q, count, norm, error } = sketch("rangeFinder", a, options);
  return {
    q: store(q, work.rows, count, work.dtype),
    errorEstimate: error * back,
    relativeError: norm === 0 ? 0 : error / norm,
    converged: options.rtol === undefined || error <= options.rtol * norm,
  };
}

/**
 * A truncated SVD a ≈ u diag(s) vᴴ from the range finder. With `rank` it keeps that many singular values, with `rtol`
 * the fewest that meet it. Cost as `rangeFinder`, plus O(n l²); not for use inside transforms either.
 *
 * @throws as `rangeFinder` does.
 */
export function randomizedSvd(a: Tensor, options: RangeOptions): RandomizedSVD {
  const { work, back, q, b, count, norm, error } = sketch("randomizedSvd", a, options);
  const { rows: m, columns: n, width: w, dtype } = work;
  const { u, s, v } = thinSVD(w, count, n, b);
  // q qᴴ a and the remainder are orthogonal, so the squares of the two errors add up.
  let kept = s.length;
  let total = error;
  const limit = options.rtol === undefined ? -1 : options.rtol * norm;
  while (kept > 0) {
    const longer = Math.hypot(total, s[kept - 1]);
    if (kept <= (options.rank ?? s.length) && longer > limit) break;
    total = longer;
    kept--;
  }
  const full = new Float64Array(m * kept * w);
  const ld = count * w;
  multiply(
    w,
    m,
    kept,
    count,
    { data: q, offset: 0, ld: m * w },
    { data: u, offset: 0, ld },
    columnsOf(full, m, w),
  );
  return {
    u: store(full, m, kept, dtype),
    s: storeVector(s.subarray(0, kept), dtype, back),
    v: store(v.subarray(0, n * kept * w), n, kept, dtype),
    errorEstimate: total * back,
    relativeError: norm === 0 ? 0 : total / norm,
    converged: options.rtol === undefined || total <= limit,
  };
}

const columnsOf = (data: Float64Array, rows: number, w: Width): Block => ({ data, offset: 0, ld: rows * w });

function checkOptions(name: string, a: Tensor, options: RangeOptions): void {
  const { rank, rtol, oversample = 10, powerIterations = 1, key, probe } = options;
  if (a.ndim !== 2) throw new ShapeError(`${name}: a must be a matrix, got shape ${formatShape(a.shape)}`);
  const isCount = (value: number, least: number): boolean => Number.isInteger(value) && value >= least;
  if (rank === undefined && rtol === undefined) throw new DomainError(`${name}: give rank or rtol (or both)`);
  if (rank !== undefined && !isCount(rank, 1))
    throw new DomainError(`${name}: rank must be an integer >= 1, got ${rank}`);
  if (rtol !== undefined && !(rtol >= 0 && rtol < 1))
    throw new DomainError(`${name}: rtol must lie in [0, 1), got ${rtol}`);
  if (!isCount(oversample, 0))
    throw new DomainError(`${name}: oversample must be an integer >= 0, got ${oversample}`);
  if (!isCount(powerIterations, 0))
    throw new DomainError(`${name}: powerIterations must be an integer >= 0, got ${powerIterations}`);
  if ((key === undefined) === (probe === undefined))
    throw new DomainError(`${name}: give either key or probe as the source of the test matrix`);
  if (probe && (probe.ndim !== 2 || probe.shape[0] !== a.shape[1]))
    throw new ShapeError(
      `${name}: probe must be [${a.shape[1]}, l] for a of shape ${formatShape(a.shape)}, got ${formatShape(probe.shape)}`,
    );
}

function sketch(name: string, a: Tensor, options: RangeOptions): Sketch {
  checkOptions(name, a, options);
  const { rank, rtol, oversample = 10, powerIterations = 1 } = options;
  const work = load(name, a);
  const back = equilibrate(work);
  const { data, rows: m, columns: n, width: w } = work;
  const test = testMatrix(name, options, n, w);
  const most = Math.min(m, n, rank === undefined ? n : rank + oversample, options.probe?.shape[1] ?? n);
  const blockSize = rtol === undefined ? most : Math.max(8, oversample);
  const norm = norm2(data, 0, data.length);
  const target = rtol === undefined ? -1 : rtol * norm;
  const q = new Float64Array(m * most * w);
  const rowsB = new Float64Array(n * most * w);
  const matrix = columnsOf(data, m, w);
  let count = 0;
  let captured = 0;
  let error = norm;
  while (count < most && error > target) {
    const size = Math.min(blockSize, most - count);
    let basis = new Float64Array(m * size * w);
    multiply(w, m, size, n, matrix, columnsOf(test(count, size), n, w), columnsOf(basis, m, w));
    basis = orthogonalize(w, m, q, count, basis, size);
    for (let iteration = 0; iteration < powerIterations; iteration++) {
      const image = new Float64Array(n * size * w);
      multiply(w, n, size, m, { ...matrix, adjoint: true }, columnsOf(basis, m, w), columnsOf(image, n, w));
      const turned = thinQR(w, n, size, image).q;
      multiply(w, m, size, n, matrix, columnsOf(turned, n, w), columnsOf(basis, m, w));
      basis = orthogonalize(w, m, q, count, basis, size);
    }
    q.set(basis, count * m * w);
    // Aᴴ Q, column by column the conjugate rows of B = Qᴴ A.
    const rows = { data: rowsB, offset: count * n * w, ld: n * w };
    multiply(w, n, size, m, { ...matrix, adjoint: true }, columnsOf(basis, m, w), rows);
    captured = Math.hypot(captured, norm2(rowsB, count * n * w, size * n * w));
    count += size;
    error = remainder(w, m, n, data, q, rowsB, count, norm, captured);
  }
  const b = new Float64Array(count * n * w);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < count; i++) {
      b[(i + j * count) * w] = rowsB[(j + i * n) * w];
      if (w === 2) b[(i + j * count) * w + 1] = -rowsB[(j + i * n) * w + 1];
    }
  return { work, back, q: q.subarray(0, m * count * w), b, count, norm, error };
}

/** Columns of the test matrix: those of the probe, or Gaussian ones, a fresh key for each block. */
function testMatrix(
  name: string,
  options: RangeOptions,
  n: number,
  w: Width,
): (first: number, count: number) => Float64Array {
  const { key, probe } = options;
  if (probe) {
    const { data } = load(name, probe, w, "probe");
    return (first, count) => data.subarray(first * n * w, (first + count) * n * w);
  }
  const dtype = w === 2 ? complexDType("float64") : "float64";
  return (first, count) => normal(foldIn(key!, first), [count, n], { dtype }).data() as Float64Array;
}

/** An orthonormal basis of `size` new directions: those of Y, made orthogonal to the `count` columns of Q. */
function orthogonalize(
  w: Width,
  m: number,
  q: Float64Array,
  count: number,
  y: Float64Array,
  size: number,
): Float64Array<ArrayBuffer> {
  if (count === 0) return thinQR(w, m, size, y).q as Float64Array<ArrayBuffer>;
  let current = y;
  for (let pass = 0; pass < 2; pass++) {
    const shares = new Float64Array(count * size * w);
    const basis = { data: q, offset: 0, ld: m * w };
    multiply(
      w,
      count,
      size,
      m,
      { ...basis, adjoint: true },
      columnsOf(current, m, w),
      columnsOf(shares, count, w),
    );
    for (let i = 0; i < shares.length; i++) shares[i] = -shares[i];
    multiply(w, m, size, count, basis, columnsOf(shares, count, w), columnsOf(current, m, w), {
      accumulate: true,
    });
    const { q: next, r } = thinQR(w, m, size, current);
    current = next;
    let least = 1;
    for (let i = 0; i < size; i++) least = Math.min(least, r[(i + i * size) * w]);
    if (pass === 1 && least > 0.5) return current as Float64Array<ArrayBuffer>;
  }
  // Directions that lay in the span of Q already: let Householder complete the basis.
  const joined = new Float64Array(m * (count + size) * w);
  joined.set(q.subarray(0, m * count * w));
  joined.set(current, m * count * w);
  return thinQR(w, m, count + size, joined).q.slice(m * count * w) as Float64Array<ArrayBuffer>;
}

/** ‖A − Q B‖, from the norms of A and B, or entry by entry where their squares would cancel. */
function remainder(
  w: Width,
  m: number,
  n: number,
  a: Float64Array,
  q: Float64Array,
  rowsB: Float64Array,
  count: number,
  norm: number,
  captured: number,
): number {
  const difference = (norm - captured) * (norm + captured);
  if (difference > CANCELLATION * norm * norm) return Math.sqrt(difference);
  const rest = a.slice();
  const minus = rowsB.subarray(0, count * n * w).map((value) => -value);
  const right = { ...columnsOf(minus, n, w), adjoint: true };
  multiply(w, m, n, count, columnsOf(q, m, w), right, columnsOf(rest, m, w), { accumulate: true });
  return norm2(rest, 0, rest.length);
}
