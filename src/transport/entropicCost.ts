// The value of entropic transport as a differentiable function of weights and cost matrix.

import { overBatch } from "../linalg/base/matrix.ts";
import { meetDTypes } from "../linalg/operator/operator.ts";
import { solvePositive } from "../linalg/systems/solve.ts";
import { bind, bindOne } from "../ops/bind.ts";
import { concat } from "../ops/join.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive, type Tangent } from "../ops/primitive.ts";
import { leadingBatch } from "../ops/rules.ts";
import { exp } from "../ops/transcendental.ts";
import { checkAxis, checkFloats, checkRank } from "../tensor/check.ts";
import { eye, ones, tensor } from "../tensor/create.ts";
import type { DType } from "../tensor/dtype.ts";
import { sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type SinkhornNewtonSparseOptions, sinkhornNewtonSparse } from "./sinkhornNewtonSparse.ts";

export type EntropicCostOptions = Omit<SinkhornNewtonSparseOptions, "dropZeros">;

interface Params {
  readonly options: EntropicCostOptions;
  readonly last: LastSolution;
}

/** Problems `[…]` with their solutions: value `[…]`, potentials `[…, n]` and `[…, m]`. */
type Solution = readonly [value: Tensor, x: Tensor, y: Tensor];

/** The value and its derivative ask for the same solution in turn; compiled code hands over other arrays of the same numbers. */
export class LastSolution {
  #of: readonly Tensor[] = [];
  #solution: Solution | null = null;

  solve(problem: readonly Tensor[], options: EntropicCostOptions): Solution {
    if (!this.#solution || !problem.every((x, i) => isSame(x, this.#of[i]!))) {
      this.#solution = solveAll(problem, options);
      // Compiled code writes to its arrays again.
      this.#of = problem.map((x) => new Tensor(x.data().slice(), x.shape, x.dtype));
    }
    return this.#solution;
  }
}

function isSame(x: Tensor, known: Tensor): boolean {
  if (x.dtype !== known.dtype || !sameShape(x.shape, known.shape)) return false;
  const [data, values] = [x.data(), known.data()];
  for (let i = 0; i < data.length; i++) if (data[i] !== values[i]) return false;
  return true;
}

function solveAll([a, b, cost]: readonly Tensor[], options: EntropicCostOptions): Solution {
  const dtype = cost!.dtype;
  const column = (x: Tensor): Tensor => x.expandDims(-1);
  const [value, x, y] = overBatch([column(a!), column(b!), cost!], ([p, q, c]) => {
    const found = sinkhornNewtonSparse(p!.squeeze(-1), q!.squeeze(-1), c!, options);
    return [
      tensor(found.value, { dtype }),
      found.potentials.x.astype(dtype),
      found.potentials.y.astype(dtype),
    ];
  });
  return [value!, x!, y!];
}

const dtypes: readonly DType[] = ["float32", "float64"];

/** The plan of potentials. */
const planOf = (x: Tensor, y: Tensor, cost: Tensor, eta: number): Tensor =>
  exp(x.expandDims(-1).add(y.expandDims(-2)).sub(cost).mul(eta).sub(1));

/** (a `[…, n]`, b `[…, m]`, cost `[…, n, m]`) → the potentials, of equal means. */
export const entropicPotentialsP: Primitive<Params> = definePrimitive<Params>({
  name: "entropicPotentials",
  dtypes,
  abstractEval: ([a, b]) => [a!, b!].map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: (problem, { options, last }) => last.solve(problem, options).slice(1),
  jvp: ({ inputs: [, , cost], tangents, outputs: [x, y], params }) =>
    potentialTangents(x!, y!, cost!, tangents, params.options.eta),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Derivatives of a = P 1 and b = Pᵀ 1 make a system that is singular along (1, −1), by which the potentials may be moved;
 * that direction is given a curvature of the size of the others, and then taken out of the solution.
 */
function potentialTangents(
  x: Tensor,
  y: Tensor,
  cost: Tensor,
  [da, db, dc]: readonly Tangent[],
  eta: number,
): Tangent[] {
  const p = planOf(x, y, cost, eta);
  const [n, m] = cost.shape.slice(-2) as [number, number];
  const { dtype } = cost;
  const [rows, columns] = [p.sum({ axis: -1 }), p.sum({ axis: -2 })];
  const moved = dc ? p.mul(dc).mul(eta) : null;
  const zeros = (like: Tensor): Tensor => like.mul(0);
  const total = (d: Tangent, axis: number, like: Tensor): Tensor =>
    (d ?? zeros(like)).add(moved ? moved.sum({ axis }) : zeros(like));
  const right = concat([total(da!, -1, rows), total(db!, -2, columns)], -1);
  const diagonal = (sums: Tensor, size: number): Tensor =>
    sums.expandDims(-1).mul(eye(size, size, { dtype }));
  const system = concat(
    [concat([diagonal(rows, n), p], -1), concat([p.mT(), diagonal(columns, m)], -1)],
    -2,
  ).mul(eta);
  const free = concat([ones([n], dtype), ones([m], dtype).neg()], 0);
  const curvature = free
    .expandDims(-1)
    .mul(free)
    .mul((2 * eta) / (n + m) ** 2);
  const d = solvePositive(system.add(curvature), right.expandDims(-1)).squeeze(-1);
  const [dx, dy] = [d.at("...", `:${n}`), d.at("...", `${n}:`)];
  const half = dx
    .mean({ axis: -1, keepDims: true })
    .sub(dy.mean({ axis: -1, keepDims: true }))
    .mul(0.5);
  return [dx.sub(half), dy.add(half)];
}

/** (a `[…, n]`, b `[…, m]`, cost `[…, n, m]`) → `[…]`. By the envelope theorem its derivatives are potentials and plan. */
export const entropicCostP: Primitive<Params> = definePrimitive<Params>({
  name: "entropicCost",
  dtypes,
  abstractEval: ([, , cost]) => [{ shape: cost!.shape.slice(0, -2), dtype: cost!.dtype }],
  evaluate: (problem, { options, last }) => [last.solve(problem, options)[0]],
  jvp: ({ inputs, tangents: [da, db, dc], params }) => {
    const [x, y] = bind(entropicPotentialsP, inputs, params);
    const terms = [
      ...(da ? [x!.mul(da).sum({ axis: -1 })] : []),
      ...(db ? [y!.mul(db).sum({ axis: -1 })] : []),
      ...(dc
        ? [
            planOf(x!, y!, inputs[2]!, params.options.eta)
              .mul(dc)
              .sum({ axis: [-2, -1] }),
          ]
        : []),
    ];
    return [terms.reduce((sum, term) => sum.add(term))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * The least ⟨C, P⟩ + (1 / eta) Σ P ln P over plans with marginals a `[n]` and b `[m]`, a scalar, by
 * `sinkhornNewtonSparse`. Differentiable by a, b and the cost matrix `[n, m]`, forwards and backwards, to any order:
 * the first derivatives are the potentials and the plan (the envelope theorem) and cost no more than the value; further
 * ones solve a system of n + m equations, O((n + m)³). Weights move within sum 1, so their derivatives are known up to a constant:
 * that is chosen with which the two potentials have equal means. Works under `vmap`, one problem after another, and in `jit`, which
 * calls it as it stands.
 *
 * Derivatives are as exact as the solution: mind `tolerance`. Throws as `sinkhornNewtonSparse` does; what depends on values, in
 * compiled code when it is called.
 */
export function entropicCost(a: Tensor, b: Tensor, cost: Tensor, options: EntropicCostOptions): Tensor {
  const named: readonly (readonly [string, Tensor, number])[] = [
    ["a", a, 1],
    ["b", b, 1],
    ["cost", cost, 2],
  ];
  for (const [name, x, ndim] of named) {
    checkFloats(`entropicCost: ${name}`, x);
    checkRank(`entropicCost: ${name}`, x, ndim);
  }
  checkAxis("entropicCost: cost", cost, 0, a.size);
  checkAxis("entropicCost: cost", cost, 1, b.size);
  const dtype = meetDTypes(a, b, cost);
  const operands = [a, b, cost].map((x) => x.astype(dtype));
  return bindOne(entropicCostP, operands, { options, last: new LastSolution() });
}
