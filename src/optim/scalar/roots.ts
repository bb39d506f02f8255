// Roots of a function of one number inside a bracket.

import {
  checkInterval,
  checkSigns,
  numeric,
  type ScalarFunction,
  type ScalarResult,
  type ScalarTolerances,
  tolerances,
} from "./function.ts";

/**
 * A root of a continuous function between a and b by halving. One bit a step. Throws DomainError unless f(a) and f(b) have different
 * signs. For the derivative of a root with respect to parameters wrap the call in `implicitRoot`.
 */
export function bisect(
  f: ScalarFunction,
  a: number,
  b: number,
  options: ScalarTolerances = {},
): ScalarResult {
  const { atol, rtol, maxIterations } = tolerances("bisect", options);
  checkInterval("bisect", "bracket", a, b);
  const at = numeric("bisect", f);
  const fa = at(a);
  const fb = at(b);
  checkSigns("bisect", a, b, fa, fb);
  if (fa === 0) return { x: a, value: 0, iterations: 0, converged: true };
  if (fb === 0) return { x: b, value: 0, iterations: 0, converged: true };
  let low = a;
  let width = b - a;
  for (let iterations = 1; iterations <= maxIterations; iterations++) {
    width /= 2;
    const x = low + width;
    const value = at(x);
    if (Number.isNaN(value)) return { x, value, iterations, converged: false };
    if (Math.sign(value) === Math.sign(fa)) low = x;
    if (value === 0 || Math.abs(width) <= atol + rtol * Math.abs(x))
      return { x, value, iterations, converged: true };
  }
  return { x: low, value: at(low), iterations: maxIterations, converged: false };
}

/**
 * A root of a continuous function between a and b: inverse quadratic interpolation and the secant where they do well, else halving.
 * Throws DomainError unless f(a) and f(b) have different signs. For the derivative of a root with respect to parameters wrap the
 * call in `implicitRoot`.
 *
 * Source: Brent, Algorithms for Minimization without Derivatives (1973), chapter 4.
 */
export function brentRoot(
  f: ScalarFunction,
  a: number,
  b: number,
  options: ScalarTolerances = {},
): ScalarResult {
  const limits = tolerances("brentRoot", options);
  checkInterval("brentRoot", "bracket", a, b);
  const at = numeric("brentRoot", f);
  const [fa, fb] = [at(a), at(b)];
  checkSigns("brentRoot", a, b, fa, fb);
  return brentFrom(at, a, b, fa, fb, limits);
}

/** The same from values of different signs at the ends, which are known. */
export function brentFrom(
  at: (x: number) => number,
  a: number,
  b: number,
  fa: number,
  fb: number,
  { atol, rtol, maxIterations }: Required<ScalarTolerances>,
): ScalarResult {
  // `best` has the smaller value; `other` is the other end of the bracket, `before` the point before `best`.
  let before = a;
  let fBefore = fa;
  let best = b;
  let fBest = fb;
  let other = before;
  let fOther = fBefore;
  let step = best - before;
  let stepBefore = step;
  for (let iterations = 0; ; iterations++) {
    if (Math.sign(fBest) === Math.sign(fOther)) {
      other = before;
      fOther = fBefore;
      step = best - before;
      stepBefore = step;
    }
    if (Math.abs(fOther) < Math.abs(fBest)) {
      before = best;
      best = other;
      other = before;
      fBefore = fBest;
      fBest = fOther;
      fOther = fBefore;
    }
    const tolerance = (atol + rtol * Math.abs(best)) / 2;
    const half = (other - best) / 2;
    if (fBest === 0 || Math.abs(half) <= tolerance)
      return { x: best, value: fBest, iterations, converged: true };
    if (iterations === maxIterations || Number.isNaN(fBest))
      return { x: best, value: fBest, iterations, converged: false };
    if (Math.abs(stepBefore) >= tolerance && Math.abs(fBefore) > Math.abs(fBest)) {
      const s = fBest / fBefore;
      let p: number;
      let q: number;
      if (before === other) {
        p = 2 * half * s;
        q = 1 - s;
      } else {
        const t = fBefore / fOther;
        const r = fBest / fOther;
        p = s * (2 * half * t * (t - r) - (best - before) * (r - 1));
        q = (t - 1) * (r - 1) * (s - 1);
      }
      if (p > 0) q = -q;
      else p = -p;
      if (2 * p < Math.min(3 * half * q - Math.abs(tolerance * q), Math.abs(stepBefore * q))) {
        stepBefore = step;
        step = p / q;
      } else {
        step = half;
        stepBefore = half;
      }
    } else {
      step = half;
      stepBefore = half;
    }
    before = best;
    fBefore = fBest;
    best += Math.abs(step) > tolerance ? step : Math.sign(half) * tolerance;
    fBest = at(best);
  }
}
