// Programs that find no room in WebAssembly memory.
import { arange, sin, type Tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { grad } from "polyadic/transform";
import { expect, test } from "vitest";
import { align, enterArena, hasRoom, leaveArena } from "../../src/device/wasm/memory.ts";

test("sizes beyond 32 bits stay what they are", () => {
  expect(align(2 ** 31)).toBe(2 ** 31);
  expect(align(2 ** 32 + 1)).toBe(2 ** 32 + 64);
  expect(hasRoom(2 ** 31)).toBe(false);
  expect(hasRoom(2 ** 40)).toBe(false);
});

test("a program without room runs all the same", () => {
  const f = jit((x: Tensor): Tensor => grad((y: Tensor) => sin(y.square()).sum())(x).mul(2));
  const x = arange(300_000).mul(1e-5);
  const expected = f(x).toTypedArray();
  // All but two megabytes are taken, of which nothing is touched.
  let bytes = 2 ** 31;
  while (!hasRoom(bytes)) bytes -= 2 ** 20;
  enterArena(bytes - 2 ** 20);
  try {
    const actual = f(x).toTypedArray();
    expect(actual.length).toBe(expected.length);
    for (let i = 0; i < actual.length; i += 1000) expect(actual[i]).toBeCloseTo(expected[i]!, 12);
  } finally {
    leaveArena(bytes - 2 ** 20);
  }
});
