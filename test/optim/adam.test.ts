// Adam and schedules against trajectories of a plain NumPy implementation.

import { readFileSync } from "node:fs";
import { DomainError, type DType, DTypeError, type Tensor, TreeError, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  type AdamOptions,
  adam,
  constant,
  cosineDecay,
  exponentialDecay,
  linearDecay,
  type Schedule,
} from "polyadic/optim";
import { type Key, key, normal } from "polyadic/random";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const reference = JSON.parse(
  readFileSync(new URL("../reference/adam.json", import.meta.url), "utf8"),
) as Record<string, number[][]>;

interface Params {
  readonly a: Tensor;
  readonly rest: readonly Tensor[];
}

/** The function of the reference, over a tree whose tensors are one or two of the three variables. */
function loss({ a, rest }: Params): Tensor {
  const [b, c] = [rest[0]!.at(0), rest[0]!.at(1)];
  const square = (x: Tensor, target: number, curvature: number): Tensor =>
    x
      .sub(target)
      .square()
      .mul(curvature / 2);
  return square(a, 1, 10)
    .add(square(b, -2, 1))
    .add(square(c, 0.5, 0.1))
    .add(a.mul(b).square().mul(0.25));
}

const start = (dtype: DType = "float64"): Params => ({
  a: tensor(0.3).astype(dtype),
  rest: [tensor([0.7, -1.1]).astype(dtype)],
});

const flat = ({ a, rest }: Params): number[] => [a.item(), rest[0]!.item(0), rest[0]!.item(1)];

function trajectory(options: AdamOptions, steps: number, dtype: DType = "float64"): number[][] {
  const optimizer = adam<Params>(options);
  let params = start(dtype);
  let state = optimizer.init(params);
  return Array.from({ length: steps }, () => {
    ({ params, state } = optimizer.step({ params, state, loss, batch: undefined }));
    return flat(params);
  });
}

describe("Adam", () => {
  const cases: readonly (readonly [string, AdamOptions])[] = [
    ["default", { learningRate: 0.05 }],
    ["otherBetas", { learningRate: constant(0.02), beta1: 0.5, beta2: 0.9, epsilon: 1e-3 }],
    ["noMomentum", { learningRate: 0.05, beta1: 0, beta2: 0.99 }],
    ["linear", { learningRate: linearDecay({ from: 0.1, to: 0.01, steps: 30 }) }],
    ["cosine", { learningRate: cosineDecay({ from: 0.1, to: 0.01, steps: 30 }) }],
    ["exponential", { learningRate: exponentialDecay({ from: 0.1, rate: 0.5, steps: 10 }) }],
  ];
  test.each(cases)("%s", (name, options) => {
    const expected = reference[name]!;
    near(tensor(trajectory(options, expected.length)), tensor(expected), 1e-12);
  });

  test.each([
    ["float32", 1e-5],
    ["float16", 0.02],
    ["bfloat16", 0.1],
  ] as const)("%s parameters", (dtype, tolerance) => {
    const expected = reference["default"]!;
    const optimizer = adam<Params>({ learningRate: 0.05 });
    const params = start(dtype);
    const state = optimizer.init(params);
    const next = optimizer.step({ params, state, loss, batch: undefined });
    expect(next.params.a.dtype).toBe(dtype);
    expect(next.state.square.a.dtype).toBe("float32");
    near(
      tensor(trajectory({ learningRate: 0.05 }, expected.length, dtype).at(-1)!),
      tensor(expected.at(-1)!),
      tolerance,
    );
  });

  test("a compiled step is the same step; nothing is changed in place", () => {
    const optimizer = adam<Params>({ learningRate: linearDecay({ from: 0.1, to: 0.01, steps: 30 }) });
    const step = jit((params: Params, state: ReturnType<typeof optimizer.init>) =>
      optimizer.step({ params, state, loss, batch: undefined }),
    );
    const params = start();
    const state = optimizer.init(params);
    let at = { params, state };
    const path = Array.from({ length: 40 }, () => {
      at = step(at.params, at.state);
      return flat(at.params);
    });
    near(tensor(path), tensor(reference["linear"]!), 1e-12);
    expect(flat(params)).toEqual([0.3, 0.7, -1.1]);
    expect(state.step.item()).toBe(0);
    expect(at.state.step.item()).toBe(40);
    expect(at.state.step.dtype).toBe("int32");
  });

  test("gives the loss before the step, and hands batch and key to it", () => {
    const optimizer = adam<Tensor, { readonly scale: Tensor }>({ learningRate: 0.1 });
    const noisy = (x: Tensor, batch: { readonly scale: Tensor }, from: Key): Tensor =>
      x.mul(batch.scale).add(normal(from, [])).square();
    const x = tensor(2);
    const batch = { scale: tensor(3) };
    const { value } = optimizer.step({
      params: x,
      state: optimizer.init(x),
      loss: noisy,
      batch,
      key: key(5),
    });
    near(value, noisy(x, batch, key(5)));
  });

  test("a gradient of zero leaves parameters where they are", () => {
    const optimizer = adam<Tensor>({ learningRate: 0.1 });
    const x = tensor([1, 2]);
    const step = { params: x, state: optimizer.init(x), batch: undefined };
    near(optimizer.step({ ...step, loss: (y) => y.mul(0).sum() }).params, x);
  });

  test("bad input", () => {
    for (const options of [
      { learningRate: -1 },
      { learningRate: Number.NaN },
      { learningRate: 1, beta1: 1 },
      { learningRate: 1, beta2: -0.1 },
      { learningRate: 1, epsilon: -1 },
    ])
      expect(() => adam(options)).toThrow(DomainError);
    expect(() => adam({ learningRate: 1, beta2: 1.5 })).toThrow(/beta2.*below 1.*got 1.5/);
    const optimizer = adam<Tensor>({ learningRate: 0.1 });
    expect(() => optimizer.init(tensor([1, 2], { dtype: "int32" }))).toThrow(DTypeError);
    expect(() => optimizer.init(tensor([{ re: 1, im: 0 }]))).toThrow(/complex128/);
    const x = tensor([1, 2]);
    const state = optimizer.init(x);
    const square = (y: Tensor): Tensor => y.square().sum();
    expect(() => optimizer.step({ params: x, state, batch: undefined, loss: (y) => y })).toThrow(/scalar/);
    const other = adam<readonly Tensor[]>({ learningRate: 0.1 }).init([x]);
    expect(() =>
      optimizer.step({ params: x, state: other as never, batch: undefined, loss: square }),
    ).toThrow(TreeError);
  });
});

describe("schedules", () => {
  const at = (schedule: Schedule, step: number): number => schedule(tensor(step, { dtype: "int32" })).item();

  test("begin and end where they should, and stay there", () => {
    for (const decay of [linearDecay, cosineDecay]) {
      const schedule = decay({ from: 2, to: 1, steps: 10 });
      expect(at(schedule, 0)).toBe(2);
      expect(at(schedule, 5)).toBeCloseTo(1.5, 12);
      expect(at(schedule, 10)).toBe(1);
      expect(at(schedule, 1000)).toBe(1);
      expect(at(decay({ from: 2, steps: 10 }), 10)).toBeCloseTo(0, 15);
    }
    const halving = exponentialDecay({ from: 4, rate: 0.5 });
    expect([0, 1, 2].map((step) => at(halving, step))).toEqual([4, 2, 1].map((x) => expect.closeTo(x, 12)));
    expect(at(constant(0.3), 7)).toBe(0.3);
  });

  test("bad input", () => {
    expect(() => constant(-1)).toThrow(DomainError);
    expect(() => linearDecay({ from: 1, steps: 0 })).toThrow(/steps: a positive number/);
    expect(() => cosineDecay({ from: 1, to: -1, steps: 5 })).toThrow(/to: a finite number/);
    expect(() => exponentialDecay({ from: 1, rate: 0 })).toThrow(/rate/);
  });
});
