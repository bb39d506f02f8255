// What derivatives cost, counted in evaluations of primitives.

import { exp, sin, type Tensor, tensor } from "polyadic";
import { cholesky, solve } from "polyadic/linalg";
import { grad, jet, jvp, vmap } from "polyadic/transform";
import { expect, test } from "vitest";
import { countEvaluations } from "./count.ts";

const ORDERS = [1, 2, 3, 4, 5, 6, 7, 8];
const w = tensor([
  [0.3, -0.2],
  [0.5, 0.1],
]);

/** Smooth, with products, quotients, matrix products and several kinds of recurrences. */
const f = (x: Tensor): Tensor => {
  const h = w.matmul(x).tanh();
  const g = w.matmul(h.mul(sin(h))).exp();
  return g.div(h.square().add(1)).add(g.sqrt()).sum();
};

const jetCount = (g: (x: Tensor) => Tensor, x: Tensor, order: number): number => {
  const directions = [x.mul(0).add(1), ...new Array<null>(order - 1).fill(null)];
  return countEvaluations(() => jet(g, x, directions));
};

function nested(order: number): (x: Tensor) => Tensor {
  if (order === 0) return f;
  const lower = nested(order - 1);
  return (x) => jvp(lower, [x], [x.mul(0).add(1)]).tangent;
}

test("a jet of order k costs O(k²) evaluations, nested forward mode doubles with every order", () => {
  const at = tensor([0.4, -0.3]);
  const counts = ORDERS.map((order) => jetCount(f, at, order));
  // Second differences of a quadratic are constant; parity in the squares makes them alternate a little.
  const first = counts.slice(1).map((count, i) => count - counts[i]!);
  const second = first.slice(1).map((step, i) => step - first[i]!);
  expect(Math.max(...second)).toBeLessThanOrEqual(2 * (first[1]! - first[0]!) + 20);
  expect(counts[7]! / counts[3]!).toBeLessThan(4.5);
  const doubled = [4, 5, 6].map((order) => countEvaluations(() => nested(order)(at)));
  expect(doubled[1]! / doubled[0]!).toBeGreaterThan(1.8);
  expect(doubled[2]! / doubled[1]!).toBeGreaterThan(1.8);
  expect(jetCount(f, at, 6)).toBeLessThan(doubled[2]! / 5);
});

test("matrix functions: O(k²) where they have rules of their own", () => {
  const spd = (x: Tensor): Tensor =>
    w.matmul(w.mT()).add(
      exp(x).mul(
        tensor([
          [3, 0],
          [0, 2],
        ]),
      ),
    );
  for (const g of [
    (x: Tensor) => cholesky(spd(x)).sum(),
    (x: Tensor) => solve(spd(x), tensor([1, 2])).sum(),
  ]) {
    const counts = [4, 8].map((order) => jetCount(g, tensor(0.1), order));
    expect(counts[1]! / counts[0]!).toBeLessThan(5);
  }
});

test("a gradient costs a small multiple of its function, whatever the number of inputs", () => {
  const forward = countEvaluations(() => f(tensor([0.4, -0.3])));
  const reverse = countEvaluations(() => grad(f)(tensor([0.4, -0.3])));
  expect(reverse).toBeLessThan(6 * forward);
  const wide = (x: Tensor): Tensor => x.mul(x).sin().sum();
  expect(countEvaluations(() => grad(wide)(tensor([1, 2])))).toBe(
    countEvaluations(() => grad(wide)(tensor(new Float64Array(1000)))),
  );
});

test("vmap evaluates every primitive once for all examples", () => {
  const single = countEvaluations(() => f(tensor([0.4, -0.3])));
  const many = countEvaluations(() => vmap(f)(tensor(new Float64Array(200), { shape: [100, 2] })));
  expect(many).toBeLessThan(3 * single);
});
