// Products of many factors, as Taylor series: O(n) multiplications made of differentiable primitives, and no division,
// so that zeros among the factors do no harm.

import type { Tensor } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { type PadParams, padP, sliceP } from "./moves.ts";
import type { Series } from "./primitive.ts";
import { zerosLike } from "./rules.ts";
import { addSeries, mapSeries, mulSeries } from "./series.ts";

/** `count` elements along one axis, from `start` on in steps of `step`. */
function strided(x: Tensor, axis: number, start: number, count: number, step = 1): Tensor {
  return bindOne(sliceP, [x], {
    starts: x.shape.map((_, i) => (i === axis ? start : 0)),
    steps: x.shape.map((_, i) => (i === axis ? step : 1)),
    lengths: x.shape.map((n, i) => (i === axis ? count : n)),
  });
}

/** The elements along one axis spread to the positions start, start + 2 … of an axis of length `length`. */
function spread(x: Tensor, axis: number, start: number, length: number): Tensor {
  const along = (value: number): number[] => x.shape.map((_, i) => (i === axis ? value : 0));
  const params: PadParams = {
    before: along(start),
    after: along(length - start - Math.max(0, 2 * x.shape[axis]! - 1)),
    interior: along(1),
  };
  return bindOne(padP, [x, zerosLike({ shape: [], dtype: x.dtype })], params);
}

/** The product along one axis of at least one element, which keeps length 1: a tree of pairwise products. */
export function treeProduct(factors: Series, axis: number): Series {
  let rest = factors;
  let odd: Series | null = null;
  for (let n = rest[0].shape[axis]!; n > 1; n = Math.floor(n / 2)) {
    const half = Math.floor(n / 2);
    if (n % 2 === 1) {
      const last = mapSeries(rest, (x) => strided(x, axis, n - 1, 1));
      odd = odd ? mulSeries(odd, last) : last;
    }
    rest = mulSeries(
      mapSeries(rest, (x) => strided(x, axis, 0, half)),
      mapSeries(rest, (x) => strided(x, axis, half, half)),
    );
  }
  return odd ? mulSeries(rest, odd) : rest;
}

/** Running results along one axis of an associative operation on tuples of series. */
export function prefixScan(
  elements: readonly Series[],
  axis: number,
  join: (left: readonly Series[], right: readonly Series[]) => readonly Series[],
): readonly Series[] {
  const n = elements[0]![0].shape[axis]!;
  if (n < 2) return elements;
  const part = (from: readonly Series[], start: number, count: number, step = 1): Series[] =>
    from.map((series) => mapSeries(series, (x) => strided(x, axis, start, count, step)));
  const pairs = Math.floor(n / 2);
  // Pairs first, then the running results of the pairs; the elements between them need one more step each.
  const atOdd = prefixScan(join(part(elements, 0, pairs, 2), part(elements, 1, pairs, 2)), axis, join);
  const inner = Math.ceil(n / 2) - 1;
  const between = join(part(atOdd, 0, inner), part(elements, 2, inner, 2));
  const first = part(elements, 0, 1);
  return atOdd.map((odd, i) => {
    const pieces = [
      mapSeries(first[i]!, (x) => spread(x, axis, 0, n)),
      mapSeries(odd, (x) => spread(x, axis, 1, n)),
      mapSeries(between[i]!, (x) => spread(x, axis, 2, n)),
    ];
    return pieces.reduce(addSeries);
  });
}

/** Running products along one axis. */
export const runningProduct = (factors: Series, axis: number): Series =>
  prefixScan([factors], axis, ([a], [b]) => [mulSeries(a!, b!)])[0]!;

/**
 * Running products along the first axis that start anew where the key changes. `keys` is in ascending order, one for
 * each slice of the factors.
 */
export function segmentProducts(keys: Tensor, factors: Series): Series {
  const further = factors[0].shape.slice(1).map(() => 1);
  const [, products] = prefixScan([[keys], factors], 0, ([leftKeys, left], [rightKeys, right]) => {
    const [leftKey] = leftKeys!;
    const [rightKey] = rightKeys!;
    const isSame = leftKey.equal(rightKey).reshape([...rightKey.shape, ...further]);
    const joined = mulSeries(left!, right!).map((product, k) => {
      const alone = right![k] ?? null;
      return product || alone ? isSame.where(product ?? 0, alone ?? 0) : null;
    });
    return [[rightKey], joined as unknown as Series];
  });
  return products!;
}
