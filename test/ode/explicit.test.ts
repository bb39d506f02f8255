// Explicit methods, the driver around them, dense output, events and what is refused.

import {
  AbortedError,
  cos,
  DomainError,
  DTypeError,
  exp,
  ShapeError,
  sin,
  stack,
  type Tensor,
  TracerError,
  TreeError,
  tensor,
} from "polyadic";
import {
  bosh3,
  constantStep,
  dop853,
  dopri5,
  euler,
  heun,
  midpoint,
  type OdeMethod,
  pid,
  rk4,
  solveOde,
  stepFilters,
  tsit5,
} from "polyadic/ode";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import reference from "../reference/ode.json" with { type: "json" };
import { fittedOrder, problems } from "./problems.ts";

const all: Readonly<Record<string, OdeMethod<"plain">>> = {
  dopri5: dopri5(),
  dop853: dop853(),
  tsit5: tsit5(),
  bosh3: bosh3(),
  heun: heun(),
  midpoint: midpoint(),
  euler: euler(),
  rk4: rk4(),
};
const last = (y: Tensor): number[] => y.at(-1).toArray() as number[];
const pendulum = (_t: Tensor, y: Tensor): Tensor => stack([y.at(1), sin(y.at(0)).neg()]);
const pendulumAt = (t1: number): number[] =>
  last(
    solveOde(pendulum, tensor([1, 0]), {
      t1,
      method: dop853(),
      rtol: 1e-13,
      atol: 1e-14,
      saveAt: { times: [t1] },
    }).y,
  );

describe("against SciPy", () => {
  const plain = ["decay", "oscillator", "lotkaVolterra", "arenstorf", "pleiades"] as const;
  test.each(plain)("%s: the end, at tight tolerances", (name) => {
    const { y0, t1, end } = reference[name];
    const s = solveOde(problems[name]!, tensor(y0), { t1, method: dop853(), rtol: 1e-13, atol: 1e-14 });
    expect(s.converged).toBe(true);
    last(s.y).forEach((value, i) => {
      expect(Math.abs(value - end[i]!)).toBeLessThan(1e-9 * (1 + Math.abs(end[i]!)));
    });
  });
  test.each(plain)("%s: the same steps as RK45 and DOP853", (name) => {
    const { y0, t1, statistics } = reference[name];
    for (const [method, known] of [
      [dopri5(), statistics.RK45],
      [dop853(), statistics.DOP853],
    ] as const) {
      const s = solveOde(problems[name]!, tensor(y0), { t1, method, rtol: 1e-7, atol: 1e-9 });
      expect(Math.abs(s.statistics.evaluations - known.evaluations)).toBeLessThanOrEqual(
        0.02 * known.evaluations + 14,
      );
      last(s.y).forEach((value, i) => {
        expect(value).toBeCloseTo(known.end[i]!, name === "arenstorf" ? 3 : 6);
      });
    }
  });
});

describe("orders", () => {
  test.each(Object.entries(all))("%s", (name, method) => {
    const known = pendulumAt(2);
    const first = { dop853: 2, dopri5: 16, tsit5: 16 }[name] ?? 32;
    const errors = [0, 1, 2, 3].map((i) => {
      const options = { t1: 2, method, controller: constantStep(2 / (first * 2 ** i)) };
      const end = last(solveOde(pendulum, tensor([1, 0]), options).y);
      return Math.hypot(...end.map((value, k) => value - known[k]!));
    });
    expect(fittedOrder(errors)).toBeGreaterThan(method.order - 0.15);
  });

  test.each([
    ["dopri5", 4],
    ["tsit5", 4],
    ["dop853", 7],
    ["bosh3", 3],
  ] as const)("dense output of %s", (name, order) => {
    // The largest distance inside of steps from a solution that is much finer.
    const truth = solveOde(pendulum, tensor([1, 0]), {
      t1: 2,
      method: dop853(),
      rtol: 1e-13,
      atol: 1e-14,
      saveAt: { dense: true },
    });
    const errors = [4, 8, 16].map((count) => {
      const s = solveOde(pendulum, tensor([1, 0]), {
        t1: 2,
        method: all[name]!,
        controller: constantStep(2 / count),
        saveAt: { dense: true },
      });
      const times = tensor(Array.from({ length: 97 }, (_, i) => (2 * i) / 96));
      return s.dense!(times).sub(truth.dense!(times)).abs().max().item();
    });
    expect(fittedOrder(errors)).toBeGreaterThan(order - 0.15);
  });
});

describe("what is kept", () => {
  const decay = (_t: Tensor, y: Tensor): Tensor => y.neg();
  test("steps, times, or the whole solution", () => {
    const steps = solveOde(decay, tensor([1]), { t1: 2 });
    expect(steps.t.item(0)).toBe(0);
    expect(steps.t.item(steps.t.size - 1)).toBe(2);
    expect(steps.y.shape).toEqual([steps.statistics.accepted + 1, 1]);
    const times = [0, 0.3, 1, 2];
    const at = solveOde(decay, tensor([1]), { t1: 2, rtol: 1e-9, atol: 1e-12, saveAt: { times } });
    expect(at.t.toArray()).toEqual(times);
    times.forEach((t, i) => {
      expect(at.y.item(i, 0)).toBeCloseTo(Math.exp(-t), 8);
    });
    const { dense } = solveOde(decay, tensor([1]), {
      t1: 2,
      rtol: 1e-9,
      atol: 1e-12,
      saveAt: { dense: true },
    });
    expect(dense!(0.7).item(0)).toBeCloseTo(Math.exp(-0.7), 8);
    expect(dense!(tensor([0.1, 1.9])).shape).toEqual([2, 1]);
    expect(() => dense!(2.1)).toThrow(DomainError);
  });
  test("one compiled loop and the driver agree", () => {
    for (const method of [dopri5(), tsit5(), dop853(), bosh3()]) {
      const options = { t1: 3, method, rtol: 1e-7 };
      const straight = solveOde(pendulum, tensor([1, 0]), { ...options, saveAt: { times: [3] } });
      const driven = solveOde(pendulum, tensor([1, 0]), options);
      expect(straight.statistics).toEqual(driven.statistics);
      last(driven.y).forEach((value, i) => {
        expect(straight.y.item(0, i)).toBeCloseTo(value, 12);
      });
    }
  });
  test("backwards and forwards again", () => {
    const there = solveOde(pendulum, tensor([1, 0]), {
      t1: 3,
      rtol: 1e-10,
      atol: 1e-12,
      saveAt: { times: [3] },
    });
    const back = solveOde(pendulum, there.y.at(0), { t0: 3, t1: 0, rtol: 1e-10, atol: 1e-12 });
    expect(last(back.y)[0]).toBeCloseTo(1, 8);
    expect(back.t.item(1)).toBeLessThan(3);
  });
  test("trees and complex states", () => {
    const s = solveOde(
      (_t, { z, w }: { z: Tensor; w: readonly Tensor[] }) => ({
        z: z.mul(tensor({ re: 0, im: 1 })),
        w: [w[0]!.neg()],
      }),
      {
        z: tensor([
          { re: 1, im: 0 },
          { re: 0, im: 2 },
        ]),
        w: [tensor([[1, 2]])],
      },
      { t1: Math.PI, rtol: 1e-10, atol: 1e-12, saveAt: { times: [Math.PI] } },
    );
    expect(s.y.z.shape).toEqual([1, 2]);
    expect(s.y.z.real().item(0, 0)).toBeCloseTo(-1, 8);
    expect(s.y.z.imag().item(0, 1)).toBeCloseTo(-2, 8);
    expect(s.y.w[0]!.shape).toEqual([1, 1, 2]);
    expect(s.y.w[0]!.item(0, 0, 1)).toBeCloseTo(2 * Math.exp(-Math.PI), 8);
  });
  test("arguments may change without a new function; float32 leaves stay so", () => {
    const f = (_t: Tensor, y: Tensor, rate: Tensor): Tensor => y.mul(rate);
    for (const rate of [-1, 0.5]) {
      const s = solveOde(f, tensor([1], { dtype: "float32" }), {
        t1: 1,
        args: tensor(rate, { dtype: "float32" }),
      });
      expect(s.y.dtype).toBe("float32");
      expect(last(s.y)[0]).toBeCloseTo(Math.exp(rate), 5);
    }
    const plain = solveOde(f, tensor([1]), { t1: 1, args: tensor(-1), compile: false });
    expect(last(plain.y)[0]).toBeCloseTo(Math.exp(-1), 5);
  });
});

describe("controllers", () => {
  test.each(Object.entries(stepFilters))("%s keeps the error near the tolerance", (_name, filter) => {
    const known = pendulumAt(10)[0]!;
    const s = solveOde(pendulum, tensor([1, 0]), {
      t1: 10,
      rtol: 1e-8,
      atol: 1e-8,
      controller: pid({ filter }),
    });
    expect(Math.abs(last(s.y)[0]! - known)).toBeLessThan(1e-6);
    expect(s.statistics.steps).toBeLessThan(150);
  });
  test("gains out of range are refused", () => {
    expect(() => pid({ integral: -1 })).toThrow(DomainError);
    expect(() => pid({ safety: 2 })).toThrow(DomainError);
    expect(() => constantStep(0)).toThrow(DomainError);
    expect(() => solveOde(pendulum, tensor([1, 0]), { t1: 1, method: rk4() })).toThrow(/constantStep/);
  });
});

describe("events", () => {
  const fall = (_t: Tensor, y: Tensor): Tensor => stack([y.at(1), y.at(1).mul(0).sub(9.81)]);
  test("a ball that bounces: each landing ends a flight, and the next starts from it", () => {
    let state = tensor([10, 0]);
    let t0 = 0;
    const landings: number[] = [];
    for (let bounce = 0; bounce < 3; bounce++) {
      const s = solveOde(fall, state, {
        t0,
        t1: 100,
        events: [{ g: (_t, y) => y.at(0), direction: -1, terminal: true }],
      });
      expect(s.status).toBe("event");
      t0 = s.events[0]!.t.item(0);
      landings.push(t0);
      state = stack([tensor(0), s.y.at(-1).at(1).mul(-0.8)]);
    }
    const first = Math.sqrt(20 / 9.81);
    [first, first * 2.6, first * (2.6 + 1.28)].forEach((t, i) => {
      expect(landings[i]).toBeCloseTo(t, 9);
    });
  });
  test("zeros of both directions, of one, and a count that ends integration", () => {
    const circle = (_t: Tensor, y: Tensor): Tensor => stack([y.at(1), y.at(0).neg()]);
    const run = (direction: -1 | 0 | 1, terminal: boolean | number) =>
      solveOde(circle, tensor([0.1, 1]), {
        t1: 20,
        rtol: 1e-10,
        atol: 1e-10,
        method: dop853(),
        events: [{ g: (_t, y) => y.at(0), direction, terminal }],
      });
    const phase = Math.atan2(0.1, 1);
    const both = run(0, false).events[0]!.t.toArray() as number[];
    both.forEach((t, i) => {
      expect(t).toBeCloseTo((i + 1) * Math.PI - phase, 8);
    });
    expect(both).toHaveLength(6);
    expect(run(1, false).events[0]!.t.size).toBe(3);
    const counted = run(-1, 2);
    expect(counted.status).toBe("event");
    expect(counted.t.item(counted.t.size - 1)).toBeCloseTo(3 * Math.PI - phase, 8);
  });
});

describe("what is reported, and what is refused", () => {
  const one = tensor([1]);
  const decay = (_t: Tensor, y: Tensor): Tensor => y.neg();
  test("too many steps, steps lost in rounding, numbers that are not finite", () => {
    const short = solveOde(decay, one, { t1: 100, maxSteps: 5 });
    expect([short.status, short.converged, short.y.shape[0]]).toEqual(["maxSteps", false, 6]);
    const blowUp = solveOde((_t, y: Tensor) => y.square(), one, { t1: 2 });
    expect(blowUp.converged).toBe(false);
    expect(blowUp.t.item(blowUp.t.size - 1)).toBeCloseTo(1, 5);
    const broken = solveOde((t, y: Tensor) => y.mul(t.neg().add(0.5).sqrt()), one, { t1: 1 });
    expect(broken.status).toBe("notFinite");
    expect(broken.message).toMatch(/t = 0\.4999|t = 0\.5/);
    expect(solveOde((_t, y: Tensor) => y.div(0), one, { t1: 1 }).message).toContain("t = 0 ");
    expect(solveOde((_t, y: Tensor) => y.div(0), one, { t1: 1, saveAt: { times: [1] } }).status).toBe(
      "notFinite",
    );
  });
  test("bad input throws at the door", () => {
    expect(() => solveOde(decay, tensor([Number.NaN]), { t1: 1 })).toThrow(DomainError);
    expect(() => solveOde(decay, tensor([1], { dtype: "int32" }), { t1: 1 })).toThrow(DTypeError);
    expect(() => solveOde((_t, y: Tensor) => y.reshape([1, 1]), one, { t1: 1 })).toThrow(ShapeError);
    expect(() => solveOde((_t, y: Tensor) => ({ y }) as unknown as Tensor, one, { t1: 1 })).toThrow(
      TreeError,
    );
    expect(() => solveOde(decay, one, { t1: 1, rtol: 0 })).toThrow(DomainError);
    expect(() => solveOde(decay, one, { t1: 1, atol: -1 })).toThrow(DomainError);
    expect(() => solveOde(decay, one, { t1: Number.NaN })).toThrow(DomainError);
    expect(() => solveOde(decay, one, { t1: 1, saveAt: { times: [0.5, 0.2] } })).toThrow(/in order/);
    expect(() => solveOde(decay, one, { t1: 1, saveAt: { times: [2] } })).toThrow(/outside/);
    expect(() => solveOde({} as never, one, { t1: 1 })).toThrow(/function/);
    expect(() => grad((y: Tensor) => solveOde(decay, y, { t1: 1 }).y.sum())(one)).toThrow(TracerError);
  });
  test("progress and the signal of the caller", () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const run = (): unknown =>
      solveOde((t, y: Tensor) => exp(cos(t)).mul(y), one, {
        t1: 10,
        signal: controller.signal,
        onProgress: ({ fraction, steps }) => {
          seen.push(fraction);
          if (steps >= 3) controller.abort();
        },
      });
    expect(run).toThrow(AbortedError);
    expect(seen).toHaveLength(3);
  });
});
