// Products of 1024 x 1024 matrices on one thread, and the limit that the core sets to them.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";
import { allThreads } from "./peers.mjs";

const { get, hasRelaxedSimd, i32, lane, ModuleBuilder, op, wasmDevice } = polyadic;

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

export async function matmul({ jaxJs, numpyTs, numpy, tf }) {
  const n = 1024;
  const device = wasmDevice();
  const limit = peak();
  const rows = [];
  for (const [dtype, Type] of [
    ["float32", Float32Array],
    ["float64", Float64Array],
  ]) {
    const a = uniform(Type, n * n, -0.5, 0.5);
    const view = { data: a, offset: 0, rowStride: n, columnStride: 1 };
    const out = new Type(n * n);
    const candidates = {
      polyadic: () => device.gemm(dtype, n, n, n, view, view, { data: out, offset: 0, rowStride: n }),
    };
    if (numpyTs) {
      const x = numpyTs.array(
        Array.from({ length: n }, (_, i) => [...a.subarray(i * n, i * n + n)]),
        dtype,
      );
      candidates["numpy-ts"] = () => void numpyTs.matmul(x, x);
    }
    // jax-js has no float64 on its WebAssembly device.
    if (jaxJs && dtype === "float32") {
      const x = jaxJs.array(a).reshape([n, n]);
      candidates["jax-js"] = async () => void (await jaxJs.matmul(x.ref, x.ref).data());
    }
    if (tf && dtype === "float32") {
      const x = tf.tensor(a, [n, n]);
      candidates["tfjs-wasm"] = () => {
        const product = tf.matMul(x, x);
        product.dataSync();
        product.dispose();
      };
    }
    if (numpy) candidates[numpy.name] = () => numpy.time(`matmul ${dtype}`);
    rows.push(
      ...(await compare(`matmul ${n} ${dtype}`, candidates, {
        show: (ms) => `${((2 * n ** 3) / ms / 1e6).toFixed(1)} GFLOP/s`,
        required: Object.fromEntries(
          ["jax-js", "numpy-ts", "tfjs-wasm"].map((peer) => [peer, allThreads ? 3 : 2]),
        ),
      })),
    );
  }
  return { rows, limitGflops: limit, relaxedSimd: hasRelaxedSimd() };
}
