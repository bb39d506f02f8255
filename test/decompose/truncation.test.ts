import fc from "fast-check";
import { qr, svdvals } from "polyadic/linalg";
import { key } from "polyadic/random";
import { tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { leftBasis, modeGram, rankFor, splitMatrix } from "../../src/decompose/base/truncation.ts";
import { unfold } from "../../src/decompose/base/unfold.ts";
import { ALL_DTYPES, distance, gaussian, REAL_AND_COMPLEX, roundoff } from "./planted.ts";
import { reference, unpack } from "./reference.ts";

const METHODS = ["gram", "svd", "randomized"] as const;

/** A tensor whose mode-0 unfolding has the given singular values. */
function withSpectrum(values: readonly number[], shape: readonly number[], dtype = "float64" as const) {
  const n = shape[0]!;
  const rest = shape.slice(1).reduce((a, b) => a * b, 1);
  const u = qr(gaussian(1, [n, n], dtype)).q;
  const v = qr(gaussian(2, [rest, n], dtype)).q;
  return u
    .mul(tensor([...values]))
    .matmul(v.mT())
    .reshape(shape);
}

describe("rankFor", () => {
  it("keeps the fewest values whose tail fits", () => {
    expect(rankFor([5, 4, 3, 0], 0)).toEqual({ rank: 3, discarded: 0 });
    expect(rankFor([5, 4, 3, 0], 3)).toEqual({ rank: 2, discarded: 9 });
    expect(rankFor([5, 4, 3, 0], 2.999)).toEqual({ rank: 3, discarded: 0 });
    expect(rankFor([5, 4, 3], 100)).toEqual({ rank: 1, discarded: 25 });
    expect(rankFor([5, 4, 3], 0, 1)).toEqual({ rank: 1, discarded: 25 });
  });
  it("is the smallest rank within the budget", () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        (list, delta) => {
          const values = [...list].sort((a, b) => b - a);
          const { rank, discarded } = rankFor(values, delta);
          const tail = (r: number): number => values.slice(r).reduceRight((sum, v) => sum + v * v, 0);
          expect(discarded).toBeCloseTo(tail(rank), 9);
          if (rank < values.length) expect(discarded).toBeLessThanOrEqual(delta * delta);
          if (rank > 1) expect(tail(rank - 1)).toBeGreaterThan(delta * delta);
        },
      ),
    ));
});

it.each(ALL_DTYPES)("the Gram matrix of an unfolding, %s", (dtype) =>
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 4 }),
      fc.nat(1000),
      (lengths, seed) => {
        // Long last modes take another way than short ones.
        for (const shape of [lengths, [...lengths, 40]]) {
          const x = gaussian(seed, shape, dtype);
          shape.forEach((_, mode) => {
            const matrix = unfold(x, mode);
            const expected = matrix.matmul(matrix.mT().conj());
            expect(distance(expected, modeGram(x, mode))).toBeLessThan(roundoff(dtype));
          });
        }
        const view = gaussian(seed, lengths, dtype).transpose();
        const matrix = unfold(view, 0);
        expect(distance(matrix.matmul(matrix.mT().conj()), modeGram(view, 0))).toBeLessThan(roundoff(dtype));
      },
    ),
    { numRuns: 12 },
  ),
);

it("singular values of unfoldings agree with NumPy", () => {
  const { truncations } = reference;
  const x = unpack(truncations.x);
  truncations.spectra.forEach((spectrum, mode) => {
    for (const method of ["gram", "svd"] as const) {
      const { singularValues } = leftBasis(x, mode, { rank: 1, method }, truncations.norm);
      singularValues.forEach((value, i) => {
        expect(Math.abs(value - spectrum[i]!)).toBeLessThan(method === "svd" ? 1e-13 : 1e-7);
      });
    }
  });
});

describe.each(REAL_AND_COMPLEX)("bases in %s", (dtype) => {
  it.each(METHODS)("%s: what is cut off is what a projection loses", (method) => {
    const x = gaussian(3, [6, 5, 7], dtype);
    const norm = frobenius(x);
    for (let mode = 0; mode < 3; mode++)
      for (const rank of [1, 3]) {
        const { u, discarded } = leftBasis(x, mode, { rank, method, key: key(1) }, norm);
        const matrix = unfold(x, mode);
        const rest = matrix.sub(u.matmul(u.mT().conj().matmul(matrix)));
        expect(u.shape).toEqual([x.shape[mode], rank]);
        expect(frobenius(rest)).toBeCloseTo(Math.sqrt(discarded), 9);
        const values = svdvals(matrix).data();
        let best = 0;
        for (let i = rank; i < values.length; i++) best += values[i]! ** 2;
        // Six vectors of seven: the sketch of 13 columns sees the whole space.
        expect(discarded).toBeCloseTo(best, 8);
      }
  });
  it("splitMatrix factors a matrix", () => {
    const a = gaussian(4, [8, 6], dtype);
    const { u, rest, discarded } = splitMatrix(a, { delta: 0 }, frobenius(a));
    expect(discarded).toBeLessThan(1e-24);
    expect(distance(a, u.matmul(rest))).toBeLessThan(1e-13);
  });
});

describe("steep spectra", () => {
  const values = Array.from({ length: 12 }, (_, i) => 10 ** -i);
  const x = withSpectrum(values, [12, 5, 6]);
  const norm = frobenius(x);
  it.each(["auto", "svd", "randomized"] as const)(
    "%s keeps what the tolerance asks for, down to 1e-10",
    (method) => {
      for (let digits = 1; digits <= 10; digits++) {
        const delta = 3 * 10 ** -digits;
        const { u, discarded } = leftBasis(x, 0, { delta, method, key: key(2) }, norm);
        const matrix = unfold(x, 0);
        const lost = frobenius(matrix.sub(u.matmul(u.mT().matmul(matrix))));
        expect(lost).toBeLessThanOrEqual(delta);
        expect(Math.abs(lost - Math.sqrt(discarded))).toBeLessThan(1e-2 * delta);
        if (method !== "randomized") expect(u.shape[1]).toBe(digits);
      }
    },
  );
  it("a given rank reaches below the floor of the Gram matrix unless told to use it", () => {
    const lost = (method: "auto" | "gram"): number => {
      const { u } = leftBasis(x, 0, { rank: 11, method }, norm);
      const matrix = unfold(x, 0);
      return frobenius(matrix.sub(u.matmul(u.mT().matmul(matrix))));
    };
    expect(lost("auto")).toBeLessThan(1.01e-11);
    expect(lost("gram")).toBeGreaterThan(1.01e-11);
  });
});

it("zeros, single rows, and ranks beyond the matrix", () => {
  for (const method of METHODS) {
    const zero = leftBasis(zeros([3, 4]), 0, { delta: 0, method }, 0);
    expect(zero.discarded).toBe(0);
    expect(zero.u.shape[1]).toBe(method === "svd" || method === "gram" ? 1 : zero.u.shape[1]);
    const row = leftBasis(gaussian(1, [1, 4]), 0, { delta: 0, method }, 1);
    expect(row.u.abs().item()).toBeCloseTo(1, 12);
    // An unfolding [5, 2] has two left vectors.
    expect(leftBasis(gaussian(1, [5, 2]), 0, { rank: 4, method }, 1).u.shape[1]).toBeLessThanOrEqual(4);
  }
  expect(leftBasis(gaussian(1, [5, 2]), 0, { rank: 4 }, 1).u.shape).toEqual([5, 2]);
});
