// Eigenvalues of an unfolding's Gram matrix, and the density that they tend to without a signal in them.

import { eigvalsh } from "../../linalg/spectral/eigh.ts";
import { eye } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkInput } from "../base/input.ts";
import { modeGram } from "../base/truncation.ts";
import { nestedScales } from "./nestedModel.ts";

export interface UnfoldingSpectrumOptions {
  /** Strength of the data matrix in the views; 0 unless told: pure noise, a semicircle. */
  readonly betaT?: number;
}

export interface UnfoldingSpectrum {
  /** Of (n_T T T ᵀ - n_other I) / √(n1 n2 n3), ascending. */
  readonly eigenvalues: Float64Array;
  /** The limiting density of their bulk at s. */
  density(s: number): number;
  /** Ends of the bulk. */
  readonly support: readonly [number, number];
}

/**
 * Spectrum of the unfolding of a tensor `[features, samples, views]` of the nested model (noise of variance 1 / (n1 + n2 +
 * n3)) along mode 0, 1 or 2. The bulk tends to the free convolution of a semicircle of variance 1 with the law of ρ MᵀM
 * (ρ M Mᵀ for mode 0, nothing for mode 2), a Marchenko-Pastur law: its Stieltjes transform solves a cubic. Eigenvalues beyond
 * the bulk are signal. O(n_k · size).
 *
 * @throws ShapeError unless there are three modes; DomainError for another mode, betaT < 0 and values that are not
 * finite.
 */
export function unfoldingSpectrum(
  x: Tensor,
  mode: number,
  options: UnfoldingSpectrumOptions = {},
): UnfoldingSpectrum {
  const what = "unfoldingSpectrum";
  const { betaT = 0 } = options;
  const input = checkInput(x, what).astype("float64");
  if (input.ndim !== 3)
    throw new ShapeError(
      `${what}: a tensor [features, samples, views] was expected, got ${formatShape(x.shape)}`,
    );
  if (![0, 1, 2].includes(mode)) throw new DomainError(`${what}: mode must be 0, 1 or 2, got ${mode}`);
  if (!(betaT >= 0 && betaT < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: betaT must be finite and at least 0, got ${betaT}`);
  const [n1, n2, n3] = input.shape as [number, number, number];
  const { nT, c1, c2, root } = nestedScales(n1, n2, n3);
  const n = input.shape[mode]!;
  const gram = modeGram(input, mode).mul(nT);
  const centred = gram.sub(eye(n, n).mul(input.size / n)).div(root);
  const eigenvalues = Float64Array.from(eigvalsh(centred).data());
  const rho = mode === 2 ? 0 : (betaT ** 2 * nT) / root;
  const [outer, own] = mode === 1 ? [c1, c2] : [c2, c1];
  const density = (s: number): number => bulkDensity(s, rho, outer, own);
  return { eigenvalues, density, support: supportOf(density, rho) };
}

/**
 * -Im g / π for the Stieltjes transform g(s) = ∫ dμ / (s - λ) of the bulk: with w = s - g (semicircle) the law of ρ ZᵀZ /
 * n_M asks c2 ρ w g² - (w + ρ(c2 - c1)) g + 1 = 0, a cubic in g. Its complex pair exists just within the bulk.
 */
function bulkDensity(s: number, rho: number, c1: number, c2: number): number {
  const a = c2 * rho;
  if (a < 1e-12) return s * s < 4 ? Math.sqrt(4 - s * s) / (2 * Math.PI) : 0;
  // g³ + p g² + q g + r = 0.
  const p = -(a * s + 1) / a;
  const q = (s + rho * (c2 - c1)) / a;
  const r = -1 / a;
  // The depressed cubic u³ + P u + Q with g = u - p/3.
  const P = q - (p * p) / 3;
  const Q = (2 * p ** 3) / 27 - (p * q) / 3 + r;
  const discriminant = (Q / 2) ** 2 + (P / 3) ** 3;
  if (discriminant <= 0) return 0;
  const rootOf = Math.sqrt(discriminant);
  const u = Math.cbrt(-Q / 2 + rootOf);
  const v = Math.cbrt(-Q / 2 - rootOf);
  return (Math.sqrt(3) / 2) * Math.abs(u - v) * (1 / Math.PI);
}

/** Ends of the region where a density is positive, by bisection from within. */
function supportOf(density: (s: number) => number, rho: number): readonly [number, number] {
  const reach = 2 + 5 * rho + 2 * Math.sqrt(rho);
  const steps = 4000;
  let [low, high] = [Number.NaN, Number.NaN];
  for (let i = 0; i <= steps; i++) {
    const s = -reach + (2 * reach * i) / steps;
    if (density(s) <= 0) continue;
    if (Number.isNaN(low)) low = s;
    high = s;
  }
  const edge = (inside: number, outside: number): number => {
    for (let i = 0; i < 60; i++) {
      const middle = (inside + outside) / 2;
      if (density(middle) > 0) inside = middle;
      else outside = middle;
    }
    return inside;
  };
  const step = (2 * reach) / steps;
  return [edge(low, low - step), edge(high, high + step)];
}
