// Side-by-side benchmarks: `node bench/run.mjs [matmul] [elementwise] [eager]` (all when none is named), after
// `npm ci` in this folder. Prints tables of median ratios and writes bench/results/<name>.json.
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { build } from "tsdown";
import { alternate, printTable } from "./measure.mjs";
import { jaxJs, numpyProcess, numpyTs } from "./peers.mjs";

const here = (path) => new URL(path, import.meta.url).pathname;

await build({
  config: false,
  cwd: here(".."),
  entry: { polyadic: "bench/entry.ts" },
  outDir: "bench/build",
  format: "esm",
  platform: "neutral",
  fixedExtension: true,
  dts: false,
  logLevel: "warn",
});
const { add, get, hasRelaxedSimd, i32, lane, ModuleBuilder, op, tensor, wasmDevice } = await import(
  "./build/polyadic.mjs"
);
const device = wasmDevice();

const random = (Type, count, low, high) => new Type(count).map(() => low + (high - low) * Math.random());

/**
 * What one core can do at most with 128-bit vectors and no fused operations, measured: WebAssembly code that keeps six
 * multiplications and six additions independent of each other and touches no memory.
 */
function peak() {
  const chains = 12;
  const count = 1 << 20;
  const module = new ModuleBuilder();
  module.function("spin", ["i32", "f32"], ["f32"], (f) => {
    const sums = Array.from({ length: chains }, () => f.local("v128"));
    const i = f.local("i32");
    const other = f.let(op("f32x4.splat", get(f.param(1))));
    f.for(i, get(f.param(0)), i32(1), () => {
      sums.forEach((sum, at) => {
        f.set(sum, op(at % 2 ? "f32x4.add" : "f32x4.mul", get(sum), other));
      });
    });
    const total = sums.map(get).reduce((x, y) => op("f32x4.add", x, y));
    f.result(lane("f32x4.extract_lane", 0, total));
  });
  const { spin } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes())).exports;
  for (let i = 0; i < 50; i++) spin(1000, 1);
  let best = Infinity;
  for (let i = 0; i < 20; i++) {
    const start = performance.now();
    spin(count, 1);
    best = Math.min(best, performance.now() - start);
  }
  const float32 = (count * chains * 4) / best / 1e6;
  return { float32, float64: float32 / 2 };
}

async function matmul() {
  const n = 1024;
  const flops = 2 * n ** 3;
  const limit = peak();
  const jax = await jaxJs();
  const np = await numpyTs();
  const python = await numpyProcess();
  const rows = [];
  for (const [dtype, Type] of [
    ["float32", Float32Array],
    ["float64", Float64Array],
  ]) {
    const a = random(Type, n * n, -0.5, 0.5);
    const view = { data: a, offset: 0, rowStride: n, columnStride: 1 };
    const out = new Type(n * n);
    const candidates = {
      polyadic: () => device.gemm(dtype, n, n, n, view, view, { data: out, offset: 0, rowStride: n }),
    };
    if (np.numpy) {
      const x = np.numpy.array(
        Array.from({ length: n }, (_, i) => [...a.subarray(i * n, i * n + n)]),
        dtype,
      );
      candidates["numpy-ts"] = () => void np.numpy.matmul(x, x);
    }
    // jax-js has no float64 on its WebAssembly device.
    if (jax.numpy && dtype === "float32") {
      const x = jax.numpy.array(a).reshape([n, n]);
      candidates["jax-js"] = async () => void (await jax.numpy.matmul(x.ref, x.ref).data());
    }
    if (python.time) candidates[`NumPy ${python.version}`] = () => python.time(`matmul ${dtype}`);
    for (const [name, { ms, ratio }] of Object.entries(await alternate(candidates))) {
      const gflops = flops / ms / 1e6;
      rows.push({
        dtype,
        name,
        ms,
        gflops,
        "of the limit": gflops / limit[dtype],
        "polyadic is faster by": ratio,
      });
    }
  }
  python.close?.();
  const simd = hasRelaxedSimd() ? "relaxed SIMD" : "no relaxed SIMD";
  printTable(
    `matmul ${n} x ${n}, one thread, ${simd}; limit of the core with 128-bit vectors: ` +
      `${limit.float32.toFixed(0)} GFLOP/s float32, ${limit.float64.toFixed(0)} float64`,
    rows,
  );
  for (const { unavailable } of [jax, np, python])
    if (unavailable) console.log(`not measured: ${unavailable}`);
  return { limit, rows };
}

async function elementwise() {
  const count = 1e6;
  const wide = random(Float64Array, count, -6, 6);
  const positive = random(Float64Array, count, 0.1, 9);
  const out = new Float64Array(count);
  const python = await numpyProcess();
  const np = await numpyTs();
  const rows = [];
  const needsPositive = new Set(["log", "log1p", "sqrt"]);
  const binary = new Set(["add", "mul", "pow"]);
  const names = "add mul sqrt exp expm1 log log1p tanh sinh sin cos tan erf pow sum".split(" ");
  const wrap = (x) => np.numpy?.array([...x], "float64");
  const [wideTs, positiveTs] = [wrap(wide), wrap(positive)];
  for (const name of names) {
    const x = needsPositive.has(name) ? positive : wide;
    const candidates = {
      polyadic: () => {
        if (name === "sum") device.reduce("sum", x, 0, count);
        else if (binary.has(name)) device.binary(name, positive, 0, 1, wide, 0, 1, out, 0, count);
        else device.unary(name, x, 0, out, 0, count);
      },
    };
    if (python.time) candidates.NumPy = () => python.time(name);
    const f = np.numpy?.[{ mul: "multiply", pow: "power" }[name] ?? name];
    if (f && name !== "erf") {
      const first = needsPositive.has(name) || binary.has(name) ? positiveTs : wideTs;
      candidates["numpy-ts"] = () => void (binary.has(name) ? f(first, wideTs) : f(first));
    }
    const result = await alternate(candidates, { rounds: 11 });
    rows.push({
      function: name,
      "polyadic ns": result.polyadic.ms,
      "NumPy ns": result.NumPy?.ms ?? Number.NaN,
      "times NumPy's speed": result.NumPy?.ratio ?? Number.NaN,
      "times numpy-ts's speed": result["numpy-ts"]?.ratio ?? Number.NaN,
    });
  }
  python.close?.();
  printTable(
    `functions of 10^6 float64, nanoseconds per element, one thread (NumPy ${python.version ?? "missing"})`,
    rows,
  );
  return { rows };
}

async function eager() {
  const calls = 2000;
  const repeat = (f) => () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) f();
    return (performance.now() - start) / calls;
  };
  const values = Array.from({ length: 10 }, (_, i) => i / 3);
  const [a, b] = [tensor(values), tensor(values)];
  const candidates = { polyadic: repeat(() => add(a, b)) };
  const np = await numpyTs();
  if (np.numpy) {
    const x = np.numpy.array(values);
    candidates["numpy-ts"] = repeat(() => np.numpy.add(x, x));
  }
  const jax = await jaxJs();
  if (jax.numpy) {
    const x = jax.numpy.array(new Float32Array(values));
    candidates["jax-js"] = async () => {
      const start = performance.now();
      for (let i = 0; i < 50; i++) await jax.numpy.add(x.ref, x.ref).data();
      return (performance.now() - start) / 50;
    };
  }
  const rows = Object.entries(await alternate(candidates)).map(([name, { ms, ratio }]) => ({
    name,
    microseconds: ms * 1e3,
    "polyadic is faster by": ratio,
  }));
  printTable("eager add of 10 numbers", rows);
  return { rows };
}

const all = { matmul, elementwise, eager };
const wanted = process.argv.slice(2);
for (const name of wanted.length ? wanted : Object.keys(all)) {
  if (!all[name]) throw new Error(`no benchmark "${name}"; there are ${Object.keys(all).join(", ")}`);
  const result = await all[name]();
  mkdirSync(here("results"), { recursive: true });
  const about = { node: process.version, cpu: cpus()[0]?.model, date: new Date().toISOString().slice(0, 10) };
  writeFileSync(here(`results/${name}.json`), `${JSON.stringify({ ...about, ...result }, null, 1)}\n`);
}
process.exit(0);
