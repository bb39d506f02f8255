import { PassThrough } from "node:stream";
import { afterEach, expect, it, vi } from "vitest";
import type { Terminal } from "../../src/report/progressBar.ts";
import { progressBar } from "../../src/report/progressBar.ts";

/** A stream that says it is a terminal and keeps what it is sent. */
function terminal(): Terminal & { text: () => string } {
  let text = "";
  const stream = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 100,
    cursorTo: () => true,
    clearLine: () => true,
    moveCursor: () => true,
  });
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return Object.assign(stream, { text: () => text });
}

afterEach(() => vi.useRealTimers());

it("shows nothing in the first second, then the share, the time left and the stage", () => {
  vi.useFakeTimers();
  const output = terminal();
  const bar = progressBar(output);
  bar.update({ fraction: 0.1, stage: "spectra" });
  vi.advanceTimersByTime(900);
  bar.update({ fraction: 0.2, stage: "tucker" });
  expect(output.text()).toBe("");
  vi.advanceTimersByTime(3100);
  bar.update({ fraction: 0.4, stage: "train" });
  bar.stop();
  expect(output.text()).toContain("40 %");
  expect(output.text()).toContain("about 6 s left");
  expect(output.text()).toContain("train");
});

it("shows nothing where nobody watches", () => {
  vi.useFakeTimers();
  let written = "";
  const bar = progressBar({ write: (text) => (written += text) });
  vi.advanceTimersByTime(5000);
  bar.update({ fraction: 0.5, stage: "x" });
  bar.stop();
  expect(written).toBe("");
});
