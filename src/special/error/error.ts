// Relatives and inverses of the error function on tensors. erf and erfc are operations of the engine.

import { exp } from "../../ops/transcendental.ts";
import { type Function1, function1 } from "../elementwise.ts";
import { SQRT_PI } from "../numeric.ts";
import * as inverse from "./inverseKernel.ts";
import * as kernel from "./scaledKernel.ts";

/** e^(x²) erfc(x), for large x where both factors leave the range of numbers. */
export const erfcx: Function1 = function1("erfcx", kernel.erfcx, (y, x) =>
  x
    .mul(y)
    .mul(2)
    .sub(2 / SQRT_PI),
);
/** -i erf(ix) = 2/√π ∫₀ˣ e^(t²) dt */
export const erfi: Function1 = function1("erfi", kernel.erfi, (_y, x) => exp(x.square()).mul(2 / SQRT_PI));
/** Dawson's integral e^(-x²) ∫₀ˣ e^(t²) dt. */
export const dawsn: Function1 = function1("dawsn", kernel.dawson, (y, x) => x.mul(y).mul(-2).add(1));
/** x with erf(x) = y: ±∞ at ±1, NaN beyond. */
export const erfinv: Function1 = function1("erfinv", inverse.inverseErf, (y) =>
  exp(y.square()).mul(SQRT_PI / 2),
);
/** x with erfc(x) = y: ∞ at 0, -∞ at 2, NaN beyond. */
export const erfcinv: Function1 = function1("erfcinv", inverse.inverseErfc, (y) =>
  exp(y.square()).mul(-SQRT_PI / 2),
);
/** The distribution function of the standard normal distribution. */
export const ndtr: Function1 = function1("ndtr", kernel.normalCdf, (_y, x) =>
  exp(x.square().mul(-0.5)).mul(1 / Math.sqrt(2 * Math.PI)),
);
/** Its logarithm, far into the lower tail. */
export const logNdtr: Function1 = function1("logNdtr", kernel.logNormalCdf, (y, x) =>
  exp(x.square().mul(-0.5).sub(y)).mul(1 / Math.sqrt(2 * Math.PI)),
);
/** Its inverse: ∓∞ at 0 and 1, NaN outside. */
export const ndtri: Function1 = function1("ndtri", inverse.normalQuantile, (y) =>
  exp(y.square().mul(0.5)).mul(Math.sqrt(2 * Math.PI)),
);
