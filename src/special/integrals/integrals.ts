// Exponential, trigonometric, hyperbolic and Fresnel integrals on tensors.

import { cos, cosh, exp, sin } from "../../ops/transcendental.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { sphericalIn, sphericalJn } from "../bessel/spherical.ts";
import { type Function1, type Function2, function1, function2 } from "../elementwise.ts";
import * as exponential from "./exponentialKernel.ts";
import * as trigonometric from "./trigonometricKernel.ts";

/** E₁(x) = ∫ₓ^∞ e^(-t)/t dt: ∞ at 0, NaN for x < 0. */
export const exp1: Function1 = function1("exp1", exponential.expIntegral1, (_y, x) =>
  exp(x.neg()).div(x).neg(),
);
/** Ei(x), the principal value of ∫ e^t/t dt from -∞ to x: -∞ at 0. */
export const expi: Function1 = function1("expi", exponential.expIntegralEi, (_y, x) => exp(x).div(x));
/** Eₙ(x) = ∫₁^∞ e^(-xt)/tⁿ dt for integers n >= 0 and x >= 0, else NaN. Not differentiable in n. */
export const expn: Function2 = function2("expn", exponential.expIntegralN, "the order n", (_y, n, x) =>
  expn(n.sub(1), x).neg(),
);

const sineIntegral = function1("sineIntegral", trigonometric.sineIntegral, (_y, x) => sphericalJn(0, x));
const cosineIntegral = function1("cosineIntegral", trigonometric.cosineIntegral, (_y, x) => cos(x).div(x));
/** Si(x) = ∫₀ˣ sin(t)/t dt and Ci(x) = γ + log x + ∫₀ˣ (cos(t) - 1)/t dt (NaN for x < 0). */
export const sici = (x: TensorLike): { readonly si: Tensor; readonly ci: Tensor } => ({
  si: sineIntegral(x),
  ci: cosineIntegral(x),
});

const hyperbolicSineIntegral = function1(
  "hyperbolicSineIntegral",
  trigonometric.hyperbolicSineIntegral,
  (_y, x) => sphericalIn(0, x),
);
const hyperbolicCosineIntegral = function1(
  "hyperbolicCosineIntegral",
  trigonometric.hyperbolicCosineIntegral,
  (_y, x) => cosh(x).div(x),
);
/** Shi(x) = ∫₀ˣ sinh(t)/t dt and Chi(x) = γ + log x + ∫₀ˣ (cosh(t) - 1)/t dt (NaN for x < 0). */
export const shichi = (x: TensorLike): { readonly shi: Tensor; readonly chi: Tensor } => ({
  shi: hyperbolicSineIntegral(x),
  chi: hyperbolicCosineIntegral(x),
});

const phase = (x: Tensor): Tensor => x.square().mul(Math.PI / 2);
const fresnelSine = function1("fresnelSine", trigonometric.fresnelSine, (_y, x) => sin(phase(x)));
const fresnelCosine = function1("fresnelCosine", trigonometric.fresnelCosine, (_y, x) => cos(phase(x)));
/** S(x) = ∫₀ˣ sin(πt²/2) dt and C(x) = ∫₀ˣ cos(πt²/2) dt. */
export const fresnel = (x: TensorLike): { readonly s: Tensor; readonly c: Tensor } => ({
  s: fresnelSine(x),
  c: fresnelCosine(x),
});
