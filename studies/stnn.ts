import { arange, concat, matmul, outer, sin, type Tensor, tree } from "polyadic";
import { stnn } from "polyadic/decompose";
import { countParameters, type Layer, mlp, mse, relu } from "polyadic/nn";
import { adam, cosineDecay } from "polyadic/optim";
import { foldIn, type Key, normal, split, uniform } from "polyadic/random";
import { atMost, study } from "polyadic/study";
import { fit } from "polyadic/train";

interface Samples {
  readonly field: Tensor;
  readonly parameters: Tensor;
  readonly target: Tensor;
}

/**
 * -u_xx - s² u_yy + κ u = f on n × n interior points, zero at the boundary: sources of 4 × 4 sines, s from ½ to 2, κ from 1 to
 * 10^2.5. The sines of the grid diagonalise both second differences. Everything is scaled to unit deviation.
 */
function solutions(key: Key, n: number, count: number): Samples {
  const [stretchKey, decayKey, sourceKey] = split(key, 3);
  const points = arange(1, n + 1);
  const step = 1 / (n + 1);
  const modes = sin(outer(points, points).mul(Math.PI * step)).mul(Math.sqrt(2 * step));
  const eigenvalues = sin(points.mul((Math.PI * step) / 2))
    .mul(2 / step)
    .square();
  const stretch = uniform(stretchKey!, [count], { low: 0.5, high: 2 });
  const exponent = uniform(decayKey!, [count], { low: 0, high: 2.5 });
  const low = arange(1, 5);
  const coefficients = normal(sourceKey!, [count, 4, 4]).div(outer(low, low));
  const sines = sin(outer(points, low).mul(Math.PI * step));
  const sources = matmul(matmul(sines, coefficients), sines.mT());
  const spectrum = matmul(matmul(modes, sources), modes);
  const column = (x: Tensor): Tensor => x.reshape([count, 1, 1]);
  const symbol = eigenvalues
    .expandDims(1)
    .add(eigenvalues.mul(column(stretch.square())))
    .add(column(exponent.mul(Math.LN10).exp()));
  const fields = matmul(matmul(modes, spectrum.div(symbol)), modes);
  const flat = (x: Tensor): Tensor => x.reshape([count, n * n]).div(x.square().mean().sqrt());
  const standard = (x: Tensor): Tensor => x.sub(x.mean()).div(x.variance().sqrt());
  const parameters = [standard(stretch.log()), standard(exponent)].map((x) => x.expandDims(1));
  return tree.map((x: Tensor) => x.astype("float32"), {
    field: flat(sources),
    parameters: concat(parameters, 1),
    target: flat(fields),
  }) as Samples;
}

/** Mean over examples of the relative error. */
const relativeErrors = (y: Tensor, target: Tensor): number =>
  y
    .sub(target)
    .square()
    .sum({ axis: 1 })
    .div(target.square().sum({ axis: 1 }))
    .sqrt()
    .mean()
    .item();

const part = (samples: Samples, range: string): Samples =>
  tree.map((x: Tensor) => x.at(range).contiguous(), samples) as Samples;

interface Setting {
  readonly n: number;
  readonly modes: readonly number[];
  readonly train: number;
  readonly test: number;
  readonly epochs: number;
  readonly rate: number;
  readonly experts: number;
  readonly ttRank: number;
  readonly hidden: readonly number[];
  /** Widths of two dense networks with more and with fewer weights. */
  readonly dense: readonly [number, number];
}

const SETTINGS: Readonly<Record<"quick" | "full", Setting>> = {
  quick: {
    n: 8,
    modes: [4, 4, 4],
    train: 200,
    test: 100,
    epochs: 40,
    rate: 1e-2,
    experts: 4,
    ttRank: 4,
    hidden: [16, 16],
    dense: [32, 12],
  },
  full: {
    n: 16,
    modes: [4, 4, 4, 4],
    train: 600,
    test: 150,
    epochs: 60,
    rate: 5e-3,
    experts: 8,
    ttRank: 6,
    hidden: [32, 32],
    dense: [64, 14],
  },
};

export default study({
  id: "stnn",
  paper: {
    title:
      "Stacked tensorial neural networks for reduced-order modeling of a parametric partial differential equation",
    year: 2023,
  },
  claim:
    "A mixture of tensor-train maps, chosen by the parameters of an equation, is an accurate small surrogate of it over a wide range of the parameters.",
  baseline: "dense networks of source and parameters with more and with fewer weights; a single expert",
  async run({ key, scale, report }) {
    const { n, modes, train, test, epochs, rate, ...shape } = SETTINGS[scale];
    const all = solutions(foldIn(key, 0), n, train + test);
    const seen = part(all, `:${train}`);
    const unseen = part(all, `${train}:`);
    const batchSize = 50;
    const steps = epochs * Math.ceil(train / batchSize);
    const trainOn = async <P>(
      name: string,
      layer: Layer<P, Samples>,
      from: Key,
    ): Promise<{ model: string; weights: number; error: number; seconds: number }> => {
      const start = performance.now();
      const [initKey, fitKey] = split(from, 2);
      const { params } = await fit({
        params: layer.init(initKey!),
        loss: (p: P, batch: Samples) => mse(layer.apply(p, batch), batch.target),
        optimizer: adam({ learningRate: cosineDecay({ from: rate, steps }) }),
        data: seen,
        batchSize,
        epochs,
        key: fitKey!,
      });
      return {
        model: name,
        weights: countParameters(params),
        error: relativeErrors(layer.apply(params, unseen), unseen.target),
        seconds: (performance.now() - start) / 1000,
      };
    };
    const stacked = (experts: number): Layer<ReturnType<ReturnType<typeof stnn>["init"]>, Samples> =>
      stnn({
        inShape: modes,
        outShape: modes,
        ttRank: shape.ttRank,
        experts,
        parameterDim: 2,
        hidden: shape.hidden,
        // No source, no solution.
        bias: false,
      });
    const dense = (width: number): Layer<ReturnType<ReturnType<typeof mlp>["init"]>, Samples> => {
      const network = mlp({ sizes: [n * n + 2, width, width, n * n], activation: relu });
      return {
        init: (from) => network.init(from),
        apply: (params, { field, parameters }) => network.apply(params, concat([field, parameters], 1)),
      };
    };
    const mixture = await trainOn(`${shape.experts} experts`, stacked(shape.experts), foldIn(key, 1));
    const single = await trainOn("1 expert", stacked(1), foldIn(key, 2));
    const larger = await trainOn(`dense, width ${shape.dense[0]}`, dense(shape.dense[0]), foldIn(key, 3));
    const smaller = await trainOn(`dense, width ${shape.dense[1]}`, dense(shape.dense[1]), foldIn(key, 4));
    report.table([mixture, single, larger, smaller], "Mean relative error on examples not seen");
    report.note(`One dense matrix between the fields has ${n ** 4} weights.`);
    return {
      error: mixture.error,
      againstLargerDense: mixture.error / larger.error,
      againstSmallerDense: mixture.error / smaller.error,
      againstSingleExpert: mixture.error / single.error,
    };
  },
  expect: {
    error: atMost(0.28),
    againstLargerDense: atMost(0.65),
    againstSmallerDense: atMost(0.65),
    againstSingleExpert: atMost(0.9),
  },
});
