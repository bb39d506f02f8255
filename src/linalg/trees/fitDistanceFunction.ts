// A function of tree distances that comes close to given distances, such as those of the graph that a tree spans.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { lstsq } from "../systems/leastSquares.ts";
import { type DistanceFunction, polynomial, rational } from "./distanceFunction.ts";
import { type Tree, treeDistances } from "./tree.ts";

export interface FitDistanceOptions {
  /** `rational` unless told. */
  readonly kind?: "rational" | "polynomial";
  /** Of numerator and denominator; 2 unless told. */
  readonly degree?: number;
}

export interface DistanceFit {
  readonly f: DistanceFunction;
  /** ‖f(tree distances) − distances‖ / ‖distances‖, in the Frobenius norm. */
  readonly error: number;
}

/** Steps of the iteration that puts the denominator of the step before into the weights. */
const STEPS = 12;

/**
 * The function f of distances in a tree that fits distances `[n, n]` best in the least-squares sense: a polynomial, or a
 * rational function by Sanathanan and Koerner's iteration, of which the best step counts. The denominator begins with 1.
 * O(n² degree²) a step.
 *
 * @throws ShapeError for another shape; DomainError for distances that are not finite or all 0, an unknown kind and a
 *   degree that is not an integer from 1 to 10; as `treeIntegrator` for the tree.
 */
export function fitDistanceFunction(
  distances: Tensor,
  tree: Tree,
  options: FitDistanceOptions = {},
): DistanceFit {
  const { kind = "rational", degree = 2 } = options;
  const n = tree.parent.length;
  if (distances.ndim !== 2 || distances.shape[0] !== n || distances.shape[1] !== n)
    throw new ShapeError(
      `fitDistanceFunction: distances must have shape [${n}, ${n}], got ${formatShape(distances.shape)}`,
    );
  if (kind !== "rational" && kind !== "polynomial")
    throw new DomainError(
      `fitDistanceFunction: kind must be "rational" or "polynomial", got ${String(kind)}`,
    );
  if (!(Number.isInteger(degree) && degree >= 1 && degree <= 10))
    throw new DomainError(`fitDistanceFunction: degree must be an integer from 1 to 10, got ${degree}`);
  const wanted = distances.astype("float64").data() as Float64Array;
  const size = Math.hypot(...[wanted.reduce((sum, d) => sum + d * d, 0)].map(Math.sqrt));
  if (!(size > 0 && Number.isFinite(size)))
    throw new DomainError("fitDistanceFunction: distances must be finite and not all 0");
  const given = treeDistances(tree).data() as Float64Array;
  // In units of the largest distance, so that powers stay comparable.
  const top = given.reduce((a, b) => Math.max(a, b), 0) || 1;
  const m = degree + 1;
  const columns = kind === "polynomial" ? m : 2 * degree + 1;
  let weights = new Float64Array(wanted.length).fill(1);
  let best: { coefficients: Float64Array; error: number } | undefined;
  for (let step = 0; step < (kind === "polynomial" ? 1 : STEPS); step++) {
    const a = new Float64Array(wanted.length * columns);
    const b = new Float64Array(wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const t = given[i] / top;
      let power = weights[i];
      for (let k = 0; k < m; k++, power *= t) {
        a[i * columns + k] = power;
        if (k > 0 && columns > m) a[i * columns + m + k - 1] = -power * wanted[i];
      }
      b[i] = weights[i] * wanted[i];
    }
    const { x } = lstsq(new Tensor(a, [b.length, columns], "float64"), new Tensor(b, [b.length], "float64"));
    const coefficients = Float64Array.from(x.data() as Float64Array);
    const next = new Float64Array(wanted.length);
    let error = 0;
    for (let i = 0; i < wanted.length; i++) {
      const t = given[i] / top;
      let [p, q] = [0, 0];
      for (let k = m - 1; k >= 0; k--) {
        p = p * t + coefficients[k];
        q = q * t + (k === 0 ? 1 : columns > m ? coefficients[m + k - 1] : 0);
      }
      next[i] = 1 / Math.abs(q);
      error += (p / q - wanted[i]) ** 2;
    }
    if (Number.isFinite(error) && (!best || error < best.error)) best = { coefficients, error };
    if (!next.every(Number.isFinite)) break;
    weights = next;
  }
  if (!best)
    throw new DomainError("fitDistanceFunction: no function of this kind is finite at all distances");
  const { coefficients } = best;
  const scaled = (first: number, count: number, from: number): number[] =>
    Array.from({ length: count }, (_, k) => coefficients[first + k] / top ** (from + k));
  const numerator = scaled(0, m, 0);
  const f =
    kind === "polynomial"
      ? polynomial(numerator)
      : rational({ numerator, denominator: [1, ...scaled(m, degree, 1)] });
  return { f, error: Math.sqrt(best.error) / size };
}
