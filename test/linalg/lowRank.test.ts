import fc from "fast-check";
import { lstsq, norm, randomizedSvd, rangeFinder, svdvals } from "polyadic/linalg";
import { key, normal } from "polyadic/random";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import {
  adjoint,
  type Dense,
  dense,
  fromDense,
  type Kind,
  matrix,
  orthogonality,
  scaleColumns,
  times,
} from "./check.ts";

/** ‖a − b‖ in the Frobenius norm. */
const gap = (a: Dense, b: Dense): number =>
  Math.hypot(...a.re.map((v, i) => v - b.re[i]!), ...a.im.map((v, i) => v - b.im[i]!));

/** A matrix whose singular values fall like f. */
function decaying(m: number, n: number, kind: Kind, f: (i: number) => number): Tensor {
  const k = Math.min(m, n);
  const left = dense(rangeFinder(matrix(m, k, kind, 1), { rank: k, oversample: 0, key: key(1) }).q);
  const right = dense(rangeFinder(matrix(n, k, kind, 2), { rank: k, oversample: 0, key: key(2) }).q);
  const s = Array.from({ length: k }, (_, i) => f(i));
  return fromDense(times(scaleColumns(left, s), adjoint(right)), kind);
}

describe("rangeFinder", () => {
  for (const kind of ["float64", "complex128"] as const) {
    it(`${kind}: reports the true error, near the best possible`, () => {
      const a = decaying(60, 45, kind, (i) => 0.7 ** i);
      const A = dense(a);
      for (const rank of [3, 10, 25]) {
        const { q, errorEstimate } = rangeFinder(a, { rank, oversample: 5, key: key(rank) });
        expect(q.shape).toEqual([60, rank + 5]);
        expect(orthogonality(q)).toBeLessThan(30);
        const Q = dense(q);
        const truth = gap(A, times(Q, times(adjoint(Q), A)));
        expect(Math.abs(errorEstimate - truth)).toBeLessThanOrEqual(1e-3 * truth + 1e-14);
        const best = Math.sqrt(
          Array.from({ length: 45 - rank }, (_, i) => 0.49 ** (rank + i)).reduce((s, v) => s + v),
        );
        expect(truth).toBeLessThan(best * 1.5);
      }
    });
    it(`${kind}: grows until the tolerance is met, without overshooting far`, () => {
      const a = decaying(80, 70, kind, (i) => 0.6 ** i);
      const A = dense(a);
      const size = norm(a).item();
      for (const rtol of [1e-1, 1e-4, 1e-8, 1e-12]) {
        const { q, relativeError, converged } = rangeFinder(a, { rtol, key: key(5) });
        expect(converged).toBe(true);
        expect(relativeError).toBeLessThanOrEqual(rtol);
        expect(orthogonality(q)).toBeLessThan(30);
        const Q = dense(q);
        expect(gap(A, times(Q, times(adjoint(Q), A))) / size).toBeLessThanOrEqual(rtol * 1.01 + 1e-15);
        expect(q.shape[1]).toBeLessThanOrEqual(Math.log(rtol) / Math.log(0.6) + 21);
      }
    });
  }
  it("power iterations help where singular values fall slowly", () => {
    const a = decaying(100, 80, "float64", (i) => 1 / Math.sqrt(1 + i));
    const error = (powerIterations: number): number =>
      rangeFinder(a, { rank: 10, oversample: 0, powerIterations, key: key(3) }).errorEstimate;
    expect(error(3)).toBeLessThan(0.99 * error(0));
  });
  it("exact rank, zero, tiny and huge matrices, more columns than rank", () => {
    const thin = dense(matrix(40, 3, "float64", 8));
    const a = fromDense(times(thin, adjoint(dense(matrix(30, 3, "float64", 9)))), "float64");
    const found = rangeFinder(a, { rtol: 1e-13, key: key(1) });
    expect(found.relativeError).toBeLessThan(1e-13);
    expect(found.q.shape[1]).toBe(10);
    // Far beyond the rank the basis must stay orthonormal.
    expect(orthogonality(rangeFinder(a, { rtol: 0, key: key(1) }).q)).toBeLessThan(30);
    expect(rangeFinder(zeros([5, 4]), { rank: 2, key: key(0) }).errorEstimate).toBe(0);
    expect(rangeFinder(zeros([0, 4]), { rank: 2, key: key(0) }).q.shape).toEqual([0, 0]);
    expect(randomizedSvd(zeros([4, 0]), { rtol: 0.1, key: key(0) }).u.shape).toEqual([4, 0]);
    expect(randomizedSvd(zeros([4, 3]), { rtol: 0.1, key: key(0) }).relativeError).toBe(0);
    for (const size of [1e-300, 1e300]) {
      const b = matrix(30, 20, "complex128", 4, () => size);
      const { relativeError, errorEstimate } = rangeFinder(b, { rank: 5, oversample: 2, key: key(1) });
      expect(errorEstimate / norm(b).item()).toBeCloseTo(relativeError, 12);
    }
  });
  it("measures errors far below the root of eps, where the difference of squares is noise", () => {
    const a = decaying(40, 40, "float64", (i) => 0.3 ** i);
    const A = dense(a);
    const { q, errorEstimate } = rangeFinder(a, { rank: 18, oversample: 2, key: key(6) });
    const Q = dense(q);
    const truth = gap(A, times(Q, times(adjoint(Q), A)));
    expect(truth).toBeLessThan(1e-9);
    expect(errorEstimate / truth).toBeCloseTo(1, 3);
  });
  it("takes a probe and is deterministic by its key", () => {
    const a = matrix(20, 12, "float64", 1);
    const probe = normal(key(4), [12, 6]);
    expect(rangeFinder(a, { rank: 6, oversample: 0, probe }).q.shape).toEqual([20, 6]);
    const once = rangeFinder(a, { rank: 4, key: key(9) }).q.toTypedArray();
    expect(rangeFinder(a, { rank: 4, key: key(9) }).q.toTypedArray()).toEqual(once);
    expect(rangeFinder(a, { rank: 4, key: key(10) }).q.toTypedArray()).not.toEqual(once);
  });
  it("throws typed errors", () => {
    const a = eye(3);
    expect(() => rangeFinder(a, { key: key(0) })).toThrow(/give rank or rtol/);
    expect(() => rangeFinder(a, { rank: 0, key: key(0) })).toThrow(/rank must be an integer >= 1, got 0/);
    expect(() => rangeFinder(a, { rank: 1 })).toThrow(/either key or probe/);
    expect(() => rangeFinder(a, { rtol: 2, key: key(0) })).toThrow(/rtol must lie/);
    expect(() => rangeFinder(a, { rank: 1, probe: zeros([2, 1]) })).toThrow(/probe must be \[3, l\]/);
    const complexProbe = zeros([3, 1], "complex128");
    expect(() => rangeFinder(a, { rank: 1, probe: complexProbe })).toThrow(/probe must be real/);
    expect(() => rangeFinder(tensor([[Number.NaN]]), { rank: 1, key: key(0) })).toThrow(
      /rangeFinder: a holds/,
    );
  });
});

describe("randomizedSvd", () => {
  for (const kind of ["float64", "complex128", "float32"] as const)
    it(`${kind}: truncates to the rank, or to the tolerance`, () => {
      const a = decaying(70, 50, kind, (i) => 0.5 ** i);
      const exact = svdvals(a).data();
      const tolerance = kind === "float32" ? 1e-6 : 1e-13;
      const { u, s, v, errorEstimate } = randomizedSvd(a, { rank: 6, powerIterations: 3, key: key(2) });
      expect([u.shape, s.shape, v.shape]).toEqual([[70, 6], [6], [50, 6]]);
      for (let i = 0; i < 6; i++) expect(Math.abs(s.data()[i]! - exact[i]!)).toBeLessThan(tolerance);
      const truth = gap(dense(a), times(scaleColumns(dense(u), s.data()), adjoint(dense(v))));
      expect(errorEstimate / truth).toBeCloseTo(1, kind === "float32" ? 3 : 8);
      const short = randomizedSvd(a, { rtol: 1e-3, key: key(2) });
      expect(short.converged).toBe(true);
      expect(short.relativeError).toBeLessThanOrEqual(1e-3);
      // 0.5^10 < 1e-3: ten terms do it, and nine do not.
      expect(short.s.shape).toEqual([10]);
    });
});

describe("lstsq", () => {
  it("has a residual orthogonal to the range and no part in the null space", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(6),
        fc.nat(1000),
        (m, n, r, seed) => {
          const kind = seed % 2 ? "float64" : "complex128";
          const left = dense(matrix(m, r + 1, kind, seed));
          const right = dense(matrix(n, r + 1, kind, seed + 1));
          const A = times(left, adjoint(right));
          const b = matrix(m, 2, kind, seed + 2);
          const { x, rank, residual } = lstsq(fromDense(A, kind), b);
          expect(rank.item()).toBe(Math.min(m, n, r + 1));
          const gapB = times(A, dense(x));
          const rest = {
            ...gapB,
            re: gapB.re.map((v, i) => dense(b).re[i]! - v),
            im: gapB.im.map((v, i) => dense(b).im[i]! - v),
          };
          const size = norm(fromDense(A, kind)).item();
          const normal = times(adjoint(A), rest);
          expect(Math.max(...normal.re.map(Math.abs), ...normal.im.map(Math.abs))).toBeLessThan(
            1e-12 * size * (1 + size),
          );
          const first = Math.hypot(
            ...rest.re.filter((_, i) => i % 2 === 0),
            ...rest.im.filter((_, i) => i % 2 === 0),
          );
          expect(Math.abs(residual.data()[0]! - first)).toBeLessThan(1e-11 * (1 + first));
          // x = Aᴴ y for some y: the projection of x onto the rows changes nothing.
          const again = lstsq(fromDense(A, kind), fromDense(gapB, kind)).x;
          expect(gap(dense(again), dense(x))).toBeLessThan(1e-7 * (1 + norm(x).item()));
        },
      ),
      { numRuns: 60, seed: 3 },
    );
  });
  it("batches, rtol and errors", () => {
    const a = tensor([
      [
        [1, 0],
        [0, 1e-3],
        [0, 0],
      ],
      [
        [2, 0],
        [0, 1],
        [0, 0],
      ],
    ]);
    const { x, rank, residual } = lstsq(a, tensor([2, 1, 3]), { rtol: 1e-2 });
    expect(x.toArray()).toEqual([
      [2, 0],
      [1, 1],
    ]);
    expect(rank.toArray()).toEqual([1, 2]);
    expect(residual.shape).toEqual([2]);
    expect(lstsq(zeros([3, 2]), tensor([1, 2, 3])).x.toArray()).toEqual([0, 0]);
    expect(lstsq(zeros([0, 2]), zeros([0])).x.toArray()).toEqual([0, 0]);
    expect(() => lstsq(eye(2), tensor([1, 2, 3]))).toThrow(/lstsq: b must be \[2\]/);
    expect(() => lstsq(eye(2), tensor([1, 2]), { rtol: -1 })).toThrow(/rtol must lie in/);
  });
});

describe("norm", () => {
  it("neither overflows nor underflows", () => {
    expect(norm(tensor([3e300, 4e300])).item() / 5e300).toBeCloseTo(1, 14);
    expect(norm(tensor([3e-300, 4e-300])).item() / 5e-300).toBeCloseTo(1, 14);
    expect(
      norm(
        tensor([
          [3e300, 0],
          [0, 4e300],
        ]),
        "nuclear",
      ).item() / 7e300,
    ).toBeCloseTo(1, 14);
  });
  it("takes vectors, batches and empty matrices, and refuses what is none", () => {
    expect(norm(tensor([-1, 2, -3]), 1).item()).toBe(6);
    expect(norm(tensor([-1, 2, -3]), "inf").item()).toBe(3);
    expect(norm(zeros([2, 3, 4]), 2).shape).toEqual([2]);
    expect(norm(zeros([0, 3]), 2).item()).toBe(0);
    expect(() => norm(tensor(1))).toThrow(/at least one axis/);
    expect(() => norm(tensor([1]), "max" as "fro")).toThrow(
      /kind must be one of fro, 1, inf, 2, nuclear, got max/,
    );
    expect(() => norm(tensor([Number.NaN, 1]))).toThrow(/norm: a holds/);
  });
});
