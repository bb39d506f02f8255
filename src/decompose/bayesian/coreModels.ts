// The two ways in which the factors of a functional model meet: through a Gaussian core (Tucker), or component by
// component (CP). Everything is a contraction over the observations of E[u uᵀ] = m mᵀ + V, taken in blocks.

import { inv } from "../../linalg/systems/determinant.ts";
import { matmul } from "../../ops/contract.ts";
import { mT, transpose } from "../../ops/movement.ts";
import { normal } from "../../random/distributions.ts";
import type { Key } from "../../random/key.ts";
import { eye, fromTypedArray } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { LineMoments, Messages } from "../ssgp/kalman.ts";

/** Where observations lie on an axis. */
export interface Places {
  readonly place: Int32Array;
}

export interface CoreModel {
  /** Adds `weight` times the messages of all observations to the factor of a mode. */
  collect(
    axes: readonly Places[],
    moments: readonly LineMoments[],
    values: Float64Array,
    mode: number,
    weight: number,
    into: Messages,
  ): void;
  /**
   * Renews the core where there is one. Gives Σ E[ŷ²], Σ y E[ŷ] and E[ŷ] of the observations under the new one.
   */
  update(
    axes: readonly Places[],
    moments: readonly LineMoments[],
    values: Float64Array,
    precision: number,
  ): { readonly second: number; readonly cross: number; readonly prediction: Float64Array };
  /** Mean and variance of the model at `m` places. */
  moments(
    axes: readonly Places[],
    moments: readonly LineMoments[],
    m: number,
  ): { readonly mean: Float64Array; readonly variance: Float64Array };
  core(): Tensor;
}

/** Observations taken at a time: their Kronecker products need Π r_k² numbers each. */
const BLOCK_NUMBERS = 2 ** 20;

const blockRows = (width: number): number => Math.max(1, Math.floor(BLOCK_NUMBERS / width));

/** Rows ⊗_k a_k[place_k[i]] of the named modes for i from `first` to below `last`; a_k has `widths[k]` numbers a row. */
function kroneckerRows(
  tables: readonly Float64Array[],
  widths: readonly number[],
  places: readonly Int32Array[],
  first: number,
  last: number,
): Tensor {
  const width = widths.reduce((product, w) => product * w, 1);
  const out = new Float64Array((last - first) * width);
  for (let i = first; i < last; i++) {
    const at = (i - first) * width;
    out[at] = 1;
    let filled = 1;
    for (let k = 0; k < tables.length; k++) {
      const w = widths[k]!;
      const from = places[k]![i]! * w;
      const table = tables[k]!;
      // From the last product to the first, so that what is read is not yet overwritten.
      for (let a = filled - 1; a >= 0; a--) {
        const factor = out[at + a]!;
        for (let b = w - 1; b >= 0; b--) out[at + a * w + b] = factor * table[from + b]!;
      }
      filled *= w;
    }
  }
  return fromTypedArray(out, [last - first, width], "float64");
}

/** E[u uᵀ] of every point, `[n, r²]`. */
function secondMoments({ mean, covariance }: LineMoments, r: number): Float64Array {
  const out = Float64Array.from(covariance);
  const n = mean.length / r;
  for (let i = 0; i < n; i++)
    for (let c = 0; c < r; c++)
      for (let d = 0; d < r; d++) out[(i * r + c) * r + d]! += mean[i * r + c]! * mean[i * r + d]!;
  return out;
}

const without = <T>(list: readonly T[], k: number): T[] => list.filter((_, i) => i !== k);
const square = (r: number): number => r * r;
const product = (list: readonly number[]): number => list.reduce((p, r) => p * r, 1);

/** Adds row i of `precision [n, r²]` and y_i times row i of `information [n, r]` at the place of each observation. */
function scatter(
  precision: ArrayLike<number>,
  information: ArrayLike<number>,
  place: Int32Array,
  values: Float64Array,
  first: number,
  last: number,
  weight: number,
  into: Messages,
): void {
  const r = into.components;
  for (let i = first; i < last; i++) {
    const row = i - first;
    const to = place[i]!;
    const y = weight * values[i]!;
    for (let j = 0; j < r; j++) into.information[to * r + j]! += y * information[row * r + j]!;
    for (let j = 0; j < r * r; j++) into.precision[to * r * r + j]! += weight * precision[row * r * r + j]!;
  }
}

/**
 * vec(W) ~ N(0, I) a priori. Means start as N(0, 1)/2 with ones added on the superdiagonal, and as if they were certain:
 * where core and factors both start uncertain, the first sweep shrinks them so far that some components never return.
 */
export function tuckerCore(ranks: readonly number[], key: Key): CoreModel {
  const size = product(ranks);
  const order = ranks.length;
  let mean = startCore(ranks, key);
  let covariance = eye(size).mul(0);
  const secondOfCore = (): Tensor => covariance.add(mean.reshape([size, 1]).mul(mean.reshape([1, size])));
  /** E[W W'] `[size, size]` as `[Π r_k², …]`: the two indices of each mode side by side, `mode` last. */
  const paired = (second: Tensor, mode: number): Tensor => {
    const axes = [...without([...ranks.keys()], mode), mode].flatMap((k) => [k, order + k]);
    return transpose(second.reshape([...ranks, ...ranks]), axes)
      .reshape([-1, square(ranks[mode]!)])
      .contiguous();
  };
  return {
    collect: (axes, moments, values, mode, weight, into) => {
      const others = without(ranks, mode);
      const places = without(axes, mode).map(({ place }) => place);
      const seconds = without(moments, mode).map((m, k) => secondMoments(m, others[k]!));
      const means = without(moments, mode).map((m) => m.mean);
      const second = paired(secondOfCore(), mode);
      const coreAxes = [...without([...ranks.keys()], mode), mode];
      const first = transpose(mean.reshape(ranks), coreAxes).reshape([-1, ranks[mode]!]).contiguous();
      const rows = blockRows(product(others) ** 2);
      for (let from = 0; from < values.length; from += rows) {
        const to = Math.min(values.length, from + rows);
        const precision = matmul(kroneckerRows(seconds, others.map(square), places, from, to), second);
        const information = matmul(kroneckerRows(means, others, places, from, to), first);
        scatter(precision.data(), information.data(), axes[mode]!.place, values, from, to, weight, into);
      }
    },
    update: (axes, moments, values, precision) => {
      const places = axes.map(({ place }) => place);
      const seconds = moments.map((m, k) => secondMoments(m, ranks[k]!));
      const means = moments.map((m) => m.mean);
      // Σ E[z zᵀ] as [r_1², Π others'], one product a block.
      let sum: Tensor | null = null;
      const linear = new Float64Array(size);
      const rows = blockRows(size ** 2 / square(ranks[0]!));
      const blocks: Tensor[] = [];
      for (let from = 0; from < values.length; from += rows) {
        const to = Math.min(values.length, from + rows);
        const left = kroneckerRows(seconds.slice(0, 1), [square(ranks[0]!)], places.slice(0, 1), from, to);
        const right = kroneckerRows(seconds.slice(1), ranks.slice(1).map(square), places.slice(1), from, to);
        const part = matmul(mT(left), right);
        sum = sum ? sum.add(part) : part;
        const z = kroneckerRows(means, ranks, places, from, to);
        blocks.push(z);
        const data = z.data();
        for (let i = from; i < to; i++)
          for (let j = 0; j < size; j++) linear[j]! += values[i]! * data[(i - from) * size + j]!;
      }
      const pairs = ranks.flatMap((r) => [r, r]);
      const unpaired = [...ranks.map((_, k) => 2 * k), ...ranks.map((_, k) => 2 * k + 1)];
      const gram = transpose(sum!.reshape(pairs), unpaired).reshape([size, size]).contiguous();
      covariance = inv(eye(size).add(gram.mul(precision)));
      covariance = covariance.add(mT(covariance)).mul(0.5);
      const target = fromTypedArray(linear, [size], "float64");
      mean = matmul(covariance, target).mul(precision);
      const prediction = new Float64Array(values.length);
      let at = 0;
      for (const z of blocks) {
        prediction.set(matmul(z, mean).data() as Float64Array, at);
        at += z.shape[0]!;
      }
      return {
        second: gram.mul(secondOfCore()).sum().item(),
        cross: target.mul(mean).sum().item(),
        prediction,
      };
    },
    moments: (axes, moments, m) => {
      const places = axes.map(({ place }) => place);
      const seconds = moments.map((own, k) => secondMoments(own, ranks[k]!));
      const means = moments.map((own) => own.mean);
      const second = paired(secondOfCore(), order - 1).reshape([-1]);
      const out = { mean: new Float64Array(m), variance: new Float64Array(m) };
      const rows = blockRows(size ** 2);
      for (let from = 0; from < m; from += rows) {
        const to = Math.min(m, from + rows);
        const f = matmul(kroneckerRows(means, ranks, places, from, to), mean).data();
        const f2 = matmul(kroneckerRows(seconds, ranks.map(square), places, from, to), second).data();
        for (let i = from; i < to; i++) {
          out.mean[i] = f[i - from]!;
          out.variance[i] = Math.max(0, f2[i - from]! - f[i - from]! ** 2);
        }
      }
      return out;
    },
    core: () => mean.reshape(ranks),
  };
}

function startCore(ranks: readonly number[], key: Key): Tensor {
  const data = Float64Array.from(normal(key, [product(ranks)]).data(), (x) => x / 2);
  for (const at of superdiagonal(ranks)) data[at]! += 1;
  return fromTypedArray(data, [data.length], "float64");
}

/** Positions in C order of the entries whose indices are all the same. */
function superdiagonal(ranks: readonly number[]): number[] {
  return Array.from({ length: Math.min(...ranks) }, (_, i) =>
    ranks.reduce((position, r) => position * r + i, 0),
  );
}

/** The core is the superdiagonal and stays so. */
export function cpCore(rank: number, order: number): CoreModel {
  /** Element-wise products of rows of tables for one observation. */
  const hadamard = (
    tables: readonly Float64Array[],
    places: readonly Int32Array[],
    width: number,
    n: number,
  ): Float64Array => {
    const out = new Float64Array(n * width).fill(1);
    tables.forEach((table, k) => {
      const place = places[k]!;
      for (let i = 0; i < n; i++)
        for (let j = 0; j < width; j++) out[i * width + j]! *= table[place[i]! * width + j]!;
    });
    return out;
  };
  const modelMoments: CoreModel["moments"] = (axes, moments, m) => {
    const places = axes.map(({ place }) => place);
    const first = hadamard(
      moments.map((own) => own.mean),
      places,
      rank,
      m,
    );
    const second = hadamard(
      moments.map((own) => secondMoments(own, rank)),
      places,
      rank * rank,
      m,
    );
    const mean = rowSums(first, rank);
    const variance = rowSums(second, rank * rank).map((v, i) => Math.max(0, v - mean[i]! ** 2));
    return { mean, variance };
  };
  return {
    collect: (axes, moments, values, mode, weight, into) => {
      const places = without(axes, mode).map(({ place }) => place);
      const n = values.length;
      const others = without(moments, mode);
      const precision = hadamard(
        others.map((m) => secondMoments(m, rank)),
        places,
        rank * rank,
        n,
      );
      const information = hadamard(
        others.map((m) => m.mean),
        places,
        rank,
        n,
      );
      scatter(precision, information, axes[mode]!.place, values, 0, n, weight, into);
    },
    update: (axes, moments, values) => {
      const { mean, variance } = modelMoments(axes, moments, values.length);
      let second = 0;
      let cross = 0;
      for (let i = 0; i < mean.length; i++) {
        second += variance[i]! + mean[i]! ** 2;
        cross += values[i]! * mean[i]!;
      }
      return { second, cross, prediction: mean };
    },
    moments: modelMoments,
    core: () => {
      const ranks = new Array<number>(order).fill(rank);
      const data = new Float64Array(product(ranks));
      for (const at of superdiagonal(ranks)) data[at] = 1;
      return fromTypedArray(data, ranks, "float64");
    },
  };
}

function rowSums(data: Float64Array, width: number): Float64Array {
  const out = new Float64Array(data.length / width);
  for (let i = 0; i < out.length; i++) for (let j = 0; j < width; j++) out[i]! += data[i * width + j]!;
  return out;
}
