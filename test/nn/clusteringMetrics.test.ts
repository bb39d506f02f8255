import { tensor } from "polyadic";
import { normalizedMutualInformation } from "polyadic/nn";
import { expect, it } from "vitest";

const partition = (values: readonly number[]) => tensor(values as number[]).astype("int32");

it("mutual information over the mean entropy, whatever clusters are called", () => {
  const a = partition([0, 0, 1, 1, 2, 2]);
  expect(normalizedMutualInformation(a, partition([5, 5, -1, -1, 9, 9]))).toBeCloseTo(1, 14);
  expect(normalizedMutualInformation(a, partition([0, 1, 0, 1, 0, 1]))).toBeCloseTo(0, 14);
  // I = ln 3 − (2/3) ln 2, entropies ln 3 and ln 3 − … by hand: b merges two of three clusters.
  const merged = (Math.log(3) * 1 + Math.log(3 / 2) * 2) / 3;
  expect(normalizedMutualInformation(a, partition([0, 0, 0, 0, 2, 2]))).toBeCloseTo(
    (2 * merged) / (Math.log(3) + merged),
    14,
  );
  expect(normalizedMutualInformation(partition([1, 1]), partition([2, 2]))).toBe(1);
  expect(() => normalizedMutualInformation(a, partition([1]))).toThrow(/as many labels/);
  expect(() => normalizedMutualInformation(tensor([1.5]), partition([1]))).toThrow(/integers/);
});
