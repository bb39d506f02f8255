// Moments of initial weights, and what widths do to models in the maximal update parameterization.

import { DomainError, eye, type Tensor, tree, zeros } from "polyadic";
import { dense, initializers, lambda, mup, relu, sequential } from "polyadic/nn";
import { key, normal } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const spec = { shape: [200, 150], fanIn: 200, fanOut: 150, dtype: "float32" } as const;
const { glorotNormal, glorotUniform, heNormal, heUniform, lecunNormal, lecunUniform } = initializers;

describe("variance", () => {
  test.each([
    ["glorotUniform", glorotUniform(), 2 / 350],
    ["glorotNormal", glorotNormal(2), 8 / 350],
    ["heUniform", heUniform(), 2 / 200],
    ["heNormal", heNormal(1), 1 / 200],
    ["lecunUniform", lecunUniform(), 1 / 200],
    ["lecunNormal", lecunNormal(), 1 / 200],
    ["normal", initializers.normal(0.02), 0.02 ** 2],
    [
      "truncated",
      initializers.varianceScaling({ scale: 3, fan: "fanOut", distribution: "truncatedNormal" }),
      3 / 150,
    ],
    ["uniform", initializers.uniform(0.3), 0.3 ** 2 / 3],
  ] as const)("%s", (_name, init, expected) => {
    const w = init(key(0), spec);
    expect(w.shape).toEqual([200, 150]);
    expect(w.dtype).toBe("float32");
    expect(w.variance().item() / expected).toBeCloseTo(1, 1);
    expect(w.mean().item() ** 2 / expected).toBeLessThan(1e-3);
  });
});

test("bounds, constants and narrow floats", () => {
  expect(initializers.truncatedNormal(0.1)(key(1), spec).abs().max().item()).toBeLessThanOrEqual(0.2);
  expect(initializers.constant(3)(key(1), spec).mean().item()).toBe(3);
  expect(heNormal()(key(1), { ...spec, dtype: "bfloat16" }).dtype).toBe("bfloat16");
  expect(() => initializers.normal(0)).toThrow(DomainError);
});

test("orthogonal rows or columns, whichever are fewer", () => {
  const tall = initializers.orthogonal(2)(key(2), { ...spec, shape: [20, 6], dtype: "float64" });
  near(tall.mT().matmul(tall), eye(6).mul(4), 1e-10);
  const kernel = initializers.orthogonal()(key(2), { ...spec, shape: [4, 3, 2, 2], dtype: "float64" });
  const rows = kernel.reshape([4, 12]);
  near(rows.matmul(rows.mT()), eye(4), 1e-10);
});

describe("maximal update parameterization", () => {
  const model = (width: number) =>
    sequential(
      dense({ in: 10, out: width }),
      lambda(relu),
      dense({ in: width, out: width }),
      lambda(relu),
      dense({ in: width, out: 1 }),
    );
  const base = model(32).init(key(0));
  const parameterization = (width: number) => {
    const params = model(width).init(key(1));
    return { params, ...mup({ params, base }) };
  };

  test("roles, factors and rates", () => {
    const { leaves, outputMultiplier, adamRates } = parameterization(128);
    const of = Object.fromEntries(leaves.map(({ path, ...rest }) => [path, rest]));
    expect(of["[0].weight"]).toEqual({ role: "vector", width: 1, initial: 1, adam: 1, sgd: 4 });
    expect(of["[2].weight"]).toEqual({ role: "hidden", width: 4, initial: 1, adam: 1 / 4, sgd: 1 });
    expect(of["[4].weight"]).toEqual({ role: "output", width: 4, initial: 2, adam: 1, sgd: 4 });
    expect(of["[2].bias"]).toMatchObject({ role: "vector", adam: 1 });
    expect(outputMultiplier).toBe(1 / 4);
    expect((adamRates as { weight: number }[])[2]!.weight).toBe(1 / 4);
  });

  test("a step of Adam's size changes outputs alike at all widths", () => {
    const x = normal(key(3), [16, 10], { dtype: "float32" });
    const change = (width: number, scaled: boolean): number => {
      const { params, initial, adamRates, outputMultiplier } = parameterization(width);
      const start = scaled ? initial(params) : params;
      const factor = scaled ? outputMultiplier : 1;
      const f = (p: typeof params): Tensor => model(width).apply(p, x).mul(factor);
      // Adam's first step is the sign of the gradient.
      const g = grad((p: typeof params) => f(p).sum())(start);
      const rates = tree.flatten(g).leaves.map((_, i) => (scaled ? rateAt(adamRates, i) : 1));
      let i = 0;
      const next = tree.map(
        (p, s) =>
          p.add(
            s
              .greater(0)
              .where(1, -1)
              .astype(p.dtype)
              .mul(1e-3 * rates[i++]!),
          ),
        start,
        g,
      );
      return f(next).sub(f(start)).abs().mean().item();
    };
    const growth = (scaled: boolean): number => change(512, scaled) / change(32, scaled);
    expect(growth(false)).toBeGreaterThan(8);
    expect(growth(true)).toBeLessThan(2);
    expect(growth(true)).toBeGreaterThan(0.5);
  });

  test("models of one width are left alone", () => {
    const same = mup({ params: base, base });
    expect(same.outputMultiplier).toBe(1);
    expect(same.leaves.every(({ adam, initial }) => adam === 1 && initial === 1)).toBe(true);
    expect(tree.leaves(same.initial(base))[0]).toBe(tree.leaves(base)[0]);
    expect(() => mup({ params: [zeros([2])], base: [zeros([2, 2])] })).toThrow(/base/);
  });
});

/** The i-th number of a tree of rates, keys sorted. */
function rateAt(rates: unknown, i: number): number {
  const found: number[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "number") found.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null)
      for (const name of Object.keys(value).sort()) visit((value as Record<string, unknown>)[name]);
  };
  visit(rates);
  return found[i]!;
}
