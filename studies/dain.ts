import { fromTypedArray, ones } from "polyadic";
import {
  type CellData,
  type CompletionData,
  type CP,
  dain,
  entries,
  neuralTensorCompletion,
} from "polyadic/decompose";
import { rocAuc } from "polyadic/nn";
import { choice, type Key, normal, permutation, rademacher, split, uniform } from "polyadic/random";
import { atLeast, atMost, study } from "polyadic/study";

const SIDE = 30;
const SHAPE = [SIDE, SIDE, SIDE] as const;

/** Cells of a positive tensor of rank 2, standardised, with noise of standard deviation 0.1. */
function plant(
  key: Key,
  train: number,
  held: number,
): CompletionData & { validation: CellData; test: CellData } {
  const [factorKey, placeKey, noiseKey] = split(key, 3) as [Key, Key, Key];
  const factors = split(factorKey, 3).map((own) => uniform(own, [SIDE, 2], { low: 0.1, high: 1 }));
  const model: CP = { kind: "cp", weights: ones([2]), factors };
  const count = train + 2 * held;
  const places = permutation(placeKey, SIDE ** 3)
    .data()
    .slice(0, count);
  const index = Array.from(places, (p) => [
    Math.floor(Number(p) / SIDE ** 2),
    Math.floor(Number(p) / SIDE) % SIDE,
    Number(p) % SIDE,
  ]);
  const indices = fromTypedArray(Int32Array.from(index.flat()), [count, 3], "int32");
  const clean = entries(model, indices);
  const values = clean.sub(clean.mean()).div(clean.sub(clean.mean()).square().mean().sqrt());
  const noisy = values.add(normal(noiseKey, [count]).mul(0.1));
  const part = (first: number, last: number): CellData => ({
    indices: indices.at(`${first}:${last}`),
    values: noisy.at(`${first}:${last}`),
  });
  return {
    shape: SHAPE,
    ...part(0, train),
    validation: part(train, train + held),
    test: part(train + held, count),
  };
}

const mean = (list: readonly number[]): number => list.reduce((sum, x) => sum + x, 0) / list.length;

export default study({
  id: "dain",
  paper: { title: "Influence-guided Data Augmentation for Neural Tensor Completion", year: 2021 },
  claim:
    "Cells sampled from the entities with most influence on the validation error, with values of the model itself, improve neural tensor completion.",
  baseline:
    "no augmentation; augmentation at uniformly random positions (full); chance and |residual| for finding corrupt cells",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const model = quick
      ? { embedding: 8, hidden: [64, 32], learningRate: 1e-2, batch: 256, epochs: 30 }
      : { embedding: 50, hidden: [256, 256, 128], learningRate: 1e-3, batch: 1024, epochs: 50 };
    const sizes = [2000, 500] as const;
    const [wrongKey, augmentKey] = split(key, 2) as [Key, Key];
    const found = split(wrongKey, quick ? 2 : 5).map((own, i) => {
      const [dataKey, whichKey, signKey, fitKey] = split(own, 4) as [Key, Key, Key, Key];
      const data = plant(dataKey, ...sizes);
      const wrong = choice(whichKey, sizes[0], sizes[0] / 10, { replace: false });
      const labels = new Int32Array(sizes[0]);
      for (const row of wrong.data()) labels[Number(row)] = 1;
      const marks = fromTypedArray(labels, [sizes[0]], "int32");
      const values = data.values.add(rademacher(signKey, [sizes[0]]).mul(3).mul(marks.astype("float64")));
      const fit = neuralTensorCompletion(fitKey, { ...data, values }, { ...model, keepCheckpoints: false });
      return {
        draw: i,
        influence: rocAuc(fit.influence.abs(), marks).item(),
        residual: rocAuc(fit.predict(data.indices).sub(values).abs(), marks).item(),
      };
    });
    report.table(found, "Area under the curve for finding the corrupt tenth of the cells");
    const augmented = split(augmentKey, quick ? 3 : 10).map((own, i) => {
      const [dataKey, fitKey] = split(own, 2) as [Key, Key];
      const data = plant(dataKey, ...sizes);
      const fit = dain(fitKey, data, { model });
      const even = quick ? null : dain(fitKey, data, { model, sampling: "uniform" });
      return {
        draw: i,
        plain: fit.plainTestError,
        "by influence": fit.testError,
        ratio: fit.testError / fit.plainTestError,
        ...(even ? { uniform: even.testError, uniformRatio: even.testError / even.plainTestError } : {}),
      };
    });
    report.table(augmented, "Root mean square error on test cells");
    return {
      findsCorruptCells: mean(found.map(({ influence }) => influence)),
      residualFindsThem: mean(found.map(({ residual }) => residual)),
      errorAgainstPlain: mean(augmented.map(({ ratio }) => ratio)),
    };
  },
  expect: {
    findsCorruptCells: atLeast(0.7),
    errorAgainstPlain: atMost(1.15),
  },
});
