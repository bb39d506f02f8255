import { fromTypedArray, ones, type Tensor, take, tensor } from "polyadic";
import { type CP, full, poissonCp, undercountedCompletion } from "polyadic/decompose";
import { sigmoid } from "polyadic/nn";
import { type Key, normal, permutation, poisson, split, uniform } from "polyadic/random";
import { atMost, study } from "polyadic/study";

const RANK = 3;
const FEATURES = 5;

/** How the share detected depends on the sum over features of α times one of these. */
const DETECTORS: Readonly<Record<string, (z: Tensor) => Tensor>> = {
  cubic: (z) => z.pow(3).mul(0.5).add(z.mul(0.2)),
  linear: (z) => z,
  sine: (z) => z.mul(2).sin(),
  square: (z) => z.square().sub(1),
};

interface Problem {
  readonly lambda: Tensor;
  readonly indices: Tensor;
  readonly features: Tensor;
  readonly shares: Tensor;
  readonly counts: Tensor;
  readonly shape: readonly number[];
}

function plant(key: Key, n: number, observed: number, shape: (z: Tensor) => Tensor): Problem {
  const [factorKey, featureKey, weightKey, orderKey, countKey] = split(key, 5) as [Key, Key, Key, Key, Key];
  const factors = split(factorKey, 3).map((own) => uniform(own, [n, RANK], { high: 4 }));
  const cpOf: CP = { kind: "cp", weights: ones([RANK]), factors };
  const lambda = full(cpOf);
  const count = Math.round(observed * n ** 3);
  const positions = permutation(orderKey, n ** 3)
    .data()
    .slice(0, count);
  const rows = Array.from(positions, (p) => [Math.floor(p / n ** 2), Math.floor(p / n) % n, p % n]);
  const features = normal(featureKey, [count, FEATURES]);
  const weights = uniform(weightKey, [FEATURES], { low: 0.5, high: 1 });
  const shares = sigmoid(shape(features).matmul(weights));
  const rates = take(lambda.ravel(), fromTypedArray(Int32Array.from(positions), [count], "int32"));
  return {
    lambda,
    indices: tensor(rows, { dtype: "int32" }),
    features,
    shares,
    counts: poisson(countKey, rates.mul(shares)),
    shape: [n, n, n],
  };
}

const total = (x: Tensor): number => x.abs().sum().item();

/** Σ|λ̂ − λ| / Σλ as it is, and after the scale of λ̂ is brought to that of λ. */
function errors(model: CP, lambda: Tensor): { raw: number; aligned: number } {
  const found = full(model);
  const scaled = found.mul(lambda.sum().item() / found.sum().item());
  return {
    raw: total(found.sub(lambda)) / total(lambda),
    aligned: total(scaled.sub(lambda)) / total(lambda),
  };
}

const meanGap = (a: Tensor, b: Tensor): number => a.sub(b).abs().mean().item();

export default study({
  id: "uncle-tc",
  paper: { title: "Under-Counted Tensor Completion with Neural Incorporation of Attributes", year: 2023 },
  claim:
    "True counts are recovered from counts of which an unknown share was missed, with that share learned from features of each entry.",
  baseline:
    "Poisson CP of the counts as they are; one constant share for all entries; a linear detector (full)",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const [dataKey, fitKey] = split(key, 2) as [Key, Key];
    const rows = Object.entries(DETECTORS)
      .slice(0, quick ? 1 : undefined)
      .map(([name, shape]) => {
        const problem = plant(dataKey, quick ? 15 : 30, quick ? 0.3 : 0.2, shape);
        const { lambda, shares } = problem;
        const plain = errors(poissonCp(fitKey, problem, { rank: RANK }), lambda);
        const fit = undercountedCompletion(fitKey, problem, { rank: RANK });
        const found = errors(fit.lambda, lambda);
        const linear = quick
          ? null
          : errors(
              undercountedCompletion(fitKey, problem, { rank: RANK, detector: "linear" }).lambda,
              lambda,
            );
        return {
          detector: name,
          raw: found.raw,
          rawPlain: plain.raw,
          aligned: found.aligned,
          alignedPlain: plain.aligned,
          detection: meanGap(fit.detection(problem.features), shares),
          detectionConstant: meanGap(shares.mul(0).add(shares.mean()), shares),
          ...(linear ? { rawLinear: linear.raw, alignedLinear: linear.aligned } : {}),
        };
      });
    report.table(rows, "Σ|λ̂ − λ| / Σλ raw and with the scale aligned, and mean |p̂ − p|");
    const first = rows[0]!;
    return {
      rawAgainstPoisson: first.raw / first.rawPlain,
      alignedAgainstPoisson: first.aligned / first.alignedPlain,
      detectionAgainstConstant: first.detection / first.detectionConstant,
    };
  },
  expect: {
    rawAgainstPoisson: atMost(0.75),
    alignedAgainstPoisson: atMost(0.6),
    detectionAgainstConstant: atMost(0.6),
  },
});
