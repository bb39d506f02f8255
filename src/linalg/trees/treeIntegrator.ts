// Products with the matrix f(distance) of a tree: the tree is taken apart once, functions and their parameters may change.

import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { batchAll, isOpen } from "../../ops/rules.ts";
import { asColumns, overLeading } from "../../sparse/base/leading.ts";
import { promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { LinearOperator } from "../operator/operator.ts";
import { float64At, onParts, PLANNED_DTYPES, plannedOperand } from "../operator/planned.ts";
import { type Cross, crossOf, valueAt } from "./cross.ts";
import { type DistanceFamily, type DistanceFunction, distanceFunction } from "./distanceFunction.ts";
import { gridUnit, type Separation, separate } from "./separators.ts";
import { orderTree, type Tree } from "./tree.ts";

/** A function with given parameters on a given tree. */
interface Prepared {
  multiply(x: Float64Array, count: number, y: Float64Array): void;
  readonly cost: number;
  /** How many splits are done in which way. */
  readonly crosses: Readonly<Record<Cross["kind"], number>>;
}

/** A tree that was taken apart: what a function and its parameters become on it. */
type Prepare = (family: DistanceFamily, parameters: Float64Array) => Prepared;

function prepare(of: Separation, unit: number, family: DistanceFamily, parameters: Float64Array): Prepared {
  const evaluator = family.at(parameters, of.range);
  const { n, leafNodes, leafBounds, leafDistances, bounds } = of;
  const own = valueAt(evaluator, 0);
  const leaves = leafDistances.map((d) => valueAt(evaluator, d));
  const crosses: Cross[] = [];
  for (let s = 0; s + 2 < bounds.length; s += 2) {
    const side = (from: number) => ({
      nodes: of.nodes.subarray(bounds[from], bounds[from + 1]),
      distances: of.distances.subarray(bounds[from], bounds[from + 1]),
    });
    crosses.push(crossOf(evaluator, side(s), side(s + 1), unit));
  }
  const kinds: Record<Cross["kind"], number> = { separable: 0, Hankel: 0, skeleton: 0, dense: 0 };
  for (const { kind } of crosses) kinds[kind]++;
  return {
    crosses: kinds,
    cost: crosses.reduce((sum, cross) => sum + cross.cost, n + 2 * leaves.length),
    multiply: (x, count, y) => {
      for (let i = 0; i < n * count; i++) y[i] = own * x[i];
      for (let leaf = 0, d = 0; leaf + 1 < leafBounds.length; leaf++) {
        const first = leafBounds[leaf];
        for (let i = first; i < leafBounds[leaf + 1]; i++) {
          const a = leafNodes[i] * count;
          for (let j = first; j < i; j++, d++) {
            const [b, f] = [leafNodes[j] * count, leaves[d]];
            for (let c = 0; c < count; c++) {
              y[a + c] += f * x[b + c];
              y[b + c] += f * x[a + c];
            }
          }
        }
      }
      for (const cross of crosses) cross.add(x, count, y);
    },
  };
}

/** Remembers the last function: solvers multiply by it again and again. */
export function preparing(of: Separation): Prepare {
  let unit: number | undefined;
  let last: { family: DistanceFamily; parameters: Float64Array; prepared: Prepared } | undefined;
  return (family, parameters) => {
    if (last?.family === family && last.parameters.every((value, k) => Object.is(value, parameters[k])))
      return last.prepared;
    unit ??= gridUnit(of.weights);
    last = { family, parameters: parameters.slice(), prepared: prepare(of, unit, family, parameters) };
    return last.prepared;
  };
}

export interface TreeProductParams {
  readonly n: number;
  readonly prepare: Prepare;
  readonly family: DistanceFamily;
}

/** Operands: parameters `[…, p]` and x `[…, n, k]` with equal leading axes and one dtype; result `[…, n, k]`. */
export const treeProductP: Primitive<TreeProductParams> = definePrimitive<TreeProductParams>({
  name: "treeProduct",
  dtypes: PLANNED_DTYPES,
  abstractEval: ([, x]) => [{ shape: x!.shape, dtype: x!.dtype }],
  evaluate: ([parameters, x], { n, prepare: prepared, family }, [output]) => {
    const p = parameters.shape.at(-1)!;
    const count = x.shape.at(-1)!;
    return [
      overLeading([parameters, x], [1, 2], output.shape.slice(-2), output.dtype, ([theta, operand], out) => {
        const y = new Float64Array(n * count);
        const values = float64At(theta.data, theta.at, p);
        prepared(family, values).multiply(float64At(operand.data, operand.at, n * count), count, y);
        out.data.set(y, out.at);
      }),
    ];
  },
  jvp: ({ inputs: [parameters, x], tangents: [dParameters, dx], params, self }) => {
    let sum = dx && bindOne(self, [parameters, dx], params);
    if (dParameters)
      for (let k = 0; k < parameters.shape.at(-1)!; k++) {
        const slope = bindOne(self, [parameters, x], { ...params, family: params.family.derivative(k) });
        const part = slope.mul(dParameters.at("...", k).expandDims(-1).expandDims(-1));
        sum = sum ? sum.add(part) : part;
      }
    return [sum];
  },
  transpose: ({ cotangents: [c], inputs: [parameters, x], params, self }) =>
    isOpen(x) ? [null, bindOne(self, [parameters as Tensor, c!], params)] : [null, null],
  batch: ({ inputs: [parameters, x], batched, size, params, self }) => {
    if (!batched[0] && x.ndim === 3) {
      const { columns, restore } = asColumns(x);
      return [restore(bindOne(self, [parameters, columns], params))];
    }
    return [bindOne(self, batchAll([parameters, x], batched, size), params)];
  },
  jet: JET_FROM_JVP,
  print: ({ n }) => ({ n }),
});

export interface TreeIntegratorOptions {
  /** Pieces of at most so many nodes are done pair by pair; 32 unless told. */
  readonly threshold?: number;
}

/** The symmetric matrix f(dist(i, j)) `[n, n]` of a weighted tree. Made by `treeIntegrator`. */
export class TreeIntegrator extends LinearOperator {
  readonly kind: string = "tree";
  readonly f: DistanceFunction;
  readonly #params: Omit<TreeProductParams, "family">;

  constructor(params: Omit<TreeProductParams, "family">, f: DistanceFunction) {
    super([params.n, params.n], promote(f.parameters.dtype, "float64"), { hermitian: true });
    this.f = f;
    this.#params = params;
  }

  /** Another function on the same tree, which is not taken apart again. */
  with(f: DistanceFunction | ((distance: number) => number)): TreeIntegrator {
    return new TreeIntegrator(this.#params, distanceFunction(f));
  }

  protected product(x: Tensor): Tensor {
    const { parameters, family } = this.f;
    return onParts(x, (part) => {
      const columns = plannedOperand(part);
      // Parameters follow the dtype of what they multiply, as numbers do.
      return bindOne(treeProductP, [parameters.astype(columns.dtype), columns], { ...this.#params, family });
    });
  }

  /** x `[n, ...channels]` times the matrix. */
  integrate(x: Tensor): Tensor {
    const n = this.shape[0];
    if (x.ndim === 0 || x.shape[0] !== n)
      throw new ShapeError(`treeIntegrator: x must have shape [${n}, …], got [${x.shape.join(", ")}]`);
    return this.apply(x.reshape([n, x.size / n])).reshape(x.shape);
  }

  override transpose(): TreeIntegrator {
    return this;
  }
  override conj(): TreeIntegrator {
    return this;
  }
  override cost(): number {
    return this.#prepared().cost;
  }
  /** How many splits of the tree go which way. */
  crosses(): Readonly<Record<Cross["kind"], number>> {
    return this.#prepared().crosses;
  }
  #prepared(): Prepared {
    const theta = Float64Array.from(this.f.parameters.astype("float64").data() as Float64Array);
    return this.#params.prepare(this.f.family, theta);
  }
}

/**
 * The matrix f(dist(i, j)) of a weighted tree as an operator, without the matrix. The tree is taken apart at nodes that
 * leave no part of more than half of it; what the two sides of a split owe each other are products with f(aᵢ + bⱼ), which
 * are done by rank (exponential, polynomial, cosine and their products), by Fourier transforms where lengths lie on a
 * grid, by empirical interpolation to 1e-12 (rational, exponential of a quadratic), and pair by pair else. Differentiable
 * in the parameters of f and in x.
 *
 * Set-up O(n log n); a product with d columns O(n d (threshold + rank log n)), on grids O(n log² n d), else O(n²).
 *
 * Source: K. Choromanski and others, "Fast Tree-Field Integrators: From Low Displacement Rank to Topological
 * Transformers", arXiv 2406.15881.
 *
 * @throws ShapeError for no nodes or arrays of two lengths; DomainError for parents that do not exist, several roots or
 *   none, cycles, weights that are negative or not finite, and a threshold below 2. Products throw DomainError where f is
 *   not finite at a distance that occurs.
 */
export function treeIntegrator(
  tree: Tree,
  f: DistanceFunction | ((distance: number) => number),
  options: TreeIntegratorOptions = {},
): TreeIntegrator {
  const { threshold = 32 } = options;
  if (!(Number.isInteger(threshold) && threshold >= 2))
    throw new DomainError(`treeIntegrator: threshold must be an integer of at least 2, got ${threshold}`);
  const of = distanceFunction(f);
  const ordered = orderTree("treeIntegrator", tree);
  return new TreeIntegrator(
    { n: ordered.nodes.length, prepare: preparing(separate(ordered, threshold)) },
    of,
  );
}
