// The sparse LU factorization by dense fronts, for matrices whose pattern is nearly symmetric and whose pivots are found
// near the diagonal.
// Source: Davis and Duff, "An unsymmetric-pattern multifrontal method for sparse LU factorization", SIAM Journal on Matrix
// Analysis and Applications 18 (1997), for the strategy; the fronts are those of the symmetric pattern.

import { Pattern } from "../../base/pattern.ts";
import type { Columns } from "../../kernels/columns.ts";
import type { Width } from "../../kernels/product.ts";
import type { Ordering } from "../../orderings/ordering.ts";
import type { LUColumns } from "../luKernel.ts";
import { analyze } from "../symbolic.ts";
import { partialLU } from "./elimination.ts";
import { eachFront, type Front } from "./fronts.ts";
import { FrontProducts } from "./products.ts";
import { type Supernodes, supernodesOf } from "./supernodes.ts";

const symmetrized = new WeakMap<Pattern, Pattern>();

/** The places of A + Aᵀ with the diagonal; the pattern itself where it has them all. Kept with the pattern. */
export function symmetricPattern(pattern: Pattern): Pattern {
  let known = symmetrized.get(pattern);
  if (!known) {
    known = mirroredToo(pattern);
    symmetrized.set(pattern, known);
  }
  return known;
}

function mirroredToo(pattern: Pattern): Pattern {
  const { rows: n, nnz } = pattern;
  const { pattern: turned } = pattern.transposed;
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(2 * nnz + n);
  let at = 0;
  for (let i = 0; i < n; i++) {
    let p = pattern.indptr[i];
    let q = turned.indptr[i];
    let needsDiagonal = true;
    while (true) {
      const a = p < pattern.indptr[i + 1] ? pattern.indices[p] : n;
      const b = q < turned.indptr[i + 1] ? turned.indices[q] : n;
      const j = Math.min(a, b, needsDiagonal ? i : n);
      if (j === n) break;
      if (a === j) p++;
      if (b === j) q++;
      if (j === i) needsDiagonal = false;
      indices[at++] = j;
    }
    indptr[i + 1] = at;
  }
  return at === nnz ? pattern : new Pattern(n, n, indptr, indices.slice(0, at));
}

/**
 * P A Q = L U with pivots of at least `threshold` times the largest entry of their column; null where a front has none
 * (or a column only zeros), which partial pivoting over all rows must then decide.
 */
export function frontalLU(
  name: string,
  pattern: Pattern,
  ordering: Ordering,
  threshold: number,
  width: Width,
  values: Float64Array,
): LUColumns | null {
  const symbolic = analyze(name, symmetricPattern(pattern), ordering);
  const { n, order, inverse } = symbolic;
  const supernodes = supernodesOf(symbolic, symmetricPattern(pattern));
  const { pattern: turned, order: turnedOrder } = pattern.transposed;
  const products = new FrontProducts();
  /** The row of the ordered matrix that stands at each position after pivoting. */
  const rowAt = Int32Array.from({ length: n }, (_, k) => k);
  const factors = new Factors(supernodes, width);
  const isDone = eachFront(name, supernodes, width, {
    isSymmetric: false,
    assemble: ({ first, columns, size, data, place }) => {
      for (let k = 0; k < columns; k++) {
        const line = order[first + k];
        for (let p = pattern.indptr[line]; p < pattern.indptr[line + 1]; p++) {
          const j = inverse[pattern.indices[p]];
          if (j >= first + k) copyEntry(width, values, p, data, k * size + place[j]);
        }
        for (let q = turned.indptr[line]; q < turned.indptr[line + 1]; q++) {
          const i = inverse[turned.indices[q]];
          if (i > first + k) copyEntry(width, values, turnedOrder[q], data, place[i] * size + k);
        }
      }
    },
    eliminate: (front) => {
      const { first } = front;
      let isMoved = false;
      const swapped = (i: number, j: number): void => {
        isMoved = true;
        const row = rowAt[first + i];
        rowAt[first + i] = rowAt[first + j];
        rowAt[first + j] = row;
      };
      const square = { width, data: front.data, size: front.size };
      if (!partialLU(products, square, front.columns, { threshold, swapped })) return false;
      factors.keep(front, isMoved);
      return true;
    },
  });
  if (!isDone) return null;
  return {
    lower: factors.lower(rowAt),
    upper: factors.upper(),
    rowOrder: rowAt.map((k) => order[k]),
    columnOrder: order.slice(),
  };
}

const copyEntry = (width: Width, from: Float64Array, p: number, to: Float64Array, at: number): void => {
  to[width * at] = from[width * p];
  if (width === 2) to[2 * at + 1] = from[2 * p + 1];
};

/** Columns of L and rows of U as they come out of the fronts. Both have the same places, from the diagonal on. */
class Factors {
  readonly #supernodes: Supernodes;
  readonly #width: Width;
  readonly #indptr: Int32Array;
  readonly #indices: Int32Array;
  readonly #columns: Float64Array;
  readonly #rows: Float64Array;
  #count = 0;

  constructor(supernodes: Supernodes, width: Width) {
    const { starts, runs, exact } = supernodes;
    const n = starts[starts.length - 1];
    let capacity = 0;
    for (let s = 0; s + 1 < starts.length; s++) {
      const columns = starts[s + 1] - starts[s];
      const below = exact.rowsAt[runs[s + 1]] - exact.rowsAt[runs[s + 1] - 1];
      capacity += (columns * (columns + 1)) / 2 + columns * below;
    }
    this.#supernodes = supernodes;
    this.#width = width;
    this.#indptr = new Int32Array(n + 1);
    this.#indices = new Int32Array(capacity);
    this.#columns = new Float64Array(capacity * width);
    this.#rows = new Float64Array(capacity * width);
  }

  /** The columns and rows of an eliminated front: all of it where its rows have changed places, else what can be nonzero. */
  keep({ supernode, first, columns, size, data, place }: Front, isMoved: boolean): void {
    const { runs, exact } = this.#supernodes;
    const width = this.#width;
    const indices = this.#indices;
    for (let run = runs[supernode]; run < runs[supernode + 1]; run++) {
      const source = isMoved ? runs[supernode + 1] - 1 : run;
      const end = isMoved ? first + columns : exact.starts[run + 1];
      for (let j = exact.starts[run]; j < exact.starts[run + 1]; j++) {
        let at = this.#count;
        for (let i = j; i < end; i++) indices[at++] = i;
        for (let p = exact.rowsAt[source]; p < exact.rowsAt[source + 1]; p++) indices[at++] = exact.rows[p];
        const k = j - first;
        for (let p = this.#count; p < at; p++) {
          const other = place[indices[p]];
          copyEntry(width, data, other * size + k, this.#columns, p);
          copyEntry(width, data, k * size + other, this.#rows, p);
        }
        // L has ones on its diagonal.
        this.#columns[width * this.#count] = 1;
        if (width === 2) this.#columns[2 * this.#count + 1] = 0;
        this.#count = at;
        this.#indptr[j + 1] = at;
      }
    }
  }

  /** L, with rows at their positions after pivoting. */
  lower(rowAt: Int32Array): Columns {
    const { starts } = this.#supernodes;
    const n = rowAt.length;
    const position = new Int32Array(n);
    for (let k = 0; k < n; k++) position[rowAt[k]] = k;
    const indices = this.#indices.slice(0, this.#count);
    for (let s = 0; s + 1 < starts.length; s++) {
      // Rows of the front's own columns stood at their last positions already.
      const end = starts[s + 1];
      for (let p = this.#indptr[starts[s]]; p < this.#indptr[end]; p++)
        if (indices[p] >= end) indices[p] = position[indices[p]];
    }
    const values = this.#columns.subarray(0, this.#count * this.#width);
    return { n, width: this.#width, indptr: this.#indptr, indices, values };
  }

  /** U turned from rows into columns, the diagonal last. */
  upper(): Columns {
    const width = this.#width;
    const n = this.#indptr.length - 1;
    const indptr = new Int32Array(n + 1);
    for (let p = 0; p < this.#count; p++) indptr[this.#indices[p] + 1]++;
    for (let j = 0; j < n; j++) indptr[j + 1] += indptr[j];
    const next = indptr.slice();
    const indices = new Int32Array(this.#count);
    const values = new Float64Array(this.#count * width);
    for (let i = 0; i < n; i++)
      for (let p = this.#indptr[i]; p < this.#indptr[i + 1]; p++) {
        const at = next[this.#indices[p]]++;
        indices[at] = i;
        copyEntry(width, this.#rows, p, values, at);
      }
    return { n, width, indptr, indices, values };
  }
}
