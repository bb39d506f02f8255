// The peers, each as functions that do one unit of work. A peer that cannot run here says why.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** jax-js on its WebAssembly device; its arrays are reference counted, `ref` keeps an operand alive. */
export async function jaxJs() {
  try {
    // Without SharedArrayBuffer the device runs on one thread, like the others.
    const Shared = globalThis.SharedArrayBuffer;
    if (process.env.JAX_THREADS !== "1") delete globalThis.SharedArrayBuffer;
    const { defaultDevice, init, lax, numpy } = await import("@jax-js/jax");
    const devices = await init("wasm");
    if (!devices.includes("wasm")) return { unavailable: `jax-js offers only ${devices}` };
    defaultDevice("wasm");
    globalThis.SharedArrayBuffer = Shared;
    return { numpy, lax };
  } catch (error) {
    return { unavailable: `jax-js: ${error.message}` };
  }
}

export async function numpyTs() {
  try {
    return { numpy: await import("numpy-ts") };
  } catch (error) {
    return { unavailable: `numpy-ts: ${error.message}` };
  }
}

/** NumPy on one thread in a process of its own: `time(line)` gives the milliseconds of one run there. */
export async function numpyProcess() {
  const script = new URL("numpy_peer.py", import.meta.url).pathname;
  const child = spawn(process.env.PYTHON ?? "python3", [script], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((resolve) => child.on("error", resolve).on("exit", resolve));
  const first = await Promise.race([lines.next(), failed.then(() => ({ done: true }))]);
  if (first.done) return { unavailable: "python3 with NumPy was not found" };
  return {
    name: `NumPy ${first.value}`,
    async time(line) {
      child.stdin.write(`${line}\n`);
      return Number((await lines.next()).value);
    },
    close: () => child.stdin.end(),
  };
}
