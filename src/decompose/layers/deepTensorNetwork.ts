// Deep tensor networks: blocks of tensor attention, which mixes tokens, and tensor interaction, which mixes features.

import { splitPass } from "../../nn/base/pass.ts";
import { type DenseParams, dense, type WeightOptions, weightOptions } from "../../nn/layers/dense.ts";
import { type NormParams, rmsNorm } from "../../nn/layers/normalization.ts";
import { split } from "../../random/key.ts";
import { checkAxis, checkCount, checkFloats, checkRank, parameterDType } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  type AttentionForm,
  emptyPolynomialState,
  type PolynomialState,
  polynomialAttention,
  polynomialStep,
} from "./polynomialAttention.ts";
import type { SecondOrderState } from "./secondOrder.ts";
import {
  type StreamingLayer,
  secondOrderAttention,
  type TensorAttentionOptions,
  type TensorAttentionParams,
  tensorAttention,
} from "./tensorAttention.ts";

export interface TensorInteractionOptions extends WeightOptions {
  /** Features of the input and of the output. */
  readonly dim: number;
  /** Terms of the third-order tensor, in CP form. */
  readonly rank: number;
  /** Multiply by the running second moment of the features instead, which has no ranks; no unless told. */
  readonly adaptive?: boolean;
  /** Of the sums over tokens of the adaptive kind. */
  readonly form?: AttentionForm;
}

export interface TensorInteractionParams {
  readonly norm: NormParams;
  /** `[dim, rank]` each; the adaptive kind has none. */
  readonly left?: DenseParams;
  readonly right?: DenseParams;
  /** `[rank, dim]`, or `[dim, dim]` for the adaptive kind. */
  readonly out: DenseParams;
}

/** What the adaptive kind knows of earlier tokens; nothing in the plain one. */
export type InteractionState = PolynomialState | null;

/** The second moment of all tokens so far times the last: linear attention of features to themselves. */
const MOMENT = { degree: 1, causal: true, normalize: false, decay: 1 } as const;

/**
 * Features that act on one another: x + W_o ((W_a z) ∘ (W_b z)) with z = x / rms(x), a third-order tensor of given rank applied
 * to z ⊗ z. The adaptive kind is x_t + W M_t z_t with the running second moment M_t = 1/t Σ_{s<=t} z_s z_sᵀ. x `[B, n, dim]` to the
 * same shape. O(dim rank) for each token, or O(dim²).
 *
 * Throws DomainError for options out of range, ShapeError or DTypeError for inputs that do not fit.
 */
export function tensorInteraction(
  options: TensorInteractionOptions,
): StreamingLayer<TensorInteractionParams, InteractionState> {
  const name = "tensorInteraction";
  const dim = checkCount(`${name}: dim`, options.dim);
  const rank = checkCount(`${name}: rank`, options.rank);
  const { adaptive = false, form = "parallel" } = options;
  const dtype = parameterDType(name, options.dtype);
  const weights = weightOptions(options);
  const norm = rmsNorm({ shape: dim, dtype });
  const inner = dense({ ...weights, in: dim, out: rank });
  const out = dense({ ...weights, in: adaptive ? dim : rank, out: dim });
  const plain: StreamingLayer<TensorInteractionParams, InteractionState>["apply"] = (params, x, pass) => {
    const passes = splitPass(pass, 3);
    const z = norm.apply(params.norm, x);
    const left = inner.apply(params.left!, z, passes[0]);
    const right = inner.apply(params.right!, z, passes[1]);
    return x.add(out.apply(params.out, left.mul(right), passes[2]));
  };
  const check = (what: string, x: Tensor, axes: number): void => {
    checkFloats(`${name}: ${what}`, x);
    checkRank(`${name}: ${what}`, x, axes);
    checkAxis(`${name}: ${what}`, x, -1, dim);
  };
  return {
    init: (key) => {
      const [left, right, last] = split(key, 3) as [Tensor, Tensor, Tensor];
      return {
        norm: norm.init(key),
        ...(!adaptive && { left: inner.init(left), right: inner.init(right) }),
        out: out.init(last),
      };
    },
    apply: (params, x, pass) => {
      check("x", x, 3);
      if (!adaptive) return plain(params, x, pass);
      const z = norm.apply(params.norm, x);
      return x.add(out.apply(params.out, polynomialAttention(z, z, z, { ...MOMENT, form }), pass));
    },
    state: (batch) =>
      adaptive
        ? emptyPolynomialState([checkCount(`${name}: state: batch`, batch)], dim, dim, 1, dtype)
        : null,
    step: (params, state, x) => {
      check("step: x", x, 2);
      if (state === null) return { y: plain(params, x), state };
      const z = norm.apply(params.norm, x);
      const { y, state: next } = polynomialStep(state, z, z, z, MOMENT);
      return { y: x.add(out.apply(params.out, y)), state: next };
    },
  };
}

export interface DeepTensorNetworkOptions extends TensorAttentionOptions {
  /** Number of blocks. */
  readonly layers: number;
  /** "tensor" (default) for `tensorAttention`, "secondOrder" for `secondOrderAttention`, which has no degree. */
  readonly attention?: "tensor" | "secondOrder";
  /** Rank of the interactions, 2 dim unless told. */
  readonly rank?: number;
  /** The adaptive kind of interaction; no unless told. */
  readonly adaptive?: boolean;
}

export interface DeepTensorNetworkParams {
  readonly blocks: readonly {
    readonly norm: NormParams;
    readonly attention: TensorAttentionParams;
    readonly interaction: TensorInteractionParams;
  }[];
  readonly norm: NormParams;
}

/** States of all blocks. */
export type DeepTensorNetworkState = readonly {
  readonly attention: PolynomialState | SecondOrderState;
  readonly interaction: InteractionState;
}[];

/**
 * Blocks of attention and interaction, each on normalised input and added to it, and a norm behind the last: x `[B, n, dim]` to
 * the same shape. All tokens at once or one after another (`step`), with a state whose size does not depend on n.
 *
 * Throws DomainError for options out of range, ShapeError or DTypeError for inputs that do not fit.
 *
 * Source: Deep Tensor Network (2023).
 */
export function deepTensorNetwork(
  options: DeepTensorNetworkOptions,
): StreamingLayer<DeepTensorNetworkParams, DeepTensorNetworkState> {
  const name = "deepTensorNetwork";
  const count = checkCount(`${name}: layers`, options.layers);
  const { attention: kind = "tensor", rank = 2 * options.dim, adaptive = false, form } = options;
  if (kind !== "tensor" && kind !== "secondOrder")
    throw new DomainError(`${name}: attention: "tensor" or "secondOrder" was expected, got ${String(kind)}`);
  if (kind === "secondOrder" && options.causal === false)
    throw new DomainError(`${name}: causal: true was expected with second-order attention, got false`);
  if (adaptive && options.causal === false)
    throw new DomainError(`${name}: causal: true was expected with adaptive interactions, got false`);
  type Attention = StreamingLayer<TensorAttentionParams, PolynomialState | SecondOrderState>;
  const attention = (kind === "tensor"
    ? tensorAttention(options)
    : secondOrderAttention(options)) as unknown as Attention;
  const interaction = tensorInteraction({
    ...weightOptions(options),
    dim: options.dim,
    rank,
    adaptive,
    ...(form && { form }),
  });
  const norm = rmsNorm({ shape: options.dim, dtype: parameterDType(name, options.dtype) });
  return {
    init: (key) => ({
      blocks: split(key, count).map((from) => {
        const [first, second] = split(from, 2) as [Tensor, Tensor];
        return {
          norm: norm.init(first),
          attention: attention.init(first),
          interaction: interaction.init(second),
        };
      }),
      norm: norm.init(key),
    }),
    apply: (params, x, pass) => {
      checkFloats(`${name}: x`, x);
      checkRank(`${name}: x`, x, 3);
      checkAxis(`${name}: x`, x, 2, options.dim);
      const passes = splitPass(pass, 2 * count);
      const y = params.blocks.reduce((h, block, i) => {
        const seen = attention.apply(block.attention, norm.apply(block.norm, h), passes[2 * i]);
        return interaction.apply(block.interaction, h.add(seen), passes[2 * i + 1]);
      }, x);
      return norm.apply(params.norm, y);
    },
    state: (batch) =>
      Array.from({ length: count }, () => ({
        attention: attention.state(batch),
        interaction: interaction.state(batch),
      })),
    step: (params, state, x) => {
      let y = x;
      const next = params.blocks.map((block, i) => {
        const before = state[i]!;
        const seen = attention.step(block.attention, before.attention, norm.apply(block.norm, y));
        const moved = interaction.step(block.interaction, before.interaction, y.add(seen.y));
        y = moved.y;
        return { attention: seen.state, interaction: moved.state };
      });
      return { y: norm.apply(params.norm, y), state: next };
    },
  };
}
