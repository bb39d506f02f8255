// k-means: partitions of points by their nearest centres.

import { uniform } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { lloyd, type Partition, type Rows, squaredDistance } from "./lloyd.ts";

export interface KMeansOptions extends IterationOptions {
  /** Starts of which the one with the least cost is kept; 5 unless told. */
  readonly restarts?: number;
  /** At most this many passes each; 100 unless told. */
  readonly maxIterations?: number;
}

export interface KMeans {
  /** The cluster of each point, int32 `[n]`. */
  readonly labels: Tensor;
  /** `[k, d]` */
  readonly centers: Tensor;
  /** Sum of squared distances to the centres. */
  readonly cost: number;
}

/**
 * k-means of points `[n, d]` by Lloyd's algorithm with k-means++ starts: later centres are drawn with probabilities in the
 * squared distance from those before. Clusters are never empty. O(restarts maxIterations n k d).
 *
 * Source: Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA (2007).
 *
 * @throws ShapeError unless points is a matrix; DTypeError unless of float32 or float64; DomainError for values that are not
 * finite, k outside 1 … n and options out of range; AbortedError.
 */
export function kMeans(key: Key, points: Tensor, k: number, options: KMeansOptions = {}): KMeans {
  const { restarts = 5, maxIterations = 100, signal, onProgress } = options;
  const rows = pointRows("kMeans", points);
  const { data, n, width } = rows;
  checkClusters("kMeans: k", k, n);
  for (const [option, value] of Object.entries({ restarts, maxIterations }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`kMeans: ${option} must be an integer >= 1, got ${value}`);
  let best: { readonly centers: Float64Array; readonly partition: Partition } | undefined;
  for (let start = 0; start < restarts; start++) {
    checkAborted(signal, "kMeans");
    const draws = uniform(foldIn(key, start), [k]).data() as Float64Array;
    const centers = spreadCenters(rows, k, draws);
    const partition = lloyd(rows, centers, maxIterations);
    if (!best || partition.cost < best.partition.cost) best = { centers, partition };
    onProgress?.({ fraction: (start + 1) / restarts, stage: `start ${start + 1} of ${restarts}` });
  }
  const { centers, partition } = best!;
  return {
    labels: new Tensor(partition.labels, [n], "int32"),
    centers: new Tensor(centers, [k, width], "float64"),
    // Centres have moved since the last distances.
    cost: partition.labels.reduce((sum, c, i) => sum + squaredDistance(width, data, i, centers, c), 0),
  };
}

/** Points `[n, d]` as an array. */
function pointRows(name: string, points: Tensor): Rows {
  if (points.ndim !== 2 || points.size === 0)
    throw new ShapeError(`${name}: points must be [n, d], got shape ${formatShape(points.shape)}`);
  if (points.dtype !== "float64" && points.dtype !== "float32")
    throw new DTypeError(`${name}: points must be float32 or float64, got ${points.dtype}`);
  const data = Float64Array.from(points.data());
  if (!data.every(Number.isFinite)) throw new DomainError(`${name}: points hold a value that is not finite`);
  return { data, n: points.shape[0]!, width: points.shape[1]! };
}

/** Throws DomainError unless 1 ≤ k ≤ n. */
export function checkClusters(what: string, k: number, n: number): void {
  if (!(Number.isInteger(k) && k >= 1 && k <= n))
    throw new DomainError(`${what} must be an integer from 1 to ${n}, got ${k}`);
}

/** The start of k-means++ from k uniform numbers. */
function spreadCenters({ data, n, width }: Rows, k: number, draws: Float64Array): Float64Array {
  const centers = new Float64Array(k * width);
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  for (let c = 0; c < k; c++) {
    const total = nearest.reduce((a, b) => a + b, 0);
    let chosen = c === 0 || !(total > 0) ? Math.floor(draws[c]! * n) : n - 1;
    if (c > 0 && total > 0)
      for (let i = 0, left = draws[c]! * total; i < n; i++) {
        left -= nearest[i]!;
        if (left <= 0) {
          chosen = i;
          break;
        }
      }
    centers.set(data.subarray(chosen * width, (chosen + 1) * width), c * width);
    for (let i = 0; i < n; i++)
      nearest[i] = Math.min(nearest[i]!, squaredDistance(width, data, i, centers, c));
  }
  return centers;
}
