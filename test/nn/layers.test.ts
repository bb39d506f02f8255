// Layers against PyTorch, and what they promise besides.

import { DomainError, DTypeError, ShapeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  avgPool,
  batchNorm,
  conv,
  convTranspose,
  countParameters,
  dense,
  dropout,
  embedding,
  flatten,
  globalAvgPool,
  globalMaxPool,
  groupNorm,
  instanceNorm,
  type LinearSite,
  lambda,
  layerNorm,
  maxPool,
  mlp,
  parallel,
  relu,
  residual,
  rmsNorm,
  sequential,
  spatialDropout,
  summary,
  upsample,
} from "polyadic/nn";
import { key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";
import { numbers, reference, sameAsModule } from "./reference.ts";

const dtype = "float64";
const weightAndBias = (named: (name: string) => Tensor): { weight: Tensor; bias: Tensor } => ({
  weight: named("weight"),
  bias: named("bias"),
});

describe("as PyTorch has it", () => {
  test("dense", () => {
    sameAsModule(dense({ in: 3, out: 4, dtype }), reference.linear, (named) => ({
      weight: named("weight").mT(),
      bias: named("bias"),
    }));
  });

  test("conv along one axis, in groups", () => {
    const layer = conv({ in: 4, out: 6, kernel: [3], stride: 2, padding: 1, groups: 2, dtype });
    sameAsModule(layer, reference.conv1d, weightAndBias);
  });

  test("conv along two axes, dilated", () => {
    const layer = conv({ in: 2, out: 3, kernel: [3, 2], padding: 1, dilation: [1, 2], dtype });
    sameAsModule(layer, reference.conv2d, weightAndBias);
  });

  test("transposed conv", () => {
    const layer = convTranspose({
      ...{ in: 2, out: 4, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2 },
      dtype,
    });
    sameAsModule(layer, reference.convTranspose, weightAndBias);
  });

  test("layerNorm", () => {
    sameAsModule(layerNorm({ shape: [3, 2], dtype }), reference.layerNorm, weightAndBias);
  });

  test("groupNorm and instanceNorm", () => {
    sameAsModule(groupNorm({ groups: 2, channels: 4, dtype }), reference.groupNorm, weightAndBias);
    const plain = instanceNorm({ channels: 2, affine: false, dtype });
    sameAsModule(plain, reference.instanceNorm, () => ({}));
  });

  test("batchNorm in training and in use", () => {
    const run = reference.batchNorm;
    const layer = batchNorm({ channels: 3, momentum: 0.3, dtype });
    const fresh = layer.init(key(0));
    const params = { ...fresh, ...weightAndBias((name) => numbers(run.params[name as "weight"])) };
    const x = numbers(run.x);
    const updates = new Map<Tensor, Tensor>();
    const pass = { training: true, update: (old: Tensor, next: Tensor) => updates.set(old, next) };
    near(layer.apply(params, x, pass), numbers(run.y), 1e-9);
    const trained = {
      ...params,
      runningMean: updates.get(params.runningMean)!,
      runningVariance: updates.get(params.runningVariance)!,
    };
    near(trained.runningMean, numbers(run.running[0]), 1e-9);
    near(trained.runningVariance, numbers(run.running[1]), 1e-9);
    near(layer.apply(trained, x), numbers(run.eval), 1e-9);
    const loss = (p: typeof params, value: Tensor): Tensor =>
      layer.apply(p, value, { training: true }).mul(numbers(run.weights)).sum();
    near(grad(loss, { argnums: 1 })(params, x), numbers(run.dx), 1e-8);
    const inUse = grad((p: typeof params) => layer.apply(p, x).sum())(params);
    expect(inUse.runningMean.abs().max().item()).toBe(0);
    expect(inUse.runningVariance.abs().max().item()).toBe(0);
  });
});

const x4 = normal(key(1), [2, 3, 6, 5]);

test("rmsNorm divides by the root of the mean square", () => {
  const layer = rmsNorm({ shape: 5, dtype, epsilon: 1e-12 });
  const y = layer.apply(layer.init(key(0)), x4);
  near(y.square().mean({ axis: -1 }), zeros([2, 3, 6]).add(1), 1e-9);
  near(layer.apply(layer.init(key(0)), x4.mul(7)), y, 1e-9);
});

test("a convolution of a shifted image is the shifted convolution", () => {
  const layer = conv({ in: 3, out: 4, kernel: 3, dtype });
  const params = layer.init(key(2));
  const image = normal(key(3), [1, 3, 9, 9]);
  const whole = layer.apply(params, image);
  const shifted = layer.apply(params, image.at(":", ":", "2:", "1:"));
  near(shifted, whole.at(":", ":", "2:", "1:"), 1e-12);
});

test("same padding keeps the number of windows", () => {
  const layer = conv({ in: 3, out: 2, kernel: [3, 2], padding: "same", stride: [2, 1] });
  expect(layer.apply(layer.init(key(0)), x4.astype("float32")).shape).toEqual([2, 2, 3, 5]);
});

test("pooling, flattening and upsampling", () => {
  const none = {};
  near(globalAvgPool().apply(none, x4), x4.mean({ axis: [2, 3] }));
  near(globalMaxPool().apply(none, x4), x4.max({ axis: [2, 3] }));
  expect(maxPool({ window: 2 }).apply(none, x4).shape).toEqual([2, 3, 3, 2]);
  expect(avgPool({ window: 2 }).apply(none, x4).shape).toEqual([2, 3, 3, 2]);
  expect(flatten().apply(none, x4).shape).toEqual([2, 90]);
  const large = upsample(2).apply(none, x4);
  expect(large.shape).toEqual([2, 3, 12, 10]);
  near(avgPool({ window: 2 }).apply(none, large), x4, 1e-12);
});

describe("taps", () => {
  const sites = <P>(layer: { apply: (p: P, x: Tensor, pass: object) => Tensor }, params: P, x: Tensor) => {
    const seen: LinearSite[] = [];
    const y = layer.apply(params, x, {
      tap: (site: LinearSite) => {
        seen.push(site);
        return site.result.mul(2);
      },
    });
    return { site: seen[0]!, y, count: seen.length };
  };

  test("dense hands over its rows, and goes on with what it gets", () => {
    const layer = dense({ in: 5, out: 2, dtype });
    const params = layer.init(key(0));
    const { site, y } = sites(layer, params, x4);
    expect(site.weight).toBe(params.weight);
    near(site.input().matmul(site.weight).add(site.bias!).reshape(y.shape).mul(2), y, 1e-12);
  });

  test.each([
    { kernel: [2, 3], padding: [[1, 0], 2] as const, stride: [2, 1], dilation: [1, 2] },
    { kernel: [3, 3], padding: "same" as const },
    { kernel: [1, 2], padding: [[-1, 0], 0] as const },
  ])("conv hands over its patches: %j", (options) => {
    const layer = conv({ in: 3, out: 4, ...options, dtype });
    const params = layer.init(key(0));
    const { site, y } = sites(layer, params, x4);
    const rows = site
      .input()
      .matmul(site.weight.reshape([4, -1]).mT())
      .add(site.bias!);
    const [n, , h, w] = y.shape as [number, number, number, number];
    near(rows.reshape([n, h, w, 4]).transpose([0, 3, 1, 2]).mul(2), y, 1e-12);
  });

  test("go through compositions", () => {
    const layer = sequential(dense({ in: 5, out: 5 }), lambda(relu), residual(dense({ in: 5, out: 5 })));
    const { count } = sites(layer, layer.init(key(0)), x4.astype("float32"));
    expect(count).toBe(2);
  });
});

describe("dropout", () => {
  const ones = zeros([200, 300], "float32").add(1);
  const training = { training: true, key: key(5) };
  test("keeps the mean, and nothing happens in use", () => {
    const layer = dropout(0.3);
    const y = layer.apply({}, ones, training);
    expect(Math.abs(y.mean().item() - 1)).toBeLessThan(0.01);
    expect(y.equal(0).astype("float64").mean().item()).toBeCloseTo(0.3, 2);
    expect(layer.apply({}, ones)).toBe(ones);
    expect(() => layer.apply({}, ones, { training: true })).toThrow(DomainError);
  });

  test("layers of a composition draw from keys of their own; so do compiled ones", () => {
    const layer = sequential(dropout(0.5), dropout(0.5));
    const kept = layer.apply([{}, {}], ones, training).notEqual(0).astype("float64").mean().item();
    expect(kept).toBeCloseTo(0.25, 1);
    const run = (x: Tensor, k: Tensor): Tensor => layer.apply([{}, {}], x, { training: true, key: k });
    near(jit(run)(ones, training.key), run(ones, training.key));
  });

  test("spatial dropout leaves out channels", () => {
    const y = spatialDropout(0.5).apply({}, zeros([8, 16, 3, 3]).add(1), training);
    near(y.min({ axis: [2, 3] }), y.max({ axis: [2, 3] }));
    expect(new Set(y.data())).toEqual(new Set([0, 2]));
  });
});

test("embedding looks up rows, and scores them when tied", () => {
  const layer = embedding({ count: 7, dim: 3, dtype });
  const params = layer.init(key(0));
  const tokens = tensor([[0, 6, 2]]).astype("int32");
  const y = layer.apply(params, tokens);
  near(y.at(0, 1), params.weight.at(6));
  near(layer.attend(params, y).at(0, 2, 6), params.weight.at(2).mul(params.weight.at(6)).sum(), 1e-12);
  const counts = grad((p: typeof params) => layer.apply(p, tokens).sum())(params).weight;
  expect(counts.at(":", 0).toArray()).toEqual([1, 0, 1, 0, 0, 0, 1]);
  expect(() => layer.apply(params, tensor([7]).astype("int32"))).toThrow(DomainError);
  expect(() => layer.apply(params, tensor([1]))).toThrow(DTypeError);
});

test("compositions", () => {
  const both = parallel([dense({ in: 5, out: 2, dtype }), lambda((x) => x)]);
  const params = both.init(key(0));
  const y = both.apply(params, x4);
  expect(y.shape).toEqual([2, 3, 6, 7]);
  near(y.at("...", "2:"), x4);
  const network = mlp({ sizes: [5, 8, 8, 1], outputActivation: (x) => x.mul(0) });
  const weights = network.init(key(1));
  expect(countParameters(weights)).toBe(5 * 8 + 8 + 8 * 8 + 8 + 8 + 1);
  expect(network.apply(weights, x4.astype("float32")).abs().max().item()).toBe(0);
  expect(weights.every(({ weight }) => weight.dtype === "float32")).toBe(true);
});

test("a convolutional network under grad, jit and vmap", () => {
  const network = sequential(
    conv({ in: 1, out: 4, kernel: 3, padding: "same" }),
    batchNorm({ channels: 4 }),
    lambda(relu),
    maxPool({ window: 2 }),
    flatten(),
    dense({ in: 36, out: 3 }),
  );
  const params = network.init(key(0));
  const x = normal(key(1), [8, 1, 6, 6], { dtype: "float32" });
  const loss = (p: typeof params, images: Tensor): Tensor =>
    network.apply(p, images, { training: true }).square().mean();
  const plain = grad(loss)(params, x);
  const compiled = jit(grad(loss))(params, x);
  near(compiled[0].weight, plain[0].weight, 1e-5);
  near(compiled[5].bias!, plain[5].bias!, 1e-5);
  const each = vmap((image: Tensor) => network.apply(params, image.expandDims(0)).squeeze(0))(x);
  near(each, network.apply(params, x), 1e-5);
});

test("summary lists parameters and shapes", () => {
  const network = mlp({ sizes: [5, 8, 1] });
  const text = summary(network.init(key(0)), { layer: network, input: [2, 5] });
  expect(text).toContain("[0].weight");
  expect(text).toContain("57 parameters, 228 bytes");
  expect(text).toContain("[2, 5] -> [2, 1]");
});

describe("bad input", () => {
  test.each<[string, () => unknown, new (message: string) => Error, RegExp]>([
    ["dense size", () => dense({ in: 0, out: 2 }), DomainError, /dense: in/],
    ["dense dtype", () => dense({ in: 1, out: 2, dtype: "int32" }), DTypeError, /dense: dtype/],
    ["dense width", () => applied(dense({ in: 3, out: 2 }), x4), ShapeError, /dense: x/],
    ["dense ints", () => applied(dense({ in: 5, out: 2 }), x4.astype("int32")), DTypeError, /dense: x/],
    ["conv groups", () => conv({ in: 3, out: 4, kernel: 3, groups: 2 }), DomainError, /conv: groups/],
    ["conv axes", () => conv({ in: 3, out: 4, kernel: 3, axes: 4 }), DomainError, /conv: kernel/],
    ["conv channels", () => applied(conv({ in: 4, out: 4, kernel: 3 }), x4), ShapeError, /conv: x/],
    ["conv rank", () => applied(conv({ in: 3, out: 4, kernel: [3] }), x4), ShapeError, /conv: x/],
    ["norm shape", () => applied(layerNorm({ shape: 4 }), x4), ShapeError, /layerNorm: x/],
    ["norm epsilon", () => layerNorm({ shape: 4, epsilon: 0 }), DomainError, /layerNorm: epsilon/],
    ["groups", () => groupNorm({ groups: 2, channels: 3 }), DomainError, /groupNorm: groups/],
    ["momentum", () => batchNorm({ channels: 2, momentum: 2 }), DomainError, /batchNorm: momentum/],
    ["rate", () => dropout(1), DomainError, /dropout: rate/],
    ["mlp", () => mlp({ sizes: [3] }), DomainError, /mlp: sizes/],
    [
      "one value in training",
      () =>
        batchNorm({ channels: 2 }).apply(batchNorm({ channels: 2 }).init(key(0)), zeros([1, 2]), {
          training: true,
        }),
      ShapeError,
      /batchNorm: x/,
    ],
  ])("%s", (_name, act, kind, message) => {
    expect(act).toThrow(kind);
    expect(act).toThrow(message);
  });
});

function applied<P>(
  layer: { init: (k: Tensor) => P; apply: (p: P, x: Tensor) => Tensor },
  x: Tensor,
): Tensor {
  return layer.apply(layer.init(key(0)), x);
}
