import { fromTypedArray, type Tensor } from "polyadic";
import {
  type DesignKind,
  legendreBasis,
  type OrthonormalBasis,
  sampleDesign,
  weightedLstsq,
} from "polyadic/linalg";
import { foldIn, type Key, split } from "polyadic/random";
import { gaussLegendre } from "polyadic/special";
import { atLeast, atMost, study } from "polyadic/study";

interface Target {
  readonly basis: OrthonormalBasis;
  readonly f: (x: Tensor) => Tensor;
  /** Coefficients of the best approximation, and its error in L2. */
  readonly best: Tensor;
  readonly bestError: number;
}

/** Runge's function of one variable, or of the distance from 0 of two. */
const runge = (x: Tensor): Tensor =>
  (x.ndim === 1 ? x.square() : x.square().sum({ axis: 1 })).mul(25).add(1).pow(-1);

/** The projection on the basis by Gauss's rule of 400 points (a square of 120 in two dimensions). */
function target(m: number, dims: 1 | 2): Target {
  const basis = legendreBasis(m, dims);
  const { nodes, weights } = gaussLegendre(dims === 1 ? 400 : 120);
  let points = nodes;
  let measure = weights.div(2);
  if (dims === 2) {
    const n = nodes.size;
    const x = nodes.data();
    const w = measure.data();
    const grid = Float64Array.from({ length: 2 * n * n }, (_, i) => {
      const at = i >> 1;
      return x[i % 2 === 0 ? Math.floor(at / n) : at % n]!;
    });
    points = fromTypedArray(grid, [n * n, 2], "float64");
    measure = fromTypedArray(
      Float64Array.from({ length: n * n }, (_, at) => w[Math.floor(at / n)]! * w[at % n]!),
      [n * n],
      "float64",
    );
  }
  const values = runge(points);
  const best = basis.evaluate(points).transpose().matmul(values.mul(measure));
  const square = values.square().mul(measure).sum().sub(best.square().sum()).item();
  return { basis, f: runge, best, bestError: Math.sqrt(square) };
}

interface Fits {
  /** Errors in L2 over the best one, sorted. */
  readonly ratios: readonly number[];
  readonly coefficients: readonly Tensor[];
}

function fits(
  key: Key,
  { basis, f, best, bestError }: Target,
  n: number,
  kind: DesignKind,
  draws: number,
): Fits {
  const coefficients = Array.from({ length: draws }, (_, i) => {
    const { x, weights } = sampleDesign(foldIn(key, i), basis, n, { kind });
    return weightedLstsq(basis, { x, weights, values: f(x) }).coefficients;
  });
  // Pythagoras: the error is the best one and the distance of the coefficients.
  const ratios = coefficients.map((c) =>
    Math.hypot(1, Math.sqrt(c.sub(best).square().sum().item()) / bestError),
  );
  return { ratios: ratios.sort((a, b) => a - b), coefficients };
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;

/** The largest distance of the mean coefficients from the best, in standard errors of the mean. */
function bias({ coefficients }: Fits, best: Tensor): number {
  const count = coefficients.length;
  const mean = coefficients.reduce((sum, c) => sum.add(c)).div(count);
  const variance = coefficients.reduce((sum, c) => sum.add(c.sub(mean).square()), best.mul(0)).div(count - 1);
  return mean.sub(best).div(variance.div(count).sqrt()).abs().max().item();
}

export default study({
  id: "dpp-least-squares",
  paper: {
    title:
      "Weighted least-squares approximation with determinantal point processes and generalized volume sampling",
    year: 2024,
  },
  claim:
    "Points that repel each other give nearly the best approximation in a basis from far fewer evaluations than independent ones.",
  baseline: "independent points from the optimal density, as many and twice as many, and 4 m ln m of them",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const draws = quick ? 60 : 500;
    const cases: readonly [string, Target][] = quick
      ? [["m = 10", target(10, 1)]]
      : [
          ["m = 20", target(20, 1)],
          ["m = 40", target(40, 1)],
          ["two variables, m = 28", target(28, 2)],
        ];
    const results = cases.map(([name, aim], which) => {
      const m = aim.basis.dimension;
      const plans: readonly [string, number, DesignKind][] = [
        ["independent, m", m, "christoffel"],
        ["independent, 2 m", 2 * m, "christoffel"],
        ["dpp, m", m, "dpp"],
        ["volume, 2 m", 2 * m, "volume"],
        ["2 dpp", 2 * m, "repeated-dpp"],
        ["4 dpp", 4 * m, "repeated-dpp"],
        ["independent, 4 m ln m", Math.floor(4 * m * Math.log(m)), "christoffel"],
      ];
      const keys = split(foldIn(key, which), plans.length);
      const rows = plans.map(([design, n, kind], i) => {
        const fit = fits(keys[i]!, aim, n, kind, draws);
        const rms = Math.sqrt(fit.ratios.reduce((sum, ratio) => sum + ratio ** 2, 0) / draws);
        return { fit, row: { design, n, rms, p90: quantile(fit.ratios, 0.9) } };
      });
      report.table(
        rows.map(({ row }) => row),
        `${name}: error in L2 over the best one (${aim.bestError.toPrecision(3)}), ${draws} draws`,
      );
      const p90 = (design: string): number => rows.find(({ row }) => row.design === design)!.row.p90;
      const volume = rows.find(({ row }) => row.design === "volume, 2 m")!;
      return { p90, bias: bias(volume.fit, aim.best) };
    });
    const worst = (value: (result: (typeof results)[number]) => number): number =>
      Math.max(...results.map(value));
    const ratios = results.map(({ p90 }) => p90("independent, 2 m") / p90("2 dpp"));
    return {
      dppP90: worst(({ p90 }) => p90("dpp, m")),
      twoDppP90: worst(({ p90 }) => p90("2 dpp")),
      fourDppP90: worst(({ p90 }) => p90("4 dpp")),
      independentOverTwoDpp: Math.min(...ratios.slice(0, quick ? 1 : 2)),
      ...(quick ? {} : { independentOverTwoDppPlane: ratios[2]! }),
      volumeBias: worst((result) => result.bias),
    };
  },
  expect: {
    dppP90: atMost(8),
    twoDppP90: atMost(2.6),
    fourDppP90: atMost(1.35),
    independentOverTwoDpp: atLeast(1.8),
    volumeBias: atMost(4),
  },
});
