// Implicit methods, alone and with explicit ones, and methods that keep structure.

import { cos, DomainError, exp, ShapeError, sin, stack, type Tensor, tensor } from "polyadic";
import {
  ark4,
  ars222,
  ars443,
  bdf,
  constantStep,
  dop853,
  esdirk4,
  etdrk4,
  exponentialEuler,
  type OdeMethod,
  radau5,
  sdirk4,
  solveOde,
  splitting,
  stormerVerlet,
  yoshida4,
  yoshida6,
} from "polyadic/ode";
import { describe, expect, test } from "vitest";
import reference from "../reference/ode.json" with { type: "json" };
import { fittedOrder, problems } from "./problems.ts";

const last = (y: Tensor): number[] => y.at(-1).ravel().toArray() as number[];
const implicit: Readonly<Record<string, OdeMethod<"plain">>> = {
  radau5: radau5(),
  bdf: bdf(),
  sdirk4: sdirk4(),
  esdirk4: esdirk4(),
};
const tight = { method: dop853(), rtol: 1e-13, atol: 1e-14 };

describe("stiff problems", () => {
  const cases = (["vanDerPol", "robertson"] as const).flatMap((name) =>
    Object.keys(implicit).map((method) => [name, method] as const),
  );
  test.each(cases)("%s by %s", (name, method) => {
    const { y0, t1, end } = reference[name];
    const s = solveOde(problems[name]!, tensor(y0), {
      t1,
      method: implicit[method]!,
      rtol: 1e-6,
      atol: 1e-10,
    });
    expect(s.converged).toBe(true);
    last(s.y).forEach((value, i) => {
      expect(Math.abs(value - end[i]!)).toBeLessThan(1e-3 * Math.abs(end[i]!));
    });
  });
  test.each(["vanDerPol", "robertson"] as const)("%s: about as many steps as SciPy", (name) => {
    const { y0, t1, statistics } = reference[name];
    for (const [method, known] of [
      [radau5(), statistics.Radau],
      [bdf(), statistics.BDF],
    ] as const) {
      const s = solveOde(problems[name]!, tensor(y0), { t1, method, rtol: 1e-6, atol: 1e-10 });
      expect(s.statistics.evaluations).toBeLessThan(1.5 * known.evaluations);
      expect(s.statistics.accepted).toBeLessThan(1.5 * known.steps);
      expect(s.statistics.factorizations).toBeLessThan(2 * s.statistics.steps);
    }
  });
  test("bdf of every order reaches tight tolerances in few steps", () => {
    const spring = (_t: Tensor, y: Tensor): Tensor => stack([y.at(1), y.at(0).neg()]);
    // SciPy's BDF takes 275 steps here, with an error of 1.5e-7.
    for (const [maxOrder, most] of [
      [3, 1100],
      [4, 520],
      [5, 300],
    ] as const) {
      const s = solveOde(spring, tensor([1, 0]), {
        t1: 10,
        method: bdf({ maxOrder }),
        rtol: 1e-9,
        atol: 1e-9,
      });
      expect(Math.abs(last(s.y)[0]! - Math.cos(10))).toBeLessThan(2e-6);
      expect(s.statistics.steps).toBeLessThan(most);
    }
  });
  test("a given Jacobian, complex states, dense output", () => {
    const decay = (_t: Tensor, y: Tensor): Tensor => y.mul(-50);
    const given = solveOde(decay, tensor([1, 2]), {
      t1: 1,
      method: radau5({
        jacobian: () =>
          tensor([
            [-50, 0],
            [0, -50],
          ]),
      }),
    });
    expect(last(given.y)[1]).toBeCloseTo(2 * Math.exp(-50), 8);
    for (const method of Object.values(implicit)) {
      const s = solveOde(
        (t, z: Tensor) => z.mul(tensor({ re: -1, im: 2 })).add(t.mul(0)),
        tensor([{ re: 1, im: 0 }]),
        {
          t1: 2,
          method,
          rtol: 1e-8,
          atol: 1e-10,
          saveAt: { times: [0.77, 2] },
        },
      );
      expect(s.y.real().item(1, 0)).toBeCloseTo(Math.exp(-2) * Math.cos(4), 5);
      expect(s.y.imag().item(0, 0)).toBeCloseTo(Math.exp(-0.77) * Math.sin(1.54), 4);
    }
    expect(() =>
      solveOde(decay, tensor([1]), { t1: 1, method: bdf({ jacobian: () => tensor([1]) }) }),
    ).toThrow(ShapeError);
  });
  test("a right-hand side that breaks is reported where it breaks", () => {
    for (const method of Object.values(implicit)) {
      const s = solveOde((t, y: Tensor) => y.mul(t.neg().add(0.5).sqrt()), tensor([1]), { t1: 1, method });
      expect(s.converged).toBe(false);
      expect(s.t.item(s.t.size - 1)).toBeGreaterThan(0.4);
      expect(s.t.item(s.t.size - 1)).toBeLessThanOrEqual(0.5);
    }
  });
});

const orderOf = <K extends "plain" | "split" | "semilinear" | "hamiltonian" | "flows">(
  method: OdeMethod<K>,
  run: (count: number) => Tensor,
  known: number,
  counts: readonly number[],
): void => {
  const errors = counts.map((count) => Math.abs(run(count).item() - known));
  expect(fittedOrder(errors)).toBeGreaterThan(method.order - 0.15);
};

describe("orders", () => {
  const pendulum = (_t: Tensor, y: Tensor): Tensor => stack([y.at(1), sin(y.at(0)).neg()]);
  const known = last(solveOde(pendulum, tensor([1, 0]), { t1: 2, ...tight }).y)[0]!;
  test.each([
    ["radau5", radau5(), [4, 8, 16, 32]],
    ["sdirk4", sdirk4(), [16, 32, 64]],
    ["esdirk4", esdirk4(), [16, 32, 64]],
    ["bdf of order 1", bdf({ maxOrder: 1 }), [200, 400, 800]],
  ] as const)("%s", (_name, method, counts) => {
    const run = (count: number): Tensor => {
      const options = { t1: 2, method, rtol: 1e-12, atol: 1e-12, controller: constantStep(2 / count) };
      return solveOde(pendulum, tensor([1, 0]), options)
        .y.at(-1)
        .at(0);
    };
    orderOf(method, run, known, counts);
  });
  test.each([
    ["ark4", ark4()],
    ["ars443", ars443()],
    ["ars222", ars222()],
  ] as const)("%s", (_name, method) => {
    // The restoring force is implicit, its correction explicit.
    const field = {
      implicit: (_t: Tensor, y: Tensor): Tensor => stack([y.at(1), y.at(0).neg()]),
      explicit: (_t: Tensor, y: Tensor): Tensor => stack([y.at(1).mul(0), y.at(0).sub(sin(y.at(0)))]),
    };
    const run = (count: number): Tensor => {
      const options = { t1: 2, method, rtol: 1e-12, atol: 1e-12, controller: constantStep(2 / count) };
      return solveOde<Tensor, undefined, "split">(field, tensor([1, 0]), options)
        .y.at(-1)
        .at(0);
    };
    orderOf(method, run, known, [32, 64, 128, 256]);
  });
  test("ark4 adapts its steps to a stiff part", () => {
    const field = {
      implicit: (t: Tensor, y: Tensor): Tensor => cos(t).sub(y).mul(1000),
      explicit: (_t: Tensor, y: Tensor): Tensor => y.mul(-0.5),
    };
    const s = solveOde<Tensor, undefined, "split">(field, tensor([0]), {
      t1: 1,
      method: ark4(),
      rtol: 1e-6,
      atol: 1e-8,
    });
    // y = 1000·(1000.5·cos t + sin t) / (1000.5² + 1) once the transient is gone
    expect(last(s.y)[0]).toBeCloseTo((1000 * (1000.5 * Math.cos(1) + Math.sin(1))) / (1000.5 ** 2 + 1), 4);
    expect(s.statistics.steps).toBeLessThan(300);
  });
});

describe("symplectic methods", () => {
  const pendulum = { velocity: (_t: Tensor, p: Tensor) => p, force: (_t: Tensor, q: Tensor) => sin(q).neg() };
  const start = { q: tensor(1), p: tensor(0) };
  const known = solveOde((_t, { q, p }: typeof start) => ({ q: p, p: sin(q).neg() }), start, {
    t1: 4,
    ...tight,
  });
  const methods = [
    ["stormerVerlet", stormerVerlet(), [32, 64, 128]],
    ["yoshida4", yoshida4(), [32, 64, 128]],
    ["yoshida6", yoshida6(), [16, 32, 64]],
  ] as const;
  test.each(methods)("%s: order", (_name, method, counts) => {
    const run = (count: number): Tensor =>
      solveOde<typeof start, undefined, "hamiltonian">(pendulum, start, {
        t1: 4,
        method,
        controller: constantStep(4 / count),
      }).y.q.at(-1);
    orderOf(method, run, known.y.q.at(-1).item(), counts);
  });
  test.each(methods)("%s: the energy does not drift over a thousand turns", (_name, method) => {
    const { y } = solveOde<typeof start, undefined, "hamiltonian">(pendulum, start, {
      t1: 6700,
      method,
      controller: constantStep(0.2),
    });
    const energy = y.p.square().mul(0.5).sub(cos(y.q)).add(Math.cos(1)).abs();
    const half = Math.floor(energy.size / 2);
    const early = energy.at(`:${half}`).max().item();
    expect(early).toBeLessThan(0.01);
    expect(energy.at(`${half}:`).max().item()).toBeLessThan(1.05 * early + 1e-11);
  });
  test("without a constant step they say what they need", () => {
    expect(() =>
      solveOde<typeof start, undefined, "hamiltonian">(pendulum, start, { t1: 1, method: yoshida4() }),
    ).toThrow(/constantStep/);
    expect(() =>
      solveOde<typeof start, undefined, "hamiltonian">({} as never, start, { t1: 1, method: yoshida4() }),
    ).toThrow(DomainError);
  });
});

describe("splitting and exponential integrators", () => {
  test.each(["lie", "strang", "yoshida"] as const)("%s: order", (scheme) => {
    // y' = -y + y² by the exact flows of both terms
    const flows = [
      (h: Tensor, y: Tensor): Tensor => y.mul(exp(h.neg())),
      (h: Tensor, y: Tensor): Tensor => y.div(h.mul(y).neg().add(1)),
    ];
    const method = splitting(scheme);
    const run = (count: number): Tensor =>
      solveOde<Tensor, undefined, "flows">({ flows }, tensor(0.5), {
        t1: 1,
        method,
        controller: constantStep(1 / count),
      }).y.at(-1);
    orderOf(method, run, 1 / (1 + Math.E), [8, 16, 32]);
  });
  const nonlinear = (t: Tensor, y: Tensor): Tensor => cos(t).mul(y.flip()).add(y.square());
  test.each([
    [
      "etdrk4, matrix",
      etdrk4(),
      tensor([
        [-3, 1],
        [0.5, -2],
      ]),
    ],
    ["etdrk4, diagonal", etdrk4(), tensor([-3, 0])],
    [
      "exponentialEuler, matrix",
      exponentialEuler(),
      tensor([
        [-3, 1],
        [0.5, -2],
      ]),
    ],
    ["exponentialEuler, diagonal", exponentialEuler(), tensor([-3, 0])],
  ] as const)("%s: order", (_name, method, linear) => {
    const plain = (t: Tensor, y: Tensor): Tensor =>
      (linear.ndim === 1 ? linear.mul(y) : linear.matmul(y)).add(nonlinear(t, y));
    const known = last(solveOde(plain, tensor([0.5, 0.3]), { t1: 1, ...tight }).y)[0]!;
    const run = (count: number): Tensor =>
      solveOde<Tensor, undefined, "semilinear">({ linear, nonlinear }, tensor([0.5, 0.3]), {
        t1: 1,
        method,
        controller: constantStep(1 / count),
      })
        .y.at(-1)
        .at(0);
    orderOf(method, run, known, method.order === 1 ? [100, 200, 400] : [16, 32, 64]);
  });
  test("the linear part alone is exact for any step; its shape is checked", () => {
    const field = {
      linear: tensor([
        [-100, 1],
        [0, -2],
      ]),
      nonlinear: (_t: Tensor, y: Tensor) => y.mul(0),
    };
    const s = solveOde<Tensor, undefined, "semilinear">(field, tensor([1, 1]), {
      t1: 1,
      method: etdrk4(),
      controller: constantStep(0.5),
    });
    expect(last(s.y)[1]).toBeCloseTo(Math.exp(-2), 12);
    expect(last(s.y)[0]).toBeCloseTo(Math.exp(-100) * (1 - 1 / 98) + Math.exp(-2) / 98, 12);
    const wrong = { ...field, linear: tensor([1, 2, 3]) };
    expect(() =>
      solveOde<Tensor, undefined, "semilinear">(wrong, tensor([1, 1]), {
        t1: 1,
        method: etdrk4(),
        controller: constantStep(0.5),
      }),
    ).toThrow(ShapeError);
  });
});
