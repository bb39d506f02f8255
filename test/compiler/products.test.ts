// Products of matrices that lie in the arena, in every layout.

import { matmul, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { key, normal } from "polyadic/random";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const LAYOUTS: readonly [string, (x: Tensor) => Tensor][] = [
  ["by rows", (x) => x],
  ["by columns", (x) => x.mT().add(0).mT()],
  [
    "every other row",
    (x) =>
      x.reshape([x.shape[0]!, 1, x.shape[1]!]).broadcastTo([x.shape[0]!, 2, x.shape[1]!]).add(0).at(":", 1),
  ],
  [
    "every other column",
    (x) =>
      x
        .reshape([...x.shape, 1])
        .broadcastTo([...x.shape, 2])
        .add(0)
        .at("...", 1),
  ],
];

describe.each(["float32", "float64", "complex128"] as const)("%s", (dtype) => {
  test.each([
    [5, 7, 8],
    [40, 300, 16],
    [33, 20, 10],
    [64, 64, 1030],
    [3, 600, 64],
    [1, 50, 40],
    [40, 50, 1],
  ])("[%i, %i] · [%i]", (m, k, n) => {
    const a = normal(key(1), [m, k]).astype(dtype);
    const b = normal(key(2), [k, n]).astype(dtype);
    for (const [nameA, f] of LAYOUTS)
      for (const [nameB, g] of LAYOUTS) {
        const product = (x: Tensor, y: Tensor): Tensor => matmul(f(x.mul(1.5)), g(y.mul(0.5)));
        try {
          near(jit(product)(a, b), product(a, b), dtype === "float32" ? 1e-4 : 1e-11);
        } catch (error) {
          throw new Error(`${nameA} times ${nameB}: ${(error as Error).message}`);
        }
      }
  });
});

test("a tall transposed factor is turned in pieces", () => {
  const a = normal(key(3), [300, 6000]);
  const b = normal(key(4), [300, 4]);
  const f = (x: Tensor, y: Tensor): Tensor => matmul(x.mul(2).mT(), y.mul(2));
  near(jit(f)(a, b), f(a, b), 1e-11);
  expect(jit(f)(a, b).shape).toEqual([6000, 4]);
});

test("batches of products", () => {
  const a = normal(key(5), [3, 2, 9, 10]);
  const b = normal(key(6), [2, 10, 12]);
  const f = (x: Tensor, y: Tensor): Tensor => matmul(x.add(1), y.sub(tensor(1)));
  near(jit(f)(a, b), f(a, b), 1e-11);
});
