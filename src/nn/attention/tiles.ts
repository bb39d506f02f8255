// Attention in tiles: blocks of queries meet blocks of keys, and the softmax over all keys is put together on the way. No
// array has the size of queries times keys, neither in the forward pass nor in any derivative.

import { contract } from "../../ops/contract.ts";
import { concat } from "../../ops/join.ts";
import { zerosLike } from "../../ops/rules.ts";
import { exp, log } from "../../ops/transcendental.ts";
import { arange, full } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { cond } from "../../transform/control/cond.ts";
import { scan } from "../../transform/control/scan.ts";
import { customJvp } from "../../transform/custom/customJvp.ts";

/** Operands over N sequences, each with `g` groups of queries for one set of keys. Queries are scaled already. */
export interface TiledOperands {
  /** `[N, g, n, d]` */
  readonly q: Tensor;
  /** `[N, m, d]` */
  readonly k: Tensor;
  /** `[N, m, e]` */
  readonly v: Tensor;
  /** `[N, m]`, bool: keys that may be attended to. */
  readonly keyMask: Tensor | null;
  /** `[N, g]`: what a unit of distance takes off the score. */
  readonly slopes: Tensor | null;
}

export interface TilePlan {
  readonly causal: boolean;
  /** Position of the first query among the keys. */
  readonly offset: number;
  /** Queries and keys of a tile. */
  readonly tile: readonly [number, number];
}

/** Result `[N, g, n, e]`, and log Σ eˢ of each row of scores, `[N, g, n]`: all that derivatives need. */
interface Attended {
  readonly out: Tensor;
  readonly logSum: Tensor;
}

/** The score of a pair that may not meet. Finite, so that no difference of two of them is NaN. */
const HIDDEN = -1e30;

/** `[N, …, n, rest]` along `axis` as tiles `[tiles, N, …, size, rest]`, filled up with zeros. */
function tiles(x: Tensor, axis: number, size: number): Tensor {
  const count = Math.ceil(x.shape[axis]! / size);
  const missing = count * size - x.shape[axis]!;
  const gap = x.shape.map((n, i) => (i === axis ? missing : n));
  const whole = missing === 0 ? x : concat([x, zerosLike({ shape: gap, dtype: x.dtype })], axis);
  const split = whole.reshape([...x.shape.slice(0, axis), count, size, ...x.shape.slice(axis + 1)]);
  const order = split.shape.map((_, i) => i).filter((i) => i !== axis);
  return split.transpose([axis, ...order]);
}

/** Queries `[N, g, n, …]` as tiles `[tiles, N, g · size, …]`: groups share the keys, and so the matrix product. */
function queryTiles(x: Tensor, size: number): Tensor {
  const split = tiles(x, 2, size);
  const [count, n, g, , ...rest] = split.shape as [number, number, number, number, ...number[]];
  return split.reshape([count, n, g * size, ...rest]);
}

/** The inverse of `queryTiles`. */
function joinQueries(x: Tensor, [n, g, length]: readonly number[]): Tensor {
  const [count, , rows, ...rest] = x.shape as [number, number, number, ...number[]];
  const order = [1, 2, 0, 3, ...rest.map((_, i) => 4 + i)];
  const split = x.reshape([count, n!, g!, rows / g!, ...rest]).transpose(order);
  return split.reshape([n!, g!, (count * rows) / g!, ...rest]).at(":", ":", `0:${length}`);
}

/** `scan`, or a single call where there is a single slice: then nothing needs tracing. */
function loop<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  count: number,
): { readonly carry: C; readonly ys: Y } {
  if (count > 1) return scan(f, init, xs);
  const [carry, y] = f(
    init,
    tree.map((x) => x.at(0), xs),
  );
  return { carry, ys: tree.map((x) => x.expandDims(0), y) };
}

/** A tile of keys as loops hand it over; `start` is the position of its first key. */
interface KeyTile {
  readonly k: Tensor;
  readonly v: Tensor;
  readonly keyMask: Tensor | null;
  readonly start: Tensor;
}

/** What is the same in all tiles. */
class Tiling {
  readonly sizes: readonly [number, number];
  readonly counts: readonly [number, number];
  readonly #plan: TilePlan;
  readonly #keys: number;
  /** Whether queries would see the zeros that fill up the last tile. */
  readonly #showsEnd: boolean;
  readonly #rows: Tensor;
  readonly #columns: Tensor;
  readonly #slopes: Tensor | null;

  constructor({ q, k, slopes }: TiledOperands, plan: TilePlan) {
    const [, g, n] = q.shape as [number, number, number, number];
    const m = k.shape[1]!;
    this.sizes = [Math.min(plan.tile[0], n), Math.min(plan.tile[1], m)];
    this.counts = [Math.ceil(n / this.sizes[0]), Math.ceil(m / this.sizes[1])];
    this.#plan = plan;
    this.#keys = m;
    const isHidden = plan.causal && plan.offset + n <= m;
    this.#showsEnd = m % this.sizes[1] !== 0 && !isHidden;
    const inTile = arange(0, this.sizes[0], 1, q.dtype).reshape([1, -1]);
    this.#rows = inTile.broadcastTo([g, this.sizes[0]]).reshape([-1, 1]);
    this.#columns = arange(0, this.sizes[1], 1, q.dtype);
    const rows = [k.shape[0]!, g, this.sizes[0]];
    this.#slopes = slopes?.expandDims(2).broadcastTo(rows).reshape([rows[0]!, -1, 1]) ?? null;
  }

  /** The first position of each tile along queries (among the keys) or keys. */
  starts(side: 0 | 1, { q }: TiledOperands): Tensor {
    const first = side === 0 ? this.#plan.offset : 0;
    return arange(0, this.counts[side], 1, q.dtype).mul(this.sizes[side]).add(first);
  }

  keyTiles({ q, k, v, keyMask }: TiledOperands): KeyTile {
    const size = this.sizes[1];
    return {
      k: tiles(k, 1, size),
      v: tiles(v, 1, size),
      keyMask: keyMask && tiles(keyMask, 1, size),
      start: this.starts(1, { q, k, v, keyMask, slopes: null }),
    };
  }

  /** Scores `[N, rows, keys]` of one tile. */
  scores(q: Tensor, start: Tensor, { k, keyMask, start: keyStart }: KeyTile): Tensor {
    let s = contract(q, k, { axes: [[2], [2]], batch: [[0], [0]] });
    const row = this.#rows.add(start);
    const column = this.#columns.add(keyStart);
    if (this.#slopes) s = s.sub(row.sub(column).abs().mul(this.#slopes));
    if (keyMask) s = keyMask.expandDims(1).where(s, HIDDEN);
    if (this.#plan.causal) s = row.greaterEqual(column).where(s, HIDDEN);
    if (this.#showsEnd) s = column.less(this.#keys).where(s, HIDDEN);
    return s;
  }

  /** One more tile of keys, unless all of them come after all queries. */
  meet<C, X extends KeyTile>(f: (carry: C, tile: X) => C, carry: C, tile: X, start: Tensor): C {
    if (!this.#plan.causal || this.counts[1] === 1) return f(carry, tile);
    const isSeen = tile.start.lessEqual(start.add(this.sizes[0] - 1));
    return cond(isSeen, f, (unchanged: C, _tile: X): C => unchanged, carry, tile);
  }
}

/** What a block of queries knows after some tiles of keys. */
interface Running {
  /** Largest score so far, `[N, rows]`. */
  readonly top: Tensor;
  /** Σ e^(score - top), and the sum of values with these weights. */
  readonly total: Tensor;
  readonly sum: Tensor;
}

const weigh = (weights: Tensor, values: Tensor): Tensor =>
  contract(weights, values, { axes: [[2], [1]], batch: [[0], [0]] });

function attend(operands: TiledOperands, plan: TilePlan): Attended {
  const { q, k, v } = operands;
  const tiling = new Tiling(operands, plan);
  const [queries, keys] = tiling.counts;
  const rows = q.shape[1]! * tiling.sizes[0];
  const [n, e] = [k.shape[0]!, v.shape[2]!];
  const through = tiling.keyTiles(operands);
  const block = (_: null, { tile, start }: { tile: Tensor; start: Tensor }): readonly [null, Attended] => {
    const next = ({ top, total, sum }: Running, key: KeyTile): Running => {
      const s = tiling.scores(tile, start, key);
      const above = top.maximum(s.max({ axis: 2 }));
      const weights = exp(s.sub(above.expandDims(2)));
      const shrink = exp(top.sub(above));
      return {
        top: above,
        total: total.mul(shrink).add(weights.sum({ axis: 2 })),
        sum: sum.mul(shrink.expandDims(2)).add(weigh(weights, key.v)),
      };
    };
    const begin: Running = {
      top: full([n, rows], HIDDEN, q.dtype),
      total: zerosLike({ shape: [n, rows], dtype: q.dtype }),
      sum: zerosLike({ shape: [n, rows, e], dtype: q.dtype }),
    };
    const { carry } = loop(
      (state: Running, key: KeyTile): readonly [Running, null] => [
        tiling.meet(next, state, key, start),
        null,
      ],
      begin,
      through,
      keys,
    );
    // A query that sees no key gets zeros, and a sum that makes its weights zero.
    const sees = carry.top.greater(HIDDEN / 2);
    const out = sees.expandDims(2).where(carry.sum.div(carry.total.expandDims(2)), 0);
    const logSum = sees.where(carry.top.add(log(carry.total)), 0);
    return [null, { out, logSum }];
  };
  const xs = { tile: queryTiles(q, tiling.sizes[0]), start: tiling.starts(0, operands) };
  const { ys } = loop(block, null, xs, queries);
  return { out: joinQueries(ys.out, q.shape), logSum: joinQueries(ys.logSum, q.shape) };
}

type Tangents = Pick<TiledOperands, "q" | "k" | "v">;

interface KeyTangents extends KeyTile {
  readonly dk: Tensor;
  readonly dv: Tensor;
}

/**
 * The derivative in queries, keys and values: with weights P = e^(S - log Σ eˢ) of each tile, computed again,
 * dO = Σ (P∘dS) V + P dV - (Σ P∘dS) O. Its transpose is the backward pass of FlashAttention: five products a tile.
 */
function pushAttended(operands: TiledOperands, d: Tangents, value: Attended, plan: TilePlan): Attended {
  const { q, k, v } = operands;
  const tiling = new Tiling(operands, plan);
  const [queries, keys] = tiling.counts;
  const [sizeQ, sizeK] = tiling.sizes;
  const rows = q.shape[1]! * sizeQ;
  const [n, e] = [k.shape[0]!, v.shape[2]!];
  const through: KeyTangents = {
    ...tiling.keyTiles(operands),
    dk: tiles(d.k, 1, sizeK),
    dv: tiles(d.v, 1, sizeK),
  };
  interface Block {
    readonly tile: Tensor;
    readonly dq: Tensor;
    readonly out: Tensor;
    readonly logSum: Tensor;
    readonly start: Tensor;
  }
  interface Sums {
    readonly out: Tensor;
    readonly logSum: Tensor;
  }
  const block = (_: null, { tile, dq, out, logSum, start }: Block): readonly [null, Attended] => {
    const next = (sums: Sums, key: KeyTangents): Sums => {
      const weights = exp(tiling.scores(tile, start, key).sub(logSum.expandDims(2)));
      const product = (a: Tensor, b: Tensor): Tensor =>
        contract(a, b, { axes: [[2], [2]], batch: [[0], [0]] });
      const change = weights.mul(product(dq, key.k).add(product(tile, key.dk)));
      return {
        out: sums.out.add(weigh(change, key.v)).add(weigh(weights, key.dv)),
        logSum: sums.logSum.add(change.sum({ axis: 2 })),
      };
    };
    const begin: Sums = {
      out: zerosLike({ shape: [n, rows, e], dtype: q.dtype }),
      logSum: zerosLike({ shape: [n, rows], dtype: q.dtype }),
    };
    const { carry } = loop(
      (sums: Sums, key: KeyTangents): readonly [Sums, null] => [tiling.meet(next, sums, key, start), null],
      begin,
      through,
      keys,
    );
    return [null, { out: carry.out.sub(carry.logSum.expandDims(2).mul(out)), logSum: carry.logSum }];
  };
  const xs: Block = {
    tile: queryTiles(q, sizeQ),
    dq: queryTiles(d.q, sizeQ),
    out: queryTiles(value.out, sizeQ),
    logSum: queryTiles(value.logSum, sizeQ),
    start: tiling.starts(0, operands),
  };
  const { ys } = loop(block, null, xs, queries);
  return { out: joinQueries(ys.out, q.shape), logSum: joinQueries(ys.logSum, q.shape) };
}

/**
 * softmax(Q Kᵀ - distances) V over keys that are not hidden, in tiles with a running maximum and sum. Differentiable in
 * q, k and v to any order. O(N g n m (d + e)) arithmetic, O(N g (n + m) (d + e)) memory with all derivatives.
 *
 * Source: Dao, Fu, Ermon, Rudra and Ré, FlashAttention (2022); the running sum is Milakov and Gimelshein's (2018).
 */
export function tiledAttention(operands: TiledOperands, plan: TilePlan): Tensor {
  const attention = customJvp(
    (all: TiledOperands): Attended => attend(all, plan),
    ([all], [d], value) => pushAttended(all, d, value, plan),
  );
  return attention(operands).out;
}
