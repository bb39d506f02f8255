// Graph matrices, Poisson problems, and algebraic multigrid on them.
import { arange, DomainError, DTypeError, ones, ShapeError, stack, type Tensor, tensor } from "polyadic";
import {
  coo,
  fromDense,
  graphLaplacian,
  incidence,
  poisson,
  type SparseMatrix,
  smoothedAggregation,
  sparseDiags,
  sparseEye,
  sparseKron,
} from "polyadic/sparse";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import data from "../reference/sparse.json" with { type: "json" };
import { expectClose, type Listed, matrixOf, tensorOf } from "./compare.ts";
import { conjugateGradients } from "./conjugateGradients.ts";

describe("graphs", () => {
  const w = matrixOf(data.graph.adjacency as Listed);
  test("Laplacians agree with SciPy's", () => {
    expectClose(graphLaplacian(w).toDense(), tensorOf(data.graph.combinatorial));
    expectClose(graphLaplacian(w, { kind: "symmetric" }).toDense(), tensorOf(data.graph.symmetric));
  });
  test("rows of Laplacians sum to zero, loops do not count", () => {
    const loops = w.add(sparseEye(12));
    for (const kind of ["combinatorial", "randomWalk"] as const) {
      expect(
        graphLaplacian(w, { kind })
          .matmul(ones([12]))
          .abs()
          .max()
          .item(),
      ).toBeLessThan(1e-12);
      expectClose(graphLaplacian(loops, { kind }).toDense(), graphLaplacian(w, { kind }).toDense());
    }
  });
  test("the incidence matrix is a root of the Laplacian", () => {
    const b = incidence(w);
    expect(b.shape[1]).toBe(w.nnz / 2);
    expectClose(b.matmul(b.transpose()).toDense(), graphLaplacian(w).toDense());
  });
  test("Laplacians are differentiable in the weights", () => {
    const x = arange(12).sin();
    const energy = (values: Tensor): Tensor => graphLaplacian(w.withValues(values)).matmul(x).mul(x).sum();
    // Σ over entries of w (xᵢ² − xᵢ xⱼ)
    const [rows, columns] = w.coordinates;
    const expected = Array.from(rows, (i, p) => Math.sin(i) * (Math.sin(i) - Math.sin(columns[p])));
    expectClose(grad(energy)(w.values), tensor(expected));
  });
  test("Poisson's matrix is the Laplacian of a grid with its border", () => {
    expectClose(poisson([2, 3, 2]).toDense(), tensorOf(data.poisson232));
    const path = sparseDiags([-1, 2, -1], [-1, 0, 1], [4, 4]);
    expectClose(poisson([4]).toDense(), path.toDense());
    const plane = sparseKron(path, sparseEye(3)).add(sparseKron(sparseEye(4), poisson([3])));
    expectClose(poisson([4, 3]).toDense(), plane.toDense());
    expect(poisson([4, 3], { dtype: "float32" }).dtype).toBe("float32");
  });
});

/** Plane elasticity on a grid of bilinear elements, held at its left side: two unknowns a node. */
function elasticity(m: number): { readonly a: SparseMatrix; readonly motions: Tensor } {
  const young = 1;
  const ratio = 0.3;
  const c = young / (1 - ratio * ratio);
  const stiffness = Array.from({ length: 8 }, () => new Array<number>(8).fill(0));
  const corners = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ];
  const g = 1 / Math.sqrt(3);
  for (const [s, t] of [
    [-g, -g],
    [g, -g],
    [g, g],
    [-g, g],
  ]) {
    const slopes = corners.map(([p, q]) => [(p * (1 + q * t)) / 2, (q * (1 + p * s)) / 2]);
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++) {
        const [ax, ay] = slopes[i];
        const [bx, by] = slopes[j];
        const shear = (1 - ratio) / 2;
        stiffness[2 * i][2 * j] += (c * (ax * bx + shear * ay * by)) / 4;
        stiffness[2 * i][2 * j + 1] += (c * (ratio * ax * by + shear * ay * bx)) / 4;
        stiffness[2 * i + 1][2 * j] += (c * (ratio * ay * bx + shear * ax * by)) / 4;
        stiffness[2 * i + 1][2 * j + 1] += (c * (ay * by + shear * ax * bx)) / 4;
      }
  }
  const [rows, columns, values]: number[][] = [[], [], []];
  // Nodes of the left side are held: node (x, y) with x > 0 has number (x − 1)(m + 1) + y.
  const node = (x: number, y: number): number => (x - 1) * (m + 1) + y;
  for (let x = 0; x < m; x++)
    for (let y = 0; y < m; y++) {
      const places = [
        [x, y],
        [x + 1, y],
        [x + 1, y + 1],
        [x, y + 1],
      ];
      for (let i = 0; i < 8; i++)
        for (let j = 0; j < 8; j++) {
          const [p, q] = [places[i >> 1], places[j >> 1]];
          if (p[0] === 0 || q[0] === 0) continue;
          rows.push(2 * node(p[0], p[1]) + (i & 1));
          columns.push(2 * node(q[0], q[1]) + (j & 1));
          values.push(stiffness[i][j]);
        }
    }
  const n = 2 * m * (m + 1);
  const motion = (f: (x: number, y: number) => readonly [number, number]): Tensor =>
    tensor(
      Array.from({ length: n }, (_, i) => {
        const [x, y] = [Math.floor((i >> 1) / (m + 1)) + 1, (i >> 1) % (m + 1)];
        return f(x, y)[i & 1];
      }),
    );
  const motions = [motion(() => [1, 0]), motion(() => [0, 1]), motion((x, y) => [-y, x])];
  return { a: coo(rows, columns, values, [n, n]).toCsr(), motions: stack(motions, 1) };
}

describe("smoothed aggregation", () => {
  test("steps of conjugate gradients do not grow with the grid", () => {
    const counts = [32, 64, 128, 256].map((m) => {
      const a = poisson([m, m]);
      const b = arange(m * m).sin();
      const multigrid = smoothedAggregation(a);
      expect(multigrid.operatorComplexity).toBeLessThan(1.5);
      const { x, steps } = conjugateGradients(a, b, multigrid.apply);
      expect(a.matmul(x).sub(b).abs().max().item()).toBeLessThan(1e-6);
      return steps;
    });
    expect(Math.max(...counts)).toBeLessThanOrEqual(counts[0] + 1);
    expect(counts[0]).toBeLessThan(15);
  });
  test.each(["gaussSeidel", "jacobi", "chebyshev"] as const)(
    "in three dimensions and alone, %s",
    (smoother) => {
      const counts = [8, 16, 24].map((m) => {
        const a = poisson([m, m, m]);
        const b = arange(m ** 3).sin();
        for (const cycle of ["V", "W"] as const) {
          const { x, converged, iterations, residual } = smoothedAggregation(a, {
            smoother,
            cycle,
            coarseSize: 20,
          }).solve(b);
          expect(converged).toBe(true);
          expect(residual).toBeLessThan(1e-8);
          expect(iterations).toBeLessThan(40);
          expectClose(a.matmul(x), b, 1e-6);
        }
        return conjugateGradients(a, b, smoothedAggregation(a, { smoother, coarseSize: 20 }).apply).steps;
      });
      expect(counts[2]).toBeLessThanOrEqual(counts[0] + 3);
    },
  );
  test("weak connections are not followed: anisotropic problems", () => {
    const n = 64;
    const a = sparseKron(poisson([n]), sparseEye(n).scale(1e-3)).add(sparseKron(sparseEye(n), poisson([n])));
    const b = arange(n * n).sin();
    const followed = conjugateGradients(a, b, smoothedAggregation(a, { strength: 0 }).apply).steps;
    const { levels, apply } = smoothedAggregation(a);
    const { steps } = conjugateGradients(a, b, apply);
    expect(steps).toBeLessThan(0.6 * followed);
    // Aggregates are lines of three.
    expect(levels[1].n).toBeGreaterThan(levels[0].n / 4);
  });
  test("rigid motions as near-null space serve elasticity", () => {
    const counts = [12, 24, 48].map((m) => {
      const { a, motions } = elasticity(m);
      const b = arange(a.shape[0]).mul(0.37).sin();
      const options = { blockSize: 2, coarseSize: 60 };
      const informed = smoothedAggregation(a, { ...options, nearNullSpace: motions });
      const plain = smoothedAggregation(a, { coarseSize: 60 });
      const { steps } = conjugateGradients(a, b, informed.apply);
      if (m === 48) expect(steps).toBeLessThan(0.6 * conjugateGradients(a, b, plain.apply).steps);
      return steps;
    });
    expect(counts[2]).toBeLessThan(1.5 * counts[0]);
  });
  test("singular Laplacians of graphs", () => {
    const a = poisson([40, 40]);
    const laplacian = graphLaplacian(sparseDiags([a.diagonal()]).sub(a));
    const b = arange(1600).sin();
    const consistent = b.sub(b.mean());
    const { x, steps } = conjugateGradients(laplacian, consistent, smoothedAggregation(laplacian).apply);
    expect(steps).toBeLessThan(15);
    expectClose(laplacian.matmul(x), consistent, 1e-6);
  });
  test("a cycle is linear and symmetric, and its rules follow", () => {
    const a = poisson([20, 15]);
    const { apply } = smoothedAggregation(a, { coarseSize: 10 });
    const x = arange(300).sin();
    const y = arange(300).mul(2).cos();
    expect(apply(x).mul(y).sum().item()).toBeCloseTo(apply(y).mul(x).sum().item(), 10);
    expectClose(apply(x.add(y.mul(2))), apply(x).add(apply(y).mul(2)), 1e-12);
    expectClose(grad((r: Tensor) => apply(r).mul(y).sum())(x), apply(y), 1e-12);
    expectClose(vmap(apply)(stack([x, y])).at(1), apply(y));
    const lopsided = smoothedAggregation(a, { coarseSize: 10, steps: [2, 0] }).apply;
    const adjoint = grad((r: Tensor) => lopsided(r).mul(y).sum())(x);
    expect(adjoint.mul(x).sum().item()).toBeCloseTo(lopsided(x).mul(y).sum().item(), 10);
  });
  test("small and diagonal matrices", () => {
    expectClose(smoothedAggregation(poisson([3])).apply(ones([3])), tensor([1.5, 2, 1.5]));
    const { solve } = smoothedAggregation(sparseEye(300).scale(2));
    expectClose(solve(ones([300])).x, ones([300]).mul(0.5));
    expect(solve(ones([300]).mul(0)).iterations).toBe(0);
  });
  test("not converging is reported", () => {
    const { solve } = smoothedAggregation(poisson([30, 30]));
    const { converged, iterations, residual } = solve(ones([900]), { maxIterations: 2 });
    expect(converged).toBe(false);
    expect(iterations).toBe(2);
    expect(residual).toBeGreaterThan(1e-8);
  });
});

describe("bad input", () => {
  const a = poisson([4]);
  test.each<[string, () => unknown, new (...given: never[]) => Error, RegExp]>([
    ["a rectangle", () => smoothedAggregation(coo([0], [1], [1])), ShapeError, /square/],
    ["complex numbers", () => smoothedAggregation(a.astype("complex128")), DTypeError, /real matrix/],
    [
      "a matrix that is not symmetric",
      () =>
        smoothedAggregation(
          fromDense(
            tensor([
              [2, 1],
              [0.5, 2],
            ]),
          ),
        ),
      DomainError,
      /not symmetric/,
    ],
    ["a negative diagonal", () => smoothedAggregation(a.scale(-1)), DomainError, /diagonal entry 0 is -2/],
    ["NaN", () => smoothedAggregation(a.scale(Number.NaN)), DomainError, /not finite/],
    ["strength of 1", () => smoothedAggregation(a, { strength: 1 }), DomainError, /strength must be/],
    [
      "an unknown smoother",
      () => smoothedAggregation(a, { smoother: "x" as never }),
      DomainError,
      /smoother/,
    ],
    ["an unknown cycle", () => smoothedAggregation(a, { cycle: "F" as never }), DomainError, /cycle/],
    ["half a step", () => smoothedAggregation(a, { steps: [0.5, 1] }), DomainError, /steps/],
    [
      "blocks that do not divide",
      () => smoothedAggregation(a, { blockSize: 3 }),
      DomainError,
      /does not divide/,
    ],
    [
      "candidates too short",
      () => smoothedAggregation(a, { nearNullSpace: ones([3]) }),
      ShapeError,
      /nearNullSpace must be \[4\]/,
    ],
    [
      "a right-hand side too long",
      () => smoothedAggregation(a).solve(ones([5])),
      ShapeError,
      /b must be \[4\]/,
    ],
    ["a tolerance of 0", () => smoothedAggregation(a).solve(ones([4]), { tol: 0 }), DomainError, /tol/],
    ["an empty grid", () => poisson([]), ShapeError, /positive integers/],
    ["a grid of length 0", () => poisson([2, 0]), ShapeError, /positive integers/],
    [
      "a rectangular adjacency",
      () => graphLaplacian(coo([0], [1], [1])),
      ShapeError,
      /adjacency must be square/,
    ],
    ["an unknown Laplacian", () => graphLaplacian(a, { kind: "x" as never }), DomainError, /kind/],
    ["a directed graph", () => incidence(coo([0, 1], [1, 1], [1, 1])), DomainError, /symmetric/],
    ["negative weights", () => incidence(poisson([3])), DomainError, /negative/],
  ])("%s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});
