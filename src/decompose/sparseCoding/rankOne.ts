// A positive tensor fitted by a product of positive vectors: the second half of a step of Kronecker-structured Bayesian learning.

import { eigh } from "../../linalg/spectral/eigh.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { outer } from "./posterior.ts";

/**
 * Leading singular pair of the first unfolding; absolute values of the left vector are the first factor, the right one times the
 * singular value is fitted in the same way. O(n_1 size + n_1³), and less for the rest.
 */
export function fitBySvd(lambda: Float64Array, lengths: readonly number[]): Float64Array[] {
  const factors: Float64Array[] = [];
  let rest = lambda;
  for (const n of lengths.slice(0, -1)) {
    const columns = rest.length / n;
    const matrix = fromTypedArray(rest, [n, columns], "float64");
    const { vectors } = eigh(matrix.matmul(matrix.mT()));
    const left = Float64Array.from(vectors.at(":", -1).data(), (value) => Math.abs(value as number));
    const next = new Float64Array(columns);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < columns; j++) next[j]! += left[i]! * rest[i * columns + j]!;
    factors.push(left);
    rest = next;
  }
  return [...factors, rest.slice()];
}

/** Relative change of a factor at which the alternation has settled. */
const SETTLED = 1e-5;
const MOST_ROUNDS = 100;

/**
 * Minimizes Σ Λ/g + ln g over g = g₁ ⊗ g₂ ⊗ …: in turn each factor is the mean of Λ over the product of the others. All but the last
 * have norm 1. O(order · size) a round.
 */
export function fitByAlternation(
  lambda: Float64Array,
  lengths: readonly number[],
  start: readonly Float64Array[],
): Float64Array[] {
  const factors: Float64Array[] = start.map((g) => g.slice());
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let change = 0;
    let size = 1;
    const before = factors.map((g) => g.slice());
    for (let mode = 0; mode < factors.length; mode++)
      factors[mode] = meanOverOthers(lambda, lengths, factors, mode);
    for (let mode = 0; mode < factors.length; mode++) {
      const g = factors[mode]!;
      const isLast = mode === factors.length - 1;
      const norm = isLast ? 1 / size : Math.hypot(...g) || 1;
      if (!isLast) size *= norm;
      let gap = 0;
      let squares = 0;
      for (let i = 0; i < g.length; i++) {
        g[i]! /= norm;
        gap += (g[i]! - before[mode]![i]!) ** 2;
        squares += g[i]! ** 2;
      }
      change = Math.max(change, squares > 0 ? Math.sqrt(gap / squares) : 0);
    }
    if (change < SETTLED) break;
  }
  return factors;
}

/** Mean of Λ / (the product of the other factors) over the other modes. */
function meanOverOthers(
  lambda: Float64Array,
  lengths: readonly number[],
  factors: readonly Float64Array[],
  mode: number,
): Float64Array {
  const n = lengths[mode]!;
  const left = outer(factors.slice(0, mode));
  const right = outer(factors.slice(mode + 1));
  const out = new Float64Array(n);
  for (let i = 0, at = 0; i < left.length; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      // Where a factor has died out so has Λ, faster: nothing is added.
      for (let k = 0; k < right.length; k++, at++) if (right[k]! > 0) sum += lambda[at]! / right[k]!;
      if (left[i]! > 0) out[j]! += sum / left[i]!;
    }
  for (let j = 0; j < n; j++) out[j]! /= left.length * right.length;
  return out;
}
