// The compute workers of a page: how many it starts, what happens when it refuses them or one of them dies, and the
// engine inside of a worker.

import { eye, matmul, PolyadicError, type Tensor } from "polyadic";
import { readyThreads, setThreads, threads } from "polyadic/device";
import { key, normal } from "polyadic/random";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { sharesMemory, started } from "../device/started.ts";
import type { Answer, Question } from "./engine.ts";

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

describe.runIf(sharesMemory)("in an isolated page", () => {
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

describe.runIf(!sharesMemory)("in a page that is not isolated", () => {
  test("there is one thread, and no worker is started", () => {
    setThreads(4);
    expect(threads()).toBe(1);
    expect(readyThreads()).toBe(1);
    expect(multiplies()).toBe(true);
    expect(workers.length).toBe(0);
  });
});

test("a worker can hold the engine, with threads of its own, and gives the same bits", async () => {
  const worker = new Worker(new URL("./engine.ts", import.meta.url), { type: "module" });
  const question: Question = { wanted: 3, expected: sharesMemory ? 3 : 1 };
  const answer = await new Promise<Answer>((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(question);
  });
  worker.terminate();
  expect(answer.threads).toBe(question.expected);
  expect(answer.product).toEqual(matmul(large, large).toTypedArray());
});
