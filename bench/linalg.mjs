// Dense linear algebra on the native device and on WebAssembly against NumPy, which calls its own OpenBLAS.
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const { eigh, qr, setDevice, solve, svd, tensor } = polyadic;

/** What is asked of the native device at both sizes, and of WebAssembly at the sizes of the third column. */
const WORK = {
  matmul: { run: ({ a, b }) => polyadic.matmul(a, b), wasm: {} },
  solve: { run: ({ a, vector }) => solve(a, vector), wasm: {} },
  qr: { run: ({ a }) => qr(a), wasm: {} },
  eigh: { run: ({ symmetric }) => eigh(symmetric), wasm: {} },
  svd: { run: ({ a }) => svd(a), wasm: { 500: 0.3 } },
  ...(polyadic.eig && { eig: { run: ({ a }) => polyadic.eig(a), wasm: { 300: 0.3 } } }),
};
const SIZES = { native: [500, 1500], wasm: [300, 500] };

function operands(n) {
  const draw = () => tensor(uniform(Float64Array, n * n, -0.5, 0.5)).reshape([n, n]);
  const a = draw();
  // Fresh tensors each time: factors are kept beside the tensor that they belong to.
  const fresh = (x) => tensor(x.toTypedArray()).reshape(x.shape);
  const symmetric = a.add(a.mT());
  const vector = tensor(uniform(Float64Array, n, -1, 1));
  return () => ({ a: fresh(a), b: a, symmetric: fresh(symmetric), vector });
}

export async function linalg({ numpy }) {
  if (!numpy) return { rows: [] };
  const rows = [];
  for (const device of ["native", "wasm"]) {
    try {
      setDevice(device);
    } catch (error) {
      console.error(`not measured: ${error.message}`);
      continue;
    }
    for (const n of SIZES[device]) {
      const make = operands(n);
      for (const [name, { run, wasm }] of Object.entries(WORK)) {
        const required = device === "native" ? 0.9 : wasm[n];
        let given = make();
        const candidates = {
          polyadic: () => {
            const start = performance.now();
            run(given);
            const elapsed = performance.now() - start;
            given = make();
            return elapsed;
          },
          [numpy.name]: () => numpy.time(`linalg ${name} ${n}`),
        };
        rows.push(
          ...(await compare(`${name} ${n} float64, ${device}`, candidates, {
            show: (ms) => `${ms.toFixed(1)} ms`,
            rounds: n > 1000 ? 7 : 11,
            warmup: n > 1000 ? 1 : 3,
            required: required === undefined ? {} : { NumPy: required },
          })),
        );
      }
    }
  }
  setDevice("wasm");
  return { rows };
}
