// What a worker of the pool runs, as text: so that it needs no file of its own, in Node and in browsers alike.
//
// A worker shares the kernels' memory and a block of control words (see pool.ts). It sleeps until its job number
// changes, does the job, and writes the number back as done. A job either loads a kernel, whose bytes and name lie in
// the shared memory, or runs one.

export const WORKER_SOURCE = `
const start = ({ control, memory, words }) => {
  const LOAD = 1;
  const [READY, JOB, DONE, FAILED, KIND, KERNEL, COUNT, ARGS] = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => words + i);
  const view = new Int32Array(control);
  const kernels = [];
  const env = { memory };
  for (const name of Object.getOwnPropertyNames(Math))
    if (typeof Math[name] === "function") env[name + "_float32"] = env[name + "_float64"] = Math[name];
  const bytesAt = (at, length) => new Uint8Array(memory.buffer).slice(at, at + length);
  Atomics.store(view, READY, 1);
  for (let seen = 0; ; ) {
    Atomics.wait(view, JOB, seen);
    const job = Atomics.load(view, JOB);
    if (job === seen) continue;
    seen = job;
    try {
      if (view[KIND] === LOAD) {
        const module = new WebAssembly.Module(bytesAt(view[ARGS], view[ARGS + 1]));
        const name = String.fromCharCode(...bytesAt(view[ARGS + 2], view[ARGS + 3]));
        kernels[view[KERNEL]] = new WebAssembly.Instance(module, { env }).exports[name];
      } else kernels[view[KERNEL]](...view.subarray(ARGS, ARGS + view[COUNT]));
    } catch {
      Atomics.store(view, FAILED, 1);
    }
    Atomics.store(view, DONE, job);
    Atomics.notify(view, DONE);
  }
};
if (typeof require === "function") start(require("node:worker_threads").workerData);
else self.onmessage = ({ data }) => start(data);
`;
