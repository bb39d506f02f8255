// The state of a transport problem on its way, and Sinkhorn's updates of it. All exponents are without dimension: u and v
// are η times the potentials x and y, and the plan is exp(uᵢ + vⱼ - η Cᵢⱼ - 1).

import type { Problem } from "./arguments.ts";

/** Exponents below this give 0, and above `TOP` a plan that is no candidate. */
const BOTTOM = -745;
const TOP = 500;
/** Scale factors beyond this, or below its inverse, go into the potentials before anything over- or underflows. */
const FAR = 1e17;
/** Factors beyond this come from sums that have lost entries to underflow. */
const LOST = 1e250;
/** Sums below this may have lost entries to underflow: the update is made of logarithms. */
const TINY = 1e-250;

/** A plan with its marginals. */
export class Plan {
  readonly entries: Float64Array;
  readonly rowSums: Float64Array;
  readonly columnSums: Float64Array;
  total = 0;

  constructor(n: number, m: number) {
    this.entries = new Float64Array(n * m);
    this.rowSums = new Float64Array(n);
    this.columnSums = new Float64Array(m);
  }

  /** Fills in the plan of u and v; false where it overflows. nm exponentials. */
  fill({ n, m, cost }: Problem, u: Float64Array, v: Float64Array): boolean {
    const { entries, rowSums, columnSums } = this;
    columnSums.fill(0);
    this.total = 0;
    for (let i = 0, at = 0; i < n; i++) {
      const ui = u[i]! - 1;
      let sum = 0;
      for (let j = 0; j < m; j++, at++) {
        const exponent = ui + v[j]! - cost[at]!;
        if (exponent > TOP) return false;
        const p = exponent < BOTTOM ? 0 : Math.exp(exponent);
        entries[at] = p;
        sum += p;
        columnSums[j] = columnSums[j]! + p;
      }
      rowSums[i] = sum;
      this.total += sum;
    }
    return Number.isFinite(this.total);
  }

  /** ‖P 1 - a‖₁ + ‖Pᵀ 1 - b‖₁ */
  error({ a, b }: Problem): number {
    return distance(this.rowSums, a) + distance(this.columnSums, b);
  }
}

function distance(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]! - y[i]!);
  return sum;
}

/** η times the concave function that both stages maximise: a·u + b·v - Σ P. */
export function objective({ a, b }: Problem, u: Float64Array, v: Float64Array, plan: Plan): number {
  let sum = -plan.total;
  for (let i = 0; i < u.length; i++) sum += a[i]! * u[i]!;
  for (let j = 0; j < v.length; j++) sum += b[j]! * v[j]!;
  return sum;
}

/** uᵢ ← ln aᵢ + 1 - ln Σⱼ exp(vⱼ - η Cᵢⱼ): never over- or underflows. */
function rowsByLogarithms({ n, m, a, cost }: Problem, u: Float64Array, v: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const from = i * m;
    let top = -Infinity;
    for (let j = 0; j < m; j++) {
      const exponent = v[j]! - cost[from + j]!;
      if (exponent > top) top = exponent;
    }
    let sum = 0;
    for (let j = 0; j < m; j++) sum += Math.exp(v[j]! - cost[from + j]! - top);
    u[i] = Math.log(a[i]!) + 1 - top - Math.log(sum);
  }
}

/** The same of the columns, in the order of memory. */
function columnsByLogarithms({ n, m, b, cost }: Problem, u: Float64Array, v: Float64Array): void {
  const top = new Float64Array(m).fill(-Infinity);
  const sum = new Float64Array(m);
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < m; j++, at++) {
      const exponent = u[i]! - cost[at]!;
      if (exponent > top[j]!) top[j] = exponent;
    }
  for (let i = 0, at = 0; i < n; i++)
    for (let j = 0; j < m; j++, at++) sum[j] = sum[j]! + Math.exp(u[i]! - cost[at]! - top[j]!);
  for (let j = 0; j < m; j++) v[j] = Math.log(b[j]!) + 1 - top[j]! - Math.log(sum[j]!);
}

/**
 * Sinkhorn's iteration on potentials, by matrix scaling: between rare exponentials of the whole matrix an update of u
 * and v is two products with it. Factors that grow large are absorbed into the potentials, and where sums underflow
 * the update is done by logarithms, so that any temperature works.
 *
 * Source: Schmitzer, "Stabilized sparse scaling algorithms for entropy regularized transport problems", SIAM J. Sci.
 * Comput. 41 (2019), 3.1.
 */
export class Scaling {
  readonly problem: Problem;
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly #kernel: Plan;
  readonly #p: Float64Array;
  readonly #q: Float64Array;
  /** Products of the kernel with q, while they are up to date. */
  readonly #rows: Float64Array;
  readonly #columns: Float64Array;
  #hasRows = false;
  /** Whether the kernel is the plan of u and v, fit for products. */
  #isFresh = false;

  constructor(problem: Problem, u: Float64Array, v: Float64Array) {
    const { n, m } = problem;
    this.problem = problem;
    this.u = u;
    this.v = v;
    this.#kernel = new Plan(n, m);
    this.#p = new Float64Array(n);
    this.#q = new Float64Array(m);
    this.#rows = new Float64Array(n);
    this.#columns = new Float64Array(m);
  }

  /** ‖P 1 - a‖₁: all of the marginal error after an update, which meets the columns. O(nm), shared with `update`. */
  rowError(): number {
    const { n, a } = this.problem;
    if (!this.#isFresh && !this.#refresh()) return distance(this.#kernel.rowSums, a);
    this.#multiplyRows();
    const [p, rows] = [this.#p, this.#rows];
    let error = 0;
    for (let i = 0; i < n; i++) error += Math.abs(p[i]! * rows[i]! - a[i]!);
    return error;
  }

  /** One update of u and one of v. O(nm). */
  update(): void {
    const { problem, u, v } = this;
    const { n, m, a, b } = problem;
    if (!this.#isFresh && !this.#refresh()) {
      rowsByLogarithms(problem, u, v);
      columnsByLogarithms(problem, u, v);
      return;
    }
    this.#multiplyRows();
    const [p, q, rows, columns, kernel] = [this.#p, this.#q, this.#rows, this.#columns, this.#kernel.entries];
    let [low, high] = [1, 1];
    columns.fill(0);
    for (let i = 0; i < n; i++) {
      const factor = a[i]! / rows[i]!;
      p[i] = factor;
      if (factor < low) low = factor;
      if (!(factor < high)) high = factor;
      addRow(columns, factor, kernel, i * m, m);
    }
    for (let j = 0; j < m; j++) {
      const factor = b[j]! / columns[j]!;
      q[j] = factor;
      if (factor < low) low = factor;
      if (!(factor < high)) high = factor;
    }
    this.#hasRows = false;
    if (low >= 1 / FAR && high <= FAR) return;
    if (low > 1 / LOST && high < LOST) this.absorb();
    else {
      // Entries may have been lost to underflow: the potentials at the last absorption are as good a place to go on.
      this.#isFresh = false;
      rowsByLogarithms(problem, u, v);
      columnsByLogarithms(problem, u, v);
    }
  }

  /** Puts the factors into the potentials. */
  absorb(): void {
    if (!this.#isFresh) return;
    const { u, v } = this;
    const [p, q] = [this.#p, this.#q];
    for (let i = 0; i < p.length; i++) u[i] = u[i]! + Math.log(p[i]!);
    for (let j = 0; j < q.length; j++) v[j] = v[j]! + Math.log(q[j]!);
    this.#isFresh = false;
  }

  #multiplyRows(): void {
    if (this.#hasRows) return;
    const { n, m } = this.problem;
    const [q, rows, kernel] = [this.#q, this.#rows, this.#kernel.entries];
    for (let i = 0; i < n; i++) rows[i] = dot(kernel, i * m, q, m);
    this.#hasRows = true;
  }

  /** Takes up the potentials as they are; false where the plan is unfit for products. */
  #refresh(): boolean {
    this.#isFresh = this.#kernel.fill(this.problem, this.u, this.v) && !hasTiny(this.#kernel);
    this.#p.fill(1);
    this.#q.fill(1);
    this.#hasRows = false;
    return this.#isFresh;
  }
}

/** Four sums at once: one alone would wait for each addition. */
function dot(x: Float64Array, from: number, y: Float64Array, m: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let j = 0;
  for (; j + 3 < m; j += 4) {
    const at = from + j;
    s0 += x[at]! * y[j]!;
    s1 += x[at + 1]! * y[j + 1]!;
    s2 += x[at + 2]! * y[j + 2]!;
    s3 += x[at + 3]! * y[j + 3]!;
  }
  for (; j < m; j++) s0 += x[from + j]! * y[j]!;
  return s0 + s1 + (s2 + s3);
}

function addRow(sums: Float64Array, factor: number, x: Float64Array, from: number, m: number): void {
  for (let j = 0; j < m; j++) sums[j] = sums[j]! + factor * x[from + j]!;
}

const hasTiny = ({ rowSums, columnSums }: Plan): boolean =>
  rowSums.some((sum) => sum < TINY) || columnSums.some((sum) => sum < TINY);
