// What the tests of sparse share: matrices from reference data and from fast-check, and comparison with dense ones.
import fc from "fast-check";
import { coo, type SparseMatrix } from "polyadic/sparse";
import { type DType, type Tensor, tensor } from "polyadic/tensor";
import { expect } from "vitest";

/** Nested numbers, or their real and imaginary parts. */
export type Numbers = unknown;

export function tensorOf(values: Numbers, dtype?: DType): Tensor {
  const parts = values as { re?: number[]; im?: number[] };
  if (!parts.re) return tensor(values as number[], dtype && { dtype });
  const re = tensor(parts.re);
  const im = tensor(parts.im!).astype("complex128").mul({ re: 0, im: 1 });
  return im.add(re);
}

export interface Listed {
  readonly rows: number[];
  readonly columns: number[];
  readonly values: Numbers;
  readonly shape: number[];
}

export const matrixOf = ({ rows, columns, values, shape }: Listed): SparseMatrix =>
  coo(rows, columns, tensorOf(values), shape as [number, number]);

/** Equal shapes and elements that differ by at most `tolerance` times the largest. */
export function expectClose(actual: Tensor, expected: Tensor, tolerance = 1e-12): void {
  expect([...actual.shape]).toEqual([...expected.shape]);
  if (actual.size === 0) return;
  const scale = Math.max(1e-300, expected.abs().max().item());
  expect(actual.sub(expected).abs().max().item() / scale).toBeLessThanOrEqual(tolerance);
}

/** A matrix with entries at random places, some of them repeated. */
export const anyMatrix = (
  m: fc.Arbitrary<number>,
  n: fc.Arbitrary<number> = m,
  isSquare = false,
): fc.Arbitrary<SparseMatrix> =>
  fc.tuple(m, n).chain(([rows, columns]) => {
    const width = isSquare ? rows : columns;
    return fc
      .array(fc.tuple(fc.nat(rows - 1), fc.nat(width - 1), fc.integer({ min: -8, max: 8 })), {
        maxLength: 3 * Math.max(rows, width),
      })
      .map((entries) =>
        coo(
          entries.map(([i]) => i),
          entries.map(([, j]) => j),
          entries.map(([, , value]) => value / 4),
          [rows, width],
        ),
      );
  });
