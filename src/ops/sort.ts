import { allocate } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import { normalizeAxis } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { argsortP } from "./argsort.ts";
import { bindOne } from "./bind.ts";
import { takeAlongAxis } from "./gather.ts";
import { flip, moveAxis, narrowAxis } from "./movement.ts";
import { asTensor } from "./operands.ts";
import { definePrimitive, type Primitive, REAL } from "./primitive.ts";
import { leadingBatch } from "./rules.ts";
import { mapSeries } from "./series.ts";

/** Sorts along the last axis, NaN last. */
export const sortP: Primitive<undefined> = definePrimitive<undefined>({
  name: "sort",
  dtypes: REAL,
  abstractEval: ([x]) => [x!],
  evaluate: ([x], _params, [output]) => {
    const out = allocate(x!.dtype, x!.size);
    out.set(x!.data());
    const length = x!.shape.at(-1)!;
    // Typed arrays sort by value with NaN last.
    for (let start = 0; start < x!.size; start += length) out.subarray(start, start + length).sort();
    return [new Tensor(out, output!.shape, output!.dtype)];
  },
  jvp: ({ inputs: [x], tangents: [t] }) => [takeAlongAxis(t!, bindOne(argsortP, [x!], undefined), -1)],
  jet: ({ series: [x] }) => {
    const order = bindOne(argsortP, [x![0]], undefined);
    return [mapSeries(x!, (coefficient) => takeAlongAxis(coefficient, order, -1))];
  },
  batch: leadingBatch,
});

export interface SortOptions {
  /** The last axis unless told. */
  readonly axis?: number;
  readonly descending?: boolean;
}

function alongLast(x: Tensor, { axis = -1 }: SortOptions, apply: (x: Tensor) => Tensor): Tensor {
  const at = normalizeAxis(axis, x.ndim);
  return moveAxis(apply(moveAxis(x, at, x.ndim - 1)), x.ndim - 1, at);
}

/** Elements in ascending order along an axis, NaN last (first when descending). O(n log n). */
export const sort = (value: TensorLike, options: SortOptions = {}): Tensor =>
  alongLast(asTensor(value), options, (x) => {
    const sorted = bindOne(sortP, [x], undefined);
    return options.descending ? flip(sorted, -1) : sorted;
  });

/** Positions that sort an axis, as int32. Equal elements keep their order, also when descending. O(n log n). */
export const argsort = (value: TensorLike, options: SortOptions = {}): Tensor =>
  alongLast(asTensor(value), options, (x) => {
    if (!options.descending) return bindOne(argsortP, [x], undefined);
    // Sorting the mirrored axis and mirroring back keeps equal elements in order.
    const mirrored = bindOne(argsortP, [flip(x, -1)], undefined);
    return flip(mirrored, -1)
      .mul(-1)
      .add(x.shape.at(-1)! - 1)
      .astype("int32");
  });

/**
 * The `k` largest elements along an axis, largest first, and their positions. Throws DomainError unless 0 ≤ k ≤
 * length.
 */
export function topK(
  value: TensorLike,
  k: number,
  options: { readonly axis?: number } = {},
): { values: Tensor; indices: Tensor } {
  const x = asTensor(value);
  const axis = normalizeAxis(options.axis ?? -1, x.ndim);
  if (!(Number.isInteger(k) && k >= 0 && k <= x.shape[axis]!))
    throw new DomainError(`topK: k from 0 to ${x.shape[axis]} was expected, got ${k}`);
  const indices = narrowAxis(argsort(x, { axis, descending: true }), axis, 0, k);
  return { values: takeAlongAxis(x, indices, axis), indices };
}
