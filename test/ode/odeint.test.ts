// Integration inside of transforms: values, compilation, batches, and gradients of every kind.

import { DomainError, ShapeError, sin, stack, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { bosh3, dop853, dopri5, odeint, rk4, solveOde, tsit5, yoshida4 } from "polyadic/ode";
import { grad, jvp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

interface Populations {
  readonly prey: Tensor;
  readonly hunters: Tensor;
}
interface Rates {
  readonly birth: Tensor;
  readonly death: Tensor;
}
const lotkaVolterra = (_t: Tensor, { prey, hunters }: Populations, { birth, death }: Rates): Populations => ({
  prey: prey.mul(birth).sub(prey.mul(hunters)),
  hunters: hunters.mul(prey).sub(hunters.mul(death)),
});
const death = tensor(0.7);
const tight = { rtol: 1e-10, atol: 1e-10 };

describe("values", () => {
  const y0 = { prey: tensor([0.5, 0.8]), hunters: tensor([1, 2]) };
  test.each([
    ["dopri5", dopri5()],
    ["tsit5", tsit5()],
    ["dop853", dop853()],
    ["bosh3", bosh3()],
  ] as const)("%s: as solveOde, also compiled", (_name, method) => {
    const args = { birth: tensor(1.1), death };
    const times = [0, 1, 2.5];
    const options = { method, args, rtol: 1e-8, atol: 1e-8 };
    const known = solveOde(lotkaVolterra, y0, { ...options, t1: 2.5, saveAt: { times } });
    const run = (start: Populations) => odeint(lotkaVolterra, start, times, options);
    for (const found of [run(y0), jit(run)(y0)]) {
      near(found.y.prey, known.y.prey, 1e-6);
      expect(found.converged.item()).toBe(1);
      expect(found.accepted.item()).toBeLessThanOrEqual(found.steps.item());
    }
  });
  test("backwards, by a batch, and by fixed steps of any method that can be traced", () => {
    const decay = (_t: Tensor, y: Tensor): Tensor => y.neg();
    expect(odeint(decay, tensor([1]), [1, 0], tight).y.item(1, 0)).toBeCloseTo(Math.E, 8);
    const batch = vmap((y: Tensor) => odeint(decay, y, [0, 1], tight).y.at(1))(tensor([1, 2, -3]));
    near(batch, tensor([1, 2, -3]).mul(Math.exp(-1)), 1e-8);
    const fixed = odeint(decay, tensor([1]), [0, 0.5, 1], { method: rk4(), steps: 20 });
    expect(fixed.y.item(2, 0)).toBeCloseTo(Math.exp(-1), 7);
    const pendulum = {
      velocity: (_t: Tensor, p: Tensor) => p,
      force: (_t: Tensor, q: Tensor) => sin(q).neg(),
    };
    const moved = odeint(pendulum, { q: tensor(1), p: tensor(0) }, [0, 2], {
      method: yoshida4(),
      steps: 400,
    });
    const known = solveOde(
      (_t, { q, p }: { q: Tensor; p: Tensor }) => ({ q: p, p: sin(q).neg() }),
      { q: tensor(1), p: tensor(0) },
      { t1: 2, ...tight },
    );
    expect(moved.y.q.item(1)).toBeCloseTo(known.y.q.item(known.y.q.size - 1), 7);
  });
  test("not reaching the end is reported", () => {
    const s = odeint((_t, y: Tensor) => y.square(), tensor([1]), [0, 0.5, 2], { maxSteps: 200 });
    expect(s.converged.item()).toBe(0);
    expect(s.y.item(1, 0)).toBeCloseTo(2, 4);
    expect(s.y.item(2, 0)).toBeNaN();
  });
  test("bad input throws", () => {
    const f = (_t: Tensor, y: Tensor): Tensor => y;
    expect(() => odeint(f, tensor([1]), [0])).toThrow(ShapeError);
    expect(() => odeint(f, tensor([1]), [0, 2, 1])).toThrow(DomainError);
    expect(() => odeint(f, tensor([1]), [0, 1], { method: rk4() })).toThrow(/steps/);
    expect(() => odeint(f, tensor([1]), [0, 1], { rtol: -1 })).toThrow(DomainError);
    expect(() => odeint(f, tensor([1]), [0, 1], { adjoint: "none" as never })).toThrow(DomainError);
  });
});

describe("gradients", () => {
  const loss =
    (options: object) =>
    (birth: Tensor, prey: Tensor, times: Tensor): Tensor =>
      odeint(lotkaVolterra, { prey, hunters: tensor([1, 2]) }, times, {
        args: { birth, death },
        ...tight,
        maxSteps: 300,
        ...options,
      })
        .y.prey.square()
        .sum();
  const args = [tensor(1.1), tensor([0.5, 0.8]), tensor([0, 1, 2.5])] as const;
  /** Central differences by one element of one argument. */
  const difference = (which: number, at: number): number => {
    const e = 1e-4;
    const f = loss({ method: dop853(), rtol: 1e-13, atol: 1e-13 });
    const moved = (by: number): number => {
      const values = args.map((x, i) => {
        const data = x.toTypedArray() as Float64Array;
        if (i === which) data[at]! += by;
        return tensor(data, { shape: x.shape });
      }) as [Tensor, Tensor, Tensor];
      return f(...values).item();
    };
    return (8 * (moved(e) - moved(-e)) - (moved(2 * e) - moved(-2 * e))) / (12 * e);
  };
  const known = [
    [difference(0, 0)],
    [0, 1].map((i) => difference(1, i)),
    [0, 1, 2].map((i) => difference(2, i)),
  ];

  test.each([
    ["through the accepted steps", {}],
    ["by the adjoint equation", { adjoint: "backsolve" }],
    ["through fixed steps", { steps: 100, method: rk4() }],
  ] as const)("%s, eagerly and compiled, by state, parameters and times", (_name, options) => {
    const gradient = grad(loss(options), { argnums: [0, 1, 2] });
    for (const found of [gradient(...args), jit(gradient)(...args)])
      found.forEach((g, which) => {
        (g.ravel().toArray() as number[]).forEach((value, i) => {
          expect(Math.abs(value - known[which]![i]!)).toBeLessThan(2e-6);
        });
      });
  });
  test("forward mode", () => {
    const { tangent } = jvp((birth: Tensor) => loss({})(birth, args[1], args[2]), [args[0]], [tensor(1)]);
    expect(tangent.item()).toBeCloseTo(known[0]![0]!, 6);
  });
  test("of a batch of starts", () => {
    const each = (prey: Tensor): Tensor => loss({})(args[0], stack([prey, tensor(0.8)]), args[2]);
    const batch = vmap(grad(each))(tensor([0.5, 1]));
    expect(batch.item(0)).toBeCloseTo(known[1]![0]!, 6);
  });
});
