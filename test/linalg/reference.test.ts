import { readFileSync } from "node:fs";
import {
  cholesky,
  eigh,
  eigvalsh,
  lstsq,
  type NormKind,
  norm,
  qr,
  solve,
  svd,
  svdvals,
} from "polyadic/linalg";
import { type Scalar, type Tensor, tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { dense, distance } from "./check.ts";

interface Parts {
  readonly shape: number[];
  readonly values: Scalar[];
}
interface Rectangular {
  readonly a: Parts;
  readonly b: Parts;
  readonly x: Parts;
  readonly residual: number[];
  readonly rank: number;
  readonly s: number[];
  readonly rDiagonal: number[];
  readonly norms: Record<string, number>;
}
interface HermitianCase {
  readonly h: Parts;
  readonly values: number[];
  readonly p: Parts;
  readonly lower: Parts;
  readonly g: Parts;
  readonly solution: Parts;
}
const reference = JSON.parse(readFileSync(new URL("../reference/linalg.json", import.meta.url), "utf8")) as {
  rectangular: Rectangular[];
  hermitian: HermitianCase[];
  hilbert12: { singular: number[] };
};

const read = (parts: Parts): Tensor => tensor(parts.values, { shape: parts.shape });

function near(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++)
    expect(Math.abs(actual[i]! - expected[i]!)).toBeLessThanOrEqual(tolerance);
}

describe("against SciPy", () => {
  reference.rectangular.forEach((given, index) => {
    it(`svd, qr, lstsq and norms of case ${index}`, () => {
      const a = read(given.a);
      const top = given.s[0]!;
      near(svdvals(a).data(), given.s, 1e-13 * top);
      near(svd(a).s.data(), given.s, 1e-13 * top);
      const r = dense(qr(a).r);
      const k = Math.min(...given.a.shape);
      near(
        Array.from({ length: k }, (_, i) => r.re[i * r.n + i]!),
        given.rDiagonal,
        1e-12 * top,
      );
      const found = lstsq(a, read(given.b));
      expect(found.rank.item()).toBe(given.rank);
      expect(distance(dense(found.x), dense(read(given.x)))).toBeLessThan(1e-11);
      near(found.residual.data(), given.residual, 1e-12 * top);
      near(found.singularValues.data(), given.s, 1e-13 * top);
      for (const kind of ["fro", 1, "inf", 2, "nuclear"] as NormKind[])
        expect(norm(a, kind).item() / given.norms[String(kind)]!).toBeCloseTo(1, 12);
    });
  });
  reference.hermitian.forEach((given, index) => {
    it(`eigh, cholesky and solve of case ${index}`, () => {
      near(eigh(read(given.h)).values.data(), given.values, 1e-13 * 20);
      near(eigvalsh(read(given.h)).data(), given.values, 1e-13 * 20);
      expect(distance(dense(cholesky(read(given.p))), dense(read(given.lower)))).toBeLessThan(1e-11);
      const n = given.g.shape[0]!;
      const x = solve(read(given.g), tensor(new Float64Array(n).fill(1)));
      expect(distance(dense(x), dense(read(given.solution)))).toBeLessThan(1e-11);
    });
  });
  it("singular values of the Hilbert matrix", () => {
    const n = 12;
    const a = tensor(
      Array.from({ length: n * n }, (_, i) => 1 / (1 + Math.floor(i / n) + (i % n))),
      { shape: [n, n] },
    );
    near(svdvals(a).data(), reference.hilbert12.singular, 1e-15 * 10);
  });
});
