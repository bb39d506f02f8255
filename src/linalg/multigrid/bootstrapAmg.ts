// Multigrid that finds its own smooth vectors: hierarchy after hierarchy, each for what those before it leave.

import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import type { RealRows } from "../../sparse/direct/incompleteKernel.ts";
import { multiplyVector } from "../../sparse/kernels/product.ts";
import { cycle, type Hierarchy } from "../../sparse/multigrid/cycle.ts";
import { matchingHierarchy } from "../../sparse/multigrid/matching.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { LinearOperator } from "../operator/operator.ts";
import { CycleOperator, checkedRows, checkLimits, type MatchingAmgOptions } from "./matchingAmg.ts";

export interface BootstrapAmgOptions extends MatchingAmgOptions, IterationOptions {
  /** At most this many hierarchies; 40 unless told. */
  readonly maxHierarchies?: number;
  /** No further hierarchy once a composite cycle shrinks errors to this share; 1e-6 unless told. */
  readonly ratio?: number;
  /** Cycles from a random vector that find the next smooth vector; 15 unless told. */
  readonly testIterations?: number;
}

export interface BootstrapAmg {
  /** All hierarchies forth and back from zero: symmetric positive definite, a preconditioner for `cg`. */
  readonly apply: LinearOperator;
  /** `[n, h + 1]` for h hierarchies: ones, then the slowest vector of each composite cycle, of A-norm 1. */
  readonly smoothVectors: Tensor;
  /** By which the last composite cycle (all hierarchies, once) shrank the A-norm of what converges slowest. */
  readonly convergenceRatio: number;
  /** The same after each hierarchy. */
  readonly ratios: readonly number[];
  readonly hierarchies: number;
  /** Whether `convergenceRatio` is at most `ratio`. */
  readonly converged: boolean;
}

/** x ← x + M (b − A x) with all hierarchies M in turn, forth and back, from zero. */
class CompositeCycle extends LinearOperator {
  readonly kind: string = "composite multigrid";
  readonly #a: LinearOperator;
  readonly #cycles: readonly CycleOperator[];

  constructor(a: LinearOperator, cycles: readonly CycleOperator[]) {
    super(a.shape, cycles[0]!.dtype, { positiveDefinite: true });
    this.#a = a;
    // The way back begins with the one before the last: twice in a row the last would gain little.
    this.#cycles = [...cycles, ...cycles.slice(0, -1).reverse()];
  }

  protected product(b: Tensor): Tensor {
    const [first, ...others] = this.#cycles;
    return others.reduce((x, next) => x.add(next.apply(b.sub(this.#a.apply(x)))), first!.apply(b));
  }
  override transpose(): CompositeCycle {
    return this;
  }
  override conj(): CompositeCycle {
    return this;
  }
  override cost(): number {
    return this.#cycles.reduce((sum, next) => sum + next.cost() + this.#a.cost(), -this.#a.cost());
  }
}

function energyNorm({ pattern, values }: RealRows, x: Float64Array, product: Float64Array): number {
  multiplyVector(pattern.rows, pattern.indptr, pattern.indices, values, x, product);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * product[i];
  return Math.sqrt(Math.max(0, sum));
}

/**
 * What composite cycles on A x = 0 leave of x, scaled to A-norm 1, and the quotient of the last two norms. x is scaled after
 * each cycle, so that no norm underflows.
 */
function slowest(
  a: RealRows,
  hierarchies: readonly Hierarchy[],
  x: Float64Array,
  iterations: number,
): { readonly ratio: number; readonly vector: Float64Array } {
  const zero = new Float64Array(x.length);
  const product = new Float64Array(x.length);
  const unit = (): number => {
    const norm = energyNorm(a, x, product);
    if (norm > 0) for (let i = 0; i < x.length; i++) x[i] /= norm;
    return norm;
  };
  unit();
  let ratio = 1;
  const kept = x.slice();
  for (let iteration = 0; iteration < iterations; iteration++) {
    for (const hierarchy of hierarchies) cycle(hierarchy, 0, zero, x);
    ratio = unit();
    // Nothing is left where a hierarchy is a direct solver.
    if (ratio === 0) break;
    kept.set(x);
  }
  return { ratio, vector: kept };
}

/**
 * Multigrid for a symmetric positive definite matrix `[n, n]` of which nothing is known: a hierarchy by matchings for the
 * vector of ones, then one for the vector that the cycles so far leave longest, and so on until all hierarchies together
 * shrink errors to `ratio`. The vectors found on the way approximate the lower end of the spectrum: they serve as coordinates
 * of the nodes of a graph (see `clusterAttributedGraph`). O(nnz h² testIterations) for h hierarchies; a cycle O(nnz h).
 *
 * Source: D'Ambra, Cutillo and Vassilevski, "Bootstrap AMG for spectral clustering", Computational and Mathematical Methods 1
 * (2019).
 *
 * @throws ShapeError unless square; DTypeError for complex matrices; DomainError for operators without entries, NaN and
 * infinity, matrices that are not symmetric, diagonals that are not positive and options out of range; AbortedError.
 */
export function bootstrapAmg(key: Key, a: Linear, options: BootstrapAmgOptions = {}): BootstrapAmg {
  const name = "bootstrapAmg";
  const { maxHierarchies = 40, ratio = 1e-6, testIterations = 15, signal, onProgress } = options;
  const limits = checkLimits(name, options);
  for (const [option, value] of Object.entries({ maxHierarchies, testIterations }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`${name}: ${option} must be an integer >= 1, got ${value}`);
  if (!(ratio >= 0 && ratio < 1)) throw new DomainError(`${name}: ratio must lie in [0, 1), got ${ratio}`);
  const { rows, dtype } = checkedRows(name, a);
  const n = rows.pattern.rows;
  const cycles: CycleOperator[] = [];
  const ratios: number[] = [];
  const vectors: Float64Array[] = [new Float64Array(n).fill(1)];
  do {
    checkAborted(signal, name);
    const { hierarchy } = matchingHierarchy(name, rows, vectors.at(-1)!, limits);
    cycles.push(new CycleOperator(hierarchy, dtype));
    const start = uniform(foldIn(key, cycles.length), [n]).data() as Float64Array;
    const found = slowest(
      rows,
      cycles.map((each) => each.hierarchy),
      start.slice(),
      testIterations,
    );
    ratios.push(found.ratio);
    vectors.push(found.vector);
    // Cycles of h hierarchies cost h times as much: work grows with the square.
    const share = (cycles.length / maxHierarchies) ** 2;
    onProgress?.({
      fraction: share,
      stage: `hierarchy ${cycles.length}, ratio ${found.ratio.toExponential(1)}`,
    });
  } while (ratios.at(-1)! > ratio && cycles.length < maxHierarchies);
  const width = vectors.length;
  const columns = new Float64Array(n * width);
  for (let j = 0; j < width; j++) for (let i = 0; i < n; i++) columns[i * width + j] = vectors[j]![i]!;
  const convergenceRatio = ratios.at(-1)!;
  return {
    apply: new CompositeCycle(asOperator(a), cycles),
    smoothVectors: new Tensor(columns, [n, width], "float64"),
    convergenceRatio,
    ratios,
    hierarchies: cycles.length,
    converged: convergenceRatio <= ratio,
  };
}
