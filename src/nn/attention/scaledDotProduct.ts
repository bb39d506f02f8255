// The public face of attention in tiles: shapes, options and checks.

import { checkCount, checkFloats, checkRank, checkTensor } from "../../tensor/check.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tiledAttention } from "./tiles.ts";

export interface AttentionOptions {
  /** Queries see no later keys; the last query stands beside the last key unless `offset` says otherwise. */
  readonly causal?: boolean;
  /** Position of the first query among the keys; keys less queries where causal, 0 elsewhere, unless told. */
  readonly offset?: number;
  /** Factor of the scores, 1/√d unless told. */
  readonly scale?: number;
  /** `[B, m]`, bool, true for keys that may be attended to: batches of sequences of different lengths. */
  readonly keyMask?: Tensor;
  /** `[H]`: slope · |distance| is taken off the scores (ALiBi). A constant to derivatives. */
  readonly slopes?: Tensor;
  /** Queries and keys that meet at once; chosen to fit the caches unless told. */
  readonly tile?: readonly [number, number];
}

/** Tiles that were fastest for heads of 32 to 128 features: smaller ones where half of them can be left out. */
const defaultTile = (causal: boolean): readonly [number, number] => (causal ? [128, 256] : [128, 512]);

/**
 * softmax(scale · Q Kᵀ) V for q `[B, H, n, d]`, k `[B, K, m, d]` and v `[B, K, m, e]`: `[B, H, n, e]`. H must be a multiple
 * of K; H / K neighbouring heads of queries then share keys and values (grouped queries). More leading axes than B are
 * a batch too; without B, shapes are `[H, n, d]`. Computed in tiles: O(B H n m (d + e)) arithmetic, and memory that
 * grows with n + m, not with n · m, in the forward pass and in all derivatives. A query that sees no key gets zeros.
 *
 * Throws ShapeError or DTypeError where operands do not fit, DomainError for options out of range.
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const what = "scaledDotProductAttention";
  const operands = { q, k, v };
  for (const [name, x] of Object.entries(operands)) {
    checkFloats(`${what}: ${name}`, x);
    checkRank(`${what}: ${name}`, x, 3, Number.POSITIVE_INFINITY);
    if (x.dtype !== q.dtype)
      throw new DTypeError(`${what}: ${name}: ${q.dtype} was expected, as q has, got ${x.dtype}`);
  }
  const batch = q.shape.slice(0, -3);
  const [heads, n, d] = q.shape.slice(-3) as [number, number, number];
  const [groups, m] = k.shape.slice(-3) as [number, number, number];
  const e = v.shape.at(-1)!;
  const expect = (name: string, x: Tensor, shape: readonly number[]): void => {
    if (!sameShape(x.shape, shape))
      throw new ShapeError(
        `${what}: ${name}: shape ${formatShape(shape)} was expected for q of shape ${formatShape(q.shape)}, got ${formatShape(x.shape)}`,
      );
  };
  expect("k", k, [...batch, groups, m, d]);
  expect("v", v, [...batch, groups, m, e]);
  if (groups === 0 || heads % groups !== 0)
    throw new ShapeError(
      `${what}: k: a number of heads that divides the ${heads} of q was expected, got ${groups}`,
    );
  if (n === 0 || m === 0 || d === 0)
    throw new ShapeError(`${what}: q, k: at least one query, key and feature was expected`);
  const { causal = false, scale = 1 / Math.sqrt(d), keyMask, slopes } = options;
  const { offset = causal ? m - n : 0, tile = defaultTile(causal) } = options;
  if (!Number.isFinite(scale))
    throw new DomainError(`${what}: scale: a finite number was expected, got ${scale}`);
  if (!Number.isSafeInteger(offset))
    throw new DomainError(`${what}: offset: an integer was expected, got ${offset}`);
  for (const size of tile) checkCount(`${what}: tile`, size);
  const count = sizeOf(batch);
  const rows = count * groups;
  const g = heads / groups;
  if (keyMask) {
    checkTensor(`${what}: keyMask`, keyMask);
    if (keyMask.dtype !== "bool")
      throw new DTypeError(`${what}: keyMask: bool was expected, got ${keyMask.dtype}`);
    expect("keyMask", keyMask, [...batch, m]);
  }
  if (slopes) {
    checkFloats(`${what}: slopes`, slopes);
    expect("slopes", slopes, [heads]);
  }
  // Narrow floats are widened once, not product by product.
  const wide = dtypeInfo(q.dtype).packed ? "float32" : q.dtype;
  const result = tiledAttention(
    {
      q: q.astype(wide).mul(scale).reshape([rows, g, n, d]),
      k: k.astype(wide).reshape([rows, m, d]),
      v: v.astype(wide).reshape([rows, m, e]),
      keyMask: keyMask?.reshape([count, 1, m]).broadcastTo([count, groups, m]).reshape([rows, m]) ?? null,
      slopes:
        slopes?.astype(wide).reshape([1, groups, g]).broadcastTo([count, groups, g]).reshape([rows, g]) ??
        null,
    },
    { causal, offset, tile },
  );
  return result.reshape([...batch, heads, n, e]).astype(q.dtype);
}
