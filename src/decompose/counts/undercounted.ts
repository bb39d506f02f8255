// True counts from counts of which an unknown share was missed, where the share detected depends on features of each
// entry. Source: Ibrahim, Fu, Hutchinson, Seo, "Under-counted tensor completion with neural incorporation of attributes"
// (2023).

import { jit } from "../../compiler/jit.ts";
import { relu } from "../../nn/layers/activations.ts";
import { mlp } from "../../nn/layers/compose.ts";
import { take } from "../../ops/gather.ts";
import { sigmoid } from "../../ops/transcendental.ts";
import { adam } from "../../optim/first/adam.ts";
import { mse } from "../../optim/losses/squaredError.ts";
import type { Layer } from "../../optim/model.ts";
import { permutation } from "../../random/distributions.ts";
import { foldIn, type Key, split } from "../../random/key.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkTable, realNumbers } from "../base/observations.ts";
import type { CP } from "../types.ts";
import { type CountData, checkCounts, emptyNotes } from "./countData.ts";
import {
  asCp,
  emptyRows,
  fillEmptyRows,
  type PoissonModel,
  poissonLoss,
  ratesOf,
  startPoisson,
  updateFactors,
} from "./poissonModel.ts";

export interface UndercountedData extends CountData {
  /** `[m, p]`: what detection depends on; a row with NaN has no features. */
  readonly features: Tensor;
}

export interface UndercountedOptions<P = unknown> extends IterationOptions {
  readonly rank: number;
  /**
   * "mlp" (default), "linear", or a layer from features `[m, p]` to `[m, 1]`, whose logistic sigmoid is the share.
   */
  readonly detector?: "mlp" | "linear" | Layer<P>;
  /** Widths of the hidden layers of "mlp", [20, 20, 20] unless told. */
  readonly hidden?: readonly number[];
  /**
   * Weight of the detector against the counts, 2000 unless told; it should be far above the mean count, or the scale of λ is
   * left to chance.
   */
  readonly mu?: number;
  /** Takes counts that are no integers. */
  readonly allowReal?: boolean;
  /** Rounds, 100 unless told. */
  readonly maxIterations?: number;
  /** Relative change of the objective at which to stop, 1e-6 unless told. */
  readonly tol?: number;
}

export interface UndercountedResult {
  /** `[n_k, rank]` of λ. */
  readonly factors: readonly Tensor[];
  /** The rates of what there was to count, seen or not. */
  readonly lambda: CP;
  /** Share detected `[m]` for features `[m, p]`; NaN in rows with NaN. */
  detection(features: Tensor): Tensor;
  /** The objective after each round. */
  readonly history: readonly number[];
  readonly iterations: number;
  readonly converged: boolean;
  /**
   * No entry seems to be detected nearly always (all shares below 0.9): then λ is known up to a factor only, its pattern
   * is to be trusted and its scale is not.
   */
  readonly scaleAmbiguous: boolean;
  readonly emptyRows: readonly (readonly number[])[];
  readonly notes: readonly string[];
}

const FACTOR_PASSES = 3;
const DETECTOR_EPOCHS = 10;
const LEARNING_RATE = 5e-3;
const BATCH = 1024;
const LEAST_SHARE = 1e-12;

/**
 * Fits y ~ Poisson(λ p) with a non-negative CP for λ and p = g(features): in turn the shares p in closed form (drawn to g
 * by `mu`), three multiplicative passes over the factors, ten epochs of Adam on g. O(m d² rank) a round and the detector's
 * training, memory O(m (d + p)).
 *
 * @throws ShapeError for indices that are not `[m, d]` or outside of the shape, counts that are not `[m]`, features that are
 * not `[m, p]`; DomainError for counts that are negative, no integers, not finite or all 0, features that are all missing,
 * and options out of range; AbortedError.
 */
export function undercountedCompletion<P>(
  key: Key,
  data: UndercountedData,
  options: UndercountedOptions<P>,
): UndercountedResult {
  const { rank, mu = 2000, allowReal = false, maxIterations = 100, tol = 1e-6 } = options;
  checkCount("undercountedCompletion: rank", rank);
  checkCount("undercountedCompletion: maxIterations", maxIterations);
  checkPositive("undercountedCompletion: mu", mu);
  if (!(tol >= 0))
    throw new DomainError(`undercountedCompletion: tol: a number of at least 0 was expected, got ${tol}`);
  const { indices, counts, entryOf, notes } = checkCounts(data, "undercountedCompletion", allowReal);
  const table = checkFeatures(data, entryOf, counts.length);
  const [factorKey, detectorKey, trainKey] = split(key, 3) as [Key, Key, Key];
  const detector = startDetector(detectorKey, options, table);
  const model = startPoisson(factorKey, { shape: data.shape, rank, indices, counts }, 2);
  const p = new Float64Array(counts.length).fill(0.5);
  let g: Float64Array = new Float64Array(counts.length).fill(0.5);
  const history: number[] = [];
  let converged = false;
  while (history.length < maxIterations && !converged) {
    checkAborted(options.signal, "undercountedCompletion");
    const before = ratesOf(model);
    updateShares(p, g, before, model, table.present, mu);
    for (let pass = 0; pass < FACTOR_PASSES; pass++) updateFactors(model, p);
    detector.train(p, foldIn(trainKey, history.length));
    g = detector.shares();
    let gap = 0;
    for (let i = 0; i < p.length; i++) if (table.present[i]) gap += (p[i]! - g[i]!) ** 2;
    const loss = poissonLoss(ratesOf(model), counts, p) + (mu / 2) * gap;
    const last = history.at(-1);
    converged = last !== undefined && Math.abs(last - loss) <= tol * Math.abs(loss);
    history.push(loss);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: `round ${history.length}` });
  }
  const empty = emptyRows(model);
  fillEmptyRows(model, empty);
  const lambda = asCp(model);
  const scaleAmbiguous = !g.some((share, i) => table.present[i] === 1 && share >= 0.9);
  return {
    factors: lambda.factors,
    lambda,
    detection: detector.detection,
    history,
    iterations: history.length,
    converged,
    scaleAmbiguous,
    emptyRows: empty,
    notes: [...notes, ...emptyNotes(empty)],
  };
}

/** Minimises λ p − y log p + μ/2 (p − g)² entry by entry; without features the last term is missing. */
function updateShares(
  p: Float64Array,
  g: Float64Array,
  rates: Float64Array,
  { counts }: PoissonModel,
  present: Uint8Array,
  mu: number,
): void {
  for (let i = 0; i < p.length; i++) {
    let share = counts[i]! / rates[i]!;
    if (present[i]) {
      const b = mu * g[i]! - rates[i]!;
      const root = Math.sqrt(b * b + 4 * mu * counts[i]!);
      // Of the two forms the one that does not cancel.
      share = b >= 0 ? (b + root) / (2 * mu) : (2 * counts[i]!) / (root - b);
    }
    p[i] = Math.min(1, Math.max(LEAST_SHARE, share));
  }
}

interface FeatureTable {
  /** `[entries, width]`, zeros where features are missing. */
  readonly values: Float64Array;
  readonly width: number;
  readonly present: Uint8Array;
}

/** Features of each entry, the mean of those of the rows that went into it. */
function checkFeatures(data: UndercountedData, entryOf: Int32Array, entries: number): FeatureTable {
  checkTable(data.features, "undercountedCompletion: features");
  const [m, width] = data.features.shape as [number, number];
  if (m !== entryOf.length)
    throw new DomainError(`undercountedCompletion: features: ${entryOf.length} rows were expected, got ${m}`);
  if (width === 0)
    throw new DomainError("undercountedCompletion: features: at least one was expected, got none");
  const given = realNumbers(data.features, "undercountedCompletion: features");
  const values = new Float64Array(entries * width);
  const seen = new Int32Array(entries);
  for (let row = 0; row < m; row++) {
    const own = given.subarray(row * width, (row + 1) * width);
    if (!own.every(Number.isFinite)) continue;
    const entry = entryOf[row]!;
    seen[entry]!++;
    for (let j = 0; j < width; j++) values[entry * width + j]! += own[j]!;
  }
  for (let i = 0; i < values.length; i++) {
    const count = seen[Math.floor(i / width)]!;
    if (count > 1) values[i]! /= count;
  }
  const present = Uint8Array.from(seen, (count) => (count > 0 ? 1 : 0));
  if (!present.includes(1))
    throw new DomainError("undercountedCompletion: features: every row has a number that is not finite");
  return { values, width, present };
}

interface Detector {
  /** Epochs of Adam towards shares p. */
  train(p: Float64Array, key: Key): void;
  /** g at all entries; at those without features without meaning. */
  shares(): Float64Array;
  detection(features: Tensor): Tensor;
}

function startDetector<P>(key: Key, options: UndercountedOptions<P>, table: FeatureTable): Detector {
  const { detector = "mlp", hidden = [20, 20, 20] } = options;
  if (typeof detector === "object") return trainable(key, detector, table);
  if (detector !== "mlp" && detector !== "linear")
    throw new DomainError(
      `undercountedCompletion: detector: "mlp", "linear" or a layer was expected, got ${String(detector)}`,
    );
  const sizes = [table.width, ...(detector === "mlp" ? hidden : []), 1];
  return trainable(key, mlp({ sizes, activation: relu, dtype: "float64" }), table);
}

function trainable<Q>(key: Key, layer: Layer<Q>, { values, width, present }: FeatureTable): Detector {
  const entries = Array.from(present.keys()).filter((i) => present[i] === 1);
  const features = fromTypedArray(values, [present.length, width], "float64");
  let params = layer.init(key);
  const share = (q: Q, z: Tensor): Tensor => sigmoid(layer.apply(q, z)).reshape([-1]);
  const optimizer = adam<Q, { z: Tensor; p: Tensor }>({ learningRate: LEARNING_RATE });
  let state = optimizer.init(params);
  const step = jit((q: Q, s: typeof state, z: Tensor, p: Tensor) => {
    const next = optimizer.step({
      params: q,
      state: s,
      batch: { z, p },
      loss: (own, batch) => mse(share(own, batch.z), batch.p),
    });
    return { params: next.params, state: next.state };
  });
  const shares = jit((q: Q) => share(q, features));
  return {
    train: (p, trainKey) => {
      for (let epoch = 0; epoch < DETECTOR_EPOCHS; epoch++) {
        const order = permutation(foldIn(trainKey, epoch), entries.length).data();
        for (let first = 0; first < order.length; first += BATCH) {
          const rows = Int32Array.from(order.slice(first, first + BATCH) as Int32Array, (i) => entries[i]!);
          const z = take(features, fromTypedArray(rows, [rows.length], "int32"));
          const target = fromTypedArray(
            Float64Array.from(rows, (i) => p[i]!),
            [rows.length],
            "float64",
          );
          ({ params, state } = step(params, state, z, target));
        }
      }
    },
    shares: () => Float64Array.from(shares(params).data()),
    detection: (given) => {
      checkTable(given, "undercountedCompletion: detection: features", width);
      realNumbers(given, "undercountedCompletion: detection: features");
      return share(params, given.astype("float64"));
    },
  };
}
