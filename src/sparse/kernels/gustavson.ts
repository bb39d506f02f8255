// Products of two sparse matrices row by row.
// Source: Gustavson, "Two fast algorithms for sparse matrices: multiplication and permuted transposition", ACM
// Transactions on Mathematical Software 4 (1978).

import type { Storage } from "../../tensor/dtype.ts";
import { Pattern } from "../base/pattern.ts";
import type { Width } from "./product.ts";

/** The places where a b can have entries: O(multiplications + entries · log of the longest row). */
export function productPattern(a: Pattern, b: Pattern): Pattern {
  const mark = new Int32Array(b.columns).fill(-1);
  const indptr = new Int32Array(a.rows + 1);
  for (let i = 0; i < a.rows; i++) {
    let count = 0;
    for (let p = a.indptr[i]; p < a.indptr[i + 1]; p++) {
      const k = a.indices[p];
      for (let q = b.indptr[k]; q < b.indptr[k + 1]; q++) {
        const j = b.indices[q];
        if (mark[j] !== i) {
          mark[j] = i;
          count++;
        }
      }
    }
    indptr[i + 1] = indptr[i] + count;
  }
  mark.fill(-1);
  const indices = new Int32Array(indptr[a.rows]);
  let at = 0;
  for (let i = 0; i < a.rows; i++) {
    const start = at;
    for (let p = a.indptr[i]; p < a.indptr[i + 1]; p++) {
      const k = a.indices[p];
      for (let q = b.indptr[k]; q < b.indptr[k + 1]; q++) {
        const j = b.indices[q];
        if (mark[j] !== i) {
          mark[j] = i;
          indices[at++] = j;
        }
      }
    }
    sortShort(indices, start, at);
  }
  return new Pattern(a.rows, b.columns, indptr, indices);
}

/** Sorts a range in place: by insertion where it is short. */
function sortShort(indices: Int32Array, from: number, to: number): void {
  if (to - from > 48) {
    indices.subarray(from, to).sort();
    return;
  }
  for (let s = from + 1; s < to; s++) {
    const value = indices[s];
    let t = s - 1;
    while (t >= from && indices[t] > value) {
      indices[t + 1] = indices[t];
      t--;
    }
    indices[t + 1] = value;
  }
}

/** Which of the three arrays of values is computed from the other two. */
export type Unknown = "a" | "b" | "c";

/** Σ a[i, k] · b[k, j] · c[i, j] over the places of three patterns. Values begin at 0. */
export interface Triple {
  readonly left: Pattern;
  readonly right: Pattern;
  readonly product: Pattern;
  readonly a: Storage;
  readonly b: Storage;
  readonly c: Storage;
}

/**
 * The derivative of the trilinear form by the values of one factor, added to them: by c it is the product, by a and b the adjoints
 * of the product.
 */
export function addTripleProduct(width: Width, unknown: Unknown, triple: Triple): void {
  if (width === 2) complexTriple(unknown, triple);
  else if (unknown === "c") realProduct(triple);
  else realAdjoint(unknown, triple);
}

// One loop for each case: a choice inside of the innermost one costs more than the multiplication.

function realProduct({ left, right, product, a, b, c }: Triple): void {
  const sums = new Float64Array(right.columns);
  const { indptr, indices } = right;
  for (let i = 0; i < left.rows; i++) {
    for (let p = left.indptr[i]; p < left.indptr[i + 1]; p++) {
      const k = left.indices[p];
      const factor = a[p];
      for (let q = indptr[k], end = indptr[k + 1]; q < end; q++) sums[indices[q]] += factor * b[q];
    }
    for (let r = product.indptr[i]; r < product.indptr[i + 1]; r++) {
      const j = product.indices[r];
      c[r] += sums[j];
      sums[j] = 0;
    }
  }
}

function realAdjoint(unknown: "a" | "b", { left, right, product, a, b, c }: Triple): void {
  const row = new Float64Array(right.columns);
  const { indptr, indices } = right;
  for (let i = 0; i < left.rows; i++) {
    for (let r = product.indptr[i]; r < product.indptr[i + 1]; r++) row[product.indices[r]] = c[r];
    for (let p = left.indptr[i]; p < left.indptr[i + 1]; p++) {
      const k = left.indices[p];
      const end = indptr[k + 1];
      if (unknown === "a") {
        let sum = 0;
        for (let q = indptr[k]; q < end; q++) sum += row[indices[q]] * b[q];
        a[p] += sum;
      } else {
        const factor = a[p];
        for (let q = indptr[k]; q < end; q++) b[q] += factor * row[indices[q]];
      }
    }
  }
}

function complexTriple(unknown: Unknown, { left, right, product, a, b, c }: Triple): void {
  const place = new Int32Array(right.columns);
  for (let i = 0; i < left.rows; i++) {
    for (let r = product.indptr[i]; r < product.indptr[i + 1]; r++) place[product.indices[r]] = r;
    for (let p = left.indptr[i]; p < left.indptr[i + 1]; p++) {
      const k = left.indices[p];
      for (let q = right.indptr[k]; q < right.indptr[k + 1]; q++) {
        const r = place[right.indices[q]];
        if (unknown === "c") addProduct(c, r, a, p, b, q);
        else if (unknown === "a") addProduct(a, p, c, r, b, q);
        else addProduct(b, q, a, p, c, r);
      }
    }
  }
}

function addProduct(out: Storage, o: number, x: Storage, i: number, y: Storage, j: number): void {
  out[2 * o] += x[2 * i] * y[2 * j] - x[2 * i + 1] * y[2 * j + 1];
  out[2 * o + 1] += x[2 * i] * y[2 * j + 1] + x[2 * i + 1] * y[2 * j];
}
