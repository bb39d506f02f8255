// Approximate minimum degree: an elimination order of a graph that keeps fill low.
// Source: Amestoy, Davis and Duff, "An approximate minimum degree ordering algorithm", SIAM Journal on Matrix Analysis and
// Applications 17 (1996).
//
// Elimination is followed on the quotient graph: an eliminated pivot becomes an element, which stands for the clique of its
// neighbours, and absorbs the elements it touched; so storage never grows. Degrees are bounded by sums of |Lₑ \ Lₘₑ| over
// elements. Variables with equal neighbours are merged (found by hashing) and eliminated at once.

import { denseLimit, type Graph } from "./graph.ts";

const NONE = -1;

class QuotientGraph {
  readonly n: number;
  /** Lists of all nodes: those of a variable hold its elements and then its variables, those of elements variables. */
  private lists: Int32Array;
  private free: number;
  private readonly start: Int32Array;
  private readonly length: Int32Array;
  /** Elements at the front of a variable's list; ELEMENT or DEAD for the others. */
  private readonly elements: Int32Array;
  /** How many variables a supervariable stands for, 0 once it is merged or gone; negative while it lies in Lₘₑ. */
  private readonly weight: Int32Array;
  private readonly degree: Int32Array;
  /** Marks against `flag`; 0 for an element that was absorbed. */
  private readonly mark: Int32Array;
  private flag = 2;
  private largest = 0;
  /** Degree lists, and buckets of the hash. */
  private readonly head: Int32Array;
  private readonly next: Int32Array;
  private readonly last: Int32Array;
  private readonly bucket: Int32Array;
  private readonly hash: Int32Array;
  /** The supervariable or pivot that a variable went into. */
  private readonly into: Int32Array;
  private readonly pivots: number[] = [];
  private readonly late: number[] = [];
  private eliminated = 0;
  private least = 0;

  constructor({ n, indptr, indices }: Graph) {
    this.n = n;
    const nnz = indptr[n];
    this.lists = new Int32Array(nnz + Math.floor(nnz / 5) + n + 1);
    this.lists.set(indices);
    this.free = nnz;
    this.start = indptr.slice(0, n);
    this.length = new Int32Array(n);
    this.elements = new Int32Array(n);
    this.weight = new Int32Array(n).fill(1);
    this.degree = new Int32Array(n);
    this.mark = new Int32Array(n).fill(1);
    this.head = new Int32Array(n).fill(NONE);
    this.next = new Int32Array(n).fill(NONE);
    this.last = new Int32Array(n).fill(NONE);
    this.bucket = new Int32Array(n).fill(NONE);
    this.hash = new Int32Array(n);
    this.into = new Int32Array(n).fill(NONE);
    const limit = denseLimit(n);
    for (let i = 0; i < n; i++) {
      const count = indptr[i + 1] - indptr[i];
      this.length[i] = count;
      this.degree[i] = count;
      if (count === 0) {
        this.pivots.push(i);
        this.retire(i);
      } else if (count > limit) {
        this.late.push(i);
        this.retire(i);
      } else this.enlist(i, count);
    }
  }

  private retire(i: number): void {
    this.weight[i] = 0;
    this.elements[i] = DEAD;
    this.eliminated++;
  }

  private enlist(i: number, degree: number): void {
    const { head, next, last } = this;
    if (head[degree] !== NONE) last[head[degree]] = i;
    next[i] = head[degree];
    last[i] = NONE;
    head[degree] = i;
    if (degree < this.least) this.least = degree;
  }

  private delist(i: number): void {
    const { head, next, last } = this;
    if (next[i] !== NONE) last[next[i]] = last[i];
    if (last[i] !== NONE) next[last[i]] = next[i];
    else head[this.degree[i]] = next[i];
  }

  /** Node after node in the order of elimination. */
  order(): Int32Array {
    while (this.eliminated < this.n) this.eliminate();
    const { n, into, pivots, late } = this;
    const place = new Int32Array(n).fill(NONE);
    pivots.forEach((pivot, k) => {
      place[pivot] = k;
    });
    // Variables follow the pivot that they went into.
    const counts = new Int32Array(pivots.length + 1);
    const isLate = new Set(late);
    for (let i = 0; i < n; i++) {
      if (isLate.has(i)) continue;
      let root = i;
      while (place[root] === NONE) root = into[root];
      for (let node = i; place[node] === NONE; ) {
        const up = into[node];
        into[node] = root;
        node = up;
      }
      counts[place[root] + 1]++;
    }
    for (let k = 0; k < pivots.length; k++) counts[k + 1] += counts[k];
    const order = new Int32Array(n);
    for (let i = 0; i < n; i++)
      if (!isLate.has(i)) order[counts[place[i] === NONE ? place[into[i]] : place[i]]++] = i;
    late.forEach((i, k) => {
      order[n - late.length + k] = i;
    });
    return order;
  }

  private eliminate(): void {
    while (this.head[this.least] === NONE) this.least++;
    const me = this.head[this.least];
    this.delist(me);
    this.pivots.push(me);
    let pivotWeight = this.weight[me];
    this.eliminated += pivotWeight;
    const from = this.gatherPivot(me);
    this.measure(from);
    const mass = this.updateDegrees(me, from);
    pivotWeight += mass;
    this.merge(from);
    this.finish(me, from);
    this.weight[me] = pivotWeight;
  }

  /** Lₘₑ: all variables that the pivot or one of its elements touches. Returns where its list begins. */
  private gatherPivot(me: number): number {
    const { start, length, elements, weight, mark } = this;
    const elementCount = elements[me];
    let bound = length[me] - elementCount;
    for (let p = start[me]; p < start[me] + elementCount; p++) bound += length[this.lists[p]];
    if (this.free + Math.min(bound, this.n) > this.lists.length) this.compact();
    const { lists } = this;
    weight[me] = -weight[me];
    const from = this.free;
    let at = from;
    let total = 0;
    for (let k = 0; k <= elementCount; k++) {
      const isOwn = k === elementCount;
      const e = isOwn ? me : lists[start[me] + k];
      const begin = isOwn ? start[me] + elementCount : start[e];
      const end = isOwn ? start[me] + length[me] : begin + length[e];
      for (let p = begin; p < end; p++) {
        const i = lists[p];
        const count = weight[i];
        if (count <= 0) continue;
        total += count;
        weight[i] = -count;
        lists[at++] = i;
        this.delist(i);
      }
      if (!isOwn) mark[e] = 0;
    }
    this.free = at;
    start[me] = from;
    length[me] = at - from;
    elements[me] = ELEMENT;
    this.degree[me] = total;
    return from;
  }

  /** `mark[e] - flag` becomes |Lₑ \ Lₘₑ| for each element that shares a variable with Lₘₑ. */
  private measure(from: number): void {
    const { lists, start, elements, weight, degree, mark } = this;
    if (this.flag > LARGEST - 2 * this.largest - 2 * this.n) {
      for (let i = 0; i < this.n; i++) if (mark[i] !== 0) mark[i] = 1;
      this.flag = 2;
    }
    const { flag } = this;
    for (let s = from; s < this.free; s++) {
      const i = lists[s];
      const count = -weight[i];
      for (let p = start[i], end = start[i] + elements[i]; p < end; p++) {
        const e = lists[p];
        if (mark[e] >= flag) mark[e] -= count;
        else if (mark[e] !== 0) mark[e] = degree[e] + flag - count;
      }
    }
  }

  /**
   * New lists and degrees of the variables of Lₘₑ. Those that touch nothing else are eliminated with the pivot; returns
   * how many.
   */
  private updateDegrees(me: number, from: number): number {
    const { lists, start, length, elements, weight, degree, mark, n, flag } = this;
    let mass = 0;
    for (let s = from; s < this.free; s++) {
      const i = lists[s];
      const begin = start[i];
      const middle = begin + elements[i];
      let at = begin;
      let sum = 0;
      let key = 0;
      for (let p = begin; p < middle; p++) {
        const e = lists[p];
        if (mark[e] === 0) continue;
        const outside = mark[e] - flag;
        if (outside > 0) {
          sum += outside;
          lists[at++] = e;
          key += e;
        } else mark[e] = 0; // Lies within Lₘₑ: absorbed.
      }
      const elementCount = at - begin + 1;
      const firstVariable = at;
      for (let p = middle; p < begin + length[i]; p++) {
        const j = lists[p];
        if (weight[j] <= 0) continue;
        sum += weight[j];
        lists[at++] = j;
        key += j;
      }
      if (sum === 0) {
        const count = -weight[i];
        this.into[i] = me;
        degree[me] -= count;
        mass += count;
        weight[i] = 0;
        elements[i] = DEAD;
        continue;
      }
      degree[i] = Math.min(degree[i], sum);
      // The pivot goes to the front of the elements; there is room, as at least one entry went.
      lists[at] = lists[firstVariable];
      lists[firstVariable] = lists[begin];
      lists[begin] = me;
      elements[i] = elementCount;
      length[i] = at - begin + 1;
      const h = key % n;
      this.hash[i] = h;
      this.next[i] = this.bucket[h];
      this.bucket[h] = i;
    }
    this.eliminated += mass;
    this.largest = Math.max(this.largest, degree[me]);
    this.flag += this.largest + 1;
    return mass;
  }

  /** Merges variables of Lₘₑ that have the same neighbours. */
  private merge(from: number): void {
    const { lists, start, length, elements, weight, mark, bucket, next } = this;
    for (let s = from; s < this.free; s++) {
      if (weight[lists[s]] >= 0) continue;
      const h = this.hash[lists[s]];
      let i = bucket[h];
      bucket[h] = NONE;
      for (; i !== NONE && next[i] !== NONE; i = next[i], this.flag++) {
        const size = length[i];
        const { flag } = this;
        for (let p = start[i] + 1; p < start[i] + size; p++) mark[lists[p]] = flag;
        let before = i;
        for (let j = next[i]; j !== NONE; j = next[j]) {
          let isSame = length[j] === size && elements[j] === elements[i];
          for (let p = start[j] + 1; isSame && p < start[j] + size; p++) isSame = mark[lists[p]] === flag;
          if (isSame) {
            this.into[j] = i;
            weight[i] += weight[j];
            weight[j] = 0;
            elements[j] = DEAD;
            next[before] = next[j];
          } else before = j;
        }
      }
    }
  }

  /** Puts the variables of Lₘₑ back into the degree lists and drops those that went from its list. */
  private finish(me: number, from: number): void {
    const { lists, weight, degree } = this;
    let at = from;
    for (let s = from; s < this.free; s++) {
      const i = lists[s];
      const count = -weight[i];
      if (count <= 0) continue;
      weight[i] = count;
      const bound = Math.min(degree[i] + degree[me] - count, this.n - this.eliminated - count);
      degree[i] = bound;
      this.enlist(i, bound);
      lists[at++] = i;
    }
    this.length[me] = at - from;
    this.free = at;
    if (at === from) this.mark[me] = 0;
  }

  /** Moves all lists that are still in use together. */
  private compact(): void {
    const lists = new Int32Array(this.lists.length);
    let at = 0;
    for (let i = 0; i < this.n; i++) {
      const isLive = this.elements[i] === ELEMENT ? this.mark[i] !== 0 : this.elements[i] !== DEAD;
      if (!isLive) continue;
      const begin = this.start[i];
      lists.set(this.lists.subarray(begin, begin + this.length[i]), at);
      this.start[i] = at;
      at += this.length[i];
    }
    this.lists = lists;
    this.free = at;
  }
}

const ELEMENT = -2;
const DEAD = -3;
const LARGEST = 2 ** 31 - 1;

/** The order in which nodes are eliminated: `order[k]` is the k-th pivot. */
export const amdOrder = (graph: Graph): Int32Array => new QuotientGraph(graph).order();
