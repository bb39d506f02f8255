// The multifrontal method: supernodes from the leaves of the elimination tree to its roots, each a dense matrix that takes
// the entries of A in its columns and what the fronts below it left, eliminates its columns, and leaves the rest.
// Source: Duff and Reid, "The multifrontal solution of indefinite sparse symmetric linear equations", ACM Transactions on
// Mathematical Software 9 (1983); Liu, "The multifrontal method for sparse matrix solution", SIAM Review 34 (1992).

import { DomainError } from "../../../tensor/errors.ts";
import type { Width } from "../../kernels/product.ts";
import type { Supernodes } from "./supernodes.ts";

/** A dense matrix `[size, size]`, row by row, whose first `columns` rows and columns are eliminated. */
export interface Front {
  readonly supernode: number;
  /** Row and column k of the first ones are row and column `first + k` of the ordered matrix. */
  readonly first: number;
  readonly columns: number;
  readonly size: number;
  readonly data: Float64Array;
  /** Where the rows and columns of the ordered matrix that the front has stand in it. */
  readonly place: Int32Array;
}

export interface FrontMethod {
  /** Only lower triangles are kept. */
  readonly isSymmetric: boolean;
  /** Adds the entries of A. */
  assemble(front: Front): void;
  /** Eliminates the columns and keeps them; false ends the factorization. */
  eliminate(front: Front): boolean;
}

/**
 * Visits all fronts; false where one could not be eliminated.
 *
 * @throws DomainError where there is no memory for the largest front and what waits beside it.
 */
export function eachFront(name: string, supernodes: Supernodes, width: Width, method: FrontMethod): boolean {
  const { exact, starts, runs, parent } = supernodes;
  const { isSymmetric } = method;
  const count = starts.length - 1;
  const left = (rows: number): number => width * (isSymmetric ? (rows * (rows + 1)) / 2 : rows * rows);
  const rowsFrom = (s: number): number => exact.rowsAt[runs[s + 1] - 1];
  const rowsTo = (s: number): number => exact.rowsAt[runs[s + 1]];
  const { largest, deepest } = workspace(supernodes, (s) => left(rowsTo(s) - rowsFrom(s)));
  const data = memoryFor(name, largest * largest * width);
  /** What fronts left, the last one on top: in this order their parents ask for it. */
  const stack = memoryFor(name, deepest);
  const waiting: number[] = [];
  let top = 0;
  const place = new Int32Array(starts[count]);
  for (let s = 0; s < count; s++) {
    const first = starts[s];
    const columns = starts[s + 1] - first;
    const [from, to] = [rowsFrom(s), rowsTo(s)];
    const size = columns + to - from;
    for (let k = 0; k < columns; k++) place[first + k] = k;
    for (let p = from; p < to; p++) place[exact.rows[p]] = columns + p - from;
    data.fill(0, 0, size * size * width);
    const front: Front = { supernode: s, first, columns, size, data, place };
    method.assemble(front);
    while (waiting.length > 0 && parent[waiting[waiting.length - 1]] === s) {
      const child = waiting.pop()!;
      const rows = exact.rows.subarray(rowsFrom(child), rowsTo(child));
      top -= left(rows.length);
      extendAdd(width, isSymmetric, rows, stack, top, front);
    }
    if (!method.eliminate(front)) return false;
    if (from === to) continue;
    waiting.push(s);
    top = keepRest(width, isSymmetric, front, stack, top);
  }
  return true;
}

function memoryFor(name: string, count: number): Float64Array {
  try {
    return new Float64Array(count);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const gigabytes = ((8 * count) / 1e9).toFixed(1);
    throw new DomainError(
      `${name}: the fronts of the factor need ${gigabytes} GB at once, which there are not; use an iterative method`,
      { cause },
    );
  }
}

/** The size of the largest front, and the most numbers that wait for a parent at one time. */
function workspace(
  { exact, starts, runs, parent }: Supernodes,
  left: (supernode: number) => number,
): { largest: number; deepest: number } {
  let largest = 0;
  let deepest = 0;
  let top = 0;
  const waiting: number[] = [];
  for (let s = 0; s + 1 < starts.length; s++) {
    const last = runs[s + 1] - 1;
    largest = Math.max(largest, starts[s + 1] - starts[s] + exact.rowsAt[last + 1] - exact.rowsAt[last]);
    while (waiting.length > 0 && parent[waiting[waiting.length - 1]] === s) top -= left(waiting.pop()!);
    if (parent[s] < 0) continue;
    waiting.push(s);
    top += left(s);
    deepest = Math.max(deepest, top);
  }
  return { largest, deepest };
}

/** Adds what the front of a child left to the front of its parent. */
function extendAdd(
  width: Width,
  isSymmetric: boolean,
  rows: Int32Array,
  stack: Float64Array,
  at: number,
  { data, size, place }: Front,
): void {
  const count = rows.length;
  let p = at;
  for (let i = 0; i < count; i++) {
    const row = place[rows[i]] * size;
    const end = isSymmetric ? i + 1 : count;
    if (width === 1) for (let j = 0; j < end; j++) data[row + place[rows[j]]] += stack[p++];
    else
      for (let j = 0; j < end; j++) {
        const q = 2 * (row + place[rows[j]]);
        data[q] += stack[p++];
        data[q + 1] += stack[p++];
      }
  }
}

/** Moves the rows and columns that were not eliminated onto the stack; returns its new top. */
function keepRest(
  width: Width,
  isSymmetric: boolean,
  { data, size, columns }: Front,
  stack: Float64Array,
  at: number,
): number {
  let p = at;
  for (let i = columns; i < size; i++) {
    const from = width * (i * size + columns);
    const to = width * (i * size + (isSymmetric ? i + 1 : size));
    for (let q = from; q < to; q++) stack[p++] = data[q];
  }
  return p;
}
