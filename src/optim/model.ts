// What a model is to everything that trains it: a pair of pure functions over a tree of parameters.

import type { Key } from "../random/key.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A model or a part of one: `init` draws parameters, `apply` evaluates. P is a plain tree of tensors, so that `grad`,
 * optimizers and files take it as it is.
 */
export interface Layer<P, X = Tensor, Y = Tensor> {
  init(key: Key): P;
  /** Evaluates at `x`; without a pass the layer is as in use: no dropout, statistics as learned. */
  apply(params: P, x: X, pass?: Pass): Y;
}

/** How an evaluation goes, where it is not the plain one of a trained model. */
export interface Pass {
  /** Training: dropout drops, batch normalisation takes the statistics of the batch. */
  readonly training?: boolean;
  /** Randomness of this evaluation. Layers in a composition receive keys split from it. */
  readonly key?: Key;
  /**
   * Told by layers that keep statistics beside their weights (batch normalisation): `old` is a leaf of the parameters,
   * `next` is what it should become after this batch.
   */
  readonly update?: (old: Tensor, next: Tensor) => void;
  /**
   * Handed every linear map of the model on its way: the weight it multiplies by, the rows that it is applied to
   * `[n, fanIn]` and the result `[n, fanOut]` before the activation, which may be replaced by what this returns.
   * Convolutions hand over their patches. Optimizers with Kronecker-factored curvature learn from it.
   */
  readonly tap?: (site: LinearSite) => Tensor;
}

/** One application of a linear map, as optimizers see it. */
export interface LinearSite {
  /** Leaves of the parameters. The bias, where there is one, is already added to the result. */
  readonly weight: Tensor;
  readonly bias?: Tensor;
  /** `[n, fanIn]`: rows that the weight is applied to; computed when called, patches of a convolution are large. */
  readonly input: () => Tensor;
  /** What the layer goes on with, of any shape whose last axis, or channel axis, has `fanOut` elements. */
  readonly result: Tensor;
}
