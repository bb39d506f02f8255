// Attention as a layer: projections to heads, positions, and caches for one token after another.

import { contract } from "../../ops/contract.ts";
import { scatter } from "../../ops/gather.ts";
import { readable } from "../../ops/known.ts";
import { exp } from "../../ops/transcendental.ts";
import type { Layer, Pass } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import {
  checkAxis,
  checkCount,
  checkDivides,
  checkFloats,
  checkPositive,
  checkRank,
  parameterDType,
} from "../../tensor/check.ts";
import { arange, tensor, zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { splitPass } from "../base/pass.ts";
import { type DenseParams, dense, type WeightOptions, weightOptions } from "../layers/dense.ts";
import { alibiSlopes, type RotaryOptions, rotate } from "./positions.ts";
import { scaledDotProductAttention } from "./scaledDotProduct.ts";

export interface MultiHeadOptions extends WeightOptions {
  /** Features of the input and of the output. */
  readonly dim: number;
  readonly heads: number;
  /** Heads of keys and values, a divisor of `heads`, which it is unless told: grouped queries. */
  readonly kvHeads?: number;
  /** Features of a head, dim / heads unless told. */
  readonly headDim?: number;
  /** Features of what keys and values are made of, `dim` unless told. */
  readonly contextDim?: number;
  readonly causal?: boolean;
  /** Rotary positions. */
  readonly rotary?: boolean | RotaryOptions;
  /** Scores fall linearly with distance. */
  readonly alibi?: boolean;
  /** Factor of the scores, 1/√headDim unless told. */
  readonly scale?: number;
}

export interface MultiHeadParams {
  /** `[dim, heads · headDim]` */
  readonly query: DenseParams;
  /** `[contextDim, kvHeads · headDim]` */
  readonly key: DenseParams;
  readonly value: DenseParams;
  /** `[heads · headDim, dim]` */
  readonly out: DenseParams;
}

/** What attention looks at, where that is more than its input. */
export interface AttentionInput {
  /** `[B, n, dim]`: queries are made of it. */
  readonly x: Tensor;
  /** `[B, m, contextDim]`: keys and values are made of it; x unless told. */
  readonly context?: Tensor;
  /** `[B, m]`, bool: true for keys that may be attended to. */
  readonly keyMask?: Tensor;
}

/** Keys and values of the tokens so far. */
export interface AttentionCache {
  /** `[B, kvHeads, capacity, headDim]` */
  readonly k: Tensor;
  readonly v: Tensor;
  /** Number of tokens, an int32 scalar. */
  readonly length: Tensor;
}

export interface MultiHeadAttention extends Layer<MultiHeadParams, Tensor | AttentionInput> {
  /** An empty cache for `batch` sequences of at most `capacity` tokens. */
  cache(batch: number, capacity: number): AttentionCache;
  /**
   * The next tokens x `[B, t, dim]` of each sequence, which see those in the cache, themselves and those before them:
   * what `apply` with `causal` gives at their places. O(capacity) for each token. Throws DomainError for more tokens than
   * there is room for (where the length is traced, ShapeError when it runs).
   */
  step(
    params: MultiHeadParams,
    cache: AttentionCache,
    x: Tensor,
  ): { readonly y: Tensor; readonly cache: AttentionCache };
}

/** `[B, n, heads · d]` as `[B, heads, n, d]`. */
const splitHeads = (x: Tensor, heads: number): Tensor =>
  x.reshape([...x.shape.slice(0, 2), heads, x.shape[2]! / heads]).transpose([0, 2, 1, 3]);

/** The inverse of `splitHeads`. */
const joinHeads = (x: Tensor): Tensor => {
  const [b, heads, n, d] = x.shape as [number, number, number, number];
  return x.transpose([0, 2, 1, 3]).reshape([b, n, heads * d]);
};

/**
 * Multi-head attention (Vaswani et al., 2017) of x `[B, n, dim]`, to itself or to a context, with grouped queries (Ainslie
 * et al., 2023), rotary positions and ALiBi where asked for. Memory grows linearly with the number of tokens, see
 * `scaledDotProductAttention`. Throws DomainError for options out of range, ShapeError or DTypeError for inputs that do
 * not fit.
 */
export function multiHeadAttention(options: MultiHeadOptions): MultiHeadAttention {
  const name = "multiHeadAttention";
  const dim = checkCount(`${name}: dim`, options.dim);
  const heads = checkCount(`${name}: heads`, options.heads);
  const kvHeads = checkCount(`${name}: kvHeads`, options.kvHeads ?? heads);
  checkDivides(`${name}: kvHeads`, kvHeads, heads, "heads");
  if (options.headDim === undefined) checkDivides(`${name}: heads`, heads, dim, "dim");
  const headDim = checkCount(`${name}: headDim`, options.headDim ?? dim / heads);
  const contextDim = checkCount(`${name}: contextDim`, options.contextDim ?? dim);
  const { causal = false, rotary = false, alibi = false, scale = 1 / Math.sqrt(headDim) } = options;
  checkPositive(`${name}: scale`, scale);
  if (rotary && headDim % 2 !== 0)
    throw new DomainError(
      `${name}: headDim: an even number was expected for rotary positions, got ${headDim}`,
    );
  const dtype = parameterDType(name, options.dtype);
  const weights = weightOptions(options);
  const maps = {
    query: dense({ ...weights, in: dim, out: heads * headDim }),
    key: dense({ ...weights, in: contextDim, out: kvHeads * headDim }),
    value: dense({ ...weights, in: contextDim, out: kvHeads * headDim }),
    out: dense({ ...weights, in: heads * headDim, out: dim }),
  };
  const turn = (x: Tensor, positions: Tensor): Tensor =>
    rotary ? rotate(x, positions, rotary === true ? {} : rotary) : x;
  const slopes = (type: DType): { slopes?: Tensor } =>
    alibi ? { slopes: tensor([...alibiSlopes(heads)]).astype(type) } : {};

  const apply = (params: MultiHeadParams, given: Tensor | AttentionInput, pass?: Pass): Tensor => {
    const { x, context = x, keyMask }: AttentionInput = given instanceof Tensor ? { x: given } : given;
    checkFloats(`${name}: x`, x);
    checkRank(`${name}: x`, x, 3);
    checkAxis(`${name}: x`, x, 2, dim);
    checkRank(`${name}: context`, context, 3);
    checkAxis(`${name}: context`, context, 2, contextDim);
    if (context.shape[0] !== x.shape[0])
      throw new ShapeError(
        `${name}: context: ${x.shape[0]} sequences were expected, got shape ${formatShape(context.shape)}`,
      );
    const [n, m] = [x.shape[1]!, context.shape[1]!];
    const passes = splitPass(pass, 4);
    // Queries stand at the end of the keys where those before them are hidden from none.
    const first = causal ? m - n : 0;
    const q = splitHeads(maps.query.apply(params.query, x, passes[0]), heads);
    const k = splitHeads(maps.key.apply(params.key, context, passes[1]), kvHeads);
    const v = splitHeads(maps.value.apply(params.value, context, passes[2]), kvHeads);
    const y = scaledDotProductAttention(turn(q, arange(first, first + n, 1)), turn(k, arange(0, m, 1)), v, {
      causal,
      scale,
      ...(keyMask && { keyMask }),
      ...slopes(q.dtype),
    });
    return maps.out.apply(params.out, joinHeads(y), passes[3]);
  };

  const step = (
    params: MultiHeadParams,
    cache: AttentionCache,
    x: Tensor,
  ): { readonly y: Tensor; readonly cache: AttentionCache } => {
    checkRank(`${name}: step: x`, x, 3);
    checkAxis(`${name}: step: x`, x, 2, dim);
    const [batch, t] = x.shape as [number, number, number];
    checkAxis(`${name}: step: cache`, cache.k, 0, batch);
    const capacity = cache.k.shape[2]!;
    const before = readable(cache.length)?.item() ?? 0;
    if (before + t > capacity)
      throw new DomainError(
        `${name}: step: x: at most ${capacity - before} more tokens were expected, got ${t}`,
      );
    const places = arange(0, t, 1).astype("int32").add(cache.length);
    const q = turn(splitHeads(maps.query.apply(params.query, x), heads), places);
    const newK = turn(splitHeads(maps.key.apply(params.key, x), kvHeads), places);
    const newV = splitHeads(maps.value.apply(params.value, x), kvHeads);
    const k = scatter(cache.k, places, newK, { axis: 2 });
    const v = scatter(cache.v, places, newV, { axis: 2 });
    const g = heads / kvHeads;
    const axes = {
      batch: [
        [0, 1],
        [0, 1],
      ] as const,
    };
    const rows = q.mul(scale).reshape([batch, kvHeads, g * t, headDim]);
    const scores = contract(rows, k, { axes: [[3], [3]], ...axes }).reshape([batch, kvHeads, g, t, capacity]);
    const keys = arange(0, capacity, 1).astype("int32");
    const distance = places.expandDims(1).sub(keys);
    const penalty = alibi
      ? distance.astype(q.dtype).mul(slopes(q.dtype).slopes!.reshape([kvHeads, g, 1, 1]))
      : 0;
    const seen = distance.greaterEqual(0).where(scores.sub(penalty), -1e30);
    const above = exp(seen.sub(seen.max({ axis: -1, keepDims: true })));
    const shares = above.div(above.sum({ axis: -1, keepDims: true }));
    const mixed = contract(shares.reshape([batch, kvHeads, g * t, capacity]), v, {
      axes: [[3], [2]],
      ...axes,
    });
    const y = maps.out.apply(params.out, joinHeads(mixed.reshape([batch, heads, t, headDim])));
    return { y, cache: { k, v, length: cache.length.add(t) } };
  };

  return {
    init: (key) => {
      const [q, k, v, out] = split(key, 4) as [Tensor, Tensor, Tensor, Tensor];
      return {
        query: maps.query.init(q),
        key: maps.key.init(k),
        value: maps.value.init(v),
        out: maps.out.init(out),
      };
    },
    apply,
    cache: (batch, capacity) => {
      checkCount(`${name}: cache: batch`, batch);
      checkCount(`${name}: cache: capacity`, capacity);
      const empty = zeros([batch, kvHeads, capacity, headDim], dtype);
      return { k: empty, v: empty, length: zeros([], "int32") };
    },
    step,
  };
}
