import { type Tensor, zeros } from "polyadic";
import { type FastSumOptions, fastSum, type KernelSpec } from "polyadic/linalg";
import { foldIn, type Key, normal, permutation, uniform } from "polyadic/random";
import { atLeast, atMost, between, growthExponent, study, timed } from "polyadic/study";

type Radial = (distance: number) => number;

/** Sums for some targets, one pair after another. */
function direct(f: Radial, points: Tensor, charges: Tensor, targets: ArrayLike<number>): Float64Array {
  const [x, q] = [points.data(), charges.data()];
  return Float64Array.from(targets, (i) => {
    let sum = 0;
    for (let j = 0; j < q.length; j++) {
      if (i === j) continue;
      const a = x[3 * i] - x[3 * j];
      const b = x[3 * i + 1] - x[3 * j + 1];
      const c = x[3 * i + 2] - x[3 * j + 2];
      sum += f(Math.sqrt(a * a + b * b + c * c)) * q[j];
    }
    return sum;
  });
}

interface Draw {
  readonly points: Tensor;
  readonly charges: Tensor;
  readonly sample: ArrayLike<number>;
}

const draw = (key: Key, n: number, sampled = n): Draw => ({
  points: uniform(foldIn(key, 1), [n, 3]),
  charges: normal(foldIn(key, 2), [n]),
  sample: permutation(foldIn(key, 3), n).data().slice(0, sampled) as ArrayLike<number>,
});

function relativeError(found: Tensor, truth: Float64Array, sample: ArrayLike<number>): number {
  const y = found.data();
  let [error, size] = [0, 0];
  truth.forEach((value, k) => {
    error += (y[sample[k]] - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(error / size);
}

const built = (kernel: KernelSpec, points: Tensor, options: Partial<FastSumOptions>) =>
  fastSum(kernel, { dims: 3, ...options }).build(points);

/** The largest error of an entry of the matrix, from unit charges at some of the points. */
function worstEntry(
  f: Radial,
  { points, sample }: Draw,
  sum: ReturnType<typeof built>,
  count: number,
): number {
  const n = points.shape[0];
  const unit = zeros([n, count]);
  for (let c = 0; c < count; c++) unit.data()[sample[c] * count + c] = 1;
  const found = sum.apply(unit).data();
  const x = points.data();
  let worst = 0;
  for (let c = 0; c < count; c++)
    for (let i = 0; i < n; i++) {
      const j = sample[c];
      if (i === j) continue;
      const r = Math.hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]);
      worst = Math.max(worst, Math.abs(found[i * count + c] - f(r)));
    }
  return worst / sum.scale;
}

const inverse: Radial = (r) => 1 / r;

const FULL_KERNELS: readonly (readonly [string, Radial])[] = [
  // At depth 2 boxes have a quarter of the side of the cube.
  ["1/r", inverse],
  ["r⁻⁴", (r) => r ** -4],
  ["cos(3r')/r'", (r) => Math.cos(12 * r) / r],
  ["exp(-2r')/r'", (r) => Math.exp(-8 * r) / r],
];

export default study({
  id: "eim-fmm",
  paper: {
    title: "A Fast Summation Method for translation invariant kernels",
    year: 2020,
    url: "https://arxiv.org/abs/1408.0210",
  },
  claim:
    "Expansions made of the kernel itself need fewer points than grids of Chebyshev points, choose their number for a requested accuracy and tell their error, with important gains for inhomogeneous kernels.",
  baseline: "the direct sum; the interpolating multipole method on grids of Chebyshev points",
  run({ key, scale, report }) {
    const small = draw(key, 2000);
    const truth = direct(inverse, small.points, small.charges, small.sample);
    const tolerance = 1e-3;
    const sum = built({ radial: inverse }, small.points, { tolerance });
    const error = relativeError(sum.apply(small.charges), truth, small.sample);
    const worst = worstEntry(inverse, small, sum, 40);
    const grids = [3, 4, 5].map((chebyshev) => {
      const grid = built({ radial: inverse }, small.points, { basis: { chebyshev } });
      const values = grid.apply(small.charges);
      return {
        method: `Chebyshev ${chebyshev}`,
        points: grid.ranks[0],
        error: relativeError(values, truth, small.sample),
      };
    });
    report.table(
      [{ method: "empirical, 1e-3", points: sum.ranks[0], error }, ...grids],
      "1/r, 2000 points in a cube",
    );
    // The smallest grid that is as good; where none is, the largest one is a lower bound.
    const equal = grids.find((grid) => grid.error <= error) ?? grids.at(-1)!;
    const measured = {
      error,
      rank: Math.max(...sum.ranks),
      gridOverRank: equal.points / Math.max(...sum.ranks),
      estimateOverWorst: sum.errorEstimate / worst,
      costExponent: 0,
    };
    // In the plane, where few points make many levels.
    const sizes = [2000, 4000, 8000, 16000];
    const plan = fastSum({ radial: inverse, degree: -1 }, { dims: 2, tolerance, leafSize: 32 });
    const costs = sizes.map((n) => plan.build(uniform(foldIn(key, n), [n, 2])).cost());
    measured.costExponent = growthExponent(sizes, costs).exponent;
    report.table(
      sizes.map((n, i) => ({ points: n, operations: costs[i], direct: n * n })),
      "Operations in the plane",
    );
    if (scale === "quick") return measured;
    const ranks = FULL_KERNELS.map(([kernel, f]) => {
      const exact = direct(f, small.points, small.charges, small.sample);
      const row: Record<string, string | number> = { kernel };
      for (const wanted of [1e-2, 1e-3, 1e-4]) {
        const fitted = built({ radial: f }, small.points, { tolerance: wanted });
        row[`rank ${wanted}`] = fitted.ranks[0];
        row[`error ${wanted}`] = relativeError(fitted.apply(small.charges), exact, small.sample);
      }
      for (const chebyshev of [4, 5, 6]) {
        const grid = built({ radial: f }, small.points, { basis: { chebyshev } });
        row[`grid ${chebyshev ** 3}`] = relativeError(grid.apply(small.charges), exact, small.sample);
      }
      return row;
    });
    report.table(ranks, "Points of a box and relative errors of sums, 2000 points, one level with far pairs");
    const many = [2000, 6000, 18000, 50000, 100000];
    const rows = many.map((n) => {
      const of = draw(foldIn(key, 1000 + n), n, 500);
      const operator = built({ radial: inverse, degree: -1 }, of.points, { tolerance });
      operator.apply(of.charges);
      const fast = timed(() => operator.apply(of.charges));
      const slow = timed(() => direct(inverse, of.points, of.charges, of.sample));
      return {
        points: n,
        operations: operator.cost(),
        fastMs: fast.milliseconds,
        directMs: (slow.milliseconds * n) / 500,
        error: relativeError(fast.value, slow.value, of.sample),
      };
    });
    report.table(rows, "1/r at 1e-3 (the direct sum from 500 targets)");
    const slope = (column: "operations" | "fastMs" | "directMs"): string =>
      growthExponent(
        many,
        rows.map((row) => row[column]),
      ).exponent.toFixed(2);
    report.note(
      `Time grows like the power ${slope("fastMs")} of the points (operations ${slope("operations")}), that of the direct sum like ${slope("directMs")}.`,
    );
    const decaying = built({ radial: (r) => Math.exp(-20 * r) / r }, draw(key, 20000).points, { tolerance });
    report.note(`Ranks by level of exp(-20 r)/r, coarsest first: ${decaying.ranks.join(", ")}.`);
    return { ...measured, coarsestOverFinestRank: decaying.ranks[0]! / decaying.ranks.at(-1)! };
  },
  expect: {
    error: atMost(3e-3),
    rank: atMost(90),
    gridOverRank: atLeast(1.4),
    estimateOverWorst: between(0.1, 10),
    costExponent: atMost(1.3),
  },
  expectAtFullScale: { coarsestOverFinestRank: atMost(0.6) },
});
