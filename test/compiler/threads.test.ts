// Large compiled loops on several threads.

import { exp, log, matmul, type Tensor, tree } from "polyadic";
import { jit } from "polyadic/compiler";
import { setDevice, setThreads, threads } from "polyadic/device";
import { key, normal } from "polyadic/random";
import { afterAll, expect, test } from "vitest";
import { sharesMemory, started } from "../device/started.ts";

// Native libraries share out their products in their own ways.
setDevice("wasm");
const before = threads();
afterAll(() => setThreads(before));

test.runIf(sharesMemory)("compiled loops give the same bits on one and on several threads", async () => {
  const x = normal(key(7), [300, 512]);
  const row = normal(key(8), [512]);
  const cases: readonly ((y: Tensor) => unknown)[] = [
    (y) => exp(y).mul(y).sub(y.tanh()),
    (y) => y.mul(row).add(row.sin()).reshape([512, 300]),
    (y) => ({ mask: y.greater(0.5), log: log(y.abs()) }),
    (y) => y.astype("float32").mul(2).sin(),
    (y) => y.at(":", "::-1").sub(y),
    // Batches of products, by rows and by columns.
    (y) => {
      const parts = y.reshape([30, 80, 64]);
      return [matmul(parts, parts.mT()), matmul(parts.mT(), parts.mul(2))];
    },
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
