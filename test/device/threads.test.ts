// The pool of threads: what runs where, and what happens when a kernel fails in a worker.

import { matmul } from "polyadic";
import { readyThreads, setThreads, threads } from "polyadic/device";
import { key, normal } from "polyadic/random";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { f64, get, i32, ModuleBuilder, op } from "../../src/device/wasm/assembler.ts";
import { reserve, sharedMemory } from "../../src/device/wasm/memory.ts";
import { runParts, type SharedKernel } from "../../src/device/wasm/threads/pool.ts";
import { sharesMemory, started } from "./started.ts";

const before = threads();
afterAll(() => setThreads(before));

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

describe.runIf(sharesMemory)("threads", () => {
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
});
