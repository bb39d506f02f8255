import { eig, eigGeneralized, qz, solve } from "polyadic/linalg";
import { eye, type Scalar, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import data from "../reference/eig.json" with { type: "json" };
import {
  adjoint,
  dense,
  distance,
  epsilon,
  type Kind,
  matrix,
  orthogonality,
  residual,
  times,
} from "./check.ts";
import { kinds, smallSizes, square, squareNames } from "./matrices.ts";

const THRESHOLD = 30;

function expectPencil(a: Tensor, b: Tensor, found: ReturnType<typeof qz>, kind: Kind, label: string): void {
  const eps = epsilon(kind);
  const { s, t, q, z } = found;
  const back = (x: Tensor): ReturnType<typeof dense> => times(times(dense(q), dense(x)), adjoint(dense(z)));
  // Rounding of either matrix is that of its own norm.
  expect(residual(dense(a), back(s), eps), `${label} a`).toBeLessThan(THRESHOLD);
  expect(residual(dense(b), back(t), eps), `${label} b`).toBeLessThan(THRESHOLD);
  expect(orthogonality(q, eps), label).toBeLessThan(THRESHOLD);
  expect(orthogonality(z, eps), label).toBeLessThan(THRESHOLD);
  const { n, re, im } = dense(s);
  const other = dense(t);
  for (let j = 0; j < n; j++) {
    expect(other.im[j * (n + 1)], label).toBe(0);
    expect(other.re[j * (n + 1)], label).toBeGreaterThanOrEqual(0);
    for (let i = j + 1; i < n; i++) {
      expect(Math.hypot(other.re[i * n + j]!, other.im[i * n + j]!), label).toBe(0);
      if (i > j + 1) expect(Math.hypot(re[i * n + j]!, im[i * n + j]!), label).toBe(0);
    }
    if (j + 1 === n || (re[(j + 1) * n + j] === 0 && im[(j + 1) * n + j] === 0)) continue;
    expect(s.dtype.startsWith("float"), label).toBe(true);
    expect(Math.abs(other.re[j * n + j + 1]!), label).toBe(0);
    if (j + 2 < n) expect(re[(j + 2) * n + j + 1], label).toBe(0);
  }
}

/** The largest ‖β A v − α B v‖ over n eps (β ‖A‖ + |α| ‖B‖). */
function residuals(
  a: Tensor,
  b: Tensor,
  { alpha, beta, vectors }: ReturnType<typeof eigGeneralized>,
  eps: number,
): number {
  const n = a.shape[0]!;
  if (n === 0) return 0;
  const scaleA = distance(dense(a)) || 1;
  const scaleB = distance(dense(b)) || 1;
  const v = dense(vectors);
  const left = times(dense(a.mul(1 / scaleA)), v);
  const right = times(dense(b.mul(1 / scaleB)), v);
  const p = dense(alpha);
  const q = dense(beta);
  let worst = 0;
  for (let j = 0; j < n; j++) {
    const re = p.re[j]! / scaleA;
    const im = p.im[j]! / scaleA;
    const c = q.re[j]! / scaleB;
    const unit = Math.hypot(re, im) + c;
    if (unit === 0) continue;
    let gap = 0;
    for (let i = 0; i < n; i++) {
      const k = i * n + j;
      gap = Math.hypot(
        gap,
        c * left.re[k]! - re * right.re[k]! + im * right.im[k]!,
        c * left.im[k]! - re * right.im[k]! - im * right.re[k]!,
      );
    }
    worst = Number.isNaN(gap) ? gap : Math.max(worst, gap / unit);
  }
  return worst / (n * n * eps);
}

describe.each(kinds)("%s", (kind) => {
  const eps = epsilon(kind);
  it.each(squareNames)("%s beside a random matrix, and the other way round", (name) => {
    for (const n of smallSizes) {
      const a = square(name, n, kind);
      const b = square("random", n, kind, 5);
      for (const [x, y] of [
        [a, b],
        [b, a],
        [a, a],
      ] as const) {
        const label = `${name} ${n}`;
        expectPencil(x, y, qz(x, y), kind, label);
        expect(residuals(x, y, eigGeneralized(x, y), eps), label).toBeLessThan(THRESHOLD);
      }
    }
  });
  it("larger pairs, with infinite eigenvalues", () => {
    const a = matrix(40, 40, kind, 1);
    const low = square("lowRank", 40, kind, 2);
    expectPencil(a, low, qz(a, low), kind, "low rank");
    const found = eigGeneralized(a, low);
    expect(residuals(a, low, found, eps)).toBeLessThan(THRESHOLD);
    const infinite = dense(found.beta).re.filter((v) => v === 0).length;
    // Rounded to float32 the matrix has full rank.
    if (eps < 1e-10) expect(infinite).toBeGreaterThan(0);
  });
  it("sorts", () => {
    for (const n of [2, 3, 6, 10])
      for (const seed of [1, 2, 3]) {
        const a = matrix(n, n, kind, seed);
        const b = matrix(n, n, kind, seed + 10);
        for (const sort of ["leftHalfPlane", "outsideUnitCircle"] as const) {
          const found = qz(a, b, { sort });
          const label = `${n} ${seed} ${sort}`;
          expectPencil(a, b, found, kind, label);
          const { re, im } = dense(eigGeneralized(a, b).values);
          const isIn = (i: number): boolean =>
            sort === "leftHalfPlane" ? re[i]! < 0 : Math.hypot(re[i]!, im[i]!) >= 1;
          expect(Number(found.selected.item()), label).toBe(Array.from(re.keys()).filter(isIn).length);
          // The trace of the leading block of t⁻¹ s is the sum of the selected eigenvalues.
          const k = Number(found.selected.item());
          if (k === 0) continue;
          const block = solve(found.t.at(`:${k}`, `:${k}`), found.s.at(`:${k}`, `:${k}`)).mul(eye(k));
          const trace = dense(block.sum().reshape([1]));
          let sum = 0;
          let size = 0;
          for (let i = 0; i < n; i++) {
            if (!isIn(i)) continue;
            sum += re[i]!;
            size += Math.hypot(re[i]!, im[i]!);
          }
          expect(Math.abs(trace.re[0]! - sum) / size, label).toBeLessThan(1e5 * eps);
        }
      }
  });
  it("gives the eigenvalues of a for b = 1", () => {
    const a = matrix(7, 7, kind, 3);
    const sorted = (x: Tensor): number[] => Array.from(dense(x).re).sort((p, q) => p - q);
    const expected = sorted(eig(a).values);
    sorted(eigGeneralized(a, eye(7)).values).forEach((v, i) => {
      expect(Math.abs(v - expected[i]!)).toBeLessThan(1e3 * eps);
    });
  });
});

describe("values", () => {
  const read = ({ shape, values }: { shape: number[]; values: Scalar[] }): Tensor =>
    tensor(values).reshape(shape);
  it.each([0, 1])("SciPy's, case %i", (index) => {
    const c = data.pencils[index]!;
    const { values } = eigGeneralized(read(c.a), read(c.b));
    const expected = dense(read(c.values));
    const { re, im } = dense(values);
    re.forEach((x, i) => {
      const nearest = Math.min(
        ...Array.from(expected.re, (y, j) => Math.hypot(x - y, im[i]! - expected.im[j]!)),
      );
      expect(nearest).toBeLessThan(1e-12 * (1 + Math.hypot(x, im[i]!)));
    });
  });
  it("are infinite or undefined for singular b", () => {
    const found = eigGeneralized(
      tensor([
        [1, 2],
        [0, 3],
      ]),
      tensor([
        [1, 0],
        [0, 0],
      ]),
    );
    expect(Array.from(dense(found.values).re).sort()).toEqual([1, Number.POSITIVE_INFINITY].sort());
    const none = eigGeneralized(zeros([1, 1]), zeros([1, 1]));
    expect(Number.isNaN(dense(none.values).re[0]!)).toBe(true);
  });
  it("batches and converts", () => {
    const a = matrix(3, 3, "float64", 1);
    const b = tensor([matrix(3, 3, "float64", 2).toArray(), eye(3).toArray()] as number[][][]);
    expect(qz(a, b).s.shape).toEqual([2, 3, 3]);
    expect(qz(a, b, { output: "complex" }).s.dtype).toBe("complex128");
    expectPencil(
      a.astype("complex128"),
      a.astype("complex128"),
      qz(a, a, { output: "complex" }),
      "complex128",
      "a, a",
    );
    expect(eigGeneralized(a.astype("float32"), matrix(3, 3, "complex64", 1)).vectors.dtype).toBe("complex64");
    expect(eigGeneralized(zeros([0, 2, 2]), zeros([2, 2])).beta.shape).toEqual([0, 2]);
  });
  it("refuses bad input", () => {
    expect(() => qz(eye(2), eye(3))).toThrow("a and b must have one order");
    expect(() =>
      qz(
        eye(2),
        tensor([
          [1, Number.NaN],
          [0, 1],
        ]),
      ),
    ).toThrow("b holds a value that is not finite");
    expect(() => qz(eye(2, 2, { dtype: "complex64" }), eye(2), { output: "real" })).toThrow(
      "needs real matrices",
    );
  });
});
