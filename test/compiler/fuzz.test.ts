// Random functions give the same values compiled and not compiled.

import fc from "fast-check";
import type { Tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { expect, test } from "vitest";
import { randomFunction } from "./randomGraphs.ts";

/** Equal to rounding: sums may run in another order. */
function sameValues(actual: Tensor, expected: Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const a = actual.toTypedArray();
  const b = expected.toTypedArray();
  const eps = expected.dtype === "float32" ? 1e-4 : 1e-11;
  const scale = Math.max(1, ...Array.from(b, (x) => (Number.isFinite(x) ? Math.abs(x) : 0)));
  for (let i = 0; i < b.length; i++)
    if (!(Math.abs(a[i]! - b[i]!) <= eps * scale || Object.is(a[i], b[i]) || a[i] === b[i]))
      throw new Error(`element ${i} is ${a[i]} compiled and ${b[i]} otherwise\n${actual}\n${expected}`);
}

test("random graphs: compiled and not compiled", () => {
  fc.assert(
    fc.property(randomFunction, ({ f, args }) => {
      const compiled = jit(f);
      const expected = f(...args);
      const first = compiled(...args);
      try {
        first.forEach((value, i) => {
          sameValues(value, expected[i]!);
        });
      } catch (error) {
        throw new Error(`${(error as Error).message}\n${compiled.graphOf(...args)}`);
      }
      // Nothing of one call may be left for the next.
      compiled(...args).forEach((value, i) => {
        expect(value.toTypedArray()).toEqual(first[i]!.toTypedArray());
      });
    }),
    { numRuns: 300 },
  );
});
