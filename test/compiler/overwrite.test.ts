// Results that take the place of an operand: less memory, the same values.

import { add, exp, type Tensor, tensor } from "polyadic";
import { explain, jit } from "polyadic/compiler";
import { key, normal } from "polyadic/random";
import { scan } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const draw = (shape: readonly number[], seed = 0): Tensor => normal(key(seed), shape);

/** Compares with the eager result, and gives the arena in units of `unit` bytes. */
function check(f: (...args: Tensor[]) => unknown, args: readonly Tensor[]): number {
  const expected = [f(...args)].flat() as Tensor[];
  const actual = [jit(f)(...args)].flat() as Tensor[];
  expected.forEach((value, i) => {
    near(actual[i]!, value);
  });
  return explain(f)(...args).arenaBytes;
}

const N = 4096;
const BUFFER = 8 * N + 64;

/** Two reductions keep a map from waiting as an expression: its result is in memory. */
const materialized = (x: Tensor): Tensor => x.mul(x.sum().add(x.max()));

describe("a result over an operand", () => {
  test("a chain of maps needs one buffer", () => {
    const chain = (x: Tensor): Tensor => materialized(materialized(materialized(x)));
    expect(check(chain, [draw([N])])).toBeLessThan(1.1 * BUFFER);
  });

  test("an operand that is read again later stays", () => {
    const f = (x: Tensor): Tensor => materialized(materialized(x)).mul(x.cumsum(0));
    expect(check(f, [draw([N])])).toBeGreaterThan(1.9 * BUFFER);
  });

  test("nothing lies over a transposed or reversed operand", () => {
    const square = draw([64, 64]);
    expect(check((x) => materialized(materialized(x).add(x.transpose())), [square])).toBeGreaterThan(
      1.9 * BUFFER,
    );
    check((x) => materialized(materialized(x).add(materialized(x).transpose())), [square]);
    check((x) => add(materialized(x), materialized(x).flip(0)).mul(2), [draw([N])]);
  });

  test("rows that do not fill vectors, with a broadcast operand", () => {
    for (const columns of [1, 2, 3, 5, 31, 33])
      for (const dtype of ["float64", "float32"] as const)
        check(
          (x, b) => materialized(materialized(x).add(b)),
          [draw([37, columns]).astype(dtype), draw([columns], 1).astype(dtype)],
        );
  });

  test("functions whose rare cases are computed a second time", () => {
    const x = tensor(Array.from({ length: N }, (_, i) => (i % 500 === 0 ? -800 : i / N)));
    check((y) => exp(y.mul(y.min().mul(0).add(1))).mul(2), [x]);
    check((y) => exp(y.add(y.sum().mul(0))).tanh(), [x]);
  });

  test("several results of one pass, each over an operand that another reads", () => {
    const f = (x: Tensor, y: Tensor): Tensor[] => {
      const a = materialized(x);
      const b = materialized(y);
      const c = a.add(b);
      const d = a.sub(b.mul(2));
      return [c.mul(c.sum()), d.mul(d.sum())];
    };
    check(f, [draw([N]), draw([N], 1)]);
    check(f, [draw([33, 7]), draw([33, 7], 1)]);
    // The second result reads the same operand as another view.
    const views = (x: Tensor): Tensor[] => {
      const a = materialized(x);
      const b = a.reshape([64, N / 64]).reshape([N]);
      return [a.add(1), b.mul(2)].map((y) => y.mul(y.sum()));
    };
    check(views, [draw([N])]);
  });

  test("results of another element size", () => {
    check((x) => materialized(x).greater(0).astype("float64").mul(x), [draw([N])]);
    check((x) => materialized(x).astype("float32").mul(2), [draw([N])]);
  });

  test("inside of a loop, turn after turn", () => {
    const f = (x: Tensor): Tensor =>
      scan(
        (carry: Tensor, step: Tensor) => [materialized(carry).mul(0.01).add(step), carry.sum()],
        x,
        draw([5, N], 2),
      ).carry;
    check(f, [draw([N])]);
  });
});
