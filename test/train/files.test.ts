import { existsSync, readFileSync } from "node:fs";
import { FileError } from "polyadic/tensor";
import { fit } from "polyadic/train";
import { expect, test, vi } from "vitest";
import { renderCurves } from "../../src/train/curves.ts";
import { temporaryFolder } from "../io/folder.ts";
import { basic, regression } from "./problems.ts";

const folder = temporaryFolder();

test("the log has a line per round, the report the curves", async () => {
  const log = folder("run.jsonl");
  const report = folder("run.html");
  const result = await fit({
    ...basic(5),
    validation: { data: regression(20, 3) },
    metrics: { error: (a, b) => a.sub(b).abs().mean() },
    log,
    report,
  });
  const lines = readFileSync(log, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual(result.history);
  const page = readFileSync(report, "utf8");
  expect(page).toContain("<h2>loss</h2>");
  expect(page).toContain("<h2>error</h2>");
  expect(page).toContain("validation");
  expect(page).toContain("all epochs done");
  expect(page.match(/<svg/g)!.length).toBeGreaterThanOrEqual(2);
});

test("a report of a run without rounds", async () => {
  const page = await renderCurves({
    params: 0,
    history: [],
    best: undefined,
    steps: 0,
    stopped: "diverged",
    seconds: 0,
  });
  expect(page).toContain("not finite");
});

test("checkpoints in a folder that is made, at every other step", async () => {
  const path = folder("deep/er/run.safetensors");
  const seen: boolean[] = [];
  await fit({
    ...basic(2),
    checkpoint: { path, every: { steps: 2 }, keep: 3 },
    onProgress: ({ step }) => {
      seen.push(existsSync(folder(`deep/er/run-${step - 3}.safetensors`)));
    },
  });
  expect(existsSync(path)).toBe(true);
  // Eight steps: of the checkpoints before the last, those of steps 4 and 6 are kept.
  expect([2, 4, 6].map((step) => existsSync(folder(`deep/er/run-${step}.safetensors`)))).toEqual([
    false,
    true,
    true,
  ]);
  expect(seen).toContain(true);
});

test("paths that cannot be written are found before any step", async () => {
  const onProgress = vi.fn();
  const path = `${import.meta.dirname}/problems.ts/run.safetensors`;
  await expect(fit({ ...basic(1), checkpoint: { path }, onProgress })).rejects.toThrow(FileError);
  await expect(fit({ ...basic(1), log: folder("no/run.jsonl"), onProgress })).rejects.toThrow(FileError);
  expect(onProgress).not.toHaveBeenCalled();
});

test("the last good checkpoint stays when the loss is lost", async () => {
  const path = folder("lost.safetensors");
  const run = (limit: number) =>
    fit({
      ...basic(4),
      loss: (output, target) => {
        const loss = output.sub(target).square().mean();
        return loss.less(limit).where(loss, Number.NaN);
      },
      checkpoint: { path, every: { steps: 1 } },
    });
  await expect(run(0.45)).rejects.toThrow(
    /loss is NaN at step \d+.*lost\.safetensors holds the last good checkpoint/,
  );
  // From there it goes on, with a loss that exists.
  const steps: number[] = [];
  await fit({ ...basic(4), checkpoint: { path }, onProgress: ({ step }) => void steps.push(step) });
  expect(steps[0]).toBeGreaterThanOrEqual(1);
  expect(steps.at(-1)).toBe(16);
});

test("progress goes to a terminal only", async () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await fit({ ...basic(1), progress: true });
  expect(write).not.toHaveBeenCalled();
  write.mockRestore();
});
