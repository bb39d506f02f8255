// Sparse matrices as linear operators.
import { arange, tensor } from "polyadic";
import { asOperator, cg, gmres, Sparse, solve } from "polyadic/linalg";
import { coo, poisson, smoothedAggregation, sparseEye } from "polyadic/sparse";
import { describe, expect, test } from "vitest";
import { expectClose } from "../sparse/compare.ts";

describe("sparse operators", () => {
  const a = coo(
    [0, 0, 1, 2, 2],
    [0, 2, 1, 0, 2],
    [4, { re: 1, im: 2 }, 3, -1, 5].map((x) => (typeof x === "number" ? { re: x, im: 0 } : x)),
  );
  const x = tensor([1, -2, 3]);
  test("products, transposes and parts agree with the dense matrix", () => {
    const operator = asOperator(a);
    expect(operator).toBeInstanceOf(Sparse);
    const dense = a.toDense();
    expectClose(operator.apply(x), dense.matmul(x.astype("complex128")));
    expectClose(operator.transpose().toDense(), dense.mT());
    expectClose(operator.adjoint().apply(x), dense.mT().conj().matmul(x.astype("complex128")));
    expectClose(operator.diagonal(), a.diagonal());
    expect(operator.cost()).toBe(5);
  });
  test("systems take the way of their tags", () => {
    const b = arange(30).sin();
    const grid = poisson([6, 5]);
    for (const tags of [{}, { positiveDefinite: true }])
      expectClose(grid.matmul(solve(new Sparse(grid, tags), b)), b);
    const lower = grid.tril();
    const operator = new Sparse(lower, { triangular: "lower" });
    expectClose(lower.matmul(solve(operator, b)), b);
    expectClose(lower.transpose().matmul(solve(operator.transpose(), b)), b);
    expectClose(solve(new Sparse(sparseEye(30), { unitary: true }), b), b);
  });
  test("Krylov methods take sparse matrices and multigrid", () => {
    const grid = poisson([40, 40]);
    const b = arange(1600).cos();
    const { apply } = smoothedAggregation(grid);
    const { x: solution, converged, iterations } = cg(grid, b, { preconditioner: apply });
    expect(converged).toBe(true);
    expect(iterations).toBeLessThan(15);
    expectClose(grid.matmul(solution), b, 1e-6);
    expect(gmres(grid, b, { preconditioner: apply }).converged).toBe(true);
  });
});
