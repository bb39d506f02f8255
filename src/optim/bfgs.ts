// The BFGS method: minimization with an approximation of the inverse Hessian built from gradients.

import { asTensor } from "../ops/operands.ts";
import { fromTypedArray } from "../tensor/create.ts";
import { isFloat } from "../tensor/dtype.ts";
import { AbortedError, DomainError, DTypeError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";
import { valueAndGrad } from "../transform/gradient.ts";
import { strongWolfe, type Trial } from "./lineSearch.ts";

export interface BfgsProgress {
  readonly iteration: number;
  readonly value: number;
  /** The largest element of the gradient, in size. */
  readonly gradientNorm: number;
}

export interface BfgsOptions {
  /** Largest element of the gradient, in size, at which iteration ends. 1e-5 unless told. */
  readonly gtol?: number;
  /** 200 per parameter unless told. */
  readonly maxIterations?: number;
  readonly onProgress?: (progress: BfgsProgress) => void;
  /** Checked before every iteration. */
  readonly signal?: AbortSignal;
}

export interface BfgsResult<P> {
  readonly x: P;
  readonly value: number;
  readonly gradient: P;
  readonly iterations: number;
  /** How often the function and its gradient were computed. */
  readonly evaluations: number;
  readonly converged: boolean;
}

/** A point with what is known there. */
interface Place {
  readonly x: Float64Array;
  readonly gradient: Float64Array;
}

/**
 * A local minimum of a smooth function of a tensor or tree of tensors, from `x0`. Quasi-Newton steps with a line search for
 * the strong Wolfe conditions: superlinear convergence, O(n²) work and memory for n parameters beside the gradients.
 * Stopping short (at `maxIterations`, or where rounding hides the decrease) is reported by `converged`.
 *
 * Throws DTypeError for parameters that are not real floating-point numbers, DomainError when the function or its
 * gradient is not finite at `x0` or options are out of range, AbortedError when stopped.
 *
 * Source: Nocedal and Wright, Numerical Optimization (2006), algorithm 6.1 with the first scaling of (6.20).
 */
export function bfgs<P>(f: (x: P) => Tensor, x0: P, options: BfgsOptions = {}): BfgsResult<P> {
  const start = (typeof x0 === "number" ? asTensor(x0) : x0) as P;
  const { leaves, structure } = tree.flatten(start);
  const n = leaves.reduce((sum, { size }) => sum + size, 0);
  const { gtol = 1e-5, maxIterations = 200 * n, onProgress, signal } = options;
  leaves.forEach(({ dtype }, i) => {
    if (!isFloat(dtype))
      throw new DTypeError(
        `bfgs: x0${structure.paths[i]}: real floating-point numbers were expected, got ${dtype}`,
      );
  });
  if (n === 0) throw new DomainError("bfgs: x0 holds no numbers");
  if (!(gtol >= 0)) throw new DomainError(`bfgs: gtol >= 0 was expected, got ${gtol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 0))
    throw new DomainError(`bfgs: maxIterations: an integer >= 0 was expected, got ${maxIterations}`);

  const pack = (p: P): Float64Array => {
    const flat = new Float64Array(n);
    let at = 0;
    for (const leaf of tree.leaves(p)) {
      flat.set(leaf.astype("float64").data() as Float64Array, at);
      at += leaf.size;
    }
    return flat;
  };
  const unpack = (flat: Float64Array): P => {
    let at = 0;
    const parts = leaves.map(({ size, shape, dtype }) => {
      const part = fromTypedArray(flat.slice(at, at + size), shape, "float64");
      at += size;
      return part.astype(dtype);
    });
    return tree.unflatten<P>(structure, parts);
  };
  const differentiate = valueAndGrad<readonly [P]>(f);
  let evaluations = 0;
  const compute = (x: Float64Array): { value: number; gradient: Float64Array } => {
    evaluations++;
    const { value, grad } = differentiate(unpack(x));
    return { value: value.item(), gradient: pack(grad as P) };
  };

  let x = pack(start);
  let { value, gradient } = compute(x);
  if (!Number.isFinite(value) || !gradient.every(Number.isFinite))
    throw new DomainError(`bfgs: the function is ${value} at x0, or its gradient is not finite`);
  let inverse: Float64Array | null = null;
  let iterations = 0;
  while (largest(gradient) > gtol && iterations < maxIterations) {
    if (signal?.aborted) throw new AbortedError("bfgs: stopped by the caller");
    const direction = inverse ? descend(inverse, gradient) : gradient.map((g) => -g);
    const origin: Trial<Place> = { step: 0, value, slope: dot(direction, gradient), state: { x, gradient } };
    const along = (step: number): Trial<Place> => {
      const place = x.map((xi, i) => xi + step * direction[i]!);
      const there = compute(place);
      const slope = dot(direction, there.gradient);
      const value = Number.isFinite(slope) ? there.value : Number.POSITIVE_INFINITY;
      return { step, value, slope, state: { x: place, gradient: there.gradient } };
    };
    // The first direction has no natural length.
    const firstStep = inverse ? 1 : Math.min(1, 1 / Math.sqrt(dot(gradient, gradient)));
    const found = origin.slope < 0 ? strongWolfe(along, origin, firstStep) : null;
    if (!found) {
      if (inverse === null) break;
      // A direction that does not descend to rounding: once more from the gradient itself.
      inverse = null;
      continue;
    }
    const moved = found.state.x.map((xi, i) => xi - x[i]!);
    const turned = found.state.gradient.map((gi, i) => gi - gradient[i]!);
    inverse = updated(inverse, moved, turned);
    ({ x, gradient } = found.state);
    ({ value } = found);
    iterations++;
    onProgress?.({ iteration: iterations, value, gradientNorm: largest(gradient) });
  }
  return {
    x: unpack(x),
    value,
    gradient: unpack(gradient),
    iterations,
    evaluations,
    converged: largest(gradient) <= gtol,
  };
}

/** -H·g */
function descend(inverse: Float64Array, gradient: Float64Array): Float64Array {
  const n = gradient.length;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += inverse[i * n + j]! * gradient[j]!;
    result[i] = -sum;
  }
  return result;
}

/**
 * H ← (I - ρsyᵀ)·H·(I - ρysᵀ) + ρssᵀ with ρ = 1/yᵀs, in place; H starts as the multiple of the identity that fits s and y.
 * Without positive curvature along s it stays as it was.
 */
function updated(inverse: Float64Array | null, s: Float64Array, y: Float64Array): Float64Array | null {
  const n = s.length;
  const curvature = dot(s, y);
  if (!(curvature > Number.EPSILON * Math.sqrt(dot(s, s) * dot(y, y)))) return inverse;
  const h = inverse ?? new Float64Array(n * n);
  if (!inverse) for (let i = 0; i < n; i++) h[i * n + i] = curvature / dot(y, y);
  const hy = descend(h, y).map((value) => -value);
  const rho = 1 / curvature;
  const factor = rho * (1 + rho * dot(y, hy));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      h[i * n + j]! += factor * s[i]! * s[j]! - rho * (hy[i]! * s[j]! + s[i]! * hy[j]!);
  return h;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The largest element in size; NaN when there is one. */
function largest(a: Float64Array): number {
  let top = 0;
  for (let i = 0; i < a.length; i++) top = Math.max(top, Math.abs(a[i]!));
  return top;
}
