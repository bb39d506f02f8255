// Minima of a function of one number, without derivatives.

import { DomainError } from "../../tensor/errors.ts";
import {
  checkInterval,
  numeric,
  type ScalarFunction,
  type ScalarResult,
  type ScalarTolerances,
  tolerances,
} from "./function.ts";

export interface MinimizeScalarOptions extends ScalarTolerances {
  /** The minimum is searched between these. */
  readonly bounds?: readonly [number, number];
  /** Without bounds: two points from which to go downhill until a minimum is enclosed. [0, 1] unless told. */
  readonly bracket?: readonly [number, number];
  /** Parabolas with golden sections where they fail (unless told), or golden sections alone. */
  readonly method?: "brent" | "golden";
}

/** The smaller part of the golden section. */
const GOLDEN = (3 - Math.sqrt(5)) / 2;
const GROWTH = (1 + Math.sqrt(5)) / 2;
/** Triples that are tried on the way downhill: from 1 to beyond the largest number. */
const MOST_GROWTH = 1500;

/** A point between a and b below both ends, when the search downhill finds one. */
interface Enclosed {
  readonly a: number;
  readonly b: number;
  readonly x: number;
  readonly value: number;
  readonly found: boolean;
}

/** Goes downhill in growing steps until the function rises. */
function enclose(at: (x: number) => number, first: number, second: number): Enclosed {
  let a = first;
  let x = second;
  let fa = at(a);
  let fx = at(x);
  if (fa < fx) {
    [a, x] = [x, a];
    [fa, fx] = [fx, fa];
  }
  for (let k = 0; k < MOST_GROWTH; k++) {
    const b = x + GROWTH * (x - a);
    const fb = at(b);
    if (!(fb < fx)) return { a: Math.min(a, b), b: Math.max(a, b), x, value: fx, found: Number.isFinite(b) };
    a = x;
    x = b;
    fx = fb;
    if (!Number.isFinite(fx)) break;
  }
  return { a, b: x, x, value: fx, found: false };
}

/**
 * A local minimum of a function of one number. A minimum is known to about the square root of the precision only, since the function
 * is flat there: `rtol` is 1.5e-8 and `atol` 1e-10 unless told.
 *
 * Throws DomainError for bounds or a bracket that are not finite, empty, or both given. A function that falls without end gives
 * `converged` false.
 *
 * Source: Brent, Algorithms for Minimization without Derivatives (1973), chapter 5.
 */
export function minimizeScalar(f: ScalarFunction, options: MinimizeScalarOptions = {}): ScalarResult {
  const name = "minimizeScalar";
  const { bounds, bracket, method = "brent", ...rest } = options;
  const { atol, rtol, maxIterations } = tolerances(name, rest, {
    atol: 1e-10,
    rtol: 1.5e-8,
    maxIterations: 500,
  });
  if (method !== "brent" && method !== "golden")
    throw new DomainError(`${name}: method "brent" or "golden" was expected, got ${String(method)}`);
  if (bounds && bracket) throw new DomainError(`${name}: either bounds or a bracket was expected, got both`);
  const [first, second] = bounds ?? bracket ?? [0, 1];
  checkInterval(name, bounds ? "bounds" : "bracket", first, second);
  if (bounds ? !(first < second) : first === second)
    throw new DomainError(
      `${name}: ${bounds ? "bounds: low < high" : "bracket: two different points"} was expected, got ${first} and ${second}`,
    );
  const at = numeric(name, f);
  let start: Enclosed;
  if (bounds) {
    const x = first + GOLDEN * (second - first);
    start = { a: first, b: second, x, value: at(x), found: true };
  } else start = enclose(at, first, second);
  if (!start.found) return { x: start.x, value: start.value, iterations: 0, converged: false };
  return shrink(at, start, { atol, rtol, maxIterations }, method === "brent");
}

/** Brent's loop; without parabolas every step is a golden section. */
function shrink(
  at: (x: number) => number,
  start: Enclosed,
  { atol, rtol, maxIterations }: Required<ScalarTolerances>,
  usesParabolas: boolean,
): ScalarResult {
  let { a, b, x, value: fx } = start;
  // The second and third best points so far.
  let w = x;
  let fw = fx;
  let v = x;
  let fv = fx;
  let step = 0;
  let stepBefore = 0;
  for (let iterations = 0; ; iterations++) {
    const middle = (a + b) / 2;
    const tolerance = rtol * Math.abs(x) + atol;
    if (Math.abs(x - middle) <= 2 * tolerance - (b - a) / 2)
      return { x, value: fx, iterations, converged: true };
    if (iterations === maxIterations) return { x, value: fx, iterations, converged: false };
    let isGolden = true;
    if (usesParabolas && Math.abs(stepBefore) > tolerance) {
      const r = (x - w) * (fx - fv);
      let q = (x - v) * (fx - fw);
      let p = (x - v) * q - (x - w) * r;
      q = 2 * (q - r);
      if (q > 0) p = -p;
      else q = -q;
      if (Math.abs(p) < Math.abs((q * stepBefore) / 2) && p > q * (a - x) && p < q * (b - x)) {
        stepBefore = step;
        step = p / q;
        isGolden = false;
        const u = x + step;
        if (u - a < 2 * tolerance || b - u < 2 * tolerance) step = x < middle ? tolerance : -tolerance;
      }
    }
    if (isGolden) {
      stepBefore = x < middle ? b - x : a - x;
      step = GOLDEN * stepBefore;
    }
    const u = x + (Math.abs(step) >= tolerance ? step : Math.sign(step) * tolerance);
    const fu = at(u);
    if (fu <= fx) {
      if (u < x) b = x;
      else a = x;
      v = w;
      fv = fw;
      w = x;
      fw = fx;
      x = u;
      fx = fu;
      continue;
    }
    if (u < x) a = u;
    else b = u;
    if (fu <= fw || w === x) {
      v = w;
      fv = fw;
      w = u;
      fw = fu;
    } else if (fu <= fv || v === x || v === w) {
      v = u;
      fv = fu;
    }
  }
}
