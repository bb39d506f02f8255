// Nodes at equal distances summed before, and told apart again after, a product.

/** The distinct distances of one side of a split, ascending, and the group of each of its entries. */
export interface Groups {
  readonly distances: Float64Array;
  readonly of: Int32Array;
}

/** Groups equal distances. O(n log n). */
export function groupDistances(d: Float64Array): Groups {
  const distances = Float64Array.from(new Set(d)).sort();
  const of = Int32Array.from(d, (value) => {
    let [low, high] = [0, distances.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (distances[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  });
  return { distances, of };
}

/** Sums of the rows of x `[n, count]` over groups, those of entry e at node `nodes[e]`. */
export function sumGroups(
  { distances, of }: Groups,
  nodes: Int32Array,
  x: Float64Array,
  count: number,
): Float64Array {
  const out = new Float64Array(distances.length * count);
  for (let e = 0; e < of.length; e++) {
    const [to, from] = [of[e] * count, nodes[e] * count];
    for (let c = 0; c < count; c++) out[to + c] += x[from + c];
  }
  return out;
}

/** Adds to each node what its group got. */
export function addGroups(
  { of }: Groups,
  nodes: Int32Array,
  values: Float64Array,
  count: number,
  y: Float64Array,
): void {
  for (let e = 0; e < of.length; e++) {
    const [from, to] = [of[e] * count, nodes[e] * count];
    for (let c = 0; c < count; c++) y[to + c] += values[from + c];
  }
}
