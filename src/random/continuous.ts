// Variables that are functions of uniform or normal ones, with the derivatives that follow.

import { einsum } from "../ops/einsum.ts";
import { readable } from "../ops/known.ts";
import { type Function3, function3 } from "../special/elementwise.ts";
import { normalQuantile } from "../special/error/inverseKernel.ts";
import { erfcx, logNormalCdf, normalCdf } from "../special/error/scaledKernel.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, checkShape, formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { unitUniform } from "./bits.ts";
import { checkReal, type DrawOptions, normal } from "./distributions.ts";
import { commonShape, POSITIVE, parameter } from "./elements.ts";
import type { ParameterOptions } from "./gamma.ts";
import type { Key } from "./key.ts";

/**
 * Exponential variables of rate `rate` (1 unless told), with which they are differentiable. O(size). Throws DomainError unless the
 * rate is > 0 and finite; ShapeError when it does not broadcast to `shape`.
 */
export function exponential(
  from: Key,
  shape: Shape,
  options: DrawOptions & { readonly rate?: TensorLike } = {},
): Tensor {
  const { dtype = "float64", rate = 1 } = options;
  checkShape(shape, "exponential: shape");
  checkReal("exponential", dtype);
  const x = parameter("exponential", { name: "rate", ...POSITIVE }, rate);
  commonShape("exponential", [x], shape);
  return unitUniform(from, { shape }).log().neg().div(x).astype(dtype);
}

/** Below this the distribution function is too small for numbers. */
const SMALLEST = 1e-290;

/** x with Φ(x) = Φ(low) + u (Φ(high) - Φ(low)). */
function quantileKernel(u: number, low: number, high: number): number {
  // In the lower tail, where the distribution function keeps its digits.
  if (low > 0) return -quantileKernel(1 - u, -high, -low);
  const bottom = normalCdf(low);
  const top = normalCdf(high);
  let x: number;
  if (top > SMALLEST) x = normalQuantile(bottom + u * (top - bottom));
  else {
    const logTop = logNormalCdf(high);
    const target = logTop + Math.log(u + (1 - u) * Math.exp(logNormalCdf(low) - logTop));
    x = -Math.sqrt(-2 * target);
    // Newton's method on log Φ, whose slope is φ/Φ.
    for (let k = 0; k < 20; k++) {
      const step = (logNormalCdf(x) - target) * Math.sqrt(Math.PI / 2) * erfcx(-x * Math.SQRT1_2);
      x -= step;
      if (Math.abs(step) < 1e-14 * Math.abs(x)) break;
    }
  }
  return Math.min(high, Math.max(low, x));
}

const ratio = (x: Tensor, at: Tensor): Tensor => x.square().sub(at.square()).mul(0.5).exp();

/** The quantile u of a normal variable between bounds: the second and third operand. */
// From Φ(x) = (1 - u) Φ(low) + u Φ(high); nothing asks for the derivative in u.
export const truncatedQuantile: Function3 = function3(
  "truncatedNormalQuantile",
  quantileKernel,
  "the uniform number",
  (x, u, low) => u.neg().add(1).mul(ratio(x, low)),
  (x, u, _low, high) => u.mul(ratio(x, high)),
);

const bound = (name: string): { name: string; expected: string; accept: (x: number) => boolean } => ({
  name,
  expected: "a number",
  accept: (x) => !Number.isNaN(x),
});

/**
 * Standard normal variables between `low` and `high` (which may be infinite), by inversion that keeps its digits in both tails;
 * differentiable with respect to the bounds. O(size). Throws DomainError unless low < high; ShapeError when they do not broadcast to
 * `shape`.
 */
export function truncatedNormal(
  from: Key,
  low: TensorLike,
  high: TensorLike,
  options: ParameterOptions = {},
): Tensor {
  const { dtype = "float64", shape } = options;
  checkReal("truncatedNormal", dtype);
  if (shape) checkShape(shape, "truncatedNormal: shape");
  const a = parameter("truncatedNormal", bound("low"), low);
  const b = parameter("truncatedNormal", bound("high"), high);
  const target = commonShape("truncatedNormal", [a, b], shape);
  const below = readable(a);
  const above = readable(b);
  if (below && above && !below.less(above).all().item())
    throw new DomainError("truncatedNormal: low < high was expected everywhere");
  return truncatedQuantile(unitUniform(from, { shape: target }), a, b).astype(dtype);
}

/**
 * Normal vectors `[...shape, …, d]` of mean `[…, d]` and covariance L Lᵀ, given the factor L `[…, d, d]`: that is
 * `cholesky(covariance)`, or any other square root. Differentiable with respect to both. O(size d). Throws ShapeError when they do not
 * fit; DomainError for NaN and infinity.
 */
export function multivariateNormal(
  from: Key,
  mean: Tensor,
  factor: Tensor,
  options: ParameterOptions = {},
): Tensor {
  const { dtype = "float64", shape = [] } = options;
  checkReal("multivariateNormal", dtype);
  checkShape(shape, "multivariateNormal: shape");
  const finite = { expected: "a finite number", accept: Number.isFinite };
  const mu = parameter("multivariateNormal", { name: "mean", ...finite }, mean);
  const root = parameter("multivariateNormal", { name: "factor", ...finite }, factor);
  const d = mu.shape.at(-1);
  if (d === undefined || root.ndim < 2 || root.shape.at(-1) !== d || root.shape.at(-2) !== d)
    throw new ShapeError(
      `multivariateNormal: mean […, d] and factor […, d, d] were expected, got ${formatShape(mu.shape)} and ${formatShape(root.shape)}`,
    );
  const batch = broadcastShapes(mu.shape.slice(0, -1), root.shape.slice(0, -2));
  const z = normal(from, [...shape, ...batch, d]);
  return einsum("...ij,...j->...i", root, z).add(mu).astype(dtype);
}
