import { readyThreads, setThreads } from "polyadic/device";
import { expect } from "vitest";

/** Whether threads can share memory here: everywhere but in pages that are not cross-origin isolated. */
export const sharesMemory: boolean = globalThis.crossOriginIsolated !== false;

/** Workers start beside the program; it goes on alone until they are there. */
export async function started(count: number): Promise<void> {
  setThreads(count);
  for (let i = 0; i < 1500 && readyThreads() < count; i++) await new Promise((done) => setTimeout(done, 20));
  expect(readyThreads()).toBe(count);
}
