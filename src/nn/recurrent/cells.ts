// One step of recurrent networks, with PyTorch's gates in PyTorch's order.

import { matmul } from "../../ops/contract.ts";
import { sigmoid, tanh } from "../../ops/transcendental.ts";
import type { Pass } from "../../optim/model.ts";
import { type Key, split } from "../../random/key.ts";
import { checkCount, parameterDType } from "../../tensor/check.ts";
import { zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Initializer, uniform } from "../init/initializers.ts";
import { type Activation, relu } from "../layers/activations.ts";
import { type DenseParams, dense } from "../layers/dense.ts";

export interface CellOptions {
  /** Features of the input and of the state. */
  readonly in: number;
  readonly hidden: number;
  readonly bias?: boolean;
  /** Uniform up to 1/√hidden unless told, as in PyTorch; biases too. */
  readonly init?: Initializer;
  readonly dtype?: DType;
}

export interface CellParams {
  /** Weight `[in, gates · hidden]`: the transposes of PyTorch's `weight_ih` and, below, `weight_hh`. */
  readonly input: DenseParams;
  /** Weight `[hidden, gates · hidden]` */
  readonly hidden: DenseParams;
}

/** One step of a recurrent network with a state S, which is a tree of tensors. */
export interface Cell<P, S> {
  readonly in: number;
  readonly hidden: number;
  init(key: Key): P;
  /** The state before the first step for examples of leading shape `batch`. */
  initialState(batch: Shape): S;
  /** What of a step does not depend on the state: of `[…, in]`, for all steps at once. */
  project(params: P, x: Tensor, pass?: Pass): Tensor;
  /** The next state, given the projection `[…, gates · hidden]` of the input. */
  advance(params: P, state: S, projected: Tensor): S;
  /** `[…, hidden]`: what the cell shows of its state. */
  output(state: S): Tensor;
}

/** Gates of a step, `[…, hidden]` each, in their order. */
const gates = (x: Tensor, hidden: number): Tensor[] =>
  Array.from({ length: x.shape.at(-1)! / hidden }, (_, i) =>
    x.at("...", `${i * hidden}:${(i + 1) * hidden}`),
  );

function cell<S>(
  name: string,
  options: CellOptions,
  count: number,
  rule: Pick<Cell<CellParams, S>, "advance" | "output"> & {
    readonly start: (zeros: Tensor) => S;
  },
): Cell<CellParams, S> {
  const inputs = checkCount(`${name}: in`, options.in);
  const hidden = checkCount(`${name}: hidden`, options.hidden);
  const dtype = parameterDType(name, options.dtype);
  const { bias = true, init = uniform(1 / Math.sqrt(hidden)) } = options;
  const weights = { bias, init, biasInit: init, dtype, out: count * hidden };
  const fromInput = dense({ ...weights, in: inputs });
  const fromHidden = dense({ ...weights, in: hidden });
  return {
    in: inputs,
    hidden,
    init: (key) => {
      const [first, second] = split(key, 2);
      return { input: fromInput.init(first!), hidden: fromHidden.init(second!) };
    },
    initialState: (batch) => rule.start(zeros([...batch, hidden], dtype)),
    project: (params, x, pass) => fromInput.apply(params.input, x, pass),
    advance: rule.advance,
    output: rule.output,
  };
}

const recur = ({ hidden }: CellParams, h: Tensor): Tensor => {
  const product = matmul(h, hidden.weight);
  return hidden.bias ? product.add(hidden.bias) : product;
};

/** h ← activation(W x + b + V h + c), with tanh unless told: Elman (1990). Throws DomainError for sizes below 1. */
export const rnnCell = (
  options: CellOptions & { readonly activation?: "tanh" | "relu" },
): Cell<CellParams, Tensor> => {
  const activation: Activation = options.activation === "relu" ? relu : tanh;
  return cell("rnnCell", options, 1, {
    start: (h) => h,
    advance: (params, h, x) => activation(x.add(recur(params, h))),
    output: (h) => h,
  });
};

export interface LstmState {
  readonly h: Tensor;
  readonly c: Tensor;
}

/**
 * Long short-term memory: gates i, f, g, o of W x + b + V h + d in this order;
 * c ← σ(f) c + σ(i) tanh(g), h ← σ(o) tanh(c). Throws DomainError for sizes below 1.
 *
 * Source: Hochreiter and Schmidhuber (1997), with the forget gate of Gers, Schmidhuber and Cummins (2000).
 */
export const lstmCell = (options: CellOptions): Cell<CellParams, LstmState> =>
  cell("lstmCell", options, 4, {
    start: (zero): LstmState => ({ h: zero, c: zero }),
    advance: (params, { h, c }, x) => {
      const [i, f, g, o] = gates(x.add(recur(params, h)), options.hidden) as [Tensor, Tensor, Tensor, Tensor];
      const next = sigmoid(f)
        .mul(c)
        .add(sigmoid(i).mul(tanh(g)));
      return { h: sigmoid(o).mul(tanh(next)), c: next };
    },
    output: ({ h }) => h,
  });

/**
 * Gated recurrent unit: gates r, z, n in this order; n = tanh(Wₙ x + bₙ + σ(r) (Vₙ h + cₙ)), h ← (1 - σ(z)) n + σ(z) h, as in
 * PyTorch and cuDNN. Throws DomainError for sizes below 1.
 *
 * Source: Cho et al. (2014).
 */
export const gruCell = (options: CellOptions): Cell<CellParams, Tensor> =>
  cell("gruCell", options, 3, {
    start: (h) => h,
    advance: (params, h, x) => {
      const [xr, xz, xn] = gates(x, options.hidden) as [Tensor, Tensor, Tensor];
      const [hr, hz, hn] = gates(recur(params, h), options.hidden) as [Tensor, Tensor, Tensor];
      const z = sigmoid(xz.add(hz));
      const n = tanh(xn.add(sigmoid(xr.add(hr)).mul(hn)));
      return n.add(z.mul(h.sub(n)));
    },
    output: (h) => h,
  });
