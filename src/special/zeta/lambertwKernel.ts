// The real branches of Lambert's function, w e^w = x, by Halley's iteration on w + log(w/x) or w e^w - x, and by the series at the
// branch point -1/e (Corless, Gonnet, Hare, Jeffrey and Knuth, 1996).

import { polynomial } from "../numeric.ts";

/** 1/e as a sum of two numbers. */
const BRANCH = 0.36787944117144233;
const BRANCH_REST = -1.2428753672788363e-17;
/** w as a polynomial in p = ±√(2(ex + 1)) */
const AT_BRANCH = [
  -1,
  1,
  -1 / 3,
  11 / 72,
  -43 / 540,
  769 / 17280,
  -221 / 8505,
  680863 / 43545600,
  -1963 / 204120,
  226287557 / 37623398400,
  -5776369 / 1515591000,
  169709463197 / 69528040243200,
  -1118511313 / 709296588000,
];

const START_AT_BRANCH = AT_BRANCH.slice(0, 4);

function halley(start: number, x: number): number {
  let w = start;
  for (let k = 0; k < 20; k++) {
    const e = Math.exp(w);
    const f = w * e - x;
    const next = w - f / (e * (w + 1) - ((w + 2) * f) / (2 * w + 2));
    if (Math.abs(next - w) <= 1e-15 * Math.abs(next)) return next;
    w = next;
  }
  return w;
}

/** Newton's method for w + log(w/x) = 0, where e^w may overflow or underflow. */
function logarithmic(start: number, x: number): number {
  let w = start;
  for (let k = 0; k < 30; k++) {
    const f = w + Math.log(w / x);
    const next = w - (f * w) / (1 + w);
    if (Math.abs(next - w) <= 1e-15 * Math.abs(next)) return next;
    w = next;
  }
  return w;
}

/** e x + 1, which vanishes at the branch point. */
const distance = (x: number): number => (x + BRANCH + BRANCH_REST) * Math.E;

/** The principal branch, w >= -1: NaN for x < -1/e. */
export function lambertPrincipal(x: number): number {
  const d = distance(x);
  if (Number.isNaN(x) || d < 0) return d > -1e-15 ? -1 : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  if (d < 0.003) return polynomial(Math.sqrt(2 * d), AT_BRANCH);
  if (Math.abs(x) < 1e-8) return x * (1 - x);
  if (x < 0) return halley(polynomial(Math.sqrt(2 * d), START_AT_BRANCH), x);
  if (x < 3) return halley(Math.log1p(x) * 0.8, x);
  const l = Math.log(x);
  return logarithmic(l - Math.log(l), x);
}

/** The other real branch, w <= -1, for -1/e <= x < 0: -∞ at 0, NaN elsewhere. */
export function lambertLower(x: number): number {
  const d = distance(x);
  if (x === 0) return Number.NEGATIVE_INFINITY;
  if (!(x < 0) || d < 0) return d < 0 && d > -1e-15 ? -1 : Number.NaN;
  if (d < 0.003) return polynomial(-Math.sqrt(2 * d), AT_BRANCH);
  const l = Math.log(-x);
  const start = x < -0.25 ? -1 - Math.sqrt(2 * d) * 1.1 : l - Math.log(-l);
  return logarithmic(Math.min(start, -1.01), x);
}
