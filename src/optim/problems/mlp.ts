// A plain network for test problems, which reports its linear maps.

import { zerosLike } from "../../ops/rules.ts";
import { tanh } from "../../ops/transcendental.ts";
import { normal } from "../../random/distributions.ts";
import { split } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Layer } from "../model.ts";

/** The layers of a plain network: weights `[in, out]` and biases `[out]`. */
export type MlpParams = readonly { readonly weight: Tensor; readonly bias: Tensor }[];

/**
 * A fully connected network of these widths with `activation` (tanh unless told) between its layers; weights drawn with variance
 * 1/fanIn, biases 0. For test problems; `polyadic/nn` has the layers for everything else.
 */
export function mlp(
  widths: readonly number[],
  options: { readonly dtype?: "float32" | "float64"; readonly activation?: (x: Tensor) => Tensor } = {},
): Layer<MlpParams> {
  const { dtype = "float32", activation = tanh } = options;
  if (widths.length < 2 || !widths.every((n) => Number.isInteger(n) && n > 0))
    throw new DomainError(
      `mlp: widths: at least two positive integers were expected, got [${widths.join(", ")}]`,
    );
  return {
    init: (key) =>
      split(key, widths.length - 1).map((own, i) => {
        const [fanIn, fanOut] = [widths[i]!, widths[i + 1]!];
        const weight = normal(own, [fanIn, fanOut], { dtype }).div(Math.sqrt(fanIn));
        return { weight, bias: zerosLike({ shape: [fanOut], dtype }) };
      }),
    apply: (params, x, pass) =>
      params.reduce((h, { weight, bias }, i) => {
        const input = i === 0 ? h : activation(h);
        const result = input.matmul(weight).add(bias);
        return pass?.tap ? pass.tap({ weight, bias, input: () => input, result }) : result;
      }, x),
  };
}
