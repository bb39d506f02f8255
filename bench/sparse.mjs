// Sparse matrices on one thread: the Poisson problem with 10^6 unknowns against SciPy. Conjugate gradients take a fixed
// number of steps, so that both sides do the same work.
import { polyadic } from "./library.mjs";
import { compare } from "./measure.mjs";

const GRID = [1000, 1000];
const STEPS = 20;

export async function sparse({ numpy }) {
  if (!numpy) return { rows: [] };
  const a = polyadic.poisson(GRID);
  const n = a.shape[0];
  const b = polyadic.tensor(Float64Array.from({ length: n }, (_, i) => Math.sin(i)));
  const small = polyadic.poisson([200, 200]);
  const fresh = (x) => x.withValues(polyadic.tensor(x.values.toTypedArray()));
  const work = {
    product: { what: `CSR product, ${n} unknowns`, run: () => a.matmul(b), required: 0.5, rounds: 15 },
    cg: {
      what: `CG, ${STEPS} steps, ${n} unknowns`,
      run: () => polyadic.cg(a, b, { rtol: 0, maxIterations: STEPS }),
      required: 0.5,
      rounds: 7,
    },
    square: {
      what: "CSR times CSR, 40000 unknowns",
      run: () => fresh(small).matmul(fresh(small)),
      rounds: 9,
    },
    // A new matrix each time, so that its order is found anew, as SciPy does.
    lu: {
      what: "sparse LU, 200 x 200 grid",
      run: () => polyadic.sparseLU(polyadic.poisson([200, 200])),
      rounds: 5,
    },
    cholesky: {
      what: "sparse Cholesky, 200 x 200 grid (SciPy: its LU)",
      run: () => polyadic.sparseCholesky(polyadic.poisson([200, 200])),
      rounds: 5,
      peer: "lu",
    },
    again: {
      what: "sparse LU, 200 x 200 grid, other values in the same places",
      run: () => polyadic.sparseLU(fresh(small)),
      rounds: 5,
      peer: "lu",
    },
    box: {
      what: "sparse LU, 30 x 30 x 30 grid",
      run: () => polyadic.sparseLU(polyadic.poisson([30, 30, 30])),
      rounds: 5,
    },
  };
  const rows = [];
  for (const [name, { what, run, required, rounds, peer = name }] of Object.entries(work)) {
    const candidates = { polyadic: run, [numpy.name]: () => numpy.time(`sparse ${peer} ${STEPS}`) };
    const options = { show: (ms) => `${ms.toFixed(1)} ms`, rounds, warmup: rounds > 5 ? 2 : 1 };
    rows.push(
      ...(await compare(what, candidates, { ...options, required: required ? { NumPy: required } : {} })),
    );
  }
  return { rows };
}
