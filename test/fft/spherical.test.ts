// Spherical harmonic transforms: exact on every grid, orthonormal, and those of reals halves of those of complex fields.
import { fromTypedArray, sin, type Tensor } from "polyadic";
import { irsht, isht, rsht, type SphericalGridKind, sht, sphericalGrid } from "polyadic/fft";
import { describe, expect, test } from "vitest";
import { expectNear, numbers } from "./compare.ts";

const KINDS: readonly SphericalGridKind[] = ["gauss-legendre", "driscoll-healy", "clenshaw-curtis"];

/** Random coefficients of a complex field, none for |m| > l. */
function coefficients(lmax: number, batch: readonly number[] = []): Tensor {
  const a = numbers([...batch, lmax + 1, 2 * lmax + 1], "complex128", lmax + 1);
  const mask = Float64Array.from({ length: (lmax + 1) * (2 * lmax + 1) }, (_, i) =>
    Math.abs((i % (2 * lmax + 1)) - lmax) <= Math.floor(i / (2 * lmax + 1)) ? 1 : 0,
  );
  return a.mul(fromTypedArray(mask, [lmax + 1, 2 * lmax + 1], "float64"));
}

describe.each(KINDS)("%s", (grid) => {
  test.each([0, 1, 2, 5, 12, 31])("degree %d is exact", (lmax) => {
    const a = coefficients(lmax);
    const field = isht(a, { grid });
    expectNear(sht(field, { grid }), a, 1e-12);
    const wide = isht(a, { grid, nlon: 2 * lmax + 4 });
    expectNear(sht(wide, { grid, lmax }), a, 1e-12);
  });
  test("weights integrate over the sphere", () => {
    for (const lmax of [0, 1, 4, 9]) {
      const { colatitudes, weights, longitudes } = sphericalGrid(grid, lmax);
      expect(weights.sum().item()).toBeCloseTo(2, 13);
      // ∫ sin² θ d(cos θ) = 4/3
      if (lmax > 0) expect(weights.mul(sin(colatitudes).square()).sum().item()).toBeCloseTo(4 / 3, 13);
      expect(longitudes.size).toBe(2 * lmax + 1);
    }
  });
  test("energy is that of the field (Parseval)", () => {
    const lmax = 6;
    const a = coefficients(lmax);
    const field = isht(a, { grid });
    const { weights, longitudes } = sphericalGrid(grid, lmax);
    // |f|² has degree 2 lmax, which the rings integrate but the points on them do not resolve: 2 lmax + 1 of them do.
    const onRings = field
      .abs()
      .square()
      .mean({ axis: 1 })
      .mul(2 * Math.PI);
    expect(longitudes.size).toBe(13);
    expect(onRings.mul(weights).sum().item()).toBeCloseTo(a.abs().square().sum().item(), 10);
  });
  test("real fields", () => {
    const lmax = 7;
    const { colatitudes } = sphericalGrid(grid, lmax);
    for (const nlon of [15, 16, 21]) {
      const half = coefficients(lmax).at(":", `${lmax}:`);
      const real = fromTypedArray(
        Float64Array.from({ length: (lmax + 1) ** 2 * 2 }, (_, i) =>
          i % 2 && Math.floor(i / 2) % (lmax + 1) === 0 ? 0 : 1,
        ),
        [lmax + 1, lmax + 1, 2],
        "float64",
      );
      const parts = Float64Array.from(half.data(), (v, i) => v * real.data()[i]!);
      const a = fromTypedArray(parts, half.shape, "complex128");
      const field = irsht(a, { grid, nlon });
      expect(field.dtype).toBe("float64");
      expect([...field.shape]).toEqual([colatitudes.size, nlon]);
      expectNear(rsht(field, { grid, lmax }), a, 1e-12);
      expectNear(sht(field, { grid, lmax }).at(":", `${lmax}:`), a, 1e-12);
    }
  });
  test("batches and single precision", () => {
    const a = coefficients(4, [2, 3]);
    const field = isht(a, { grid });
    expect(field.ndim).toBe(4);
    expectNear(field.at(1, 2), isht(a.at(1, 2), { grid }), 1e-13);
    expectNear(sht(field, { grid }), a, 1e-12);
    const narrow = sht(field.astype("complex64"), { grid });
    expect(narrow.dtype).toBe("complex64");
    expectNear(narrow.astype("complex128"), a, 1e-5);
  });
});

test("high degrees keep their digits", () => {
  const a = coefficients(96);
  expectNear(sht(isht(a)), a, 1e-11);
});
