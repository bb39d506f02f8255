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
export function initialStepOf(
  problem: Problem,
  f: (t: number, y: Float64Array) => Float64Array,
  f0: Float64Array,
  order: number,
): number {
  const { t0, t1, direction, maxStep, y0 } = problem;
  const span = Math.abs(t1 - t0);
  if (problem.initialStep !== undefined) return Math.min(problem.initialStep, span);
  const d0 = tolerancedNorm(problem, y0, y0);
  const d1 = tolerancedNorm(problem, f0, y0);
  const guess = Math.min(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * (d0 / d1), span);
  const h = direction * guess;
  const f1 = f(
    t0 + h,
    y0.map((value, i) => value + h * f0[i]!),
  );
  const change = f1.map((value, i) => value - f0[i]!);
  const d2 = tolerancedNorm(problem, change, y0) / guess;
  const largest = Math.max(d1, d2);
  const fitted = largest <= 1e-15 ? Math.max(1e-6, guess * 1e-3) : (0.01 / largest) ** (1 / (order + 1));
  const size = Math.min(100 * guess, fitted, span, maxStep);
  return size > 0 ? size : Math.min(guess, maxStep);
}
