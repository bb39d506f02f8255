// Newton's system of entropic transport with all but the largest entries of the plan left out of its off-diagonal blocks.

import { cg } from "../linalg/krylov/cg.ts";
import { LinearOperator } from "../linalg/operator/operator.ts";
import { Pattern } from "../sparse/base/pattern.ts";
import { multiplyTransposed, multiplyVector } from "../sparse/kernels/product.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Problem } from "./arguments.ts";
import type { Plan } from "./scaling.ts";
import { type Enough, selectLargest } from "./sparsify.ts";

/** Added to the unit diagonal, so that parts of the plan that touch by less than rounding leave it definite. */
const SHIFT = 1e-12;

/** (1 + SHIFT) I - Sᵀ S for a sparse S whose singular values are at most 1. */
class ReducedOperator extends LinearOperator {
  readonly kind: string = "reduced Newton";
  readonly #pattern: Pattern;
  readonly #values: Float64Array;
  readonly #middle: Float64Array;

  constructor(pattern: Pattern, values: Float64Array) {
    super([pattern.columns, pattern.columns], "float64", { hermitian: true });
    this.#pattern = pattern;
    this.#values = values;
    this.#middle = new Float64Array(pattern.rows);
  }

  override apply(x: Tensor): Tensor {
    const { rows, columns, indptr, indices } = this.#pattern;
    const given = x.data() as Float64Array;
    multiplyVector(rows, indptr, indices, this.#values, given, this.#middle);
    const out = new Float64Array(columns);
    multiplyTransposed(1, this.#pattern, this.#values, 0, 1, this.#middle, 0, out, 0);
    for (let j = 0; j < columns; j++) out[j] = (1 + SHIFT) * given[j]! - out[j]!;
    return new Tensor(out, [columns], "float64");
  }

  protected override product(x: Tensor): Tensor {
    return this.apply(x);
  }

  override transpose(): LinearOperator {
    return this;
  }

  override conj(): LinearOperator {
    return this;
  }

  override cost(): number {
    return 2 * this.#values.length;
  }
}

export interface NewtonDirection {
  readonly u: Float64Array;
  readonly v: Float64Array;
  /** g · direction, the slope of the objective. */
  readonly slope: number;
  readonly kept: number;
  readonly cgIterations: number;
}

/**
 * Solves [[D, S], [Sᵀ, E]] (u, v) = g, where D and E hold the full sums of rows and columns of the plan, so that the
 * matrix stays positive definite, and S its largest entries. u is eliminated, and the rest scaled to unit diagonal:
 * I - WᵀW with W = D^-½ S E^-½, for which conjugate gradients take half the steps that they take for the whole. The
 * direction that changes no plan, u + c and v - c, is kept out. Where they break off at a direction of no curvature, what
 * they have found still points upwards.
 * O(nm) for the selection, O(kept) a step.
 */
export function newtonDirection(
  { n, m, a, b }: Problem,
  { entries, rowSums, columnSums }: Plan,
  work: Float64Array,
  enough: Enough,
  rtol: number,
): NewtonDirection {
  work.set(entries);
  const selection = selectLargest(work, entries.length, enough);
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(selection.count);
  const values = new Float64Array(selection.count);
  const rowScale = rowSums.map((sum) => 1 / Math.sqrt(sum));
  const columnScale = columnSums.map((sum) => 1 / Math.sqrt(sum));
  let { ties } = selection;
  let kept = 0;
  for (let i = 0, at = 0; i < n; i++) {
    for (let j = 0; j < m; j++, at++) {
      const value = entries[at]!;
      if (value < selection.threshold || value === 0) continue;
      if (value === selection.threshold && ties-- <= 0) continue;
      indices[kept] = j;
      values[kept++] = value * rowScale[i]! * columnScale[j]!;
    }
    indptr[i + 1] = kept;
  }
  const pattern = new Pattern(n, m, indptr, indices);
  // D^-½ and E^-½ times the gradient.
  const top = new Float64Array(n);
  for (let i = 0; i < n; i++) top[i] = (a[i]! - rowSums[i]!) * rowScale[i]!;
  const right = new Float64Array(m);
  multiplyTransposed(1, pattern, values, 0, 1, top, 0, right, 0);
  for (let j = 0; j < m; j++) right[j] = (b[j]! - columnSums[j]!) * columnScale[j]! - right[j]!;
  projectOut(right, columnSums);
  const limit = 20 * Math.min(n, m) + 100;
  const solved = cg(new ReducedOperator(pattern, values), new Tensor(right, [m], "float64"), {
    rtol,
    maxIterations: limit,
  });
  const w = solved.x.data() as Float64Array;
  const image = new Float64Array(n);
  multiplyVector(n, indptr, indices, values, w, image);
  let slope = 0;
  const u = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    u[i] = (top[i]! - image[i]!) * rowScale[i]!;
    slope += (a[i]! - rowSums[i]!) * u[i]!;
  }
  const v = new Float64Array(m);
  for (let j = 0; j < m; j++) {
    v[j] = w[j]! * columnScale[j]!;
    slope += (b[j]! - columnSums[j]!) * v[j]!;
  }
  return { u, v, slope, kept, cgIterations: solved.iterations };
}

/** Takes the component along E^½ 1 out: the direction that changes nothing, as the scaled system sees it. */
function projectOut(x: Float64Array, columnSums: Float64Array): void {
  let product = 0;
  let square = 0;
  for (let j = 0; j < x.length; j++) {
    product += x[j]! * Math.sqrt(columnSums[j]!);
    square += columnSums[j]!;
  }
  for (let j = 0; j < x.length; j++) x[j] = x[j]! - (product / square) * Math.sqrt(columnSums[j]!);
}
