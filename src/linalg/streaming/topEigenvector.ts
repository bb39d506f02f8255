// The leading right singular vector of rows in random order, in one pass and little memory, also when few large rows carry it.
// Source: Kacham and Woodruff, "Approximating the top eigenvector in random order streams" (2024): a power iteration whose steps are
// blocks of the stream, for the light rows, beside the heavy rows themselves.

import type { Key } from "../../random/key.ts";
import { sphere } from "../../random/sphere.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { norm2 } from "../kernels/vector.ts";
import { addScaled } from "../krylov/space.ts";
import { svd } from "../spectral/svd.ts";
import {
  checkDimension,
  entriesOf,
  foldStream,
  type StreamFold,
  type StreamRows,
  type TopEigenvector,
} from "./fold.ts";
import { HeavyRows } from "./heavyRows.ts";

export interface StreamTopEigenvectorOptions {
  /** d, the length of a row. */
  readonly dimension: number;
  /** n, how many rows will come; without it blocks double in length from 8 d. */
  readonly rows?: number;
  /** Blocks into which n rows are split; ⌈2 ln d⌉ unless told. */
  readonly blocks?: number;
  /**
   * A row is heavy when ‖a‖² > heavy · Σ‖a‖² / d, in (0, 1]; 1/ln d unless told. Infinity stores none. Rows that share the
   * leading vector among too few for each block to see some must be heavy to be found: 1/ln² d is safe for about ln² d of
   * them, at ln d times the memory.
   */
  readonly heavy?: number;
  /** Heavy rows that may be stored; d / heavy, which they never exceed, unless told. The shortest make way. */
  readonly maxHeavy?: number;
}

/** What a fold remembers; for the fold alone. */
export interface StreamState {
  readonly z: Float64Array;
  readonly y: Float64Array;
  readonly heavy: HeavyRows;
  /** Σ ‖a‖² of all rows. */
  energy: number;
  /** All rows, those of the present block, and of them the light ones. */
  seen: number;
  inBlock: number;
  lightInBlock: number;
  light: number;
  /** Length of the present block, and rows of the last that was used. */
  length: number;
  used: number;
  blocks: number;
  /** ‖y‖ of the last block for each of its light rows. */
  gain: number;
}

/**
 * A fold over rows `[d]` or blocks `[b, d]` of A in random order: each block of the stream is one step of the power iteration
 * z ← Σ a (aᵀz) / ‖·‖. Rows that hold more than the share heavy/d of the energy so far are stored instead, and handed on as light
 * ones once they no longer do, so that none is lost. At the end z, as long as its energy, and the stored rows are decomposed.
 *
 * With R = λ₁/λ₂ the squared correlation is 1 − O(1/√R). O(d) a light row; memory O(d · heavy rows), at most d²/heavy; the end is the SVD
 * of `[heavy rows + 1, d]`.
 *
 * @throws DomainError for options out of range. `push` throws ShapeError, DTypeError and DomainError for rows that are not finite
 * numbers `[d]`.
 */
export function streamTopEigenvector(options: StreamTopEigenvectorOptions): StreamFold<StreamState> {
  const name = "streamTopEigenvector";
  const { dimension: d, rows: n } = options;
  checkDimension(name, d);
  const { heavy = d > 1 ? Math.min(1, 1 / Math.log(d)) : 1 } = options;
  const { blocks = Math.max(1, Math.ceil(2 * Math.log(d))), maxHeavy = Math.ceil(d / heavy) } = options;
  if (!(heavy > 0 && (heavy <= 1 || heavy === Number.POSITIVE_INFINITY)))
    throw new DomainError(`${name}: heavy must lie in (0, 1] or be Infinity, got ${heavy}`);
  if (n !== undefined && !(Number.isInteger(n) && n >= 1))
    throw new DomainError(`${name}: rows must be an integer >= 1, got ${n}`);
  if (!(Number.isInteger(blocks) && blocks >= 1))
    throw new DomainError(`${name}: blocks must be an integer >= 1, got ${blocks}`);
  if (!(Number.isInteger(maxHeavy) && maxHeavy >= 0))
    throw new DomainError(`${name}: maxHeavy must be an integer >= 0, got ${maxHeavy}`);
  const share = heavy / d;
  const firstLength = n === undefined ? 8 * d : n < blocks ? n : Math.ceil(n / blocks);

  const pushLight = (state: StreamState, data: Float64Array, at: number): void => {
    const { y, z } = state;
    let dot = 0;
    for (let c = 0; c < d; c++) dot += data[at + c] * z[c];
    for (let c = 0; c < d; c++) y[c] += dot * data[at + c];
    state.lightInBlock++;
    state.light++;
  };

  return {
    init: (key) => ({
      z: Float64Array.from(sphere(key, [d]).data()),
      y: new Float64Array(d),
      heavy: new HeavyRows(d),
      energy: 0,
      seen: 0,
      inBlock: 0,
      lightInBlock: 0,
      light: 0,
      length: firstLength,
      used: 0,
      blocks: 0,
      gain: 0,
    }),
    push: (state, rows) => {
      const data = entriesOf(name, rows, d);
      const stored = state.heavy;
      for (let at = 0; at < data.length; at += d) {
        let square = 0;
        for (let c = 0; c < d; c++) square += data[at + c] * data[at + c];
        state.energy += square;
        state.seen++;
        state.inBlock++;
        const limit = share * state.energy;
        if (square > limit) stored.add(data, at, square);
        else pushLight(state, data, at);
        while (stored.count > 0 && (stored.least <= limit || stored.count > maxHeavy))
          pushLight(state, stored.removeLeast(), 0);
        if (state.inBlock >= state.length) closeBlock(state, n === undefined);
      }
      return state;
    },
    finish: (state) => {
      // A short rest of the stream would be a noisier step than the last one.
      if (state.blocks === 0 || 2 * state.inBlock >= state.used) closeBlock(state, false);
      return merged(state, d);
    },
  };
}

/** One step of the power iteration. */
function closeBlock(state: StreamState, doubles: boolean): void {
  const { y, z } = state;
  const d = z.length;
  const size = norm2(y, 0, d);
  if (size > 0) {
    for (let c = 0; c < d; c++) z[c] = y[c] / size;
    state.gain = size / state.lightInBlock;
  }
  y.fill(0);
  state.used = state.inBlock;
  state.inBlock = 0;
  state.lightInBlock = 0;
  state.blocks++;
  // b, b, 2b, 4b, …: each block as long as all before it.
  if (doubles && state.blocks > 1) state.length *= 2;
}

/** The top right singular vector of the heavy rows and √λ z. */
function merged(state: StreamState, d: number): TopEigenvector {
  const { heavy, z } = state;
  const h = heavy.count;
  const lambda = state.gain * state.light;
  const data = new Float64Array((h + 1) * d);
  heavy.all().forEach((row, i) => {
    data.set(row, i * d);
  });
  addScaled(data.subarray(h * d), Math.sqrt(lambda), z);
  const storedFloats = (heavy.peak + 2) * d;
  const isZero = state.energy === 0;
  const { s, v } = isZero ? { s: null, v: null } : svd(new Tensor(data, [h + 1, d], "float64"));
  return {
    vector: v ? v.at(":", 0).contiguous() : new Tensor(z.slice(), [d], "float64"),
    eigenvalue: s ? s.item(0) ** 2 : 0,
    heavyRows: h,
    storedFloats,
    converged: !isZero,
  };
}

/**
 * `streamTopEigenvector` over an iterable or async iterable of rows or blocks, as files and sockets give them.
 *
 * @throws as the fold does; AbortedError.
 */
export function topEigenvectorOfStream(
  key: Key,
  rows: Iterable<StreamRows> | AsyncIterable<StreamRows>,
  options: StreamTopEigenvectorOptions & IterationOptions,
): Promise<TopEigenvector> {
  const { signal, onProgress, ...fold } = options;
  return foldStream(key, rows, streamTopEigenvector(fold), {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(fold.rows !== undefined && { rows: fold.rows }),
  });
}
