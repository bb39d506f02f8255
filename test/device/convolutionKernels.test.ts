// The device's kernels behind convolutions, against plain loops: products with a factor that is written on demand, and
// sums of shifted images.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FloatType, ImplicitMatrix, MatrixType, SlidingSum } from "../../src/device/device.ts";
import { scalarDevice } from "../../src/device/scalar.ts";
import { gemmImplicit } from "../../src/device/wasm/gemm.ts";
import { slide } from "../../src/device/wasm/sliding.ts";

const isDouble = (type: MatrixType): boolean => type === "float64" || type === "complex128";
const arrayOf = (type: MatrixType, count: number): Float32Array | Float64Array =>
  isDouble(type) ? new Float64Array(count) : new Float32Array(count);

/** Small whole numbers: every order of summation gives the same exact result, in float32 too. */
const numbers = (type: MatrixType, count: number, seed: number): Float32Array | Float64Array =>
  arrayOf(type, count).map((_, i) => ((i * 7919 + seed * 104729) % 13) - 6);

const TYPES: readonly MatrixType[] = ["float32", "float64", "complex64", "complex128"];

/** A matrix of `rows` by `columns` that is written line by line; its elements are those of a contiguous one. */
function implicit(
  data: Float32Array | Float64Array,
  lines: "rows" | "columns",
  columns: number,
  width: number,
): ImplicitMatrix {
  return {
    lines,
    write: (target, at, stride, line, count, first, length) => {
      for (let l = 0; l < count; l++)
        for (let e = 0; e < length; e++) {
          const [row, column] = lines === "rows" ? [line + l, first + e] : [first + e, line + l];
          for (let part = 0; part < width; part++)
            target[at + l * stride + e * width + part] = data[(row * columns + column) * width + part]!;
        }
    },
  };
}

describe("gemmImplicit", () => {
  const sizes = [
    { m: 3, n: 50, k: 300 },
    { m: 40, n: 1100, k: 20 },
    { m: 5, n: 1300, k: 270 },
    { m: 33, n: 7, k: 520 },
    { m: 1, n: 1, k: 1 },
  ];
  test.each(TYPES.flatMap((type) => sizes.map((size) => ({ type, ...size }))))(
    "$type $m x $n x $k",
    ({ type, m, n, k }) => {
      const width = type.startsWith("complex") ? 2 : 1;
      const a = numbers(type, m * k * width, 1);
      const b = numbers(type, k * n * width, 2);
      const left = { data: a, offset: 0, rowStride: k, columnStride: 1 };
      const expected = arrayOf(type, m * n * width);
      const right = { data: b, offset: 0, rowStride: n, columnStride: 1 };
      scalarDevice.gemm(type, m, n, k, left, right, { data: expected, offset: 0, rowStride: n });
      for (const lines of ["rows", "columns"] as const)
        for (const multiply of [gemmImplicit, scalarDevice.gemmImplicit]) {
          // Columns in pieces of up to 5, behind which the pieces of other rows lie.
          const length = 5;
          const pieces = Math.ceil(n / length);
          const data = arrayOf(type, pieces * length * m * width);
          const target = {
            data,
            offset: 0,
            rowStride: length,
            pieces: { length, stride: m * length },
          };
          multiply(type, m, n, k, left, implicit(b, lines, n, width), target);
          for (let i = 0; i < m; i++)
            for (let j = 0; j < n; j++) {
              const at = Math.floor(j / length) * m * length + i * length + (j % length);
              for (let part = 0; part < width; part++)
                if (data[at * width + part] !== expected[(i * n + j) * width + part])
                  expect.fail(`${lines}: element (${i}, ${j}) is ${data[at * width + part]}`);
            }
        }
    },
  );
});

describe("slide", () => {
  test("sums shifted images, in rows with gaps of any size", () => {
    fc.assert(
      fc.property(
        fc.record({
          type: fc.constantFrom<FloatType>("float32", "float64"),
          terms: fc.integer({ min: 1, max: 20 }),
          features: fc.integer({ min: 1, max: 5 }),
          count: fc.integer({ min: 1, max: 40 }),
          rowCount: fc.integer({ min: 1, max: 5 }),
          gap: fc.integer({ min: 0, max: 40 }),
        }),
        ({ type, terms, features, count, rowCount, gap }) => {
          const rows = Int32Array.from({ length: rowCount }, (_, r) => r * (count + gap));
          const starts = Int32Array.from({ length: terms }, (_, t) => (t * 7) % 30);
          const size = 30 + rows.at(-1)! + count;
          const image = numbers(type, size, 3);
          const sum: SlidingSum = {
            size,
            write: (target, at) => target.set(image, at),
            starts,
            weights: numbers(type, features * terms + 1, 4),
            weightsAt: 1,
            features,
            rows,
            count,
          };
          const step = rowCount * count + 3;
          const [actual, expected] = [arrayOf(type, features * step + 2), arrayOf(type, features * step + 2)];
          slide(type, sum, actual, 2, step);
          scalarDevice.slide(type, sum, expected, 2, step);
          expect(actual).toEqual(expected);
        },
      ),
    );
  });
});
