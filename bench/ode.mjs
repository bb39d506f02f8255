// Adaptive integration of a system of ten equations (Lorenz 96) with a jitted right-hand side, against SciPy with a NumPy
// right-hand side and JavaScript packages with plain loops. Tolerances are 1e-8 each; packages measure errors in their
// own ways, so the error of each result, from a solution at 1e-13, is part of the output.
import { createRequire } from "node:module";
import { polyadic } from "./library.mjs";
import { compare } from "./measure.mjs";

const N = 10;
const T1 = 5;
const TOLERANCE = 1e-8;
/** By the first words of the peers' names. */
const REQUIRED = { SciPy: 5, odex: 2, numeric: 2, "ode45-cash-karp": 2 };

const start = () => Float64Array.from({ length: N }, (_, i) => 8 + 0.01 * i);

/** The right-hand side in place, as a person would write it for speed. */
function slope(dy, y) {
  for (let i = 0; i < N; i++) dy[i] = (y[(i + 1) % N] - y[(i + N - 2) % N]) * y[(i + N - 1) % N] - y[i] + 8;
}

/** Each package as a function that integrates once and returns the first number at the end. */
function packages() {
  const require = createRequire(import.meta.url);
  const found = {};
  const attempt = (name, make) => {
    try {
      found[name] = make(require(name));
    } catch (error) {
      console.error(`not measured: ${name}: ${error.message.split("\n")[0]}`);
    }
  };
  attempt("ode45-cash-karp", (integrator) => () => {
    const s = integrator(start(), slope, 0, 1e-3, { tol: TOLERANCE, verbose: false });
    while (s.step(T1));
    return s.y[0];
  });
  const fresh = (_t, y) => {
    const dy = new Array(N);
    slope(dy, y);
    return dy;
  };
  attempt("odex", ({ Solver }) => () => {
    const s = new Solver(N);
    s.absoluteTolerance = TOLERANCE;
    s.relativeTolerance = TOLERANCE;
    return s.solve(fresh, 0, [...start()], T1).y[0];
  });
  attempt("numeric", (numeric) => () => numeric.dopri(0, T1, [...start()], fresh, TOLERANCE, 1e5).at(T1)[0]);
  return found;
}

export async function ode({ numpy }) {
  const { solveOde, dopri5, tsit5, dop853, tensor, concat } = polyadic;
  // With a border of what lies across the ends, neighbours are slices.
  const f = (_t, y) => {
    const around = concat([y.at(`${N - 2}:`), y, y.at(":1")], 0);
    const shifted = (k) => around.at(`${2 + k}:${2 + k + N}`);
    return shifted(1).sub(shifted(-2)).mul(shifted(-1)).sub(y).add(8);
  };
  const y0 = tensor(start());
  const at = (method, tolerance) =>
    solveOde(f, y0, { t1: T1, method, rtol: tolerance, atol: tolerance, saveAt: { times: [T1] } }).y.item(
      0,
      0,
    );
  const exact = at(dop853(), 1e-13);
  const peers = packages();
  const errors = Object.fromEntries(
    Object.entries(peers).map(([name, run]) => [name, Math.abs(run() - exact)]),
  );
  const rows = [];
  const show = (ms) => `${ms.toFixed(3)} ms`;
  for (const method of [dopri5(), tsit5(), dop853()]) {
    errors[method.name] = Math.abs(at(method, TOLERANCE) - exact);
    const repeats = 20;
    const repeated = (run) => () => {
      const begin = performance.now();
      for (let i = 0; i < repeats; i++) run();
      return (performance.now() - begin) / repeats;
    };
    const candidates = { polyadic: repeated(() => at(method, TOLERANCE)) };
    const scipy = { dopri5: "RK45", dop853: "DOP853" }[method.name];
    if (numpy && scipy) candidates[`SciPy ${scipy}`] = () => numpy.time(`ode ${scipy} ${TOLERANCE} ${T1}`);
    for (const [name, run] of Object.entries(peers)) candidates[name] = repeated(run);
    const work = `Lorenz 96, 10 equations, to t = ${T1} at ${TOLERANCE}, ${method.name}`;
    rows.push(...(await compare(work, candidates, { show, required: REQUIRED, rounds: 15, warmup: 5 })));
  }
  return { rows, distances: errors };
}
