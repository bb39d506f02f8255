import { growthExponent, timed } from "polyadic/study";
import { describe, expect, it } from "vitest";

describe("measuring", () => {
  it("reads exponents of growth off costs", () => {
    const sizes = [100, 200, 400, 800];
    const fit = growthExponent(
      sizes,
      sizes.map((n) => 3 * n ** 1.5),
    );
    expect(fit.exponent).toBeCloseTo(1.5, 12);
    expect(fit.r2).toBeCloseTo(1, 12);
  });

  it("refuses fewer than four sizes and costs that are not positive", () => {
    expect(() => growthExponent([1, 2, 3], [1, 2, 3])).toThrow(/at least 4/);
    expect(() => growthExponent([1, 2, 3, 4], [1, 2, 3, 0])).toThrow(/positive/);
  });

  it("runs once more than it times, and gives the value", () => {
    let runs = 0;
    const { value, milliseconds } = timed(() => ++runs, 3);
    expect(value).toBe(4);
    expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(() => timed(() => 0, 0)).toThrow(/positive integer/);
  });
});
