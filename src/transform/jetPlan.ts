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

/** Beyond this order nested jets cost far less: 5, 17, 49, 129 for derivatives of first order in 2, 3, 4, 5 directions. */
const LONGEST_PLAN = 100;

/**
 * The plan of lowest order that gives the derivative ∂^α of `multiIndex[i]` times in the i-th direction. The curve
 * x + Σ eᵢ t^qᵢ / qᵢ! has ∂^α in the coefficient of t^Q, Q = Σ αᵢ qᵢ, and nothing else when no other multi-index β has
 * Σ βᵢ qᵢ = Q.
 *
 * Throws DomainError unless `multiIndex` has positive integers, and when the order would be above 100. Exhaustive search:
 * immediate for two directions, less than a second for four.
 *
 * Source: Shi, Hu, Lin and Kawaguchi, Stochastic Taylor derivative estimator (2024).
 */
export function jetPlan(multiIndex: readonly number[]): JetPlan {
  if (multiIndex.length === 0 || !multiIndex.every((count) => Number.isInteger(count) && count > 0))
    throw new DomainError(
      `jetPlan: multiIndex: a positive integer for each direction was expected, got [${multiIndex.join()}]; a derivative of order 0 is the function itself`,
    );
  const least = multiIndex.reduce((sum, count) => sum + count);
  // Five directions need 129 at least.
  for (let order = least; order <= LONGEST_PLAN && multiIndex.length < 5; order++) {
    const weights = weightsFor(multiIndex, order);
    if (weights) return { weights, order, scale: scaleOf(multiIndex, weights, order) };
  }
  throw new DomainError(
    `jetPlan: multiIndex: [${multiIndex.join()}] needs a series of order above ${LONGEST_PLAN}; nest two jets, or use partialDerivative()`,
  );
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
    const isLast = i === counts.length - 1;
    // Directions of the same count can be swapped: only ascending weights are tried.
    const first = counts[i - 1] === count ? weights[i - 1]! + 1 : 1;
    for (let q = isLast ? Math.max(first, left / count) : first; leastSum(counts, i, q) <= left; q++) {
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

/** The least that the directions from the i-th on add to the order, when it has weight q. */
function leastSum(counts: readonly number[], i: number, q: number): number {
  let sum = 0;
  let weight = q;
  for (let j = i; j < counts.length; j++) {
    sum += counts[j]! * weight;
    weight = counts[j + 1] === counts[j] ? weight + 1 : 1;
  }
  return sum;
}

/** Whether a sum of weights, each taken any number of times, reaches `total` in one way only. */
function isUnique(weights: readonly number[], total: number): boolean {
  const ways = new Uint8Array(total + 1);
  ways[0] = 1;
  for (const q of weights)
    for (let sum = q; sum <= total; sum++) ways[sum] = Math.min(2, ways[sum]! + ways[sum - q]!);
  return ways[total] === 1;
}
