// Learning rates of models with structured layers.

import type { Layer } from "../../optim/model.ts";
import { key } from "../../random/key.ts";
import { checkPositive } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import { tree } from "../../tensor/tree.ts";
import type { RatedLayer, RateOptions } from "../layers/structuredLinear.ts";

export interface MuParam {
  /** By which a base learning rate is multiplied: a tree like the parameters, with numbers at the leaves. */
  readonly lrMultipliers: unknown;
}

const isRated = (model: object): model is RatedLayer<unknown> => "rateMultipliers" in model;
const isComposed = (model: object): model is { readonly layers: readonly Layer<unknown>[] } =>
  "layers" in model;

/**
 * Learning rates (of Adam) with which a structured model learns as a dense one of the base width does: a factor's is
 * multiplied by (d_in of the layer / d_in of the factor) / (number of factors), that of hidden and output layers by
 * baseWidth / d_in as in the maximal update parameterization; biases and gains keep theirs. Models are `structuredLinear`
 * layers, `sequential` ones of them, and layers with no more than vectors (norms, activations). The output layer should begin
 * with zeros (`zeroInit`). Hand the result to `withLearningRates` of polyadic/optim.
 *
 * Source: Qiu and others, "Compute better spent", ICML (2024); Yang and others, Tensor programs V (2022).
 *
 * @throws DomainError for a base width that is not positive, and for layers with weights whose widths are not known.
 */
export function muParam<P>(model: Layer<P>, options: RateOptions): MuParam {
  checkPositive("muParam: baseWidth", options.baseWidth);
  return { lrMultipliers: multipliersOf(model as Layer<unknown>, options) };
}

function multipliersOf(model: Layer<unknown>, options: RateOptions): unknown {
  if (isRated(model)) return model.rateMultipliers(options);
  if (isComposed(model)) return model.layers.map((layer) => multipliersOf(layer, options));
  const { leaves, structure } = tree.flatten(model.init(key(0)));
  if (leaves.some(({ ndim }) => ndim > 1))
    throw new DomainError(
      `muParam: model: a layer with weights (${structure.paths.join(", ")}) is no structuredLinear; structure "dense" is an ordinary one`,
    );
  return structure.build(() => 1);
}
