import { arange, concat, einsum, matmul, outer, sin, type Tensor, tensor, tree } from "polyadic";
import { stnn } from "polyadic/decompose";
import { countParameters, type Layer, mlp, mse, relu } from "polyadic/nn";
import { adam, cosineDecay } from "polyadic/optim";
import { foldIn, type Key, normal, split, uniform } from "polyadic/random";
import { coo, type SparseMatrix, sparseSolve } from "polyadic/sparse";
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

/** Radii, angles around the ring, directions. */
const RING = [8, 16, 8] as const;
const COLLISIONS = 2;
const SCATTERED = 0.9;

/**
 * Steady transport Ω·∇f + 2 (f − 0.9 · mean of f over directions) = q on the ring between an ellipse of half axes 1 and e and the same scaled by
 * ρ₀, nothing coming in from outside: upwind differences in the stretched polar coordinates, one sparse system for each geometry.
 */
function annulus(inner: number, e: number): SparseMatrix {
  const [radii, around, directions] = RING;
  const drop = (1 - inner) / radii;
  const turn = (2 * Math.PI) / around;
  const [rows, columns, values]: [number[], number[], number[]] = [[], [], []];
  const at = (i: number, j: number, k: number): number =>
    (i * around + ((j + around) % around)) * directions + k;
  const put = (row: number, column: number, value: number): void => {
    rows.push(row);
    columns.push(column);
    values.push(value);
  };
  for (let i = 0; i < radii; i++)
    for (let j = 0; j < around; j++)
      for (let k = 0; k < directions; k++) {
        const rho = inner + (i + 0.5) * drop;
        const phi = j * turn;
        const theta = ((k + 0.5) * 2 * Math.PI) / directions;
        const outward = Math.cos(theta) * Math.cos(phi) + (Math.sin(theta) * Math.sin(phi)) / e;
        const onward = ((Math.sin(theta) * Math.cos(phi)) / e - Math.cos(theta) * Math.sin(phi)) / rho;
        const row = at(i, j, k);
        put(row, row, Math.abs(outward) / drop + Math.abs(onward) / turn + COLLISIONS);
        const upwind = i - Math.sign(outward);
        if (upwind >= 0 && upwind < radii) put(row, at(upwind, j, k), -Math.abs(outward) / drop);
        put(row, at(i, j - Math.sign(onward), k), -Math.abs(onward) / turn);
        for (let other = 0; other < directions; other++)
          put(row, at(i, j, other), (-COLLISIONS * SCATTERED) / directions);
      }
  const n = radii * around * directions;
  return coo(rows, columns, values, [n, n]);
}

/** Solutions for smooth random sources and geometries ρ₀ and e of given ranges. */
function transported(
  key: Key,
  count: number,
  ranges: { readonly inner: readonly [number, number]; readonly e: readonly [number, number] },
): Samples {
  const [innerKey, stretchKey, sourceKey] = split(key, 3) as [Key, Key, Key];
  const draw = (from: Key, [low, high]: readonly [number, number]): Tensor =>
    uniform(from, [count], { low, high });
  const inner = draw(innerKey, ranges.inner);
  const e = draw(stretchKey, ranges.e);
  const waves = (n: number, list: readonly ((t: number) => number)[]): Tensor =>
    tensor(Array.from({ length: n }, (_, i) => list.map((f) => f((i + 0.5) / n))));
  const ring = [0, 1, 2].map((m) => (t: number) => Math.cos(2 * Math.PI * m * t + m));
  const bases = [
    waves(
      RING[0],
      [1, 2, 3].map((m) => (t) => Math.sin(Math.PI * m * t) / m),
    ),
    waves(RING[1], [...ring, (t) => Math.sin(2 * Math.PI * t), (t) => Math.sin(4 * Math.PI * t)]),
    waves(RING[2], [() => 1, (t) => Math.cos(2 * Math.PI * t), (t) => Math.sin(2 * Math.PI * t)]),
  ] as const;
  const sources = einsum("npqr,ip,jq,kr->nijk", normal(sourceKey, [count, 3, 5, 3]), ...bases).reshape([
    count,
    -1,
  ]);
  const [radii, stretches] = [inner, e].map((x) => x.toArray() as number[]) as [number[], number[]];
  const fields = radii.map((radius, i) =>
    sparseSolve(annulus(radius, stretches[i]!), sources.at(i)).expandDims(0),
  );
  const parameters = [inner.sub(0.4).div(0.115), e.sub(0.75).div(0.144)].map((x) => x.expandDims(1));
  return tree.map((x: Tensor) => x.astype("float32"), {
    // Of the order of 1 for every geometry; the same factors for all of them.
    field: sources.div(2),
    parameters: concat(parameters, 1),
    target: concat(fields, 0),
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

interface Trained {
  readonly model: string;
  readonly weights: number;
  readonly error: number;
  /** On further examples, such as those outside of the range. */
  readonly outside: number;
  readonly seconds: number;
}

/** The mixture, one expert and two dense networks, trained alike on the same examples. */
async function compare(
  key: Key,
  { epochs, rate, experts, ttRank, hidden, dense: widths }: Setting,
  modes: readonly number[],
  seen: Samples,
  unseen: Samples,
  outside?: Samples,
): Promise<readonly [Trained, Trained, Trained, Trained]> {
  const batchSize = 50;
  const size = modes.reduce((product, n) => product * n, 1);
  const steps = epochs * Math.ceil(seen.field.shape[0]! / batchSize);
  const trainOn = async <P>(name: string, layer: Layer<P, Samples>, from: Key): Promise<Trained> => {
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
    const errorOn = (samples: Samples): number =>
      relativeErrors(layer.apply(params, samples), samples.target);
    return {
      model: name,
      weights: countParameters(params),
      error: errorOn(unseen),
      outside: outside ? errorOn(outside) : Number.NaN,
      seconds: (performance.now() - start) / 1000,
    };
  };
  const stacked = (count: number): Layer<ReturnType<ReturnType<typeof stnn>["init"]>, Samples> =>
    stnn({
      inShape: modes,
      outShape: modes,
      ttRank,
      experts: count,
      parameterDim: 2,
      hidden,
      // No source, no solution.
      bias: false,
    });
  const dense = (width: number): Layer<ReturnType<ReturnType<typeof mlp>["init"]>, Samples> => {
    const network = mlp({ sizes: [size + 2, width, width, size], activation: relu });
    return {
      init: (from) => network.init(from),
      apply: (params, { field, parameters }) => network.apply(params, concat([field, parameters], 1)),
    };
  };
  return [
    await trainOn(`${experts} experts`, stacked(experts), foldIn(key, 1)),
    await trainOn("1 expert", stacked(1), foldIn(key, 2)),
    await trainOn(`dense, width ${widths[0]}`, dense(widths[0]), foldIn(key, 3)),
    await trainOn(`dense, width ${widths[1]}`, dense(widths[1]), foldIn(key, 4)),
  ];
}

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
    const setting = SETTINGS[scale];
    const { n, modes, train, test } = setting;
    const all = solutions(foldIn(key, 0), n, train + test);
    const rows = await compare(key, setting, modes, part(all, `:${train}`), part(all, `${train}:`));
    const [mixture, single, larger, smaller] = rows;
    report.table(
      rows.map(({ outside: _, ...row }) => row),
      "Mean relative error on examples not seen",
    );
    report.note(`One dense matrix between the fields has ${n ** 4} weights.`);
    if (scale === "full") {
      const [insideKey, outsideKey, trainKey] = split(foldIn(key, 9), 3) as [Key, Key, Key];
      const inside = transported(insideKey, train + test, { inner: [0.2, 0.6], e: [0.5, 1] });
      // A tenth of the range beyond its end, for both.
      const outside = transported(outsideKey, test, { inner: [0.6, 0.64], e: [0.45, 0.5] });
      const found = await compare(
        trainKey,
        setting,
        RING,
        part(inside, `:${train}`),
        part(inside, `${train}:`),
        outside,
      );
      report.table(
        found.map((row) => ({ ...row })),
        "Transport on an elliptical annulus, 8 radii × 16 angles × 8 directions; outside: geometries beyond the range",
      );
    }
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
