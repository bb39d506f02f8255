// Inverses of the error functions and of the normal distribution: an elementary start (Winitzki's formula, or the leading
// term of the tail), then Halley's iteration on the function or on its logarithm.

import { erf, erfc } from "../../device/special.ts";
import { SQRT_PI } from "../numeric.ts";
import { erfcx } from "./scaledKernel.ts";

/** x with erf(x) = y: ±∞ at ±1, NaN beyond. */
export function inverseErf(y: number): number {
  const size = Math.abs(y);
  if (!(size < 1)) return size === 1 ? y * Number.POSITIVE_INFINITY : Number.NaN;
  if (size < 1e-9) return (SQRT_PI / 2) * y;
  if (size > 0.75) return Math.sign(y) * inverseErfcSmall(1 - size);
  const log = Math.log1p(-y * y);
  const shift = 2 / (Math.PI * 0.147) + log / 2;
  let x = Math.sign(y) * Math.sqrt(Math.sqrt(shift * shift - log / 0.147) - shift);
  for (let k = 0; k < 3; k++) {
    const step = (erf(x) - y) / ((2 / SQRT_PI) * Math.exp(-x * x));
    x -= step / (1 + x * step);
  }
  return x;
}

/** x with erfc(x) = y: ∞ at 0, -∞ at 2, NaN beyond. */
export function inverseErfc(y: number): number {
  if (!(y > 0 && y < 2))
    return y === 0 ? Number.POSITIVE_INFINITY : y === 2 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (y < 0.3) return inverseErfcSmall(y);
  if (y > 1.7) return -inverseErfcSmall(2 - y);
  const x = inverseErf(1 - y);
  // One more step with erfc, for what 1 - y lost.
  const step = (y - erfc(x)) / ((2 / SQRT_PI) * Math.exp(-x * x));
  return x - step;
}

/** For 0 < y < 0.3: Newton's method for log erfc(x) = -x² + log erfcx(x). */
function inverseErfcSmall(y: number): number {
  const target = -Math.log(y);
  let x = Math.sqrt(Math.max(0.3, target - 0.5 * Math.log(Math.PI * Math.max(0.6, target))));
  for (let k = 0; k < 12; k++) {
    const scaled = erfcx(x);
    const step = (x * x - Math.log(scaled) - target) / (2 / (SQRT_PI * scaled));
    x -= step;
    if (Math.abs(step) < 1e-9 * x) {
      // The last one, where the logarithms have no more digits to give.
      if (y > 1e-250) return x + ((erfc(x) - y) / y) * ((SQRT_PI / 2) * scaled);
      break;
    }
  }
  return x;
}

/** The quantile of the standard normal distribution. */
export function normalQuantile(p: number): number {
  return p < 0.5 ? -Math.SQRT2 * inverseErfc(2 * p) : Math.SQRT2 * inverseErf(2 * p - 1);
}
