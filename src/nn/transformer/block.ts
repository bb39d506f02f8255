// The block that transformers are made of.

import type { Layer, Pass } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import { checkCount } from "../../tensor/check.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  type AttentionCache,
  type AttentionInput,
  type MultiHeadOptions,
  type MultiHeadParams,
  multiHeadAttention,
} from "../attention/multiHead.ts";
import { splitPass } from "../base/pass.ts";
import { type Activation, gelu, swiglu } from "../layers/activations.ts";
import { type DenseParams, dense, weightOptions } from "../layers/dense.ts";
import { dropout } from "../layers/dropout.ts";
import { layerNorm, type NormParams, rmsNorm } from "../layers/normalization.ts";

export interface TransformerBlockOptions extends MultiHeadOptions {
  /** Features between the two dense layers, 4 dim unless told. */
  readonly hidden?: number;
  readonly norm?: "layer" | "rms";
  /** `gelu` unless told; "swiglu" multiplies two maps of the input, so that there is one weight more. */
  readonly activation?: Activation | "swiglu";
  /** Rate of the dropout behind attention and the dense layers, 0 unless told. */
  readonly dropout?: number;
}

export interface TransformerBlockParams {
  readonly attention: MultiHeadParams;
  readonly attentionNorm: NormParams;
  readonly up: DenseParams;
  readonly down: DenseParams;
  readonly mlpNorm: NormParams;
}

export interface TransformerBlock extends Layer<TransformerBlockParams, Tensor | AttentionInput> {
  cache(batch: number, capacity: number): AttentionCache;
  step(
    params: TransformerBlockParams,
    cache: AttentionCache,
    x: Tensor,
  ): { readonly y: Tensor; readonly cache: AttentionCache };
}

/**
 * Attention and a two-layer perceptron, each on normalised input and added to it (pre-norm): x `[B, n, dim]` to the same
 * shape. Throws DomainError for options out of range, ShapeError for inputs that do not fit.
 */
export function transformerBlock(options: TransformerBlockOptions): TransformerBlock {
  const { hidden = 4 * options.dim, norm = "layer", activation = gelu, dropout: rate = 0, ...rest } = options;
  checkCount("transformerBlock: hidden", hidden);
  const attention = multiHeadAttention(rest);
  const { dtype } = rest;
  const weights = weightOptions(rest);
  const isGated = activation === "swiglu";
  const act: Activation = isGated ? swiglu : (x) => activation(x);
  const up = dense({ ...weights, in: options.dim, out: isGated ? 2 * hidden : hidden });
  const down = dense({ ...weights, in: hidden, out: options.dim });
  const normal = (norm === "rms" ? rmsNorm : layerNorm)({ shape: options.dim, ...(dtype && { dtype }) });
  const drop = dropout(rate);
  const mlp = (params: TransformerBlockParams, x: Tensor, pass?: Pass): Tensor => {
    const [first, second] = splitPass(pass, 2);
    return down.apply(params.down, act(up.apply(params.up, x, first)), second);
  };
  return {
    init: (key) => {
      const [k0, k1, k2] = split(key, 3) as [Tensor, Tensor, Tensor];
      return {
        attention: attention.init(k0),
        attentionNorm: normal.init(k0),
        up: up.init(k1),
        down: down.init(k2),
        mlpNorm: normal.init(k0),
      };
    },
    apply: (params, given, pass) => {
      const input: AttentionInput = given instanceof Tensor ? { x: given } : given;
      const passes = splitPass(pass, 4);
      const even = { ...input, x: normal.apply(params.attentionNorm, input.x) };
      const seen = drop.apply({}, attention.apply(params.attention, even, passes[0]), passes[1]);
      const x = input.x.add(seen);
      const next = mlp(params, normal.apply(params.mlpNorm, x), passes[2]);
      return x.add(drop.apply({}, next, passes[3]));
    },
    cache: attention.cache,
    step: (params, before, given) => {
      const even = normal.apply(params.attentionNorm, given);
      const { y, cache } = attention.step(params.attention, before, even);
      const x = given.add(y);
      return { y: x.add(mlp(params, normal.apply(params.mlpNorm, x))), cache };
    },
  };
}
