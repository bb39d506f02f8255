// Dense linear algebra in float64 on the native device and on WebAssembly: against NumPy, which calls its own OpenBLAS,
// and against what there is in JavaScript (ml-matrix to order 300, numpy-ts and mathjs to order 100: they take too long).
import { polyadic, uniform } from "./library.mjs";
import { compare } from "./measure.mjs";

const { eig, eigh, matmul, qr, setDevice, solve, svd, tensor } = polyadic;

const WORK = {
  matmul: ({ a, b }) => matmul(a, b),
  solve: ({ a, vector }) => solve(a, vector),
  qr: ({ a }) => qr(a),
  eigh: ({ symmetric }) => eigh(symmetric),
  svd: ({ a }) => svd(a),
  eig: ({ a }) => eig(a),
};
const SIZES = { native: [500, 1500], wasm: [100, 300, 500] };
/** How fast WebAssembly must be, as a share of NumPy. */
const WASM_REQUIRED = { "svd 500": 0.3, "eig 300": 0.3 };

/** The same numbers for everybody; tensors are made anew, because factors are kept beside the tensor that has them. */
function operands(n) {
  const numbers = uniform(Float64Array, n * n, -0.5, 0.5);
  const rows = Array.from({ length: n }, (_, i) => Array.from(numbers.subarray(i * n, i * n + n)));
  const symmetricRows = rows.map((row, i) => row.map((value, j) => value + rows[j][i]));
  const vectorNumbers = uniform(Float64Array, n, -1, 1);
  const square = (values) => tensor(Float64Array.from(values)).reshape([n, n]);
  const fresh = () => ({
    a: square(numbers),
    b: square(numbers),
    symmetric: square(symmetricRows.flat()),
    vector: tensor(vectorNumbers),
  });
  return { fresh, rows, symmetricRows, vector: Array.from(vectorNumbers) };
}

/** The same work by other packages. Of numpy-ts `eig` is missing: it has no complex eigenvalues. */
async function jsPeers(n, { numpyTs }, { rows, symmetricRows, vector }) {
  const peers = {};
  if (n <= 300) {
    const ml = await import("ml-matrix");
    const [a, s] = [new ml.Matrix(rows), new ml.Matrix(symmetricRows)];
    const b = ml.Matrix.columnVector(vector);
    peers["ml-matrix"] = {
      matmul: () => a.mmul(a),
      solve: () => ml.solve(a, b),
      qr: () => new ml.QrDecomposition(a),
      eigh: () => new ml.EVD(s, { assumeSymmetric: true }),
      svd: () => new ml.SVD(a),
      eig: () => new ml.EVD(a),
    };
  }
  if (n > 100) return peers;
  const { eigs, lusolve, matrix, multiply, qr: mathQr } = await import("mathjs");
  const m = matrix(rows);
  peers.mathjs = {
    matmul: () => multiply(m, m),
    solve: () => lusolve(m, vector),
    qr: () => mathQr(m),
    eigh: () => eigs(matrix(symmetricRows)),
  };
  if (!numpyTs) return peers;
  const [a, s, b] = [numpyTs.array(rows), numpyTs.array(symmetricRows), numpyTs.array(vector)];
  peers["numpy-ts"] = {
    matmul: () => numpyTs.matmul(a, a),
    solve: () => numpyTs.linalg.solve(a, b),
    qr: () => numpyTs.linalg.qr(a),
    eigh: () => numpyTs.linalg.eigh(s),
    svd: () => numpyTs.linalg.svd(a),
  };
  return peers;
}

export async function linalg(peers) {
  const { numpy } = peers;
  const rows = [];
  for (const device of ["native", "wasm"]) {
    try {
      setDevice(device);
    } catch (error) {
      console.error(`not measured: ${error.message}`);
      continue;
    }
    for (const n of SIZES[device]) {
      const given = operands(n);
      const others = device === "wasm" ? await jsPeers(n, peers, given) : {};
      for (const [name, run] of Object.entries(WORK)) {
        const own = () => {
          const tensors = given.fresh();
          const start = performance.now();
          run(tensors);
          return performance.now() - start;
        };
        const candidates = { polyadic: own };
        if (numpy) candidates[numpy.name] = () => numpy.time(`linalg ${name} ${n}`);
        for (const [peer, work] of Object.entries(others))
          if (work[name]) candidates[peer] = () => void work[name]();
        const required = device === "native" ? 0.9 : WASM_REQUIRED[`${name} ${n}`];
        rows.push(
          ...(await compare(`${name} ${n}, ${device}`, candidates, {
            show: (ms) => `${ms.toFixed(1)} ms`,
            rounds: 7,
            warmup: n > 1000 ? 1 : 2,
            required: required === undefined ? {} : { NumPy: required },
          })),
        );
      }
    }
  }
  setDevice("wasm");
  return { rows };
}
