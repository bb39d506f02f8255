import { ones, type Tensor } from "polyadic";
import type { ChartSpec } from "polyadic/plot";
import { type Key, split, uniform } from "polyadic/random";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";
import { pointCosts, sinkhorn, sinkhornNewtonSparse, type TransportResult } from "polyadic/transport";

const KINDS = ["random", "euclidean", "sqeuclidean"] as const;
type Kind = (typeof KINDS)[number];

const NAMES: Readonly<Record<Kind, string>> = {
  random: "random costs",
  euclidean: "distances",
  sqeuclidean: "squared distances",
};

/** Costs between two sets of n points of the square, or without any geometry; the largest is 1. */
function costs(key: Key, n: number, kind: Kind): Tensor {
  const [first, second] = split(key) as [Key, Key];
  const c =
    kind === "random"
      ? uniform(first, [n, n])
      : pointCosts(uniform(first, [n, 2]), uniform(second, [n, 2]), { metric: kind });
  return c.div(c.max());
}

const even = (n: number): Tensor => ones([n]).div(n);

const TOLERANCE = 1e-9;
const QUICK = { n: 100, eta: 300, cap: 4000, warmup: 50, newton: 60 } as const;
const FULL = { n: 500, eta: 1200, cap: 20000, warmup: 200, newton: 200 } as const;

/** CG steps for all three kinds of costs at the quick size. */
function quickSteps(key: Key): number {
  const { n, eta, warmup, newton } = QUICK;
  return KINDS.reduce((sum, kind, i) => {
    const cost = costs(split(key, KINDS.length)[i]!, n, kind);
    const options = { eta, warmup, newton, tolerance: TOLERANCE };
    return sum + sinkhornNewtonSparse(even(n), even(n), cost, options).cgIterations;
  }, 0);
}

/** How far apart two plans are: the sum of |P − P'|. */
const gap = (p: TransportResult, q: TransportResult): number => p.plan().sub(q.plan()).abs().sum().item();

export default study({
  id: "sns-sinkhorn",
  paper: { title: "Accelerating Sinkhorn Algorithm with Sparse Newton Iterations", year: 2024 },
  claim:
    "Newton steps whose Hessian keeps only the largest entries solve entropic optimal transport to high accuracy in tens of iterations where Sinkhorn's algorithm needs thousands.",
  baseline: "Sinkhorn's algorithm (by stabilised matrix scaling) to the same marginal error",
  run({ key, scale, report }) {
    const isQuick = scale === "quick";
    const { n, eta, cap, warmup, newton } = isQuick ? QUICK : FULL;
    // Both sides run once, so that neither is timed while the engine still compiles it.
    const small = costs(key, 30, "random");
    sinkhorn(even(30), even(30), small, { eta: 100 });
    sinkhornNewtonSparse(even(30), even(30), small, { eta: 100 });
    const rows = KINDS.map((kind, i) => {
      const cost = costs(split(key, KINDS.length)[i]!, n, kind);
      const plain = timed(() =>
        sinkhorn(even(n), even(n), cost, { eta, iterations: cap, tolerance: TOLERANCE }),
      );
      const sparse = timed(
        () => sinkhornNewtonSparse(even(n), even(n), cost, { eta, warmup, newton, tolerance: TOLERANCE }),
        isQuick ? 3 : 1,
      );
      const exact = sinkhornNewtonSparse(even(n), even(n), cost, { eta, warmup, newton, tolerance: 1e-13 });
      report.plot(chart(kind, plain.value, sparse.value));
      return { kind, cost, plain, sparse, exact };
    });
    report.table(
      rows.map(({ kind, plain, sparse }) => ({
        costs: NAMES[kind],
        "Sinkhorn iterations": plain.value.sinkhornIterations,
        "its error": plain.value.errors.at(-1)!,
        "warm-up": sparse.value.sinkhornIterations,
        "Newton steps": sparse.value.newtonIterations,
        "CG steps": sparse.value.cgIterations,
        "entries kept": Math.max(...sparse.value.kept) / n ** 2,
        error: sparse.value.errors.at(-1)!,
        "time ratio": plain.milliseconds / sparse.milliseconds,
      })),
      `n = ${n}, eta = ${eta}, error 1e-9, at most ${cap} Sinkhorn iterations`,
    );

    const squared = rows[2]!;
    const fixed = sinkhornNewtonSparse(even(n), even(n), squared.cost, { eta, warmup, density: 3 / n });
    const etas = isQuick ? [150, 300, 600, 1200] : [300, 600, 1200, 2400];
    const random = rows[0]!.cost;
    const byEta = etas.map((each) => {
      const exact = sinkhornNewtonSparse(even(n), even(n), random, { eta: each, newton: 200, warmup });
      const plain = sinkhorn(even(n), even(n), random, { eta: each, iterations: cap, tolerance: 1e-6 });
      return {
        eta: each,
        newton: exact.newtonIterations,
        error: exact.errors.at(-1)!,
        "Sinkhorn to 1e-6": plain.sinkhornIterations,
      };
    });
    report.table(byEta, "Random costs at lower and lower temperature (as far as iterations were allowed)");
    report.table(
      [
        {
          density: "auto",
          steps: squared.sparse.value.newtonIterations,
          error: squared.sparse.value.errors.at(-1)!,
        },
        { density: "3 / n, fixed", steps: fixed.newtonIterations, error: fixed.errors.at(-1)! },
      ],
      "Squared distances: how much of the Hessian is kept",
    );
    report.note(
      "A Newton step that drops a share of the mass gains about that share, whatever is solved exactly.",
    );

    const ratio = (row: (typeof rows)[number]): number =>
      row.plain.value.sinkhornIterations /
      (row.sparse.value.sinkhornIterations + row.sparse.value.newtonIterations);
    return {
      ratioOnRandomCosts: ratio(rows[0]!),
      ratioOnDistances: ratio(rows[1]!),
      ratioOnSquaredDistances: ratio(rows[2]!),
      timeRatioOnRandomCosts: rows[0]!.plain.milliseconds / rows[0]!.sparse.milliseconds,
      newtonSteps: Math.max(...rows.map(({ sparse }) => sparse.value.newtonIterations)),
      cgSteps: rows.reduce((sum, { sparse }) => sum + sparse.value.cgIterations, 0),
      cgStepsAtQuickSize: quickSteps(key),
      // A CG step costs at most the share kept of a Sinkhorn iteration.
      cgWork: Math.max(
        ...rows.map(
          ({ plain, sparse }) =>
            (sparse.value.cgIterations * Math.max(...sparse.value.kept)) /
            n ** 2 /
            plain.value.sinkhornIterations,
        ),
      ),
      finalError: Math.max(...rows.map(({ sparse }) => sparse.value.errors.at(-1)!)),
      // To the plan of Sinkhorn's algorithm, in units of how far that is from the exact one.
      planGap: Math.max(
        ...rows.map(({ plain, sparse, exact }) => gap(plain.value, sparse.value) / gap(plain.value, exact)),
      ),
      fixedDensitySteps: fixed.newtonIterations,
      fixedDensityError: fixed.errors.at(-1)!,
      lowestTemperatureError: byEta.at(-1)!.error,
      sinkhornGrowthInEta: growthExponent(
        etas,
        byEta.map((row) => row["Sinkhorn to 1e-6"]),
      ).exponent,
      newtonGrowthInEta: growthExponent(
        etas,
        byEta.map(({ newton }) => Math.max(1, newton)),
      ).exponent,
    };
  },
  expect: {
    ratioOnRandomCosts: atLeast(30),
    ratioOnDistances: atLeast(15),
    ratioOnSquaredDistances: atLeast(6),
    cgStepsAtQuickSize: atMost(6000),
    cgWork: atMost(0.5),
    finalError: atMost(TOLERANCE),
    planGap: atMost(1.1),
  },
});

const chart = (kind: Kind, plain: TransportResult, sparse: TransportResult): ChartSpec => ({
  title: `Marginal error, ${NAMES[kind]}`,
  x: { label: "iteration", scale: "log" },
  y: { label: "error", scale: "log", format: "power" },
  series: [
    { name: "Sinkhorn", points: thinned(plain.errors), style: "dashed" },
    { name: "Sinkhorn-Newton-Sparse", points: thinned(sparse.errors) },
  ],
});

/** At most some hundred of the points, the first and the last among them. */
function thinned(errors: readonly number[]): [number, number][] {
  const step = Math.ceil(errors.length / 400);
  return errors
    .map((error, i): [number, number] => [i + 1, error])
    .filter((_, i) => i % step === 0 || i === errors.length - 1);
}
