// One step of an explicit Runge-Kutta method as tensor operations: compiled by the stepper, traced by `odeint`.

import { sqrt, square } from "../../ops/arithmetic.ts";
import { stack } from "../../ops/join.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { DOP853_DENSE } from "./dop853.ts";
import type { ExplicitTableau } from "./tableau.ts";

/** A right-hand side on vectors. */
export type Slope = (t: Tensor, y: Tensor) => Tensor;

/** Σ weights[i]·parts[i] over the weights that are not zero; null when all are. */
export function combine(weights: readonly number[], parts: readonly Tensor[]): Tensor | null {
  let sum: Tensor | null = null;
  weights.forEach((weight, i) => {
    if (weight === 0) return;
    const term = weight === 1 ? parts[i]! : parts[i]!.mul(weight);
    sum = sum ? (sum as Tensor).add(term) : term;
  });
  return sum;
}

/** y + h·Σ weights[i]·slopes[i] */
export function advance(y: Tensor, h: Tensor, weights: readonly number[], slopes: readonly Tensor[]): Tensor {
  const sum = combine(weights, slopes);
  return sum ? y.add(sum.mul(h)) : y;
}

/** The state at t + h and the slopes of all stages, given the slope at t. */
export function explicitStages(
  { a, b, c }: ExplicitTableau,
  f: Slope,
  t: Tensor,
  h: Tensor,
  y: Tensor,
  slope: Tensor,
): { readonly y: Tensor; readonly slopes: Tensor[] } {
  const slopes = [slope];
  for (let i = 1; i < c.length; i++) slopes.push(f(t.add(h.mul(c[i]!)), advance(y, h, a[i]!, slopes)));
  return { y: advance(y, h, b, slopes), slopes };
}

/** The root mean square of x / scale. */
export const weightedNorm = (x: Tensor, scale: Tensor): Tensor => sqrt(square(x.abs().div(scale)).mean());

/** atol + rtol·max(|y|, |z|) */
export const errorScale = (y: Tensor, z: Tensor, rtol: Tensor, atol: Tensor): Tensor =>
  y.abs().maximum(z.abs()).mul(rtol).add(atol);

/**
 * The estimated error of a step in units of the tolerance, by the slopes of the stages and at the end. With two
 * estimates they are combined as in DOP853, Hairer, Norsett and Wanner (1993), (10.17).
 */
export function errorRatio(
  { error, secondError }: ExplicitTableau,
  slopes: readonly Tensor[],
  h: Tensor,
  scale: Tensor,
): Tensor {
  const first = combine(error!, slopes)!;
  if (!secondError) return weightedNorm(first.mul(h), scale);
  const fine = square(first.abs().div(scale)).mean();
  const coarse = square(combine(secondError, slopes)!.abs().div(scale)).mean();
  const denominator = fine.add(coarse.mul(0.01));
  return h
    .abs()
    .mul(fine)
    .div(sqrt(denominator.maximum(Number.MIN_VALUE * 2 ** 52)));
}

/**
 * Coefficients `[7, n]` of DOP853's interpolant, which takes three evaluations more: the differences d₁ … d₇ in
 * y + θ(d₁ + (1-θ)(d₂ + θ(d₃ + (1-θ)(d₄ + …)))).
 */
export function dop853Coefficients(
  f: Slope,
  t: Tensor,
  h: Tensor,
  y: Tensor,
  end: Tensor,
  stages: Tensor,
): Tensor {
  const slopes = Array.from({ length: stages.shape[0]! }, (_, i) => stages.at(i));
  const first = slopes[0]!;
  const last = slopes.at(-1)!;
  DOP853_DENSE.a.forEach((weights, i) => {
    slopes.push(f(t.add(h.mul(DOP853_DENSE.c[i]!)), advance(y, h, weights, slopes)));
  });
  const change = end.sub(y);
  return stack([
    change,
    first.mul(h).sub(change),
    change.mul(2).sub(first.add(last).mul(h)),
    ...DOP853_DENSE.d.map((weights) => combine(weights, slopes)!.mul(h)),
  ]);
}
