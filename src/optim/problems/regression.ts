// A smooth regression problem, small enough for every second-order method.

import { normal } from "../../random/distributions.ts";
import { type Key, key as keyOf, split } from "../../random/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Batch } from "../curvature/modelLoss.ts";
import { modelLoss } from "../curvature/modelLoss.ts";
import { mse } from "../losses/squaredError.ts";
import { type MlpParams, mlp } from "./mlp.ts";
import type { Problem } from "./problem.ts";

/**
 * y = sin 2z₁ + z₂²/2 - z₃z₁ with z = xW, x ∈ R⁸ normal and W `[8, 3]` normal/√8; y standardized, with noise of 0.05. 1000 examples to
 * train, 300 to test; an 8-32-32-1 network with tanh in float64, mean squared error.
 */
export function regression({ seed = 0 }: { readonly seed?: number } = {}): Problem<MlpParams> {
  const [forX, forW, forNoise] = split(keyOf(seed), 3) as [Key, Key, Key];
  const n = 1300;
  const x = normal(forX, [n, 8]);
  const z = x.matmul(normal(forW, [8, 3]).div(Math.sqrt(8)));
  const [z1, z2, z3] = [z.at(":", 0), z.at(":", 1), z.at(":", 2)];
  const clean = z1.mul(2).sin().add(z2.square().div(2)).sub(z3.mul(z1));
  const y = clean
    .sub(clean.mean())
    .div(clean.variance().sqrt())
    .add(normal(forNoise, [n]).mul(0.05))
    .expandDims(-1);
  const part = (range: string): Batch => ({ input: x.at(range), target: y.at(range) });
  const model = mlp([8, 32, 32, 1], { dtype: "float64" });
  return {
    name: "regression",
    init: (key) => model.init(key),
    loss: modelLoss(model, mse),
    train: part(":1000"),
    test: part("1000:"),
  };
}

/** A batch of `size` rows from position `start`, which runs on to the beginning. */
export function batchAt({ input, target }: Batch, start: number, size: number): Batch {
  const n = target.shape[0]!;
  const places = Array.from({ length: size }, (_, i) => (start + i) % n);
  const rows = (x: Tensor): Tensor => x.at(places);
  return { input: rows(input), target: rows(target) };
}

/** Residuals of a batch under a model with one output each: what `levenbergMarquardt` takes. */
export const residualsOf =
  <P>({ loss, train }: Problem<P>): ((params: P) => Tensor) =>
  (params) =>
    loss.model.apply(params, train.input).sub(train.target).ravel();
