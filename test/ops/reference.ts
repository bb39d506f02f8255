import { complexFrom, type Tensor, tensor } from "polyadic";
import { expect } from "vitest";
import numbers from "../reference/ops.json" with { type: "json" };

const reference: Record<string, { shape: number[]; data: number[] }> = numbers;

/** The same numbers as `make` in test/reference/ops.py. */
export function make(shape: number[], seed = 0): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Float64Array.from({ length: size }, (_, i) => ((i * 7919 + seed * 104729) % 1009) / 64 - 7),
    { shape },
  );
}

export function makeInt(shape: number[], seed = 0): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tensor(
    Int32Array.from({ length: size }, (_, i) => ((i * 7919 + seed * 104729) % 23) - 11),
    { shape },
  );
}

export const makeComplex = (shape: number[], seed = 0): Tensor =>
  complexFrom(make(shape, seed), make(shape, seed + 1));

/** Compares a result with what NumPy computed under this name. */
export function expectReference(name: string, actual: Tensor, tolerance = 1e-12): void {
  const expected = reference[name];
  if (!expected) throw new Error(`no reference "${name}"`);
  expect(actual.shape).toEqual(expected.shape);
  const data = Array.from(actual.toTypedArray());
  expect(data.length).toBe(expected.data.length);
  data.forEach((value, i) => {
    const target = expected.data[i]!;
    if (Math.abs(value - target) > tolerance * Math.max(1, Math.abs(target)))
      expect.fail(`${name}: element ${i} is ${value}, NumPy has ${target}`);
  });
}
