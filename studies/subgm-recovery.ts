import type { Tensor } from "polyadic";
import {
  gaussianSensing,
  matrixSensing,
  type RobustRecoveryOptions,
  robustMatrixRecovery,
  signRip,
} from "polyadic/decompose";
import { norm } from "polyadic/linalg";
import { lowRankMatrix } from "polyadic/linalg/problems";
import { foldIn, type Key, normal, permutation, split } from "polyadic/random";
import { atLeast, atMost, study } from "polyadic/study";

const relative = (a: Tensor, truth: Tensor): number => norm(a.sub(truth)).item() / norm(truth).item();

interface Problem {
  readonly truth: Tensor;
  readonly op: ReturnType<typeof gaussianSensing>;
  readonly y: Tensor;
}

/** A projection of rank 2 seen by m symmetrised normal measurements, exactly a share of which is off by N(0, 100). */
function problem(key: Key, n: number, m: number, share: number, noise = 0): Problem {
  const [truthKey, opKey, whereKey, outlierKey, noiseKey] = split(key, 5);
  const truth = lowRankMatrix(truthKey!, [n, n], [1, 1], { symmetric: true }).matrix;
  const op = gaussianSensing(opKey!, { m, shape: [n, n], symmetric: true, variance: 1 });
  const isWrong = permutation(whereKey!, m)
    .less(Math.round(share * m))
    .astype("float64");
  const outliers = normal(outlierKey!, [m]).mul(10).mul(isWrong);
  const y = op
    .apply(truth.ravel())
    .add(outliers)
    .add(normal(noiseKey!, [m]).mul(noise));
  return { truth, op, y };
}

export default study({
  id: "subgm-recovery",
  paper: {
    title:
      "Global Convergence of Sub-gradient Method for Robust Matrix Recovery: Small Initialization, Noisy Measurements, and Over-parameterization",
    year: 2023,
  },
  claim:
    "From a small start the sub-gradient method finds a low-rank matrix although the rank is unknown and many measurements are arbitrarily wrong.",
  baseline: "gradient descent on the squared loss from the same small start; starts that are not small",
  run({ key, scale, report }) {
    const [problemKey, startKey, sweepKey, ripKey] = split(key, 4);
    const { truth, op, y } = problem(problemKey!, 20, 600, 0.1);
    const run = (options: RobustRecoveryOptions) =>
      robustMatrixRecovery(startKey!, { measurements: op, y }, options);
    const error = (options: RobustRecoveryOptions): number => relative(run(options).matrix, truth);
    const small = error({ searchRank: 20 });
    const adaptive = error({ searchRank: 20, schedule: "adaptive", iterations: 200 });
    const large = error({ searchRank: 20, scale: 0.1 });
    const larger = error({ searchRank: 20, scale: 1 });
    const exact = error({ searchRank: 2 });
    const wider = error({ searchRank: 5 });
    const root = Math.sqrt(y.size);
    const squares = matrixSensing(startKey!, op.toDense().div(root), y.div(root), {
      shape: [20, 20],
      rank: 20,
      parameterization: "symmetric",
      scale: 1e-3,
      iterations: 600,
    });
    const squared = relative(squares.matrix, truth);
    report.table(
      [
        { method: "width 20 from 0.001, geometric steps", error: small },
        { method: "width 20 from 0.001, adaptive steps, 200 of them", error: adaptive },
        { method: "width 20 from 0.1", error: large },
        { method: "width 20 from 1", error: larger },
        { method: "width 5 from 0.001", error: wider },
        { method: "width 2 from 0.001", error: exact },
        { method: "width 20 from 0.001, squared loss", error: squared },
      ],
      "Relative errors, 20 × 20 of rank 2, 600 measurements, 10 % of them off by N(0, 100)",
    );
    const measured = {
      small,
      adaptive,
      largeOverSmall: large / small,
      squared,
      exactWidth: exact,
    };
    if (scale === "quick") return measured;
    const n = 50;
    const settings = { schedule: "adaptive", iterations: 300 } as const;
    const shares = [0, 0.1, 0.2, 0.3, 0.4, 0.5].map((share, i) => {
      const given = problem(foldIn(sweepKey!, i), n, 24 * n, share);
      const at = (options: Partial<RobustRecoveryOptions>): number =>
        relative(
          robustMatrixRecovery(
            startKey!,
            { measurements: given.op, y: given.y },
            { searchRank: n, ...options },
          ).matrix,
          given.truth,
        );
      return {
        corrupted: share,
        exactWidth: at({ ...settings, searchRank: 2 }),
        fullWidth: at(settings),
        geometric: at({}),
        delta: signRip(ripKey!, given.op, {
          rank: 2,
          trials: 5,
          corruption: given.y.sub(given.op.apply(given.truth.ravel())),
        }).delta,
      };
    });
    report.table(shares, `Relative errors, ${n} × ${n} of rank 2, ${24 * n} measurements`);
    const needed = [6, 8, 12, 16].map((perUnit, i) => {
      const m = perUnit * n * 2;
      const given = problem(foldIn(sweepKey!, 10 + i), n, m, 0.1);
      const at = (searchRank: number): number =>
        relative(
          robustMatrixRecovery(startKey!, { measurements: given.op, y: given.y }, { ...settings, searchRank })
            .matrix,
          given.truth,
        );
      return { measurements: m, "m / n r": perUnit, width2: at(2), width10: at(10), width50: at(n) };
    });
    report.table(needed, "Relative errors by the number of measurements, 10 % corrupted");
    const noisy = [0.01, 0.1, 1].map((deviation, i) => {
      const given = problem(foldIn(sweepKey!, 20 + i), n, 24 * n, 0.1, deviation);
      const { matrix } = robustMatrixRecovery(
        startKey!,
        { measurements: given.op, y: given.y },
        { ...settings, searchRank: n },
      );
      return { noise: deviation, error: relative(matrix, given.truth) };
    });
    report.table(noisy, "Relative errors with normal noise besides, width 50");
    const twelve = needed[2]!;
    return { ...measured, sweepExact: twelve.width2, sweepFull: twelve.width50 };
  },
  expect: {
    small: atMost(4e-3),
    adaptive: atMost(2e-3),
    largeOverSmall: atLeast(4),
    squared: atLeast(0.3),
    exactWidth: atMost(5e-4),
  },
});
