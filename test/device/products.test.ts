// Products with several threads: the same bits as with one.

import { matmul, type Tensor } from "polyadic";
import { readyThreads, setDevice, setThreads, threads } from "polyadic/device";
import { key, normal } from "polyadic/random";
import { afterAll, describe, expect, test } from "vitest";
import { sharesMemory, started } from "./started.ts";

// Native libraries share out their products in their own ways.
setDevice("wasm");
const before = threads();
afterAll(() => setThreads(before));

describe.each(["float32", "float64", "complex128"] as const)("%s products", (dtype) => {
  const draw = (seed: number, shape: number[]): Tensor => normal(key(seed), shape).astype(dtype);
  const cases = [
    [draw(1, [301, 260]), draw(2, [260, 333])],
    [draw(3, [500, 40]), draw(4, [40, 500])],
    [draw(5, [257, 300]).mT(), draw(6, [257, 129])],
  ] as const;
  const products = () => cases.map(([a, b]) => matmul(a, b).toTypedArray());

  test.runIf(sharesMemory)("are bitwise the same for any number of threads", async () => {
    setThreads(1);
    const expected = products();
    for (const count of [2, 3]) {
      await started(count);
      products().forEach((actual, i) => {
        expect(actual.every((x, k) => Object.is(x, expected[i]![k]))).toBe(true);
      });
      expect(readyThreads()).toBe(count);
    }
  });
});

describe("the number of threads", () => {
  test("must be a positive integer", () => {
    for (const count of [0, -1, 1.5, Number.NaN]) expect(() => setThreads(count)).toThrow(/at least 1/);
  });
  test("is one where memory cannot be shared", () => {
    setThreads(3);
    expect(threads()).toBe(sharesMemory ? 3 : 1);
  });
});
