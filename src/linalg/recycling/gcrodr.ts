// GCRO with deflated restarting: GMRES that keeps an approximate invariant subspace from one cycle to the next, and from
// one system to the next.
// Source: Parks, de Sturler, Mackey, Johnson and Maiti, "Recycling Krylov subspaces for sequences of linear systems",
// SIAM J. Sci. Comput. 28 (2006).

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { whole } from "../kernels/dense.ts";
import { maxAbs, multiply } from "../kernels/vector.ts";
import { HessenbergProblem } from "../krylov/hessenberg.ts";
import {
  type KrylovOptions,
  type KrylovSolution,
  type Problem,
  prepare,
  subtract,
} from "../krylov/problem.ts";
import { Basis } from "../krylov/space.ts";
import type { Linear } from "../operator/asOperator.ts";
import { isKnown } from "../operator/operator.ts";
import { thinQR } from "../orthogonal/qr.ts";
import { divideRight, harmonicRitz, isSingular } from "./harmonicRitz.ts";

/** What one solve leaves for the next. */
export interface RecycleSpace {
  /** `[n, k]`: a basis of the space, in the unknowns of the preconditioned operator A M⁻¹. */
  readonly u: Tensor;
}

export interface GcrodrOptions extends KrylovOptions {
  /** Vectors of a cycle, those that are kept among them; min(n, 40) unless told. */
  readonly restart?: number;
  /** Vectors that are kept, less than `restart`; half of it unless told. 0 is GMRES. */
  readonly deflate?: number;
  /** The space that the solve of a related system left. */
  readonly recycle?: RecycleSpace;
}

export interface RecyclingSolution extends KrylovSolution {
  /** For the next system; undefined where nothing was found to keep. */
  readonly recycle?: RecycleSpace;
}

/**
 * Solves a x = b for any square operator or matrix `[n, n]` by GCRO-DR(m, k): each cycle searches in k kept vectors and
 * m − k new ones, and keeps the k harmonic Ritz vectors of least magnitude, on which GMRES is slowest. Given the space
 * of a related system, all cycles have one; that costs k products with the new matrix, which are counted. Preconditioning is
 * from the right, with the residual the true one.
 *
 * One product and O(n m) a step; O(n m k + m³) a cycle; 2 m + 2 k vectors.
 *
 * @throws as `gmres` does; DomainError unless 0 <= deflate < restart; ShapeError for a space that does not fit.
 */
export function gcrodr(a: Linear, b: Tensor, options: GcrodrOptions = {}): RecyclingSolution {
  const name = "gcrodr";
  const { restart = 40, deflate = Math.floor(restart / 2) } = options;
  checkSizes(name, restart, deflate);
  const problem = prepare(name, a, b, options);
  const { space, goesOn } = problem;
  const { n } = space;
  const m = Math.min(n, restart);
  const k = Math.min(deflate, m - 1);
  const given = options.recycle && spaceOf(name, problem, options.recycle.u);
  let residual = space.norm(problem.r);
  let isOn = goesOn(residual);
  const kept = new Kept(problem, m);
  if (isOn && given && k > 0) kept.start(given, Math.min(k, given.length / problem.r.length));
  while (isOn) {
    const isStuck = kept.project();
    residual = space.norm(problem.r);
    if (residual <= problem.limit || isStuck) break;
    const cycle = kept.search(residual);
    isOn = cycle.isOn;
    if (k > 0) kept.update(k, cycle.size);
    if (!isOn || cycle.isSingular) break;
    problem.r.set(problem.b);
    subtract(problem.r, problem.a.image(problem.x));
    isOn = space.norm(problem.r) > problem.limit;
  }
  const u = kept.tensor() ?? options.recycle?.u;
  return { ...problem.finish(), ...(u && { recycle: { u } }) };
}

/** Throws DomainError unless restart and deflate are integers with 0 <= deflate < restart. */
export function checkSizes(name: string, restart: number, deflate: number): void {
  if (!(Number.isInteger(restart) && restart >= 1))
    throw new DomainError(`${name}: restart must be a positive integer, got ${restart}`);
  if (!(Number.isInteger(deflate) && deflate >= 0 && deflate < restart))
    throw new DomainError(
      `${name}: deflate must be an integer from 0 to restart - 1 = ${restart - 1}, got ${deflate}`,
    );
}

/** The columns of a space that was given, as they lie in memory here. */
function spaceOf(name: string, { space }: Problem, u: Tensor): Float64Array {
  const { n } = space;
  if (!isKnown(u) || u.ndim !== 2 || u.shape[0] !== n || u.shape[1]! < 1 || u.shape[1]! > n)
    throw new ShapeError(
      `${name}: recycle.u must be a known matrix [${n}, k], got shape ${formatShape(u.shape)}`,
    );
  const columns = space.entries(u.mT()).slice();
  const top = maxAbs(columns, 0, columns.length);
  if (!Number.isFinite(top)) throw new DomainError(`${name}: recycle.u holds a value that is not finite`);
  return columns;
}

/** The space that is kept (U, its preconditioned vectors X = M⁻¹ U and C = A X, orthonormal) and the cycles with it. */
class Kept {
  readonly #problem: Problem;
  readonly #m: number;
  /** C, then the Krylov vectors. */
  readonly #basis: Basis;
  /** X, then the preconditioned Krylov vectors. */
  readonly #images: Basis;
  #u: Float64Array;
  #k = 0;
  /** A (X, Z) = (C, V) G in the last cycle: the columns of G that belong to Z. */
  #columns: Float64Array[] = [];

  constructor(problem: Problem, m: number) {
    this.#problem = problem;
    this.#m = m;
    this.#basis = new Basis(problem.space, m + 1);
    this.#images = new Basis(problem.space, m);
    this.#u = problem.space.zeros(0);
  }

  /** Takes over the first k vectors of another system: k products. A space that A makes singular is left. */
  start(u: Float64Array, k: number): void {
    const { a, space, precondition } = this.#problem;
    const { n, w } = space;
    const ld = n * w;
    const images = space.zeros(k);
    for (let j = 0; j < k; j++) {
      const x = precondition(u.subarray(j * ld, (j + 1) * ld));
      this.#images.column(j).set(x);
      images.set(a.image(x), j * ld);
    }
    const { q, r } = thinQR(w, n, k, images);
    if (isSingular(w, k, r)) return;
    divideRight(w, n, k, this.#images.data, r);
    this.#u = divideRight(w, n, k, u.subarray(0, k * ld), r);
    this.#basis.data.set(q);
    this.#k = k;
  }

  /** Takes the component along C out of the residual, with the step of x that does so. True where rounding forbids. */
  project(): boolean {
    const { r, x, space } = this.#problem;
    if (this.#k === 0) return false;
    const coefficients = new Float64Array(this.#k * space.w);
    this.#basis.orthogonalize(r, this.#k, coefficients);
    this.#images.combine(coefficients, this.#k, x);
    return !Number.isFinite(space.norm(x));
  }

  /** A cycle of Arnoldi's method on what is orthogonal to C. */
  search(beta: number): { readonly isOn: boolean; readonly size: number; readonly isSingular: boolean } {
    const { a, space, r, x, precondition, goesOn } = this.#problem;
    const { w } = space;
    const k = this.#k;
    const steps = this.#m - k;
    const small = new HessenbergProblem(w, steps, beta);
    const first = this.#basis.column(k);
    first.set(r);
    space.normalize(first);
    this.#columns = [];
    let isOn = true;
    let isInvariant = false;
    while (small.size < steps && isOn && !isInvariant) {
      const j = k + small.size;
      const z = this.#images.column(j);
      z.set(precondition(this.#basis.column(j)));
      const column = new Float64Array((j + 2) * w);
      isInvariant = this.#basis.extend(a.apply(z), j + 1, column);
      this.#columns.push(column);
      isOn = goesOn(small.add(column.subarray(k * w)));
    }
    const { y, used } = small.solve();
    // The step in X undoes what the step in Z does along C.
    const step = new Float64Array((k + used) * w);
    step.set(y, k * w);
    for (let j = 0; j < used; j++) subtractTimes(w, step, this.#columns[j]!, k, y, j);
    this.#images.combine(step, k + used, x);
    return { isOn, size: small.size, isSingular: used < small.size };
  }

  /** Replaces the space by the harmonic Ritz vectors of all that the cycle knows. */
  update(wanted: number, size: number): void {
    const { space } = this.#problem;
    const { n, w } = space;
    const ld = n * w;
    const k = this.#k;
    const p = k + size;
    if (size === 0) return;
    const rows = p + 1;
    const g = new Float64Array(rows * p * w);
    const all = space.zeros(p);
    for (let j = 0; j < k; j++) {
      const column = all.subarray(j * ld, (j + 1) * ld);
      column.set(this.#u.subarray(j * ld, (j + 1) * ld));
      g[(j * rows + j) * w] = 1 / space.normalize(column);
    }
    this.#columns.forEach((column, j) => {
      g.set(column, (k + j) * rows * w);
      all.set(this.#basis.column(k + j), (k + j) * ld);
    });
    const f = new Float64Array(rows * p * w);
    const w0 = whole(w, n, this.#basis.data);
    if (k > 0) multiply(w, rows, k, n, { ...w0, adjoint: true }, whole(w, n, all), whole(w, rows, f));
    for (let j = k; j < p; j++) f[(j * rows + j) * w] = 1;
    const found = harmonicRitz(w, p, g, f, wanted, Math.min(wanted + 1, this.#m - 1));
    if (!found) return;
    const next = space.zeros(found.k);
    multiply(w, n, found.k, p, whole(w, n, all), whole(w, p, found.vectors), whole(w, n, next));
    // Columns of X and C were not normalized with those of U.
    const vectors = found.vectors.slice();
    for (let j = 0; j < found.k; j++)
      for (let i = 0; i < k; i++)
        for (let c = 0; c < w; c++) vectors[(j * p + i) * w + c] *= g[(i * rows + i) * w];
    const preconditioned = space.zeros(found.k);
    multiply(
      w,
      n,
      found.k,
      p,
      whole(w, n, this.#images.data),
      whole(w, p, vectors),
      whole(w, n, preconditioned),
    );
    const images = space.zeros(found.k);
    multiply(w, n, found.k, rows, w0, whole(w, rows, found.images), whole(w, n, images));
    this.#u = next;
    this.#images.data.set(preconditioned);
    this.#basis.data.set(images);
    this.#k = found.k;
  }

  tensor(): Tensor | undefined {
    return this.#k > 0 ? this.#problem.space.tensor(this.#u.slice(), this.#k) : undefined;
  }
}

/** The first k entries of x −= column · (entry j of y). */
function subtractTimes(
  w: number,
  x: Float64Array,
  column: Float64Array,
  k: number,
  y: Float64Array,
  j: number,
): void {
  if (w === 1) {
    for (let i = 0; i < k; i++) x[i] -= column[i] * y[j];
    return;
  }
  const re = y[2 * j];
  const im = y[2 * j + 1];
  for (let i = 0; i < 2 * k; i += 2) {
    x[i] -= column[i] * re - column[i + 1] * im;
    x[i + 1] -= column[i] * im + column[i + 1] * re;
  }
}
