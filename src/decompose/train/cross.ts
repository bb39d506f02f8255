// Trains of functions that are only sampled: cross approximation with two-site sweeps. Oseledets and Tyrtyshnikov,
// "TT-cross approximation for multidimensional arrays" (2010); Savostyanov and Oseledets, "Fast adaptive
// interpolation of multi-dimensional arrays in tensor train format" (2011).

import { qr } from "../../linalg/orthogonal/qr.ts";
import { concat } from "../../ops/join.ts";
import { mT, reshape } from "../../ops/movement.ts";
import { normal, randint } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import { inexactDType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkFinite, checkTolerance } from "../base/input.ts";
import { splitMatrix } from "../base/truncation.ts";
import type { TT } from "../types.ts";
import { maxvol } from "./maxvol.ts";
import { ttRules } from "./rules.ts";
import { ttRound } from "./tt.ts";

export interface TtCrossOptions extends IterationOptions {
  /** Error, relative to the root mean square, at which to stop; 1e-6 unless told. */
  readonly rtol?: number;
  /** 100 unless told. */
  readonly maxRank?: number;
  /** For starting indices, enrichment and validation points; key(0) unless told. */
  readonly key?: Key;
  /** Most indices that `f` gets at a time; 65536 unless told. */
  readonly batch?: number;
  /** Sweeps, each in one direction; 20 unless told. */
  readonly maxSweeps?: number;
}

export interface TtCrossResult extends TT {
  /** Indices at which the function was evaluated, validation points included. */
  readonly evaluations: number;
  /** Sweeps made. */
  readonly iterations: number;
  /** Two validations running met `rtol`. */
  readonly converged: boolean;
  /** The error on fresh random points after each sweep. */
  readonly history: readonly number[];
  /** The last of them: an estimate, not a bound. */
  readonly error: number;
}

/** Random directions added to each basis, so that indices outside of what is known get a chance. */
const ENRICHMENT = 2;
/** Random points of one validation. */
const VALIDATION = 1000;

/**
 * A train that interpolates `f`, a function of int32 indices `[m, d]` with values `[m]` (real or complex), from few
 * of the Π dims values. Each sweep passes over the bonds: the function is sampled on the superblock (known left
 * indices) × mode × mode × (known right indices), the sample is cut by a truncated SVD, `maxvol` picks the rows that
 * become new known indices, and two random directions enrich them. A sweep costs O(d n² r²) evaluations and O(d n³
 * r³) operations; for d = 2 the superblock is the whole matrix.
 *
 * Sweeps stop when the error on 1000 fresh random points, relative to their root mean square, is at most `rtol` twice
 * running. That is the only guarantee, and it is a posteriori: a function that is large only where no sample falls is
 * missed. (For a matrix, the cross at a submatrix of maximal volume has an error of at most (r + 1) σ_{r+1} in the
 * max norm; no such bound is known to hold along a train.)
 *
 * @throws ShapeError when dims are not positive integers or `f` returns another shape than `[m]`; DomainError for
 * values that are not finite, a tolerance outside [0, 1) and limits below 1.
 */
export function ttCross(
  f: (index: Tensor) => Tensor,
  dims: readonly number[],
  options: TtCrossOptions = {},
): TtCrossResult {
  const { rtol = 1e-6, maxRank = 100, batch = 65536, maxSweeps = 20, key = makeKey(0) } = options;
  if (dims.length === 0 || !dims.every((n) => Number.isInteger(n) && n >= 1))
    throw new ShapeError(`ttCross: mode lengths of at least 1 were expected, got ${formatShape(dims)}`);
  checkTolerance(rtol, "ttCross");
  for (const [name, value] of Object.entries({ maxRank, batch, maxSweeps }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`ttCross: ${name} must be an integer of at least 1, got ${value}`);
  const order = dims.length;
  const sampler = new Sampler(f, order, batch);
  if (order === 1) {
    const index = Int32Array.from({ length: dims[0]! }, (_, i) => i);
    const values = sampler.values(index, dims[0]!);
    const cores = [reshape(values, [1, -1, 1])];
    return {
      kind: "tt",
      cores,
      evaluations: dims[0]!,
      iterations: 0,
      converged: true,
      history: [],
      error: 0,
    };
  }
  const cross = new Cross(sampler, dims, maxRank, key);
  const history: number[] = [];
  let best: TT | null = null;
  let converged = false;
  let tolerance = rtol / 2;
  while (!converged && history.length < maxSweeps) {
    checkAborted(options.signal, "ttCross");
    const sweep = history.length;
    best = ttRound(cross.sweep(sweep, tolerance), { rtol: tolerance, maxRank });
    history.push(validate(best, sampler, dims, foldIn(foldIn(key, 1), sweep)));
    converged = sweep > 0 && history[sweep]! <= rtol && history[sweep - 1]! <= rtol;
    // Interpolation amplifies what the cuts leave, the more so the more modes there are.
    if (sweep > 0 && history[sweep]! > rtol) tolerance = Math.max(tolerance / 2, rtol / 128);
    options.onProgress?.({ fraction: (sweep + 1) / maxSweeps, stage: `sweep ${sweep + 1}` });
  }
  return {
    ...best!,
    evaluations: sampler.evaluations,
    iterations: history.length,
    converged,
    history,
    error: history.at(-1)!,
  };
}

/**
 * `ttCross` for a function of real points `[m, d]` on the tensor grid of the given one-dimensional grids.
 *
 * @throws as `ttCross`, and ShapeError for grids that are not vectors.
 */
export function ttCrossFunction(
  f: (points: Tensor) => Tensor,
  grids: readonly Tensor[],
  options: TtCrossOptions = {},
): TtCrossResult {
  const coordinates = grids.map((grid, k) => {
    if (grid.ndim !== 1 || grid.size === 0)
      throw new ShapeError(
        `ttCrossFunction: grid ${k} must be a vector with points, got shape ${formatShape(grid.shape)}`,
      );
    checkFinite(grid, `ttCrossFunction: grid ${k}`);
    return grid.data();
  });
  const order = grids.length;
  return ttCross(
    (index) => {
      const positions = index.data();
      const points = Float64Array.from(positions, (position, i) => coordinates[i % order]![position]!);
      return f(new Tensor(points, index.shape, "float64"));
    },
    coordinates.map((grid) => grid.length),
    options,
  );
}

/** Calls the function in batches, checks what it returns and counts. */
class Sampler {
  evaluations = 0;
  private readonly f: (index: Tensor) => Tensor;
  private readonly order: number;
  private readonly batch: number;

  constructor(f: (index: Tensor) => Tensor, order: number, batch: number) {
    this.f = f;
    this.order = order;
    this.batch = batch;
  }

  /** The values at `count` indices. */
  values(index: Int32Array, count: number): Tensor {
    const parts: Tensor[] = [];
    for (let start = 0; start < count; start += this.batch) {
      const m = Math.min(this.batch, count - start);
      const part = index.subarray(start * this.order, (start + m) * this.order);
      const values = this.f(new Tensor(part, [m, this.order], "int32"));
      if (!(values instanceof Tensor) || values.ndim !== 1 || values.shape[0] !== m)
        throw new ShapeError(
          `ttCross: the function must return a tensor [${m}] for ${m} indices, got ${values instanceof Tensor ? formatShape(values.shape) : typeof values}`,
        );
      const wide = values.astype(inexactDType(values.dtype)).contiguous();
      checkFinite(wide, "ttCross: values of the function");
      parts.push(wide);
      this.evaluations += m;
    }
    return parts.length === 1 ? parts[0]! : concat(parts);
  }
}

/** A list of partial indices over neighbouring modes. */
interface IndexSet {
  readonly count: number;
  /** Modes that each covers. */
  readonly width: number;
  readonly data: Int32Array;
}

const EMPTY: IndexSet = { count: 1, width: 0, data: new Int32Array(0) };

/** The index sets on both sides of every bond, and the sweeps that improve them. */
class Cross {
  private readonly sampler: Sampler;
  private readonly dims: readonly number[];
  private readonly maxRank: number;
  private readonly key: Key;
  /** left[k]: indices of the modes before k; right[k]: of the modes from k on. */
  private readonly left: IndexSet[] = [EMPTY];
  private readonly right: IndexSet[];
  /** The superblock at which the last sweep ended: the next one starts with it. */
  private turn: { readonly bond: number; readonly matrix: Tensor } | null = null;

  constructor(sampler: Sampler, dims: readonly number[], maxRank: number, key: Key) {
    this.sampler = sampler;
    this.dims = dims;
    this.maxRank = maxRank;
    this.key = key;
    const start = randomIndices(dims, ENRICHMENT, foldIn(this.key, 2));
    this.right = dims.map((_, k) => {
      const width = dims.length - k;
      const data = new Int32Array(ENRICHMENT * width);
      for (let i = 0; i < ENRICHMENT; i++)
        data.set(start.subarray(i * dims.length + k, (i + 1) * dims.length), i * width);
      return { count: ENRICHMENT, width, data };
    });
    this.right.push(EMPTY);
  }

  /** One pass over the bonds, even ones to the right, odd ones to the left; the train that it leaves. */
  sweep(number: number, tolerance: number): TT {
    const order = this.dims.length;
    const cores = new Array<Tensor>(order);
    const rightwards = number % 2 === 0;
    for (let step = 0; step < order - 1; step++) {
      const bond = rightwards ? step : order - 2 - step;
      const matrix = this.turn?.bond === bond ? this.turn.matrix : this.superblock(bond);
      const isLast = step === order - 2;
      this.turn = isLast ? { bond, matrix } : null;
      const [r, n, m, s] = [
        this.left[bond]!.count,
        this.dims[bond]!,
        this.dims[bond + 1]!,
        this.right[bond + 2]!.count,
      ];
      const norm = frobenius(matrix);
      const delta = (tolerance * norm) / Math.sqrt(order - 1);
      const options = { delta, maxRank: this.maxRank };
      const { u, rest } = splitMatrix(rightwards ? matrix : mT(matrix).contiguous(), options, norm);
      if (isLast) {
        const [front, back] = rightwards ? [u, rest] : [mT(rest), mT(u)];
        cores[bond] = reshape(front, [r, n, -1]);
        cores[bond + 1] = reshape(back, [-1, m, s]);
      } else {
        const draw = foldIn(foldIn(this.key, 3), number * order + step);
        const { rows, coefficients } = maxvol(
          enriched(u, sizeOf(rightwards ? this.dims.slice(bond + 1) : this.dims.slice(0, bond + 1)), draw),
        );
        if (rightwards) {
          this.left[bond + 1] = pickLeft(this.left[bond]!, n, rows);
          cores[bond] = reshape(coefficients, [r, n, -1]);
        } else {
          this.right[bond + 1] = pickRight(this.right[bond + 2]!, rows);
          cores[bond + 1] = reshape(mT(coefficients), [-1, m, s]).contiguous();
        }
      }
    }
    return { kind: "tt", cores };
  }

  /** The function on left[k] × mode k × mode k+1 × right[k+2], as a matrix of the first two against the last two. */
  private superblock(bond: number): Tensor {
    const order = this.dims.length;
    const left = this.left[bond]!;
    const right = this.right[bond + 2]!;
    const n = this.dims[bond]!;
    const m = this.dims[bond + 1]!;
    const count = left.count * n * m * right.count;
    const index = new Int32Array(count * order);
    let at = 0;
    for (let a = 0; a < left.count; a++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < m; j++)
          for (let b = 0; b < right.count; b++) {
            for (let k = 0; k < left.width; k++) index[at++] = left.data[a * left.width + k]!;
            index[at++] = i;
            index[at++] = j;
            for (let k = 0; k < right.width; k++) index[at++] = right.data[b * right.width + k]!;
          }
    return reshape(this.sampler.values(index, count), [left.count * n, m * right.count]);
  }
}

/**
 * An orthonormal basis of the columns of u and of a few random ones, as far as the bond can carry: at most `largest`,
 * the number of indices on its other side (not only of those known so far, or ranks could never grow past a short
 * mode).
 */
function enriched(u: Tensor, largest: number, key: Key): Tensor {
  const [m, r] = u.shape as [number, number];
  const extra = Math.min(ENRICHMENT, m - r, Math.max(0, largest - r));
  if (extra <= 0) return u;
  const dtype = u.dtype;
  return qr(concat([u, normal(key, [m, extra], { dtype })], 1)).q;
}

/** Rows of (left index, position along the next mode) as left indices one mode longer. */
function pickLeft(left: IndexSet, n: number, rows: Int32Array): IndexSet {
  const width = left.width + 1;
  const data = new Int32Array(rows.length * width);
  rows.forEach((row, i) => {
    const parent = Math.floor(row / n);
    data.set(left.data.subarray(parent * left.width, (parent + 1) * left.width), i * width);
    data[i * width + left.width] = row % n;
  });
  return { count: rows.length, width, data };
}

/** Rows of (position along a mode, right index) as right indices one mode longer. */
function pickRight(right: IndexSet, rows: Int32Array): IndexSet {
  const width = right.width + 1;
  const data = new Int32Array(rows.length * width);
  rows.forEach((row, i) => {
    const parent = row % right.count;
    data[i * width] = Math.floor(row / right.count);
    data.set(right.data.subarray(parent * right.width, (parent + 1) * right.width), i * width + 1);
  });
  return { count: rows.length, width, data };
}

/** `count` random indices, `[count * order]`. */
function randomIndices(dims: readonly number[], count: number, key: Key): Int32Array {
  const index = new Int32Array(count * dims.length);
  dims.forEach((n, k) => {
    const positions = randint(foldIn(key, k), [count], 0, n).data();
    for (let i = 0; i < count; i++) index[i * dims.length + k] = positions[i]!;
  });
  return index;
}

/** The error of a train on fresh random indices, relative to the root mean square of the function there. */
function validate(train: TT, sampler: Sampler, dims: readonly number[], key: Key): number {
  const index = randomIndices(dims, VALIDATION, key);
  const expected = sampler.values(index, VALIDATION);
  const found = ttRules.entries(train, index, VALIDATION);
  const error = frobenius(expected.sub(found).contiguous());
  const scale = frobenius(expected);
  return scale > 0 ? error / scale : error / Math.sqrt(VALIDATION);
}
