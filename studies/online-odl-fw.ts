import { arange, eye, type Tensor, tensor } from "polyadic";
import {
  dictionaryError,
  type OnlineDictionaryOptions,
  type OnlineDictionaryState,
  onlineOrthogonalDictionary,
  orthogonalDictionary,
  sparseCode,
} from "polyadic/decompose";
import { dct } from "polyadic/fft";
import { bernoulli, foldIn, type Key, normal, orthogonal, split, uniform } from "polyadic/random";
import { atLeast, atMost, study, timed } from "polyadic/study";

/** Samples D x, each number of x normal with probability theta and 0 otherwise. */
function samples(key: Key, d: Tensor, theta: number, count: number): Tensor {
  const [whichKey, valueKey] = split(key);
  const n = d.shape[1]!;
  const mask = bernoulli(whichKey!, theta, { shape: [n, count] }).astype("float64");
  return d.matmul(normal(valueKey!, [n, count]).mul(mask));
}

type Settings = Omit<OnlineDictionaryOptions, "dimension">;

/** The three ways to use a stream: ours, the last gradient alone, and a projection for each batch. */
const WAYS: readonly { readonly name: string; readonly settings: Settings }[] = [
  { name: "averaged", settings: {} },
  { name: "not averaged", settings: { averageRate: 1 } },
  { name: "projection", settings: { averageRate: 1, stepRate: 1 } },
];

/** Numbers that a state holds. */
const held = ({ relaxed, average, moment }: OnlineDictionaryState): number =>
  relaxed.size + average.size + (moment?.size ?? 0);

/** The error after the batches of `y` `[n, batches · size]`, at each of the times asked for. */
function learn(
  key: Key,
  y: Tensor,
  truth: Tensor,
  size: number,
  settings: Settings,
  times: readonly number[],
) {
  const n = y.shape[0]!;
  const learner = onlineOrthogonalDictionary({ dimension: n, ...settings });
  let state = learner.init(key);
  const errors: number[] = [];
  for (let t = 0; t * size < y.shape[1]!; t++) {
    state = learner.push(state, y.at(":", `${t * size}:${(t + 1) * size}`));
    if (times.includes(t + 1)) errors.push(dictionaryError(learner.dictionary(state), truth));
  }
  return { errors, memory: held(state), dictionary: learner.dictionary(state) };
}

/** Windows `[n, count]` of sums of five cosines, as of a sensor. */
function windows(key: Key, n: number, count: number): Tensor {
  const [frequencyKey, phaseKey, sizeKey] = split(key, 3);
  const frequency = uniform(frequencyKey!, [5, 1, count]).mul(0.2);
  const phase = uniform(phaseKey!, [5, 1, count]);
  const size = normal(sizeKey!, [5, 1, count]);
  const time = arange(n).reshape([1, n, 1]);
  return frequency
    .mul(time)
    .add(phase)
    .mul(2 * Math.PI)
    .cos()
    .mul(size)
    .sum({ axis: 0 });
}

export default study({
  id: "online-odl-fw",
  paper: { title: "Online Orthogonal Dictionary Learning Based on Frank-Wolfe Method", year: 2021 },
  claim:
    "An orthogonal dictionary is learned from a stream without storing it, better than by other online methods and than offline ones given as much.",
  baseline:
    "the same without averaged gradients; a projection of each batch's gradient; power steps on all samples stored",
  run({ key, scale, report }) {
    const n = 20;
    const theta = 0.2;
    const batches = 1000;
    const [truthKey, dataKey, startKey] = split(key, 3);
    const truth = orthogonal(truthKey!, n);
    const rows = (scale === "quick" ? [1, 5] : [1, 5, 20]).map((size) => {
      const y = samples(foldIn(dataKey!, size), truth, theta, batches * size);
      const [ours, plain, projection] = WAYS.map(({ settings }) =>
        timed(() => learn(startKey!, y, truth, size, settings, [batches])),
      );
      const offline = orthogonalDictionary(y, { key: startKey! });
      return {
        batch: size,
        averaged: ours!.value.errors[0]!,
        notAveraged: plain!.value.errors[0]!,
        projection: projection!.value.errors[0]!,
        offline: dictionaryError(offline.dictionary, truth),
        memory: ours!.value.memory,
        stored: y.size,
        microseconds: (1000 * ours!.milliseconds) / batches,
      };
    });
    report.table(rows, `Errors after ${batches} batches, ${n} dimensions, ${theta} of the codes not 0`);
    const [one, five] = rows;
    const measured = {
      averagedBatch1: one!.averaged,
      averagedBatch5: five!.averaged,
      notAveragedBatch5: five!.notAveraged,
      projectionBatch5: five!.projection,
      memoryOverSquare: five!.memory / (n * n),
    };
    if (scale === "quick") return measured;
    const grid = [10, 20, 30].flatMap((dimension) =>
      [0.1, 0.2, 0.3, 0.4].map((share) => {
        const d = orthogonal(foldIn(truthKey!, dimension), dimension);
        const y = samples(foldIn(dataKey!, 1000 * dimension + 100 * share), d, share, 5 * batches);
        return { dimension, theta: share, error: learn(startKey!, y, d, 5, {}, [batches]).errors[0]! };
      }),
    );
    report.table(grid, "Errors by dimension and density, batches of 5");
    const times = [10, 30, 100, 300, 1000, 3000, 10000];
    const long = samples(foldIn(dataKey!, 7), truth, theta, 5 * times.at(-1)!);
    const { errors } = learn(startKey!, long, truth, 5, {}, times);
    report.table(
      times.map((t, i) => ({ batches: t, error: errors[i]! })),
      "Errors by batches of 5",
    );
    const drift = drifting(startKey!, dataKey!, truth, theta);
    report.table(
      drift,
      "A dictionary that turns by 0.001 a batch, batches of 5, mean error of the second half",
    );
    const series = windows(foldIn(dataKey!, 8), 32, 20000);
    const fresh = windows(foldIn(dataKey!, 9), 32, 2000);
    const { dictionary } = learn(startKey!, series, eye(32), 20, {}, []);
    const lost = (d: Tensor): number => {
      const codes = sparseCode(d, fresh, { keep: 0.1 });
      return fresh.sub(d.matmul(codes)).square().sum().item() / fresh.square().sum().item();
    };
    const cosines = dct(eye(32), { axis: 0, norm: "ortho" }).mT();
    report.table(
      [
        { dictionary: "learned online", lost: lost(dictionary) },
        { dictionary: "cosine transform", lost: lost(cosines) },
      ],
      "Share of the energy lost with 10 % of the numbers, windows of 32 of five cosines",
    );
    return measured;
  },
  expect: {
    averagedBatch1: atMost(0.04),
    averagedBatch5: atMost(0.008),
    notAveragedBatch5: atLeast(0.05),
    projectionBatch5: atLeast(0.3),
    memoryOverSquare: atMost(2),
  },
});

/** Samples from a dictionary that turns in a plane of neighbouring columns, batch after batch. */
function drifting(startKey: Key, dataKey: Key, truth: Tensor, theta: number) {
  const n = truth.shape[0]!;
  const batches = 2000;
  return [
    { name: "share of a new gradient falls", settings: {} },
    { name: "share 0.05, step falls", settings: { averageRate: 0.05 } },
    { name: "share 0.05, step 0.05", settings: { averageRate: 0.05, stepRate: 0.05 } },
  ].map(({ name, settings }) => {
    const learner = onlineOrthogonalDictionary({ dimension: n, ...settings });
    let state = learner.init(startKey);
    let sum = 0;
    for (let t = 0; t < batches; t++) {
      const d = truth.matmul(turned(n, 0.001 * t));
      state = learner.push(state, samples(foldIn(dataKey, 10000 + t), d, theta, 5));
      if (t >= batches / 2) sum += dictionaryError(learner.dictionary(state), d) / (batches / 2);
    }
    return { method: name, error: sum };
  });
}

/** Rotations by one angle in the planes of columns 0 and 1, 2 and 3 … */
function turned(n: number, angle: number): Tensor {
  const entry = (i: number, j: number): number => {
    if (i === j) return Math.cos(angle);
    return i >> 1 === j >> 1 ? Math.sign(j - i) * Math.sin(angle) : 0;
  };
  return tensor(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => entry(i, j))));
}
