// Matrices of small integers: full of zeros, repeated and defective eigenvalues, singular pencils.
import fc from "fast-check";
import { eigTwoSided, eigvals, expm, hessenberg, qz, schur, sqrtm } from "polyadic/linalg";
import { type Tensor, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { adjoint, dense, distance, orthogonality, residual, times } from "./check.ts";

const THRESHOLD = 30;

const entry = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: -2, max: 2 }) },
);

/** A real or complex n x n matrix of integers between −2 and 2, times a power of two. */
const matrixOf = (n: number, isComplex: boolean): fc.Arbitrary<Tensor> =>
  fc
    .tuple(fc.array(entry, { minLength: 2 * n * n, maxLength: 2 * n * n }), fc.constantFrom(0, 0, -400, 300))
    .map(([numbers, power]) => {
      const scale = 2 ** power;
      const data = Float64Array.from(isComplex ? numbers : numbers.slice(0, n * n), (v) => v * scale);
      return tensor(data, { shape: [n, n], dtype: isComplex ? "complex128" : "float64" });
    });

const square: fc.Arbitrary<Tensor> = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())
  .chain(([n, isComplex]) => matrixOf(n, isComplex));

const pair: fc.Arbitrary<[Tensor, Tensor]> = fc
  .tuple(fc.integer({ min: 1, max: 7 }), fc.boolean())
  .chain(([n, isComplex]) => fc.tuple(matrixOf(n, isComplex), matrixOf(n, isComplex)));

const back = (q: Tensor, x: Tensor, z: Tensor): ReturnType<typeof dense> =>
  times(times(dense(q), dense(x)), adjoint(dense(z)));

function expectBackward(a: Tensor, q: Tensor, x: Tensor, z: Tensor): void {
  if (distance(dense(a)) === 0) expect(distance(back(q, x, z))).toBe(0);
  else expect(residual(dense(a), back(q, x, z))).toBeLessThan(THRESHOLD);
}

describe("matrices of small integers", () => {
  it("have Hessenberg and Schur forms", () => {
    fc.assert(
      fc.property(square, (a) => {
        const { h, q } = hessenberg(a);
        expectBackward(a, q, h, q);
        const { t, z } = schur(a);
        expectBackward(a, z, t, z);
        expect(orthogonality(z)).toBeLessThan(THRESHOLD);
        const sorted = schur(a, { sort: ({ re }) => re > 0.5 });
        expectBackward(a, sorted.z, sorted.t, sorted.z);
      }),
      { numRuns: 300 },
    );
  });
  it("have eigenvectors on both sides", () => {
    fc.assert(
      fc.property(square, (a) => {
        const { values, vectors, leftVectors } = eigTwoSided(a);
        const size = distance(dense(a)) || 1;
        const unit = a.mul(1 / size).astype("complex128");
        const scaled = values.mul(1 / size);
        const n = a.shape[0]!;
        const limit = THRESHOLD * n * n * 2 ** -52;
        expect(distance(dense(unit.matmul(vectors)), dense(vectors.mul(scaled)))).toBeLessThan(limit);
        const left = unit.mT().conj().matmul(leftVectors);
        expect(distance(dense(left), dense(leftVectors.mul(scaled.conj())))).toBeLessThan(limit);
        // The sum of all eigenvalues is the trace.
        const sum = dense(
          eigvals(a)
            .mul(1 / size)
            .sum()
            .reshape([1]),
        );
        let re = 0;
        let im = 0;
        const x = dense(unit);
        for (let i = 0; i < n; i++) {
          re += x.re[i * (n + 1)]!;
          im += x.im[i * (n + 1)]!;
        }
        expect(Math.hypot(sum.re[0]! - re, sum.im[0]! - im)).toBeLessThan(limit * 10);
      }),
      { numRuns: 300 },
    );
  });
  it("have a generalised Schur form in pairs, also singular ones", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const { s, t, q, z } = qz(a, b);
        expectBackward(a, q, s, z);
        expectBackward(b, q, t, z);
        expect(orthogonality(q)).toBeLessThan(THRESHOLD);
        expect(orthogonality(z)).toBeLessThan(THRESHOLD);
      }),
      { numRuns: 300 },
    );
  });
  it("have an exponential, of which the square root is that of half the matrix", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((n) => matrixOf(n, true)),
        (a) => {
          const size = distance(dense(a)) || 1;
          const x = a.mul(0.5 / size);
          const whole = expm(x.mul(2));
          const half = expm(x);
          expect(residual(dense(whole), dense(half.matmul(half)))).toBeLessThan(100);
          expect(residual(dense(half), dense(sqrtm(whole)))).toBeLessThan(1e4);
        },
      ),
      { numRuns: 100 },
    );
  });
});
