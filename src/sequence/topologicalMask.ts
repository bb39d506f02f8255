// Masks of attention that depend on distances in a tree by three learnable numbers.

import type { LinearOperator } from "../linalg/operator/operator.ts";
import { expQuadratic } from "../linalg/trees/distanceFunction.ts";
import type { Tree } from "../linalg/trees/tree.ts";
import { type TreeIntegrator, treeIntegrator } from "../linalg/trees/treeIntegrator.ts";
import { where } from "../ops/comparison.ts";
import { concat } from "../ops/join.ts";
import { ones } from "../tensor/create.ts";
import { ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** What makes masks of one tree: it is taken apart once, and parameters may change in every step of a training. */
export type TopologicalMask = (params: Tensor) => TreeIntegrator;

/**
 * Masks exp(a d² + b d + c) of the distances d in a tree, as operators `[n, n]`: positive, relative and aware of
 * topology, for three parameters a layer. The product is differentiable in them.
 *
 * Source: K. Choromanski and others, arXiv 2406.15881.
 *
 * @throws as `treeIntegrator`; the mask throws ShapeError unless `params` is `[3]`.
 */
export function topologicalMask(tree: Tree): TopologicalMask;
export function topologicalMask(tree: Tree, params: Tensor): TreeIntegrator;
export function topologicalMask(tree: Tree, params?: Tensor): TopologicalMask | TreeIntegrator {
  const base = treeIntegrator(tree, () => 1);
  const mask: TopologicalMask = (given) => {
    if (given.ndim !== 1 || given.shape[0] !== 3)
      throw new ShapeError(`topologicalMask: params must have shape [3], got ${formatShape(given.shape)}`);
    return base.with(expQuadratic({ a: given.at(0), b: given.at(1), c: given.at(2) }));
  };
  return params === undefined ? mask : mask(params);
}

/** elu(x) + 1, the usual positive features of linear attention. */
const positiveFeatures = (x: Tensor): Tensor => where(x.greater(0), x.add(1), x.minimum(0).exp());

export interface MaskedAttentionOptions {
  /** Queries and keys to positive features `[n, r]`; elu(x) + 1 unless told. */
  readonly features?: (x: Tensor) => Tensor;
}

/**
 * Linear attention with an operator as mask: Σⱼ Mᵢⱼ (φ(qᵢ)·φ(kⱼ)) vⱼ over the same sum without vⱼ, for queries and keys
 * `[n, r]` and values `[n, d]`, without a matrix `[n, n]`. One product of the mask with r (d + 1) columns.
 *
 * @throws ShapeError where shapes do not fit.
 */
export function maskedAttention(
  mask: LinearOperator,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: MaskedAttentionOptions = {},
): Tensor {
  const { features = positiveFeatures } = options;
  const n = mask.shape[0];
  for (const [name, x] of Object.entries({ query, key, value }))
    if (x.ndim !== 2 || x.shape[0] !== n)
      throw new ShapeError(`maskedAttention: ${name} must have shape [${n}, …], got ${formatShape(x.shape)}`);
  const [q, k] = [features(query), features(key)];
  const [r, d] = [k.shape[1], value.shape[1]];
  if (q.shape[1] !== r)
    throw new ShapeError(
      `maskedAttention: query and key must have as many features, got ${q.shape[1]} and ${r}`,
    );
  const extended = concat([value, ones([n, 1], value.dtype)], 1);
  const columns = k
    .expandDims(2)
    .mul(extended.expandDims(1))
    .reshape([n, r * (d + 1)]);
  const sums = mask.apply(columns).reshape([n, r, d + 1]);
  const mixed = q.expandDims(2).mul(sums).sum({ axis: 1 });
  return mixed.at(":", `:${d}`).div(mixed.at(":", `${d}:`));
}
