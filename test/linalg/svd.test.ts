import { svd, svdvals } from "polyadic/linalg";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { bidiagonalSVD } from "../../src/linalg/kernels/bidiagonalDivide.ts";
import {
  adjoint,
  dense,
  epsilon,
  fromDense,
  matrix,
  orthogonality,
  residual,
  scaleColumns,
  times,
} from "./check.ts";

function check(a: Tensor, eps: number = 2 ** -52): void {
  const k = Math.min(a.shape[0]!, a.shape[1]!);
  const { u, s, v } = svd(a);
  const values = s.data();
  for (let i = 0; i < k; i++) {
    expect(values[i]).toBeGreaterThanOrEqual(0);
    if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]!);
  }
  expect(u.shape).toEqual([a.shape[0], k]);
  expect(v.shape).toEqual([a.shape[1], k]);
  expect(orthogonality(u, eps)).toBeLessThan(30);
  expect(orthogonality(v, eps)).toBeLessThan(30);
  expect(residual(dense(a), times(scaleColumns(dense(u), values), adjoint(dense(v))), eps)).toBeLessThan(30);
  const only = svdvals(a).data();
  for (let i = 0; i < k; i++)
    expect(Math.abs(only[i]! - values[i]!)).toBeLessThanOrEqual(30 * eps * k * values[0]!);
}

const range = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));

describe("svd", () => {
  for (const kind of ["float64", "complex128", "float32", "complex64"] as const)
    for (const [m, n] of [
      [1, 1],
      [2, 2],
      [1, 7],
      [7, 1],
      [20, 17],
      [40, 40],
      [100, 90],
      [90, 100],
      [160, 40],
      [30, 100],
    ] as const)
      it(`${kind} ${m} x ${n}`, () => check(matrix(m, n, kind, m * n), epsilon(kind)));

  it("rank deficient, graded, Hilbert, tiny, huge, zero, identity, diagonal", () => {
    const thin = dense(matrix(70, 5, "complex128", 3));
    check(fromDense(times(thin, adjoint(dense(matrix(60, 5, "complex128", 4)))), "complex128"));
    check(matrix(50, 40, "float64", 5, (i) => 10 ** -i));
    check(matrix(50, 40, "float64", 5, (_, j) => 10 ** (-4 * j)));
    check(matrix(60, 60, "float64", 5, (i, j) => 10 ** (-i - j)));
    check(
      tensor(
        range(3600, (i) => 1 / (1 + Math.floor(i / 60) + (i % 60))),
        { shape: [60, 60] },
      ),
    );
    check(matrix(50, 40, "complex128", 6, () => 1e-300));
    check(matrix(50, 40, "float64", 7, () => 1e300));
    for (const size of [1e-40, 1e-9, 1e9, 1e40]) check(matrix(60, 50, "float64", 7, () => size));
    check(zeros([40, 35]));
    check(eye(60));
    check(eye(70, 60, { dtype: "complex128" }));
    check(
      tensor(
        range(1600, (i) => (i % 41 === 0 ? i / 41 - 20 : 0)),
        { shape: [40, 40] },
      ),
    );
    check(
      tensor(
        range(2500, () => 1),
        { shape: [50, 50] },
      ),
    );
  });
  it("finds tiny singular values of a graded bidiagonal to high relative accuracy", () => {
    // det = product of the diagonal = product of the singular values, and the entries fall by 10^6 a step.
    const d = Float64Array.from([1, 1e-6, 1e-12, 1e-18, 1e-24]);
    const e = Float64Array.from([1, 1e-6, 1e-12, 1e-18]);
    const product = d.reduce((p, v) => p * v, 1);
    const { s } = bidiagonalSVD(d, e);
    expect(s.reduce((p, v) => p * v, 1) / product).toBeCloseTo(1, 12);
    // The last column of the inverse has five entries of size 10^24, all others are 10^6 smaller.
    expect(s[4]! * Math.sqrt(5) * 1e24).toBeCloseTo(1, 11);
  });
  it("batches, empty matrices and errors", () => {
    expect(svd(zeros([0, 3])).v.shape).toEqual([3, 0]);
    expect(svd(zeros([3, 0])).s.shape).toEqual([0]);
    expect(svd(zeros([2, 4, 3])).u.shape).toEqual([2, 4, 3]);
    expect(svdvals(eye(2, 2, { dtype: "complex64" })).dtype).toBe("float32");
    expect(() => svd(tensor([1, 2]))).toThrow(/svd: a must be a matrix/);
    expect(() => svd(tensor([[Number.NaN, 1]]))).toThrow(/svd: a holds.*NaN/);
  });
});
