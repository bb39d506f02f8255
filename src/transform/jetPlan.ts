// One Taylor series that isolates one mixed partial derivative.

import { DomainError } from "../tensor/errors.ts";
import { factorial } from "./jet.ts";

/** How a single `jet` gives one mixed partial derivative. */
export interface JetPlan {
  /** Which derivative of the curve is the i-th direction: `series[weights[i] - 1] = eᵢ`, all others null. */
  readonly weights: readonly number[];
  /** The derivative of the result that holds the partial derivative: `series[order - 1]`. */
  readonly order: number;
  /** What to multiply that derivative by. */
  readonly scale: number;
}

/** The order of the plan doubles with each further direction: 5, 17, 49, 129 for derivatives of first order in each. */
const MOST_DIRECTIONS = 4;

/**
 * The plan of lowest order that gives the derivative ∂^α of `multiIndex[i]` times in the i-th direction. The curve
 * x + Σ eᵢ t^qᵢ / qᵢ! has ∂^α in the coefficient of t^Q, Q = Σ αᵢ qᵢ, and nothing else when no other multi-index β has
 * Σ βᵢ qᵢ = Q.
 *
 * Throws DomainError unless there are one to four directions with positive integers. Exhaustive search: immediate for
 * two directions, tens of milliseconds for four.
 *
 * Source: Shi, Hu, Lin and Kawaguchi, Stochastic Taylor derivative estimator (2024).
 */
export function jetPlan(multiIndex: readonly number[]): JetPlan {
  if (multiIndex.length === 0 || !multiIndex.every((count) => Number.isInteger(count) && count > 0))
    throw new DomainError(
      `jetPlan: multiIndex: a positive integer for each direction was expected, got [${multiIndex.join()}]; a derivative of order 0 is the function itself`,
    );
  if (multiIndex.length > MOST_DIRECTIONS)
    throw new DomainError(
      `jetPlan: multiIndex: at most ${MOST_DIRECTIONS} directions were expected, got ${multiIndex.length}; nest two jets, or use partialDerivative()`,
    );
  for (let order = multiIndex.reduce((sum, count) => sum + count); ; order++) {
    const weights = weightsFor(multiIndex, order);
    if (weights) return { weights, order, scale: scaleOf(multiIndex, weights, order) };
  }
}

/** From the Q-th derivative along the curve, divided by Q!, to ∂^α f = α! · (coefficient) · Π (qᵢ!)^αᵢ. */
function scaleOf(counts: readonly number[], weights: readonly number[], order: number): number {
  // One factor at a time: the factorials alone would overflow.
  let scale = 1;
  let next = 2;
  counts.forEach((count, i) => {
    scale *= factorial(count);
    for (let k = 0; k < count; k++) for (let j = 2; j <= weights[i]!; j++) scale *= j / next++;
  });
  while (next <= order) scale /= next++;
  return scale;
}

/** Weights with Σ αᵢ qᵢ = order that no other multi-index reaches, or null. */
function weightsFor(counts: readonly number[], order: number): number[] | null {
  const weights: number[] = [];
  const extend = (left: number): boolean => {
    const i = weights.length;
    const count = counts[i]!;
    const later = counts.slice(i + 1).reduce((sum, c) => sum + c, 0);
    const isLast = i === counts.length - 1;
    // Directions of the same count can be swapped: only ascending weights are tried.
    const first = counts[i - 1] === count ? weights[i - 1]! + 1 : 1;
    for (let q = isLast ? Math.max(first, left / count) : first; q * count + later <= left; q++) {
      if (!Number.isInteger(q)) return false;
      weights.push(q);
      // What a part of the directions reaches in two ways, the whole does too.
      if (isUnique(weights, order - left + q * count) && (isLast || extend(left - q * count))) return true;
      weights.pop();
    }
    return false;
  };
  return extend(order) ? weights : null;
}

/** Whether a sum of weights, each taken any number of times, reaches `total` in one way only. */
function isUnique(weights: readonly number[], total: number): boolean {
  const ways = new Uint8Array(total + 1);
  ways[0] = 1;
  for (const q of weights)
    for (let sum = q; sum <= total; sum++) ways[sum] = Math.min(2, ways[sum]! + ways[sum - q]!);
  return ways[total] === 1;
}
