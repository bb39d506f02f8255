// The engine in a worker of its own, as a page uses it that must stay responsive: multiplies when asked.

import { matmul } from "polyadic";
import { readyThreads, setThreads } from "polyadic/device";
import { key, normal } from "polyadic/random";

/** How many threads to ask for, and how many to wait for. */
export interface Question {
  readonly wanted: number;
  readonly expected: number;
}

export interface Answer {
  readonly threads: number;
  readonly product: ArrayLike<number>;
}

globalThis.onmessage = async ({ data }: MessageEvent<Question>) => {
  setThreads(data.wanted);
  while (readyThreads() < data.expected) await new Promise((done) => setTimeout(done, 20));
  const large = normal(key(1), [400, 400]);
  const answer: Answer = { threads: readyThreads(), product: matmul(large, large).toTypedArray() };
  postMessage(answer);
};
