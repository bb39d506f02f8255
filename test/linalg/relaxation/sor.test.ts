// Over-relaxation against the matrices that define it, and theory's best parameter.

import { matmul, tensor, zeros } from "polyadic";
import {
  cg,
  Dense,
  Diagonal,
  eigvals,
  FunctionOperator,
  jacobiRadius,
  optimalOmega,
  solve,
  sor,
  ssor,
} from "polyadic/linalg";
import { key, normal, split } from "polyadic/random";
import { fromDense, poisson } from "polyadic/sparse";
import { eye, type Tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const norm = (x: Tensor): number => Math.sqrt(x.square().sum().item());
const grid = poisson([7, 7]);
const n = 49;
const dense = grid.toDense();
const diagonal = eye(n).mul(4);
const lower = grid.tril(-1).toDense();
const b = normal(key(0), [n]);

describe("sor", () => {
  it("takes the steps x += (D/ω + L)⁻¹ (b − A x)", () => {
    for (const omega of [0.4, 1, 1.7]) {
      const step = diagonal.div(omega).add(lower);
      let x = normal(key(1), [n]);
      const start = x;
      for (let k = 1; k <= 5; k++) {
        x = x.add(solve(step, b.sub(matmul(dense, x))));
        const found = sor(grid, b, { omega, x0: start, maxIterations: k, rtol: 0 });
        expect(found.iterations).toBe(k);
        expect(norm(found.x.sub(x))).toBeLessThan(1e-12);
        expect(found.residuals.at(-1)).toBeCloseTo(norm(b.sub(matmul(dense, x))), 10);
      }
    }
  });

  it("solves dense, sparse and wrapped matrices alike, in the dtype that is given", () => {
    const a = matmul(normal(key(2), [12, 20]), normal(key(2), [12, 20]).mT()).add(eye(12));
    const right = normal(key(3), [12]);
    const expected = solve(a, right);
    for (const given of [a, fromDense(a), new Dense(a)]) {
      const found = sor(given, right, { omega: 1.2 });
      expect(found.converged).toBe(true);
      expect(found.residual).toBeLessThanOrEqual(1e-8 * norm(right));
      expect(norm(found.x.sub(expected))).toBeLessThan(1e-6 * norm(expected));
    }
    const single = sor(a.astype("float32"), right.astype("float32"), { omega: 1.2, rtol: 1e-5 });
    expect(single.x.dtype).toBe("float32");
    expect(single.converged).toBe(true);
  });

  it("needs fewest sweeps near the optimal parameter, which is that of Young", () => {
    // The Jacobi iteration of this Laplacian has the spectral radius cos(π / 8).
    const radius = jacobiRadius(grid);
    expect(radius).toBeCloseTo(Math.cos(Math.PI / 8), 10);
    const best = optimalOmega(radius);
    expect(best).toBeCloseTo(2 / (1 + Math.sin(Math.PI / 8)), 10);
    const iteration = eye(n).sub(solve(diagonal.div(best).add(lower), dense));
    expect(Math.max(...(eigvals(iteration).abs().toArray() as number[]))).toBeCloseTo(best - 1, 5);
    const sweeps = (omega: number): number => sor(grid, b, { omega }).iterations;
    expect(sweeps(best)).toBeLessThan(0.3 * sweeps(1));
    expect(sweeps(best)).toBeLessThan(sweeps(best + 0.2));
  });

  it("reports what does not converge, and stops at once where b = 0 or x0 solves", () => {
    // Not positive definite: it diverges.
    const bad = tensor([
      [1, 3],
      [3, 1],
    ]);
    const found = sor(bad, tensor([1, 2]), { omega: 1, maxIterations: 50 });
    expect(found.converged).toBe(false);
    expect(found.iterations).toBe(50);
    expect(sor(grid, b, { omega: 1, maxIterations: 3 }).converged).toBe(false);
    const nothing = sor(grid, zeros([n]), { omega: 1.5 });
    expect([nothing.iterations, nothing.converged]).toEqual([0, true]);
    const solved = sor(grid, b, { omega: 1.5, rtol: 1e-12 }).x;
    expect(sor(grid, b, { omega: 1.5, x0: solved, rtol: 1e-10 }).iterations).toBe(0);
  });

  it("refuses bad input", () => {
    const at =
      (omega: number): (() => unknown) =>
      () =>
        sor(grid, b, { omega });
    for (const omega of [0, 2, -1, Number.NaN]) expect(at(omega)).toThrow(/omega must lie in \(0, 2\)/);
    expect(() => sor(normal(key(0), [3, 4]), zeros([3]), { omega: 1 })).toThrow(/must be square/);
    expect(() => sor(normal(key(0), [3]), zeros([3]), { omega: 1 })).toThrow(/must be a matrix/);
    expect(() =>
      sor(
        tensor([
          [0, 1],
          [1, 1],
        ]),
        zeros([2]),
        { omega: 1 },
      ),
    ).toThrow(/diagonal entry 0/);
    expect(() =>
      sor(
        fromDense(
          tensor([
            [1, 1],
            [1, 0],
          ]),
        ),
        zeros([2]),
        { omega: 1 },
      ),
    ).toThrow(/diagonal entry 1/);
    expect(() => sor(tensor([[Number.NaN]]), zeros([1]), { omega: 1 })).toThrow(/not finite/);
    expect(() => sor(eye(2).astype("complex128"), zeros([2]), { omega: 1 })).toThrow(/real matrix/);
    expect(() => sor(eye(2), zeros([2], "complex128"), { omega: 1 })).toThrow(/must be real/);
    expect(() => sor(grid, zeros([3]), { omega: 1 })).toThrow(/vector \[49\]/);
    expect(() => sor(grid, b, { omega: 1, rtol: 2 })).toThrow(/rtol/);
    const operator = new FunctionOperator((x) => x, { shape: [2, 2] });
    expect(() => sor(operator, zeros([2]), { omega: 1 })).toThrow(
      /entries are known, got a function operator/,
    );
    expect(() => sor(new Diagonal(tensor([1, 2])), zeros([2]), { omega: 1 })).toThrow(/diagonal operator/);
    expect(() => optimalOmega(1)).toThrow(/jacobiRadius/);
    expect(() =>
      jacobiRadius(
        tensor([
          [-1, 0],
          [0, 1],
        ]),
      ),
    ).toThrow(/positive diagonal/);
    const signal = AbortSignal.abort();
    expect(() => sor(grid, b, { omega: 1, signal })).toThrow(/stopped/);
  });
});

describe("ssor", () => {
  it("applies the inverse of (D + ωL) D⁻¹ (D + ωLᵀ) / (ω (2 − ω))", () => {
    const omega = 1.3;
    const left = diagonal.add(lower.mul(omega));
    const m = matmul(matmul(left, eye(n).div(4)), left.mT()).div(omega * (2 - omega));
    const [first, second] = split(key(4)).map((k) => normal(k, [n])) as [Tensor, Tensor];
    const { apply } = ssor(grid, { omega });
    expect(norm(apply(first).sub(solve(m, first)))).toBeLessThan(1e-12);
    // Symmetric, as conjugate gradients need it.
    expect(apply(first).mul(second).sum().item()).toBeCloseTo(apply(second).mul(first).sum().item(), 12);
  });

  it("saves conjugate gradients iterations", () => {
    const plain = cg(grid, b);
    const helped = cg(grid, b, { preconditioner: ssor(grid, { omega: 1.4 }) });
    expect(helped.converged).toBe(true);
    expect(helped.iterations).toBeLessThan(0.7 * plain.iterations);
    expect(() => ssor(grid, { omega: 2 })).toThrow(/omega/);
    expect(() => ssor(grid, { omega: 1 }).apply(zeros([3]))).toThrow(/vector \[49\]/);
  });
});
