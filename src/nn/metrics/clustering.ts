// How alike two partitions are, whatever their clusters are called.

import { checkRank, checkTensor } from "../../tensor/check.ts";
import { isInteger } from "../../tensor/dtype.ts";
import { DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * Mutual information of two partitions `[n]` of the same things, over the mean of their entropies: 1 where they are the same
 * up to names, near 0 where one says nothing of the other. Two partitions into one cluster each count as the same. O(n).
 *
 * @throws ShapeError unless both are `[n]` with n ≥ 1; DTypeError for labels that are no integers.
 */
export function normalizedMutualInformation(a: Tensor, b: Tensor): number {
  const name = "normalizedMutualInformation";
  for (const [what, x] of Object.entries({ a, b })) {
    checkTensor(`${name}: ${what}`, x);
    if (!isInteger(x.dtype)) throw new DTypeError(`${name}: ${what}: integers were expected, got ${x.dtype}`);
  }
  checkRank(`${name}: a`, a, 1);
  if (!sameShape(a.shape, b.shape) || a.size === 0)
    throw new ShapeError(
      `${name}: b: as many labels as in a were expected, at least one, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  const [left, right] = [ranks(a.data()), ranks(b.data())];
  const n = a.size;
  const joint = new Map<number, number>();
  for (let i = 0; i < n; i++) {
    const cell = left.of[i]! * right.counts.length + right.of[i]!;
    joint.set(cell, (joint.get(cell) ?? 0) + 1);
  }
  const both = entropy([...joint.values()], n);
  const [first, second] = [entropy(left.counts, n), entropy(right.counts, n)];
  if (first + second === 0) return 1;
  return Math.min(1, Math.max(0, (2 * (first + second - both)) / (first + second)));
}

/** Labels numbered by their first occurrence, and how often each occurs. */
function ranks(labels: ArrayLike<number>): { of: Int32Array; counts: number[] } {
  const codes = new Map<number, number>();
  const counts: number[] = [];
  const of = Int32Array.from(labels, (label) => {
    let code = codes.get(label);
    if (code === undefined) {
      code = counts.push(0) - 1;
      codes.set(label, code);
    }
    counts[code]!++;
    return code;
  });
  return { of, counts };
}

const entropy = (counts: readonly number[], n: number): number =>
  counts.reduce((sum, count) => sum - (count / n) * Math.log(count / n), 0);
