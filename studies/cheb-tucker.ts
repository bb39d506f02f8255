import { concat, cos, exp, type Tensor } from "polyadic";
import {
  chebTucker,
  newtonKernel,
  type PointFunction,
  particlePotential,
  rangeSeparate,
  tucker,
} from "polyadic/decompose";
import { foldIn, type Key, rademacher, uniform } from "polyadic/random";
import { atLeast, atMost, study } from "polyadic/study";
import { arange, linspace } from "polyadic/tensor";

const column = (points: Tensor, k: number): Tensor => points.at(":", k);
const squares = (points: Tensor): Tensor => points.square().sum({ axis: 1 });

const FUNCTIONS: readonly { readonly name: string; readonly f: PointFunction }[] = [
  {
    name: "1/(1 + 25|x|²/3)",
    f: (p) =>
      squares(p)
        .mul(25 / 3)
        .add(1)
        .pow(-1),
  },
  {
    name: "exp(-3|x|² + xy)",
    f: (p) =>
      exp(
        squares(p)
          .mul(-3)
          .add(column(p, 0).mul(column(p, 1))),
      ),
  },
  { name: "exp(xyz)", f: (p) => exp(column(p, 0).mul(column(p, 1)).mul(column(p, 2))) },
  { name: "cos 5(x + y + z)", f: (p) => cos(p.sum({ axis: 1 }).mul(5)) },
];

const CUBE = [
  [-1, 1],
  [-1, 1],
  [-1, 1],
] as const;

/** All points of a grid, `[n³, 3]`. */
function gridPoints(n: number): Tensor {
  const axis = linspace(-1, 1, n);
  const along = (shape: readonly number[]): Tensor =>
    axis
      .reshape(shape)
      .broadcastTo([n, n, n])
      .reshape([n ** 3, 1]);
  return concat([along([n, 1, 1]), along([1, n, 1]), along([1, 1, n])], 1);
}

/** Random charges, and the error of their long-range potential against the direct sum at random points. */
function particles(
  key: Key,
  count: number,
  degree: number,
  positions: Tensor = uniform(foldIn(key, 0), [count, 3]).mul(1.8).sub(0.9),
): { error: number; scale: number; ranks: readonly number[]; seconds: number } {
  const charges = rademacher(foldIn(key, 1), [count]);
  const started = performance.now();
  const { longRange } = particlePotential(positions, charges, { degree, tol: 1e-6 });
  const seconds = (performance.now() - started) / 1000;
  const points = uniform(foldIn(key, 2), [400, 3]).mul(2).sub(1);
  const { long } = rangeSeparate(newtonKernel(), 4);
  const distances = points
    .reshape([400, 1, 3])
    .sub(positions.reshape([1, count, 3]))
    .square()
    .sum({ axis: 2 });
  let direct = distances.mul(0);
  long.rates.forEach((rate, k) => {
    direct = direct.add(exp(distances.mul(-rate * rate)).mul(long.weights[k]!));
  });
  const exact = direct.matmul(charges);
  return {
    error: longRange.evaluate(points).sub(exact).abs().max().item(),
    scale: exact.abs().max().item(),
    ranks: longRange.ranks,
    seconds,
  };
}

export default study({
  id: "cheb-tucker",
  paper: { title: "A Mesh-Free Hybrid Chebyshev-Tucker Tensor Format", year: 2025 },
  claim:
    "Functions and many-particle potentials fit into a small core with Chebyshev polynomials; ranks are close to those of a Tucker decomposition on a fine grid, far below the degree.",
  baseline: "Tucker decomposition of 64³ samples on a uniform grid at the same tolerance",
  run({ key, scale, report }) {
    const n = scale === "quick" ? 65 : 129;
    const fine = gridPoints(64);
    const rows = FUNCTIONS.map(({ name, f }, i) => {
      const form = chebTucker(f, { domain: CUBE, degree: [n, n, n], tol: 1e-8, key: foldIn(key, i) });
      const grid = tucker(f(fine).reshape([64, 64, 64]), { rtol: 1e-8 });
      const gridRanks = grid.core.shape;
      return {
        function: name,
        ranks: form.ranks.join(" "),
        "grid ranks": gridRanks.join(" "),
        error: form.info.error,
        numbers: form.parameters,
        "of the series": n ** 3,
        excess: Math.max(...form.ranks.map((rank, k) => Math.abs(rank - gridRanks[k]!))),
      };
    });
    report.table(rows, `${n} Chebyshev nodes in each variable, tolerance 1e-8`);
    const series = [17, 33, 65].map((count) => ({
      nodes: count,
      error: chebTucker(FUNCTIONS[0]!.f, {
        domain: CUBE,
        degree: [count, count, count],
        tol: 1e-8,
        key: foldIn(key, 9),
      }).info.error,
    }));
    report.table(series, "1/(1 + 25|x|²/3): error against nodes");
    const clouds = (scale === "quick" ? [20, 200] : [20, 200, 2000]).map((count) => ({
      particles: `${count} at random`,
      ...particles(foldIn(key, 100 + count), count, scale === "quick" ? 33 : 129),
    }));
    if (scale === "full") {
      // A lattice of 8³ charges.
      const axis = arange(8).mul(0.25).sub(0.875);
      const along = (shape: readonly number[]): Tensor =>
        axis.reshape(shape).broadcastTo([8, 8, 8]).reshape([512, 1]);
      const lattice = concat([along([8, 1, 1]), along([1, 8, 1]), along([1, 1, 8])], 1);
      clouds.push({ particles: "8×8×8 lattice", ...particles(foldIn(key, 7), 512, 129, lattice) });
    }
    report.table(
      clouds.map((row) => ({ ...row, ranks: row.ranks.join(" ") })),
      "Long-range potentials, tolerance 1e-6",
    );
    const growth = clouds
      .slice(1)
      .filter((row) => row.particles.endsWith("random"))
      .map((row) => Math.max(...row.ranks.map((rank, k) => rank - clouds[0]!.ranks[k]!)));
    return {
      functionError: Math.max(...rows.map(({ error }) => error)),
      ranksAgainstGrid: Math.max(...rows.map(({ excess }) => excess)),
      errorAt17: series[0]!.error,
      errorAt33: series[1]!.error,
      geometricGain: Math.min(series[0]!.error / series[1]!.error, series[1]!.error / series[2]!.error),
      particleError: Math.max(...clouds.map(({ error, scale: size }) => error / size)),
      rankGrowth: Math.max(...growth),
    };
  },
  expect: {
    functionError: atMost(1e-7),
    ranksAgainstGrid: atMost(1),
    geometricGain: atLeast(50),
    particleError: atMost(2e-5),
    rankGrowth: atMost(3),
  },
});
