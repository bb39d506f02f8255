// Products with logarithms that are 0 where the factor is 0, and what information theory makes of them.

import { log, log1p } from "../../ops/transcendental.ts";
import { type Function1, type Function2, function1, function2 } from "../elementwise.ts";
import { log1pmx } from "../numeric.ts";

/** x log y, and 0 where x = 0 and y is not NaN. */
export const xlogy: Function2 = function2(
  "xlogy",
  (x, y) => (x === 0 && !Number.isNaN(y) ? 0 : x * Math.log(y)),
  (_r, _x, y) => log(y),
  (_r, x, y) => x.div(y),
);
/** x log(1 + y), and 0 where x = 0 and y is not NaN. */
export const xlog1py: Function2 = function2(
  "xlog1py",
  (x, y) => (x === 0 && !Number.isNaN(y) ? 0 : x * Math.log1p(y)),
  (_r, _x, y) => log1p(y),
  (_r, x, y) => x.div(y.add(1)),
);
/** -x log x: 0 at 0, -∞ for x < 0. */
export const entr: Function1 = function1(
  "entr",
  (x) => (x > 0 ? -x * Math.log(x) : x === 0 ? 0 : Number.isNaN(x) ? x : Number.NEGATIVE_INFINITY),
  (_y, x) => log(x).add(1).neg(),
);
const relative = (x: number, y: number): number => {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x > 0 && y > 0) return x * Math.log(x / y);
  return x === 0 && y >= 0 ? 0 : Number.POSITIVE_INFINITY;
};
/** x log(x/y): 0 where x = 0 <= y, ∞ outside x, y > 0. */
export const relEntr: Function2 = function2(
  "relEntr",
  relative,
  (_r, x, y) => log(x.div(y)).add(1),
  (_r, x, y) => x.div(y).neg(),
);
function divergence(x: number, y: number): number {
  if (!(x > 0 && y > 0)) return x === 0 && y >= 0 ? y : relative(x, y);
  const t = (x - y) / y;
  // y ((1 + t) log(1 + t) - t), whose leading terms cancel where x is near y.
  if (Math.abs(t) < 0.4) return y * ((1 + t) * log1pmx(t) + t * t);
  return x * Math.log(x / y) - x + y;
}
/** x log(x/y) - x + y: the terms of Kullback and Leibler's divergence; ∞ outside x, y > 0 but for x = 0 <= y. */
export const klDiv: Function2 = function2(
  "klDiv",
  divergence,
  (_r, x, y) => log(x.div(y)),
  (_r, x, y) => x.div(y).neg().add(1),
);
