// The network of neural tensor completion: one embedding a mode, joined, through a multilayer perceptron to one number.

import { jit } from "../../compiler/jit.ts";
import { relu } from "../../nn/layers/activations.ts";
import { mlp } from "../../nn/layers/compose.ts";
import { type DenseParams, dense } from "../../nn/layers/dense.ts";
import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { type AdamState, adam } from "../../optim/first/adam.ts";
import { mse } from "../../optim/losses/squaredError.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface NetworkParams {
  /** `[n_k, embedding]` */
  readonly embeddings: readonly Tensor[];
  readonly hidden: readonly DenseParams[];
  readonly last: DenseParams;
}

export interface Network {
  init(key: Key): NetworkParams;
  /** Activations before the last layer, `[m, width]`, of cells whose positions along each mode are int32 `[m]`. */
  features(params: NetworkParams, cells: readonly Tensor[]): Tensor;
  /** `[m]` */
  predict(params: NetworkParams, cells: readonly Tensor[]): Tensor;
  /** Predictions and features at once, compiled. */
  evaluate(params: NetworkParams, cells: readonly Tensor[]): { readonly y: Tensor; readonly h: Tensor };
  step(
    params: NetworkParams,
    state: AdamState<NetworkParams>,
    cells: readonly Tensor[],
    values: Tensor,
  ): { readonly params: NetworkParams; readonly state: AdamState<NetworkParams> };
  initState(params: NetworkParams): AdamState<NetworkParams>;
}

export interface NetworkSizes {
  readonly shape: readonly number[];
  readonly embedding: number;
  readonly hidden: readonly number[];
  readonly learningRate: number;
}

/** Parameters are float32; embeddings start as N(0, 1). */
export function network({ shape, embedding, hidden, learningRate }: NetworkSizes): Network {
  const body = mlp({
    sizes: [shape.length * embedding, ...hidden],
    activation: relu,
    outputActivation: relu,
  });
  const top = dense({ in: hidden.at(-1)!, out: 1 });
  const features: Network["features"] = (params, cells) =>
    body.apply(
      params.hidden,
      concat(
        cells.map((rows, k) => take(params.embeddings[k]!, rows)),
        1,
      ),
    );
  const evaluate = (params: NetworkParams, cells: readonly Tensor[]): { y: Tensor; h: Tensor } => {
    const h = features(params, cells);
    return { y: top.apply(params.last, h).reshape([-1]), h };
  };
  interface Batch {
    readonly cells: readonly Tensor[];
    readonly values: Tensor;
  }
  const optimizer = adam<NetworkParams, Batch>({ learningRate });
  const step: Network["step"] = (params, state, cells, values) => {
    const next = optimizer.step({
      params,
      state,
      batch: { cells, values },
      loss: (own, batch) => mse(evaluate(own, batch.cells).y, batch.values),
    });
    return { params: next.params, state: next.state };
  };
  return {
    init: (key) => {
      const [embeddingKey, bodyKey, topKey] = split(key, 3) as [Key, Key, Key];
      return {
        embeddings: shape.map((n, k) =>
          normal(foldIn(embeddingKey, k), [n, embedding], { dtype: "float32" }),
        ),
        hidden: body.init(bodyKey),
        last: top.init(topKey),
      };
    },
    features,
    predict: (params, cells) => evaluate(params, cells).y,
    evaluate: jit(evaluate),
    step: jit(step),
    initState: (params) => optimizer.init(params),
  };
}

/** Positions of the named rows of `indices [m, d]`, mode by mode. */
export function cellTensors(indices: Int32Array, order: number, rows?: ArrayLike<number>): Tensor[] {
  const count = rows ? rows.length : indices.length / order;
  return Array.from({ length: order }, (_, mode) => {
    const out = new Int32Array(count);
    for (let i = 0; i < count; i++) out[i] = indices[(rows ? rows[i]! : i) * order + mode]!;
    return fromTypedArray(out, [count], "int32");
  });
}
