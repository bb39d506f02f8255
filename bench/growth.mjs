// How the cost of structured operators grows: products at five sizes, the exponent of n that fits, and the dense product
// where it still fits in memory.
import { polyadic, uniform } from "./library.mjs";

const { cg, Circulant, Dense, Hadamard, Kronecker, poisson, solve, tensor, Toeplitz, tridiagonal } = polyadic;
const MOST_DENSE = 4096;
const REPEATS = 9;

const vector = (n) => tensor(uniform(Float64Array, n, -1, 1));
const square = (n) => tensor(uniform(Float64Array, n * n, -1, 1)).reshape([n, n]);

/** Operators by name, from the number of unknowns. */
const KINDS = {
  Toeplitz: { sizes: [1024, 4096, 16384, 65536, 262144], make: (n) => new Toeplitz(vector(n), vector(n)) },
  circulant: { sizes: [1024, 4096, 16384, 65536, 262144], make: (n) => new Circulant(vector(n)) },
  Hadamard: { sizes: [1024, 4096, 16384, 65536, 262144], make: (n) => new Hadamard(n) },
  "Kronecker of two": {
    sizes: [1024, 4096, 16384, 65536, 262144],
    make: (n) => new Kronecker([square(Math.sqrt(n)), square(Math.sqrt(n))]),
  },
  tridiagonal: {
    sizes: [1024, 4096, 16384, 65536, 262144],
    make: (n) => tridiagonal(vector(n - 1), vector(n).add(4), vector(n - 1)),
  },
};

function median(run) {
  for (let i = 0; i < 3; i++) run();
  const times = Array.from({ length: REPEATS }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[REPEATS >> 1];
}

/** The slope of log time over log size. */
function exponent(sizes, times) {
  const [x, y] = [sizes.map(Math.log), times.map(Math.log)];
  const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const covariance = x.reduce((sum, value, i) => sum + (value - mx) * (y[i] - my), 0);
  return covariance / x.reduce((sum, value) => sum + (value - mx) ** 2, 0);
}

const show = (ms) => (ms < 1 ? `${(ms * 1e3).toFixed(0)} us` : `${ms.toFixed(1)} ms`);

export function growth() {
  const rows = [];
  const add = (work, sizes, times, dense) => {
    rows.push({
      work,
      ...Object.fromEntries(sizes.map((n, i) => [`size ${i + 1}`, `${n}: ${show(times[i])}`])),
      exponent: exponent(sizes, times).toFixed(2),
      dense: dense ?? "",
    });
  };
  for (const [name, { sizes, make }] of Object.entries(KINDS)) {
    const operators = sizes.map(make);
    const times = operators.map((operator, i) => {
      const x = vector(sizes[i]);
      return median(() => operator.apply(x));
    });
    const at = sizes.indexOf(MOST_DENSE);
    const dense = new Dense(operators[at].toDense());
    const x = vector(MOST_DENSE);
    add(`${name} product`, sizes, times, `${MOST_DENSE}: ${show(median(() => dense.apply(x)))}`);
  }
  const solvable = KINDS.tridiagonal;
  const systems = solvable.sizes.map(solvable.make);
  add(
    "tridiagonal system",
    solvable.sizes,
    systems.map((operator, i) => {
      const b = vector(solvable.sizes[i]);
      return median(() => solve(operator, b));
    }),
  );
  const sides = [32, 64, 128, 256, 512];
  const grids = sides.map((side) => poisson([side, side]));
  const unknowns = sides.map((side) => side * side);
  add(
    "sparse product on a grid",
    unknowns,
    grids.map((a, i) => {
      const x = vector(unknowns[i]);
      return median(() => a.matmul(x));
    }),
  );
  add(
    "CG on a grid, plain, to 1e-8",
    unknowns.slice(0, 4),
    grids.slice(0, 4).map((a, i) => {
      const b = vector(unknowns[i]);
      const start = performance.now();
      cg(a, b);
      return performance.now() - start;
    }),
  );
  return { rows };
}
