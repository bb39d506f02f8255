import { einsum, eye, fromTypedArray, type Tensor, tensor } from "polyadic";
import { type TensorGp, tensorGp, tensorGpst } from "polyadic/decompose";
import { cholesky, solvePositive } from "polyadic/linalg";
import { rootMeanSquaredError } from "polyadic/nn";
import { type Key, normal, randint, split } from "polyadic/random";
import { atLeast, atMost, between, study } from "polyadic/study";

const LATENT = [3, 3] as const;
const RANKS = [2, 2, 2] as const;
const LAMBDA = 0.5;

/** Kernels of height and width (corner, centre, corner) and of channels. */
const PLACES = [
  [1, 0.9, 0.99],
  [0.9, 1, 0.9],
  [0.99, 0.9, 1],
];
const CHANNELS = [
  [1, -0.9, 0.9],
  [-0.9, 1, -0.9],
  [0.9, -0.9, 1],
];

interface Images {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Images of noise with one bright block, and a number that depends smoothly on where it is and in which channel. */
function simulate(key: Key, count: number, size: number, block: number): Images {
  const [pixelKey, blockKey, channelKey, cornerKey, processKey, noiseKey] = split(key, 6) as [
    Key,
    Key,
    Key,
    Key,
    Key,
    Key,
  ];
  const pixels = normal(pixelKey, [count, size, size, 3]).mul(0.3).toTypedArray() as Float64Array;
  const bright = normal(blockKey, [count, block, block]).mul(0.3).add(4).data();
  const channels = randint(channelKey, [count], 0, 3).data();
  const corners = randint(cornerKey, [count, 2], 0, 2).data();
  const starts = [0, (size - block) / 2, size - block];
  const means = new Float64Array(count * 27);
  for (let i = 0; i < count; i++) {
    const channel = Number(channels[i]);
    const places = [0, 1].map((axis) => (channel === 0 ? 1 : 2 * Number(corners[2 * i + axis])));
    const [top, left] = places.map((place) => starts[place]!) as [number, number];
    for (let a = 0; a < block; a++)
      for (let b = 0; b < block; b++)
        pixels[((i * size + top + a) * size + left + b) * 3 + channel] = bright[(i * block + a) * block + b]!;
    for (let p = 0; p < 3; p++)
      for (let q = 0; q < 3; q++)
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let a = 0; a < block; a++)
            for (let b = 0; b < block; b++)
              sum += pixels[((i * size + starts[p]! + a) * size + starts[q]! + b) * 3 + c]!;
          means[i * 27 + p * 9 + q * 3 + c] = sum / block ** 2;
        }
  }
  const z = fromTypedArray(means, [count, 3, 3, 3], "float64");
  const [l, m] = [cholesky(tensor(PLACES)), cholesky(tensor(CHANNELS))];
  const weights = einsum("ps,qt,cd,std->pqc", l, l, m, normal(processKey, [3, 3, 3]));
  const f = einsum("ipqc,pqc->i", z, weights);
  return {
    x: fromTypedArray(pixels, [count, size, size, 3], "float64"),
    y: f.add(normal(noiseKey, [count]).mul(0.5)),
  };
}

const rows = (of: Images, first: number, last: number): Images => ({
  x: of.x.at(`${first}:${last}`),
  y: of.y.at(`${first}:${last}`),
});

const error = (model: TensorGp, test: Images): number =>
  rootMeanSquaredError(model.predict(test.x).mean, test.y).item();

/** Share of test values within the bands that should hold 95 % of them. */
function coverage(model: TensorGp, test: Images): number {
  const { mean, variance } = model.predict(test.x);
  const width = variance
    .add(model.noise ** 2)
    .sqrt()
    .mul(1.959963984540054);
  return test.y.sub(mean).abs().lessEqual(width).astype("float64").mean().item();
}

/** Ridge regression on all pixels through the Gram matrix of the images. */
function ridge(train: Images, test: Images): number {
  const flat = (x: Tensor): Tensor => x.reshape([x.shape[0]!, -1]);
  const [a, b] = [flat(train.x), flat(test.x)];
  const n = a.shape[0]!;
  const mean = train.y.mean();
  const dual = solvePositive(a.matmul(a.mT()).add(eye(n).mul(10)), train.y.sub(mean));
  return rootMeanSquaredError(b.matmul(a.mT()).matmul(dual).add(mean), test.y).item();
}

/** Share of |A| on the rows of the image where blocks can be. */
function massInBlocks({ A }: TensorGp, size: number, block: number): number {
  const sums = A.abs().sum({ axis: 0 }).toArray() as number[];
  const starts = [0, (size - block) / 2, size - block];
  const inside = sums.filter((_, i) => starts.some((start) => i >= start && i < start + block));
  const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
  return total(inside) / total(sums);
}

const median = (list: readonly number[]): number => {
  const sorted = [...list].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};

export default study({
  id: "tensor-gpst",
  paper: { title: "Tensor Gaussian Process with Contraction for Multi-Channel Imaging Analysis", year: 2023 },
  claim:
    "A sparse and smooth contraction of the image, learned with the Gaussian process, predicts better than the process without it.",
  baseline: "no penalty (λ = 0); no contraction (tensor GP); ridge regression on the pixels",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const [size, block, count] = quick ? [15, 3, 60] : [25, 5, 400];
    const cases = split(key, 4).map((own, i) => {
      const [dataKey, fitKey] = split(own, 2) as [Key, Key];
      const all = simulate(dataKey, count + 100, size, block);
      const [train, test] = [rows(all, 0, count), rows(all, count, count + 100)];
      const options = { ranks: RANKS, maxIterations: quick ? 200 : 500, restarts: quick ? 1 : 3 };
      const sparse = tensorGpst(fitKey, train, { ...options, latent: LATENT, lambda: LAMBDA });
      const dense = tensorGpst(fitKey, train, { ...options, latent: LATENT, lambda: 0 });
      const whole = tensorGp(fitKey, train, options);
      return {
        draw: i,
        penalised: error(sparse, test),
        unpenalised: error(dense, test),
        ratio: error(sparse, test) / error(dense, test),
        "tensor GP": error(whole, test),
        ridge: ridge(train, test),
        coverage: coverage(sparse, test),
        "|A| in blocks": massInBlocks(sparse, size, block),
      };
    });
    report.table(cases, "Root mean square error on 100 new images");
    return {
      errorAgainstUnpenalised: median(cases.map(({ ratio }) => ratio)),
      errorAgainstTensorGp: median(cases.map((row) => row.penalised / row["tensor GP"])),
      coverageOf95: median(cases.map((row) => row.coverage)),
      massInBlocks: median(cases.map((row) => row["|A| in blocks"])),
    };
  },
  expect: {
    errorAgainstUnpenalised: atMost(0.95),
    coverageOf95: between(0.85, 1),
    massInBlocks: atLeast(0.5),
  },
});
