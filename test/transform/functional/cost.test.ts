// What evaluations of functional derivatives cost, in primitives evaluated.
import type { Tensor } from "polyadic";
import { type Fn, grad, integrate, nabla, quadrature } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { countEvaluations, scalar } from "./functions.ts";

const y = scalar((x) => x.mul(2).sin().add(x.square()));

/** The k-th derivative. */
function repeated(f: Fn, k: number): Fn {
  let result = f;
  for (let i = 0; i < k; i++) result = nabla(result);
  return result;
}

describe("cost", () => {
  test("does not depend on the number of quadrature nodes", () => {
    const counts = [16, 256].map((nodes) => {
      const grid = quadrature("legendre", nodes, [0, 1]);
      const functional = (f: Fn): Tensor =>
        integrate(
          nabla(f)
            .square()
            .mul(f)
            .add(f.exp())
            .sub(nabla(nabla(f)).square()),
          { grid },
        );
      let derivative: Fn | undefined;
      const building = countEvaluations(() => {
        derivative = grad(functional)(y);
      });
      return { building, evaluating: countEvaluations(() => derivative!.call(0.3)) };
    });
    expect(counts[0]).toEqual(counts[1]);
    expect(counts[0]!.evaluating).toBeGreaterThan(10);
  });

  test("of shared functions is paid once per point", () => {
    let shared: Fn = y;
    for (let i = 0; i < 40; i++) shared = shared.add(shared);
    const evaluating = countEvaluations(() => shared.call(0.2));
    const base = countEvaluations(() => y.call(0.2));
    expect(evaluating).toBe(base + 40);
    expect(shared.call(0.2).item()).toBeCloseTo(2 ** 40 * y.call(0.2).item(), -2);
  });

  test("of repeated derivatives grows with a power of the order", () => {
    const derivative = (k: number): number => countEvaluations(() => repeated(y, k).call(0.2));
    const lagrange = (k: number): number => {
      const functional = (f: Fn): Tensor =>
        integrate(
          repeated(f, k)
            .square()
            .mul(repeated(f, k - 1).exp()),
        );
      const g = grad(functional)(y);
      return countEvaluations(() => g.call(0.2));
    };
    const growth = (count: (k: number) => number): number => count(8) / count(4);
    // Twice the order costs below four times as much, where nested forward mode would cost 2⁴ or 2⁸ times.
    expect(growth(derivative)).toBeLessThan(4);
    expect(growth(lagrange)).toBeLessThan(4);
  });
});
