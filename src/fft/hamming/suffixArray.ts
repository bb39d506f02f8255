// Suffix arrays, and the longest common prefix of any two suffixes in constant time.

/** Places of the suffixes of `codes` (integers from 0) in order, by doubling with counting sorts: O(n log n). */
export function suffixArray(codes: Int32Array): { order: Int32Array; rank: Int32Array } {
  const n = codes.length;
  const order = new Int32Array(n);
  let sorted = new Int32Array(n);
  let rank = Int32Array.from(codes);
  let next = new Int32Array(n);
  let top = 0;
  for (let i = 0; i < n; i++) if (codes[i]! > top) top = codes[i]!;
  const counts = new Int32Array(Math.max(top, n) + 2);
  for (let i = 0; i < n; i++) sorted[i] = i;
  sortByRank(sorted, order, rank, counts, top + 1);
  let classes = renumber(order, rank, next, 0);
  [rank, next] = [next, rank];
  for (let h = 1; h < n && classes < n; h *= 2) {
    // In the order of the second half: suffixes without one come first.
    let at = 0;
    for (let i = n - h; i < n; i++) sorted[at++] = i;
    for (let i = 0; i < n; i++) if (order[i]! >= h) sorted[at++] = order[i]! - h;
    sortByRank(sorted, order, rank, counts, classes);
    classes = renumber(order, rank, next, h);
    [rank, next] = [next, rank];
  }
  if (classes < n) for (let i = 0; i < n; i++) rank[order[i]!] = i;
  sorted = next;
  return { order, rank };

  function sortByRank(
    from: Int32Array,
    to: Int32Array,
    keys: Int32Array,
    count: Int32Array,
    classes: number,
  ): void {
    count.fill(0, 0, classes + 1);
    for (let i = 0; i < n; i++) count[keys[i]! + 1]!++;
    for (let c = 0; c < classes; c++) count[c + 1] = count[c + 1]! + count[c]!;
    for (let i = 0; i < n; i++) to[count[keys[from[i]!]!]!++] = from[i]!;
  }

  /** Ranks by the first 2h symbols (by the first one for h = 0); returns how many there are. */
  function renumber(places: Int32Array, old: Int32Array, to: Int32Array, h: number): number {
    let classes = 0;
    for (let i = 0; i < n; i++) {
      const p = places[i]!;
      if (i > 0) {
        const q = places[i - 1]!;
        const isSame =
          old[p] === old[q] && (h === 0 || (p + h < n ? old[p + h]! : -1) === (q + h < n ? old[q + h]! : -1));
        if (!isSame) classes++;
      }
      to[p] = classes;
    }
    return classes + 1;
  }
}

/** The lengths of common prefixes of neighbours in the order, by Kasai's walk through the text: O(n). */
export function commonPrefixes(codes: Int32Array, order: Int32Array, rank: Int32Array): Int32Array {
  const n = codes.length;
  const lcp = new Int32Array(n);
  for (let i = 0, h = 0; i < n; i++) {
    if (rank[i] === 0) {
      h = 0;
      continue;
    }
    const j = order[rank[i]! - 1]!;
    while (i + h < n && j + h < n && codes[i + h] === codes[j + h]) h++;
    lcp[rank[i]!] = h;
    if (h > 0) h--;
  }
  return lcp;
}

/** Least numbers of ranges, by a table for each power of two: O(n log n) to build, two look-ups a question. */
export class RangeMinimum {
  readonly #levels: Int32Array[] = [];

  constructor(values: Int32Array) {
    this.#levels.push(values);
    for (let h = 1; 2 * h <= values.length; h *= 2) {
      const below = this.#levels.at(-1)!;
      const level = new Int32Array(values.length - 2 * h + 1);
      for (let i = 0; i < level.length; i++) level[i] = Math.min(below[i]!, below[i + h]!);
      this.#levels.push(level);
    }
  }

  /** The least of the numbers from `from` to `to`, both included. */
  least(from: number, to: number): number {
    const k = 31 - Math.clz32(to - from + 1);
    const level = this.#levels[k]!;
    return Math.min(level[from]!, level[to - (1 << k) + 1]!);
  }
}

/** Longest common extensions: how far the suffixes at two places agree. */
export class CommonExtensions {
  readonly #rank: Int32Array;
  readonly #minima: RangeMinimum;
  readonly #length: number;

  constructor(codes: Int32Array) {
    const { order, rank } = suffixArray(codes);
    this.#rank = rank;
    this.#minima = new RangeMinimum(commonPrefixes(codes, order, rank));
    this.#length = codes.length;
  }

  at(i: number, j: number): number {
    if (i === j) return this.#length - i;
    const [p, q] = [this.#rank[i]!, this.#rank[j]!];
    return p < q ? this.#minima.least(p + 1, q) : this.#minima.least(q + 1, p);
  }
}
