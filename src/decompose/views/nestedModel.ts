// The nested matrix-tensor model: what multi-view clustering can reach, before data are collected. Lebeau, Seddik,
// Goulart, "Performance gaps in multi-view clustering under the nested matrix-tensor model" (2024).

import { erf } from "../../ops/transcendental.ts";
import { normal, rademacher } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface NestedModelParams {
  /** Features, samples, views. */
  readonly n1: number;
  readonly n2: number;
  readonly n3: number;
  /** Strength of the classes in the data matrix M = betaM · x yᵀ + noise. */
  readonly betaM: number;
  /** Strength of the data matrix in the views T = betaT · M ⊗ z + noise. */
  readonly betaT: number;
}

/** The estimator from the unfolding along the samples. */
export interface UnfoldingPrediction {
  /** Where the largest eigenvalue of the scaled, centred Gram matrix comes to lie; NaN below the threshold. */
  readonly outlier: number;
  /** Squared cosine between estimate and truth; 0 below the threshold. */
  readonly alignment: number;
  /** The ρ = betaT² n_T / √(n1 n2 n3) from which on there is an outlier; infinite when betaM is too small. */
  readonly threshold: number;
  readonly rho: number;
}

/** The rank-one fit of the whole tensor, at its best: with z known. */
export interface TensorPrediction {
  readonly alignment: number;
  /** Squared cosine of the estimate of z from the unfolding along the views. */
  readonly viewAlignment: number;
}

export interface NestedPrediction {
  readonly unfolding: UnfoldingPrediction;
  readonly tensor: TensorPrediction;
  /** Share of samples in the right one of two balanced classes. */
  readonly accuracy: { readonly unfolding: number; readonly tensor: number };
}

export interface NestedSample {
  /** `[n1, n2, n3]` */
  readonly tensor: Tensor;
  /** ±1 for each sample. */
  readonly labels: Tensor;
  /** Unit vector `[n3]` of the views. */
  readonly z: Tensor;
}

/** The constants of the model. */
export interface NestedScales {
  readonly nM: number;
  readonly nT: number;
  readonly c1: number;
  readonly c2: number;
  /** √(n1 n2 n3) */
  readonly root: number;
}

export function nestedScales(n1: number, n2: number, n3: number): NestedScales {
  const nM = n1 + n2;
  return { nM, nT: nM + n3, c1: n1 / nM, c2: n2 / nM, root: Math.sqrt(n1 * n2 * n3) };
}

/** Share of samples on the right side for a squared alignment: Φ(√(ζ / (1 - ζ))). */
export const accuracyOf = (alignment: number): number =>
  alignment >= 1 ? 1 : 0.5 * (1 + erf(Math.sqrt(alignment / (1 - alignment) / 2)).item());

/** Squared alignment of a spiked matrix of strength b = β²; 0 below its threshold b² = c1 c2. */
export const spikedAlignment = (b: number, c1: number, c2: number): number =>
  b * b > c1 * c2 ? (b * b - c1 * c2) / (b * (b + c2)) : 0;

/** What the unfolding reaches for b = betaM² and ρ. */
export function unfoldingPrediction(b: number, rho: number, c1: number, c2: number): UnfoldingPrediction {
  const gap = b * b - c1 * c2;
  const threshold = gap > 0 ? b / ((b + c2) * Math.sqrt(gap)) : Number.POSITIVE_INFINITY;
  const isAbove = rho > threshold;
  return {
    outlier: isAbove ? (rho * (b + c1) * (b + c2)) / b + 1 / (rho * (b + c2)) : Number.NaN,
    alignment: isAbove ? Math.max(0, gap / (b * (b + c2)) - b / (rho ** 2 * (b + c2) ** 3)) : 0,
    threshold,
    rho,
  };
}

function check(what: string, { n1, n2, n3, betaM, betaT }: NestedModelParams): void {
  for (const [name, n] of Object.entries({ n1, n2 }))
    if (!(Number.isInteger(n) && n >= 2))
      throw new DomainError(`${what}: ${name} must be an integer of at least 2, got ${n}`);
  if (!(Number.isInteger(n3) && n3 >= 1))
    throw new DomainError(`${what}: n3 must be an integer of at least 1, got ${n3}`);
  for (const [name, beta] of Object.entries({ betaM, betaT }))
    if (!(beta >= 0 && beta < Number.POSITIVE_INFINITY))
      throw new DomainError(`${what}: ${name} must be finite and at least 0, got ${beta}`);
}

/**
 * T = betaT · M ⊗ z + W / √n_T with M = betaM · x yᵀ + Z / √n_M, n_M = n1 + n2, n_T = n1 + n2 + n3, unit vectors x, y, z
 * and standard normal W and Z. `y` holds the labels, ±1/√n2.
 */
export const nestedModel: {
  /** Limits for large sizes; near the threshold finite sizes lie 0.05 to 0.1 below. Throws DomainError for sizes below 2 (n3 below 1) and strengths that are negative or not finite. */
  predict(params: NestedModelParams): NestedPrediction;
  /** A random tensor of the model, in float64. Throws as `predict`. */
  sample(key: Key, params: NestedModelParams): NestedSample;
} = {
  predict(params) {
    check("nestedModel.predict", params);
    const { n1, n2, n3, betaM, betaT } = params;
    const { nM, nT, c1, c2, root } = nestedScales(n1, n2, n3);
    const b = betaM ** 2;
    const rho = (betaT ** 2 * nT) / root;
    const unfolding = unfoldingPrediction(b, rho, c1, c2);
    const rho3 = (betaT ** 2 * (b + (n1 * n2) / nM) * nT) / root;
    const reduced = betaT > 0 ? b / (1 + nM / (betaT ** 2 * nT)) : 0;
    const alignment = spikedAlignment(reduced, c1, c2);
    return {
      unfolding,
      tensor: { alignment, viewAlignment: rho3 > 1 ? 1 - 1 / rho3 ** 2 : 0 },
      accuracy: { unfolding: accuracyOf(unfolding.alignment), tensor: accuracyOf(alignment) },
    };
  },
  sample(key, params) {
    check("nestedModel.sample", params);
    const { n1, n2, n3, betaM, betaT } = params;
    const { nM, nT } = nestedScales(n1, n2, n3);
    const unit = (n: number, place: number): Tensor => {
      const v = normal(foldIn(key, place), [n]);
      return v.div(v.square().sum().sqrt());
    };
    const x = unit(n1, 0);
    const z = unit(n3, 1);
    const labels = rademacher(foldIn(key, 2), [n2]);
    const signal = x.reshape([n1, 1]).mul(labels.mul(betaM / Math.sqrt(n2)));
    const m = signal.add(normal(foldIn(key, 3), [n1, n2]).div(Math.sqrt(nM)));
    const noise = normal(foldIn(key, 4), [n1, n2, n3]).div(Math.sqrt(nT));
    const tensor = m.reshape([n1, n2, 1]).mul(z.mul(betaT)).add(noise).contiguous();
    return { tensor, labels, z };
  },
};
