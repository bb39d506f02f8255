// The simplex of Nelder and Mead: minimization by values alone.

import type { Tensor } from "../../tensor/tensor.ts";
import { checkAtLeastZero } from "../blocks/options.ts";
import { type MinimizeOptions, MinimizeProblem, type MinimizeResult } from "./problem.ts";

export interface NelderMeadOptions extends Omit<MinimizeOptions, "gtol"> {
  /** Size of the simplex, by its largest coordinate, at which iteration ends. 1e-4 unless told. */
  readonly xtol?: number;
  /** Largest difference of values over the simplex that is needed too. 1e-4 unless told. */
  readonly ftol?: number;
}

interface Corner {
  readonly x: Float64Array;
  readonly value: number;
}

/**
 * A local minimum without derivatives, for few parameters and functions with kinks or noise. Coefficients follow the number n of parameters:
 * 1 + 2/n, 3/4 - 1/(2n), 1 - 1/n. The first simplex moves each coordinate by 5 %, or by 0.00025 from zero. `gradient` of the result is
 * NaN. Throws what `bfgs` throws; values that are not finite count as large.
 *
 * Source: Gao and Han, Implementing the Nelder-Mead simplex algorithm with adaptive parameters (2012).
 */
export function nelderMead<P>(
  f: (x: P) => Tensor,
  x0: P,
  options: NelderMeadOptions = {},
): MinimizeResult<P> {
  const { xtol = 1e-4, ftol = 1e-4 } = options;
  checkAtLeastZero(xtol, "nelderMead: xtol");
  checkAtLeastZero(ftol, "nelderMead: ftol");
  const problem = new MinimizeProblem("nelderMead", f, x0, options);
  const start = problem.packing.pack(problem.packing.start);
  const n = start.length;
  const [grow, shorten, shrink] = n > 1 ? [1 + 2 / n, 0.75 - 1 / (2 * n), 1 - 1 / n] : [2, 0.5, 0.5];
  const corner = (x: Float64Array): Corner => {
    const value = problem.valueAt(x);
    return { x, value: Number.isNaN(value) ? Number.POSITIVE_INFINITY : value };
  };
  const sort = (corners: Corner[]): Corner[] => corners.sort((a, b) => a.value - b.value);
  let corners = sort([
    corner(start),
    ...Array.from(start, (xi, i) => {
      const x = start.slice();
      x[i] = xi === 0 ? 0.00025 : 1.05 * xi;
      return corner(x);
    }),
  ]);
  const isSmall = (): boolean => {
    const best = corners[0]!;
    return corners.every(
      ({ x, value }) =>
        Math.abs(value - best.value) <= ftol && x.every((xi, i) => Math.abs(xi - best.x[i]!) <= xtol),
    );
  };
  let converged = isSmall();
  while (!converged && problem.goesOn()) {
    const worst = corners[n]!;
    const best = corners[0]!;
    const centre = start.map((_, i) => {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += corners[k]!.x[i]!;
      return sum / n;
    });
    const along = (t: number): Corner => corner(centre.map((c, i) => c + t * (worst.x[i]! - c)));
    const mirrored = along(-1);
    let next: Corner | null = mirrored;
    if (mirrored.value < best.value) {
      const farther = along(-grow);
      if (farther.value < mirrored.value) next = farther;
    } else if (mirrored.value >= corners[n - 1]!.value) {
      const isOutside = mirrored.value < worst.value;
      const nearer = along(isOutside ? -shorten : shorten);
      next =
        nearer.value < Math.min(mirrored.value, worst.value) || (isOutside && nearer.value <= mirrored.value)
          ? nearer
          : null;
    }
    if (next) corners[n] = next;
    else
      corners = corners.map((c, k) =>
        k === 0 ? c : corner(c.x.map((xi, i) => best.x[i]! + shrink * (xi - best.x[i]!))),
      );
    sort(corners);
    converged = isSmall();
    problem.advance(corners[0]!.value, Number.NaN);
  }
  const { x, value } = corners[0]!;
  return problem.finish({ x, value, gradient: new Float64Array(n).fill(Number.NaN) }, converged);
}
