// Orthogonal polynomials and rules of quadrature against values of mpmath, and against what defines them.
import * as S from "polyadic/special";
import { type Tensor, tensor } from "polyadic/tensor";
import { grad, jvp } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import data from "../reference/special_polynomials.json" with { type: "json" };
import { near } from "../transform/near.ts";

const numbers = (x: Tensor): number[] => [...x.toTypedArray()] as number[];

/** The largest relative error. */
function worst(pairs: readonly (readonly [number, number, number?])[]): number {
  let top = 0;
  for (const [actual, expected, size = 0] of pairs) {
    const scale = Math.max(Math.abs(expected), size);
    const error = scale === 0 ? Math.abs(actual) : Math.abs(actual - expected) / scale;
    if (!(error <= top)) top = error;
  }
  return top;
}

describe("values", () => {
  test.each(Object.entries(data.values))("%s", (name, { params, entries }) => {
    const f = (S as unknown as Record<string, (...args: unknown[]) => Tensor>)[name]!;
    const size = Math.max(...entries.map((entry) => (entry[0] === 20 ? Math.abs(entry[2]!) : 0)));
    expect(
      worst(
        entries.map(([n, x, y]) => [
          f(n, ...params, tensor(x!)).item() as number,
          y!,
          n === 20 ? 1e-3 * size : 1,
        ]),
      ),
    ).toBeLessThan(1e-13);
  });
  test("derivatives are those of the polynomials", () => {
    // P₃' = (15x² - 3)/2
    const x = tensor([-0.7, 0.2, 1]);
    const slope = grad((v: Tensor) => S.evalLegendre(3, v).sum())(x);
    near(slope, x.square().mul(7.5).sub(1.5));
  });
  test("vander holds all degrees", () => {
    const x = tensor([[0.3], [-0.8]]);
    const all = S.vander("chebyshev", 6, x);
    expect(all.shape).toEqual([2, 1, 7]);
    for (const n of [0, 3, 6]) near(all.at("...", n), S.evalChebyt(n, x));
  });
  test("associated Legendre functions", () => {
    const x = tensor([-0.9, 0.1, 0.6]);
    const circle = x.square().neg().add(1);
    near(S.lpmv(1, 2, x), circle.sqrt().mul(x).mul(-3));
    near(S.lpmv(2, 2, x), circle.mul(3));
    near(S.lpmv(-1, 2, x), circle.sqrt().mul(x).mul(0.5));
    near(S.lpmv(0, 5, x), S.evalLegendre(5, x));
    expect(numbers(S.lpmv(3, 2, x))).toEqual([0, 0, 0].map((z) => expect.closeTo(z, 15)));
  });
  test("bad input throws", () => {
    expect(() => S.evalLegendre(-1, 0.5)).toThrow(/evalLegendre: n: an integer of at least 0/);
    expect(() => S.evalJacobi(2, -1, 0, 0.5)).toThrow(/alpha/);
    expect(() => S.evalGenlaguerre(2, Number.NaN, 0.5)).toThrow(/alpha/);
    expect(() => S.lpmv(0.5, 1, 0)).toThrow(/lpmv: m/);
    expect(() => S.vander("what" as "legendre", 1, 0)).toThrow(/family/);
  });
});

const rules: Readonly<Record<string, (n: number, alpha: number) => S.QuadratureRule>> = {
  legendre: (n) => S.gaussLegendre(n),
  jacobi: (n) => S.gaussJacobi(n, 0.5, -0.25),
  hermite: (n) => S.gaussHermite(n),
  laguerre: (n, alpha) => S.gaussLaguerre(n, alpha),
};

describe("rules of quadrature", () => {
  test.each(Object.entries(data.rules))("%s", (key, entries) => {
    const [name, n, alpha] = key.split(" ");
    const { nodes, weights } = rules[name!]!(Number(n), Number(alpha));
    const x = numbers(nodes);
    const w = numbers(weights);
    expect(worst(entries.map(([i, node]) => [x[i!]!, node!, 1e-3]))).toBeLessThan(
      1e-14 * (name === "laguerre" ? 10 : 2),
    );
    expect(worst(entries.map(([i, , weight]) => [w[i!]!, weight!]))).toBeLessThan(1e-12);
  });

  const moment = ({ nodes, weights }: S.QuadratureRule, k: number): number =>
    numbers(nodes).reduce((sum, x, i) => sum + numbers(weights)[i]! * x ** k, 0);
  const even = (k: number): number => (k % 2 === 0 ? 2 / (k + 1) : 0);
  test.each([
    ["Gauss", (n: number) => S.gaussLegendre(n), (n: number) => 2 * n - 1],
    ["Lobatto", (n: number) => S.gaussLobatto(n), (n: number) => 2 * n - 3],
    ["Radau", (n: number) => S.gaussRadau(n), (n: number) => 2 * n - 2],
    ["Radau, right", (n: number) => S.gaussRadau(n, { end: "right" }), (n: number) => 2 * n - 2],
    ["Clenshaw and Curtis", (n: number) => S.clenshawCurtis(n), (n: number) => n - 1],
  ] as const)("%s integrates polynomials up to its degree, and no further", (name, rule, degree) => {
    for (const n of [2, 3, 7]) {
      const found = rule(n);
      for (let k = 0; k <= degree(n); k++) expect(moment(found, k)).toBeCloseTo(even(k), 13);
      let next = degree(n) + 1;
      if (even(next) === 0 && !name.startsWith("Radau")) next += 1;
      expect(Math.abs(moment(found, next) - even(next)), `${name} ${n}`).toBeGreaterThan(1e-5);
    }
  });
  test("Chebyshev's rules", () => {
    const first = S.gaussChebyshev(6);
    const second = S.gaussChebyshev(6, 2);
    // ∫ x⁴ / √(1 - x²) = 3π/8 and ∫ x⁴ √(1 - x²) = π/16.
    expect(moment(first, 4)).toBeCloseTo((3 * Math.PI) / 8, 13);
    expect(moment(second, 4)).toBeCloseTo(Math.PI / 16, 13);
    const same = S.gaussJacobi(6, 0.5, 0.5);
    near(second.nodes, same.nodes, 1e-14);
    near(second.weights, same.weights, 1e-14);
  });
  test.each([
    ["legendre", S.gaussLegendre(24), "legendre", (k: number) => 2 / (2 * k + 1)],
    [
      "hermite",
      S.gaussHermite(24),
      "hermite",
      (k: number) => Math.sqrt(Math.PI) * 2 ** k * (S.gamma(k + 1).item() as number),
    ],
    ["laguerre", S.gaussLaguerre(24), "laguerre", () => 1],
  ] as const)("%s polynomials are orthogonal on the nodes", (_name, { nodes, weights }, family, norm) => {
    const v = S.vander(family, 12, nodes);
    const gram = v.mT().matmul(v.mul(weights.expandDims(-1)));
    for (let i = 0; i <= 12; i++)
      for (let j = 0; j <= 12; j++) {
        const scale = Math.sqrt(norm(i) * norm(j));
        expect((gram.at(i, j).item() as number) / scale).toBeCloseTo(i === j ? 1 : 0, 12);
      }
  });
  test("large rules keep weights positive and their sum", () => {
    for (const [rule, mass] of [
      [S.gaussLegendre(2000), 2],
      [S.gaussHermite(600), Math.sqrt(Math.PI)],
      [S.gaussLaguerre(300), 1],
      [S.clenshawCurtis(513), 2],
    ] as const) {
      const w = numbers(rule.weights);
      expect(w.every((value) => value >= 0)).toBe(true);
      expect(w.reduce((sum, value) => sum + value, 0) / mass).toBeCloseTo(1, 12);
      const x = numbers(rule.nodes);
      expect(x.every((value, i) => i === 0 || value > x[i - 1]!)).toBe(true);
    }
  });
  test("bad input throws", () => {
    expect(() => S.gaussLegendre(0)).toThrow(
      /gaussLegendre: n: an integer of at least 1 was expected, got 0/,
    );
    expect(() => S.gaussLobatto(1)).toThrow(/at least 2/);
    expect(() => S.gaussJacobi(3, -1.5, 0)).toThrow(/alpha: a finite number above -1/);
    expect(() => S.gaussChebyshev(3, 3 as 1)).toThrow(/kind 1 or 2/);
    expect(() => S.gaussRadau(3, { end: "middle" as "left" })).toThrow(/end/);
    expect(() => S.gaussHermite(3, { kind: "x" as "normal" })).toThrow(/kind/);
  });
});

test("forward derivatives of polynomials agree with reverse ones", () => {
  const x = tensor([0.1, 0.9]);
  const f = (v: Tensor): Tensor => S.evalJacobi(7, 0.5, 1.5, v);
  const slope = grad((v: Tensor) => f(v).sum())(x);
  near(jvp(f, [x], [x.mul(0).add(1)]).tangent, slope);
});
