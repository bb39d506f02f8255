// Coordinate lists (index, …, value) as sparse tensors: what .tns files and tables read with `coo` share.
import type { SparseTensor } from "../decompose/base/sparse.ts";
import { sizeOf } from "../tensor/shape.ts";

/** Lists that grow while a file of unknown length is read. */
export class CoordinateBuffer {
  readonly modes: number;
  #indices: Int32Array;
  #values: Float64Array;
  #count = 0;

  constructor(modes: number) {
    this.modes = modes;
    this.#indices = new Int32Array(1024 * modes);
    this.#values = new Float64Array(1024);
  }

  get count(): number {
    return this.#count;
  }

  /** Appends one entry; `index` may be reused by the caller. */
  push(index: ArrayLike<number>, value: number): void {
    if (this.#count === this.#values.length) {
      this.#indices = grown(this.#indices, Int32Array);
      this.#values = grown(this.#values, Float64Array);
    }
    this.#indices.set(index, this.#count * this.modes);
    this.#values[this.#count++] = value;
  }

  indices(): Int32Array {
    return this.#indices.subarray(0, this.#count * this.modes);
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.#count);
  }
}

function grown<T extends Int32Array | Float64Array>(old: T, Kind: new (length: number) => T): T {
  const larger = new Kind(2 * old.length);
  larger.set(old);
  return larger;
}

/**
 * A sparse tensor in which every index occurs once: values of equal indices are added, at the place of the first.
 * `merged` counts the entries that went into others. O(nnz log nnz).
 */
export function sumDuplicates(
  shape: readonly number[],
  indices: Int32Array,
  values: Float64Array,
): { tensor: SparseTensor; merged: number } {
  const d = shape.length;
  const repeated = repeatedKeys(shape, indices, values.length);
  if (repeated.size === 0) return { tensor: { kind: "sparse", shape, indices, values }, merged: 0 };
  const outIndices = new Int32Array(indices.length);
  const outValues = new Float64Array(values.length);
  const first = new Map<number | string, number>();
  const key = keyOf(shape, indices);
  let count = 0;
  for (let entry = 0; entry < values.length; entry++) {
    const id = key(entry);
    const seen = first.get(id);
    if (seen !== undefined) {
      outValues[seen]! += values[entry]!;
      continue;
    }
    if (repeated.has(id)) first.set(id, count);
    outIndices.set(indices.subarray(entry * d, (entry + 1) * d), count * d);
    outValues[count++] = values[entry]!;
  }
  const tensor: SparseTensor = {
    kind: "sparse",
    shape,
    indices: outIndices.slice(0, count * d),
    values: outValues.slice(0, count),
  };
  return { tensor, merged: values.length - count };
}

/** One key for each entry: its position in C order, or text where positions exceed the exact integers. */
function keyOf(shape: readonly number[], indices: Int32Array): (entry: number) => number | string {
  const d = shape.length;
  if (sizeOf(shape) > Number.MAX_SAFE_INTEGER)
    return (entry) => indices.subarray(entry * d, (entry + 1) * d).join();
  return (entry) => {
    let position = 0;
    for (let k = 0; k < d; k++) position = position * shape[k]! + indices[entry * d + k]!;
    return position;
  };
}

/** Keys that occur more than once, found by sorting: a table of all keys would not fit for long lists. */
function repeatedKeys(shape: readonly number[], indices: Int32Array, count: number): Set<number | string> {
  const key = keyOf(shape, indices);
  const keys = Array.from({ length: count }, (_, entry) => key(entry));
  const sorted = typeof keys[0] === "number" ? Float64Array.from(keys as number[]).sort() : keys.sort();
  const repeated = new Set<number | string>();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) repeated.add(sorted[i]!);
  return repeated;
}
