// The compute workers of a page: how many it starts, and what happens when it refuses them or one of them dies.

import { eye, matmul, PolyadicError, type Tensor } from "polyadic";
import { readyThreads, setThreads, threads } from "polyadic/device";
import { key, normal } from "polyadic/random";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { started } from "../device/started.ts";

const workers: Worker[] = [];
class CountedWorker extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(this);
  }
}

beforeEach(() => {
  setThreads(1);
  workers.length = 0;
  vi.stubGlobal("Worker", CountedWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const large: Tensor = normal(key(1), [400, 400]);
const one: Tensor = eye(400);

/** Whether products are right; this one is large enough for several threads. */
const multiplies = (): boolean => {
  const [actual, expected] = [matmul(large, one).toTypedArray(), large.toTypedArray()];
  return actual.every((x, i) => x === expected[i]);
};

describe.runIf(globalThis.crossOriginIsolated)("in an isolated page", () => {
  test("there is a worker for each thread but the first", async () => {
    await started(3);
    expect(workers.length).toBe(2);
    expect(multiplies()).toBe(true);
  });

  test("one thread goes on until the workers are ready", async () => {
    setThreads(2);
    expect(readyThreads()).toBe(1);
    expect(multiplies()).toBe(true);
    await started(2);
    expect(multiplies()).toBe(true);
  });

  test("the death of a worker is reported, and work goes on with one thread", async () => {
    await started(3);
    expect(multiplies()).toBe(true);
    // A page is not told of a worker that it ends, and one that sleeps ends only after a while.
    workers[1]!.terminate();
    const reported = await vi.waitUntil(
      () => {
        try {
          matmul(large, one);
        } catch (error) {
          return error;
        }
      },
      { timeout: 40_000, interval: 1000 },
    );
    expect(reported).toBeInstanceOf(PolyadicError);
    expect(String(reported)).toMatch(/did not answer.*further calls use one thread/);
    expect(readyThreads()).toBe(1);
    expect(multiplies()).toBe(true);
    await started(2);
    expect(multiplies()).toBe(true);
  });

  test("a page that refuses workers has one thread", () => {
    vi.stubGlobal(
      "Worker",
      class {
        constructor() {
          throw new DOMException("refused", "SecurityError");
        }
      },
    );
    setThreads(3);
    expect(readyThreads()).toBe(1);
    expect(multiplies()).toBe(true);
  });
});

describe.runIf(!globalThis.crossOriginIsolated)("in a page that is not isolated", () => {
  test("there is one thread, and no worker is started", () => {
    setThreads(4);
    expect(threads()).toBe(1);
    expect(readyThreads()).toBe(1);
    expect(multiplies()).toBe(true);
    expect(workers.length).toBe(0);
  });
});
