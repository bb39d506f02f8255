import fc from "fast-check";
import { type Tensor, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { bidiagonalSVD } from "../../src/linalg/kernels/bidiagonalDivide.ts";
import { bidiagonalQR } from "../../src/linalg/kernels/bidiagonalQR.ts";
import { tridiagonalEigen } from "../../src/linalg/kernels/divideAndConquer.ts";
import { tridiagonalQL } from "../../src/linalg/kernels/tridiagonalQL.ts";
import { adjoint, dense, orthogonality, residual, scaleColumns, times } from "./check.ts";

// The two divide-and-conquer methods on what makes them hard: equal and nearly equal poles, zeros on and off the
// diagonal, graded entries, so that every kind of deflation occurs at several levels.
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, -1, 2, 1e-8, 1e-16, 1e-30, 1e-200, 0.5) },
  { weight: 3, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
);
const band = fc.integer({ min: 26, max: 90 }).chain((n) =>
  fc.tuple(
    fc.oneof(fc.array(entry, { minLength: n, maxLength: n }), fc.constant(new Array<number>(n).fill(1))),
    fc.oneof(
      fc.array(entry, { minLength: n - 1, maxLength: n - 1 }),
      fc.constantFrom(1, 1e-7, 1e-17, 0).map((value) => new Array<number>(n - 1).fill(value)),
    ),
  ),
);

/** Entries below 10^-30 occur, but not alone: the methods are for matrices of moderate norm. */
const bands = fc
  .tuple(band, fc.constantFrom(1, 1e-40, 1e40))
  .map(([[d, e], size]): [number[], number[]] => [
    [size, ...d.slice(1).map((v) => v * size)],
    e.map((v) => v * size),
  ]);

const columns = (data: Float64Array, n: number): Tensor =>
  tensor(
    Float64Array.from(data, (_, p) => data[(p % n) * n + Math.floor(p / n)]!),
    { shape: [n, n] },
  );

function banded(d: readonly number[], e: readonly number[], symmetric: boolean): Tensor {
  const n = d.length;
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    data[i * n + i] = d[i]!;
    if (i + 1 === n) continue;
    data[i * n + i + 1] = e[i]!;
    if (symmetric) data[(i + 1) * n + i] = e[i]!;
  }
  return tensor(data, { shape: [n, n] });
}

const norm1 = (d: readonly number[], e: readonly number[]): number =>
  Math.max(...d.map(Math.abs)) + Math.max(...e.map(Math.abs));

function near(a: ArrayLike<number>, b: ArrayLike<number>, tolerance: number): void {
  for (let i = 0; i < b.length; i++) expect(Math.abs(a[i]! - b[i]!)).toBeLessThanOrEqual(tolerance);
}

describe("divide and conquer", () => {
  it("tridiagonal: small residual, orthogonal vectors, values as by QL", () => {
    fc.assert(
      fc.property(bands, ([d, e]) => {
        const n = d.length;
        const { values, vectors } = tridiagonalEigen(Float64Array.from(d), Float64Array.from(e));
        const v = columns(vectors, n);
        expect(orthogonality(v)).toBeLessThan(30);
        const a = dense(banded(d, e, true));
        expect(residual(a, times(scaleColumns(dense(v), values), adjoint(dense(v))))).toBeLessThan(30);
        const other = Float64Array.from(d);
        tridiagonalQL(other, Float64Array.from(e), 0, n);
        near(values, other.sort(), 1e-12 * norm1(d, e));
      }),
      { numRuns: 60, seed: 11 },
    );
  });
  it("bidiagonal: small residual, orthogonal vectors, values as by QR", () => {
    fc.assert(
      fc.property(bands, ([d, e]) => {
        const n = d.length;
        const { u, s, v } = bidiagonalSVD(Float64Array.from(d), Float64Array.from(e));
        const left = columns(u, n);
        const right = columns(v, n);
        expect(orthogonality(left)).toBeLessThan(30);
        expect(orthogonality(right)).toBeLessThan(30);
        const a = dense(banded(d, e, false));
        expect(residual(a, times(scaleColumns(dense(left), s), adjoint(dense(right))))).toBeLessThan(30);
        const other = Float64Array.from(d);
        bidiagonalQR(other, Float64Array.from(e), 0, n);
        near(s, other.sort().reverse(), 1e-12 * norm1(d, e));
      }),
      { numRuns: 60, seed: 12 },
    );
  });
});
