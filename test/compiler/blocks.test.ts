// Concatenation and padding in compiled code: parts are written where they belong.

import { arange, concat, pad, type Tensor } from "polyadic";
import { explain, jit } from "polyadic/compiler";
import { key, normal } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const draw = (shape: readonly number[], seed = 0): Tensor => normal(key(seed), shape);

function same(f: (...args: Tensor[]) => Tensor, args: readonly Tensor[], calls?: number): void {
  near(jit(f)(...args), f(...args), 1e-14);
  if (calls !== undefined) expect(explain(f)(...args).calls, "calls out of the module").toBe(calls);
}

describe("concat", () => {
  test("along any axis, of rows of whole vectors without a call", () => {
    for (const dtype of ["float64", "float32"] as const) {
      const [a, b, c] = [draw([3, 4, 8]), draw([3, 4, 16], 1), draw([3, 2, 8], 2)].map((x) =>
        x.astype(dtype),
      );
      same((x, y) => concat([x.mul(2), y, x.sin()], 2), [a!, b!], 0);
      same((x, z) => concat([z, x.exp(), z.neg()], 1), [a!, c!], 0);
      same((x) => concat([x, x], 2).sum({ axis: 0 }).add(1), [a!], 0);
    }
    same(
      (x, y) => concat([x.add(1), y], 1),
      [arange(6).reshape([2, 3]).astype("int32"), arange(2).reshape([2, 1]).astype("int32")],
      0,
    );
  });

  test("rows that do not fill vectors, transposed parts, empty parts", () => {
    for (const width of [1, 3, 5, 7])
      same((x, y) => concat([x.mul(3), y], 1), [draw([4, width]), draw([4, 5], 1)]);
    same((x, y) => concat([x.transpose(), y], 1), [draw([8, 4]), draw([4, 8], 1)], 0);
    same((x, y) => concat([x, y, x], 1), [draw([4, 0]), draw([4, 8], 1)]);
  });

  test("several in one function, each read by others", () => {
    same(
      (x, y) => {
        const first = concat([x, y], 1);
        const second = concat([y.mul(2), x.mul(3)], 1);
        return concat([first.sub(second), first.add(second)], 1).mul(first.sum());
      },
      [draw([5, 8]), draw([5, 8], 1)],
      0,
    );
  });
});

describe("pad", () => {
  const around = (x: Tensor, before: number[], after: number[], value = 0): Tensor =>
    pad(
      x,
      before.map((n, i) => [n, after[i]!] as const),
      { value },
    );

  test("with zeros and other values, on every side", () => {
    same((x) => around(x.mul(2), [1, 0], [0, 3]), [draw([3, 8])], 0);
    same((x) => around(x, [0, 8], [2, 8], 1.5), [draw([3, 8])], 0);
    same((x) => around(x, [2, 1], [1, 1]), [draw([3, 5])]);
    same((x) => around(x, [0, 0], [0, 0]).mul(2), [draw([3, 5])], 0);
  });

  test("the derivative of slices", () => {
    same(
      grad((x: Tensor) => x.at("...", ":8").mul(x.at("...", "8:")).sin().sum()),
      [draw([6, 16])],
      0,
    );
  });
});
