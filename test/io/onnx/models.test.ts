import { jit } from "polyadic/compiler";
import { exportOnnx, importOnnx, writeOnnx } from "polyadic/io";
import { svd } from "polyadic/linalg";
import * as ops from "polyadic/ops";
import { key, normal, split } from "polyadic/random";
import { DomainError, DTypeError, FileError, ShapeError, type Tensor, tensor, tree } from "polyadic/tensor";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { decodeModel, encodeModel } from "../../../src/io/onnx/schema.ts";
import reference from "../../reference/onnx-models.json" with { type: "json" };
import { temporaryFolder } from "../folder.ts";
import { runModel } from "./runtime.ts";

const f32 = (shape: readonly number[], seed = 1): Tensor => normal(key(seed), shape, { dtype: "float32" });

function expectClose(actual: Tensor, expected: Tensor, tolerance = 2e-5): void {
  expect(actual.shape).toEqual(expected.shape);
  const [a, b] = [actual, expected].map((x) => Array.from(x.astype("float64").data() as Float64Array));
  b!.forEach((value, i) => {
    expect(Math.abs(a![i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
}

const softmax = (x: Tensor): Tensor => {
  const e = x.sub(x.max({ axis: -1, keepDims: true })).exp();
  return e.div(e.sum({ axis: -1, keepDims: true }));
};

const mlp = {
  params: {
    layers: [
      { weight: f32([4, 8]), bias: f32([8], 2) },
      { weight: f32([8, 3], 3), bias: f32([3], 4) },
    ],
  },
  f: ({ layers: [a, b] }: { layers: { weight: Tensor; bias: Tensor }[] }, x: Tensor) =>
    softmax(x.matmul(a!.weight).add(a!.bias).tanh().matmul(b!.weight).add(b!.bias)),
};

const cnn = {
  params: { conv: f32([4, 2, 3, 3]), scale: f32([4], 2), deep: f32([6, 2, 3, 3], 3), head: f32([6, 3], 4) },
  f: (p: { conv: Tensor; scale: Tensor; deep: Tensor; head: Tensor }, x: Tensor) => {
    const y = ops
      .conv(x, p.conv, { padding: 1 })
      .mul(p.scale.reshape([4, 1, 1]))
      .maximum(0);
    const z = ops.conv(ops.maxPool(y, { window: 2 }), p.deep, { strides: 2, groups: 2 });
    return z
      .tanh()
      .mean({ axis: [2, 3] })
      .matmul(p.head);
  },
};

const [q, k, v, o] = split(key(9), 4).map((from) => normal(from, [8, 8], { dtype: "float32" }));
const attention = {
  params: { q: q!, k: k!, v: v!, o: o! },
  f: (p: { q: Tensor; k: Tensor; v: Tensor; o: Tensor }, x: Tensor) => {
    const [n, t] = x.shape as [number, number];
    const heads = (w: Tensor): Tensor => x.matmul(w).reshape([n, t, 2, 4]).transpose([0, 2, 1, 3]);
    const scores = heads(p.q).matmul(heads(p.k).mT()).mul(0.5);
    const masked = ops
      .tril(tensor([1]).broadcastTo([t, t]))
      .greater(0)
      .where(scores, -1e9);
    const mixed = softmax(masked).matmul(heads(p.v)).transpose([0, 2, 1, 3]).reshape([n, t, 8]);
    const y = x.add(mixed.matmul(p.o));
    const centred = y.sub(y.mean({ axis: -1, keepDims: true }));
    return centred.div(centred.square().mean({ axis: -1, keepDims: true }).add(1e-5).sqrt());
  },
};

const MODELS: readonly [
  string,
  { params: object; f: (params: never, x: Tensor) => Tensor },
  readonly number[],
][] = [
  ["a network of two layers", mlp, [5, 4]],
  ["a network of convolutions", cnn, [3, 2, 12, 11]],
  ["attention", attention, [2, 6, 8]],
];

describe.each(MODELS)("%s", (_name, { params, f }, shape) => {
  const apply = f as (params: object, x: Tensor) => Tensor;
  const x = f32(shape, 5);

  test("in ONNX Runtime", async () => {
    const [y] = await runModel(exportOnnx(apply, [x], { params }), [x]);
    expectClose(y!, apply(params, x));
  });

  test("with an open batch size", async () => {
    const bytes = exportOnnx(apply, [x], { params, dynamicBatch: true });
    for (const n of [1, shape[0]!, 7]) {
      const batch = f32([n, ...shape.slice(1)], n);
      const [y] = await runModel(bytes, [batch]);
      expectClose(y!, apply(params, batch));
    }
  });

  test("read back, with its parameters by name, it is the same and differentiable", async () => {
    const model = await importOnnx(exportOnnx(apply, [x], { params, inputNames: ["x"], outputNames: ["y"] }));
    expect(model.inputs).toEqual([{ name: "x", dtype: "float32", shape: [...shape] }]);
    expect(model.outputs.map(({ name }) => name)).toEqual(["y"]);
    const names = tree
      .flatten(params)
      .structure.paths.map((path) => path.replace(/\[(\d+)\]/g, ".$1").slice(1));
    for (const name of names) expect(model.params).toHaveProperty([name]);
    expectClose(model.apply(model.params, { x })["y"]!, apply(params, x));
    expectClose(jit(model.apply)(model.params, { x })["y"]!, apply(params, x));
    const mine = tree.leaves(grad((p: object) => apply(p, x).square().sum())(params as never));
    const theirs = grad((p: typeof model.params) => model.apply(p, { x })["y"]!.square().sum())(model.params);
    names.forEach((name, i) => {
      expectClose(theirs[name]!, mine[i]!, 2e-4);
    });
  });
});

test("moves that cancel are not written", () => {
  const { graph } = decodeModel(exportOnnx(cnn.f, [f32([1, 2, 12, 12])], { params: cnn.params }), "model");
  const kinds = graph!.node!.map(({ opType }) => opType);
  // One for the vector of factors, which is part of the function.
  expect(kinds.filter((kind) => kind === "Reshape").length).toBeLessThanOrEqual(1);
  expect(kinds).not.toContain("Transpose");
  expect(kinds).not.toContain("Expand");
});

test("narrow floats", async () => {
  const params = { half: f32([4, 3]).astype("float16"), brain: f32([3, 2], 2).astype("bfloat16") };
  const f = (p: typeof params, x: Tensor): Tensor =>
    x.astype("float16").matmul(p.half).astype("float32").matmul(p.brain.astype("float32"));
  const x = f32([5, 4], 3);
  const bytes = exportOnnx(f, [x], { params });
  const [y] = await runModel(bytes, [x]);
  expectClose(y!, f(params, x), 5e-3);
  const model = await importOnnx(bytes);
  expect(model.params["half"]!.dtype).toBe("float16");
  expect(model.params["brain"]!.dtype).toBe("bfloat16");
  expectClose(model.apply(model.params, { input: x })["output"]!, f(params, x));
});

test("names, several results, a file", async () => {
  const path = temporary("two.onnx");
  const f = (_p: object, a: Tensor, b: { c: Tensor }) => ({ sum: a.add(b.c), both: [a.mul(b.c)] });
  await writeOnnx(path, f, [f32([2]), { c: f32([2], 2) }], { params: {} });
  const model = await importOnnx(path);
  expect(model.inputs.map(({ name }) => name)).toEqual(["input.0", "input.1.c"]);
  expect(model.outputs.map(({ name }) => name)).toEqual(["output.both.0", "output.sum"]);
  expect(model.opset).toBe(17);
});

const temporary = temporaryFolder();

describe.each(Object.entries(reference))(
  "%s, exported by PyTorch",
  (_name, { model: text, input, outputs, gradients }) => {
    const bytes = new Uint8Array(Buffer.from(text, "base64"));
    const x = tensor(input.values, { dtype: input.dtype as "float32" }).reshape(input.shape);

    test("gives the results that it gave there", async () => {
      const model = await importOnnx(bytes);
      const results = Object.values(model.apply(model.params, { input: x }));
      expect(results).toHaveLength(outputs.length);
      outputs.forEach(({ shape, values }, i) => {
        expectClose(results[i]!, tensor(values, { dtype: "float32" }).reshape(shape), 1e-5);
      });
      const compiled = Object.values(jit(model.apply)(model.params, { input: x }));
      expectClose(compiled[0]!, results[0]!, 1e-5);
    });

    test("has the gradients that it had there", async () => {
      const model = await importOnnx(bytes);
      const loss = (params: typeof model.params): Tensor =>
        Object.values(model.apply(params, { input: x }))
          .map((y) => y.square().sum())
          .reduce((a, b) => a.add(b));
      const found = grad(loss)(model.params);
      let compared = 0;
      for (const [name, values] of Object.entries(gradients as Record<string, number[]>)) {
        // Weights that were transposed for a product of another kind lost their names.
        if (!found[name]) continue;
        compared++;
        const expected = tensor(values, { dtype: "float32" });
        expectClose(found[name].ravel(), expected, 1e-4);
      }
      expect(compared).toBeGreaterThan(0);
    });
  },
);

describe("what cannot be written", () => {
  test("a primitive without a counterpart is named", () => {
    expect(() => exportOnnx((x: Tensor) => svd(x).s, [f32([3, 3])])).toThrow(DomainError);
    expect(() => exportOnnx((x: Tensor) => svd(x).s, [f32([3, 3])])).toThrow(/"svd"/);
  });

  test("complex numbers", () => {
    expect(() => exportOnnx((x: Tensor) => ops.complexFrom(x, x).abs(), [f32([3])])).toThrow(/complexFrom/);
    expect(() => exportOnnx((x: Tensor) => x, [tensor([1]).astype("complex64")])).toThrow(DTypeError);
  });

  test.each([
    ["version", { opset: 7 }, /opset/],
    ["number of names", { inputNames: ["a", "b"] }, /inputNames/],
    ["doubled names", { outputNames: [] }, /outputNames/],
  ])("%s", (_name, options, message) => {
    expect(() => exportOnnx((x: Tensor) => x.neg(), [f32([2])], options)).toThrow(DomainError);
    expect(() => exportOnnx((x: Tensor) => x.neg(), [f32([2])], options)).toThrow(message);
  });

  test("a batch size that decides what is computed", () => {
    const f = (x: Tensor): Tensor => x.reshape([x.size]).at({ start: 0, step: 2 });
    expect(() => exportOnnx(f, [f32([4, 2])], { dynamicBatch: true })).toThrow(/dynamicBatch/);
    expect(() => exportOnnx((x: Tensor) => x, [tensor(1)], { dynamicBatch: true })).toThrow(ShapeError);
  });
});

describe("what cannot be read", () => {
  test("bytes that are no model", async () => {
    await expect(importOnnx(new Uint8Array([1, 2, 3]))).rejects.toThrow(FileError);
    await expect(importOnnx(new Uint8Array())).rejects.toThrow(FileError);
    await expect(importOnnx(temporary("missing.onnx"))).rejects.toThrow(FileError);
  });

  const withNode = (change: object): Uint8Array => {
    const model = decodeModel(
      exportOnnx((x: Tensor) => x.neg(), [f32([2])]),
      "model",
    );
    const node = model.graph!.node!.map((entry) =>
      entry.opType === "Neg" ? { ...entry, ...change } : entry,
    );
    return encodeModel({ ...model, graph: { ...model.graph!, node } });
  };

  test("an operator that is not known", async () => {
    await expect(importOnnx(withNode({ opType: "Nonsense", name: "here" }))).rejects.toThrow(
      /Nonsense \(node "here"\)/,
    );
    await expect(importOnnx(withNode({ domain: "com.example" }))).rejects.toThrow(/com\.example\.Neg/);
  });

  test("a value that nothing gives, inputs that do not fit", async () => {
    const model = await importOnnx(withNode({ input: ["nothing"] }));
    expect(() => model.apply({}, { input: f32([2]) })).toThrow(/"nothing"/);
    expect(() => model.apply({}, {})).toThrow(/"input" was expected/);
    expect(() => model.apply({}, { input: f32([3]) })).toThrow(ShapeError);
    const other = await importOnnx(exportOnnx(mlp.f, [f32([1, 4])], { params: mlp.params }));
    expect(() => other.apply({}, { input: f32([1, 4]) })).toThrow(/layers\.0\.bias/);
  });
});
