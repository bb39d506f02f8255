import { cholesky, qr, solve, solvePositive, solveTriangular } from "polyadic/linalg";
import { eye, Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import {
  adjoint,
  dense,
  epsilon,
  fromDense,
  type Kind,
  matrix,
  orthogonality,
  residual,
  times,
} from "./check.ts";

const kinds: Kind[] = ["float64", "complex128", "float32", "complex64"];
const sizes: [number, number][] = [
  [1, 1],
  [5, 3],
  [3, 5],
  [40, 40],
  [150, 70],
  [70, 150],
  [1, 9],
  [9, 1],
];

function checkQR(a: Tensor, eps: number): void {
  const { q, r } = qr(a);
  const k = Math.min(a.shape[0]!, a.shape[1]!);
  expect(q.shape).toEqual([a.shape[0], k]);
  expect(r.shape).toEqual([k, a.shape[1]]);
  expect(orthogonality(q, eps)).toBeLessThan(30);
  expect(residual(dense(a), times(dense(q), dense(r)), eps)).toBeLessThan(30);
  const R = dense(r);
  for (let i = 0; i < k; i++) {
    expect(R.re[i * R.n + i]).toBeGreaterThanOrEqual(0);
    expect(R.im[i * R.n + i]).toBe(0);
    for (let j = 0; j < i; j++) expect(Math.hypot(R.re[i * R.n + j]!, R.im[i * R.n + j]!)).toBe(0);
  }
}

describe("qr", () => {
  for (const kind of kinds)
    for (const [m, n] of sizes)
      it(`${kind} ${m} x ${n}`, () => checkQR(matrix(m, n, kind, m + n), epsilon(kind)));

  const eps = 2 ** -52;
  it("rank deficient, graded, tiny, huge, zero, identity", () => {
    const thin = dense(matrix(60, 4, "complex128", 3));
    checkQR(fromDense(times(thin, adjoint(dense(matrix(50, 4, "complex128", 4)))), "complex128"), eps);
    checkQR(
      matrix(50, 40, "float64", 5, (i) => 10 ** -i),
      eps,
    );
    checkQR(
      matrix(50, 40, "float64", 5, (_, j) => 10 ** (-4 * j)),
      eps,
    );
    checkQR(
      matrix(50, 40, "complex128", 6, () => 1e-300),
      eps,
    );
    checkQR(
      matrix(50, 40, "float64", 7, () => 1e300),
      eps,
    );
    checkQR(zeros([6, 4]), eps);
    checkQR(eye(7, 7, { dtype: "complex128" }), eps);
  });
  it("takes empty matrices, batches, views and integers", () => {
    expect(qr(zeros([0, 3])).r.shape).toEqual([0, 3]);
    expect(qr(zeros([3, 0])).q.shape).toEqual([3, 0]);
    expect(qr(zeros([2, 0, 3, 2])).q.shape).toEqual([2, 0, 3, 2]);
    const batch = tensor(Array.from(matrix(6, 4, "float64", 1).data()), { shape: [2, 3, 4] });
    const { q, r } = qr(batch);
    expect(q.shape).toEqual([2, 3, 3]);
    const second = new Tensor(batch.storage, [3, 4], "float64", [4, 1], 12);
    expect(Array.from(r.data()).slice(12)).toEqual(Array.from(qr(second).r.data()));
    expect(
      qr(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { dtype: "int32" },
        ),
      ).q.dtype,
    ).toBe("float64");
    expect(
      qr(
        tensor(
          [
            [1, 2],
            [3, 4],
          ],
          { dtype: "bfloat16" },
        ),
      ).q.dtype,
    ).toBe("float32");
    const a = matrix(5, 3, "float64", 2);
    const view = new Tensor(a.storage, [3, 5], "float64", [1, 3]);
    checkQR(view, eps);
  });
  it("throws typed errors", () => {
    expect(() => qr(tensor([1, 2]))).toThrow(/qr: a must be a matrix.*\[2\]/);
    expect(() => qr(tensor([[1, Number.NaN]]))).toThrow(/qr: a holds a value that is not finite/);
  });
});

const positive = (n: number, kind: Kind): Tensor => {
  const b = dense(matrix(n, n + 5, kind, n));
  return fromDense(times(b, adjoint(b)), kind);
};

describe("cholesky", () => {
  for (const kind of kinds)
    for (const n of [1, 2, 31, 32, 33, 100])
      it(`${kind} ${n}`, () => {
        const a = positive(n, kind);
        const l = dense(cholesky(a));
        expect(residual(dense(a), times(l, adjoint(l)), epsilon(kind))).toBeLessThan(10);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l.re[i * n + j]).toBe(0);
      });
  it("names the failing pivot", () => {
    expect(() =>
      cholesky(
        tensor([
          [1, 0, 0],
          [0, 1, 2],
          [0, 2, 1],
        ]),
      ),
    ).toThrow(/pivot 2 of 3/);
    expect(() =>
      cholesky(
        tensor([
          [1, 2],
          [0, 1],
        ]),
      ),
    ).toThrow(/not symmetric: entries \(0, 1\) and \(1, 0\) differ by 2/);
    expect(() => cholesky(zeros([2, 3]))).toThrow(/must be square.*\[2, 3\]/);
  });
});

describe("solve", () => {
  for (const kind of kinds)
    for (const [n, k] of [
      [1, 1],
      [7, 3],
      [33, 1],
      [100, 10],
    ] as [number, number][])
      it(`${kind} ${n}, ${k} right-hand sides`, () => {
        const a = matrix(n, n, kind, n + k);
        const b = matrix(n, k, kind, n - k);
        const eps = epsilon(kind);
        const backward = (m: Tensor, x: Tensor): number => {
          const got = times(dense(m), dense(x));
          return residual(dense(b), got, eps) / (1 + Math.max(...dense(x).re.map(Math.abs)));
        };
        expect(backward(a, solve(a, b))).toBeLessThan(30);
        const p = positive(n, kind);
        expect(backward(p, solvePositive(p, b)) / n).toBeLessThan(30);
      });
  it("solves triangular systems of every kind", () => {
    for (const kind of ["float64", "complex128"] as const)
      for (const n of [1, 6, 70])
        for (const lower of [true, false])
          for (const transpose of ["none", "transpose", "adjoint"] as const)
            for (const unitDiagonal of [true, false])
              for (const k of [1, 5]) {
                const a = matrix(n, n, kind, n, (i, j) => (i === j ? 3 : 0.5 / n));
                const b = matrix(n, k, kind, k);
                const x = dense(solveTriangular(a, b, { lower, transpose, unitDiagonal }));
                const t = dense(a);
                for (let i = 0; i < n; i++)
                  for (let j = 0; j < n; j++) {
                    const keep = lower ? j < i : j > i;
                    if (!keep && (i !== j || unitDiagonal)) {
                      t.re[i * n + j] = i === j ? 1 : 0;
                      t.im[i * n + j] = 0;
                    }
                  }
                const op =
                  transpose === "none"
                    ? t
                    : transpose === "adjoint"
                      ? adjoint(t)
                      : { ...adjoint(t), im: adjoint(t).im.map((v) => -v) };
                expect(residual(dense(b), times(op, x))).toBeLessThan(100);
              }
  });
  it("takes vectors, broadcasts batches and mixes dtypes", () => {
    const a = tensor([
      [2, 0],
      [0, 4],
    ]);
    expect(solve(a, tensor([2, 4])).toArray()).toEqual([1, 1]);
    const batch = tensor([
      [
        [2, 0],
        [0, 4],
      ],
      [
        [1, 0],
        [0, 1],
      ],
    ]);
    expect(solve(batch, tensor([[2], [4]])).toArray()).toEqual([
      [[1], [1]],
      [[2], [4]],
    ]);
    expect(solve(batch, tensor([2, 4])).shape).toEqual([2, 2]);
    expect(solve(a, tensor([{ re: 0, im: 2 }, 4])).dtype).toBe("complex128");
    expect(solve(zeros([0, 0]), zeros([0, 2])).shape).toEqual([0, 2]);
  });
  it("throws typed errors", () => {
    expect(() =>
      solve(
        tensor([
          [1, 2],
          [2, 4],
        ]),
        tensor([1, 1]),
      ),
    ).toThrow(/singular: pivot 1 of 2/);
    expect(() => solve(eye(2), tensor([1, 2, 3]))).toThrow(/b must be \[2\]/);
    expect(() => solveTriangular(zeros([2, 2]), tensor([1, 2]), { lower: true })).toThrow(/pivot 0 of 2/);
  });
});
