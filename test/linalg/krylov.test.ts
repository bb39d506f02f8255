// Krylov methods: solutions against direct ones, the bounds that theory gives, and what happens where they fail.

import { arange, cos, matmul, roll, sin, stack } from "polyadic";
import {
  bicgstab,
  blockCg,
  cg,
  Dense,
  Diagonal,
  eig,
  eigh,
  eigs,
  eigsh,
  expm,
  expmMultiply,
  FunctionOperator,
  functionMultiply,
  gmres,
  Inverse,
  identityOperator,
  Kronecker,
  type KrylovSolution,
  type LinearOperator,
  lobpcg,
  lsmr,
  lsqr,
  lstsq,
  minres,
  Sum,
  slogdet,
  solve,
  solveBanded,
  spectralDensity,
  stochasticLogDeterminant,
  stochasticTrace,
  svd,
  svds,
  Toeplitz,
  traceOfFunction,
  tridiagonal,
} from "polyadic/linalg";
import { key, normal } from "polyadic/random";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { dense, distance, hermitian, type Kind, matrix } from "./check.ts";

const norm = (x: Tensor): number => Math.sqrt(x.abs().square().sum().item());
const vector = (n: number, kind: Kind, seed: number): Tensor => matrix(n, 1, kind, seed).ravel();
const positive = (n: number, kind: Kind, seed: number): Tensor => {
  const x = matrix(n, n + 4, kind, seed);
  return x.matmul(x.mT().conj()).add(eye(n, n, { dtype: kind }));
};
const general = (n: number, kind: Kind, seed: number): Tensor =>
  matrix(n, n, kind, seed).add(eye(n, n, { dtype: kind }).mul(2 * Math.sqrt(n)));

/** The five-point Laplacian on an n x n grid, as a Kronecker sum. */
function poisson(n: number): LinearOperator {
  const one = tridiagonal(zeros([n - 1]).sub(1), zeros([n]).add(2), zeros([n - 1]).sub(1), {
    positiveDefinite: true,
  });
  const identity = identityOperator(n);
  return new Sum([new Kronecker([one, identity]), new Kronecker([identity, one])], {
    positiveDefinite: true,
  });
}
/** Its eigenvalues, ascending. */
const poissonValues = (n: number): number[] => {
  const one = Array.from({ length: n }, (_, i) => 2 - 2 * Math.cos((Math.PI * (i + 1)) / (n + 1)));
  return one.flatMap((x) => one.map((y) => x + y)).sort((x, y) => x - y);
};

describe.each(["float64", "complex128", "float32", "complex64"] as const)("systems of %s", (kind) => {
  const isSingle = kind === "float32" || kind === "complex64";
  const rtol = isSingle ? 1e-4 : 1e-11;
  const n = 60;
  const b = vector(n, kind, 3);
  const expectSolved = (found: KrylovSolution, a: Tensor): void => {
    expect(found.converged).toBe(true);
    expect(found.x.dtype).toBe(kind);
    expect(norm(matmul(a, found.x).sub(b))).toBeLessThan(20 * rtol * norm(b));
    expect(found.residual).toBeLessThan(20 * rtol * norm(b));
    expect(found.residuals).toHaveLength(found.iterations + 1);
    expect(found.products).toBeGreaterThanOrEqual(found.iterations);
  };
  const p = positive(n, kind, 1);
  const h = hermitian(n, kind, 2).add(eye(n, n, { dtype: kind }).mul(0.5));
  const g = general(n, kind, 4);
  // Half of the diagonal is far larger than the rest: what a diagonal preconditioner is for.
  const scales = tensor(Float64Array.from({ length: n }, (_, i) => (i % 2 ? 1 : 100)));
  const scaled = p.mul(scales).mul(scales.expandDims(1)).astype(kind);
  const jacobi = (a: Tensor): LinearOperator =>
    new Inverse(
      new Diagonal(a.mul(eye(n, n)).sum({ axis: 1 }).real().astype(kind), { positiveDefinite: true }),
    );

  it("cg, minres, gmres and bicgstab", () => {
    expectSolved(cg(p, b, { rtol }), p);
    expectSolved(minres(h, b, { rtol: isSingle ? rtol : 1e-10 }), h);
    expectSolved(gmres(g, b, { rtol }), g);
    expectSolved(gmres(g, b, { rtol, restart: 7 }), g);
    expectSolved(gmres(h, b, { rtol, restart: n }), h);
    expectSolved(bicgstab(g, b, { rtol }), g);
  });

  it("preconditioners save steps", () => {
    for (const method of [cg, minres, gmres, bicgstab]) {
      const options = { rtol: isSingle ? 1e-3 : 1e-8, maxIterations: 400 };
      const plain = method(scaled, b, options);
      const preconditioned = method(scaled, b, { ...options, preconditioner: jacobi(scaled) });
      expect(preconditioned.iterations, method.name).toBeLessThan(0.8 * plain.iterations);
      expect(preconditioned.converged, method.name).toBe(true);
      // Of minres the residual is small in the norm of the preconditioner.
      const rest = matmul(scaled, preconditioned.x)
        .sub(b)
        .mul(method === minres ? scales.pow(-1) : 1);
      expect(norm(rest), method.name).toBeLessThan(norm(b) * 0.05);
    }
  });

  it("start where they are told, and stop at once at the solution", () => {
    const x = solve(g, b);
    for (const method of [gmres, bicgstab]) {
      const found = method(g, b, { x0: x, rtol: isSingle ? 1e-3 : 1e-8 });
      expect(found.iterations).toBe(0);
      expect(found.converged).toBe(true);
    }
    const zero = cg(p, zeros([n], kind));
    expect([zero.iterations, zero.converged, norm(zero.x)]).toEqual([0, true, 0]);
  });

  it("blockCg solves all columns in fewer steps, dependent ones too", () => {
    const columns = matrix(n, 3, kind, 8);
    const found = blockCg(p, columns, { rtol });
    expect(found.converged).toBe(true);
    expect(norm(matmul(p, found.x).sub(columns))).toBeLessThan(100 * rtol * norm(columns));
    const alone = cg(p, columns.at(":", 0), { rtol });
    expect(found.iterations).toBeLessThan(alone.iterations);
    const dependent = stack([b, b.mul(2)], 1);
    const twice = blockCg(p, dependent, { rtol });
    expect(norm(matmul(p, twice.x).sub(dependent))).toBeLessThan(100 * rtol * norm(dependent));
  });
});

describe("what theory says", () => {
  it("cg meets its bound, and ends after as many steps as there are different eigenvalues", () => {
    const values = zeros([50]).add(1).toTypedArray() as Float64Array;
    values.forEach((_, i) => {
      values[i] = [1, 2, 5][i % 3]!;
    });
    const found = cg(new Diagonal(tensor(values), { positiveDefinite: true }), vector(50, "float64", 1), {
      rtol: 1e-12,
    });
    expect(found.iterations).toBe(3);
    // ‖e_k‖ <= 2 q^k ‖e_0‖ in the norm of A, with q = (√κ − 1) / (√κ + 1).
    const d = tensor(Float64Array.from({ length: 200 }, (_, i) => 1 + (99 * i) / 199));
    const operator = new Diagonal(d, { positiveDefinite: true });
    const x = vector(200, "float64", 2);
    const b = d.mul(x);
    const energy = (e: Tensor): number => Math.sqrt(e.mul(d).mul(e).sum().item());
    const q = (Math.sqrt(100) - 1) / (Math.sqrt(100) + 1);
    for (const steps of [5, 20, 60]) {
      const { x: near } = cg(operator, b, { maxIterations: steps, rtol: 0 });
      expect(energy(near.sub(x))).toBeLessThan(2 * q ** steps * energy(x) * 1.0001);
    }
  });

  it("residuals of minres and gmres never grow", () => {
    const h = hermitian(80, "float64", 5);
    const b = vector(80, "float64", 6);
    for (const { residuals } of [
      minres(h, b, { rtol: 1e-10 }),
      gmres(general(80, "float64", 7), b, { restart: 80 }),
    ])
      residuals.slice(1).forEach((r, i) => {
        expect(r).toBeLessThanOrEqual(residuals[i]! * (1 + 1e-12));
      });
  });

  it("gmres finds the solution in n steps, and stands still on a cyclic shift until then", () => {
    const n = 12;
    const shift = new FunctionOperator((x) => roll(x, 1, 0), { shape: [n, n] });
    const b = eye(n, n).at(0);
    const found = gmres(shift, b, { restart: n });
    expect(found.iterations).toBe(n);
    expect(found.residuals[n - 1]).toBeCloseTo(1, 12);
    expect(found.residual).toBeLessThan(1e-12);
  });

  it("minres finds a solution of a singular system that has one", () => {
    const d = new Diagonal(tensor([0, 1, 2, -3]));
    const found = minres(d, tensor([0, 1, 1, 1]));
    expect(found.converged).toBe(true);
    expect(distance(dense(found.x), dense(tensor([0, 1, 0.5, -1 / 3])))).toBeLessThan(1e-12);
  });

  it("failure is reported, not thrown", () => {
    const indefinite = new Diagonal(tensor([1, -1]));
    expect(cg(indefinite, tensor([1, 1])).converged).toBe(false);
    const slow = cg(poisson(20), vector(400, "float64", 1), { maxIterations: 3 });
    expect(slow.converged).toBe(false);
    expect(slow.iterations).toBe(3);
    const singular = gmres(new Diagonal(tensor([0, 1])), tensor([1, 1]));
    expect(singular.converged).toBe(false);
    expect(
      bicgstab(
        new Dense(
          tensor([
            [0, 1],
            [-1, 0],
          ]),
        ),
        tensor([1, 0]),
      ).converged,
    ).toBe(false);
    expect(() => solve(poisson(20), vector(400, "float64", 1), { maxIterations: 3 })).toThrow(
      /cg stopped at a residual/,
    );
  });

  it("a flexible preconditioner may be an iteration of its own", () => {
    const a = general(60, "float64", 3);
    const b = vector(60, "float64", 4);
    const found = gmres(a, b, { preconditioner: (r) => gmres(a, r, { rtol: 0.1 }).x, rtol: 1e-10 });
    expect(found.converged).toBe(true);
    expect(found.iterations).toBeLessThan(16);
  });
});

describe("least squares", () => {
  it.each(["float64", "complex128"] as const)("lsqr and lsmr of %s", (kind) => {
    for (const [m, n] of [
      [60, 25],
      [25, 60],
      [30, 30],
    ] as const) {
      const a = matrix(m, n, kind, 1);
      const b = vector(m, kind, 2);
      const expected = lstsq(a, b);
      for (const method of [lsqr, lsmr]) {
        const found = method(a, b, { rtol: 1e-12, maxIterations: 2000 });
        expect(found.converged).toBe(true);
        expect(norm(found.x.sub(expected.x)) / norm(expected.x)).toBeLessThan(m === n ? 1e-6 : 1e-9);
        expect(found.residuals.at(-1)! - found.residual).toBeLessThan(1e-8);
      }
      const damped = lsmr(a, b, { damping: 3, rtol: 1e-13 });
      const ridge = solve(
        a
          .mT()
          .conj()
          .matmul(a)
          .add(eye(n, n, { dtype: kind }).mul(9)),
        matmul(a.mT().conj(), b),
      );
      expect(norm(damped.x.sub(ridge)) / norm(ridge)).toBeLessThan(1e-8);
      expect(norm(lsqr(a, b, { damping: 3, rtol: 1e-13 }).x.sub(ridge)) / norm(ridge)).toBeLessThan(1e-8);
      expect(damped.normalResidual).toBeLessThan(1e-8 * norm(b));
    }
    expect(lsqr(matrix(4, 3, kind, 1), zeros([4])).converged).toBe(true);
  });
});

describe("a few eigenvalues", () => {
  it.each(["float64", "complex128"] as const)("eigsh of %s", (kind) => {
    const n = 90;
    const h = hermitian(n, kind, 1);
    const all = Array.from(eigh(h).values.data());
    const k = 5;
    const expected = {
      largest: all.slice(-k),
      smallest: all.slice(0, k),
      largestMagnitude: [...all]
        .sort((x, y) => Math.abs(y) - Math.abs(x))
        .slice(0, k)
        .sort((x, y) => x - y),
    };
    for (const which of ["largest", "smallest", "largestMagnitude"] as const) {
      const { values, vectors, converged, residuals } = eigsh(h, { k, which });
      expect(converged).toBe(true);
      Array.from(values.data()).forEach((value, i) => {
        expect(Math.abs(value - expected[which][i]!)).toBeLessThan(1e-8);
      });
      expect(distance(dense(matmul(h, vectors)), dense(vectors.mul(values)))).toBeLessThan(1e-7);
      expect(distance(dense(matmul(vectors.mT().conj(), vectors)), dense(eye(k, k)))).toBeLessThan(1e-12);
      expect(Math.max(...residuals)).toBeLessThan(1e-8);
    }
    const sigma = (all[40]! + all[41]!) / 2;
    const shifted = h.sub(eye(n, n, { dtype: kind }).mul(sigma));
    const inside = eigsh(h, { k: 2, shiftInvert: { sigma, solve: (x) => solve(shifted, x) } });
    expect(inside.values.data()[0]).toBeCloseTo(all[40]!, 9);
    expect(inside.values.data()[1]).toBeCloseTo(all[41]!, 9);
    const whole = eigsh(hermitian(6, kind, 2), { k: 6 });
    expect(distance(dense(whole.values), dense(eigh(hermitian(6, kind, 2)).values))).toBeLessThan(1e-12);
  });

  it("eigsh of a grid Laplacian, where values are twofold", () => {
    const expected = poissonValues(24).slice(-6);
    const { values, converged } = eigsh(poisson(24), { k: 6, basisSize: 40 });
    expect(converged).toBe(true);
    Array.from(values.data()).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 8);
    });
  });

  it.each(["float64", "complex128"] as const)("eigs of %s", (kind) => {
    const n = 80;
    const a = matrix(n, n, kind, 3);
    const all = eig(a).values.toArray() as { re: number; im: number }[];
    const size = ({ re, im }: { re: number; im: number }): number => Math.hypot(re, im);
    for (const [which, rank] of [
      ["largestMagnitude", size],
      ["largestReal", ({ re }: { re: number }) => re],
    ] as const) {
      const found = eigs(a, { k: 4, which });
      expect(found.converged).toBe(true);
      const wanted = [...all].sort((x, y) => rank(y) - rank(x)).slice(0, found.values.size);
      for (const value of found.values.toArray() as { re: number; im: number }[])
        expect(Math.min(...wanted.map((x) => Math.hypot(x.re - value.re, x.im - value.im)))).toBeLessThan(
          1e-8,
        );
      expect(
        distance(
          dense(matmul(a.astype("complex128"), found.vectors)),
          dense(found.vectors.mul(found.values)),
        ),
      ).toBeLessThan(1e-7);
    }
    const sigma = 0.3;
    const shifted = a.sub(eye(n, n, { dtype: kind }).mul(sigma));
    const near = eigs(a, { k: 2, shiftInvert: { sigma, solve: (x) => solve(shifted, x) } });
    const closest = Math.min(...all.map(({ re, im }) => Math.hypot(re - sigma, im)));
    const nearest = Math.min(
      ...(near.values.toArray() as { re: number; im: number }[]).map(({ re, im }) =>
        Math.hypot(re - sigma, im),
      ),
    );
    expect(nearest).toBeCloseTo(closest, 8);
  });

  it.each(["float64", "complex128"] as const)("svds of %s", (kind) => {
    for (const [m, n] of [
      [70, 50],
      [50, 70],
    ] as const) {
      const a = matrix(m, n, kind, 5);
      const expected = svd(a);
      const { u, s, v, converged } = svds(a, { k: 4 });
      expect(converged).toBe(true);
      expect(distance(dense(s), dense(expected.s.at(":4")))).toBeLessThan(1e-8);
      expect(distance(dense(matmul(a, v)), dense(u.mul(s)))).toBeLessThan(1e-8);
      expect(distance(dense(matmul(a.mT().conj(), u)), dense(v.mul(s)))).toBeLessThan(1e-6);
    }
    const low = matmul(matrix(40, 3, kind, 1), matrix(3, 30, kind, 2));
    expect(distance(dense(svds(low, { k: 5 }).s), dense(svd(low).s.at(":5")))).toBeLessThan(1e-10);
  });

  it("lobpcg finds multiple values, and a preconditioner makes the steps few", () => {
    const n = 16;
    const a = poisson(n);
    const expected = poissonValues(n).slice(0, 5);
    const start = normal(key(1), [n * n, 5]);
    const plain = lobpcg(a, start, { tol: 1e-9 });
    expect(plain.converged).toBe(true);
    Array.from(plain.values.data()).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 8);
    });
    const fast = lobpcg(a, start, {
      tol: 1e-9,
      preconditioner: (r) =>
        stack(
          Array.from({ length: r.shape[1]! }, (_, j) => cg(a, r.at(":", j), { rtol: 1e-2 }).x),
          1,
        ),
    });
    expect(fast.iterations).toBeLessThan(0.5 * plain.iterations);
    const others = lobpcg(a, normal(key(2), [n * n, 2]), {
      constraints: plain.vectors.at(":", ":3"),
      tol: 1e-9,
    });
    expect(others.values.data()[0]).toBeCloseTo(expected[3]!, 8);
    const top = lobpcg(a, start.at(":", ":2"), { which: "largest" });
    expect(top.values.data()[0]).toBeCloseTo(poissonValues(n).at(-1)!, 6);
  });
});

describe("functions of operators", () => {
  it.each(["float64", "complex128"] as const)("expmMultiply of %s is the product with expm", (kind) => {
    for (const t of [0.1, 1, -0.7]) {
      const a = matrix(50, 50, kind, 1);
      const b = vector(50, kind, 2);
      const found = expmMultiply(a, b, { t, basisSize: 12 });
      const expected = matmul(expm(a.mul(t)), b);
      expect(norm(found.x.sub(expected)) / norm(expected)).toBeLessThan(1e-8);
    }
    expect(norm(expmMultiply(matrix(5, 5, kind, 1), zeros([5])).x)).toBe(0);
  });

  it("expmMultiply follows the heat equation", () => {
    const n = 30;
    const x = arange(1, n + 1).mul(Math.PI / (n + 1));
    const mode = sin(x)
      .expandDims(1)
      .mul(sin(x.mul(2)))
      .reshape([n * n]);
    const value = 4 - 2 * Math.cos(Math.PI / (n + 1)) - 2 * Math.cos((2 * Math.PI) / (n + 1));
    const { x: after } = expmMultiply(poisson(n), mode, { t: -20 });
    expect(norm(after.sub(mode.mul(Math.exp(-20 * value)))) / norm(mode)).toBeLessThan(1e-9);
  });

  it("functionMultiply is the function on eigenvectors", () => {
    for (const kind of ["float64", "complex128"] as const) {
      const p = positive(40, kind, 3);
      const b = vector(40, kind, 4);
      const { values, vectors } = eigh(p);
      const expected = matmul(vectors.mul(values.sqrt()), matmul(vectors.mT().conj(), b));
      const { x, converged } = functionMultiply(p, b, Math.sqrt);
      expect(converged).toBe(true);
      expect(norm(x.sub(expected)) / norm(expected)).toBeLessThan(1e-8);
    }
    expect(() => functionMultiply(new Diagonal(tensor([-1, 1])), tensor([1, 1]), Math.log)).toThrow(
      /not finite at the Ritz/,
    );
  });

  it("estimates of traces are within a few standard errors, and Hutch++ is better on low rank", () => {
    const p = positive(120, "float64", 5);
    const exact = p.mul(eye(120, 120)).sum().item();
    for (const method of ["hutchinson", "hutch++"] as const) {
      const { value, standardError } = stochasticTrace(key(3), p, { samples: 60, method });
      expect(Math.abs(value - exact)).toBeLessThan(4 * standardError + 1e-9);
    }
    const low = matmul(matrix(120, 8, "float64", 1), matrix(120, 8, "float64", 1).mT());
    const trace = low.mul(eye(120, 120)).sum().item();
    expect(stochasticTrace(key(4), low, { samples: 30 }).value).toBeCloseTo(trace, 6);
    const log = stochasticLogDeterminant(key(5), p, { samples: 40, steps: 40 });
    expect(Math.abs(log.value - slogdet(p).logAbs.item())).toBeLessThan(4 * log.standardError);
    const cube = traceOfFunction(key(6), p, (v) => v ** 3, { samples: 40, steps: 4 });
    const exactCube = product3(p);
    expect(Math.abs(cube.value - exactCube)).toBeLessThan(4 * cube.standardError);
  });

  it("the spectral density integrates to one and has the right mean", () => {
    const { points, density } = spectralDensity(key(1), poisson(20), { samples: 20, width: 0.1 });
    const [x, y] = [Array.from(points.data()), Array.from(density.data())];
    const step = x[1]! - x[0]!;
    const total = y.reduce((sum, v) => sum + v * step, 0);
    expect(total).toBeCloseTo(1, 3);
    expect(y.reduce((sum, v, i) => sum + v * x[i]! * step, 0)).toBeCloseTo(4, 1);
  });
});

const product3 = (p: Tensor): number => matmul(p, p).mul(p).sum().item();

describe("bad input, progress and derivatives", () => {
  const a = positive(5, "float64", 1);
  const b = tensor([1, 2, 3, 4, 5]);
  it("is refused", () => {
    for (const method of [cg, minres, gmres, bicgstab]) {
      expect(() => method(zeros([2, 3]), b)).toThrow(/square/);
      expect(() => method(a, zeros([4]))).toThrow(/vector \[5\]/);
      expect(() => method(a, b.mul(Number.NaN))).toThrow(/not finite/);
      expect(() => method(a, b, { rtol: 2 })).toThrow(/rtol/);
      expect(() => method(a, b, { maxIterations: -1 })).toThrow(/maxIterations/);
      expect(() => method(a, b, { x0: zeros([3]) })).toThrow(/x0/);
    }
    expect(() => gmres(a, b, { restart: 0 })).toThrow(/restart/);
    expect(() => lsqr(a, b, { damping: -1 })).toThrow(/damping/);
    expect(() => eigsh(a, { k: 6 })).toThrow(/k must be an integer from 1 to 5/);
    expect(() => eigsh(a, { which: "best" as never })).toThrow(/which/);
    expect(() => eigs(a, { tol: 0 })).toThrow(/tol/);
    expect(() => svds(a, { basisSize: 2, k: 2 })).toThrow(/basisSize/);
    expect(() => eigsh(a, { k: 1, v0: zeros([5]) })).toThrow(/must not be zero/);
    expect(() => lobpcg(a, zeros([5, 1]))).toThrow(/independent/);
    expect(() => lobpcg(a, zeros([5, 2]))).toThrow(/n \/ 3/);
    expect(() => expmMultiply(a, b, { t: Number.NaN })).toThrow(/t must be finite/);
    expect(() => stochasticTrace(key(1), a, { samples: 1 })).toThrow(/samples/);
    expect(() => blockCg(a, b)).toThrow(/\[5, k\]/);
  });

  it("inside of transforms: linearSolve, as the error says, or solve", () => {
    expect(() => grad((x: Tensor) => cg(a, x).x.sum())(b)).toThrow(/linearSolve/);
    const slope = grad((x: Tensor) =>
      solve(new Dense(a, { hermitian: true, positiveDefinite: true }), x).sum(),
    )(b);
    expect(distance(dense(slope), dense(solve(a, zeros([5]).add(1))))).toBeLessThan(1e-10);
  });

  it("progress rises to the end, and a signal stops the work", () => {
    const seen: number[] = [];
    cg(poisson(12), vector(144, "float64", 1), { onProgress: ({ fraction }) => void seen.push(fraction) });
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.at(-1)).toBe(1);
    const controller = new AbortController();
    const options = { signal: controller.signal, onProgress: () => controller.abort() };
    expect(() => cg(poisson(12), vector(144, "float64", 1), options)).toThrow(/stopped by the caller/);
    expect(() => eigsh(poisson(12), { ...options, k: 3 })).toThrow(/stopped by the caller/);
  });
});

describe("growth", () => {
  it("cg on a grid takes steps in proportion to its side", () => {
    const steps = [8, 16, 32, 64].map((n) => cg(poisson(n), cos(arange(n * n)), { rtol: 1e-8 }).iterations);
    for (let i = 1; i < steps.length; i++) {
      const growth = steps[i]! / steps[i - 1]!;
      expect(growth).toBeGreaterThan(1.5);
      expect(growth).toBeLessThan(2.5);
    }
  });
  it("Toeplitz operators cost n log n", () => {
    const costs = [10, 12, 14, 16].map((p) => new Toeplitz(zeros([2 ** p]).add(1)).cost());
    for (let i = 1; i < costs.length; i++) expect(costs[i]! / costs[i - 1]!).toBeLessThan(5);
  });
  it("banded systems are solved in place of dense ones", () => {
    const n = 2000;
    const a = tridiagonal(zeros([n - 1]).sub(1), zeros([n]).add(2.1), zeros([n - 1]).sub(1));
    const x = vector(n, "float64", 1);
    expect(norm(solveBanded(a, a.apply(x)).sub(x))).toBeLessThan(1e-9);
    expect(a.cost()).toBe(3 * n);
  });
});
