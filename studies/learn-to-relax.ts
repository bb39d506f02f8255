import {
  type Bandit,
  binnedTsallis,
  chebCB,
  jacobiRadius,
  optimalOmega,
  type SequenceSystem,
  solveSequence,
  sor,
  tsallisInf,
} from "polyadic/linalg";
import { beta, foldIn, type Key, normal, split } from "polyadic/random";
import { poisson, sparseEye } from "polyadic/sparse";
import { atLeast, atMost, growthExponent, study } from "polyadic/study";

/** Shifts c of the Laplacian lie in this interval. */
const INTERVAL = [-0.15, 0.45] as const;
const ACTIONS = 20;
const FIXED = [1, 1.2, 1.4, 1.6, 1.8];
/** Beta distributions of the shift. */
const VARIANCES = { high: [0.5, 1.5], low: [2, 6] } as const;

type System = Required<SequenceSystem>;

/**
 * Systems (L + c I) x = b on a square grid: c from a Beta distribution on the interval, in units of the least eigenvalue
 * such that those of the 10 × 10 grid are 1; b normal within the ball of radius √n.
 */
interface Family {
  readonly systems: readonly System[];
  /** The best parameter of each. */
  readonly optimal: readonly number[];
}

function family(key: Key, side: number, count: number, [a, b]: readonly [number, number]): Family {
  const [shiftKey, rightKey] = split(key, 2);
  const n = side * side;
  const laplacian = poisson([side, side]);
  const identity = sparseEye(n);
  const [low, high] = INTERVAL;
  const contexts = beta(shiftKey!, a, b, { shape: [count] })
    .mul(high - low)
    .add(low)
    .toArray() as number[];
  // The diagonal is 4 + c everywhere, so that one radius gives all others.
  const radius = jacobiRadius(laplacian);
  const unit = (1 - radius) / (1 - Math.cos(Math.PI / 11));
  return {
    systems: contexts.map((context, t) => ({
      a: laplacian.add(identity.scale(unit * context)),
      b: rightSide(foldIn(rightKey!, t), n),
      context,
    })),
    optimal: contexts.map((c) => optimalOmega((4 * radius) / (4 + unit * c))),
  };
}

function rightSide(key: Key, n: number): System["b"] {
  for (let attempt = 0; ; attempt++) {
    const b = normal(foldIn(key, attempt), [n]);
    if (b.square().sum().item() <= n) return b;
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The sweeps of every policy on the same systems. */
function compare(key: Key, { systems, optimal }: Family): Map<string, readonly number[]> {
  const learned = <S>(bandit: Bandit<S>, at: number): readonly number[] =>
    solveSequence(foldIn(key, at), systems, { bandit }).iterations;
  const solved = (omegaOf: (t: number) => number): readonly number[] =>
    systems.map(({ a, b }, t) => sor(a, b, { omega: omegaOf(t) }).iterations);
  const actions = ACTIONS;
  return new Map([
    ...FIXED.map((omega) => [nameOf(omega), solved(() => omega)] as const),
    ["optimal parameter of each", solved((t) => optimal[t]!)],
    ["tsallisInf", learned(tsallisInf({ actions }), 0)],
    ["binnedTsallis", learned(binnedTsallis({ actions, interval: INTERVAL }), 1)],
    ["chebCB", learned(chebCB({ actions, interval: INTERVAL }), 2)],
  ]);
}

/** For the same draws of c: sweeps of a learner that has seen 240 systems, and of Gauss and Seidel's method on the same 60 that follow. */
function growthOf(
  key: Key,
  sides: readonly number[],
): { side: number; gaussSeidel: number; chebCB: number; optimal: number }[] {
  return sides.map((side, i) => {
    const { systems, optimal } = family(key, side, 300, VARIANCES.high);
    const bandit = chebCB({ actions: ACTIONS, interval: INTERVAL });
    const { iterations } = solveSequence(foldIn(key, 100 + i), systems, { bandit });
    const last = systems.slice(240);
    const solved = (omegaOf: (t: number) => number): number =>
      mean(last.map(({ a, b }, t) => sor(a, b, { omega: omegaOf(t) }).iterations));
    return {
      side,
      gaussSeidel: solved(() => 1),
      chebCB: mean(iterations.slice(240)),
      optimal: solved((t) => optimal[240 + t]!),
    };
  });
}

const nameOf = (omega: number): string => `parameter ${omega}`;

export default study({
  id: "learn-to-relax",
  paper: {
    title: "Learning to Relax: Setting Solver Parameters Across a Sequence of Linear System Instances",
    year: 2024,
  },
  claim:
    "On 5000 systems a bandit that sees only iteration counts approaches the best fixed relaxation parameter, and one that sees the shift that of each instance.",
  baseline: "fixed parameters 1 (Gauss-Seidel) to 1.8; the optimal parameter of each instance",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const rounds = quick ? 400 : 5000;
    const late = quick ? 100 : 300;
    const kinds = quick ? (["high"] as const) : (["high", "low"] as const);
    const [systemKey, playKey, growthKey] = split(key, 3) as [Key, Key, Key];
    const rows = kinds.map((kind) => {
      const at = kind === "high" ? 0 : 1;
      const courses = compare(
        foldIn(playKey, at),
        family(foldIn(systemKey, at), 10, rounds, VARIANCES[kind]),
      );
      const over = (name: string, count = rounds): number => mean(courses.get(name)!.slice(-count));
      const best = (count = rounds): number => Math.min(...FIXED.map((omega) => over(nameOf(omega), count)));
      report.table(
        [...courses.keys()].map((policy) => ({
          policy,
          all: over(policy),
          "last half": over(policy, rounds / 2),
          [`last ${late}`]: over(policy, late),
        })),
        `Mean sweeps of ${rounds} systems, ${kind} variance`,
      );
      return {
        tsallisOverGaussSeidel: over("tsallisInf") / over(nameOf(1)),
        tsallisOverBestFixed: over("tsallisInf") / best(),
        tsallisLateOverBestFixed: over("tsallisInf", rounds / 2) / best(rounds / 2),
        chebLateOverTsallis: over("chebCB", late) / over("tsallisInf", late),
        chebLateOverBestFixed: over("chebCB", late) / best(late),
        chebLateOverOptimal: over("chebCB", late) / over("optimal parameter of each", late),
      };
    });
    const growth = growthOf(growthKey, quick ? [5, 7, 9, 12] : [6, 9, 13, 19, 27]);
    report.table(growth, "Mean sweeps by the side of the grid, once 240 systems have been seen");
    const exponent = (of: (row: (typeof growth)[number]) => number): number =>
      growthExponent(
        growth.map(({ side }) => side),
        growth.map(of),
      ).exponent;
    const worst = (of: (row: (typeof rows)[number]) => number): number => Math.max(...rows.map(of));
    return {
      tsallisOverGaussSeidel: worst((row) => row.tsallisOverGaussSeidel),
      tsallisOverBestFixed: worst((row) => row.tsallisOverBestFixed),
      tsallisLateOverBestFixed: worst((row) => row.tsallisLateOverBestFixed),
      chebLateOverTsallis: worst((row) => row.chebLateOverTsallis),
      chebLateOverBestFixed: worst((row) => row.chebLateOverBestFixed),
      chebLateOverOptimal: worst((row) => row.chebLateOverOptimal),
      growthGaussSeidel: exponent((row) => row.gaussSeidel),
      growthCheb: exponent((row) => row.chebCB),
    };
  },
  expect: {
    tsallisOverGaussSeidel: atMost(0.45),
    tsallisLateOverBestFixed: atMost(1.9),
    chebLateOverTsallis: atMost(1),
    chebLateOverBestFixed: atMost(0.9),
    chebLateOverOptimal: atMost(1.45),
    growthGaussSeidel: atLeast(1.7),
    growthCheb: atMost(1.4),
  },
  expectAtFullScale: { tsallisOverBestFixed: atMost(1.5) },
});
