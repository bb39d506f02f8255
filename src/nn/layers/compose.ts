// Layers made of layers.

import { concat } from "../../ops/join.ts";
import type { Layer } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { splitPass } from "../base/pass.ts";
import { type Activation, relu } from "./activations.ts";
import { type DenseParams, dense, type WeightOptions } from "./dense.ts";
import { dropout } from "./dropout.ts";
import { lambda } from "./lambda.ts";

/** One layer for each entry of a tuple of parameters. */
export type Layers<P extends readonly unknown[]> = { readonly [K in keyof P]: Layer<P[K]> };

/** Parameters of layers, each from a key of its own. */
export function initAll<P extends readonly unknown[]>(layers: Layers<P>, key: Tensor): P {
  const keys = split(key, layers.length);
  return layers.map((layer, i) => layer.init(keys[i]!)) as unknown as P;
}

/** Layers one after another, and what they are. */
export interface Sequential<P extends readonly unknown[]> extends Layer<P> {
  readonly layers: Layers<P>;
}

/** One layer after another; its parameters are an array of theirs. Keys are split among them. */
export const sequential = <P extends readonly unknown[]>(...layers: Layers<P>): Sequential<P> => ({
  layers,
  init: (key) => initAll<P>(layers, key),
  apply: (params, x, pass) => {
    const passes = splitPass(pass, layers.length);
    return layers.reduce((y: Tensor, layer, i) => layer.apply(params[i], y, passes[i]), x);
  },
});

/** x + layer(x): He, Zhang, Ren and Sun (2016). Shapes must agree. */
export const residual = <P>(layer: Layer<P>): Layer<P> => ({
  init: (key) => layer.init(key),
  apply: (params, x, pass) => x.add(layer.apply(params, x, pass)),
});

/**
 * Several layers on one input; `join` makes one result of theirs, and concatenates them along the last axis unless
 * told. Parameters are an array of theirs.
 */
export const parallel = <P extends readonly unknown[]>(
  layers: Layers<P>,
  join: (results: readonly Tensor[]) => Tensor = (results) => concat([...results], -1),
): Layer<P> => ({
  init: (key) => initAll<P>(layers, key),
  apply: (params, x, pass) => {
    const passes = splitPass(pass, layers.length);
    return join(layers.map((layer, i) => layer.apply(params[i], x, passes[i])));
  },
});

export interface MlpOptions extends WeightOptions {
  /** Features of the input, of the hidden layers and of the output. */
  readonly sizes: readonly number[];
  /** Between the layers, `relu` unless told. */
  readonly activation?: Activation;
  /** Behind the last layer; none unless told. */
  readonly outputActivation?: Activation;
  /** Rate of the dropout behind each activation, 0 unless told. */
  readonly dropout?: number;
}

/**
 * A multilayer perceptron: dense layers with an activation between them. Parameters are an array of those of the dense
 * layers. Throws DomainError for fewer than two sizes.
 */
export function mlp(options: MlpOptions): Layer<readonly DenseParams[]> {
  const { sizes, activation = relu, outputActivation, dropout: rate = 0, ...weights } = options;
  if (sizes.length < 2) throw new DomainError(`mlp: sizes: at least two were expected, got ${sizes.length}`);
  for (const size of sizes) checkCount("mlp: sizes", size);
  const layers = sizes.slice(1).map((out, i) => dense({ ...weights, in: sizes[i]!, out }));
  const drop = rate > 0 ? dropout(rate) : lambda((x) => x);
  return {
    init: (key) => initAll<readonly DenseParams[]>(layers, key),
    apply: (params, x, pass) => {
      const passes = splitPass(pass, layers.length);
      return layers.reduce((y: Tensor, layer, i) => {
        const next = layer.apply(params[i]!, y, passes[i]);
        if (i === layers.length - 1) return outputActivation ? outputActivation(next) : next;
        return drop.apply({}, activation(next), passes[i]);
      }, x);
    },
  };
}
