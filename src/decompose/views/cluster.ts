// Clustering of samples that were seen in several views: by the unfolding along the samples, or by a rank-one fit of
// the whole tensor, which sees weaker classes.

import { kMeans } from "../../linalg/clustering/kMeans.ts";
import { eigh } from "../../linalg/spectral/eigh.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { matmul } from "../../ops/contract.ts";
import { narrowAxis, reshape } from "../../ops/movement.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput } from "../base/input.ts";
import { modeGram } from "../base/truncation.ts";
import { cp } from "../cp/cp.ts";
import { nestedScales, spikedAlignment, unfoldingPrediction } from "./nestedModel.ts";

export interface MultiViewOptions {
  /** `tensor` (default) or `unfold`. */
  readonly method?: "unfold" | "tensor";
  /** 2 unless told. */
  readonly classes?: number;
  /** Most sweeps of the rank-one fit; 50 unless told. */
  readonly sweeps?: number;
}

export interface MultiViewClusters {
  /** The class of each sample, from 0, int32 `[n2]`. */
  readonly labels: Tensor;
  /** What the labels were made from: unit columns `[n2, classes - 1]`. */
  readonly scores: Tensor;
  /**
   * For two classes: squared cosine that the nested model expects between the scores and the true labels, with its
   * parameters estimated from the data; NaN for more.
   */
  readonly alignmentEstimate: number;
}

/** The leading eigenvectors of the Gram matrix of an unfolding, as columns. */
function leadingVectors(x: Tensor, mode: number, count: number): Tensor {
  const { vectors } = eigh(modeGram(x, mode));
  const n = x.shape[mode]!;
  return narrowAxis(vectors, 1, n - count, n)
    .flip(1)
    .contiguous();
}

const unit = (v: Tensor): Tensor => v.div(frobenius(v.contiguous()) || 1);

/**
 * Clusters the samples of a tensor `[features, samples, views]`. `unfold`: leading left singular vectors of the samples
 * unfolding, `[n2, n1 n3]`. `tensor`: a rank-one fit by power iteration from those of all unfoldings (for more classes a
 * CP fit), which finds classes at strengths that are smaller by a factor of n^{1/4}. Two classes: the signs of the vector;
 * more: k-means on the vectors. O(n2 · size) for the Gram matrix, O(size) a sweep.
 *
 * @throws ShapeError unless there are three modes with at least 2 features and samples; DomainError for fewer than 2
 * classes or more than samples, and values that are not finite; DTypeError for complex tensors.
 */
export function multiViewCluster(key: Key, x: Tensor, options: MultiViewOptions = {}): MultiViewClusters {
  const what = "multiViewCluster";
  const { method = "tensor", classes = 2, sweeps = 50 } = options;
  if (x instanceof Tensor && isComplex(x.dtype))
    throw new DTypeError(`${what}: a real tensor was expected, got ${x.dtype}`);
  const input = checkInput(x, what).astype("float64");
  if (input.ndim !== 3 || input.shape[0]! < 2 || input.shape[1]! < 2)
    throw new ShapeError(
      `${what}: a tensor [features, samples, views] with at least 2 features and samples was expected, got ${formatShape(x.shape)}`,
    );
  const n2 = input.shape[1]!;
  if (!(Number.isInteger(classes) && classes >= 2 && classes <= n2))
    throw new DomainError(`${what}: classes must be an integer from 2 to ${n2}, got ${classes}`);
  if (method !== "unfold" && method !== "tensor")
    throw new DomainError(`${what}: method must be unfold or tensor, got ${String(method)}`);
  if (!(Number.isInteger(sweeps) && sweeps >= 1))
    throw new DomainError(`${what}: sweeps must be an integer of at least 1, got ${sweeps}`);
  if (classes === 2) {
    const start = leadingVectors(input, 1, 1);
    const y = method === "unfold" ? reshape(start, [n2]) : rankOne(input, start, sweeps);
    const labels = Int32Array.from(y.data() as Float64Array, (value) => (value >= 0 ? 1 : 0));
    return {
      labels: new Tensor(labels, [n2], "int32"),
      scores: reshape(y, [n2, 1]),
      alignmentEstimate: estimateAlignment(input, method),
    };
  }
  const count = classes - 1;
  const scores =
    method === "unfold"
      ? leadingVectors(input, 1, count)
      : cp(input, count, { key: foldIn(key, 1), maxIterations: sweeps, ridge: 1e-6 }).factors[1]!;
  return {
    labels: kMeans(foldIn(key, 0), scores.contiguous(), classes).labels,
    scores,
    alignmentEstimate: Number.NaN,
  };
}

/** The sample vector of the rank-one approximation, by alternating power iteration from the unfoldings' vectors. */
function rankOne(x: Tensor, start: Tensor, sweeps: number): Tensor {
  const [n1, n2, n3] = x.shape as [number, number, number];
  let y = reshape(start, [n2]);
  let z = reshape(leadingVectors(x, 2, 1), [n3]);
  const flat = reshape(x, [n1 * n2, n3]);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    // One pass over the tensor serves both the features and the samples.
    const m = reshape(matmul(flat, z), [n1, n2]);
    const first = unit(matmul(m, y));
    const next = unit(matmul(first, m));
    const pairs = reshape(reshape(first, [n1, 1]).mul(reshape(next, [1, n2])), [1, n1 * n2]);
    z = unit(reshape(matmul(pairs, flat), [n3]));
    const change = 1 - Math.abs(matmul(next, y).item());
    y = next;
    if (change < 1e-12) break;
  }
  return y.contiguous();
}

/**
 * The parameters of the nested model from data: with the views' vector ẑ, T ẑ is a spiked matrix whose largest singular
 * value and noise give its strength b', and noise beyond that of the tensor comes from M, hence betaT.
 */
function estimateAlignment(x: Tensor, method: "unfold" | "tensor"): number {
  const [n1, n2, n3] = x.shape as [number, number, number];
  const { nM, nT, c1, c2, root } = nestedScales(n1, n2, n3);
  const z = reshape(leadingVectors(x, 2, 1), [n3]);
  const m = reshape(matmul(reshape(x, [n1 * n2, n3]), z), [n1, n2]).contiguous();
  const top = svd(m).s.data()[0]!;
  const energy = frobenius(m) ** 2;
  const variance = Math.max(0, energy - top ** 2) / (n1 * n2);
  if (variance === 0) return 1;
  // (b + c1)(b + c2) / b = top² / (variance n_M), the larger root.
  const ratio = top ** 2 / (variance * nM);
  const half = (ratio - c1 - c2) / 2;
  const inside = half * half - c1 * c2;
  if (!(inside > 0 && half > 0)) return 0;
  const reduced = half + Math.sqrt(inside);
  if (method === "tensor" || n3 === 1) return spikedAlignment(reduced, c1, c2);
  const floor = Math.max(0, frobenius(x) ** 2 - energy) / (n1 * n2 * (n3 - 1));
  // variance / floor = 1 + betaT² n_T / n_M.
  const strength = ((variance / floor - 1) * nM) / nT;
  if (!(strength > 0)) return 0;
  const b = reduced * (1 + nM / (strength * nT));
  return unfoldingPrediction(b, (strength * nT) / root, c1, c2).alignment;
}
