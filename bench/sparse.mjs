// Sparse matrices on one thread: the Poisson problem with 10^6 unknowns against SciPy. Conjugate gradients take a fixed
// number of steps, so that both sides do the same work.
import { polyadic } from "./library.mjs";
import { compare } from "./measure.mjs";

const GRID = [1000, 1000];
const STEPS = 20;

const dot = (x, y) => polyadic.contract(x, y, { axes: [[0], [0]] }).item();

/** Steps of the method of conjugate gradients on tensors, from zero. */
function conjugateGradients(a, b, steps) {
  let x = b.mul(0);
  let r = b;
  let p = b;
  let rr = dot(r, r);
  for (let step = 0; step < steps; step++) {
    const q = a.matmul(p);
    const alpha = rr / dot(p, q);
    x = x.add(p.mul(alpha));
    r = r.sub(q.mul(alpha));
    const next = dot(r, r);
    p = r.add(p.mul(next / rr));
    rr = next;
  }
  return x;
}

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
      run: () => conjugateGradients(a, b, STEPS),
      required: 0.5,
      rounds: 7,
    },
    square: {
      what: "CSR times CSR, 40000 unknowns",
      run: () => fresh(small).matmul(fresh(small)),
      rounds: 9,
    },
    lu: { what: "sparse LU, 40000 unknowns", run: () => polyadic.sparseLU(fresh(small)), rounds: 3 },
    cholesky: {
      what: "sparse Cholesky, 40000 unknowns (SciPy: its LU)",
      run: () => polyadic.sparseCholesky(fresh(small)),
      rounds: 3,
      peer: "lu",
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
