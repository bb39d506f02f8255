// The symbol of collocation with B-splines: what the matrix does to a wave.

import { digamma } from "../../special/gamma/digammaKernel.ts";
import { hurwitzZeta } from "../../special/zeta/zetaKernel.ts";
import { DomainError } from "../../tensor/errors.ts";

/** Throws DomainError unless the degree is an integer of at least 2 (and within what float64 carries). */
export function checkSplineDegree(caller: string, degree: number): void {
  if (!(Number.isInteger(degree) && degree >= 2 && degree <= 20))
    throw new DomainError(`${caller}: degree must be an integer from 2 to 20, got ${degree}`);
}

/** Σ (−1)ˡ (a + l)⁻ˢ over l ≥ 0. */
const alternating = (s: number, a: number): number =>
  s === 1
    ? (digamma((a + 1) / 2) - digamma(a / 2)) / 2
    : 2 ** -s * (hurwitzZeta(s, a / 2) - hurwitzZeta(s, (a + 1) / 2));

/**
 * The symbol f(θ) = Σₗ |θ + 2πl|^α (sin(θ/2 + πl) / (θ/2 + πl))^(p+1) of the matrices of `rieszCollocation` over
 * intervals^α: even, of period 2π, with one zero, at 0, of order α; relative to its maximum, f(π) decays exponentially in
 * the degree p. The sum is taken in closed form by Hurwitz's zeta function.
 *
 * Source: M. Mazza, M. Donatelli, C. Manni and H. Speleers, "On the matrices in B-spline collocation methods for Riesz
 * fractional equations and their spectral properties", arXiv 2106.14834.
 *
 * @throws DomainError unless 1 < alpha <= 2 and degree is an integer from 2 to 20; the symbol throws it for an angle that
 *   is not finite.
 */
export function rieszSymbol(options: {
  readonly degree: number;
  readonly alpha: number;
}): (theta: number) => number {
  const { degree: p, alpha } = options;
  checkSplineDegree("rieszSymbol", p);
  if (!(alpha > 1 && alpha <= 2)) throw new DomainError(`rieszSymbol: alpha must be in (1, 2], got ${alpha}`);
  const s = p + 1 - alpha;
  const sum = p % 2 === 1 ? hurwitzZeta : alternating;
  return (theta) => {
    if (!Number.isFinite(theta)) throw new DomainError(`rieszSymbol: the angle must be finite, got ${theta}`);
    const turns = theta / (2 * Math.PI);
    const a = Math.abs(turns - Math.round(turns));
    if (a === 0) return 0;
    const sine = 2 * Math.sin(Math.PI * a);
    return sine ** (p + 1) * (2 * Math.PI) ** -s * (sum(s, a) + sum(s, 1 - a));
  };
}
