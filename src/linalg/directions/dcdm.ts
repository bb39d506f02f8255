// Conjugate directions that somebody else proposes: a network, say.

import { normal } from "../../random/distributions.ts";
import { key, split } from "../../random/key.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type KrylovOptions, type KrylovSolution, prepare } from "../krylov/problem.ts";
import { addScaled, type CountedOperator, type VectorSpace } from "../krylov/space.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";

export interface DcdmOptions extends Omit<KrylovOptions, "preconditioner"> {
  /** A direction to search in, for a residual `[n]` of length 1; any length and any real dtype. */
  readonly direction: (r: Tensor) => Tensor;
  /** To how many directions before it each is made conjugate; 2 unless told. */
  readonly orthogonalize?: number;
}

/** A direction that lies in the span of those before it up to this share of its length counts as none. */
const TINY = 1e-10;

/**
 * Solves a x = b for a symmetric positive definite operator or matrix `[n, n]` by steps along given directions: each is
 * made conjugate to the last ones, and the step is the exact minimum along it. A direction that does not lead down, or is
 * not finite, is replaced by the residual, so that any function converges, if not fast. The iteration runs in float64,
 * whatever the directions are. One product and one direction a step; at most 100 of them, to rtol = 1e-4, unless told.
 *
 * Symmetry is probed with two random vectors unless the operator is tagged hermitian; that is not counted in `products`.
 *
 * Source: Kaneda, Akar, Chen, Kala, Hyde and Teran, "A deep conjugate direction method for iteratively solving linear
 * systems" (2023).
 *
 * @throws as `cg` does; DTypeError for complex numbers; DomainError for a matrix that is not symmetric or gives products
 * that are not finite, an rtol that is not positive, a negative orthogonalize; ShapeError for a direction of another shape.
 */
export function dcdm(a: Linear, b: Tensor, options: DcdmOptions): KrylovSolution {
  const name = "dcdm";
  const { direction, orthogonalize = 2, rtol = 1e-4, maxIterations = 100, ...others } = options;
  if (!(rtol > 0)) throw new DomainError(`${name}: rtol must be positive, got ${rtol}`);
  if (!(Number.isInteger(orthogonalize) && orthogonalize >= 0))
    throw new DomainError(`${name}: orthogonalize must be an integer >= 0, got ${orthogonalize}`);
  const problem = prepare(name, a, b, { ...others, rtol, maxIterations });
  const { space, x, r, goesOn } = problem;
  if (space.w === 2) throw new DTypeError(`${name}: a and b must be real`);
  if (!asOperator(a).tags.hermitian)
    probeSymmetry(name, problem.a.operator.apply.bind(problem.a.operator), space);
  const last: Step[] = [];
  let residual = space.norm(r);
  while (goesOn(residual)) {
    const step =
      stepAlong(problem.a, space, proposed(name, direction, space, r, residual), r, last) ??
      stepAlong(problem.a, space, r.slice(), r, last);
    if (!step) break;
    const length = space.dot(r, step.p) / step.curvature;
    addScaled(x, length, step.p);
    addScaled(r, -length, step.q);
    residual = space.norm(r);
    last.unshift(step);
    last.length = Math.min(last.length, orthogonalize);
  }
  return problem.finish();
}

/** A direction p, q = A p and pᵀq. */
interface Step {
  readonly p: Float64Array;
  readonly q: Float64Array;
  readonly curvature: number;
}

function proposed(
  name: string,
  direction: (r: Tensor) => Tensor,
  space: VectorSpace,
  r: Float64Array,
  size: number,
): Float64Array {
  const given = direction(space.tensor(r.map((value) => value / size)));
  if (given.ndim !== 1 || given.shape[0] !== space.n)
    throw new ShapeError(
      `${name}: direction must return a vector [${space.n}], got shape ${formatShape(given.shape)}`,
    );
  if (given.dtype.startsWith("complex"))
    throw new DTypeError(`${name}: direction must return real numbers, got ${given.dtype}`);
  return Float64Array.from(given.data());
}

/** The step along p, which is overwritten; undefined where it leads nowhere. */
function stepAlong(
  a: CountedOperator,
  space: VectorSpace,
  p: Float64Array,
  r: Float64Array,
  last: readonly Step[],
): Step | undefined {
  const size = space.norm(p);
  if (!(size > 0 && Number.isFinite(size))) return undefined;
  for (const { p: before, q, curvature } of last) addScaled(p, -space.dot(p, q) / curvature, before);
  const rest = space.norm(p);
  if (!(rest > TINY * size)) return undefined;
  const along = space.dot(r, p);
  if (!(Math.abs(along) > TINY * rest * space.norm(r))) return undefined;
  const q = a.apply(p);
  const curvature = space.dot(p, q);
  return curvature > 0 && Number.isFinite(along / curvature) ? { p, q, curvature } : undefined;
}

/** Throws DomainError unless xᵀ A y = yᵀ A x for two random vectors, and finite. */
function probeSymmetry(name: string, apply: (x: Tensor) => Tensor, space: VectorSpace): void {
  const [x, y] = split(key(0)).map((k) => normal(k, [space.n]).astype(space.dtype));
  const [ax, ay] = [x!, y!].map((v) => space.entries(apply(v)));
  const left = space.dot(space.entries(x!), ay!);
  const right = space.dot(space.entries(y!), ax!);
  const scale = space.norm(ax!) * space.norm(space.entries(y!));
  if (!Number.isFinite(left + right + scale))
    throw new DomainError(`${name}: a gives products that are not finite`);
  const precision = space.dtype === "float32" ? 1e-4 : 1e-10;
  if (Math.abs(left - right) > precision * scale)
    throw new DomainError(`${name}: a must be symmetric, but xᵀAy = ${left} and yᵀAx = ${right}`);
}
