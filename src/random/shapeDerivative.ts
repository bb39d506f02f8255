// How the logarithm y of a gamma variable moves with the shape parameter a when its distribution function F is held: the implicit
// derivative ∂y/∂a = -(∂F/∂a)/(∂F/∂y) of Figurnov, Mohamed, Mnih, "Implicit reparameterization gradients" (2018). With the density f
// of x = exp(y), the family Hₙ = -(∂ⁿF/∂aⁿ)/(x f) is closed under derivatives:
//   ∂Hₙ/∂a = Hₙ₊₁ - (y - ψ(a)) Hₙ   and   ∂Hₙ/∂y = -Bₙ - (a - x) Hₙ   with   Bₙ = (∂ⁿf/∂aⁿ)/f,
// so that derivatives of all orders follow.

import { type Function3, function3 } from "../special/elementwise.ts";
import { digamma as digammaKernel, polygamma } from "../special/gamma/digammaKernel.ts";
import { digamma } from "../special/gamma/gamma.ts";

/** What Bₙ depends on besides y: ψ(a), -ψ'(a), -ψ''(a) … */
function cumulants(n: number, a: number): Float64Array {
  const k = new Float64Array(Math.max(1, n));
  k[0] = digammaKernel(a);
  for (let i = 1; i < n; i++) k[i] = -polygamma(i, a);
  return k;
}

const SCRATCH = new Float64Array(64);

/** The complete Bell polynomial Bₙ(first, k₁, k₂ …). O(n²). */
function bell(n: number, first: number, k: Float64Array): number {
  if (n <= 1) return n === 1 ? first : n === 0 ? 1 : 0;
  const values = SCRATCH;
  values[0] = 1;
  for (let m = 0; m < n; m++) {
    let sum = 0;
    let binomial = 1;
    for (let j = 0; j <= m; j++) {
      sum += binomial * values[m - j]! * (j === 0 ? first : k[j]!);
      binomial = (binomial * (m - j)) / (j + 1);
    }
    values[m + 1] = sum;
  }
  return values[n]!;
}

const bellOf = (n: number, a: number, y: number): number => {
  const k = cumulants(n, a);
  return bell(n, y - k[0]!, k);
};

// The double exponential rule for integrands on (0, ∞) that decay like exponentials (Takahasi and Mori, 1974).
const STEP = 0.11;
const NODES = Array.from({ length: 82 }, (_, i) => {
  const t = -4.4 + STEP * i;
  const node = Math.exp(t - Math.exp(-t));
  return { node, weight: STEP * node * (1 + Math.exp(-t)) };
}).filter(({ node, weight }) => node < 60 && weight > 1e-40);

/**
 * Hₙ(a, y) by quadrature over the side of x on which the smaller part of the distribution lies: below x in the logarithm v of x over
 * the variable, above it in the distance from x. The integrand is a polynomial at x and falls off from there. 70 exponentials.
 */
function shapeDerivative(n: number, a: number, y: number): number {
  const x = Math.exp(y);
  const k = cumulants(n, a);
  const first = y - k[0]!;
  const width = 1 / (Math.abs(a - x) + Math.sqrt(x));
  let sum = 0;
  if (x <= a) {
    const scale = Math.max(width, 1 / a);
    for (const { node, weight } of NODES) {
      const v = node * scale;
      sum += weight * bell(n, first - v, k) * Math.exp(-a * v - x * Math.expm1(-v));
    }
    return -sum * scale;
  }
  const scale = Math.max(x * width, 1);
  for (const { node, weight } of NODES) {
    const distance = node * scale;
    const log = Math.log1p(distance / x);
    sum += ((weight * bell(n, first + log, k)) / (x + distance)) * Math.exp(a * log - distance);
  }
  return sum * scale;
}

const gammaBell: Function3 = function3(
  "gammaBell",
  bellOf,
  null,
  (b, n, a, y) => gammaBell(n.add(1), a, y).sub(b.mul(y.sub(digamma(a)))),
  (_b, n, a, y) => n.mul(gammaBell(n.sub(1), a, y)),
);

/** Hₙ(a, y) for n >= 1, element by element; no derivative in n. */
export const gammaShapeDerivative: Function3 = function3(
  "gammaShapeDerivative",
  shapeDerivative,
  null,
  (h, n, a, y) => gammaShapeDerivative(n.add(1), a, y).sub(h.mul(y.sub(digamma(a)))),
  (h, n, a, y) =>
    gammaBell(n, a, y)
      .add(h.mul(a.sub(y.exp())))
      .neg(),
);
