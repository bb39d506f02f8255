import fc from "fast-check";
import { projectBox, projectSimplex, proxTotalVariation1d, softThreshold } from "polyadic/optim";
import { DomainError, DTypeError, ShapeError, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const numbers = (max = 40): fc.Arbitrary<number[]> =>
  fc.array(
    fc.integer({ min: -50, max: 50 }).map((x) => x / 7),
    { minLength: 1, maxLength: max },
  );

describe("proxTotalVariation1d", () => {
  it("meets the optimality conditions of its dual", () => {
    fc.assert(
      fc.property(
        numbers(),
        fc.integer({ min: 0, max: 40 }).map((w) => w / 8),
        (y, weight) => {
          const x = proxTotalVariation1d(tensor(y), weight).toArray() as number[];
          // x = y + Dᵀz with |z| ≤ weight, and z at its bound wherever x jumps.
          let z = 0;
          for (let i = 0; i < y.length; i++) {
            z += x[i]! - y[i]!;
            if (i === y.length - 1) expect(Math.abs(z)).toBeLessThan(1e-9);
            else {
              expect(Math.abs(z)).toBeLessThanOrEqual(weight + 1e-9);
              const jump = x[i + 1]! - x[i]!;
              if (Math.abs(jump) > 1e-9) expect(z).toBeCloseTo(Math.sign(jump) * weight, 8);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
  it("works along the last axis and keeps dtype", () => {
    const x = proxTotalVariation1d(
      tensor(
        [
          [0, 4, 0],
          [1, 1, 1],
        ],
        { dtype: "float32" },
      ),
      1,
    );
    expect(x.toArray()).toEqual([
      [1, 2, 1],
      [1, 1, 1],
    ]);
    expect(x.dtype).toBe("float32");
  });
  it("refuses what it cannot take", () => {
    expect(() => proxTotalVariation1d(tensor([1, Number.NaN]), 1)).toThrow(/element 1 is not finite/);
    expect(() => proxTotalVariation1d(tensor([1]), -1)).toThrow(DomainError);
    expect(() => proxTotalVariation1d(tensor(1), 1)).toThrow(ShapeError);
    expect(() => proxTotalVariation1d(tensor([1], { dtype: "int32" }), 1)).toThrow(DTypeError);
  });
});

it("softThreshold minimises ½(x − v)² + weight |x|", () => {
  expect(softThreshold(tensor([-3, -0.5, 0, 0.5, 3]), 1).toArray()).toEqual([-2, -0, 0, 0, 2]);
  expect(() => softThreshold(tensor([1]), Number.NaN)).toThrow(DomainError);
});

it("projectBox clips", () => {
  expect(projectBox(tensor([-2, 0.5, 7]), 0, 1).toArray()).toEqual([0, 0.5, 1]);
  expect(() => projectBox(tensor([1]), 2, 1)).toThrow(DomainError);
});

it("projectSimplex is the nearest point: equal shifts where positive, none larger elsewhere", () => {
  fc.assert(
    fc.property(numbers(), fc.integer({ min: 1, max: 20 }), (v, total) => {
      const x = projectSimplex(tensor(v), total).toArray() as number[];
      expect(x.reduce((a, b) => a + b, 0)).toBeCloseTo(total, 9);
      const shift = v[x.findIndex((value) => value > 0)]! - x.find((value) => value > 0)!;
      v.forEach((value, i) => {
        if (x[i]! > 0) expect(value - x[i]!).toBeCloseTo(shift, 9);
        else expect(value).toBeLessThanOrEqual(shift + 1e-9);
      });
    }),
  );
  expect(() => projectSimplex(tensor([1]), 0)).toThrow(DomainError);
});
