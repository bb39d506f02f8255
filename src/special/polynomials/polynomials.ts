// Values of the classical orthogonal polynomials by their recurrences, composed of tensor operations: differentiable to any
// order. All of them cost O(n) operations per element.

import { astype } from "../../ops/cast.ts";
import { stack } from "../../ops/join.ts";
import { asTensor } from "../../ops/operands.ts";
import { inexactDType } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import {
  CHEBYSHEV_T,
  CHEBYSHEV_U,
  checkDegree,
  checkParameter,
  type Family,
  gegenbauer,
  HERMITE,
  HERMITE_NORMAL,
  jacobi,
  LEGENDRE,
  laguerre,
} from "./families.ts";

const inexact = (value: TensorLike): Tensor => {
  const x = asTensor(value);
  return astype(x, inexactDType(x.dtype));
};

/** p₀ … pₙ at x. */
function degrees({ step }: Family, n: number, x: Tensor): Tensor[] {
  const values = [x.mul(0).add(1)];
  for (let k = 0; k < n; k++) {
    const { a, b, c } = step(k);
    const linear = b === 0 ? x.mul(a) : x.mul(a).add(b);
    const value = linear.mul(values[k]!);
    values.push(k === 0 || c === 0 ? value : value.sub(values[k - 1]!.mul(c)));
  }
  return values;
}

function evaluate(family: Family, n: number, x: TensorLike, name: string): Tensor {
  checkDegree(n, `${name}: n`);
  return degrees(family, n, inexact(x))[n]!;
}

/** Legendre's Pₙ(x). Throws DomainError unless n is an integer >= 0, as all of these. */
export const evalLegendre = (n: number, x: TensorLike): Tensor => evaluate(LEGENDRE, n, x, "evalLegendre");
/** Chebyshev's Tₙ(x), of the first kind. */
export const evalChebyt = (n: number, x: TensorLike): Tensor => evaluate(CHEBYSHEV_T, n, x, "evalChebyt");
/** Chebyshev's Uₙ(x), of the second kind. */
export const evalChebyu = (n: number, x: TensorLike): Tensor => evaluate(CHEBYSHEV_U, n, x, "evalChebyu");
/** Hermite's Hₙ(x), orthogonal for e^(-x²). */
export const evalHermite = (n: number, x: TensorLike): Tensor => evaluate(HERMITE, n, x, "evalHermite");
/** Hermite's Heₙ(x), orthogonal for e^(-x²/2). */
export const evalHermitenorm = (n: number, x: TensorLike): Tensor =>
  evaluate(HERMITE_NORMAL, n, x, "evalHermitenorm");
/** Laguerre's Lₙ(x). */
export const evalLaguerre = (n: number, x: TensorLike): Tensor => evaluate(laguerre(0), n, x, "evalLaguerre");
/** The generalized Laguerre polynomial Lₙ^(α)(x), α > -1. */
export function evalGenlaguerre(n: number, alpha: number, x: TensorLike): Tensor {
  checkParameter(alpha, "evalGenlaguerre: alpha", -1);
  return evaluate(laguerre(alpha), n, x, "evalGenlaguerre");
}
/** Gegenbauer's Cₙ^(α)(x), α > -1/2. */
export function evalGegenbauer(n: number, alpha: number, x: TensorLike): Tensor {
  checkParameter(alpha, "evalGegenbauer: alpha", -0.5);
  return evaluate(gegenbauer(alpha), n, x, "evalGegenbauer");
}
/** Jacobi's Pₙ^(α, β)(x), α, β > -1. */
export function evalJacobi(n: number, alpha: number, beta: number, x: TensorLike): Tensor {
  checkParameter(alpha, "evalJacobi: alpha", -1);
  checkParameter(beta, "evalJacobi: beta", -1);
  return evaluate(jacobi(alpha, beta), n, x, "evalJacobi");
}

const FAMILIES: Readonly<Record<string, Family>> = {
  legendre: LEGENDRE,
  chebyshev: CHEBYSHEV_T,
  hermite: HERMITE,
  hermitenorm: HERMITE_NORMAL,
  laguerre: laguerre(0),
};

/** The polynomials of degrees 0 … n at `x` `[...s]`, as `[...s, n + 1]`: a (pseudo-)Vandermonde matrix. O(n) per element. */
export function vander(
  family: "legendre" | "chebyshev" | "hermite" | "hermitenorm" | "laguerre",
  n: number,
  x: TensorLike,
): Tensor {
  const known = FAMILIES[family];
  if (!known)
    throw new DomainError(
      `vander: family: one of ${Object.keys(FAMILIES).join(", ")} was expected, got ${String(family)}`,
    );
  checkDegree(n, "vander: n");
  return stack(degrees(known, n, inexact(x)), -1);
}

/**
 * The associated Legendre function Pₙᵐ(x) for |x| <= 1 with the phase (-1)^m of Condon and Shortley, as SciPy's lpmv(m, n, x).
 * Throws DomainError unless m and n >= 0 are integers; 0 for |m| > n. O(n) per element.
 */
export function lpmv(m: number, n: number, x: TensorLike): Tensor {
  checkDegree(n, "lpmv: n");
  if (!Number.isInteger(m)) throw new DomainError(`lpmv: m: an integer was expected, got ${m}`);
  const value = inexact(x);
  const order = Math.abs(m);
  if (order > n) return value.mul(0);
  // Pₘᵐ = (-1)^m (2m - 1)!! (1 - x²)^(m/2), then upwards in the degree.
  let lead = 1;
  for (let k = 1; k <= order; k++) lead *= -(2 * k - 1);
  let factor = lead;
  // P^(-m) = (-1)^m (n - m)!/(n + m)! P^m
  if (m < 0) for (let k = n - order + 1; k <= n + order; k++) factor /= k;
  if (m < 0 && order % 2 === 1) factor = -factor;
  const circle = value.neg().add(1).mul(value.add(1));
  let before = value.mul(0);
  let current = order === 0 ? before.add(factor) : circle.pow(order / 2).mul(factor);
  for (let k = order; k < n; k++) {
    const next = value
      .mul(current)
      .mul((2 * k + 1) / (k - order + 1))
      .sub(before.mul((k + order) / (k - order + 1)));
    before = current;
    current = next;
  }
  return current;
}
