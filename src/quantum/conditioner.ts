// Networks that read the sites before a site: what an autoregressive state is conditioned by.

import { gruCell } from "../nn/recurrent/cells.ts";
import { recurrent } from "../nn/recurrent/recurrent.ts";
import { contract, matmul } from "../ops/contract.ts";
import { concat, tril } from "../ops/join.ts";
import { tanh } from "../ops/transcendental.ts";
import type { Layer } from "../optim/model.ts";
import { normal } from "../random/distributions.ts";
import { type Key, split } from "../random/key.ts";
import { checkCount } from "../tensor/check.ts";
import { ones, zeros } from "../tensor/create.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * A network along sites: row j of the outcome depends on the rows before j of its input. P: parameters, S: what is known when sites
 * come one after another.
 */
export interface Conditioner<P, S> {
  init(key: Key): P;
  /** One-hot sites `[B, n, d]` to `[B, n, outputs]`. */
  all(params: P, sites: Tensor): Tensor;
  start(batch: number): S;
  /** `[B, outputs]` for site j, given the one-hot site j - 1 `[B, d]` (zeros for j = 0). */
  next(params: P, state: S, j: number, before: Tensor): { readonly output: Tensor; readonly state: S };
}

export interface ConditionerOptions {
  readonly sites: number;
  readonly localDim: number;
  readonly outputs: number;
  /** Width of the hidden layer. */
  readonly hidden: number;
  readonly dtype: DType;
}

/** Outputs start at a tenth of LeCun's normal weights, without bias, so that the tensor network comes first. */
const OUTPUT_SCALE = 0.1;

interface Head {
  /** `[n, hidden, outputs]`: each site has its own. */
  readonly weight: Tensor;
  /** `[n, outputs]` */
  readonly bias: Tensor;
}

const initHead = (key: Key, { sites, hidden, outputs, dtype }: ConditionerOptions): Head => ({
  weight: normal(key, [sites, hidden, outputs])
    .mul(OUTPUT_SCALE / Math.sqrt(hidden))
    .astype(dtype),
  bias: zeros([sites, outputs], dtype),
});

/** `[B, n, hidden]` to `[B, n, outputs]`. */
const applyHead = ({ weight, bias }: Head, h: Tensor): Tensor =>
  contract(h, weight, { axes: [[2], [1]], batch: [[1], [0]] })
    .transpose([1, 0, 2])
    .add(bias);

/** Sites moved one place on: row j holds site j - 1, row 0 nothing. */
const shifted = (sites: Tensor): Tensor => concat([sites.at(":", ":1").mul(0), sites.at(":", ":-1")], 1);

export interface RnnParams {
  readonly cell: ReturnType<ReturnType<typeof gruCell>["init"]>;
  readonly head: Head;
}

/** A gated recurrent unit along the sites. */
export function rnnConditioner(options: ConditionerOptions): Conditioner<RnnParams, Tensor> {
  const cell = gruCell({ in: options.localDim, hidden: options.hidden, dtype: options.dtype });
  const along = recurrent(cell);
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      return { cell: cell.init(first!), head: initHead(second!, options) };
    },
    all: (params, sites) => applyHead(params.head, along.apply(params.cell, shifted(sites))),
    start: (batch) => cell.initialState([batch]),
    next: (params, state, j, before) => {
      const h = cell.advance(params.cell, state, cell.project(params.cell, before));
      return {
        output: matmul(cell.output(h), params.head.weight.at(j)).add(params.head.bias.at(j)),
        state: h,
      };
    },
  };
}

export interface MaskedParams {
  /** `[n, d, n, hidden]`: unit blocks of a site see the sites before it. */
  readonly weight: Tensor;
  /** `[n, hidden]` */
  readonly bias: Tensor;
  readonly head: Head;
}

/** One hidden layer with a block of units for each site, which see the sites before it: MADE's masks in blocks. */
export function maskedConditioner(options: ConditionerOptions): Conditioner<MaskedParams, Tensor> {
  const { sites: n, localDim: d, hidden, dtype } = options;
  // Of [site seen, site conditioned]: those before it.
  const mask = tril(ones([n, n], dtype), -1)
    .mT()
    .reshape([n, 1, n, 1]);
  const all = (params: MaskedParams, sites: Tensor): Tensor => {
    const sums = contract(sites, params.weight.mul(mask), {
      axes: [
        [1, 2],
        [0, 1],
      ],
    });
    return applyHead(params.head, tanh(sums.add(params.bias)));
  };
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      return {
        weight: normal(first!, [n, d, n, hidden]).div(Math.sqrt(n)).astype(dtype),
        bias: zeros([n, hidden], dtype),
        head: initHead(second!, options),
      };
    },
    all,
    start: (batch) => zeros([batch, n, d], dtype),
    next: (params, state, j, before) => {
      const known = j === 0 ? state : placed(state, j - 1, before);
      return { output: all(params, known).at(":", j), state: known };
    },
  };
}

/** A network of the caller's: a layer `[B, n, d]` to `[B, n, outputs]` whose row j depends on rows up to j of its input. */
export function layerConditioner<P>(layer: Layer<P>, options: ConditionerOptions): Conditioner<P, Tensor> {
  const { sites: n, localDim: d, outputs, dtype } = options;
  const all = (params: P, sites: Tensor): Tensor => layer.apply(params, shifted(sites));
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      const params = layer.init(first!);
      // Two inputs that agree on the first half: what a causal network says of it agrees, too.
      const x = normal(second!, [1, n, d]).astype(dtype);
      const half = Math.max(1, n >> 1);
      const other = concat([x.at(":", `:${half}`), x.at(":", `${half}:`).mul(-2).add(1)], 1);
      const [a, b] = [layer.apply(params, x), layer.apply(params, other)] as const;
      if (!sameShape(a.shape, [1, n, outputs]))
        throw new ShapeError(
          `antn: network: a layer from [B, ${n}, ${d}] to [B, ${n}, ${outputs}] was expected, got ${formatShape(a.shape)} of [1, ${n}, ${d}]`,
        );
      if (a.sub(b).at(":", `:${half}`).abs().max().item() > 1e-6 * Math.max(1, a.abs().max().item()))
        throw new DomainError(
          "antn: network: a causal layer was expected, got one whose row j depends on later rows of its input",
        );
      return params;
    },
    all,
    start: (batch) => zeros([batch, n, d], dtype),
    next: (params, state, j, before) => {
      const known = j === 0 ? state : placed(state, j - 1, before);
      return { output: all(params, known).at(":", j), state: known };
    },
  };
}

/** One-hot sites with row j set to `value` `[B, d]`. */
const placed = (sites: Tensor, j: number, value: Tensor): Tensor =>
  concat([sites.at(":", `:${j}`), value.expandDims(1), sites.at(":", `${j + 1}:`)], 1);

/** Checks the width of a built-in network. Throws DomainError. */
export const checkHidden = (hidden: number): number => checkCount("antn: hidden", hidden);
