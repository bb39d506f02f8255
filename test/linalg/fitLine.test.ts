import { fitLine } from "polyadic/linalg";
import { describe, expect, it } from "vitest";

describe("fitLine", () => {
  it("finds the line through points on it, and the least squares line through others", () => {
    expect(fitLine([1, 2, 4], [5, 7, 11])).toEqual({ slope: 2, intercept: 3, r2: 1 });
    // By hand: means 1 and 1, slope 1 / 2, explained 0.5 of 2 / 3 · 3 = 2.
    const fit = fitLine([0, 1, 2], [0, 2, 1]);
    expect(fit.slope).toBeCloseTo(0.5, 14);
    expect(fit.intercept).toBeCloseTo(0.5, 14);
    expect(fit.r2).toBeCloseTo(0.25, 14);
  });

  it("refuses what has no line", () => {
    expect(() => fitLine([1, 2], [1])).toThrow(/2 numbers, y has 1/);
    expect(() => fitLine([1, 1], [1, 2])).toThrow(/two distinct/);
    expect(() => fitLine([1, 2], [1, Number.NaN])).toThrow(/finite/);
  });
});
