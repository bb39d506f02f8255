// Counts at scattered entries, checked at the door.

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkColumn, checkIndices, realNumbers } from "../base/observations.ts";

export interface CountData {
  /** `[m, d]`: positions of the entries. */
  readonly indices: Tensor;
  /** `[m]`: integers of at least 0. */
  readonly counts: Tensor;
  readonly shape: readonly number[];
}

export interface CheckedCounts {
  readonly indices: Int32Array;
  readonly counts: Float64Array;
  /** For each row given, the number of the entry that it went into. */
  readonly entryOf: Int32Array;
  readonly notes: readonly string[];
}

/** Throws as said there; counts of equal indices are added, with a note. */
export function checkCounts(data: CountData, what: string, allowReal: boolean): CheckedCounts {
  const { shape } = data;
  const order = shape.length;
  const given = checkIndices(data.indices, shape, `${what}: indices`);
  const m = data.indices.shape[0]!;
  checkColumn(data.counts, m, `${what}: counts`);
  if (m === 0) throw new DomainError(`${what}: counts: at least one entry was expected, got none`);
  const all = realNumbers(data.counts, `${what}: counts`);
  all.forEach((y, row) => {
    if (!(y >= 0 && Number.isFinite(y)))
      throw new DomainError(`${what}: counts: row ${row}: a number of at least 0 was expected, got ${y}`);
    if (!allowReal && !Number.isInteger(y))
      throw new DomainError(
        `${what}: counts: row ${row}: an integer was expected, got ${y} (allowReal takes real numbers)`,
      );
  });
  const first = new Map<string, number>();
  const entryOf = new Int32Array(m);
  const kept: number[] = [];
  for (let row = 0; row < m; row++) {
    const name = given.subarray(row * order, (row + 1) * order).join();
    const known = first.get(name);
    if (known === undefined) {
      first.set(name, kept.length);
      entryOf[row] = kept.length;
      kept.push(row);
    } else entryOf[row] = known;
  }
  const counts = new Float64Array(kept.length);
  all.forEach((y, row) => {
    counts[entryOf[row]!]! += y;
  });
  if (counts.every((y) => y === 0))
    throw new DomainError(`${what}: counts: all are 0, there is nothing to fit`);
  const indices = new Int32Array(kept.length * order);
  kept.forEach((row, entry) => {
    indices.set(given.subarray(row * order, (row + 1) * order), entry * order);
  });
  const notes =
    kept.length === m
      ? []
      : [`${m - kept.length} of ${m} rows repeat the indices of others: their counts were added.`];
  return { indices, counts, entryOf, notes };
}

export const emptyNotes = (empty: readonly (readonly number[])[]): string[] =>
  empty.flatMap((rows, mode) =>
    rows.length === 0
      ? []
      : [`mode ${mode}: ${rows.length} rows have no entries; theirs is the mean of the others.`],
  );
