// Which entries of a positive matrix are worth keeping: a threshold by selection, without sorting.

/** When enough of the largest entries have been taken. */
export interface Enough {
  /** Take at least this many, */
  readonly least: number;
  /** and never more than this; */
  readonly most: number;
  /** in between stop at this sum. */
  readonly mass: number;
}

/** Entries above `threshold` are kept, and of those equal to it the first `ties`. */
export interface Selection {
  readonly threshold: number;
  readonly ties: number;
  readonly count: number;
  readonly mass: number;
}

/**
 * The fewest of the largest of the first `length` numbers of `work` that are enough. Zeros are never kept. Quickselect
 * that carries the sum of what lies above with it: O(length) expected. Reorders `work`.
 *
 * Source: Hoare, "Algorithm 65: find", CACM 4 (1961), with weights.
 */
export function selectLargest(work: Float64Array, length: number, { least, most, mass }: Enough): Selection {
  let low = 0;
  let high = length;
  // Of all that was found to be kept: it lies before `low`.
  let count = 0;
  let sum = 0;
  const isEnough = (n: number, total: number): boolean => n >= most || (n >= least && total >= mass);
  while (low < high && !isEnough(count, sum)) {
    const pivot = medianOfThree(work[low]!, work[(low + high) >> 1]!, work[high - 1]!);
    // [low, above) is greater than the pivot, [above, i) equals it, [below, high) is less.
    let above = low;
    let below = high;
    let greaterSum = 0;
    for (let i = low; i < below; ) {
      const value = work[i]!;
      if (value > pivot) {
        greaterSum += value;
        work[i] = work[above]!;
        work[above++] = value;
        i++;
      } else if (value < pivot) {
        work[i] = work[--below]!;
        work[below] = value;
      } else i++;
    }
    const greater = above - low;
    if (greater > 0 && isEnough(count + greater, sum + greaterSum)) {
      high = above;
      continue;
    }
    if (!(pivot > 0)) {
      // Nothing but zeros is left.
      count += greater;
      sum += greaterSum;
      return { threshold: 0, ties: 0, count, mass: sum };
    }
    count += greater;
    sum += greaterSum;
    const equal = below - above;
    let ties = 0;
    while (ties < equal && !isEnough(count, sum)) {
      ties++;
      count++;
      sum += pivot;
    }
    if (ties < equal || isEnough(count, sum)) return { threshold: pivot, ties, count, mass: sum };
    low = below;
  }
  return { threshold: 0, ties: 0, count, mass: sum };
}

const medianOfThree = (a: number, b: number, c: number): number =>
  Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
