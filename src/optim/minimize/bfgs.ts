// The BFGS method: minimization with an approximation of the inverse Hessian built from gradients.

import type { Tensor } from "../../tensor/tensor.ts";
import { type DirectionRule, descend } from "./descend.ts";
import { dot, type MinimizeOptions, type MinimizeResult } from "./problem.ts";

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
export function bfgs<P>(f: (x: P) => Tensor, x0: P, options: MinimizeOptions = {}): MinimizeResult<P> {
  return descend("bfgs", f, x0, options, bfgsRule);
}

function bfgsRule(): DirectionRule {
  let inverse: Float64Array | null = null;
  return {
    isScaled: () => inverse !== null,
    direction: ({ gradient }) => (inverse ? times(inverse, gradient, -1) : gradient.map((g) => -g)),
    update: (from, to) => {
      const moved = to.x.map((xi, i) => xi - from.x[i]!);
      const turned = to.gradient.map((gi, i) => gi - from.gradient[i]!);
      inverse = updated(inverse, moved, turned);
    },
    reset: () => {
      const hadSome = inverse !== null;
      inverse = null;
      return hadSome;
    },
  };
}

/** sign·H·v */
function times(inverse: Float64Array, v: Float64Array, sign: number): Float64Array {
  const n = v.length;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += inverse[i * n + j]! * v[j]!;
    result[i] = sign * sum;
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
  const hy = times(h, y, 1);
  const rho = 1 / curvature;
  const factor = rho * (1 + rho * dot(y, hy));
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++)
      h[i * n + j]! += factor * s[i]! * s[j]! - rho * (hy[i]! * s[j]! + s[i]! * hy[j]!);
  return h;
}
