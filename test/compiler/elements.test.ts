// Elements of mixed types in compiled functions: integers, comparisons of them, casts.

import { arange, concat, exp, type Tensor, tensor, where } from "polyadic";
import { explain, jit } from "polyadic/compiler";
import { key, normal, randint } from "polyadic/random";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const same = (f: (...args: Tensor[]) => Tensor, ...args: Tensor[]): void => {
  near(jit(f)(...args), f(...args), 1e-14);
  expect(explain(f)(...args).calls, "calls out of the module").toBe(0);
};

const whole = (shape: readonly number[], seed = 0): Tensor => randint(key(seed), shape, -50, 50);
const real = (shape: readonly number[]): Tensor => normal(key(9), shape);

describe("elements of mixed types", () => {
  test("arithmetic and comparisons of integers", () => {
    const [a, b] = [whole([5, 7]), whole([5, 7], 1)];
    same((x, y) => x.mul(y).add(3).sub(y.square()), a, b);
    same((x, y) => x.maximum(y).minimum(7).neg(), a, b);
    for (const compare of ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const)
      same((x, y) => x[compare](y), a, b);
    same((x, y) => where(x.less(y), x, y.mul(2)), a, b);
  });

  test("broadcast, transposed and sliced operands", () => {
    same((x, y) => x.add(y), whole([4, 6]), whole([6], 1));
    same((x, y) => x.transpose().mul(y), whole([4, 6]), whole([6, 4], 1));
    same((x) => x.at("1:", "::2").add(x.at(":3", "1::2")), whole([4, 6]));
    same((x) => concat([x.at("3:"), x.neg(), x.at(":1")], 0), whole([7]));
  });

  test("casts wrap and cut off as eager ones do", () => {
    const x = tensor([0.9, -0.9, 2.5e9, -2.5e9, 1e15, 2 ** 63, Number.NaN, Infinity, -Infinity]);
    same((y) => y.astype("int32"), x);
    same((y) => y.astype("float32").astype("int32"), x);
    same((y) => y.astype("bool").astype("int32"), x);
    same((y) => y.astype("float32").mul(2).astype("float64"), real([33]));
    same((y) => y.astype("float64").mul(0.5), whole([33]));
  });

  test("functions of numbers made of integers run on vectors", () => {
    same((x, y) => exp(x.astype("float64").mul(0.01)).mul(y), whole([100]), real([100]));
    same((x, y) => exp(y).greater(1).astype("int32").add(x), whole([100]), real([100]));
  });

  test("one-hot rows and causal masks", () => {
    const positions = arange(6, undefined, 1, "int32");
    same((x) => x.reshape([-1, 1]).equal(positions).astype("float32"), tensor([0, 5, 3]).astype("int32"));
    same(
      (x) => where(positions.reshape([6, 1]).greaterEqual(positions), x, tensor(Number.NEGATIVE_INFINITY)),
      real([6, 6]),
    );
  });

  test("nothing of no elements, and one of one", () => {
    same((x) => x.add(1), whole([0, 3]));
    same((x) => exp(x.astype("float64")), whole([1]));
  });
});
