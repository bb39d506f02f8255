import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Problem } from "./problem.ts";

/** The root mean square of x / (atol + rtol·|y|) over the numbers of a state. */
export function tolerancedNorm(
  problem: Problem,
  x: Float64Array,
  y: Float64Array,
  z: Float64Array = y,
): number {
  const { rtol, width } = problem;
  const atol = problem.atol.data() as Float64Array;
  const single = problem.atol.size === 1;
  const n = x.length / width;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const least = single ? atol[0]! : atol[i]!;
    if (width === 1) {
      const scale = least + rtol * Math.max(Math.abs(y[i]!), Math.abs(z[i]!));
      sum += (x[i]! / scale) ** 2;
    } else {
      const p = 2 * i;
      const size = Math.max(y[p]! ** 2 + y[p + 1]! ** 2, z[p]! ** 2 + z[p + 1]! ** 2);
      sum += (x[p]! ** 2 + x[p + 1]! ** 2) / (least + rtol * Math.sqrt(size)) ** 2;
    }
  }
  return Math.sqrt(sum / n);
}

/**
 * The length of the first step, from the sizes of the state, of its slope and of a first difference of slopes; one
 * evaluation. `order` is that of the error estimate. The caller's choice goes first.
 *
 * Source: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I (1993), section II.4.
 */
export function initialStep(
  problem: Problem,
  f: (t: Tensor, y: Tensor, args: unknown) => Tensor,
  state: Tensor,
  slope: Tensor,
  order: number,
): number {
  const { t0, t1, direction, maxStep } = problem;
  const span = Math.abs(t1 - t0);
  if (problem.initialStep !== undefined) return Math.min(problem.initialStep, span);
  const y = state.data() as Float64Array;
  const f0 = slope.data() as Float64Array;
  const d0 = tolerancedNorm(problem, y, y);
  const d1 = tolerancedNorm(problem, f0, y);
  let guess = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * (d0 / d1);
  guess = Math.min(guess, span);
  const h = direction * guess;
  const moved = y.map((value, i) => value + h * f0[i]!);
  const f1 = f(tensor(t0 + h), problem.vector(moved), problem.args).data() as Float64Array;
  problem.statistics.evaluations++;
  const d2 =
    tolerancedNorm(
      problem,
      f1.map((value, i) => value - f0[i]!),
      y,
    ) / guess;
  const largest = Math.max(d1, d2);
  const fitted = largest <= 1e-15 ? Math.max(1e-6, guess * 1e-3) : (0.01 / largest) ** (1 / (order + 1));
  const size = Math.min(100 * guess, fitted, span, maxStep);
  return size > 0 ? size : Math.min(guess, maxStep);
}
