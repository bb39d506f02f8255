import type { Tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { computePlan } from "polyadic/lowrank";
import {
  accuracy,
  dense,
  type Layer,
  lambda,
  muParam,
  relu,
  type Sequential,
  type Structure,
  sequential,
  softmaxCrossEntropy,
  structuredLinear,
} from "polyadic/nn";
import { adam, cosineDecay, withLearningRates } from "polyadic/optim";
import { foldIn, type Key, normal, permutation, split } from "polyadic/random";
import { atLeast, atMost, between, growthExponent, study, timed } from "polyadic/study";
import { digits } from "./data/digits.ts";

const BASE = 64;
const RATE = 3e-3;
const BATCH = 64;

interface Data {
  readonly x: Tensor;
  readonly labels: Tensor;
  readonly classes: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Labels by a random network. */
function teacher(key: Key, examples: number): { train: Data; test: Data } {
  const [inputKey, firstKey, secondKey] = split(key, 3) as [Key, Key, Key];
  const float32 = { dtype: "float32" } as const;
  const x = normal(inputKey, [2 * examples, 64], float32);
  const hidden = relu(x.matmul(normal(firstKey, [64, 48], float32).div(8)));
  const labels = hidden.matmul(normal(secondKey, [48, 10], float32)).argmax({ axis: 1 });
  const part = (from: number, to: number): Data => ({
    x: x.at(`${from}:${to}`),
    labels: labels.at(`${from}:${to}`),
    classes: 10,
  });
  return { train: part(0, examples), test: part(examples, 2 * examples) };
}

interface Shape {
  readonly structure: Structure;
  readonly width: number;
  readonly rank?: number;
}

type Student = Sequential<readonly unknown[]>;

/** Two hidden layers of a structure between a dense first and last. */
const student = (inputs: number, classes: number, { structure, width, rank }: Shape): Student => {
  const hidden = { in: width, out: width, structure, ...(rank === undefined ? {} : { rank }) };
  return sequential<readonly unknown[]>(
    ...([
      structuredLinear({ in: inputs, out: width, structure: "dense", role: "input" }),
      lambda(relu),
      structuredLinear(hidden),
      lambda(relu),
      structuredLinear(hidden),
      lambda(relu),
      structuredLinear({ in: width, out: classes, structure: "dense", role: "output", zeroInit: true }),
    ] as unknown as Layer<unknown>[]),
  );
};

interface Trained {
  readonly loss: number;
  /** Share of test examples that are right. */
  readonly right: number;
}

function train(
  key: Key,
  data: { readonly train: Data; readonly test: Data },
  shape: Shape,
  steps: number,
  structured = true,
): Trained {
  const { x, labels, classes } = data.train;
  const [initKey, orderKey] = split(key, 2) as [Key, Key];
  const model = student(x.shape[1]!, classes, shape);
  const optimizer = withLearningRates(
    adam<readonly unknown[], readonly [Tensor, Tensor]>({ learningRate: cosineDecay({ from: RATE, steps }) }),
    muParam(model, { baseWidth: BASE, structured }).lrMultipliers,
  );
  let params = model.init(initKey);
  let state = optimizer.init(params);
  const step = jit((p: typeof params, s: typeof state, batch: readonly [Tensor, Tensor]) =>
    optimizer.step({
      params: p,
      state: s,
      loss: (own, [input, target]) => softmaxCrossEntropy(model.apply(own, input), target),
      batch,
    }),
  );
  const n = x.shape[0]!;
  const perEpoch = Math.floor(n / BATCH);
  let order = permutation(orderKey, n);
  for (let i = 0; i < steps; i++) {
    const at = i % perEpoch;
    if (at === 0) order = permutation(foldIn(orderKey, i), n);
    const rows = order.at(`${at * BATCH}:${(at + 1) * BATCH}`);
    ({ params, state } = step(params, state, [x.at(rows), labels.at(rows)]));
  }
  return {
    loss: softmaxCrossEntropy(model.apply(params, x), labels).item(),
    right: accuracy(model.apply(params, data.test.x), data.test.labels).item(),
  };
}

/** Root mean square of the outputs of a random layer on inputs of unit size. */
function outputScale(key: Key, width: number, rank: number): number {
  const layer = structuredLinear({ in: width, out: width, structure: "btt", rank, dtype: "float64" });
  const [initKey, inputKey] = split(key, 2) as [Key, Key];
  const x = normal(inputKey, [64, width]);
  const unit = x.div(x.square().mean({ axis: 1 }).sqrt().expandDims(1));
  return layer.apply(layer.init(initKey), unit).square().mean().sqrt().item();
}

const STUDENTS = {
  "dense, 144": { structure: "dense", width: 144 },
  "dense, 59": { structure: "dense", width: 59 },
  "btt, 144": { structure: "btt", width: 144, rank: 1 },
} as const satisfies Record<string, Shape>;

export default study({
  id: "btt-layer",
  paper: { title: "Compute Better Spent: Replacing Dense Layers with Structured Matrices", year: 2024 },
  claim:
    "Block tensor-train layers with the right initial scale and learning rates learn more for the same compute than dense ones.",
  baseline: "dense layers of the same width, and of the same multiplications; the dense learning rate",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const [taskKey, trainKey, scaleKey, timeKey] = split(key, 4) as [Key, Key, Key, Key];
    const runs = Array.from({ length: quick ? 2 : 4 }, (_, i) => {
      const data = teacher(foldIn(taskKey, i), 1024);
      const own = foldIn(trainKey, i);
      return {
        ...Object.fromEntries(
          Object.entries(STUDENTS).map(([name, shape]) => [name, train(own, data, shape, 200)]),
        ),
        "btt, dense rates": train(own, data, STUDENTS["btt, 144"], 200, false),
      } as Record<string, Trained>;
    });
    const names = Object.keys(runs[0]!);
    const lossOf = (name: string): number => mean(runs.map((run) => run[name]!.loss));
    report.table(
      names.map((name) => ({
        student: name,
        "loss on the training set": lossOf(name),
        least: Math.min(...runs.map((run) => run[name]!.loss)),
        largest: Math.max(...runs.map((run) => run[name]!.loss)),
        "right on other examples": mean(runs.map((run) => run[name]!.right)),
        "multiplications a hidden layer": name.startsWith("btt")
          ? computePlan({ width: 144, structure: "btt" }).flops
          : STUDENTS[name as keyof typeof STUDENTS].width ** 2,
      })),
      `200 steps of Adam on 1024 examples of a random network, ${runs.length} keys`,
    );

    const widths = [64, 256, 1024];
    const scales = widths.map((width, i) => ({
      width,
      "rank 1": outputScale(foldIn(scaleKey, i), width, 1),
      "rank 2": outputScale(foldIn(scaleKey, i), width, 2),
    }));
    report.table(scales, "Root mean square of outputs at the start, for inputs of 1");

    const sizes = [64, 144, 256, 576, 1024];
    const costs = sizes.map((width, i) => {
      const options = { in: width, out: width, bias: false } as const;
      const [full, blocks] = [dense(options), structuredLinear({ ...options, structure: "btt" })];
      const x = normal(foldIn(timeKey, i), [256, width], { dtype: "float32" });
      const time = <P>({ init, apply }: Layer<P>): number => {
        const params = init(foldIn(timeKey, 100 + i));
        // Until the engine has compiled what is called for every block.
        for (let warm = 0; warm < 10; warm++) apply(params, x).data();
        return timed(() => apply(params, x).data(), 5).milliseconds;
      };
      const [slow, fast] = [time(full), time(blocks)];
      return {
        width,
        "dense multiplications": width * width,
        "btt multiplications": blocks.cost().flops,
        "dense in ms": slow,
        "btt in ms": fast,
        "time ratio": slow / fast,
      };
    });
    report.table(costs, "A product with 256 rows, rank 1");
    const growth = (of: (row: (typeof costs)[number]) => number): number =>
      growthExponent(sizes, costs.map(of)).exponent;

    const planned = (["btt", "tt", "kronecker", "monarch", "low-rank"] as const).map((structure) => {
      const rank = structure === "monarch" ? 4 : structure === "low-rank" ? 16 : 2;
      const plan = computePlan({ in: 384, out: 1536, structure, rank });
      return {
        structure,
        rank,
        multiplications: plan.flops,
        numbers: plan.params,
        "dense / it": plan.savings,
      };
    });
    report.table(planned, "A layer of 384 → 1536, as in a small vision transformer");

    let digitsRatio = Number.NaN;
    if (!quick) digitsRatio = digitsStudy(foldIn(trainKey, 1000), (rows, title) => report.table(rows, title));
    const one = scales.map((row) => row["rank 1"]);
    const two = scales.map((row) => row["rank 2"]);
    return {
      bttOverEqualCompute: lossOf("btt, 144") / lossOf("dense, 59"),
      bttOverEqualWidth: lossOf("btt, 144") / lossOf("dense, 144"),
      wrongRatesOverRight: lossOf("btt, dense rates") / lossOf("btt, 144"),
      leastScaleRank1: Math.min(...one),
      largestScaleRank1: Math.max(...one),
      leastScaleRank2: Math.min(...two),
      largestScaleRank2: Math.max(...two),
      growthDense: growth((row) => row["dense multiplications"]),
      growthBtt: growth((row) => row["btt multiplications"]),
      timeRatioAt1024: costs.at(-1)!["time ratio"],
      plannedSavings: planned[0]!["dense / it"],
      ...(quick ? {} : { digitsBttOverDense: digitsRatio }),
    };
  },
  expect: {
    bttOverEqualCompute: atMost(0.6),
    bttOverEqualWidth: atMost(0.8),
    wrongRatesOverRight: atLeast(1.6),
    leastScaleRank1: atLeast(0.9),
    largestScaleRank1: atMost(1.1),
    leastScaleRank2: atLeast(0.62),
    largestScaleRank2: atMost(0.85),
    growthDense: between(1.99, 2.01),
    growthBtt: between(1.45, 1.55),
    plannedSavings: atLeast(5),
  },
  expectAtFullScale: { digitsBttOverDense: atMost(0.9) },
});

/** Handwritten digits by every structure at several widths; how BTT's loss compares with the dense one at equal multiplications. */
function digitsStudy(
  key: Key,
  table: (rows: readonly Record<string, string | number>[], title: string) => void,
): number {
  const { train: images, test } = digits(5, 5000);
  const flat = ({ images: x, labels }: typeof images): Data => ({
    x: x.reshape([labels.size, 784]),
    labels,
    classes: 10,
  });
  const data = { train: flat(images), test: flat(test) };
  const shapes: Shape[] = [
    ...[16, 32, 64, 128, 256].map((width) => ({ structure: "dense", width }) as const),
    ...[64, 144, 256, 576, 1024].map((width) => ({ structure: "btt", width, rank: 1 }) as const),
    ...[64, 256].flatMap((width) => [2, 4].map((rank) => ({ structure: "btt", width, rank }) as const)),
    ...[64, 256].map((width) => ({ structure: "low-rank", width, rank: Math.sqrt(width) }) as const),
    ...[64, 256].map((width) => ({ structure: "kronecker", width }) as const),
    ...[64, 256].map((width) => ({ structure: "tt", width, rank: 4 }) as const),
    ...[64, 256].map((width) => ({ structure: "monarch", width, rank: 4 }) as const),
  ];
  const rows = shapes.map((shape) => {
    const { loss, right } = train(key, data, shape, 300);
    const { width, structure, rank } = shape;
    const plan = computePlan({ width, structure, ...(rank === undefined ? {} : { rank }) });
    return { structure, width, rank: rank ?? 1, multiplications: 2 * plan.flops, loss, right };
  });
  table(
    rows,
    "Handwritten digits, 300 steps: loss on the training set against multiplications of the hidden layers",
  );
  const curve = (structure: Structure): readonly (readonly [number, number])[] =>
    rows
      .filter((row) => row.structure === structure && row.rank === 1)
      .map((row) => [Math.log(row.multiplications), Math.log(row.loss)] as const);
  const [btt, full] = [curve("btt"), curve("dense")];
  // The last third of what both curves cover, dense losses interpolated.
  const low = Math.max(btt[0]![0], full[0]![0]);
  const high = Math.min(btt.at(-1)![0], full.at(-1)![0]);
  const at = (line: typeof btt, x: number): number => {
    const next = Math.max(
      1,
      line.findIndex(([own]) => own >= x),
    );
    const [[x0, y0], [x1, y1]] = [line[next - 1]!, line[next]!];
    return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
  };
  const places = [2 / 3, 5 / 6, 1].map((share) => low + share * (high - low));
  return Math.max(...places.map((x) => Math.exp(at(btt, x) - at(full, x))));
}
