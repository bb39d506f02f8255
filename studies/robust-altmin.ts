import type { Tensor } from "polyadic";
import { type CompletedMatrix, type CompleteMatrixOptions, completeMatrix } from "polyadic/decompose";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { foldIn, type Key, split, uniform } from "polyadic/random";
import { atLeast, atMost, between, growthExponent, study, timed } from "polyadic/study";

interface Observed {
  readonly rows: Int32Array;
  readonly cols: Int32Array;
  readonly values: Float64Array;
  readonly shape: readonly [number, number];
  readonly matrix: Tensor;
}

/** U diag(1 … 2) Vᵀ with random orthonormal factors, each entry seen with probability p. */
function problem(key: Key, n: number, k: number, p: number): Observed {
  const [matrixKey, maskKey] = split(key) as [Key, Key];
  const values = Array.from({ length: k }, (_, i) => 2 - (k > 1 ? i / (k - 1) : 0));
  const { matrix } = lowRankMatrix(matrixKey, [n, n], values);
  const draws = uniform(maskKey, [n * n]).data();
  const data = matrix.data();
  const seen = Array.from(draws.keys()).filter((position) => draws[position]! < p);
  return {
    rows: Int32Array.from(seen, (position) => Math.floor(position / n)),
    cols: Int32Array.from(seen, (position) => position % n),
    values: Float64Array.from(seen, (position) => data[position]!),
    shape: [n, n],
    matrix,
  };
}

/** ‖U Vᵀ − M‖ / ‖M‖, over all entries. */
function relativeError({ U, V }: CompletedMatrix, { matrix }: Observed): number {
  const gap = U.matmul(V.transpose()).sub(matrix);
  return Math.sqrt(gap.square().sum().item() / matrix.square().sum().item());
}

export default study({
  id: "robust-altmin",
  paper: {
    title: "Low Rank Matrix Completion via Robust Alternating Minimization in Nearly Linear Time",
    year: 2024,
  },
  claim:
    "Alternating minimization with roughly solved least squares completes a matrix as accurately as with exact ones, at |Ω| k work a round, not |Ω| k².",
  baseline:
    "exact alternating minimization (QR of every line); the rough one started from zero in each problem",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const [mainKey, coldKey, growthKey, sampleKey, fitKey] = split(key, 5) as [Key, Key, Key, Key, Key];
    const run = (data: Observed, options: Omit<CompleteMatrixOptions, "rank">, rank: number) => {
      const { value, milliseconds } = timed(() => completeMatrix(fitKey, data, { rank, tol: 0, ...options }));
      return { error: relativeError(value, data), work: value.work, milliseconds };
    };

    const [n, k, p] = quick ? [200, 20, 0.5] : [1000, 40, 0.3];
    const main = problem(mainKey, n, k, p);
    const iterations = 13;
    const variants: readonly [string, Omit<CompleteMatrixOptions, "rank">][] = [
      ["exact", { inner: "exact" }],
      ["1 step", { inner: "cg", innerSteps: 1, innerTolerance: 0 }],
      ["2 steps", { inner: "cg", innerSteps: 2, innerTolerance: 0 }],
      ["3 steps", { inner: "cg", innerSteps: 3, innerTolerance: 0 }],
      ["sketch, 3 steps", { inner: "sketch", innerSteps: 3 }],
    ];
    const rows = variants.map(([method, options]) => ({
      method,
      ...run(main, { ...options, iterations }, k),
    }));
    report.table(rows, `${n} × ${n}, rank ${k}, p = ${p}, after ${iterations} rounds`);
    const of = (method: string): (typeof rows)[number] => rows.find((row) => row.method === method)!;

    const small = problem(coldKey, 300, 8, 0.3);
    const cold = { innerSteps: 50, iterations: 12 };
    const starts = [
      { start: "exact", ...run(small, { inner: "exact", iterations: 12 }, 8) },
      {
        start: "from zero, tolerance 1e-1",
        ...run(small, { ...cold, warmStart: false, innerTolerance: 0.1 }, 8),
      },
      {
        start: "from zero, tolerance 1e-2",
        ...run(small, { ...cold, warmStart: false, innerTolerance: 0.01 }, 8),
      },
      { start: "warm, tolerance 1e-1", ...run(small, { ...cold, innerTolerance: 0.1 }, 8) },
    ];
    report.table(starts, "300 × 300, rank 8, p = 0.3, after 12 rounds");

    // The same matrices' worth of entries, with growing rank: work of one round a half.
    const ranks = quick ? [5, 10, 20, 40] : [10, 20, 40, 80];
    const works = ranks.map((rank) => {
      const data = problem(foldIn(growthKey, rank), quick ? 200 : 600, rank, 0.5);
      const one = (inner: "exact" | "cg"): number =>
        run(data, { inner, innerSteps: 2, iterations: 1 }, rank).work;
      return { rank, exact: one("exact"), rough: one("cg") };
    });
    const growth = (way: "exact" | "rough"): number =>
      growthExponent(
        ranks,
        works.map((row) => row[way]),
      ).exponent;
    report.table(
      [...works, { rank: "exponent", exact: growth("exact"), rough: growth("rough") }],
      "Multiply-adds of one round at the same number of entries",
    );

    if (!quick) {
      const shares = [0.5, 0.75, 1, 1.5, 2];
      const tries = 5;
      report.table(
        shares.map((share) => {
          const size = 400;
          const rank = 5;
          const seen = (share * rank * Math.log(size)) / size;
          const good = Array.from({ length: tries }, (_, i) => {
            const data = problem(foldIn(sampleKey, i + 100 * share), size, rank, seen);
            return run(data, { iterations: 60 }, rank).error < 1e-3 ? 1 : 0;
          });
          return {
            "entries / (n k ln n)": share,
            p: seen,
            success: good.reduce<number>((a, b) => a + b, 0) / tries,
          };
        }),
        "Share of 5 matrices (400 × 400, rank 5) completed to 1e-3 within 60 rounds",
      );
    }
    return {
      errorAgainstExact: of("2 steps").error / of("exact").error,
      error: of("2 steps").error,
      sketchError: of("sketch, 3 steps").error,
      workRatio: of("exact").work / of("2 steps").work,
      timeRatio: of("exact").milliseconds / of("2 steps").milliseconds,
      coldError: starts[2]!.error,
      exactError: starts[0]!.error,
      exponentExact: growth("exact"),
      exponentRough: growth("rough"),
    };
  },
  expect: {
    errorAgainstExact: atMost(2),
    error: atMost(3e-5),
    workRatio: atLeast(1.5),
    coldError: between(3e-3, 3e-2),
    exactError: atMost(1e-6),
  },
  expectAtFullScale: { workRatio: atLeast(3) },
});
