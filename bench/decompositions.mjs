// Tucker, tensor train and CP (20 sweeps) of a noisy 200^3 tensor of rank 10, against TensorLy's algorithms in NumPy, and CP of a
// sparse tensor of 10^6 entries against the same in NumPy and SciPy.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { polyadic } from "./library.mjs";
import { compare } from "./measure.mjs";

const SIZE = 200;
const RANK = 10;
const SWEEPS = 20;
const NOISE = 0.01;

function gaussian() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** A sum of `RANK` outer products of normal vectors, and normal noise of `NOISE` times its norm. */
function noisyTensor() {
  const factors = [0, 1, 2].map(() =>
    Array.from({ length: SIZE }, () => Float64Array.from({ length: RANK }, gaussian)),
  );
  const [a, b, c] = factors;
  const x = new Float64Array(SIZE ** 3);
  let at = 0;
  for (let i = 0; i < SIZE; i++)
    for (let j = 0; j < SIZE; j++) {
      const weights = a[i].map((value, r) => value * b[j][r]);
      for (let k = 0; k < SIZE; k++) x[at++] = weights.reduce((sum, weight, r) => sum + weight * c[k][r], 0);
    }
  const scale = NOISE * Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  return x.map((value) => value + scale * gaussian());
}

const SPARSE = { shape: [10_000, 10_000, 1_000], entries: 1e6, rank: 16, sweeps: 3 };

/** Entries at random places; in the file positions and value of each, as float64. */
function sparseTensor() {
  const { shape, entries } = SPARSE;
  const indices = Int32Array.from({ length: 3 * entries }, (_, i) =>
    Math.floor(Math.random() * shape[i % 3]),
  );
  const values = Float64Array.from({ length: entries }, gaussian);
  const table = Float64Array.from({ length: 4 * entries }, (_, i) =>
    i % 4 === 3 ? values[i >> 2] : indices[3 * (i >> 2) + (i % 4)],
  );
  return { tensor: { kind: "sparse", shape, indices, values }, table };
}

/** Milliseconds a sweep. */
async function sparseRows(numpy) {
  const { cp } = polyadic;
  const { shape, rank, sweeps } = SPARSE;
  const { tensor, table } = sparseTensor();
  await withFile(table, (file) => numpy.time(`loadSparse ${file} ${shape.join(" ")}`));
  const own = () => {
    const start = performance.now();
    cp(tensor, rank, { maxIterations: sweeps, tol: 0, lineSearch: false });
    return (performance.now() - start) / sweeps;
  };
  const peer = async () => (await numpy.time(`sparseCp ${rank} ${sweeps}`)) / sweeps;
  return compare(
    "sweep of CP, 10^6 entries, rank 16",
    { polyadic: own, [`${numpy.name} and SciPy`]: peer },
    { show: (ms) => `${(ms / 1e3).toFixed(3)} s`, rounds: 3, warmup: 1 },
  );
}

async function withFile(data, use) {
  const folder = mkdtempSync(join(tmpdir(), "polyadic-bench-"));
  try {
    const file = join(folder, "tensor.f64");
    writeFileSync(file, new Uint8Array(data.buffer));
    await use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function decompositions({ numpy }) {
  if (!numpy) return { rows: [] };
  const { cp, relativeError, tensor, tt, tucker } = polyadic;
  const data = noisyTensor();
  const x = tensor(data).reshape([SIZE, SIZE, SIZE]);
  await withFile(data, (file) => numpy.time(`load ${file} ${SIZE}`));
  const work = {
    tucker: [() => tucker(x, { rtol: 0.02 }), 3],
    tt: [() => tt(x, { rtol: 0.02 }), 3],
    cp: [() => cp(x, RANK, { maxIterations: SWEEPS, tol: 0 }), 1],
  };
  const rows = [];
  const errors = {};
  for (const [name, [run, required]] of Object.entries(work)) {
    errors[name] = relativeError(x, run());
    const candidates = {
      polyadic: () => void run(),
      [`${numpy.name}, TensorLy's way`]: () => numpy.time(`${name} ${RANK} ${SWEEPS}`),
    };
    rows.push(
      ...(await compare(`${name} of ${SIZE}^3, rank ${RANK}`, candidates, {
        show: (ms) => `${(ms / 1e3).toFixed(3)} s`,
        rounds: 7,
        warmup: 1,
        required: { NumPy: required },
      })),
    );
  }
  rows.push(...(await sparseRows(numpy)));
  return { rows, errors };
}
