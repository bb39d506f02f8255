// Gamma variables and what is made of them: beta and Dirichlet. All of them in logarithms, so that small shape parameters, whose
// variables are below the smallest number, lose nothing.

import { asTensor } from "../ops/operands.ts";
import { JET_FROM_JVP } from "../ops/primitive.ts";
import { sigmoid } from "../ops/transcendental.ts";
import { softmax } from "../special/elementary/elementary.ts";
import { ShapeError } from "../tensor/errors.ts";
import { checkShape, formatShape, type Shape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";
import { checkReal, type DrawOptions } from "./distributions.ts";
import { commonShape, elementPrimitive, POSITIVE, parameter, type Stream } from "./elements.ts";
import { type Key, split } from "./key.ts";
import { gammaShapeDerivative } from "./shapeDerivative.ts";

/** The logarithm of a gamma variable: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). */
function drawLogGamma(stream: Stream, alpha: number): number {
  // Below 1 from a variable of shape α + 1, times U^(1/α).
  const boost = alpha < 1 ? Math.log(stream.uniform()) / alpha : 0;
  const d = (alpha < 1 ? alpha + 1 : alpha) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = stream.normal();
    const root = 1 + c * z;
    if (root <= 0) continue;
    const v = root * root * root;
    const logV = Math.log(v);
    if (Math.log(stream.uniform()) < 0.5 * z * z + d * (1 - v + logV)) return Math.log(d) + logV + boost;
  }
}

const ALPHA = { name: "alpha", ...POSITIVE };

const logGamma = elementPrimitive("randomLogGamma", "gamma", {
  parameters: [ALPHA],
  dtype: "float64",
  draw: drawLogGamma,
  differential: {
    jvp: ({ inputs: [, alpha], tangents: [, t], outputs: [y] }) => [
      t ? t.mul(gammaShapeDerivative(1, alpha!, y!)) : null,
    ],
    jet: JET_FROM_JVP,
  },
});

export interface ParameterOptions extends DrawOptions {
  /** Of the draws: parameters broadcast to it. The shape in which the parameters meet unless told. */
  readonly shape?: Shape;
}

/** The options with their defaults, checked. */
function options(
  name: string,
  { shape, dtype = "float64" }: ParameterOptions,
): {
  readonly dtype: "float64" | "float32";
  readonly shape: Shape | undefined;
} {
  checkReal(name, dtype);
  if (shape) checkShape(shape, `${name}: shape`);
  return { shape, dtype: dtype as "float64" | "float32" };
}

/**
 * Logarithms of gamma variables of shape parameter `alpha` and rate 1. Differentiable with respect to alpha, any number of times, by
 * implicit reparameterization: the draw moves so that its distribution function stays. O(size).
 *
 * Throws DomainError unless alpha > 0 and finite; ShapeError when it does not broadcast to `shape`.
 */
export function loggamma(from: Key, alpha: TensorLike, given: ParameterOptions = {}): Tensor {
  const { shape, dtype } = options("loggamma", given);
  return logGamma(from, [alpha], shape).astype(dtype);
}

/** Gamma variables of shape parameter `alpha` and rate 1 (divide by another rate). Derivatives and errors as for `loggamma`. O(size). */
export function gamma(from: Key, alpha: TensorLike, given: ParameterOptions = {}): Tensor {
  const { shape, dtype } = options("gamma", given);
  return logGamma(from, [alpha], shape).exp().astype(dtype);
}

/**
 * Beta variables in [0, 1] of parameters `a` and `b`, differentiable with respect to both. O(size). Throws DomainError unless both
 * are > 0 and finite; ShapeError when they do not broadcast to `shape`.
 */
export function beta(from: Key, a: TensorLike, b: TensorLike, given: ParameterOptions = {}): Tensor {
  const { shape, dtype } = options("beta", given);
  const first = parameter("beta", { ...ALPHA, name: "a" }, a);
  const second = parameter("beta", { ...ALPHA, name: "b" }, b);
  const target = commonShape("beta", [first, second], shape);
  const [keyA, keyB] = split(from);
  return sigmoid(logGamma(keyA!, [first], target).sub(logGamma(keyB!, [second], target))).astype(dtype);
}

/**
 * Dirichlet variables `[...shape, k]`: points of the simplex, for parameters `alpha` `[…, k]`, with which they are differentiable.
 * `shape` counts draws in front, and is that of the leading axes of alpha unless told. O(size). Throws DomainError unless alpha > 0
 * and finite; ShapeError for alpha without an axis.
 */
export function dirichlet(from: Key, alpha: Tensor, given: ParameterOptions = {}): Tensor {
  const { shape, dtype } = options("dirichlet", given);
  const x = asTensor(alpha, "dirichlet: alpha");
  if (!x.shape.at(-1))
    throw new ShapeError(
      `dirichlet: alpha: a last axis of at least 1 was expected, got shape ${formatShape(x.shape)}`,
    );
  const target = shape && [...shape, x.shape.at(-1)!];
  return softmax(logGamma(from, [x], target), { axis: -1 }).astype(dtype);
}
