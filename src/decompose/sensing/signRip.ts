// How well the signs of measurements point at what they measure.

import type { LinearOperator } from "../../linalg/operator/operator.ts";
import { eigh } from "../../linalg/spectral/eigh.ts";
import { rademacher } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { orthogonal } from "../../random/matrices.ts";
import { checkCount } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { symmetrize } from "../base/rowMajor.ts";
import { checkMeasured, checkMeasurements, checkRank } from "./check.ts";
import { ResidualPass } from "./residualPass.ts";

export interface SignRipOptions {
  /** Of the matrices tried. */
  readonly rank: number;
  /** Matrices tried, 20 unless told. */
  readonly trials?: number;
  /** `[m]`: what was added to the measurements; nothing unless told. */
  readonly corruption?: Tensor;
}

/**
 * How far measurements are from the sign-restricted isometry property, by trial: for random symmetric X of a rank and norm 1,
 * the largest deviation of D(X) = (1/m) Σ sign(⟨A_i, X⟩ + corruption) A_i from `scale` · X, seen by matrices of norm 1 and
 * twice the rank, over `scale`. Clean normal measurements have a scale of √(2/π) and a delta that falls with √m. The true
 * supremum may be larger than what trials find. O(trials (m n² + n³)).
 *
 * @throws as `robustMatrixRecovery` does; DomainError for rank outside of 1 … n or trials below 1.
 */
export function signRip(
  key: Key,
  measurements: Tensor | LinearOperator,
  options: SignRipOptions,
): { readonly delta: number; readonly scale: number } {
  const { op, n } = checkMeasurements(measurements, "signRip: measurements");
  const { rank, trials = 20, corruption } = options;
  checkRank("signRip: rank", rank, n);
  checkCount("signRip: trials", trials);
  const m = op.shape[0];
  const noise = corruption ? checkMeasured(corruption, m, "signRip: corruption") : new Float64Array(m);
  const pass = new ResidualPass(
    op,
    noise.map((value) => -value),
    n * n,
  );
  const directions: { x: Tensor; d: Tensor }[] = [];
  let scale = 0;
  for (let trial = 0; trial < trials; trial++) {
    const own = foldIn(key, trial);
    const basis = orthogonal(foldIn(own, 0), n, { columns: rank });
    const signs = rademacher(foldIn(own, 1), [rank]).astype("float64");
    const x = basis.mul(signs).matmul(basis.mT()).div(Math.sqrt(rank));
    pass.pass(x.contiguous().data() as Float64Array, "sign");
    const mean = pass.gradient.map((value) => value / m);
    symmetrize(mean, 0, n);
    const d = fromTypedArray(mean, [n, n], "float64");
    scale += d.mul(x).sum().item() / trials;
    directions.push({ x, d });
  }
  let delta = 0;
  for (const { x, d } of directions) {
    // The largest value against Y of norm 1 and rank q is the root of the sum of the q largest squares.
    const squares = eigh(d.sub(x.mul(scale)))
      .values.square()
      .data();
    const largest = Float64Array.from(squares)
      .sort()
      .subarray(-2 * rank);
    delta = Math.max(delta, Math.sqrt(largest.reduce((sum, value) => sum + value, 0)));
  }
  return { delta: delta / Math.abs(scale), scale };
}
