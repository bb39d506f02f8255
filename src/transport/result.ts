// What every solver of entropic transport gives back.

import { astype } from "../ops/cast.ts";
import { fromTypedArray } from "../tensor/create.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Problem } from "./arguments.ts";
import { Plan } from "./scaling.ts";

export interface TransportResult {
  /** Dual potentials x `[n]` and y `[m]`, shifted so that their means are equal; -∞ at dropped points. */
  readonly potentials: { readonly x: Tensor; readonly y: Tensor };
  /** The plan `[n, m]`: exp(η (xᵢ + yⱼ - Cᵢⱼ) - 1). O(nm). */
  plan(): Tensor;
  /** ⟨C, P⟩. */
  readonly cost: number;
  /** ⟨C, P⟩ + Σ P ln P / η, of which the potentials are the derivatives: see `entropicCost`. */
  readonly value: number;
  /** ‖P 1 - a‖₁ + ‖Pᵀ 1 - b‖₁ after each Sinkhorn iteration and each Newton step. */
  readonly errors: readonly number[];
  readonly sinkhornIterations: number;
  readonly newtonIterations: number;
  readonly cgIterations: number;
  /** Entries of the plan that each Newton step kept. */
  readonly kept: readonly number[];
  readonly converged: boolean;
}

/** Numbers of the work that was done. */
export type Work = Pick<
  TransportResult,
  "errors" | "sinkhornIterations" | "newtonIterations" | "cgIterations" | "kept" | "converged"
>;

/** The result that belongs to scaled potentials u and v. O(nm). */
export function finish(problem: Problem, u: Float64Array, v: Float64Array, work: Work): TransportResult {
  const { n, m, a, b, eta, cost, shape, dtype, rows, columns } = problem;
  // Adding a number to u and taking it from v changes nothing; sums over the points are made equal.
  const shift = (mean(v) - mean(u)) / 2;
  const x = u.map((value) => (value + shift) / eta);
  const y = v.map((value) => (value - shift) / eta);
  const plan = new Plan(n, m);
  plan.fill(problem, u, v);
  let total = 0;
  for (let i = 0; i < cost.length; i++) total += cost[i]! * plan.entries[i]!;
  let dual = -plan.total / eta;
  for (let i = 0; i < n; i++) dual += a[i]! * x[i]!;
  for (let j = 0; j < m; j++) dual += b[j]! * y[j]!;
  const vector = (values: Float64Array, places: Int32Array | null, length: number): Tensor =>
    astype(fromTypedArray(placed(values, places, length, -Infinity), [length], "float64"), dtype);
  return {
    potentials: { x: vector(x, rows, shape[0]), y: vector(y, columns, shape[1]) },
    plan: () => {
      const matrix = new Float64Array(shape[0] * shape[1]);
      const whole = new Plan(n, m);
      whole.fill(problem, u, v);
      for (let i = 0; i < n; i++) {
        const to = (rows ? rows[i]! : i) * shape[1];
        for (let j = 0; j < m; j++) matrix[to + (columns ? columns[j]! : j)] = whole.entries[i * m + j]!;
      }
      return astype(new Tensor(matrix, shape, "float64"), dtype);
    },
    cost: total / eta,
    value: dual,
    ...work,
  };
}

const mean = (x: Float64Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;

function placed(
  values: Float64Array,
  places: Int32Array | null,
  length: number,
  fill: number,
): Float64Array<ArrayBuffer> {
  const out = new Float64Array(length).fill(fill);
  if (places) for (let i = 0; i < values.length; i++) out[places[i]!] = values[i]!;
  else out.set(values);
  return out;
}
