// Many related systems: sorted, and each solved with the subspace that the one before it left.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Preconditioner } from "../krylov/problem.ts";
import { checkVector } from "../krylov/space.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator } from "../operator/operator.ts";
import { checkSizes, gcrodr, type RecycleSpace } from "./gcrodr.ts";
import { type SortOptions, sortInstances } from "./sortInstances.ts";

export interface RelatedSystem {
  readonly a: Linear;
  readonly b: Tensor;
  readonly preconditioner?: Preconditioner;
}

export interface ManyOptions extends IterationOptions, SortOptions {
  /** What the systems depend on, one tensor each; needed to sort them. */
  readonly params?: readonly Tensor[];
  /** Neighbours one after the other, as they come, or in an order of the caller; sorted unless told. */
  readonly sort?: boolean | ArrayLike<number>;
  /** As for `gcrodr`. */
  readonly restart?: number;
  readonly deflate?: number;
  /** Of each system; 1e-8 unless told. */
  readonly rtol?: number;
  /** Steps of each system; 10 n unless told. */
  readonly maxIterations?: number;
  /** Whether to notice that recycling does not pay, and to stop it; true unless told. */
  readonly adaptive?: boolean;
}

export interface ManySolution {
  /** In the order of the systems that were given. */
  readonly solutions: readonly Tensor[];
  /** The order they were solved in. */
  readonly order: Int32Array;
  /** Products of each, in the order of the systems that were given. */
  readonly products: readonly number[];
  readonly converged: readonly boolean[];
  /** How many were solved before recycling was given up; undefined where it went on to the end. */
  readonly droppedAfter?: number;
}

/**
 * Solves systems of one size that depend on parameters: sorts them so that neighbours are alike (`sortInstances`), and
 * hands the subspace of each solve to the next (`gcrodr`).
 *
 * Recycling may not pay, for its products with every new matrix are a price. The first solve, without, tells what a
 * system costs. After two solves in a row that cost more, the next is solved without as a probe: if it costs less than
 * those two did, all that follow are solved on their own; else it is the new price to compare with. Nothing is solved twice.
 *
 * Source: "Accelerating data generation for neural operators via Krylov subspace recycling" (2024); Parks and others (see
 * `gcrodr`). The rule that gives recycling up is ours.
 *
 * @throws as `gcrodr` and `sortInstances` do; ShapeError for systems of different sizes; DomainError for sort without
 * params and an order that is no permutation; AbortedError.
 */
export function solveMany(systems: readonly RelatedSystem[], options: ManyOptions = {}): ManySolution {
  const name = "solveMany";
  const { restart = 40, deflate = Math.floor(restart / 2), adaptive = true, signal, onProgress } = options;
  checkSizes(name, restart, deflate);
  checkSystems(name, systems);
  const order = orderOf(name, systems.length, options);
  const { rtol, maxIterations } = options;
  const shared = {
    ...{ restart, deflate },
    ...(rtol !== undefined && { rtol }),
    ...(maxIterations !== undefined && { maxIterations }),
    ...(signal && { signal }),
  };
  const watch = new Watch(adaptive);
  let recycle: RecycleSpace | undefined;
  const solutions: Tensor[] = new Array(systems.length);
  const products: number[] = new Array(systems.length);
  const converged: boolean[] = new Array(systems.length);
  order.forEach((at, done) => {
    checkAborted(signal, name);
    const { a, b, preconditioner } = systems[at]!;
    const isRecycling = watch.recycles && recycle !== undefined;
    const found = gcrodr(a, b, {
      ...shared,
      ...(preconditioner && { preconditioner }),
      ...(isRecycling && recycle && { recycle }),
    });
    solutions[at] = found.x;
    products[at] = found.products;
    converged[at] = found.converged;
    recycle = found.recycle ?? recycle;
    watch.see(found.products, isRecycling);
    onProgress?.({
      fraction: (done + 1) / systems.length,
      stage: `system ${done + 1} of ${systems.length}, ${found.products} products`,
    });
  });
  const { droppedAfter } = watch;
  return { solutions, order, products, converged, ...(droppedAfter !== undefined && { droppedAfter }) };
}

/** Strikes in a row before a system is solved without a recycled space to compare. */
const STRIKES = 2;

/** Decides whether the next system is solved with the space of the last. */
class Watch {
  readonly #adaptive: boolean;
  /** Products of the last solve without a recycled space. */
  #alone = Number.POSITIVE_INFINITY;
  #strikes: number[] = [];
  #seen = 0;
  recycles = true;
  droppedAfter: number | undefined;

  constructor(adaptive: boolean) {
    this.#adaptive = adaptive;
  }

  see(products: number, wasRecycled: boolean): void {
    this.#seen++;
    if (!this.#adaptive || this.droppedAfter !== undefined) return;
    if (!wasRecycled) {
      const worse = this.#strikes.length === STRIKES && this.#strikes.every((cost) => cost > products);
      if (worse) this.droppedAfter = this.#seen;
      this.#alone = products;
      this.#strikes = [];
      this.recycles = !worse;
      return;
    }
    this.#strikes = products > this.#alone ? [...this.#strikes, products] : [];
    this.recycles = this.#strikes.length < STRIKES;
  }
}

/** Everything that can be wrong is found before anything is solved. */
function checkSystems(name: string, systems: readonly RelatedSystem[]): void {
  let first: number | undefined;
  systems.forEach(({ a, b }, i) => {
    const n = checkSquareOperator(`${name}: system ${i}`, asOperator(a));
    first ??= n;
    if (n !== first)
      throw new ShapeError(`${name}: systems must have one size, got ${first} and ${n} at ${i}`);
    checkVector(`${name}: system ${i}`, b, n);
  });
}

function orderOf(name: string, n: number, { sort = true, params, ...options }: ManyOptions): Int32Array {
  if (typeof sort !== "boolean") {
    const order = Int32Array.from(sort);
    const isPermutation =
      sort.length === n && new Set(order).size === n && order.every((i) => i >= 0 && i < n);
    if (!isPermutation) throw new DomainError(`${name}: sort must be a permutation of ${n} positions`);
    return order;
  }
  if (!sort || n === 0) return Int32Array.from({ length: n }, (_, i) => i);
  if (!params) throw new DomainError(`${name}: params are needed to sort by; give them, or sort: false`);
  if (params.length !== n)
    throw new ShapeError(`${name}: params must be one tensor for each of ${n} systems, got ${params.length}`);
  return sortInstances(params, options);
}
