import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { adam } from "polyadic/optim";
import { key } from "polyadic/random";
import { AbortedError, FileError, type Tensor, tree } from "polyadic/tensor";
import { fit } from "polyadic/train";
import { describe, expect, inject, test } from "vitest";
import { writeSafetensors } from "../../src/io/safetensors.ts";
import { buildScript } from "../build.ts";
import { temporaryFolder } from "../io/folder.ts";
import { basic, type MlpParams, mlp } from "./problems.ts";

const folder = temporaryFolder();
const valuesOf = (params: unknown): unknown => tree.leaves(params).map((leaf) => Array.from(leaf.data()));

/** Runs the script to its end, or kills it outright after some rounds and a few milliseconds. */
function runScript(
  script: string,
  args: readonly string[],
  kill?: { readonly rounds: number; readonly after: number },
): Promise<{ text: string; wasKilled: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    let errors = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    child.stdout.on("data", (piece) => {
      text += piece;
      if (kill && !timer && text.split("round").length > kill.rounds)
        timer = setTimeout(() => child.kill("SIGKILL"), kill.after);
    });
    child.stderr.on("data", (piece) => {
      errors += piece;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0 || signal === "SIGKILL") resolve({ text, wasKilled: signal === "SIGKILL" });
      else reject(new Error(errors));
    });
  });
}

const finalOf = (text: string): string => text.slice(text.indexOf("bits "));

test("a run killed outright at several moments ends with the same bits as one that was not", async () => {
  const script = await buildScript(
    fileURLToPath(new URL("./fixtures/killed.ts", import.meta.url)),
    folder("script"),
  );
  const whole = await runScript(script, [folder("whole.safetensors"), folder("whole.jsonl")]);
  expect(whole.text).toContain("bits ");
  const path = folder("killed.safetensors");
  const log = folder("killed.jsonl");
  let kills = 0;
  let state = inject("seed") || 1;
  const random = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (let i = 0; i < 4; i++) {
    const { wasKilled } = await runScript(script, [path, log], { rounds: 1 + i, after: 40 * random() });
    if (wasKilled) kills++;
    expect(existsSync(path)).toBe(true);
  }
  expect(kills).toBeGreaterThan(1);
  const last = await runScript(script, [path, log]);
  expect(finalOf(last.text)).toBe(finalOf(whole.text));
  // The log holds each round once, however often the run was killed.
  const steps = (file: string) =>
    readFileSync(file, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).step);
  expect(steps(log)).toEqual(steps(folder("whole.jsonl")));
  // A finished run is finished.
  const again = await runScript(script, [path, log]);
  expect(again.text).not.toContain("round");
  expect(finalOf(again.text)).toBe(finalOf(whole.text));
  // Of the checkpoints before, one is kept.
  const kept = readdirSync(folder(".")).filter((name) => /^killed-\d+\.safetensors$/.test(name));
  expect(kept).toHaveLength(1);
});

describe("stopping and going on", () => {
  test.each([1, 4, 9])("a run that is aborted after %i steps goes on where it was", async (stopAt) => {
    const whole = await fit(basic(4));
    const path = folder(`aborted-${stopAt}.safetensors`);
    const stop = new AbortController();
    const aborted = fit({
      ...basic(4),
      checkpoint: { path },
      signal: stop.signal,
      onProgress: ({ step }) => {
        if (step === stopAt) stop.abort();
      },
    });
    await expect(aborted).rejects.toThrow(AbortedError);
    let first = 0;
    const result = await fit({
      ...basic(4),
      checkpoint: { path },
      onProgress: ({ step }) => {
        first ||= step;
      },
    });
    expect(first).toBe(stopAt + 1);
    expect(valuesOf(result.params)).toEqual(valuesOf(whole.params));
    const plain = (history: typeof whole.history) => history.map(({ loss, step }) => ({ loss, step }));
    expect(plain(result.history)).toEqual(plain(whole.history));
  });

  test("more epochs go on from the last", async () => {
    const path = folder("more.safetensors");
    await fit({ ...basic(2), checkpoint: { path } });
    const longer = await fit({ ...basic(5), checkpoint: { path } });
    expect(valuesOf(longer.params)).toEqual(valuesOf((await fit(basic(5))).params));
  });

  test("data that is drawn from a function is drawn again up to the place", async () => {
    const [x, y] = basic(1).data;
    const drawn = {
      ...basic(3),
      batchSize: undefined,
      data: async function* ({ epoch }: { epoch: number }) {
        for (let i = 0; i < 5; i++) {
          const from = (epoch * 7 + i * 3) % 40;
          yield [x.at({ start: from, stop: from + 8 }), y.at({ start: from, stop: from + 8 })] as const;
        }
      },
    };
    const { batchSize: _none, ...options } = drawn;
    const whole = await fit(options);
    const path = folder("drawn.safetensors");
    const stop = new AbortController();
    await expect(
      fit({
        ...options,
        checkpoint: { path },
        signal: stop.signal,
        onProgress: ({ step }) => {
          if (step === 8) stop.abort();
        },
      }),
    ).rejects.toThrow(AbortedError);
    const result = await fit({ ...options, checkpoint: { path } });
    expect(result.steps).toBe(15);
    expect(valuesOf(result.params)).toEqual(valuesOf(whole.params));
  });
});

describe("checkpoints that do not fit", () => {
  const path = folder("other.safetensors");
  const trained = fit({ ...basic(1), checkpoint: { path } });
  const start = async (options: object): Promise<unknown> => {
    await trained;
    return fit({ ...basic(1), checkpoint: { path }, ...options });
  };

  test.each([
    ["batch size", { batchSize: 8 }, /batchSize is 16 there and 8 here/],
    ["key", { key: key(8) }, /key is \[0,7\] there and \[0,8\] here/],
    ["order", { shuffle: false }, /shuffle is true there and false here/],
    ["width", { model: mlp(3, 4, 1) }, /first\.bias is float32 \[8\] there and float32 \[4\] here/],
  ])("another %s", async (_name, options, message) => {
    await expect(start(options)).rejects.toThrow(FileError);
    await expect(start(options)).rejects.toThrow(message);
  });

  test("another optimizer", async () => {
    const plain = {
      init: () => ({}),
      step: adam<MlpParams, readonly [Tensor, Tensor]>({ learningRate: 1 }).step,
    };
    await expect(start({ optimizer: plain })).rejects.toThrow(/it has state\./);
  });

  test("resume: false begins anew", async () => {
    const result = (await start({ resume: false })) as { steps: number; history: readonly unknown[] };
    expect(result.history).toHaveLength(1);
  });

  test("a file that is none", async () => {
    const none = folder("none.safetensors");
    await writeSafetensors(none, {});
    await expect(fit({ ...basic(1), checkpoint: { path: none } })).rejects.toThrow(/not a checkpoint of fit/);
    writeFileSync(none, "nonsense");
    await expect(fit({ ...basic(1), checkpoint: { path: none } })).rejects.toThrow(FileError);
  });
});
