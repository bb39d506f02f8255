import { linspace, type Tensor, tensor } from "polyadic";
import {
  cond,
  rieszCollocation,
  rieszDifferences,
  rieszSymbol,
  solvePositive,
  solveRiesz,
} from "polyadic/linalg";
import { gamma } from "polyadic/special";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";

type Scalar = (x: number) => number;

const solution: Scalar = (x) => x ** 4 * (1 - x) ** 4;

/** −d^α/d|x|^α of x⁴ (1 − x)⁴, power by power. */
function sourceOf(alpha: number): Scalar {
  const left = [1, -4, 6, -4, 1].map((c, k) => ({
    power: 4 + k - alpha,
    factor: (c * gamma(5 + k).item()) / gamma(5 + k - alpha).item(),
  }));
  const at: Scalar = (x) => left.reduce((sum, { power, factor }) => sum + factor * x ** power, 0);
  return (x) => (at(x) + at(1 - x)) / (2 * Math.cos((Math.PI * alpha) / 2));
}

/** Errors below this are rounding in part. */
const ROUNDING = 4e-12;

const numbers = (x: Tensor): number[] => Array.from(x.data(), Number);
const largest = (x: Tensor): number => x.abs().max().item();

const GRID = linspace(0, 1, 2001);
const EXACT = tensor(numbers(GRID).map(solution));

function splineError(degree: number, intervals: number, alpha: number): number {
  const { evaluate } = solveRiesz({ degree, intervals, alpha, source: sourceOf(alpha) });
  return largest(evaluate(GRID).sub(EXACT));
}

/** Errors at the nodes, which is all that differences know. */
function differenceError(intervals: number, alpha: number): number {
  const x = Array.from({ length: intervals - 1 }, (_, i) => (i + 1) / intervals);
  const b = tensor(x.map(sourceOf(alpha)));
  const u = solvePositive(rieszDifferences({ intervals, alpha }).toDense(), b);
  return largest(u.sub(tensor(x.map(solution))));
}

const predicted = (degree: number, alpha: number): number =>
  degree % 2 === 0 ? degree + 2 - alpha : degree + 1 - alpha;

const SYMBOL_AT_PI = [2.4841, 2.0201, 1.1429, 0.74737, 0.47091, 0.30071];
const MIDDLE_ROW = [1.430727, -0.58671, -0.075432, -0.021947, -0.010049];

export default study({
  id: "bspline-riesz",
  paper: {
    title:
      "On the matrices in B-spline collocation methods for Riesz fractional equations and their spectral properties",
    year: 2021,
    url: "https://arxiv.org/abs/2106.14834",
  },
  claim:
    "Collocation matrices are Toeplitz but for their border, with a symbol that has a zero of order α at 0 and decays exponentially in the degree at π; errors fall like n^-(p + 2 - α) for even degrees p and n^-(p + 1 - α) for odd ones.",
  baseline: "second-order weighted and shifted Grünwald differences; dense LU",
  run({ scale, report }) {
    const isFull = scale === "full";
    const intervals = isFull ? [16, 32, 64, 128, 256, 512] : [16, 32, 64];
    const degrees = isFull ? [2, 3, 4, 5, 6, 7] : [2, 3, 4];
    const gaps: number[] = [];
    const rows = [1.3, 1.7].flatMap((alpha) => {
      const errors = (name: string, error: (n: number) => number, wanted: number) => {
        const e = intervals.map(error);
        const end = e.findIndex((own) => own <= ROUNDING);
        const last = (end < 0 ? e.length : end) - 1;
        const order = Math.log2(e[last - 1]! / e[last]!);
        return {
          alpha,
          method: name,
          ...Object.fromEntries(intervals.map((n, i) => [`n = ${n}`, e[i]])),
          order,
          predicted: wanted,
        };
      };
      const splines = degrees.map((p) =>
        errors(`degree ${p}`, (n) => splineError(p, n, alpha), predicted(p, alpha)),
      );
      // Beyond degree 5 rounding is reached before the orders settle.
      for (const row of splines.slice(0, 4)) gaps.push(Math.abs(row.order - row.predicted));
      return [...splines, errors("Grünwald", (n) => differenceError(n, alpha), 2)];
    });
    report.table(rows, "Largest errors of x⁴ (1 - x)⁴ and order from the last two sizes above rounding");
    const { operator } = rieszCollocation({ degree: 2, intervals: 64, alpha: 1.5 });
    const row = numbers(
      operator
        .toDense()
        .at(32)
        .div(64 ** 1.5),
    );
    const atPi = SYMBOL_AT_PI.map((value, i) =>
      Math.abs(rieszSymbol({ degree: i + 2, alpha: 1.5 })(Math.PI) / value - 1),
    );
    const nearZero = degrees.flatMap((degree) =>
      [1.1, 1.5, 1.9].map((alpha) => Math.abs(rieszSymbol({ degree, alpha })(0.01) / 0.01 ** alpha - 1)),
    );
    report.table(
      [5, 7, 9].map((degree) => ({
        degree,
        ...Object.fromEntries(
          [1.1, 1.5, 1.9].map((alpha) => {
            const f = rieszSymbol({ degree, alpha });
            return [`alpha ${alpha}`, f(Math.PI) / Math.max(...numbers(linspace(0, Math.PI, 1001)).map(f))];
          }),
        ),
      })),
      "The symbol at π over its maximum",
    );
    const sizes = [64, 128, 256, 512];
    const costs = sizes.map((n) => rieszCollocation({ degree: 3, intervals: n, alpha: 1.5 }).operator.cost());
    const measured = {
      orderGap: Math.max(...gaps),
      rowGap: Math.max(...MIDDLE_ROW.map((value, k) => Math.abs(row[32 + k] - value))),
      symbolGap: Math.max(...atPi),
      zeroGap: Math.max(...nearZero),
      costExponent: growthExponent(sizes, costs).exponent,
      splineGain: differenceError(64, 1.3) / splineError(4, 64, 1.3),
    };
    if (!isFull) return measured;
    const conditions = [32, 64, 128, 256].map((n) => ({
      n,
      ...Object.fromEntries(
        [2, 3, 5, 7].map((degree) => {
          const matrix = rieszCollocation({ degree, intervals: n, alpha: 1.5 }).operator.toDense();
          return [`degree ${degree}`, Number(cond(matrix).item()) / n ** 1.5];
        }),
      ),
    }));
    report.table(conditions, "Condition numbers over n^alpha, alpha 1.5");
    const many = [512, 1024, 2048, 4096];
    const times = many.map((n) => {
      const options = { degree: 3, intervals: n, alpha: 1.5, source: sourceOf(1.5) } as const;
      const assembly = timed(() => rieszCollocation(options), 3);
      const fast = timed(() => solveRiesz(options), 3);
      const dense = timed(() => solveRiesz({ ...options, method: "dense" }), 3);
      return {
        n,
        assemblyMs: assembly.milliseconds,
        fastMs: fast.milliseconds,
        denseMs: dense.milliseconds,
        ratio: dense.milliseconds / fast.milliseconds,
        steps: fast.value.iterations,
        difference: largest(fast.value.coefficients.sub(dense.value.coefficients)),
      };
    });
    report.table(times, "Milliseconds of whole solves (assembly included), degree 3, alpha 1.5");
    const power = (column: "fastMs" | "denseMs"): string =>
      growthExponent(
        many,
        times.map((time) => time[column]),
      ).exponent.toFixed(2);
    report.note(`Time grows like the power ${power("fastMs")} of n, with dense LU like ${power("denseMs")}.`);
    return measured;
  },
  expect: {
    orderGap: atMost(0.4),
    rowGap: atMost(1e-6),
    symbolGap: atMost(1e-3),
    zeroGap: atMost(1e-3),
    costExponent: atMost(1.2),
    splineGain: atLeast(10),
  },
});
