// Newton's method with directions by conjugate gradients, for functions whose Hessian is too large to write down.

import type { DirectionRule } from "./descend.ts";
import { dot, type MinimizeProblem } from "./problem.ts";

/**
 * Directions d with H·d ≈ -g to a relative residual of min(1/2, √‖g‖), by conjugate gradients on Hessian-vector products; where the
 * curvature is not positive, the best so far, or the gradient. Superlinear convergence.
 *
 * Source: Nocedal and Wright, Numerical Optimization (2006), algorithm 7.1.
 */
export function newtonCgRule<P>(problem: MinimizeProblem<P>): DirectionRule {
  return {
    isScaled: () => true,
    direction: ({ x, gradient }) => {
      const n = gradient.length;
      const size = Math.sqrt(dot(gradient, gradient));
      const tolerance = Math.min(0.5, Math.sqrt(size)) * size;
      const d = new Float64Array(n);
      const r = gradient.slice();
      const p = gradient.map((g) => -g);
      let rr = dot(r, r);
      for (let k = 0; k < 10 * n && Math.sqrt(rr) > tolerance; k++) {
        const q = problem.hessianTimes(x, p);
        const curvature = dot(p, q);
        if (!(curvature > 0)) {
          if (k === 0) return p;
          break;
        }
        const alpha = rr / curvature;
        for (let i = 0; i < n; i++) {
          d[i]! += alpha * p[i]!;
          r[i]! += alpha * q[i]!;
        }
        const next = dot(r, r);
        const beta = next / rr;
        for (let i = 0; i < n; i++) p[i] = beta * p[i]! - r[i]!;
        rr = next;
      }
      return d;
    },
    update: () => {},
    reset: () => false,
  };
}
