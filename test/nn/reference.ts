// What PyTorch computed (test/reference/neural.py), as tensors.

import { type Nested, type Tensor, tensor, tree } from "polyadic";
import type { Layer } from "polyadic/nn";
import { grad } from "polyadic/transform";
import data from "../reference/neural.json" with { type: "json" };
import { near } from "../transform/near.ts";

export const reference = data;

export const numbers = (value: unknown): Tensor => tensor(value as Nested);

/** One run of a PyTorch module. */
export interface ModuleRun {
  readonly params: Readonly<Record<string, unknown>>;
  readonly grads: Readonly<Record<string, unknown>>;
  readonly x: unknown;
  readonly y: unknown;
  readonly weights: unknown;
  readonly dx: unknown;
}

/** Parameters of ours from those of a PyTorch module; also maps gradients. */
export type Rename<P> = (named: (name: string) => Tensor) => P;

/** Value and gradients of a layer in float64 against those of the module. */
export function sameAsModule<P>(layer: Layer<P>, run: ModuleRun, rename: Rename<P>, training = false): void {
  const params = rename((name) => numbers(run.params[name]));
  const x = numbers(run.x);
  const pass = { training };
  near(layer.apply(params, x, pass), numbers(run.y), 1e-9);
  const loss = (p: P, value: Tensor): Tensor => layer.apply(p, value, pass).mul(numbers(run.weights)).sum();
  near(grad(loss, { argnums: 1 })(params, x), numbers(run.dx), 1e-8);
  if (tree.leaves(params).length === 0) return;
  const expected = tree.leaves(rename((name) => numbers(run.grads[name])));
  tree.leaves(grad(loss)(params, x)).forEach((g, i) => {
    near(g, expected[i]!, 1e-8);
  });
}
