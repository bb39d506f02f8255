import {
  circulant,
  cond,
  eigvalsh,
  generalizedEigh,
  hankel,
  hilbert,
  kron,
  ldl,
  matrixRank,
  type NormKind,
  nullSpace,
  orth,
  pivotedQr,
  subspaceAngles,
  toeplitz,
  vandermonde,
} from "polyadic/linalg";
import { type Scalar, type Tensor, tensor, zeros } from "polyadic/tensor";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import reference from "../reference/dense.json" with { type: "json" };
import { dense, distance, matrix } from "./check.ts";

interface Parts {
  readonly shape: readonly number[];
  readonly values: readonly (number | Scalar)[];
}
const read = ({ shape, values }: Parts): Tensor => tensor(values as Scalar[], { shape });
const expectSame = (actual: Tensor, expected: Parts, tolerance = 0): void => {
  expect(actual.shape).toEqual(expected.shape);
  expect(distance(dense(actual), dense(read(expected)))).toBeLessThanOrEqual(tolerance);
};

describe("structured matrices are SciPy's", () => {
  it("toeplitz, hankel, circulant, vandermonde, hilbert, kron", () => {
    const t = reference.toeplitz;
    expectSame(toeplitz(read(t.c), read(t.r)), t.both);
    expectSame(toeplitz(read(t.c)), t.one);
    const h = reference.hankel;
    expectSame(hankel(read(h.c), read(h.r)), h.both);
    expectSame(hankel(read(h.c)), h.one);
    expectSame(circulant(read(reference.circulant.c)), reference.circulant.matrix);
    const v = reference.vandermonde;
    expectSame(vandermonde(read(v.x)), v.matrix, 1e-13);
    expectSame(vandermonde(read(v.x), { columns: 3, order: "increasing" }), v.increasing, 1e-14);
    expectSame(hilbert(4), reference.hilbert);
    expect(hilbert(2, { dtype: "float32" }).dtype).toBe("float32");
    const { a, b, product } = reference.kron;
    expectSame(kron(read(a), read(b)), product, 1e-15);
    expect(kron(tensor([1, 2]), tensor([3, 4, 5])).toArray()).toEqual([3, 4, 5, 6, 8, 10]);
  });

  it("they keep integers, take batches and pass derivatives on", () => {
    expect(toeplitz(tensor([1, 2, 3], { dtype: "int32" })).dtype).toBe("int32");
    const batch = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(toeplitz(batch).at(1).toArray()).toEqual(toeplitz(tensor([4, 5, 6])).toArray());
    expect(toeplitz(batch, tensor([0, 7])).shape).toEqual([2, 3, 2]);
    expect(
      vmap((x: Tensor) => circulant(x))(batch)
        .at(0)
        .toArray(),
    ).toEqual(circulant(batch.at(0)).toArray());
    // Every element of a circulant matrix appears n times.
    expect(grad((x: Tensor) => circulant(x).sum())(tensor([1, 2, 3])).toArray()).toEqual([3, 3, 3]);
  });

  it("bad input", () => {
    for (const f of [toeplitz, hankel, circulant, vandermonde]) {
      expect(() => f(tensor(3))).toThrow(/vector of at least one element/);
      expect(() => f(zeros([0]))).toThrow(/vector of at least one element/);
    }
    expect(() => vandermonde(tensor([1, 2]), { columns: 0 })).toThrow(/positive integer/);
    expect(() => kron(zeros([2]), zeros([2, 2]))).toThrow(/two vectors, or two matrices/);
    expect(() => hilbert(-1)).toThrow(/hilbert: n/);
    expect(() => hilbert(2, { dtype: "int32" })).toThrow(/float dtype/);
  });
});

describe("conditions, ranks and angles are those of NumPy and SciPy", () => {
  it("cond", () => {
    const kinds: NormKind[] = [1, 2, "inf", "fro"];
    for (const { a, values } of reference.condition)
      kinds.forEach((kind, i) => {
        expect(cond(read(a), kind).item() / values[i]!).toBeCloseTo(1, 11);
      });
    expect(cond(matrix(5, 3, "float64", 1)).item()).toBeGreaterThan(1);
    expect(cond(zeros([2, 2])).item()).toBeNaN();
    expect(
      cond(
        tensor([
          [1, 0],
          [0, 0],
        ]),
      ).item(),
    ).toBe(Number.POSITIVE_INFINITY);
    expect(() =>
      cond(
        tensor([
          [1, 0],
          [0, 0],
        ]),
        1,
      ),
    ).toThrow(/singular/);
    expect(() => cond(zeros([2, 3]), "fro")).toThrow(/square/);
    expect(() => cond(zeros([0, 0]))).toThrow(/empty/);
  });

  it("matrixRank", () => {
    const { a, rank } = reference.rank;
    expect(matrixRank(read(a)).item()).toBe(rank);
    expect(matrixRank(read(a).expandDims(0)).toArray()).toEqual([rank]);
    expect(matrixRank(zeros([3, 2])).item()).toBe(0);
    expect(matrixRank(zeros([0, 2])).item()).toBe(0);
    expect(
      matrixRank(
        tensor([
          [1, 0],
          [0, 1e-3],
        ]),
        { rtol: 1e-2 },
      ).item(),
    ).toBe(1);
    expect(() => matrixRank(zeros([2, 2]), { rtol: 1 })).toThrow(/rtol/);
  });

  it("nullSpace and orth take one matrix, outside of transforms", () => {
    for (const f of [nullSpace, orth]) {
      expect(() => f(zeros([2, 2, 2]))).toThrow(/one matrix/);
      expect(() => vmap((x: Tensor) => f(x))(zeros([2, 2, 2]))).toThrow(/cannot be traced/);
    }
    expect(nullSpace(zeros([2, 3])).shape).toEqual([3, 3]);
    expect(orth(zeros([2, 3])).shape).toEqual([2, 0]);
  });

  it("subspaceAngles, small and large ones", () => {
    for (const { a, b, angles } of reference.angles) {
      const found = subspaceAngles(read(a), read(b));
      expect(found.shape).toEqual([angles.length]);
      Array.from(found.data()).forEach((angle, i) => {
        expect(Math.abs(angle - angles[i]!)).toBeLessThan(1e-14 + 1e-6 * Math.min(angles[i]!, 1e-8));
      });
    }
    expect(() => subspaceAngles(zeros([3, 2]), zeros([4, 2]))).toThrow(/\[..., m, p\]/);
  });

  it("generalizedEigh, the pivots of pivotedQr, the inertia of ldl", () => {
    const { a, b, values } = reference.generalized;
    const problems = ["a x = λ b x", "a b x = λ x", "b a x = λ x"] as const;
    problems.forEach((problem, i) => {
      const found = generalizedEigh(read(a), read(b), problem).values.data();
      const size = Math.max(...values[i]!.map(Math.abs));
      values[i]!.forEach((value, k) => {
        expect(Math.abs(found[k]! - value)).toBeLessThan(1e-11 * size);
      });
    });
    expect(pivotedQr(read(reference.pivots.a)).permutation.toArray()).toEqual(reference.pivots.order);
    const { d } = ldl(read(reference.inertia.a));
    const negative = (x: Tensor): number => Array.from(eigvalsh(x).data()).filter((v) => v < 0).length;
    expect(negative(d)).toBe(negative(read(reference.inertia.d)));
    expect(() => generalizedEigh(read(a), read(b), "x" as never)).toThrow(/problem must be one of/);
  });
});
