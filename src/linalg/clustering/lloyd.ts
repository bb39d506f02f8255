// Lloyd's algorithm for k-means, on rows of an array.

/** Rows `[n, width]`, row-major. */
export interface Rows {
  readonly data: Float64Array;
  readonly n: number;
  readonly width: number;
}

export interface Partition {
  /** The centre of each row. */
  readonly labels: Int32Array;
  /** Sum of squared distances to the centres. */
  readonly cost: number;
  readonly passes: number;
}

/** Squared distance of row i of `a` and row j of `b`, both of this width. */
export function squaredDistance(
  width: number,
  a: Float64Array,
  i: number,
  b: Float64Array,
  j: number,
): number {
  let sum = 0;
  for (let k = 0, p = i * width, q = j * width; k < width; k++, p++, q++) {
    const difference = a[p]! - b[q]!;
    sum += difference * difference;
  }
  return sum;
}

/**
 * Passes until no row changes its centre, `most` at most, from `centers` `[k, width]`, which are moved. A centre that loses
 * all its rows takes the row that is farthest from its own. O(n k width) a pass.
 */
export function lloyd({ data, n, width }: Rows, centers: Float64Array, most: number): Partition {
  const k = centers.length / Math.max(1, width);
  const labels = new Int32Array(n).fill(-1);
  const distances = new Float64Array(n);
  const counts = new Float64Array(k);
  let cost = 0;
  let passes = 0;
  for (let moved = true; moved && passes < most; passes++) {
    moved = false;
    cost = 0;
    counts.fill(0);
    for (let i = 0; i < n; i++) {
      let own = 0;
      let least = Number.POSITIVE_INFINITY;
      for (let c = 0; c < k; c++) {
        const distance = squaredDistance(width, data, i, centers, c);
        if (distance < least) {
          least = distance;
          own = c;
        }
      }
      cost += least;
      distances[i] = least;
      if (labels[i] !== own) moved = true;
      labels[i] = own;
      counts[own]!++;
    }
    for (let c = 0; c < k; c++) {
      if (counts[c]! > 0) continue;
      let farthest = -1;
      for (let i = 0; i < n; i++)
        if (counts[labels[i]!]! > 1 && (farthest < 0 || distances[i]! > distances[farthest]!)) farthest = i;
      if (farthest < 0) continue;
      counts[labels[farthest]!]!--;
      labels[farthest] = c;
      counts[c] = 1;
      cost -= distances[farthest]!;
      distances[farthest] = 0;
      moved = true;
    }
    centers.fill(0);
    for (let i = 0; i < n; i++) {
      const at = labels[i]! * width;
      for (let j = 0; j < width; j++) centers[at + j]! += data[i * width + j]!;
    }
    for (let c = 0; c < k; c++)
      for (let j = 0; j < width; j++) centers[c * width + j]! /= Math.max(1, counts[c]!);
  }
  return { labels, cost, passes };
}
