// Side-by-side benchmarks: `node bench/run.mjs`, or with names (matmul, convolution, fft, elementwise, eager, compiled,
// gradient, attention, laplacian, linalg, sparse, decompositions, ode, growth), after `npm ci` in the repository and in this folder. Everything
// runs on one thread, or with BENCH_THREADS=all on as many as each library takes. Prints one table of medians and median ratios and
// writes bench/results/<name>.json. PYTHON and TORCH_PYTHON name interpreters that have NumPy and PyTorch.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { attention } from "./attention.mjs";
import { compiled } from "./compiled.mjs";
import { convolution } from "./convolution.mjs";
import { decompositions } from "./decompositions.mjs";
import { eager } from "./eager.mjs";
import { elementwise } from "./elementwise.mjs";
import { fft } from "./fft.mjs";
import { gradient } from "./gradient.mjs";
import { growth } from "./growth.mjs";
import { laplacian } from "./laplacian.mjs";
import { polyadic } from "./library.mjs";
import { linalg } from "./linalg.mjs";
import { matmul } from "./matmul.mjs";
import { printTable } from "./measure.mjs";
import { ode } from "./ode.mjs";
import { allThreads, jaxJs, numpyProcess, numpyTs, tfjs, torchProcess } from "./peers.mjs";
import { sparse } from "./sparse.mjs";

const benchmarks = {
  matmul,
  convolution,
  fft,
  eager,
  compiled,
  gradient,
  attention,
  decompositions,
  elementwise,
  laplacian,
  linalg,
  sparse,
  ode,
  growth,
};
const wanted = process.argv.slice(2);
for (const name of wanted)
  if (!benchmarks[name])
    throw new Error(`no benchmark "${name}"; there are ${Object.keys(benchmarks).join(", ")}`);

// The engine itself is measured on WebAssembly; dense linear algebra on the native device too.
polyadic.setDevice("wasm");
if (!allThreads) polyadic.setThreads(1);
const [jax, ts, tensorflow, python, torch] = [
  await jaxJs(),
  await numpyTs(),
  await tfjs(),
  await numpyProcess(),
  await torchProcess(),
];
const peers = {
  jaxJs: jax.numpy,
  numpyTs: ts.numpy,
  numpy: python.time ? python : undefined,
  jax: jax.jax,
  torch: torch.time ? torch : undefined,
  tf: tensorflow.tf,
};
for (const { unavailable } of [jax, ts, tensorflow, python, torch])
  if (unavailable) console.error(`not measured: ${unavailable}`);

const about = { node: process.version, cpu: cpus()[0]?.model, date: new Date().toISOString().slice(0, 10) };
const results = new URL("results/", import.meta.url).pathname;
mkdirSync(results, { recursive: true });
const table = [];
for (const name of wanted.length ? wanted : Object.keys(benchmarks)) {
  console.error(`measuring ${name} ...`);
  const result = await benchmarks[name](peers);
  // Growth is no comparison of two times: its table has columns of its own.
  if (name === "growth") printTable(result.rows.map((row) => ({ ...row, "size 5": row["size 5"] ?? "" })));
  else table.push(...result.rows);
  if (result.limitGflops)
    console.error(`  limit of the core with 128-bit vectors: ${JSON.stringify(result.limitGflops)} GFLOP/s`);
  if (result.memory) console.error(`  memory of compiled functions: ${JSON.stringify(result.memory)}`);
  if (result.errors) console.error(`  relative errors of polyadic: ${JSON.stringify(result.errors)}`);
  writeFileSync(`${results}${name}.json`, `${JSON.stringify({ ...about, ...result }, null, 1)}\n`);
}
printTable(table);
python.close?.();
torch.close?.();
process.exit(0);
