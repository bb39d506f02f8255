// Small models and data that the tests of training share.

import type { Layer } from "polyadic/optim";
import { adam } from "polyadic/optim";
import { type Key, key, normal, split } from "polyadic/random";
import { type Tensor, tensor } from "polyadic/tensor";

export interface MlpParams {
  readonly first: { readonly weight: Tensor; readonly bias: Tensor };
  readonly second: { readonly weight: Tensor; readonly bias: Tensor };
}

/** Two matrices with a tanh between them. */
export const mlp = (inputs: number, hidden: number, outputs: number): Layer<MlpParams> => ({
  init: (from) => {
    const [a, b] = split(from) as [Key, Key];
    const linear = (k: Key, n: number, m: number) => ({
      weight: normal(k, [n, m], { dtype: "float32" }).div(Math.sqrt(n)),
      bias: tensor(new Float32Array(m)),
    });
    return { first: linear(a, inputs, hidden), second: linear(b, hidden, outputs) };
  },
  apply: ({ first, second }, x) =>
    x.matmul(first.weight).add(first.bias).tanh().matmul(second.weight).add(second.bias),
});

/** `n` points and a smooth function of them. */
export function regression(n: number, seed = 1): readonly [Tensor, Tensor] {
  const x = normal(key(seed), [n, 3], { dtype: "float32" });
  const y = x
    .mul(tensor([1, -2, 0.5], { dtype: "float32" }))
    .sum({ axis: 1, keepDims: true })
    .sin();
  return [x, y];
}

export const squaredError = (output: Tensor, target: Tensor): Tensor => output.sub(target).square().mean();

/** The options that the tests vary. */
export const basic = (epochs: number) => ({
  model: mlp(3, 8, 1),
  loss: squaredError,
  optimizer: adam<MlpParams, readonly [Tensor, Tensor]>({ learningRate: 0.02 }),
  data: regression(50),
  batchSize: 16,
  epochs,
  key: key(7),
});
