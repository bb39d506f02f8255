import { arange, fromTypedArray, type Tensor } from "polyadic";
import { at, cp, type FunBat, funbat, type MaternKernel } from "polyadic/decompose";
import { solvePositive } from "polyadic/linalg";
import { rootMeanSquaredError } from "polyadic/nn";
import { type Key, normal, randint, split } from "polyadic/random";
import { atMost, between, study } from "polyadic/study";

const NOISE = 0.1;

interface Sample {
  readonly coords: Tensor;
  readonly values: Tensor;
  readonly truth: Tensor;
}

/** The function to find: factors of two components in each mode and a core. */
interface Truth {
  readonly factors: readonly ((x: number) => readonly [number, number])[];
  readonly core: readonly number[];
}

const TWO_MODES: Truth = {
  factors: [
    (x) => [Math.exp(-2 * x) * Math.cos(3 * Math.PI * x), Math.sin(2 * Math.PI * x)],
    (y) => [2 * Math.sin(2 * Math.PI * y) * Math.cos(2 * Math.PI * y), Math.exp(-y)],
  ],
  core: [1.5, 0.3, -0.5, 1],
};

const THREE_MODES: Truth = {
  factors: [...TWO_MODES.factors, (z) => [Math.cos(2 * z), Math.sin(3 * z)]],
  core: [1.5, 0.4, 0.3, -0.6, -0.5, 0.8, 1, 0.5],
};

const valueAt = ({ factors, core }: Truth, x: readonly number[]): number => {
  const rows = factors.map((f, k) => f(x[k]!));
  return core.reduce((sum, w, position) => {
    const product = rows.reduce((p, row, k) => p * row[(position >> (rows.length - 1 - k)) & 1]!, 1);
    return sum + w * product;
  }, 0);
};

/** Coordinates uniform on the unit cube, in steps of a hundredth, and noisy values there. */
function sample(key: Key, truth: Truth, count: number): Sample {
  const [where, noise] = split(key, 2);
  const order = truth.factors.length;
  const coords = randint(where!, [count, order], 0, 101).astype("float64").div(100);
  const rows = coords.toArray() as number[][];
  const clean = fromTypedArray(
    Float64Array.from(rows, (x) => valueAt(truth, x)),
    [count],
    "float64",
  );
  return { coords, values: clean.add(normal(noise!, [count]).mul(NOISE)), truth: clean };
}

const rmse = (a: Tensor, b: Tensor): number => rootMeanSquaredError(a, b).item();

/** CP of the bins of a grid: the mean of each bin is one entry, weighted by how many observations it has. */
function discretized(key: Key, train: Sample, test: Sample, bins: number): number {
  const order = train.coords.shape[1]!;
  const binsOf = (coords: Tensor): number[][] =>
    (coords.toArray() as number[][]).map((x) => x.map((t) => Math.min(bins - 1, Math.floor(t * bins))));
  const size = bins ** order;
  const position = (index: readonly number[]): number => index.reduce((p, i) => p * bins + i, 0);
  const sums = new Float64Array(size);
  const counts = new Float64Array(size);
  const values = train.values.data();
  binsOf(train.coords).forEach((index, i) => {
    sums[position(index)]! += values[i]!;
    counts[position(index)]! += 1;
  });
  const shape = new Array<number>(order).fill(bins);
  const means = fromTypedArray(
    sums.map((s, i) => (counts[i]! > 0 ? s / counts[i]! : 0)),
    shape,
    "float64",
  );
  const model = cp(means, 2, {
    mask: fromTypedArray(counts, shape, "float64"),
    ridge: 0.1,
    key,
    init: "random",
  });
  const predicted = binsOf(test.coords).map((index) => at(model, index) as number);
  return rmse(fromTypedArray(Float64Array.from(predicted), [predicted.length], "float64"), test.truth);
}

/** Exact Gaussian process regression on all coordinates together, lengthscale 0.3, in O(n³). */
function denseProcess(train: Sample, test: Sample): number {
  const root3 = Math.sqrt(3) / 0.3;
  const kernel = (a: Tensor, b: Tensor): Tensor => {
    const gaps = a.expandDims(1).sub(b.expandDims(0));
    const t = gaps.square().sum({ axis: -1 }).sqrt().mul(root3);
    return t.add(1).mul(t.neg().exp());
  };
  const n = train.values.size;
  const inner = kernel(train.coords, train.coords).add(identity(n).mul(NOISE ** 2));
  const mean = kernel(test.coords, train.coords).matmul(solvePositive(inner, train.values));
  return rmse(mean, test.truth);
}

const identity = (n: number): Tensor => {
  const places = arange(n);
  return places.expandDims(1).equal(places).astype("float64");
};

/** Share of noisy test values within the bands that should hold 90 % of them. */
function coverage(model: FunBat, test: Sample): number {
  const { mean, variance } = model.predict(test.coords);
  const width = variance
    .add(model.noise ** 2)
    .sqrt()
    .mul(1.6448536269514722);
  return test.values.sub(mean).abs().lessEqual(width).astype("float64").mean().item();
}

export default study({
  id: "funbat",
  paper: { title: "Functional Bayesian Tucker Decomposition for Continuous-indexed Tensor Data", year: 2024 },
  claim:
    "Tucker factors that are Gaussian processes of real coordinates predict scattered noisy entries better than factors on a grid.",
  baseline: "CP of binned entries (best of 10, 20, 50 bins); an exact Gaussian process of all coordinates",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const truth = quick ? TWO_MODES : THREE_MODES;
    const [trainKey, testKey, fitKey] = split(key, 3) as [Key, Key, Key];
    const train = sample(trainKey, truth, quick ? 500 : 5000);
    const test = sample(testKey, truth, quick ? 150 : 1500);
    const options = { ranks: truth.factors.map(() => 2), maxIterations: 120 };
    const fit = (kernel: MaternKernel, from = train): { model: FunBat; error: number; seconds: number } => {
      const start = performance.now();
      const model = funbat(fitKey, from, { ...options, kernel });
      const seconds = (performance.now() - start) / 1000;
      return { model, error: rmse(model.predict(test.coords).mean, test.truth), seconds };
    };
    const smooth = fit("matern32");
    const rough = fit("matern12");
    const binned = (quick ? [10, 20, 50] : [10, 20, 50]).map((bins) => ({
      bins,
      error: discretized(fitKey, train, test, bins),
    }));
    const best = Math.min(...binned.map(({ error }) => error));
    const inside = coverage(smooth.model, test);
    report.table(
      [
        { method: "functional Tucker, Matérn 3/2", error: smooth.error, seconds: smooth.seconds },
        { method: "functional Tucker, Matérn 1/2", error: rough.error, seconds: rough.seconds },
        ...binned.map(({ bins, error }) => ({ method: `CP of ${bins} bins a mode`, error, seconds: "" })),
        { method: "one exact Gaussian process", error: denseProcess(train, test), seconds: "" },
      ],
      "Root mean square error against the function without noise",
    );
    return {
      error: smooth.error,
      errorAgainstBins: smooth.error / best,
      errorRoughKernel: rough.error,
      noise: smooth.model.noise,
      coverageOf90: inside,
    };
  },
  expect: {
    error: atMost(0.06),
    errorAgainstBins: atMost(0.5),
    errorRoughKernel: atMost(0.09),
    noise: between(0.1, 0.14),
  },
});
