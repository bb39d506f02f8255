// Polynomial and second-order attention as layers: projections to heads, and states for one token after another.

import { splitPass } from "../../nn/base/pass.ts";
import { ones as onesInit } from "../../nn/init/initializers.ts";
import { type DenseParams, dense, type WeightOptions, weightOptions } from "../../nn/layers/dense.ts";
import type { Layer, Pass } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import {
  checkAxis,
  checkCount,
  checkDivides,
  checkFloats,
  checkRank,
  parameterDType,
} from "../../tensor/check.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  emptyPolynomialState,
  type PolynomialOptions,
  type PolynomialState,
  planPolynomial,
  polynomialAttention,
  polynomialStep,
} from "./polynomialAttention.ts";
import {
  emptySecondOrderState,
  planSecondOrder,
  type SecondOrderOptions,
  type SecondOrderState,
  secondOrder,
  secondOrderStep,
} from "./secondOrder.ts";

export interface HeadOptions extends WeightOptions {
  /** Features of the input and of the output. */
  readonly dim: number;
  /** A divisor of `dim`. */
  readonly heads: number;
}

export type TensorAttentionOptions = HeadOptions & PolynomialOptions;
export type SecondOrderAttentionOptions = HeadOptions & SecondOrderOptions;

export interface TensorAttentionParams {
  /** `[dim, dim]` each. */
  readonly query: DenseParams;
  readonly key: DenseParams;
  readonly value: DenseParams;
  readonly out: DenseParams;
  /** `[heads]`: factors of the queries, where their length matters (not where scores are divided by their sum). */
  readonly scale?: Tensor;
}

/** A layer along sequences x `[B, n, dim]` that takes tokens one after another, too. */
export interface StreamingLayer<P, S> extends Layer<P> {
  /** What is known before the first token of `batch` sequences. */
  state(batch: number): S;
  /** The next token x `[B, dim]` of each sequence: the row of `apply` at its place, at a cost that does not grow. */
  step(params: P, state: S, x: Tensor): { readonly y: Tensor; readonly state: S };
}

/** An attention between projections, whatever it is made of. */
interface Core<S> {
  /** `[B, heads, n, d]` each. */
  readonly all: (q: Tensor, k: Tensor, v: Tensor) => Tensor;
  readonly empty: (leading: readonly number[], d: number, dtype: DType) => S;
  /** `[B, heads, d]` each. */
  readonly one: (state: S, q: Tensor, k: Tensor, v: Tensor) => { readonly y: Tensor; readonly state: S };
  readonly scaled: boolean;
  readonly streams: boolean;
}

/** Vectors along the last axis brought to length 1; zeros stay. */
const unit = (x: Tensor): Tensor => x.div(x.square().sum({ axis: -1, keepDims: true }).add(1e-12).sqrt());

function heads<S>(
  name: string,
  options: HeadOptions,
  core: Core<S>,
): StreamingLayer<TensorAttentionParams, S> {
  const dim = checkCount(`${name}: dim`, options.dim);
  const count = checkCount(`${name}: heads`, options.heads);
  checkDivides(`${name}: heads`, count, dim, "dim");
  const d = dim / count;
  const dtype = parameterDType(name, options.dtype);
  const map = dense({ ...weightOptions(options), in: dim, out: dim });
  type Parts = readonly [Tensor, Tensor, Tensor];
  const project = (params: TensorAttentionParams, x: Tensor, pass?: Pass): Parts => {
    const passes = splitPass(pass, 3);
    const parts = (["query", "key", "value"] as const).map((part, i) => {
      const y = map.apply(params[part], x, passes[i]);
      return y.reshape([...x.shape.slice(0, -1), count, d]);
    });
    const [q, k, v] = parts as [Tensor, Tensor, Tensor];
    const query = unit(q);
    return [params.scale ? query.mul(params.scale.expandDims(1)) : query, unit(k), v];
  };
  return {
    init: (from) => {
      const [query, key, value, out] = split(from, 4) as [Tensor, Tensor, Tensor, Tensor];
      return {
        query: map.init(query),
        key: map.init(key),
        value: map.init(value),
        out: map.init(out),
        ...(core.scaled && {
          scale: onesInit(from, { shape: [count], fanIn: count, fanOut: count, dtype }),
        }),
      };
    },
    apply: (params, x, pass) => {
      checkFloats(`${name}: x`, x);
      checkRank(`${name}: x`, x, 3);
      checkAxis(`${name}: x`, x, 2, dim);
      const [first, second] = splitPass(pass, 2);
      const [q, k, v] = project(params, x, first).map((part) => part.transpose([0, 2, 1, 3])) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      const y = core.all(q, k, v).transpose([0, 2, 1, 3]).reshape(x.shape);
      return map.apply(params.out, y, second);
    },
    state: (batch) => core.empty([checkCount(`${name}: state: batch`, batch), count], d, dtype),
    step: (params, state, x) => {
      if (!core.streams)
        throw new DomainError(`${name}: step: causal order was expected, got a layer with causal: false`);
      checkFloats(`${name}: step: x`, x);
      checkRank(`${name}: step: x`, x, 2);
      checkAxis(`${name}: step: x`, x, 1, dim);
      const [q, k, v] = project(params, x);
      const { y, state: next } = core.one(state, q, k, v);
      return { y: map.apply(params.out, y.reshape(x.shape)), state: next };
    },
  };
}

/**
 * Attention with polynomial scores ⟨q, k⟩^p between projections: x `[B, n, dim]` to the same shape. Queries and keys have
 * length 1 in each head; a factor of each head is learned where it matters. See `polynomialAttention` for the forms,
 * which agree, and their costs. `step` takes one token at O(dim (d + D)) for heads of d = dim / heads features and
 * D = (d+p-1 choose p).
 *
 * Throws DomainError for a degree that is no positive integer, an odd one with `normalize`, heads that do not divide `dim`;
 * ShapeError or DTypeError for inputs that do not fit.
 *
 * Source: Deep Tensor Network (2023).
 */
export function tensorAttention(
  options: TensorAttentionOptions,
): StreamingLayer<TensorAttentionParams, PolynomialState> {
  const name = "tensorAttention";
  const plan = planPolynomial(name, options);
  return heads(name, options, {
    all: (q, k, v) => polynomialAttention(q, k, v, plan),
    empty: (leading, d, dtype) => emptyPolynomialState(leading, d, d, plan.degree, dtype),
    one: (state, q, k, v) => polynomialStep(state, q, k, v, plan),
    scaled: !plan.normalize,
    streams: plan.causal,
  });
}

/**
 * Second-order attention (see `secondOrder`) between projections: x `[B, n, dim]` to the same shape, in causal order. `step`
 * takes one token at O(dim d) for heads of d = dim / heads features.
 *
 * Throws DomainError for options out of range and heads that do not divide `dim`; ShapeError or DTypeError for inputs that do
 * not fit.
 */
export function secondOrderAttention(
  options: SecondOrderAttentionOptions,
): StreamingLayer<TensorAttentionParams, SecondOrderState> {
  const name = "secondOrderAttention";
  const plan = planSecondOrder(name, options);
  return heads(name, options, {
    all: (q, k, v) => secondOrder(q, k, v, plan),
    empty: (leading, d, dtype) => emptySecondOrderState(leading, d, d, dtype),
    one: (state, q, k, v) => secondOrderStep(state, q, k, v, plan.normalize),
    scaled: true,
    streams: true,
  });
}
