import { type Tensor, zeros } from "polyadic";
import {
  irsChannel,
  type KroneckerSbl,
  kronecker,
  kroneckerSbl,
  orthogonalMatchingPursuit,
  sparseBayesianLearning,
} from "polyadic/decompose";
import { Kronecker } from "polyadic/linalg";
import { foldIn, type Key, normal, permutation } from "polyadic/random";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";

interface Problem {
  readonly dictionaries: readonly Tensor[];
  readonly y: Tensor;
  readonly x: Tensor;
  readonly noiseVariance: number;
  /** Entries of x other than 0. */
  readonly sparsity: number;
}

/** x = x₁ ⊗ x₂ ⊗ …, each with so many standard normal entries at random places. */
function problem(key: Key, rows: readonly number[], columns: number, sparsity: number, snr: number): Problem {
  const dictionaries = rows.map((m, i) => normal(foldIn(key, i), [m, columns]));
  const parts = rows.map((_, i) => {
    const part = zeros([columns]);
    const places = permutation(foldIn(key, 10 + i), columns).data();
    const values = normal(foldIn(key, 20 + i), [sparsity]).data();
    for (let k = 0; k < sparsity; k++) part.data()[places[k]!] = values[k]!;
    return part;
  });
  const x = parts.reduce((a, b) => a.expandDims(1).mul(b).ravel());
  const clean = kronecker(dictionaries).matmul(x);
  const noiseVariance = clean.square().mean().item() / 10 ** (snr / 10);
  const y = clean.add(normal(foldIn(key, 30), [clean.size]).mul(Math.sqrt(noiseVariance)));
  return { dictionaries, y, x, noiseVariance, sparsity: sparsity ** rows.length };
}

const nmse = (found: Tensor, truth: Tensor): number =>
  found.sub(truth).abs().square().sum().item() / truth.abs().square().sum().item();

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};
const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

interface Row {
  readonly method: string;
  readonly errors: readonly number[];
  readonly iterations: readonly number[];
  readonly milliseconds: readonly number[];
}

/** All methods on all problems. */
function compare(problems: readonly Problem[], withAll = true): Row[] {
  const row = (
    method: string,
    solve: (of: Problem) => { readonly found: Tensor; readonly iterations: number },
  ): Row => {
    const runs = problems.map((of) => {
      const { value, milliseconds } = timed(() => solve(of));
      return { error: nmse(value.found, of.x), iterations: value.iterations, milliseconds };
    });
    return {
      method,
      errors: runs.map(({ error }) => error),
      iterations: runs.map(({ iterations }) => iterations),
      milliseconds: runs.map(({ milliseconds }) => milliseconds),
    };
  };
  const learned = ({ mean: found, iterations }: KroneckerSbl) => ({ found, iterations });
  const rows = [
    row("Kronecker, svd", ({ dictionaries, y, noiseVariance }) =>
      learned(kroneckerSbl(dictionaries, y, { noiseVariance })),
    ),
    row("Kronecker, am", ({ dictionaries, y, noiseVariance }) =>
      learned(kroneckerSbl(dictionaries, y, { noiseVariance, update: "am" })),
    ),
  ];
  if (!withAll) return rows;
  return [
    ...rows,
    row("plain", ({ dictionaries, y, noiseVariance }) =>
      learned(sparseBayesianLearning(kronecker(dictionaries), y, { noiseVariance })),
    ),
    row("matching pursuit", ({ dictionaries, y, sparsity }) => {
      const { x, support } = orthogonalMatchingPursuit(kronecker(dictionaries), y, { sparsity });
      return { found: x, iterations: support.length };
    }),
  ];
}

const summary = ({ method, errors, iterations, milliseconds }: Row) => ({
  method,
  medianError: median(errors),
  meanError: mean(errors),
  iterations: mean(iterations),
  milliseconds: mean(milliseconds),
});

export default study({
  id: "kron-sbl",
  paper: {
    title:
      "Bayesian Algorithms for Kronecker-structured Sparse Vector Recovery With Application to IRS-MIMO Channel Estimation",
    year: 2024,
  },
  claim:
    "Sparse Bayesian learning that knows that the support is a product of supports is more accurate and faster than without, the one with singular vectors faster than the one with alternating means.",
  baseline:
    "sparse Bayesian learning on the full matrix; orthogonal matching pursuit that is told the true sparsity",
  run({ key, scale, report }) {
    const draws = Array.from({ length: 16 }, (_, i) => problem(foldIn(key, i), [10, 10], 15, 3, 20));
    compare(draws.slice(0, 1));
    const rows = compare(draws);
    const [svd, am, plain, pursuit] = rows as [Row, Row, Row, Row];
    report.table(
      rows.map(summary),
      "Relative squared errors on 16 draws, two dictionaries 10 × 15, support 3 × 3, 20 dB",
    );
    const rises = draws.slice(0, 4).map(({ dictionaries, y, noiseVariance }) => {
      const { cost } = kroneckerSbl(dictionaries, y, { noiseVariance, update: "am", prune: 0 });
      return Math.max(...cost.slice(1).map((c, i) => (c - cost[i]!) / Math.abs(cost[i]!)));
    });
    const measured = {
      svd: median(svd.errors),
      am: median(am.errors),
      plainOverSvd: median(plain.errors) / median(svd.errors),
      pursuitOverSvd: mean(pursuit.errors) / mean(svd.errors),
      costRise: Math.max(...rises),
      timeOverPlain: mean(svd.milliseconds) / mean(plain.milliseconds),
    };
    if (scale === "quick") return measured;
    const sizes = [6, 9, 14, 20];
    const growth = sizes.map((m) => {
      const draw = problem(foldIn(key, 100 + m), [m, m], Math.round(1.5 * m), 2, 20);
      const { dictionaries, y, noiseVariance } = draw;
      const options = { noiseVariance, iterations: 5, rtol: 0 };
      const structured = timed(() => kroneckerSbl(dictionaries, y, options), 3).milliseconds / 6;
      const full = kronecker(dictionaries);
      const naive = timed(() => sparseBayesianLearning(full, y, options), 3).milliseconds / 6;
      return { rows: m, structured, naive };
    });
    report.table(growth, "Milliseconds an iteration by rows of two dictionaries");
    const exponent = (of: "structured" | "naive"): string =>
      growthExponent(
        sizes,
        growth.map((row) => row[of]),
      ).exponent.toFixed(1);
    report.note(
      `Time grows like the power ${exponent("structured")} of the rows, on the full matrix like ${exponent("naive")}.`,
    );
    const three = (snr: number, sparsity: number, many: number): Problem[] =>
      Array.from({ length: many }, (_, i) => problem(foldIn(key, 200 + i), [12, 12, 15], 15, sparsity, snr));
    const bySnr = [5, 10, 20, 30].map((snr) => {
      const [first, second] = compare(three(snr, 3, 8), false).map(summary);
      return {
        snr,
        svd: first!.medianError,
        am: second!.medianError,
        svdMs: first!.milliseconds,
        amMs: second!.milliseconds,
      };
    });
    report.table(
      bySnr,
      "Median relative squared errors, three dictionaries (12, 12, 15) × 15, support 3 × 3 × 3",
    );
    const bySparsity = [2, 3, 4, 5, 6].map((sparsity) => {
      const [first, second] = compare(three(20, sparsity, 8), false).map(summary);
      return { sparsity, svd: first!.medianError, am: second!.medianError };
    });
    report.table(bySparsity, "The same by entries of each factor, 20 dB");
    const channels = [5, 10, 15, 20].map((snr) => {
      const made = Array.from({ length: 4 }, (_, i) => irsChannel(foldIn(key, 300 + i), { snr }));
      const error = (update: "svd" | "am"): number =>
        median(
          made.map(({ dictionaries, y, x, noiseVariance }) => {
            const { mean: found } = kroneckerSbl(dictionaries, y, { noiseVariance, update });
            const signal = (v: Tensor): Tensor => new Kronecker(dictionaries).apply(v);
            return nmse(signal(found), signal(x));
          }),
        );
      return { snr, svd: error("svd"), am: error("am"), noise: 10 ** (-snr / 10) };
    });
    report.table(
      channels,
      "Relative squared error of the received signal, channel over a reflecting surface",
    );
    return measured;
  },
  expect: {
    svd: atMost(0.012),
    plainOverSvd: atLeast(1.6),
    pursuitOverSvd: atLeast(5),
    costRise: atMost(1e-9),
  },
});
