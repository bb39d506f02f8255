// An order of problem instances in which neighbours are alike.

import { stack } from "../../ops/join.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { svds } from "../krylov/svds.ts";
import { isKnown } from "../operator/operator.ts";

export interface SortOptions {
  /** Of the difference of two parameters: its Frobenius norm, or its largest entry. "frobenius" unless told. */
  readonly metric?: "frobenius" | "max";
  /**
   * More instances than this are cut into groups along their first principal component, and each group is sorted for
   * itself: 4000 unless told.
   */
  readonly window?: number;
}

type Distance = (data: Float64Array, size: number, i: number, j: number) => number;

const METRICS: Readonly<Record<NonNullable<SortOptions["metric"]>, Distance>> = {
  // The square orders as the root does.
  frobenius: (data, size, i, j) => {
    let sum = 0;
    for (let p = i * size, q = j * size, end = p + size; p < end; p++, q++) {
      const d = data[p] - data[q];
      sum += d * d;
    }
    return sum;
  },
  max: (data, size, i, j) => {
    let top = 0;
    for (let p = i * size, q = j * size, end = p + size; p < end; p++, q++) {
      const d = Math.abs(data[p] - data[q]);
      if (d > top) top = d;
    }
    return top;
  },
};

/**
 * An order of N instances, given by their parameters (tensors of one shape, p numbers each): from instance 0 always on to
 * the nearest one that is left. O(N² p), or O(N · window · p) in groups, which begin at one end of the principal component.
 *
 * Source: the greedy order of "Accelerating data generation for neural operators via Krylov subspace recycling" (2024).
 *
 * @throws ShapeError for parameters of different shapes; DTypeError unless they are float32 or float64; DomainError for
 * none, for values that are not finite, an unknown metric and a window that is no positive integer.
 */
export function sortInstances(params: readonly Tensor[], options: SortOptions = {}): Int32Array {
  const name = "sortInstances";
  const { metric = "frobenius", window = 4000 } = options;
  const distance = METRICS[metric];
  if (!distance) throw new DomainError(`${name}: metric must be "frobenius" or "max", got ${String(metric)}`);
  if (!(Number.isInteger(window) && window >= 1))
    throw new DomainError(`${name}: window must be a positive integer, got ${window}`);
  const { data, size } = packed(name, params);
  const n = params.length;
  if (n <= window)
    return chain(
      Int32Array.from({ length: n }, (_, i) => i),
      0,
      data,
      size,
      distance,
    );
  const order = byPrincipal(params);
  const sorted = new Int32Array(n);
  for (let from = 0; from < n; from += window) {
    const group = order.slice(from, from + window);
    const start = from === 0 ? 0 : nearest(group, 0, sorted[from - 1], data, size, distance);
    sorted.set(chain(group, start, data, size, distance), from);
  }
  return sorted;
}

function packed(name: string, params: readonly Tensor[]): { data: Float64Array; size: number } {
  const [first] = params;
  if (!first) throw new DomainError(`${name}: params must hold at least one tensor`);
  const { size } = first;
  const data = new Float64Array(params.length * size);
  params.forEach((x, i) => {
    if (!sameShape(x.shape, first.shape))
      throw new ShapeError(
        `${name}: params must have one shape, got ${formatShape(first.shape)} and ${formatShape(x.shape)} at ${i}`,
      );
    if (!isKnown(x) || (x.dtype !== "float64" && x.dtype !== "float32"))
      throw new DTypeError(
        `${name}: params must be known tensors of float32 or float64, got ${x.dtype} at ${i}`,
      );
    data.set(x.data(), i * size);
  });
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new DomainError(`${name}: params hold a value that is not finite at ${Math.floor(bad / size)}`);
  return { data, size };
}

/** Reorders a group in place: from its member at `start` always on to the nearest. */
function chain(
  group: Int32Array,
  start: number,
  data: Float64Array,
  size: number,
  distance: Distance,
): Int32Array {
  let next = start;
  for (let at = 0; at < group.length; at++) {
    const chosen = group[next];
    // What lies between stays in its order, so that ties go to the first.
    group.copyWithin(at + 1, at, next);
    group[at] = chosen;
    if (at + 1 < group.length) next = nearest(group, at + 1, chosen, data, size, distance);
  }
  return group;
}

/** The position, from `from` on, of the member of a group that is nearest to an instance. */
function nearest(
  group: Int32Array,
  from: number,
  to: number,
  data: Float64Array,
  size: number,
  distance: Distance,
): number {
  let best = from;
  let least = Number.POSITIVE_INFINITY;
  for (let at = from; at < group.length; at++) {
    const d = distance(data, size, to, group[at]);
    if (d < least) {
      least = d;
      best = at;
    }
  }
  return best;
}

/** Instances by their coordinate along the first principal component. */
function byPrincipal(params: readonly Tensor[]): Int32Array {
  const rows = stack(params.map((x) => x.ravel().astype("float64")));
  const centred = rows.sub(rows.mean({ axis: 0 }));
  const { u } = svds(centred, { k: 1 });
  const coordinate = u.ravel().data();
  return Int32Array.from(
    Array.from(coordinate.keys()).sort((i, j) => Number(coordinate[i]) - Number(coordinate[j])),
  );
}
