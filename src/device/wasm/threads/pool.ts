// A pool of threads that run kernels on parts of their work. It starts when it is first asked for; until its workers
// answer, and wherever there is no shared memory, the calling thread does everything. Workers never keep a program
// alive.

import { PolyadicError } from "../../../tensor/errors.ts";
import { enterArena, leaveArena, memoryView8, sharedMemory, sharesMemory } from "../memory.ts";
import { WORKER_SOURCE } from "./worker.ts";

/** Control words of one worker, in their order; worker.ts knows them too. */
const [READY, JOB, DONE, FAILED, KIND, KERNEL, COUNT, ARGS] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const WORDS = 32;
const LOAD = 1;
const RUN = 2;

/** A worker that does not answer for so long after the caller has done its own part is taken to be dead. */
const PATIENCE_MS = 10_000;
/** Turns of waiting without going to sleep. */
const SPINS = 2000;

/**
 * A kernel that every thread can load: a module and the name of one export. It may import the memory, and functions of
 * Math as `<name>_float32` or `<name>_float64`.
 */
export interface SharedKernel {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** The kernel in the calling thread. */
  readonly run: (...args: number[]) => void;
}

interface Started {
  readonly control: Int32Array;
  readonly count: number;
  /** Kernels that all ready workers have, by their number. */
  readonly kernels: SharedKernel[];
  readonly loaded: Set<number>[];
  /** Kernels numbered so far. */
  next: number;
  readonly stop: () => void;
  isBroken: boolean;
}

let pool: Started | undefined;
let wanted: number | undefined;

interface NodeProcess {
  readonly env?: Record<string, string | undefined>;
  getBuiltinModule?(name: string): unknown;
}
const nodeProcess = (globalThis as { process?: NodeProcess }).process;

function processors(): number {
  const os = nodeProcess?.getBuiltinModule?.("node:os") as { availableParallelism(): number } | undefined;
  return os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

const MOST_THREADS = 16;

/** How many threads large kernels may use: one per processor, unless POLYADIC_THREADS or `setThreads` says otherwise. */
export function threads(): number {
  if (!sharesMemory()) return 1;
  wanted ??= Number(nodeProcess?.env?.["POLYADIC_THREADS"]) || processors();
  return Math.max(1, Math.min(MOST_THREADS, wanted));
}

/** Sets how many threads large kernels may use; 1 stops the pool. Results do not depend on it. */
export function setThreads(count: number): void {
  if (!(Number.isInteger(count) && count >= 1))
    throw new PolyadicError(`setThreads: an integer of at least 1 was expected, got ${count}`);
  if (count !== wanted) {
    pool?.stop();
    pool = undefined;
  }
  wanted = count;
}

/**
 * How many threads would answer now, the calling one included. Starts the pool, whose workers get ready only while the
 * calling thread is idle: who wants all of them from the first product on can ask until they are `threads()`.
 */
export function readyThreads(): number {
  const count = threads();
  if (count === 1) return 1;
  pool ??= start(count - 1);
  if (pool.isBroken) return 1;
  let ready = 1;
  for (let w = 0; w < pool.count; w++) if (Atomics.load(pool.control, w * WORDS + READY) === 1) ready++;
  return ready;
}

interface WorkerLike {
  terminate(): unknown;
}

function start(count: number): Started {
  const control = new Int32Array(new SharedArrayBuffer(count * WORDS * 4));
  const started: Started = {
    control,
    count,
    kernels: [],
    next: 0,
    loaded: Array.from({ length: count }, () => new Set<number>()),
    stop: () => {
      for (const worker of workers) worker.terminate();
    },
    isBroken: false,
  };
  const died = (): void => {
    started.isBroken = true;
  };
  const memory = sharedMemory();
  const workers: WorkerLike[] = [];
  try {
    for (let w = 0; w < count; w++)
      workers.push(startWorker({ control: control.buffer, memory, words: w * WORDS }, died));
  } catch {
    // A browser may refuse workers, by the page's security policy for one: then there is one thread.
    started.isBroken = true;
    started.stop();
  }
  return started;
}

let workerURL: string | undefined;

function startWorker(data: unknown, died: () => void): WorkerLike {
  const node = nodeProcess?.getBuiltinModule?.("node:worker_threads") as NodeWorkers | undefined;
  if (node) {
    const worker = new node.Worker(WORKER_SOURCE, { eval: true, workerData: data });
    worker.on("error", died);
    worker.on("exit", died);
    worker.unref();
    return worker;
  }
  workerURL ??= URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(workerURL);
  worker.onerror = died;
  worker.postMessage(data);
  return worker;
}

interface NodeWorkers {
  readonly Worker: new (
    source: string,
    options: { eval: boolean; workerData: unknown },
  ) => WorkerLike & { on(event: string, listener: () => void): void; unref(): void };
}

/**
 * Runs a kernel once per list of arguments, on as many threads as there are ready. Parts must not write what others
 * read. Throws PolyadicError when a worker has died, after which there is one thread.
 */
export function runParts(kernel: SharedKernel, parts: readonly (readonly number[])[]): void {
  const helpers = Math.min(readyThreads() - 1, parts.length - 1);
  if (helpers <= 0) {
    for (const args of parts) kernel.run(...args);
    return;
  }
  const current = pool!;
  const workers = readyWorkers(current, helpers);
  for (const w of workers) load(current, w, kernel);
  const id = current.kernels.indexOf(kernel);
  // Whoever is done takes the next part.
  let next = 0;
  for (const w of workers) post(current, w, RUN, id, parts[next++]!);
  while (next < parts.length) {
    kernel.run(...parts[next++]!);
    for (const w of workers)
      if (next < parts.length && isDone(current, w)) {
        join(current, w);
        post(current, w, RUN, id, parts[next++]!);
      }
  }
  for (const w of workers) join(current, w);
}

/** Cuts work into parts of whole units, one per thread that is ready and no more than `most`. */
export function shareOut(
  total: number,
  unit: number,
  most: number,
  part: (from: number, count: number) => number[],
): number[][] {
  const count = most > 1 ? Math.min(most, readyThreads()) : 1;
  const size = Math.ceil(total / unit / count) * unit;
  const parts: number[][] = [];
  for (let from = 0; from < total; from += size) parts.push(part(from, Math.min(size, total - from)));
  return parts;
}

function readyWorkers({ control, count }: Started, most: number): number[] {
  const ready: number[] = [];
  for (let w = 0; w < count && ready.length < most; w++)
    if (Atomics.load(control, w * WORDS + READY) === 1) ready.push(w);
  return ready;
}

/** Workers keep this many kernels; further ones take the places of the oldest. */
const MOST_KERNELS = 256;

/** The number of a kernel, by which workers know it. */
function numberOf(current: Started, kernel: SharedKernel): number {
  const known = current.kernels.indexOf(kernel);
  if (known >= 0) return known;
  const id = current.next++ % MOST_KERNELS;
  current.kernels[id] = kernel;
  for (const loaded of current.loaded) loaded.delete(id);
  return id;
}

/** Makes a kernel known to a worker. */
function load(current: Started, w: number, kernel: SharedKernel): void {
  const id = numberOf(current, kernel);
  if (current.loaded[w]!.has(id)) return;
  const name = new TextEncoder().encode(kernel.name);
  const size = kernel.bytes.length + name.length;
  const at = enterArena(size);
  const view = memoryView8();
  view.set(kernel.bytes, at);
  view.set(name, at + kernel.bytes.length);
  post(current, w, LOAD, id, [at, kernel.bytes.length, at + kernel.bytes.length, name.length]);
  join(current, w);
  leaveArena(size);
  current.loaded[w]!.add(id);
}

function post({ control }: Started, w: number, kind: number, id: number, args: readonly number[]): void {
  const words = w * WORDS;
  control[words + KIND] = kind;
  control[words + KERNEL] = id;
  control[words + COUNT] = args.length;
  args.forEach((value, i) => {
    control[words + ARGS + i] = value;
  });
  Atomics.add(control, words + JOB, 1);
  Atomics.notify(control, words + JOB);
}

const isDone = ({ control }: Started, w: number): boolean =>
  Atomics.load(control, w * WORDS + DONE) === Atomics.load(control, w * WORDS + JOB);

/** Waits until a worker has done its job. */
function join(current: Started, w: number): void {
  const { control } = current;
  const words = w * WORDS;
  const job = Atomics.load(control, words + JOB);
  for (let i = 0; i < SPINS; i++) if (isDone(current, w)) break;
  const deadline = performance.now() + PATIENCE_MS;
  while (!isDone(current, w)) {
    if (performance.now() > deadline) {
      current.isBroken = true;
      current.stop();
      throw new PolyadicError(
        "a compute worker did not answer and was given up; the result of this call is lost, and further calls use one thread",
      );
    }
    sleep(control, words + DONE, job - 1);
  }
  if (Atomics.load(control, words + FAILED) === 1) {
    current.isBroken = true;
    current.stop();
    throw new PolyadicError("a kernel failed in a compute worker; further calls use one thread");
  }
}

let canSleep = true;

/** The main thread of a browser must not sleep: it goes on asking. */
function sleep(control: Int32Array, word: number, value: number): void {
  if (!canSleep) return;
  try {
    Atomics.wait(control, word, value, 100);
  } catch {
    canSleep = false;
  }
}
