// The pool of threads: same results for any number, and what happens when a worker dies.

import { exp, log, matmul, type Tensor, tree } from "polyadic";
import { jit } from "polyadic/compiler";
import { setThreads, threads } from "polyadic/device";
import { key, normal } from "polyadic/random";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { f64, get, i32, ModuleBuilder, op } from "../../src/device/wasm/assembler.ts";
import { reserve, sharedMemory } from "../../src/device/wasm/memory.ts";
import { readyThreads, runParts, type SharedKernel } from "../../src/device/wasm/threads/pool.ts";

const before = threads();
afterAll(() => setThreads(before));

/** Workers start beside the program; it goes on alone until they are there. */
async function started(count: number): Promise<void> {
  setThreads(count);
  for (let i = 0; i < 200 && readyThreads() < count; i++) await new Promise((done) => setTimeout(done, 20));
  expect(readyThreads()).toBe(count);
}

function kernel(body: "store" | "trap"): SharedKernel {
  const module = new ModuleBuilder();
  module.importMemory();
  module.function("run", ["i32", "i32"], [], (f) => {
    if (body === "store") f.store("f64.store", get(f.param(0)), op("f64.convert_i32_s", get(f.param(1))));
    // Far outside of the memory.
    else f.store("f64.store", i32(-16), f64(1));
  });
  const bytes = module.toBytes();
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory: sharedMemory() },
  });
  return { bytes, name: "run", run: instance.exports["run"] as SharedKernel["run"] };
}

describe("threads", () => {
  beforeAll(() => reserve(1 << 16));

  test("every part runs once, wherever it runs", async () => {
    await started(3);
    const store = kernel("store");
    const at = 4096;
    const view = new Float64Array(sharedMemory().buffer);
    for (let round = 1; round <= 50; round++) {
      runParts(
        store,
        Array.from({ length: 7 }, (_, i) => [at + 8 * i, round * 10 + i]),
      );
      expect([...view.subarray(at / 8, at / 8 + 7)]).toEqual(
        Array.from({ length: 7 }, (_, i) => round * 10 + i),
      );
    }
  });

  test.each(["float32", "float64", "complex128"] as const)(
    "%s products are bitwise the same",
    async (dtype) => {
      const real = (seed: number, shape: number[]): Tensor => normal(key(seed), shape).astype(dtype);
      const cases = [
        [real(1, [301, 260]), real(2, [260, 333])],
        [real(3, [500, 40]), real(4, [40, 500])],
        [real(5, [257, 300]).mT(), real(6, [257, 129])],
      ] as const;
      setThreads(1);
      const expected = cases.map(([a, b]) => matmul(a, b).toTypedArray());
      for (const count of [2, 3]) {
        await started(count);
        cases.forEach(([a, b], i) => {
          const actual = matmul(a, b).toTypedArray();
          expect(actual.every((x, k) => Object.is(x, expected[i]![k]))).toBe(true);
        });
      }
    },
  );

  test("a kernel that fails in a worker is reported, and work goes on with one thread", async () => {
    await started(2);
    const trap = kernel("trap");
    const ours: SharedKernel = { ...trap, run: () => undefined };
    expect(() => runParts(ours, [[], []])).toThrow(
      /failed in a compute worker; further calls use one thread/,
    );
    expect(readyThreads()).toBe(1);
    const a = normal(key(1), [300, 300]);
    expect(matmul(a, a).shape).toEqual([300, 300]);
    await started(3);
  });

  test("the number of threads must be a positive integer", () => {
    for (const count of [0, -1, 1.5, Number.NaN]) expect(() => setThreads(count)).toThrow(/at least 1/);
  });
});

test("compiled loops give the same bits on one and on several threads", async () => {
  const x = normal(key(7), [300, 512]);
  const row = normal(key(8), [512]);
  const cases: readonly ((y: Tensor) => unknown)[] = [
    (y) => exp(y).mul(y).sub(y.tanh()),
    (y) => y.mul(row).add(row.sin()).reshape([512, 300]),
    (y) => ({ mask: y.greater(0.5), log: log(y.abs()) }),
    (y) => y.astype("float32").mul(2).sin(),
    (y) => y.at(":", "::-1").sub(y),
  ];
  for (const f of cases) {
    setThreads(1);
    const compiled = jit(f);
    const expected = tree.leaves(compiled(x)).map((leaf) => leaf.toTypedArray());
    await started(3);
    tree.leaves(compiled(x)).forEach((leaf, i) => {
      expect(leaf.toTypedArray().every((value, k) => Object.is(value, expected[i]![k]))).toBe(true);
    });
  }
});
