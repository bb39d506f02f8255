// The peers, each as functions that do one unit of work. A peer that cannot run here says why.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** jax-js on its WebAssembly device; its arrays are reference counted, `ref` keeps an operand alive. */
export async function jaxJs() {
  try {
    // Without SharedArrayBuffer the device runs on one thread.
    const Shared = globalThis.SharedArrayBuffer;
    if (!allThreads) delete globalThis.SharedArrayBuffer;
    const jax = await import("@jax-js/jax");
    const { defaultDevice, init } = jax;
    const devices = await init("wasm");
    if (!devices.includes("wasm")) return { unavailable: `jax-js offers only ${devices}` };
    defaultDevice("wasm");
    globalThis.SharedArrayBuffer = Shared;
    return { jax, numpy: jax.numpy };
  } catch (error) {
    return { unavailable: `jax-js: ${error.message}` };
  }
}

/** TensorFlow.js on its WebAssembly back end, which has one thread in Node. */
export async function tfjs() {
  try {
    const { default: tf } = await import("@tensorflow/tfjs");
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    setWasmPaths(new URL("node_modules/@tensorflow/tfjs-backend-wasm/dist/", import.meta.url).pathname);
    await tf.setBackend("wasm");
    await tf.ready();
    return { tf };
  } catch (error) {
    return { unavailable: `tfjs-wasm: ${error.message}` };
  }
}

export async function numpyTs() {
  try {
    return { numpy: await import("numpy-ts") };
  } catch (error) {
    return { unavailable: `numpy-ts: ${error.message}` };
  }
}

/** One thread each, or (BENCH_THREADS=all) as many as each library takes by itself. */
export const allThreads = process.env.BENCH_THREADS === "all";

/** NumPy in a process of its own: `time(line)` gives the milliseconds of one run there. */
export const numpyProcess = () => pythonProcess("numpy_peer.py", "NumPy", process.env.PYTHON ?? "python3");

/** PyTorch in a process of its own. */
export const torchProcess = () =>
  pythonProcess(
    "torch_peer.py",
    "PyTorch",
    process.env.TORCH_PYTHON ?? process.env.PYTHON ?? "/usr/bin/python3",
  );

async function pythonProcess(file, name, interpreter) {
  const script = new URL(file, import.meta.url).pathname;
  const one = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
  const child = spawn(interpreter, [script], {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, ...(allThreads ? {} : one) },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const failed = new Promise((resolve) => child.on("error", resolve).on("exit", resolve));
  const first = await Promise.race([lines.next(), failed.then(() => ({ done: true }))]);
  if (first.done) return { unavailable: `${interpreter} with ${name} was not found` };
  return {
    name: `${name} ${first.value}`,
    async time(line) {
      child.stdin.write(`${line}\n`);
      return Number((await lines.next()).value);
    },
    close: () => child.stdin.end(),
  };
}
