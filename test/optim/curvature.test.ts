// Building blocks of second-order methods, K-FAC and Gauss-Newton by conjugate gradients.

import { concat, conv, DomainError, eye, ShapeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import { inv } from "polyadic/linalg";
import {
  adam,
  type Batch,
  binaryCrossEntropy,
  gaussNewtonCg,
  halfSquaredError,
  kfac,
  type Layer,
  masked,
  modelLoss,
  mse,
  type OutputLoss,
  perSampleJacobian,
  ravelTree,
  softmaxCrossEntropy,
  stateBytes,
  taps,
  treeAxpy,
  treeDot,
  treeNorm,
} from "polyadic/optim";
import { batchAt, type MlpParams, mlp, regression } from "polyadic/optim/problems";
import { key, normal, randint, split } from "polyadic/random";
import { grad, hessian, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const [k1, k2, k3] = split(key(3), 3) as [Tensor, Tensor, Tensor];

describe("trees as vectors", () => {
  const tree = { a: tensor([[1, 2]]), b: [tensor(3).astype("float32")] };
  test("ravelTree and back", () => {
    const { vector, unravel } = ravelTree(tree);
    expect(vector.toArray()).toEqual([1, 2, 3]);
    const back = unravel(vector.mul(2));
    expect(back.a.toArray()).toEqual([[2, 4]]);
    expect(back.b[0]!.dtype).toBe("float32");
    expect(() => unravel(zeros([4]))).toThrow(ShapeError);
    expect(ravelTree([]).vector.shape).toEqual([0]);
    near(grad((v: Tensor) => unravel(v).a.square().sum())(vector), tensor([2, 4, 0]));
  });

  test("dot, norm, axpy", () => {
    expect(treeDot(tree, tree).item()).toBe(14);
    expect(treeNorm(tree).item()).toBeCloseTo(Math.sqrt(14), 12);
    expect(treeAxpy(2, tree, tree).b[0]!.item()).toBe(9);
    expect(treeAxpy(tensor(2), tree, tree).b[0]!.dtype).toBe("float32");
  });
});

const outputs: readonly (readonly [string, OutputLoss, Tensor])[] = [
  ["mse", mse, normal(k1, [5, 3])],
  ["halfSquaredError", halfSquaredError, normal(k1, [5, 3])],
  ["softmaxCrossEntropy", softmaxCrossEntropy, randint(k1, [5], 0, 3)],
  ["binaryCrossEntropy", binaryCrossEntropy, normal(k1, [5, 3]).greater(0).astype("float64")],
];

describe("output losses", () => {
  test.each(outputs)("%s: gradient, Hessian product, block and its root", (_name, loss, target) => {
    const y = normal(k2, [5, 3]);
    const f = (z: Tensor): Tensor => loss(z, target);
    near(loss.gradient(y, target), grad(f)(y));
    const full = (hessian(f)(y) as Tensor).reshape([15, 15]);
    const v = normal(k3, [5, 3]);
    near(loss.hessianProduct(y, target, v).ravel(), full.matmul(v.ravel()), 1e-10);
    const block = loss.block(y);
    for (let i = 0; i < 5; i++)
      near(block.at(i).div(5), full.at(`${3 * i}:${3 * i + 3}`, `${3 * i}:${3 * i + 3}`), 1e-10);
    const root = loss.blockRoot(y);
    near(root.matmul(root.mT()), block, 1e-12);
  });

  test.each(outputs)("%s: drawn gradients have the Hessian as second moment", (_name, loss) => {
    const y = normal(k2, [1, 3]);
    const n = 40_000;
    const many = y.broadcastTo([n, 3]);
    const s = loss.sampleGradient(k3, many).mul(n);
    near(s.mT().matmul(s).div(n), loss.block(y).at(0), 0.05);
  });

  test("sequences: every position is an example", () => {
    const y = normal(k2, [2, 3, 4]);
    const labels = randint(k1, [2, 3], 0, 4);
    const f = (z: Tensor): Tensor => softmaxCrossEntropy(z, labels);
    expect(softmaxCrossEntropy.block(y).shape).toEqual([6, 4, 4]);
    const full = (hessian(f)(y) as Tensor).reshape([24, 24]);
    near(softmaxCrossEntropy.block(y).at(2).div(6), full.at("8:12", "8:12"), 1e-10);
    expect(softmaxCrossEntropy.sampleGradient(k3, y).shape).toEqual([2, 3, 4]);
  });

  test("known values; shapes that do not fit", () => {
    expect(mse(tensor([[1, 3]]), tensor([[0, 0]])).item()).toBe(5);
    expect(halfSquaredError(tensor([[1, 3]]), tensor([[0, 0]])).item()).toBe(5);
    const logits = zeros([2, 4]);
    const classes = tensor([0, 3], { dtype: "int32" });
    expect(softmaxCrossEntropy(logits, classes).item()).toBeCloseTo(Math.log(4), 12);
    near(softmaxCrossEntropy(logits, eye(4).at("0:2")), tensor(Math.log(4)));
    expect(binaryCrossEntropy(zeros([2, 3]), zeros([2, 3])).item()).toBeCloseTo(Math.LN2, 12);
    expect(binaryCrossEntropy(tensor([[1000]]), tensor([[0]])).item()).toBe(1000);
    for (const loss of [mse, binaryCrossEntropy, softmaxCrossEntropy])
      expect(() => loss(zeros([2, 3]), zeros([2, 4]))).toThrow(ShapeError);
    expect(() => softmaxCrossEntropy(zeros([2, 3]), tensor([1], { dtype: "int32" }))).toThrow(/labels/);
  });
});

const model = mlp([3, 4, 2], { dtype: "float64" });
const params = model.init(k1);
const x = normal(k2, [6, 3]);
const target = normal(k3, [6, 2]);

describe("per-sample derivatives", () => {
  test("perSampleJacobian is the Jacobian row by row", () => {
    const one = (p: MlpParams, xi: Tensor): Tensor => model.apply(p, xi.expandDims(0)).squeeze(0);
    const all = perSampleJacobian(one, params, x);
    expect(all.shape).toEqual([6, 2, 26]);
    const { vector, unravel } = ravelTree(params);
    const byOutput = grad((v: Tensor) => one(unravel(v), x.at(2)).at(1))(vector);
    near(all.at(2, 1), byOutput, 1e-12);
  });

  test("taps: products of inputs and gradients are the per-sample gradients", () => {
    const loss = mse;
    const found = taps(model, params, x, (y) => loss(y, target));
    expect(found.map(({ weight }) => weight)).toEqual(["[0].weight", "[1].weight"]);
    const perSample = vmap((xi: Tensor, ti: Tensor) =>
      grad((p: MlpParams) => loss(model.apply(p, xi.expandDims(0)), ti.expandDims(0)))(params),
    )(x, target);
    found.forEach(({ input, gradient }, l) => {
      const outer = input.expandDims(2).mul(gradient.expandDims(1));
      near(outer.at(":", ":-1"), perSample[l]!.weight, 1e-12);
      near(outer.at(":", -1), perSample[l]!.bias, 1e-12);
    });
  });
});

/** A convolution of windows of three with two channels in, four out, which reports its patches; then a linear map. */
interface ConvParams {
  readonly kernel: Tensor;
  readonly bias: Tensor;
  readonly head: Tensor;
}
const convolution: Layer<ConvParams> = {
  init: (from) => ({
    kernel: normal(from, [4, 2, 3]),
    bias: normal(k1, [4]),
    head: normal(k2, [4, 2]),
  }),
  apply: (p, images, pass) => {
    const plain = conv(images, p.kernel).add(p.bias.expandDims(-1));
    const windows = images.shape[2]! - 2;
    const patches = (): Tensor =>
      concat(
        [0, 1, 2].map((i) => images.at(":", ":", `${i}:${i + windows}`).expandDims(-1)),
        -1,
      )
        .transpose([0, 2, 1, 3])
        .reshape([-1, 6]);
    const h = pass?.tap ? pass.tap({ weight: p.kernel, bias: p.bias, input: patches, result: plain }) : plain;
    const pooled = h.tanh().mean({ axis: 2 });
    const y = pooled.matmul(p.head);
    return pass?.tap ? pass.tap({ weight: p.head, input: () => pooled, result: y }) : y;
  },
};

describe("taps of convolutions", () => {
  test("patches times gradients give the gradient of the kernel", () => {
    const p = convolution.init(k3);
    const images = normal(k1, [6, 2, 7]);
    const loss = mse;
    const found = taps(convolution, p, images, (y) => loss(y, target));
    const g = grad((q: ConvParams) => loss(convolution.apply(q, images), target))(p);
    expect(found[0]!.input.shape).toEqual([30, 7]);
    const matrix = found[0]!.input.mT().matmul(found[0]!.gradient).div(6);
    near(matrix.at(":-1").mT().reshape([4, 2, 3]), g.kernel, 1e-12);
    near(matrix.at(-1), g.bias, 1e-12);
    expect(found[1]!.input.shape).toEqual([6, 4]);
  });
});

describe("kfac", () => {
  const loss = modelLoss(model, mse);
  const batch: Batch = { input: x, target };

  test("one undamped step solves a linear model with squared loss", () => {
    const linear = mlp([3, 2], { dtype: "float64" });
    const p = linear.init(k3);
    for (const output of [mse, halfSquaredError]) {
      const optimizer = kfac<MlpParams, Batch>({
        learningRate: 1,
        damping: 0,
        klClip: Number.POSITIVE_INFINITY,
        momentum: 0,
        fisher: "ggn",
      });
      const f = modelLoss(linear, output);
      const next = optimizer.step({ params: p, state: optimizer.init(p), loss: f, batch });
      const g = grad((q: MlpParams) => f(q, batch))(next.params);
      near(g[0]!.weight, zeros([3, 2]), 1e-10);
      near(g[0]!.bias, zeros([2]), 1e-10);
      expect(next.value.item()).toBeCloseTo(f(p, batch).item(), 12);
    }
  });

  test("factors are those of the taps, damped as they should", () => {
    const optimizer = kfac<MlpParams, Batch>({ learningRate: 0.1, damping: 0.04, fisher: "empirical" });
    const { state } = optimizer.step({ params, state: optimizer.init(params), loss, batch });
    const found = taps(model, params, x, (y) => mse(y, target));
    found.forEach(({ weight, input, gradient }) => {
      const layer = state.layers![weight]!;
      const a = input.mT().matmul(input).div(6);
      const s = gradient.mT().matmul(gradient).div(6);
      near(layer.input, a, 1e-12);
      near(layer.output, s, 1e-12);
      const mean = (m: Tensor): number => m.mul(eye(m.shape[0]!)).sum().item() / m.shape[0]!;
      const pi = Math.sqrt(mean(a) / mean(s));
      near(layer.inputInverse, inv(a.add(eye(a.shape[0]!).mul(0.2 * pi))), 1e-10);
      near(layer.outputInverse, inv(s.add(eye(s.shape[0]!).mul(0.2 / pi))), 1e-10);
    });
  });

  test("exact factors by the Hessian's root are the mean over drawn targets", () => {
    const shallow = mlp([3, 2], { dtype: "float64" });
    const p = shallow.init(k1);
    const many: Batch = { input: normal(k2, [20_000, 3]), target: randint(k3, [20_000], 0, 2) };
    const f = modelLoss(shallow, softmaxCrossEntropy);
    const of = (fisher: "ggn" | "sampled"): Tensor => {
      const optimizer = kfac<MlpParams, Batch>({ learningRate: 0.1, fisher });
      const { state } = optimizer.step({ params: p, state: optimizer.init(p), loss: f, batch: many });
      return state.layers!["[0].weight"]!.output;
    };
    near(of("sampled"), of("ggn"), 0.03);
    near(of("ggn"), softmaxCrossEntropy.block(shallow.apply(p, many.input)).mean({ axis: 0 }), 1e-10);
  });

  test("the clip bounds the predicted change", () => {
    const rate = 0.7;
    const optimizer = kfac<MlpParams, Batch>({ learningRate: rate, klClip: 1e-3, momentum: 0 });
    const { params: next, info } = optimizer.step({
      params,
      state: optimizer.init(params),
      loss,
      batch,
      key: k1,
    });
    expect(info!["clip"]!.item()).toBeLessThan(1);
    const g = grad((p: MlpParams) => loss(p, batch))(params);
    const moved = treeDot(treeAxpy(-1, next, params), g).item();
    // The step is rate·clip·u, and rate²·⟨u, g⟩·clip² = klClip.
    expect(moved * rate * info!["clip"]!.item()).toBeCloseTo(1e-3, 9);
  });

  test.each(["sampled", "empirical", "ggn"] as const)(
    "%s: compiled = eager; the state known from an example",
    (fisher) => {
      const optimizer = kfac<MlpParams, Batch>({ learningRate: 0.1, every: 2, fisher });
      const step = (p: MlpParams, state: ReturnType<typeof optimizer.init>, from: Tensor) =>
        optimizer.step({ params: p, state, loss, batch, key: from });
      const compiled = jit(step);
      let a = { params, state: optimizer.init(params) };
      let b = { params, state: optimizer.init(params, { loss, batch }) };
      split(key(9), 5).forEach((from) => {
        a = step(a.params, a.state, from);
        b = compiled(b.params, b.state, from);
      });
      near(b.params[0]!.weight, a.params[0]!.weight, 1e-9);
      near(b.params[1]!.bias, a.params[1]!.bias, 1e-9);
      expect(b.state.layers!["[0].weight"]!.input.shape).toEqual([4, 4]);
      expect(b.state.layers!["[1].weight"]!.outputInverse.shape).toEqual([2, 2]);
      // Velocity 26, factors and inverses (16 + 16 + 25 + 4)·2, all float64; a counter.
      expect(stateBytes(optimizer, params, { loss, batch })).toBe(8 * (26 + 122) + 4);
    },
  );

  test("convolutions: learns, with factors of the size of patches", () => {
    const optimizer = kfac<ConvParams, Batch>({ learningRate: 0.3, klClip: 1e-1 });
    const f = modelLoss(convolution, mse);
    const data: Batch = { input: normal(k1, [6, 2, 7]), target };
    let p = convolution.init(k3);
    let state = optimizer.init(p, { loss: f, batch: data });
    expect(state.layers![".kernel"]!.input.shape).toEqual([7, 7]);
    expect(state.layers![".head"]!.input.shape).toEqual([4, 4]);
    const first = f(p, data).item();
    const step = jit((q: ConvParams, s: typeof state) =>
      optimizer.step({ params: q, state: s, loss: f, batch: data }),
    );
    for (let i = 0; i < 20; i++) ({ params: p, state } = step(p, state));
    expect(f(p, data).item()).toBeLessThan(0.3 * first);
  });

  test("masked: the layers that are not meant stay", () => {
    const optimizer = masked<MlpParams, Batch, unknown>(kfac({ learningRate: 0.1 }), (_, path) =>
      path.startsWith("[1]"),
    );
    const next = optimizer.step({ params, state: optimizer.init(params), loss, batch });
    near(next.params[0]!.weight, params[0]!.weight, 0);
    expect(next.params[1]!.weight.sub(params[1]!.weight).abs().max().item()).toBeGreaterThan(1e-6);
  });

  test("bad input", () => {
    const optimizer = kfac<MlpParams, Batch>({ learningRate: 0.1 });
    const state = optimizer.init(params);
    const bare = (p: MlpParams, b: Batch): Tensor => loss(p, b);
    expect(() => optimizer.step({ params, state, loss: bare, batch })).toThrow(TypeError);
    expect(() => optimizer.step({ params, state, loss: bare, batch })).toThrow(/modelLoss/);
    expect(() => kfac({ learningRate: 1, fisher: "exact" as never })).toThrow(/fisher/);
    expect(() => kfac({ learningRate: 1, damping: -1 })).toThrow(DomainError);
    expect(() => kfac({ learningRate: 1, klClip: 0 })).toThrow(/klClip/);
    expect(() => kfac({ learningRate: 1, every: 0 })).toThrow(/every/);
    expect(() =>
      gaussNewtonCg<MlpParams, Batch>().step({
        params,
        state: gaussNewtonCg().init(params) as never,
        loss: bare,
        batch,
      }),
    ).toThrow(/modelLoss/);
    expect(() => gaussNewtonCg({ damping: 0 })).toThrow(/damping/);
  });
});

describe("gaussNewtonCg", () => {
  test("solves a linear model in one step without damping to speak of; compiled = eager", () => {
    const linear = mlp([3, 2], { dtype: "float64" });
    const p = linear.init(k3);
    const f = modelLoss(linear, halfSquaredError);
    const batch: Batch = { input: x, target };
    const optimizer = gaussNewtonCg<MlpParams, Batch>({ damping: 1e-10, progress: 1e-14 });
    const step = (q: MlpParams, s: ReturnType<typeof optimizer.init>) =>
      optimizer.step({ params: q, state: s, loss: f, batch });
    const next = step(p, optimizer.init(p));
    near(grad((q: MlpParams) => f(q, batch))(next.params)[0]!.weight, zeros([3, 2]), 1e-7);
    expect(next.info!["stepLength"]!.item()).toBe(1);
    expect(next.info!["ratio"]!.item()).toBeCloseTo(1, 6);
    expect(next.state.damping.item()).toBeCloseTo(1e-10 * (2 / 3), 16);
    near(jit(step)(p, optimizer.init(p)).params[0]!.weight, next.params[0]!.weight, 1e-9);
  });

  test.each([1, 1e-9])("never steps up, from a damping of %s", (damping) => {
    const problem = regression();
    const batch = batchAt(problem.train, 0, 100);
    const optimizer = gaussNewtonCg<MlpParams, Batch>({ damping });
    const step = jit((p: MlpParams, s: ReturnType<typeof optimizer.init>) =>
      optimizer.step({ params: p, state: s, loss: problem.loss, batch }),
    );
    let p = problem.init(key(1));
    let state = optimizer.init(p);
    const values: number[] = [];
    const lengths: number[] = [];
    for (let i = 0; i < 15; i++) {
      const next = step(p, state);
      values.push(next.value.item());
      lengths.push(next.info!["stepLength"]!.item());
      ({ params: p, state } = next);
    }
    values.slice(1).forEach((value, i) => {
      expect(value).toBeLessThanOrEqual(values[i]!);
    });
    expect(values.at(-1)).toBeLessThan(0.1 * values[0]!);
    // Without damping the first steps go too far and are shortened.
    if (damping < 1) expect(Math.min(...lengths)).toBeLessThan(1);
  });
});

describe("regression, the problem", () => {
  test("is the same for one seed; Adam learns it", () => {
    const problem = regression({ seed: 2 });
    near(problem.train.target, regression({ seed: 2 }).train.target, 0);
    expect(problem.train.input.shape).toEqual([1000, 8]);
    expect(problem.test.target.shape).toEqual([300, 1]);
    const optimizer = adam<MlpParams, Batch>({ learningRate: 0.01 });
    const step = jit((p: MlpParams, s: ReturnType<typeof optimizer.init>, batch: Batch) =>
      optimizer.step({ params: p, state: s, loss: problem.loss, batch }),
    );
    let p = problem.init(key(0));
    let state = optimizer.init(p);
    for (let i = 0; i < 60; i++)
      ({ params: p, state } = step(p, state, batchAt(problem.train, 100 * i, 100)));
    expect(problem.loss(p, problem.test).item()).toBeLessThan(0.5);
  });
});
