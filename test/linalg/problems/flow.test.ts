// Matrices of flow problems, against the equations that they stand for.

import { cg, solve } from "polyadic/linalg";
import { convectionDiffusion, darcy } from "polyadic/linalg/problems";
import { key, uniform } from "polyadic/random";
import { poisson } from "polyadic/sparse";
import { ones, type Tensor, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const largest = (x: Tensor): number => x.abs().max().item();

describe("darcy", () => {
  it("conserves the flow: harmonic means between cells, half cells at the border", () => {
    const a = darcy(tensor([[1, 3]])).toDense();
    // Cells of height 1 and width 1/2. Between: 4 · 2/(1 + 1/3) = 6; left 4 · 2, right 4 · 6; up and down 2a each.
    expect(a.toArray()).toEqual([
      [6 + 8 + 4, -6],
      [-6, 6 + 24 + 12],
    ]);
    const field = uniform(key(0), [5, 7], { low: 0.1, high: 9 });
    const matrix = darcy(field);
    expect(largest(matrix.toDense().sub(matrix.transpose().toDense()))).toBeLessThan(1e-12);
    expect(matrix.dtype).toBe("float64");
    expect(darcy(field.astype("float32")).dtype).toBe("float32");
    expect(
      largest(
        matrix
          .toDense()
          .mul(2)
          .sub(darcy(field.mul(2)).toDense()),
      ),
    ).toBeLessThan(1e-9);
  });

  it("has the constant solution's error of second order", () => {
    // −Δu = 2π² sin πx sin πy.
    const error = (n: number): number => {
      const x = Array.from({ length: n }, (_, i) => Math.sin((Math.PI * (i + 0.5)) / n));
      const u = tensor(x.map((p) => x.map((q) => p * q))).ravel();
      const found = cg(darcy(ones([n, n])), u.mul(2 * Math.PI ** 2), { rtol: 1e-12 });
      return largest(found.x.sub(u));
    };
    expect(error(16) / error(32)).toBeGreaterThan(3.5);
    expect(error(32)).toBeLessThan(2e-3);
  });

  it("refuses what is no coefficient", () => {
    expect(() => darcy(ones([3]))).toThrow(/rows, columns/);
    expect(() => darcy(tensor([[1, 0]]))).toThrow(/positive number was expected, got 0/);
    expect(() => darcy(tensor([[1, Number.POSITIVE_INFINITY]]))).toThrow(/positive/);
    expect(() => darcy(ones([2, 2], "int32"))).toThrow(/float32 or float64/);
  });
});

describe("convectionDiffusion", () => {
  it("is the Laplacian plus central differences", () => {
    expect(
      largest(
        convectionDiffusion([4, 4], [0, 0])
          .toDense()
          .sub(poisson([4, 4]).toDense().mul(25)),
      ),
    ).toBe(0);
    // u = x (1 − x) y (1 − y) is differenced exactly in its first derivatives and second ones.
    const [rows, columns] = [6, 9];
    const at = (f: (x: number, y: number) => number): Tensor =>
      tensor(
        Array.from({ length: rows }, (_, i) =>
          Array.from({ length: columns }, (_, j) => f((i + 1) / (rows + 1), (j + 1) / (columns + 1))),
        ),
      ).ravel();
    const u = at((x, y) => x * (1 - x) * y * (1 - y));
    const f = at(
      (x, y) =>
        2 * y * (1 - y) + 2 * x * (1 - x) + 7 * (1 - 2 * x) * y * (1 - y) - 3 * (1 - 2 * y) * x * (1 - x),
    );
    const a = convectionDiffusion([rows, columns], [7, -3]);
    expect(largest(a.matmul(u).sub(f))).toBeLessThan(1e-11);
    expect(largest(solve(a.toDense(), f).sub(u))).toBeLessThan(1e-12);
  });

  it("refuses bad input", () => {
    expect(() => convectionDiffusion([0, 3], [1, 1])).toThrow(/grid/);
    expect(() => convectionDiffusion([3, 3], [1, Number.NaN])).toThrow(/velocity/);
  });
});
