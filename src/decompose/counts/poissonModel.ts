// Non-negative CP models of counts at scattered entries, fitted by multiplicative updates that never lower the Poisson
// likelihood. Source: Chi and Kolda, "On tensors, sparsity, and nonnegative factorizations" (2012), over the entries
// that were observed.

import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { fromTypedArray, ones } from "../../tensor/create.ts";
import type { CP } from "../types.ts";

/** Observed entries with factors that are overwritten. */
export interface PoissonModel {
  readonly shape: readonly number[];
  readonly rank: number;
  /** d positions an entry. */
  readonly indices: Int32Array;
  readonly counts: Float64Array;
  /** `[n_k, rank]` each. */
  readonly factors: readonly Float64Array[];
}

/** Rates and factors never fall to zero entirely: nothing could raise them again. */
export const FLOOR = 1e-9;

/** Uniform factors, scaled so that the mean rate at the entries is `times` the mean count. */
export function startPoisson(
  key: Key,
  of: Pick<PoissonModel, "shape" | "rank" | "indices" | "counts">,
  times: number,
): PoissonModel {
  const factors = of.shape.map((n, k) => Float64Array.from(uniform(foldIn(key, k), [n, of.rank]).data()));
  const model: PoissonModel = { ...of, factors };
  const rates = ratesOf(model);
  let rate = 0;
  let count = 0;
  for (let i = 0; i < rates.length; i++) {
    rate += rates[i]!;
    count += of.counts[i]!;
  }
  const scale = ((times * count) / rate) ** (1 / of.shape.length);
  for (const u of factors) for (let i = 0; i < u.length; i++) u[i] = Math.max(FLOOR, u[i]! * scale);
  return model;
}

/** λ at every entry. O(m d rank) */
export function ratesOf({ shape, rank, indices, counts, factors }: PoissonModel): Float64Array {
  const order = shape.length;
  const out = new Float64Array(counts.length);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let c = 0; c < rank; c++) {
      let term = 1;
      for (let k = 0; k < order; k++) term *= factors[k]![indices[i * order + k]! * rank + c]!;
      sum += term;
    }
    out[i] = Math.max(FLOOR, sum);
  }
  return out;
}

/**
 * One multiplicative update of each factor: A_k ← A_k ∘ Σ (y/λ) h / Σ p h, h the product of the other factors' rows and
 * p the share of each entry that is detected. Rows without entries stay. O(m d² rank)
 */
export function updateFactors(model: PoissonModel, detected: Float64Array): void {
  const { shape, rank, indices, counts, factors } = model;
  const order = shape.length;
  const h = new Float64Array(rank);
  for (let mode = 0; mode < order; mode++) {
    const own = factors[mode]!;
    const above = new Float64Array(own.length);
    const below = new Float64Array(own.length);
    for (let i = 0; i < counts.length; i++) {
      h.fill(1);
      for (let k = 0; k < order; k++) {
        if (k === mode) continue;
        const u = factors[k]!;
        const from = indices[i * order + k]! * rank;
        for (let c = 0; c < rank; c++) h[c]! *= u[from + c]!;
      }
      const to = indices[i * order + mode]! * rank;
      let rate = 0;
      for (let c = 0; c < rank; c++) rate += h[c]! * own[to + c]!;
      const ratio = counts[i]! / Math.max(FLOOR, rate);
      const p = detected[i]!;
      for (let c = 0; c < rank; c++) {
        above[to + c]! += ratio * h[c]!;
        below[to + c]! += p * h[c]!;
      }
    }
    for (let j = 0; j < own.length; j++)
      if (below[j]! > 0) own[j] = Math.max(FLOOR, (own[j]! * above[j]!) / below[j]!);
  }
}

/** Σ (λ p − y log(λ p)): what the updates lower. */
export function poissonLoss(rates: Float64Array, counts: Float64Array, detected: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < rates.length; i++) {
    const mean = rates[i]! * detected[i]!;
    sum += mean - counts[i]! * Math.log(Math.max(mean, Number.MIN_VALUE));
  }
  return sum;
}

/** Rows of each mode without any entry. */
export function emptyRows({ shape, indices }: Pick<PoissonModel, "shape" | "indices">): number[][] {
  const order = shape.length;
  return shape.map((n, mode) => {
    const seen = new Uint8Array(n);
    for (let i = mode; i < indices.length; i += order) seen[indices[i]!] = 1;
    return Array.from(seen.keys()).filter((row) => seen[row] === 0);
  });
}

/** Rows without entries become the mean of the others: nothing is known of them. */
export function fillEmptyRows({ factors, rank }: PoissonModel, empty: readonly (readonly number[])[]): void {
  empty.forEach((rows, mode) => {
    if (rows.length === 0) return;
    const u = factors[mode]!;
    const n = u.length / rank;
    const without = new Set(rows);
    for (let c = 0; c < rank; c++) {
      let sum = 0;
      for (let i = 0; i < n; i++) if (!without.has(i)) sum += u[i * rank + c]!;
      for (const i of rows) u[i * rank + c] = sum / (n - rows.length);
    }
  });
}

/** The model as CP with weights of 1. */
export function asCp({ shape, rank, factors }: PoissonModel): CP {
  return {
    kind: "cp",
    weights: ones([rank]),
    factors: factors.map((u, k) => fromTypedArray(Float64Array.from(u), [shape[k]!, rank], "float64")),
  };
}
