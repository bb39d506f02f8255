import { svdvals } from "polyadic/linalg";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { key } from "polyadic/random";
import { describe, expect, it } from "vitest";

describe("lowRankMatrix", () => {
  it("has the singular values that were asked for", () => {
    const values = svdvals(lowRankMatrix(key(3), [9, 6], [5, 2, 0.5]).matrix).toArray() as number[];
    expect(values.slice(0, 3).map((v) => Number(v.toFixed(12)))).toEqual([5, 2, 0.5]);
    expect(Math.max(...values.slice(3))).toBeLessThan(1e-14);
  });

  it("gives a projection for ones and symmetric", () => {
    const { matrix } = lowRankMatrix(key(1), [7, 7], [1, 1], { symmetric: true });
    expect(matrix.matmul(matrix).sub(matrix).abs().max().item()).toBeLessThan(1e-14);
  });

  it("refuses what has no such matrix", () => {
    expect(() => lowRankMatrix(key(0), [3, 2], [])).toThrow(/1 to 2 singular values/);
    expect(() => lowRankMatrix(key(0), [3, 2], [1, 1, 1])).toThrow(/1 to 2 singular values/);
    expect(() => lowRankMatrix(key(0), [3, 2], [-1])).toThrow(/not negative/);
    expect(() => lowRankMatrix(key(0), [3, 2], [1], { symmetric: true })).toThrow(/square/);
  });
});
