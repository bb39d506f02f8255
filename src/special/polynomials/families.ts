// The classical orthogonal polynomials as data: the recurrence pₖ₊₁ = (aₖ x + bₖ) pₖ - cₖ pₖ₋₁ from p₀ = 1, and the integral of the
// weight function. Values, derivatives and Gauss's rules all follow from it (DLMF 18.9).

import { DomainError } from "../../tensor/errors.ts";
import { beta, pochhammer } from "../gamma/betaKernel.ts";
import { gamma } from "../gamma/gammaKernel.ts";
import { SQRT_PI } from "../numeric.ts";

export interface Step {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

export interface Family {
  readonly step: (k: number) => Step;
  /** The integral of the weight function. */
  readonly mass: number;
}

export const LEGENDRE: Family = {
  step: (k) => ({ a: (2 * k + 1) / (k + 1), b: 0, c: k / (k + 1) }),
  mass: 2,
};
export const CHEBYSHEV_T: Family = { step: (k) => ({ a: k === 0 ? 1 : 2, b: 0, c: 1 }), mass: Math.PI };
export const CHEBYSHEV_U: Family = { step: () => ({ a: 2, b: 0, c: 1 }), mass: Math.PI / 2 };
/** For the weight e^(-x²). */
export const HERMITE: Family = { step: (k) => ({ a: 2, b: 0, c: 2 * k }), mass: SQRT_PI };
/** For the weight e^(-x²/2). */
export const HERMITE_NORMAL: Family = { step: (k) => ({ a: 1, b: 0, c: k }), mass: Math.sqrt(2 * Math.PI) };

/** For the weight x^α e^(-x). */
export const laguerre = (alpha: number): Family => ({
  step: (k) => ({ a: -1 / (k + 1), b: (2 * k + 1 + alpha) / (k + 1), c: (k + alpha) / (k + 1) }),
  mass: gamma(alpha + 1),
});

/** For the weight (1 - x²)^(α - 1/2). */
export const gegenbauer = (alpha: number): Family => ({
  step: (k) => ({ a: (2 * (k + alpha)) / (k + 1), b: 0, c: (k + 2 * alpha - 1) / (k + 1) }),
  mass: SQRT_PI / pochhammer(alpha + 0.5, 0.5),
});

/** For the weight (1 - x)^α (1 + x)^β. */
export const jacobi = (alpha: number, beta_: number): Family => ({
  step: (k) => {
    if (k === 0) return { a: (alpha + beta_ + 2) / 2, b: (alpha - beta_) / 2, c: 0 };
    const s = 2 * k + alpha + beta_;
    const d = 2 * (k + 1) * (k + alpha + beta_ + 1);
    return {
      a: ((s + 1) * (s + 2)) / d,
      b: ((alpha - beta_) * (alpha + beta_) * (s + 1)) / (d * s),
      c: (2 * (k + alpha) * (k + beta_) * (s + 2)) / (d * s),
    };
  },
  mass: 2 ** (alpha + beta_ + 1) * beta(alpha + 1, beta_ + 1),
});

/** Throws DomainError unless n is a whole number of at least `least`. */
export function checkDegree(n: number, name: string, least = 0): void {
  if (!(Number.isInteger(n) && n >= least))
    throw new DomainError(`${name}: an integer of at least ${least} was expected, got ${n}`);
}

/** Throws DomainError unless the parameter is finite and above `bound`. */
export function checkParameter(value: number, name: string, bound: number = Number.NEGATIVE_INFINITY): void {
  if (!(Number.isFinite(value) && value > bound))
    throw new DomainError(
      `${name}: a finite number${bound === Number.NEGATIVE_INFINITY ? "" : ` above ${bound}`} was expected, got ${value}`,
    );
}
