// Factorizations by fronts: matrices large enough for products of blocks, rows that change places, and what is left to
// pivoting over all rows.
import fc from "fast-check";
import { type Tensor, tensor } from "polyadic";
import { slogdet } from "polyadic/linalg";
import { key, normal, uniform } from "polyadic/random";
import {
  coo,
  poisson,
  type SparseMatrix,
  sparseCholesky,
  sparseDiags,
  sparseEye,
  sparseLU,
} from "polyadic/sparse";
import { describe, expect, test } from "vitest";
import { eachFront } from "../../src/sparse/direct/multifrontal/fronts.ts";
import { frontalLU, symmetricPattern } from "../../src/sparse/direct/multifrontal/lu.ts";
import { supernodesOf } from "../../src/sparse/direct/multifrontal/supernodes.ts";
import { analyze } from "../../src/sparse/direct/symbolic.ts";
import { expectClose } from "./compare.ts";

/** A matrix with the places of another one and random values, the diagonal times `weight`. */
function randomLike(a: SparseMatrix, seed: number, weight: number, isComplex: boolean): SparseMatrix {
  const { pattern } = a.rows;
  const shape = [pattern.nnz];
  const re = normal(key(seed), shape);
  const values = isComplex
    ? normal(key(seed + 1), shape)
        .mul({ re: 0, im: 1 })
        .add(re)
    : re;
  const scale = tensor(Array.from(pattern.rowOf, (i, p) => (pattern.indices[p] === i ? weight : 1)));
  return a.withValues(values.mul(scale));
}

const times = (a: SparseMatrix, x: Tensor): Tensor => a.matmul(x);

describe.each([
  ["a plane", poisson([34, 27])],
  ["a box", poisson([11, 10, 9])],
  ["a path", poisson([300])],
  ["separate parts", sparseDiags([2], [0], [40, 40])],
])("%s", (_, grid) => {
  const n = grid.shape[0];
  const b = normal(key(5), [n, 2]);

  test.each([false, true])("Cholesky, complex %s", (isComplex) => {
    const part = randomLike(grid, 1, 0, isComplex);
    const a = part.add(part.transpose().conj()).add(sparseEye(n).scale(40));
    const { l, order, solve, logdet } = sparseCholesky(a);
    const x = normal(key(2), [n]);
    expectClose(times(l, times(l.transpose().conj(), x)), times(a.permute(order), x), 1e-11);
    expectClose(times(a, solve(b)), b, 1e-11);
    if (n < 1000) expect(logdet).toBeCloseTo(slogdet(a.toDense()).logAbs.item(), 8);
  });

  // A weight of 1 makes rows change places in fronts or leaves the matrix to pivoting over all rows.
  test.each([
    [false, 40],
    [true, 40],
    [false, 1],
    [true, 1],
  ])("LU, complex %s, diagonal times %d", (isComplex, weight) => {
    const a = randomLike(grid, 3, weight, isComplex);
    const { l, u, rowOrder, columnOrder, solve, logdet } = sparseLU(a);
    const x = normal(key(4), [n]);
    expectClose(times(l, times(u, x)), times(a.permute(rowOrder, columnOrder), x), 1e-9);
    expectClose(times(a, solve(b)), b, 1e-8);
    expectClose(times(a.transpose(), solve(b, { transpose: true })), b, 1e-8);
    if (n < 1000) expect(logdet).toBeCloseTo(slogdet(a.toDense()).logAbs.item(), 6);
  });
});

test("the determinant of the Laplacian is the product of its eigenvalues", () => {
  const [m, n] = [60, 45];
  let expected = 0;
  for (let i = 1; i <= m; i++)
    for (let j = 1; j <= n; j++)
      expected += Math.log(4 - 2 * Math.cos((Math.PI * i) / (m + 1)) - 2 * Math.cos((Math.PI * j) / (n + 1)));
  const a = poisson([m, n]);
  expect(sparseCholesky(a).logdet).toBeCloseTo(expected, 8);
  expect(sparseLU(a).logdet).toBeCloseTo(expected, 8);
});

describe("fronts of LU", () => {
  const frontal = (a: SparseMatrix) =>
    frontalLU("test", a.rows.pattern, "amd", 0.1, 1, Float64Array.from(a.rows.values.toTypedArray()));

  test("rows change places within a front", () => {
    const n = 30;
    const cyclic = coo(
      Array.from({ length: n }, (_, i) => i),
      Array.from({ length: n }, (_, i) => (i + 1) % n),
      new Array(n).fill(10),
      [n, n],
    );
    const full = randomLike(coo(...everywhere(n)), 6, 1e-3, false).add(cyclic);
    const factors = frontal(full)!;
    expect(factors.rowOrder).not.toEqual(factors.columnOrder);
    const { solve } = sparseLU(full);
    const b = uniform(key(7), [n]);
    expectClose(times(full, solve(b)), b, 1e-10);
  });

  test("without a pivot there are none, and partial pivoting over all rows goes on", () => {
    const n = 40;
    // Rows that lie far from the diagonal have the large entries.
    const far = sparseDiags([1e-9, 1, 1], [0, n / 2, -n / 2], [n, n]).add(poisson([n]).scale(1e-12));
    expect(frontal(far)).toBeNull();
    const b = uniform(key(8), [n]);
    expectClose(times(far, sparseLU(far).solve(b)), b, 1e-8);
    const near = sparseDiags([1e-9, 1, 1], [0, 1, -1], [n, n]);
    expectClose(times(near, sparseLU(near).solve(b)), b, 1e-8);
  });

  test("too large a front is told", () => {
    const runs = { starts: Int32Array.of(0, 1), rowsAt: Int32Array.of(0, 0), rows: new Int32Array(0) };
    const huge = {
      exact: runs,
      starts: Int32Array.of(0, 2 ** 30),
      runs: Int32Array.of(0, 1),
      parent: Int32Array.of(-1),
    };
    const method = { isSymmetric: true, assemble: () => undefined, eliminate: () => true };
    expect(() => eachFront("test", huge, 1, method)).toThrow(/test: the fronts .* iterative method/);
  });

  test("entries on one side only", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), (seed) => {
        const n = 25;
        const isKept = uniform(key(seed), [n * n]).toTypedArray();
        const [rows, columns] = everywhere(n);
        const kept = rows.map((_, p) => p).filter((p) => rows[p] === columns[p] || isKept[p]! < 0.15);
        const a = randomLike(
          coo(
            kept.map((p) => rows[p]),
            kept.map((p) => columns[p]),
            kept.map(() => 1),
            [n, n],
          ),
          seed,
          8,
          false,
        );
        const whole = symmetricPattern(a.rows.pattern);
        expect(symmetricPattern(whole)).toBe(whole);
        const b = uniform(key(seed), [n]);
        expectClose(times(a, sparseLU(a, { ordering: "amd" }).solve(b)), b, 1e-9);
      }),
      { numRuns: 40 },
    );
  });
});

test("supernodes hold the rows of every column", () => {
  const { pattern } = poisson([13, 11]).rows;
  const symbolic = analyze("test", pattern, "amd");
  const { exact, starts, runs, parent } = supernodesOf(symbolic, pattern);
  for (let r = 0; r + 1 < exact.starts.length; r++)
    for (let j = exact.starts[r]; j < exact.starts[r + 1]; j++)
      expect(exact.starts[r + 1] - j + exact.rowsAt[r + 1] - exact.rowsAt[r]).toBe(symbolic.counts[j]);
  for (let s = 0; s + 1 < starts.length; s++) {
    const last = runs[s + 1] - 1;
    const rows = new Set(exact.rows.subarray(exact.rowsAt[last], exact.rowsAt[last + 1]));
    for (let r = runs[s]; r < last; r++)
      for (const i of exact.rows.subarray(exact.rowsAt[r], exact.rowsAt[r + 1]))
        expect(i < starts[s + 1] || rows.has(i)).toBe(true);
    if (rows.size > 0) {
      const first = Math.min(...rows);
      expect(first >= starts[parent[s]] && first < starts[parent[s] + 1]).toBe(true);
    } else expect(parent[s]).toBe(-1);
  }
  expect(starts.length).toBeLessThan(exact.starts.length);
});

function everywhere(n: number): [number[], number[], number[], [number, number]] {
  const rows = Array.from({ length: n * n }, (_, p) => Math.floor(p / n));
  const columns = Array.from({ length: n * n }, (_, p) => p % n);
  return [rows, columns, new Array(n * n).fill(1), [n, n]];
}
