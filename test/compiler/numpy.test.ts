// Functions that the compiler fuses, against NumPy's values (test/reference/compiled.py), on one and on two threads.

import { abs, cos, exp, log, matmul, sin, type Tensor, tensor, where } from "polyadic";
import { jit } from "polyadic/compiler";
import { setThreads, threads } from "polyadic/device";
import { scan, whileLoop } from "polyadic/transform";
import { afterAll, describe, expect, test } from "vitest";
import reference from "../reference/compiled.json" with { type: "json" };

const make = (shape: number[], seed: number): Tensor =>
  tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(seed + 7 * i)),
    { shape },
  );

const softmax = (x: Tensor, axis = -1): Tensor => {
  const e = exp(x.sub(x.max({ axis, keepDims: true })));
  return e.div(e.sum({ axis, keepDims: true }));
};
const layerNorm = (x: Tensor): Tensor => {
  const centered = x.sub(x.mean({ axis: -1, keepDims: true }));
  return centered.div(centered.square().mean({ axis: -1, keepDims: true }).add(1e-5).sqrt());
};

type Case = readonly [(...args: Tensor[]) => Tensor, ...Tensor[]];
const x = make([7, 33], 1);
const y = make([7, 33], 2);

const CASES: Readonly<Record<string, Case>> = {
  softmax: [(a) => softmax(a!), x],
  "softmax over columns": [(a) => softmax(a!, 0), x],
  "layer norm": [(a) => layerNorm(a!), x],
  "log-sum-exp": [(a) => log(exp(a!).sum({ axis: 1 })), x],
  "variance over all": [(a) => a!.variance(), x],
  "clipped product": [(a, b) => a!.mul(b!).maximum(-0.2).minimum(0.3).sum({ axis: 0 }), x, y],
  where: [(a, b) => where(a!.greater(b!), sin(a!), cos(b!).sub(1)).mean(), x, y],
  strides: [(a, b) => a!.at("::-1", "2::3").sub(b!.at(":", "2::3")), x, y],
  attention: [
    (q, k, v) => matmul(softmax(matmul(q!, k!.mT()).div(3)), v!),
    make([2, 5, 9], 3),
    make([2, 6, 9], 4),
    make([2, 6, 4], 5),
  ],
  products: [(a, b) => matmul(matmul(a!, b!.mT()), matmul(b!, a!.mT())), x, y],
  "gram of transposed views": [(a, b) => matmul(a!.mT().at("1:9"), b!.at(":", "3:")), x, y],
  "outer sum": [(a, b) => a!.expandDims(2).add(b!.at(":", ":5").expandDims(1)).max({ axis: 1 }), x, y],
  recurrence: [
    (rows, w) =>
      scan(
        (state: Tensor, row: Tensor) => {
          const next = matmul(w!, state).add(row).tanh();
          return [next, next];
        },
        tensor(new Float64Array(6)),
        rows!,
      ).ys,
    make([11, 6], 6),
    make([6, 6], 7),
  ],
  newton: [
    (a) =>
      whileLoop(
        ({ n }) => n.less(30),
        ({ n, r }) => ({ n: n.add(1), r: r.add(a!.div(r)).mul(0.5) }),
        { n: tensor(0, { dtype: "int32" }), r: a!.mul(0).add(1) },
      ).r,
    abs(make([40], 8)).add(0.1),
  ],
  cumulative: [
    (a, b) =>
      exp(a!)
        .cumsum(1)
        .at(":", -1)
        .div(productOfRows(b!.mul(0.01).add(1)).at(":", 3)),
    x,
    y,
  ],
  casts: [(a, b) => a!.mul(10).astype("int32").astype("float64").add(b!.greater(0).astype("float64")), x, y],
};

/** Running products down the rows, one row after the other. */
const productOfRows = (a: Tensor): Tensor =>
  scan(
    (product: Tensor, row: Tensor) => {
      const next = product.mul(row);
      return [next, next];
    },
    a.at(0).mul(0).add(1),
    a,
  ).ys;

const before = threads();
afterAll(() => setThreads(before));

describe.each([1, 2])("%i threads", (count) => {
  test("every case of the reference is here", () => {
    expect(Object.keys(CASES).sort()).toEqual(Object.keys(reference).sort());
  });

  test.each(Object.entries(reference))("%s", (name, { shape, values }) => {
    setThreads(count);
    const [f, ...args] = CASES[name]!;
    for (const result of [f(...args), jit(f)(...args)]) {
      expect(result.shape).toEqual(shape);
      const scale = Math.max(1, ...values.map(Math.abs));
      result.toTypedArray().forEach((value, i) => {
        expect(Math.abs(value - values[i]!) / scale, `element ${i}`).toBeLessThan(2e-14);
      });
    }
  });
});
