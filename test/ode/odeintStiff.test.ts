// Implicit methods inside of transforms.

import { stack, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { ark4, ars222, ars443, bdf, esdirk4, odeint, radau5, sdirk4, solveOde } from "polyadic/ode";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

/** Robertson's chemical reactions: rates from 0.04 to 3e7. */
const robertson = (_t: Tensor, y: Tensor, k: Tensor): Tensor => {
  const [a, b, c] = [y.at(0), y.at(1), y.at(2)];
  const first = a.mul(k.at(0));
  const second = b.mul(b).mul(k.at(1));
  const third = b.mul(c).mul(k.at(2));
  return stack([third.sub(first), first.sub(third).sub(second), second]);
};
const rates = tensor([0.04, 3e7, 1e4]);
const y0 = tensor([1, 0, 0]);
const tolerances = { rtol: 1e-7, atol: 1e-11 };

const methods = [
  ["sdirk4", sdirk4],
  ["esdirk4", esdirk4],
  ["radau5", radau5],
] as const;

describe.each(methods)("%s", (_name, method) => {
  test("a stiff problem: as solveOde", () => {
    const known = solveOde(robertson, y0, {
      t1: 40,
      method: radau5(),
      args: rates,
      rtol: 1e-10,
      atol: 1e-14,
    });
    const run = (y: Tensor): Tensor => {
      const { y: states, converged } = odeint(robertson, y, [0, 40], {
        method: method(),
        args: rates,
        ...tolerances,
      });
      return states.at(1).mul(converged.astype("float64"));
    };
    const end = known.y.at(-1);
    near(jit(run)(y0), end, 1e-6);
  });

  test("derivatives by initial values and arguments are those of differences", () => {
    const f = (k: Tensor): Tensor =>
      odeint(robertson, y0, [0, 1], { method: method(), args: k.mul(rates), ...tolerances })
        .y.at(1)
        .mul(tensor([1, 1e4, 2]))
        .sum();
    const at = tensor([1, 1, 1]);
    const slope = jit(grad(f))(at);
    const value = jit(f);
    const h = 1e-3;
    for (let i = 0; i < 3; i++) {
      const moved = (sign: number): number =>
        value(tensor([0, 1, 2].map((j) => (j === i ? 1 + sign * h : 1)))).item() as number;
      expect(slope.item(i)).toBeCloseTo((moved(1) - moved(-1)) / (2 * h), 3);
    }
  });

  test("batches", () => {
    const decay = (_t: Tensor, y: Tensor): Tensor => y.mul(-1000).add(y.square());
    const run = (y: Tensor): Tensor =>
      odeint(decay, y, [0, 0.01], { method: method(), ...tolerances }).y.at(1);
    const starts = tensor([
      [1, 2],
      [3, 100],
    ]);
    const alone = stack([run(starts.at(0)), run(starts.at(1))]);
    near(vmap(run)(starts), alone, 1e-6);
  });
});

describe("fixed steps", () => {
  // y' = -50 (y - cos t) has the exact solution below.
  const exact = (t: number): number =>
    (2500 * Math.cos(t) + 50 * Math.sin(t)) / 2501 - (2500 / 2501) * Math.exp(-50 * t);
  const relax = (t: Tensor, y: Tensor): Tensor => y.sub(t.cos()).mul(-50);
  const split = {
    implicit: (_t: Tensor, y: Tensor) => y.mul(-50),
    explicit: (t: Tensor, y: Tensor) => y.mul(0).add(t.cos().mul(50)),
  };
  const errorOf = (end: Tensor): number => Math.abs((end.item(0) as number) - exact(1));

  test.each([
    ["sdirk4", sdirk4(), 4],
    ["esdirk4", esdirk4(), 4],
    ["radau5", radau5(), 5],
  ] as const)("%s keeps its order", (_name, method, order) => {
    const errors = [160, 320].map((steps) =>
      errorOf(odeint(relax, tensor([0]), [0, 1], { method, steps }).y.at(1)),
    );
    expect(Math.log2(errors[0]! / errors[1]!)).toBeGreaterThan(order - 0.6);
  });

  test.each([
    ["ars222", ars222(), 2],
    ["ars443", ars443(), 3],
    ["ark4", ark4(), 4],
  ] as const)("%s keeps its order on a split right-hand side", (_name, method, order) => {
    const errors = [160, 320].map((steps) =>
      errorOf(odeint<Tensor, undefined, "split">(split, tensor([0]), [0, 1], { method, steps }).y.at(1)),
    );
    expect(Math.log2(errors[0]! / errors[1]!)).toBeGreaterThan(order - 0.6);
  });
});

test("a method with a memory of steps cannot be traced, and says so", () => {
  expect(() => odeint((_t, y: Tensor) => y, y0, [0, 1], { method: bdf() })).toThrow(/solveOde/);
});
