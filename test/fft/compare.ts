// Reference values as tensors, and how far tensors are from each other.
import { type DType, dtypeInfo, fromTypedArray, type Tensor } from "polyadic";
import { expect } from "vitest";

export interface Stored {
  readonly shape: readonly number[];
  readonly complex: boolean;
  readonly data: readonly number[];
}

export const tensorOf = ({ shape, complex, data }: Stored): Tensor =>
  fromTypedArray(Float64Array.from(data), shape, complex ? "complex128" : "float64");

/** Numbers in (-1, 1) that are the same in every run. */
export function numbers(shape: readonly number[], dtype: DType = "float64", seed = 1): Tensor {
  const { width, storage } = dtypeInfo(dtype);
  const data = new storage(shape.reduce((size, n) => size * n, width));
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = state / 2 ** 31 - 1;
  }
  return fromTypedArray(data, shape, dtype);
}

/** The largest difference, in units of the largest expected absolute value. */
export function difference(actual: Tensor, expected: Tensor): number {
  expect([...actual.shape]).toEqual([...expected.shape]);
  const size = Math.max(0, ...expected.ravel().abs().data());
  return Math.max(0, ...actual.sub(expected).ravel().abs().data()) / (size || 1);
}

export function expectNear(actual: Tensor, expected: Tensor, tolerance = 2e-14): void {
  expect(difference(actual, expected)).toBeLessThanOrEqual(tolerance);
}
