// Zeta functions, polylogarithms and Lambert's function on tensors.

import { reciprocal } from "../../ops/arithmetic.ts";
import { exp, log } from "../../ops/transcendental.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { type Function1, type Function2, function1, function2 } from "../elementwise.ts";
import { hurwitzZeta } from "../gamma/gamma.ts";
import * as lambert from "./lambertwKernel.ts";
import * as polylogKernel from "./polylogKernel.ts";
import * as kernel from "./zetaKernel.ts";

const riemann = function1("riemannZeta", kernel.riemannZeta, "the exponent x");
/** ζ(x) - 1, without cancellation for large x. Not differentiable. */
export const zetac: Function1 = function1(
  "zetac",
  (x) => (x > 1 ? kernel.zetaMinusOne(x) : kernel.riemannZeta(x) - 1),
  "the exponent x",
);

/**
 * Riemann's ζ(x) for any real x (∞ at 1), or Hurwitz's ζ(x, q) = Σ (q + k)^-x when q is given (NaN for x < 1).
 * Differentiable in q.
 */
export const zeta = (x: TensorLike, q?: TensorLike): Tensor =>
  q === undefined ? riemann(x) : hurwitzZeta(x, q);

/** Liₛ(x) = Σ xᵏ/kˢ for x <= 1. Differentiable in x, away from 0. */
export const polylog: Function2 = function2("polylog", polylogKernel.polylog, "the order s", (_y, s, x) =>
  polylog(s.sub(1), x).div(x),
);

/** Spence's function Li₂(1 - z) = ∫₁ᶻ log(t)/(1 - t) dt: NaN for z < 0. Its derivative is NaN at 1. */
export const spence: Function1 = function1("spence", polylogKernel.spence, (_y, z) =>
  log(z).div(z.neg().add(1)),
);

const principal = function1("lambertw", lambert.lambertPrincipal, (w, x) => reciprocal(exp(w).add(x)));
const lower = function1("lambertwLower", lambert.lambertLower, (w, x) => reciprocal(exp(w).add(x)));

/**
 * Lambert's W, the solution of w eʷ = x, on its real branches: k = 0 with w >= -1, k = -1 with w <= -1 for -1/e <= x < 0.
 * NaN where the branch is not real. Throws DomainError for other k.
 */
export function lambertw(x: TensorLike, k: 0 | -1 = 0): Tensor {
  if (k !== 0 && k !== -1)
    throw new DomainError(`lambertw: k: 0 or -1, the real branches, was expected, got ${k}`);
  return k === 0 ? principal(x) : lower(x);
}
