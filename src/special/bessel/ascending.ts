// The power series of J and I, for arguments that are small beside the order (DLMF 10.2.2, 10.25.2).

import { rgamma } from "../gamma/gammaKernel.ts";

/** (x/2)^v / Γ(v + 1) Σ (±x²/4)^k / (k! (v + 1)ₖ): J with sign -1, I with 1, for v >= 0. */
export function ascending(v: number, x: number, sign: 1 | -1): number {
  const step = (sign * x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 500; k++) {
    term *= step / (k * (v + k));
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  return leadingPower(v, x) * sum;
}

/** (x/2)^v / Γ(v + 1), whose parts may leave the range of numbers. */
function leadingPower(v: number, x: number): number {
  if (v < 150) {
    const power = (x / 2) ** v;
    if (power > 1e-290 || v < 1) return power * rgamma(v + 1);
  }
  // One factor x/2v at a time while v is large, the rest by halves.
  let product = 1;
  let order = v;
  while (order > 100) {
    product *= x / 2 / order;
    order -= 1;
    if (product === 0) return 0;
  }
  const half = (x / 2) ** (order / 2);
  return product * half * half * rgamma(order + 1);
}
