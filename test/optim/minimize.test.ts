// minimize(), L-BFGS as an optimizer, Levenberg-Marquardt.

import fc from "fast-check";
import { AbortedError, DomainError, DTypeError, stack, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import { lbfgs, levenbergMarquardt, minimize } from "polyadic/optim";
import {
  ackley,
  beale,
  himmelblau,
  powellResidual,
  powellSingular,
  quadratic,
  rastrigin,
  rosenbrock,
  styblinskiTang,
} from "polyadic/optim/problems";
import { jacfwd } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import reference from "../reference/first_order.json" with { type: "json" };
import { near } from "../transform/near.ts";

/** From six numbers there is a second minimum, which Newton's method finds from the usual start. */
const smooth = [
  rosenbrock(2),
  { ...rosenbrock(6), start: [1.3, 0.7, 0.8, 1.9, 1.2, 1.1] },
  beale(),
  himmelblau(),
  quadratic({ n: 5, rotated: true }),
  powellSingular(),
];

describe("test functions", () => {
  test.each([...smooth, rastrigin(3), ackley(), styblinskiTang(3)].map((p) => [p.name, p] as const))(
    "%s: the minimum is where it says",
    (_name, { f, minimizer, minimum, start }) => {
      expect(f(tensor(minimizer)).item()).toBeCloseTo(minimum, 10);
      expect(f(tensor(start)).item()).toBeGreaterThan(minimum);
      minimizer.forEach((xi, i) => {
        for (const d of [-1e-3, 1e-3])
          expect(f(tensor(minimizer.with(i, xi + d))).item()).toBeGreaterThanOrEqual(minimum - 1e-12);
      });
    },
  );
});

describe("minimize", () => {
  test.each(
    smooth.flatMap((p) => (["bfgs", "lbfgs", "newton-cg"] as const).map((m) => [p.name, m, p] as const)),
  )("%s by %s", (_name, method, { f, start, minimum }) => {
    const found = minimize(f, tensor(start), { method, gtol: 1e-8 });
    expect(found).toMatchObject({ converged: true, reason: "tolerance" });
    expect(found.value).toBeCloseTo(minimum, 8);
    expect(found.gradient.abs().max().item()).toBeLessThanOrEqual(1e-8);
  });

  test("lbfgs: SciPy's optimum, in not many more evaluations", () => {
    const { x0, x, evaluations } = reference.rosenbrock;
    const found = minimize(rosenbrock(6).f, tensor(x0), { method: "lbfgs", gtol: 1e-9 });
    near(found.x, tensor(x), 1e-6);
    expect(found.evaluations).toBeLessThan(1.5 * evaluations + 10);
  });

  test("nelder-mead", () => {
    const found = minimize(rosenbrock(2).f, tensor([-1.2, 1]), {
      method: "nelder-mead",
      xtol: 1e-8,
      ftol: 1e-8,
    });
    expect(found.converged).toBe(true);
    near(found.x, tensor([1, 1]), 1e-6);
    // Kinks can stop a simplex: SciPy's stops at the same place.
    const kink = minimize((x: Tensor) => x.sub(2).abs().sum(), zeros([3]), { method: "nelder-mead" });
    near(kink.x, tensor(reference.kink.x), 1e-9);
    expect(kink.evaluations).toBe(reference.kink.evaluations);
  });

  test("budgets and trees", () => {
    const { f, start } = rosenbrock(6);
    expect(minimize(f, tensor(start), { method: "lbfgs", maxEvaluations: 10 })).toMatchObject({
      converged: false,
      reason: "maxEvaluations",
    });
    expect(minimize(f, tensor(start), { method: "newton-cg", maxIterations: 2 })).toMatchObject({
      iterations: 2,
      reason: "maxIterations",
    });
    const { x } = minimize(
      ({ a, b }: { a: Tensor; b: Tensor }) => a.sub(b).square().sum().add(b.sub(1).square()),
      { a: zeros([2], "float32"), b: tensor(4) },
      { method: "lbfgs" },
    );
    expect(x.a.dtype).toBe("float32");
    near(x.b, tensor(1), 1e-4);
  });

  test("bad input", () => {
    const f = (x: Tensor): Tensor => x.square().sum();
    expect(() => minimize(f, zeros([2]), { method: "simplex" as never })).toThrow(/method.*simplex/);
    expect(() => minimize(f, zeros([2]), { method: "lbfgs", history: 0 })).toThrow(DomainError);
    expect(() => minimize(f, zeros([2]), { method: "nelder-mead", xtol: -1 })).toThrow(/xtol/);
    expect(() => minimize(f, tensor([1], { dtype: "int32" }), { method: "lbfgs" })).toThrow(DTypeError);
    expect(() => minimize(f, tensor([1, 2]), { method: "nelder-mead", signal: AbortSignal.abort() })).toThrow(
      AbortedError,
    );
  });
});

describe("lbfgs, the optimizer", () => {
  const { f, start } = rosenbrock(6);
  const run = (steps: number, isCompiled: boolean, stationary = false) => {
    const optimizer = lbfgs<Tensor>({ stationary });
    const plain = (params: Tensor, state: ReturnType<typeof optimizer.init>) =>
      optimizer.step({ params, state, loss: f, batch: undefined });
    const step = isCompiled ? jit(plain) : plain;
    let params = tensor(start);
    let state = optimizer.init(params);
    const values: number[] = [];
    let evaluations = 0;
    for (let i = 0; i < steps; i++) {
      const next = step(params, state);
      values.push(next.value.item());
      evaluations += next.info!["evaluations"]!.item();
      ({ params, state } = next);
    }
    return { params, values, evaluations };
  };

  test("goes down the valley, each step lower than the last", () => {
    const { params, values, evaluations } = run(60, true);
    near(params, tensor(rosenbrock(6).minimizer), 1e-6);
    values.slice(1).forEach((value, i) => {
      expect(value).toBeLessThanOrEqual(values[i]!);
    });
    expect(evaluations).toBeLessThan(60 * 4);
  });

  test("a stationary loss saves an evaluation a step, and nothing else", () => {
    const plain = run(12, true);
    const saved = run(12, true, true);
    near(tensor(saved.values), tensor(plain.values), 1e-9);
    near(saved.params, plain.params, 1e-9);
    expect(saved.evaluations).toBe(plain.evaluations - 11);
  });

  test("compiled = eager = the driver in JavaScript", () => {
    const eager = run(8, false);
    near(tensor(run(8, true).values), tensor(eager.values), 1e-9);
    const host: number[] = [f(tensor(start)).item()];
    minimize(f, tensor(start), {
      method: "lbfgs",
      maxIterations: 7,
      onProgress: ({ value }) => host.push(value),
    });
    // First steps differ in their norm (1 against 2); from then on both find comparable decreases.
    expect(eager.values[7]!).toBeLessThan(2 * host[7]! + 5);
  });

  test("fixed steps; bad input", () => {
    const optimizer = lbfgs<Tensor>({ lineSearch: "none", history: 3 });
    const quad = quadratic({ n: 4, condition: 5 });
    let params = tensor(quad.start);
    let state = optimizer.init(params);
    for (let i = 0; i < 25; i++)
      ({ params, state } = optimizer.step({ params, state, loss: quad.f, batch: undefined }));
    near(params, tensor(quad.minimizer), 1e-6);
    expect(state.steps.shape).toEqual([3, 4]);
    expect(() => lbfgs({ history: 0 })).toThrow(/history/);
    expect(() => lbfgs({ lineSearch: "armijo" as never })).toThrow(/lineSearch/);
  });
});

describe("levenbergMarquardt", () => {
  const t = tensor(reference.decay.t);
  const y = tensor(reference.decay.y);
  const decay = (p: Tensor): Tensor =>
    p
      .at(0)
      .mul(t.mul(p.at(1)).neg().exp())
      .add(p.at(2))
      .sub(y);

  test.each(["marquardt", "identity"] as const)("%s: SciPy's fit", (scaling) => {
    const found = levenbergMarquardt(decay, tensor([1, 1, 0]), { scaling });
    expect(found.converged).toBe(true);
    near(found.x, tensor(reference.decay.x), 1e-6);
    expect(found.value).toBeCloseTo(reference.decay.value, 12);
    expect(found.jacobian.shape).toEqual([25, 3]);
    expect(found.residual.square().sum().item() / 2).toBeCloseTo(found.value, 14);
  });

  test("a singular Jacobian at the solution", () => {
    const found = levenbergMarquardt(powellResidual, tensor([3, -1, 0, 1]));
    expect(found.value).toBeLessThan(1e-10);
  });

  test("fewer residuals than unknowns; a tree of residuals", () => {
    const f = (x: Tensor): Tensor => stack([x.sum().sub(3), x.at(0).mul(x.at(1)).sub(2)]);
    const found = levenbergMarquardt(f, tensor([0.5, 1, 0.3, 0.2]));
    expect(found.converged).toBe(true);
    near(f(found.x), zeros([2]), 1e-7);
    const parts = levenbergMarquardt(({ a, b }: { a: Tensor; b: Tensor }) => [a.sub(2), b.sub(a)], {
      a: tensor(0),
      b: zeros([2]),
    });
    near(parts.x.b, tensor([2, 2]), 1e-6);
  });

  test("linear problems end at the least squares solution", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), (seed) => {
        const a = tensor([
          [2, seed / 1000],
          [1, 3],
          [0, 1],
        ]);
        const b = tensor([1, seed / 500, -1]);
        const { x } = levenbergMarquardt((v: Tensor) => a.matmul(v).sub(b), zeros([2]));
        near(a.mT().matmul(a.matmul(x).sub(b)), zeros([2]), 1e-6);
      }),
      { numRuns: 10 },
    );
  });

  test("a Jacobian that is given", () => {
    let calls = 0;
    const jacobian = (p: Tensor): Tensor => {
      calls++;
      return jacfwd(decay)(p) as Tensor;
    };
    const found = levenbergMarquardt(decay, tensor([1, 1, 0]), { jacobian });
    near(found.x, tensor(reference.decay.x), 1e-6);
    expect(found.jacobians).toBe(calls);
    expect(() => levenbergMarquardt(decay, tensor([1, 1, 0]), { jacobian: () => zeros([3, 25]) })).toThrow(
      /jacobian.*\[25, 3\]/,
    );
  });

  test("bad input", () => {
    expect(() => levenbergMarquardt(decay, tensor([1, 1, 0]), { gtol: -1 })).toThrow(/gtol/);
    expect(() => levenbergMarquardt(decay, tensor([1, 1, 0]), { damping: 0 })).toThrow(/damping/);
    expect(() => levenbergMarquardt(decay, tensor([1, 1, 0]), { scaling: "x" as never })).toThrow(/scaling/);
    expect(() => levenbergMarquardt(decay, tensor([1, 1, 0], { dtype: "int32" }))).toThrow(DTypeError);
    expect(() => levenbergMarquardt((x: Tensor) => x.log(), zeros([1]))).toThrow(/not finite/);
    expect(() => levenbergMarquardt(decay, tensor([1, 1, 0]), { signal: AbortSignal.abort() })).toThrow(
      AbortedError,
    );
  });
});
