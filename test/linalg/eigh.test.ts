import { eigh, eigvalsh, qr } from "polyadic/linalg";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { tridiagonalEigen } from "../../src/linalg/kernels/divideAndConquer.ts";
import {
  adjoint,
  dense,
  epsilon,
  fromDense,
  hermitian,
  type Kind,
  matrix,
  orthogonality,
  residual,
  scaleColumns,
  times,
} from "./check.ts";

function check(a: Tensor, eps: number = 2 ** -52): void {
  const n = a.shape[0]!;
  const { values, vectors } = eigh(a);
  const w = values.data();
  for (let i = 1; i < n; i++) expect(w[i]).toBeGreaterThanOrEqual(w[i - 1]!);
  expect(orthogonality(vectors, eps)).toBeLessThan(30);
  const v = dense(vectors);
  expect(residual(dense(a), times(scaleColumns(v, w), adjoint(v)), eps)).toBeLessThan(30);
  const only = eigvalsh(a).data();
  const top = Math.max(Math.abs(w[0] ?? 0), Math.abs(w[n - 1] ?? 0));
  for (let i = 0; i < n; i++) expect(Math.abs(only[i]! - w[i]!)).toBeLessThanOrEqual(30 * eps * n * top);
}

/** Q diag(values) Qᴴ with a random unitary Q. */
function withSpectrum(values: readonly number[], kind: Kind, seed: number): Tensor {
  const q = dense(qr(matrix(values.length, values.length, kind, seed)).q);
  const a = times(scaleColumns(q, values), adjoint(q));
  const b = adjoint(a);
  return fromDense(
    { ...a, re: a.re.map((v, i) => (v + b.re[i]!) / 2), im: a.im.map((v, i) => (v + b.im[i]!) / 2) },
    kind,
  );
}

const range = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i));

describe("eigh", () => {
  for (const kind of ["float64", "complex128", "float32", "complex64"] as const)
    for (const n of [1, 2, 3, 20, 33, 64, 150])
      it(`${kind} ${n}`, () => check(hermitian(n, kind, n), epsilon(kind)));

  it("clustered and repeated eigenvalues", () => {
    check(
      withSpectrum(
        range(90, (i) => 1 + (i % 3)),
        "float64",
        1,
      ),
    );
    check(
      withSpectrum(
        range(90, (i) => 1 + 1e-14 * i),
        "complex128",
        2,
      ),
    );
    check(
      withSpectrum(
        range(90, (i) => (i < 89 ? 1e-10 : 1)),
        "float64",
        3,
      ),
    );
    check(
      withSpectrum(
        range(80, (i) => 10 ** (-i / 4)),
        "complex128",
        4,
      ),
    );
  });
  it("structured: identity, zero, diagonal, Hilbert, graded, rank one, ones, path graph", () => {
    check(eye(50));
    check(zeros([40, 40]));
    check(
      fromDense(
        dense(
          tensor(
            range(1600, (i) => (i % 41 === 0 ? 40 - i / 41 : 0)),
            { shape: [40, 40] },
          ),
        ),
        "float64",
      ),
    );
    check(
      tensor(
        range(3600, (i) => 1 / (1 + Math.floor(i / 60) + (i % 60))),
        { shape: [60, 60] },
      ),
    );
    check(
      tensor(
        range(2500, (i) => 10 ** -(Math.floor(i / 50) + (i % 50))),
        { shape: [50, 50] },
      ),
    );
    check(
      tensor(
        range(2500, () => 1),
        { shape: [50, 50] },
      ),
    );
    check(
      tensor(
        range(4900, (i) => (Math.abs(Math.floor(i / 70) - (i % 70)) === 1 ? 1 : 0)),
        { shape: [70, 70] },
      ),
    );
    // Wilkinson's matrix: pairs of eigenvalues that agree to many digits.
    check(
      tensor(
        range(61 * 61, (p) => {
          const [i, j] = [Math.floor(p / 61), p % 61];
          return i === j ? Math.abs(i - 30) : Math.abs(i - j) === 1 ? 1 : 0;
        }),
        { shape: [61, 61] },
      ),
    );
  });
  it("tiny and huge norms", () => {
    for (const size of [1e-300, 1e-40, 1e-9, 1e9, 1e40, 1e300, 1e-310]) {
      const a = dense(hermitian(40, "complex128", 9));
      const scaled = { ...a, re: a.re.map((v) => v * size), im: a.im.map((v) => v * size) };
      if (size > 1e-305) check(fromDense(scaled, "complex128"));
      else
        expect(eigh(fromDense(scaled, "complex128")).values.data()[39]! / size).toBeCloseTo(
          eigh(fromDense(a, "complex128")).values.data()[39]!,
          8,
        );
    }
  });
  it("divide and conquer on glued and nearly decoupled tridiagonals", () => {
    const n = 120;
    for (const glue of [1, 1e-8, 1e-15, 0]) {
      const d = Float64Array.from({ length: n }, (_, i) => Math.abs((i % 21) - 10));
      const e = Float64Array.from({ length: n - 1 }, (_, i) => (i % 21 === 20 ? glue : 1));
      const a = zeros([n, n]).toTypedArray();
      for (let i = 0; i < n; i++) {
        a[i * n + i] = d[i]!;
        if (i + 1 < n) a[i * n + i + 1] = a[(i + 1) * n + i] = e[i]!;
      }
      const { values, vectors } = tridiagonalEigen(d, e);
      const v = dense(tensor(vectors, { shape: [n, n] }));
      expect(orthogonality(fromDense(adjoint(v), "float64"))).toBeLessThan(30);
      expect(
        residual(dense(tensor(a, { shape: [n, n] })), times(adjoint(v), scaleRows(v, values))),
      ).toBeLessThan(30);
    }
  });
  it("batches, empty matrices and errors", () => {
    expect(eigh(zeros([0, 0])).values.shape).toEqual([0]);
    expect(eigh(zeros([2, 3, 3])).vectors.shape).toEqual([2, 3, 3]);
    expect(
      eigh(
        tensor([
          [true, false],
          [false, true],
        ]),
      ).values.dtype,
    ).toBe("float64");
    expect(eigh(eye(2, 2, { dtype: "complex64" })).values.dtype).toBe("float32");
    expect(() => eigh(zeros([2, 3]))).toThrow(/eigh: a must be square/);
    expect(() =>
      eigh(
        tensor([
          [1, Infinity],
          [Infinity, 1],
        ]),
      ),
    ).toThrow(/eigh: a holds.*Infinity/);
    expect(() =>
      eigvalsh(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toThrow(/eigvalsh: a is not symmetric/);
  });
});

function scaleRows(a: ReturnType<typeof dense>, s: ArrayLike<number>): ReturnType<typeof dense> {
  return { ...a, re: a.re.map((v, i) => v * s[Math.floor(i / a.n)]!) };
}
