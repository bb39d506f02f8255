// Sparse LU, Cholesky and triangular systems, orderings and incomplete factorizations.
import fc from "fast-check";
import { DomainError, DTypeError, ShapeError } from "polyadic";
import { solve } from "polyadic/linalg";
import {
  analyzeCholesky,
  approximateMinimumDegree,
  coo,
  fromDense,
  ic0,
  ilu0,
  ilut,
  type Ordering,
  poisson,
  reverseCuthillMcKee,
  type SparseMatrix,
  sparseCholesky,
  sparseDiags,
  sparseEye,
  sparseLU,
  sparseSolve,
  sparseSolveTriangular,
} from "polyadic/sparse";
import { arange, eye, type Tensor, tensor } from "polyadic/tensor";
import { grad, hessian, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import data from "../reference/sparse.json" with { type: "json" };
import { anyMatrix, expectClose, type Listed, matrixOf, tensorOf } from "./compare.ts";
import { conjugateGradients } from "./conjugateGradients.ts";

const ORDERINGS: readonly Ordering[] = ["amd", "columns", "rcm", "natural"];
const size = fc.integer({ min: 1, max: 14 });

const isPermutation = (order: Int32Array): boolean =>
  [...order].sort((i, j) => i - j).every((value, i) => value === i);

/** A matrix made well conditioned by its diagonal. */
const shifted = (a: SparseMatrix): SparseMatrix => a.add(sparseEye(a.shape[0]).scale(5.3));
const gram = (a: SparseMatrix): SparseMatrix => a.matmul(a.transpose()).add(sparseEye(a.shape[0]));

describe.each(data.systems)("SciPy, $dtype", (given) => {
  const a = matrixOf(given.a as Listed);
  const h = matrixOf(given.h as Listed);
  const b = tensorOf(given.b);
  const near = 1e-10;
  test.each(ORDERINGS)("LU, %s", (ordering) => {
    const lu = sparseLU(a, { ordering });
    expectClose(lu.solve(b), tensorOf(given.x), near);
    expectClose(lu.solve(b, { transpose: true }), tensorOf(given.xt), near);
    expect(lu.logdet).toBeCloseTo(given.logdet, 9);
    expectClose(lu.l.matmul(lu.u).toDense(), a.permute(lu.rowOrder, lu.columnOrder).toDense(), near);
    expectClose(sparseSolve(a, b, { ordering }), tensorOf(given.x), near);
  });
  test.each(ORDERINGS)("Cholesky, %s", (ordering) => {
    const { l, order, solve: solveWith, logdet } = sparseCholesky(h, { ordering });
    expectClose(solveWith(b), tensorOf(given.xh), near);
    expect(logdet).toBeCloseTo(given.logdeth, 9);
    expectClose(l.matmul(l.transpose().conj()).toDense(), h.permute(order).toDense(), near);
    expectClose(sparseSolve(h, b, { assume: "positiveDefinite", ordering }), tensorOf(given.xh), near);
  });
  test("triangles", () => {
    const t = a.add(sparseEye(30).scale(3));
    expectClose(sparseSolveTriangular(t, b), tensorOf(given.lower), near);
    expectClose(sparseSolveTriangular(t, b, { lower: false }), tensorOf(given.upper), near);
    const back = sparseSolveTriangular(t, b, { lower: false, transpose: true });
    expectClose(t.triu().transpose().matmul(back), b, near);
    const unit = sparseSolveTriangular(t, b, { unitDiagonal: true });
    expectClose(t.tril(-1).matmul(unit).add(unit), b, near);
  });
});

describe("properties", () => {
  test("systems agree with dense ones, in every ordering", () => {
    fc.assert(
      fc.property(anyMatrix(size, size, true), fc.constantFrom(...ORDERINGS), (a, ordering) => {
        const n = a.shape[0];
        const b = arange(n).add(1).sin();
        const general = shifted(a);
        const lu = sparseLU(general, { ordering });
        expect(isPermutation(lu.rowOrder) && isPermutation(lu.columnOrder)).toBe(true);
        expectClose(general.matmul(lu.solve(b)), b, 1e-8);
        const definite = gram(a);
        expectClose(sparseCholesky(definite, { ordering }).solve(b), solve(definite.toDense(), b), 1e-9);
        const analysis = analyzeCholesky(definite, { ordering });
        expect(analysis.nnz).toBe(sparseCholesky(definite, { ordering }).l.nnz);
        expect(analysis.parent.every((up, i) => up === -1 || up > i)).toBe(true);
      }),
    );
  });
  test("orderings are permutations, also of graphs with dense rows and without edges", () => {
    fc.assert(
      fc.property(anyMatrix(fc.integer({ min: 1, max: 60 }), undefined, true), (a) => {
        expect(isPermutation(approximateMinimumDegree(a))).toBe(true);
        expect(isPermutation(reverseCuthillMcKee(a))).toBe(true);
      }),
    );
    const star = coo(
      Array.from({ length: 400 }, (_, i) => i),
      new Array(400).fill(0),
      new Array(400).fill(1),
      [400, 400],
    );
    expect(approximateMinimumDegree(star).at(-1)).toBe(0);
  });
});

describe("fill", () => {
  test("a minimum degree order leaves about as much as SciPy's, and far less than none", () => {
    for (const [m, reference] of Object.entries(data.fill)) {
      const a = poisson([Number(m), Number(m)]);
      const { nnz } = analyzeCholesky(a);
      expect(nnz).toBeLessThan(1.1 * reference);
      if (Number(m) >= 32) expect(nnz).toBeLessThan(0.4 * analyzeCholesky(a, { ordering: "natural" }).nnz);
    }
  });
  test("it grows like n log n on grids", () => {
    const perUnknown = [16, 32, 64, 128].map((m) => analyzeCholesky(poisson([m, m])).nnz / m ** 2);
    const steps = perUnknown.slice(1).map((fill, i) => fill - perUnknown[i]);
    // A constant step for each doubling; without an order the fill of an unknown doubles.
    for (const step of steps) expect(step).toBeLessThan(8);
  });
  test("reverse Cuthill-McKee brings a scattered path back to three diagonals", () => {
    const n = 101;
    const scatter = Array.from({ length: n }, (_, i) => (i * 37) % n);
    const path = sparseDiags([-1, 2, -1], [-1, 0, 1], [n, n]).permute(scatter);
    const ordered = path.permute(reverseCuthillMcKee(path));
    const [rows, columns] = ordered.coordinates;
    expect(rows.every((i, p) => Math.abs(i - columns[p]) <= 1)).toBe(true);
  });
  test("the analysis is kept with the places", () => {
    const a = poisson([20, 20]);
    const first = sparseCholesky(a);
    const second = sparseCholesky(a.scale(4));
    expect(second.l.rows.pattern.nnz).toBe(first.l.nnz);
    expectClose(second.l.values, first.l.values.mul(2));
  });
});

describe("derivatives", () => {
  const a = shifted(coo([0, 0, 1, 2, 3, 3], [1, 3, 0, 2, 0, 2], [1, -2, 0.5, 1, 2, -1], [4, 4]));
  const b = tensor([1, -1, 2, 0.5]);
  const mask = a.toDense().notEqual(0).astype("float64");

  test.each(["general", "positiveDefinite"] as const)("of solutions in the values, %s", (assume) => {
    const m = assume === "general" ? a : gram(a).toCsr();
    const places = m.withValues(m.values.mul(0).add(1)).toDense();
    const sparse = grad((values: Tensor) => sparseSolve(m.withValues(values), b, { assume }).square().sum())(
      m.values,
    );
    const dense = grad((x: Tensor) => {
      const matrix = assume === "general" ? x : x.add(x.mT()).mul(0.5);
      return solve(matrix, b).square().sum();
    })(m.toDense());
    expectClose(m.withValues(sparse).toDense(), dense.mul(places), 1e-10);
  });
  test("of second order, in the right-hand side, and over batches", () => {
    const f = (y: Tensor): Tensor => sparseSolve(a, y).square().sum();
    const inverse = solve(a.toDense(), eye(4));
    expectClose(hessian(f)(b), inverse.mT().matmul(inverse).mul(2), 1e-10);
    const many = tensor([
      [1, 2, 3, 4],
      [0, 1, 0, 1],
    ]);
    expectClose(vmap((y: Tensor) => sparseSolve(a, y))(many).at(1), sparseSolve(a, many.at(1)));
    const values = tensor([1, 2]).expandDims(1).mul(a.values.expandDims(0));
    const scaled = vmap((v: Tensor) => sparseSolve(a.withValues(v), b))(values);
    expectClose(scaled.at(1).mul(2), scaled.at(0));
  });
  test("of triangular solutions", () => {
    const sparse = grad((v: Tensor) => sparseSolveTriangular(a.withValues(v), b).sin().sum())(a.values);
    const dense = grad((x: Tensor) =>
      solve(x.mul(mask).mul(lowerOnes(4)), b)
        .sin()
        .sum(),
    )(a.toDense());
    expectClose(a.withValues(sparse).toDense(), dense, 1e-10);
  });
});

const lowerOnes = (n: number): Tensor =>
  arange(n).expandDims(1).greaterEqual(arange(n).expandDims(0)).astype("float64");

describe("incomplete factorizations", () => {
  const a = poisson([9, 7]).add(sparseDiags([0.3], [2], [63, 63]));
  test("ilu0 agrees with the matrix at its places", () => {
    const { l, u } = ilu0(a);
    const product = l.add(sparseEye(63)).matmul(u).toDense();
    const places = a.toDense().notEqual(0).astype("float64");
    expectClose(product.mul(places), a.toDense(), 1e-12);
    expect(product.sub(a.toDense()).abs().max().item()).toBeGreaterThan(0.01);
  });
  test("ic0 agrees with a symmetric matrix at its places", () => {
    const s = poisson([6, 5, 3]);
    const { l, shift } = ic0(s);
    expect(shift).toBe(0);
    const places = s.toDense().notEqual(0).astype("float64");
    expectClose(l.matmul(l.transpose()).toDense().mul(places), s.toDense(), 1e-12);
  });
  test("ic0 shifts the diagonal where a pivot fails", () => {
    // Positive definite, but its incomplete factorization breaks down (Kershaw's matrix).
    const kershaw = fromDense(
      tensor([
        [3, -2, 0, 2],
        [-2, 3, -2, 0],
        [0, -2, 3, -2],
        [2, 0, -2, 3],
      ]),
    );
    expect(ic0(kershaw).shift).toBeGreaterThan(0);
    expect(ic0(poisson([4, 4]), { shift: 0.1 }).shift).toBe(0.1);
  });
  test("ilut without dropping is LU, and drops by size and number", () => {
    const b = arange(63).sin();
    const exact = ilut(a, { dropTolerance: 0, maxFill: 63 });
    expectClose(a.matmul(exact.apply(b)), b, 1e-12);
    const counts = [1e-4, 1e-2, 1e-1].map((dropTolerance) => ilut(a, { dropTolerance }).u.nnz);
    expect(counts[0]).toBeGreaterThan(counts[1]);
    expect(counts[1]).toBeGreaterThan(counts[2]);
    const few = ilut(a, { dropTolerance: 0, maxFill: 2 });
    expect(few.u.sum(1).shape).toEqual([63]);
    const perRow = few.u.withValues(few.u.values.mul(0).add(1)).sum(1);
    expect(perRow.max().item()).toBeLessThanOrEqual(3);
  });
  test("they spare conjugate gradients steps", () => {
    const s = poisson([32, 32]);
    const b = arange(1024).sin();
    const plain = conjugateGradients(s, b).steps;
    expect(conjugateGradients(s, b, ic0(s).apply).steps).toBeLessThan(0.5 * plain);
    expect(conjugateGradients(s, b, ilu0(s).apply).steps).toBeLessThan(0.5 * plain);
    expect(conjugateGradients(s, b, ilut(s, { dropTolerance: 1e-3 }).apply).steps).toBeLessThan(0.15 * plain);
  });
  test("applying them is differentiable", () => {
    const { apply } = ilu0(a);
    const b = arange(63).cos();
    const direction = arange(63).sin();
    const slope = grad((r: Tensor) => apply(r).mul(direction).sum())(b);
    expect(slope.mul(b).sum().item()).toBeCloseTo(apply(b).mul(direction).sum().item(), 10);
  });
});

describe("bad input", () => {
  const singular = coo([0, 1, 1], [0, 0, 1], [1, 1, 0]);
  const indefinite = fromDense(
    tensor([
      [1, 2],
      [2, 1],
    ]),
  );
  const i2 = sparseEye(2);
  const b = tensor([1, 1]);
  test.each<[string, () => unknown, new (...given: never[]) => Error, RegExp]>([
    ["a rectangle", () => sparseLU(coo([0], [2], [1])), ShapeError, /square, got shape \[1, 3\]/],
    ["a singular matrix", () => sparseLU(singular), DomainError, /singular: column \d/],
    ["an empty column", () => sparseSolve(coo([0], [0], [1], [2, 2]), b), DomainError, /no pivot/],
    [
      "a zero on a diagonal",
      () => sparseSolveTriangular(singular, b),
      DomainError,
      /diagonal entry 1 is zero/,
    ],
    [
      "an indefinite matrix",
      () => sparseCholesky(indefinite),
      DomainError,
      /not positive definite: pivot \d/,
    ],
    [
      "a matrix that is not symmetric",
      () =>
        sparseCholesky(
          fromDense(
            tensor([
              [2, 1],
              [0.5, 2],
            ]),
          ),
        ),
      DomainError,
      /not symmetric: entries \(0, 1\) and \(1, 0\) differ by 0.5/,
    ],
    [
      "places that are not symmetric",
      () => analyzeCholesky(coo([0, 0, 1], [0, 1, 1], [1, 1, 1])),
      DomainError,
      /entry \(0, 1\) is stored and entry \(1, 0\) is not/,
    ],
    ["NaN", () => sparseLU(i2.scale(Number.NaN)), DomainError, /not finite \(NaN\)/],
    ["infinity on the right", () => sparseSolve(i2, tensor([1, Infinity])), DomainError, /b holds/],
    ["a right-hand side too short", () => sparseSolve(i2, tensor([1])), ShapeError, /b must be \[2\]/],
    ["an unknown assumption", () => sparseSolve(i2, b, { assume: "x" as never }), DomainError, /assume/],
    ["an unknown ordering", () => sparseLU(i2, { ordering: "x" as never }), DomainError, /ordering must be/],
    [
      "ilu0 without a diagonal",
      () => ilu0(coo([0, 1], [1, 0], [1, 1])),
      DomainError,
      /entry 0 of a is not stored/,
    ],
    ["ilu0 of complex numbers", () => ilu0(i2.astype("complex128")), DTypeError, /real matrix/],
    ["ilut that drops everything", () => ilut(i2, { dropTolerance: 1 }), DomainError, /dropTolerance/],
    ["ilut with half an entry", () => ilut(i2, { maxFill: 0.5 }), DomainError, /maxFill/],
    ["ic0 of a negative diagonal", () => ic0(i2.scale(-1)), DomainError, /diagonal entry 0 is -1/],
    ["ic0 with a negative shift", () => ic0(i2, { shift: -1 }), DomainError, /shift/],
  ])("%s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});
