// L-BFGS in JavaScript, for `minimize`: directions from the last few steps.

import type { DirectionRule } from "./descend.ts";
import { dot } from "./problem.ts";

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/**
 * Directions of limited-memory BFGS from the last `history` pairs of steps and changes of the gradient. O(history·n) a step.
 *
 * Source: Nocedal and Wright, Numerical Optimization (2006), algorithm 7.4.
 */
export function lbfgsRule(history: number): DirectionRule {
  let pairs: Pair[] = [];
  return {
    isScaled: () => pairs.length > 0,
    direction: ({ gradient }) => {
      const d = gradient.map((g) => -g);
      const alphas = new Float64Array(pairs.length);
      for (let k = pairs.length - 1; k >= 0; k--) {
        const { s, y, rho } = pairs[k]!;
        alphas[k] = rho * dot(s, d);
        addTo(d, -alphas[k]!, y);
      }
      const last = pairs.at(-1);
      if (last) {
        const scale = 1 / (last.rho * dot(last.y, last.y));
        for (let i = 0; i < d.length; i++) d[i]! *= scale;
      }
      pairs.forEach(({ s, y, rho }, k) => {
        addTo(d, alphas[k]! - rho * dot(y, d), s);
      });
      return d;
    },
    update: (from, to) => {
      const s = to.x.map((xi, i) => xi - from.x[i]!);
      const y = to.gradient.map((gi, i) => gi - from.gradient[i]!);
      const curvature = dot(s, y);
      if (!(curvature > 1e-10 * dot(y, y))) return;
      pairs.push({ s, y, rho: 1 / curvature });
      if (pairs.length > history) pairs.shift();
    },
    reset: () => {
      const hadSome = pairs.length > 0;
      pairs = [];
      return hadSome;
    },
  };
}

/** target += factor·x */
function addTo(target: Float64Array, factor: number, x: Float64Array): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * x[i]!;
}
