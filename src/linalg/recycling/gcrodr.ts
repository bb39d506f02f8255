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
import { divideRight, harmonicRitz, isSingular, type Pencil } from "./harmonicRitz.ts";

/** What one solve leaves for the next. */
export interface RecycleSpace {
  /** `[n, k]`: a basis of the space, in the unknowns of the system. */
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
 * from the right, with the residual the true one; vectors are kept for M⁻¹A (see `harmonicRitz`), whose eigenvectors change
 * less from one system to the next than those of A M⁻¹.
 *
 * One product and O(n m) a step; O(n m² + m³) a cycle; 4 m vectors at most.
 *
 * @throws as `gmres` does; DomainError unless 0 <= deflate < restart; ShapeError for a space that does not fit; DomainError for products that are not finite.
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
    kept.project();
    residual = space.norm(problem.r);
    if (residual <= problem.limit) break;
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

/** The space that is kept (X, and C = A X, orthonormal) and the cycles with it. */
class Kept {
  readonly #problem: Problem;
  readonly #m: number;
  /** C, then the Krylov vectors V. */
  readonly #basis: Basis;
  /** X, then the preconditioned Krylov vectors Z = M⁻¹ V. */
  readonly #images: Basis;
  #k = 0;
  /** M⁻¹ C; not used without a preconditioner. */
  #preconditioned: Float64Array;
  /** A (X, Z) = (C, V) H in the last cycle: the columns of H that belong to Z. */
  #columns: Float64Array[] = [];

  constructor(problem: Problem, m: number) {
    this.#problem = problem;
    this.#m = m;
    this.#basis = new Basis(problem.space, m + 1);
    this.#images = new Basis(problem.space, m);
    this.#preconditioned = problem.space.zeros(0);
  }

  /** Takes over the first k vectors of another system: k products. A space that A makes singular is left. */
  start(u: Float64Array, k: number): void {
    const { a, space, precondition, isPreconditioned } = this.#problem;
    const { n, w } = space;
    const ld = n * w;
    const images = space.zeros(k);
    for (let j = 0; j < k; j++) images.set(a.image(u.subarray(j * ld, (j + 1) * ld)), j * ld);
    const { q, r } = thinQR(w, n, k, images);
    if (isSingular(w, k, r)) return;
    this.#images.data.set(divideRight(w, n, k, u.subarray(0, k * ld), r));
    this.#basis.data.set(q);
    this.#k = k;
    if (!isPreconditioned) return;
    this.#preconditioned = space.zeros(k);
    for (let j = 0; j < k; j++) this.#preconditioned.set(precondition(this.#basis.column(j)), j * ld);
  }

  /** Takes the component along C out of the residual, with the step of x that does so. */
  project(): void {
    const { r, x, space } = this.#problem;
    if (this.#k === 0) return;
    const coefficients = new Float64Array(this.#k * space.w);
    this.#basis.orthogonalize(r, this.#k, coefficients);
    this.#images.combine(coefficients, this.#k, x);
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
      const residual = small.add(column.subarray(k * w));
      if (!Number.isFinite(residual))
        throw new DomainError("gcrodr: a or the preconditioner gave a vector that is not finite");
      isOn = goesOn(residual);
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
    const { space, isPreconditioned } = this.#problem;
    const { n, w } = space;
    const ld = n * w;
    const k = this.#k;
    const p = k + size;
    const rows = p + 1;
    // Where the cycle spans everything, the system is solved and there is nothing to deflate.
    if (size === 0 || rows > n) return;
    const h = new Float64Array(rows * p * w);
    const all = this.#images.data.slice(0, p * ld);
    for (let j = 0; j < k; j++)
      h[(j * rows + j) * w] = 1 / space.normalize(all.subarray(j * ld, (j + 1) * ld));
    this.#columns.forEach((column, j) => {
      h.set(column, (k + j) * rows * w);
    });
    const sides = isPreconditioned ? this.#preconditionedSides(size) : undefined;
    const found = harmonicRitz(
      w,
      p,
      this.#pencil(p, all, h, sides),
      wanted,
      Math.min(wanted + 1, this.#m - 1),
    );
    if (!found) return;
    const combine = (vectors: Float64Array, height: number, coefficients: Float64Array): Float64Array => {
      const out = space.zeros(found.k);
      multiply(w, n, found.k, height, whole(w, n, vectors), whole(w, height, coefficients), whole(w, n, out));
      return out;
    };
    const images = combine(this.#basis.data, rows, found.images);
    if (sides) this.#preconditioned = combine(sides, rows, found.images);
    this.#images.data.set(combine(all, p, found.vectors));
    this.#basis.data.set(images);
    this.#k = found.k;
  }

  /** M⁻¹ (C, V), of which only the last is not known yet. */
  #preconditionedSides(size: number): Float64Array {
    const { space, precondition } = this.#problem;
    const ld = space.n * space.w;
    const k = this.#k;
    const sides = space.zeros(k + size + 1);
    sides.set(this.#preconditioned.subarray(0, k * ld));
    sides.set(this.#images.data.subarray(k * ld, (k + size) * ld), k * ld);
    sides.set(precondition(this.#basis.column(k + size)), (k + size) * ld);
    return sides;
  }

  /** With W = (C, V): WᴴM⁻¹W, and Wᴴ (X, Z), where Wᴴ Z is among the columns of the first. */
  #pencil(p: number, all: Float64Array, h: Float64Array, sides: Float64Array | undefined): Pencil {
    const { n, w } = this.#problem.space;
    const k = this.#k;
    const rows = p + 1;
    const f = new Float64Array(rows * p * w);
    const left = { ...whole(w, n, this.#basis.data), adjoint: true };
    if (k > 0) multiply(w, rows, k, n, left, whole(w, n, all), whole(w, rows, f));
    if (!sides) {
      for (let j = k; j < p; j++) f[(j * rows + j) * w] = 1;
      return { h, f };
    }
    const s = new Float64Array(rows * rows * w);
    multiply(w, rows, rows, n, left, whole(w, n, sides), whole(w, rows, s));
    f.set(s.subarray(k * rows * w, p * rows * w), k * rows * w);
    return { h, f, s };
  }

  tensor(): Tensor | undefined {
    const { space } = this.#problem;
    return this.#k > 0
      ? space.tensor(this.#images.data.slice(0, this.#k * space.n * space.w), this.#k)
      : undefined;
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
