// What a sparse Cholesky factorization knows from the places alone: order, elimination tree, and how long columns are.
// Sources: Liu, "The role of elimination trees in sparse factorization", SIAM Journal on Matrix Analysis and Applications
// 11 (1990); Davis, "Direct methods for sparse linear systems" (2006), chapter 4.

import { DomainError } from "../../tensor/errors.ts";
import type { Pattern } from "../base/pattern.ts";
import { inverseOrder, type Ordering, orderOf } from "../orderings/ordering.ts";

export interface Symbolic {
  readonly n: number;
  /** Row and column k of the factored matrix are row and column `order[k]` of the given one. */
  readonly order: Int32Array;
  readonly inverse: Int32Array;
  /** The elimination tree of the ordered matrix; -1 for roots. */
  readonly parent: Int32Array;
  /** Entries of each column of L, diagonal included. */
  readonly counts: Int32Array;
  /** Starts of the columns of L. */
  readonly indptr: Int32Array;
}

const NONE = -1;

/** Entries (i, k) with i < k of the ordered matrix, column by column, as places in the given one. */
interface Upper {
  readonly indptr: Int32Array;
  /** i */
  readonly indices: Int32Array;
}

function upperOf(pattern: Pattern, order: Int32Array, inverse: Int32Array): Upper {
  const n = pattern.rows;
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(pattern.nnz);
  let at = 0;
  for (let k = 0; k < n; k++) {
    const row = order[k];
    for (let p = pattern.indptr[row]; p < pattern.indptr[row + 1]; p++) {
      const i = inverse[pattern.indices[p]];
      if (i < k) indices[at++] = i;
    }
    indptr[k + 1] = at;
  }
  return { indptr, indices: indices.subarray(0, at) };
}

/** The elimination tree, with shortcuts towards the roots: O(nnz · α(n)) in practice. */
function eliminationTree(n: number, { indptr, indices }: Upper): Int32Array {
  const parent = new Int32Array(n).fill(NONE);
  const ancestor = new Int32Array(n).fill(NONE);
  for (let k = 0; k < n; k++)
    for (let p = indptr[k]; p < indptr[k + 1]; p++) {
      let i = indices[p];
      while (i !== NONE && i < k) {
        const above = ancestor[i];
        ancestor[i] = k;
        if (above === NONE) parent[i] = k;
        i = above;
      }
    }
  return parent;
}

/** Nodes of a forest in depth-first order, children before parents. */
function postorder(parent: Int32Array): Int32Array {
  const n = parent.length;
  const head = new Int32Array(n).fill(NONE);
  const next = new Int32Array(n).fill(NONE);
  for (let i = n - 1; i >= 0; i--)
    if (parent[i] !== NONE) {
      next[i] = head[parent[i]];
      head[parent[i]] = i;
    }
  const post = new Int32Array(n);
  const stack = new Int32Array(n);
  let count = 0;
  for (let root = 0; root < n; root++) {
    if (parent[root] !== NONE) continue;
    let top = 0;
    stack[0] = root;
    while (top >= 0) {
      const node = stack[top];
      const child = head[node];
      if (child === NONE) {
        post[count++] = node;
        top--;
      } else {
        head[node] = next[child];
        stack[++top] = child;
      }
    }
  }
  return post;
}

const remembered = new WeakMap<Pattern, Map<Ordering, Symbolic>>();

/** Analysis of a structurally symmetric pattern; kept with it. O(nnz(L)) after the ordering. */
export function analyze(name: string, pattern: Pattern, ordering: Ordering): Symbolic {
  let known = remembered.get(pattern);
  if (!known) remembered.set(pattern, (known = new Map()));
  let symbolic = known.get(ordering);
  if (!symbolic) {
    checkSymmetricPattern(name, pattern);
    known.set(ordering, (symbolic = compute(name, pattern, ordering)));
  }
  return symbolic;
}

/** Throws DomainError unless with each entry the mirrored one is stored. */
export function checkSymmetricPattern(name: string, pattern: Pattern): void {
  const { pattern: turned } = pattern.transposed;
  for (let i = 0; i < pattern.rows; i++) {
    let p = pattern.indptr[i];
    let q = turned.indptr[i];
    while (p < pattern.indptr[i + 1] || q < turned.indptr[i + 1]) {
      const j = p < pattern.indptr[i + 1] ? pattern.indices[p] : pattern.columns;
      const k = q < turned.indptr[i + 1] ? turned.indices[q] : pattern.columns;
      if (j !== k) {
        const [r, c] = j < k ? [i, j] : [k, i];
        throw new DomainError(
          `${name}: a is not symmetric: entry (${r}, ${c}) is stored and entry (${c}, ${r}) is not`,
        );
      }
      p++;
      q++;
    }
  }
}

function compute(name: string, pattern: Pattern, ordering: Ordering): Symbolic {
  const n = pattern.rows;
  const given = orderOf(name, pattern, ordering);
  // Columns that depend on each other come to stand together; fill stays the same.
  const post = postorder(eliminationTree(n, upperOf(pattern, given, inverseOrder(given))));
  const order = post.map((k) => given[k]);
  const inverse = inverseOrder(order);
  const upper = upperOf(pattern, order, inverse);
  const parent = eliminationTree(n, upper);
  // Row k of L is the part of the tree that is met going up from the entries of row k.
  const counts = new Int32Array(n).fill(1);
  const mark = new Int32Array(n).fill(NONE);
  for (let k = 0; k < n; k++) {
    mark[k] = k;
    for (let p = upper.indptr[k]; p < upper.indptr[k + 1]; p++)
      for (let i = upper.indices[p]; mark[i] !== k; i = parent[i]) {
        mark[i] = k;
        counts[i]++;
      }
  }
  const indptr = new Int32Array(n + 1);
  let total = 0;
  for (let j = 0; j < n; j++) {
    total += counts[j];
    if (total > LIMIT)
      throw new DomainError(
        `${name}: the factor would have more than 2^31 - 1 entries; use an iterative method`,
      );
    indptr[j + 1] = total;
  }
  return { n, order, inverse, parent, counts, indptr };
}

const LIMIT = 2 ** 31 - 1;
