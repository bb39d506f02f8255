// The observed entries of a matrix, listed by rows and by columns, for methods that visit one line at a time.

import type { DType } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

export interface ObservedMatrix {
  /** Row of each entry `[s]`. */
  readonly rows: Tensor | ArrayLike<number>;
  /** Column of each entry `[s]`. */
  readonly cols: Tensor | ArrayLike<number>;
  /** `[s]`, float64 or float32. */
  readonly values: Tensor | ArrayLike<number>;
  /** `[m, n]` of the whole matrix. */
  readonly shape: readonly [number, number];
}

/** Lines of a matrix: the entries of line i are those from `start[i]` to `start[i + 1]`. */
export interface Lines {
  readonly count: number;
  readonly start: Int32Array;
  /** Place of each entry on its line. */
  readonly place: Int32Array;
  readonly value: Float64Array;
}

export interface CheckedEntries {
  readonly shape: readonly [number, number];
  readonly rows: Int32Array;
  readonly cols: Int32Array;
  readonly values: Float64Array;
  readonly dtype: DType;
}

/**
 * Checks and copies the entries. Throws ShapeError for lists of different lengths or a bad shape, DTypeError for complex values,
 * DomainError for indices that are no integers, out of range or repeated, and for values that are not finite.
 */
export function checkEntries(name: string, observed: ObservedMatrix): CheckedEntries {
  const [m, n] = observed.shape;
  if (observed.shape.length !== 2 || ![m, n].every((length) => Number.isInteger(length) && length >= 1))
    throw new ShapeError(`${name}: shape must be two lengths >= 1, got ${formatShape(observed.shape)}`);
  const rows = indices(`${name}: rows`, observed.rows, m);
  const cols = indices(`${name}: cols`, observed.cols, n);
  const given = observed.values;
  const dtype = given instanceof Tensor ? given.dtype : "float64";
  if (given instanceof Tensor && dtype !== "float64" && dtype !== "float32")
    throw new DTypeError(`${name}: values must be float64 or float32, got ${dtype}`);
  const values = Float64Array.from(given instanceof Tensor ? given.data() : given);
  if (rows.length !== values.length || cols.length !== values.length)
    throw new ShapeError(
      `${name}: rows, cols and values must have one length, got ${rows.length}, ${cols.length} and ${values.length}`,
    );
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new DomainError(`${name}: values holds ${values[bad]} at position ${bad}`);
  const { start, place } = linesOf(m, rows, cols, values);
  const seen = new Int32Array(n).fill(-1);
  for (let i = 0; i < m; i++)
    for (let p = start[i]; p < start[i + 1]; p++) {
      if (seen[place[p]] === i)
        throw new DomainError(`${name}: entry (${i}, ${place[p]}) is given more than once`);
      seen[place[p]] = i;
    }
  return { shape: [m, n], rows, cols, values, dtype };
}

function indices(what: string, given: Tensor | ArrayLike<number>, length: number): Int32Array {
  if (given instanceof Tensor && given.ndim !== 1)
    throw new ShapeError(`${what} must have 1 axis, got shape ${formatShape(given.shape)}`);
  const list = given instanceof Tensor ? given.data() : given;
  const out = new Int32Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const index = list[i]!;
    if (!(Number.isInteger(index) && index >= 0 && index < length))
      throw new DomainError(`${what}: integers from 0 to ${length - 1} were expected, got ${index}`);
    out[i] = index;
  }
  return out;
}

/** Entries sorted by line, in their order within each. O(entries + lines). */
export function linesOf(
  count: number,
  line: Int32Array,
  place: Int32Array,
  values: Float64Array,
  keep?: (entry: number) => boolean,
): Lines {
  const start = new Int32Array(count + 1);
  let kept = 0;
  for (let e = 0; e < line.length; e++)
    if (!keep || keep(e)) {
      start[line[e] + 1]++;
      kept++;
    }
  for (let i = 0; i < count; i++) start[i + 1] += start[i];
  const next = start.slice(0, count);
  const sortedPlace = new Int32Array(kept);
  const sortedValue = new Float64Array(kept);
  for (let e = 0; e < line.length; e++)
    if (!keep || keep(e)) {
      const p = next[line[e]]++;
      sortedPlace[p] = place[e];
      sortedValue[p] = values[e];
    }
  return { count, start, place: sortedPlace, value: sortedValue };
}
