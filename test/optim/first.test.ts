// First-order optimizers on twenty recorded gradients against PyTorch, their wrappers, schedules.

import { arange, DomainError, DTypeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  accumulate,
  adadelta,
  adagrad,
  adam,
  adamw,
  amsgrad,
  clipByBlockRms,
  clipByGlobalNorm,
  clipByValue,
  cosineDecay,
  ema,
  type GradientOptimizer,
  grouped,
  join,
  lamb,
  lars,
  lion,
  lookahead,
  masked,
  nadam,
  oneCycle,
  piecewise,
  polynomialDecay,
  radam,
  rmsprop,
  type Schedule,
  scheduleAt,
  sgd,
  stateBytes,
  stepDecay,
  warmup,
} from "polyadic/optim";
import { describe, expect, test } from "vitest";
import reference from "../reference/first_order.json" with { type: "json" };
import { near } from "../transform/near.ts";

type Params = readonly [Tensor, Tensor];

const start = reference.start.map((x) => tensor(x)) as unknown as Params;
const gradients = reference.gradients.map((g) => g.map((x) => tensor(x as number[]))) as unknown as Params[];

function run<S>(optimizer: GradientOptimizer<Params, undefined, S>, isCompiled = false): Params {
  const update = (params: Params, state: S, grad: Params) => optimizer.update({ params, state, grad });
  const step = isCompiled ? jit(update) : update;
  let params = start;
  let state = optimizer.init(params);
  for (const grad of gradients) ({ params, state } = step(params, state, grad));
  return params;
}

const methods: Record<keyof typeof reference.steps, () => GradientOptimizer<Params, undefined, unknown>> = {
  sgd: () => sgd({ learningRate: 0.05 }),
  sgdMomentum: () => sgd({ learningRate: 0.05, momentum: 0.9, dampening: 0.3, weightDecay: 0.1 }),
  sgdNesterov: () => sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true }),
  rmsprop: () => rmsprop(),
  rmspropCentered: () =>
    rmsprop({ learningRate: 0.02, beta: 0.9, epsilon: 1e-4, momentum: 0.8, centered: true }),
  adagrad: () => adagrad({ learningRate: 0.1, initialAccumulator: 0.2 }),
  adadelta: () => adadelta({ learningRate: 0.7, beta: 0.8 }),
  adam: () => adam({ learningRate: 0.02 }),
  adamw: () => adamw({ learningRate: 0.02, weightDecay: 0.3 }),
  amsgrad: () => amsgrad({ learningRate: 0.02, beta1: 0.8, beta2: 0.9 }),
  nadam: () => nadam(),
  radam: () => radam({ learningRate: 0.02, beta2: 0.95 }),
  lamb: () => lamb({ learningRate: 0.05, weightDecay: 0.1 }),
  lars: () => lars({ learningRate: 0.5, trust: 0.1, weightDecay: 0.01 }),
  lion: () => lion({ learningRate: 0.01, weightDecay: 0.2 }),
};

describe("twenty recorded gradients", () => {
  test.each(Object.entries(methods))("%s", (name, make) => {
    const expected = reference.steps[name as keyof typeof reference.steps];
    for (const isCompiled of [false, true]) {
      const found = run(make(), isCompiled);
      found.forEach((x, i) => {
        near(x, tensor(expected[i] as number[]), 1e-12);
      });
    }
  });

  test("float32 and bfloat16 parameters keep their state in float32", () => {
    for (const [dtype, tolerance] of [
      ["float32", 1e-5],
      ["bfloat16", 0.1],
    ] as const) {
      const optimizer = adamw<Tensor>({ learningRate: 0.02, weightDecay: 0.3 });
      let params = start[0].astype(dtype);
      let state = optimizer.init(params);
      for (const [grad] of gradients)
        ({ params, state } = optimizer.update({ params, state, grad: grad.astype(dtype) }));
      expect(params.dtype).toBe(dtype);
      expect(state.mean.dtype).toBe("float32");
      near(params.astype("float64"), tensor(reference.steps.adamw[0] as number[][]), tolerance);
    }
  });

  test("bad options", () => {
    const cases: (() => unknown)[] = [
      () => sgd({ learningRate: -1 }),
      () => sgd({ learningRate: 1, momentum: 1 }),
      () => sgd({ learningRate: 1, nesterov: true }),
      () => rmsprop({ beta: 1.2 }),
      () => adagrad({ epsilon: Number.NaN }),
      () => adadelta({ beta: -1 }),
      () => adamw({ weightDecay: -0.1 }),
      () => lion({ beta2: 1 }),
      () => lars({ learningRate: 1, trust: -1 }),
      () => clipByGlobalNorm(adam(), 0),
      () => accumulate(adam(), 1.5),
      () => ema(adam(), 1),
      () => lookahead(adam(), { every: 0 }),
      () => grouped({}),
    ];
    for (const make of cases) expect(make).toThrow(DomainError);
    expect(() => sgd({ learningRate: 1, momentum: 0.9 }).init(tensor([1], { dtype: "int32" }))).toThrow(
      DTypeError,
    );
  });
});

describe("wrappers", () => {
  const g = [tensor([3, 0, 0]), tensor([[0], [4]])];
  const x = [zeros([3]), zeros([2, 1])];
  const step = (
    wrap: (
      o: GradientOptimizer<Tensor[], undefined, object>,
    ) => GradientOptimizer<Tensor[], undefined, object>,
  ) => {
    const optimizer = wrap(sgd({ learningRate: 1 }));
    return optimizer.update({ params: x, state: optimizer.init(x), grad: g });
  };

  test("clipping", () => {
    const global = step((o) => clipByGlobalNorm(o, 1));
    expect(global.info!["gradientNorm"]!.item()).toBeCloseTo(5, 12);
    near(global.params[0]!, tensor([-0.6, 0, 0]));
    near(global.params[1]!, tensor([[0], [-0.8]]));
    near(step((o) => clipByGlobalNorm(o, 10)).params[0]!, tensor([-3, 0, 0]));
    near(step((o) => clipByValue(o, 3.5)).params[1]!, tensor([[0], [-3.5]]));
    const rms = step((o) => clipByBlockRms(o, 1)).params[1]!;
    near(rms, tensor([[0], [-Math.SQRT2]]));
  });

  test("accumulate steps on the mean of the gradients", () => {
    const optimizer = accumulate<Params, undefined, unknown>(adam({ learningRate: 0.02 }), 4);
    const plain = adam<Params>({ learningRate: 0.02 });
    const compiled = jit((params: Params, state: ReturnType<typeof optimizer.init>, grad: Params) =>
      optimizer.update({ params, state, grad }),
    );
    let at = { params: start, state: optimizer.init(start) };
    let expected = { params: start, state: plain.init(start) };
    for (let i = 0; i < 8; i++) {
      const before = at.params;
      at = compiled(at.params, at.state, gradients[i]!);
      if (i % 4 !== 3) near(at.params[0], before[0], 0);
      else {
        const four = gradients.slice(i - 3, i + 1);
        const mean = [0, 1].map((k) =>
          four
            .map((grad) => grad[k as 0])
            .reduce((a, b) => a.add(b))
            .div(4),
        ) as unknown as Params;
        expected = plain.update({ ...expected, grad: mean });
        near(at.params[0], expected.params[0], 1e-12);
        near(at.params[1], expected.params[1], 1e-12);
      }
    }
  });

  const loss = (p: Tensor): Tensor => p.sub(3).square().sum();

  test("ema follows the way; lookahead goes back", () => {
    const optimizer = ema<Tensor, undefined, unknown>(sgd({ learningRate: 0.1 }), 0.5);
    let params = tensor([1]);
    let state = optimizer.init(params);
    let average = 1;
    for (let i = 0; i < 4; i++) {
      ({ params, state } = optimizer.step({ params, state, loss, batch: undefined }));
      average = 0.5 * average + 0.5 * params.item();
    }
    expect(state.average.item()).toBeCloseTo(average, 12);

    const ahead = lookahead<Tensor, undefined, unknown>(sgd({ learningRate: 0.1 }), {
      every: 3,
      share: 0.5,
    });
    let at = tensor([1]);
    let s = ahead.init(at);
    for (let i = 0; i < 3; i++)
      ({ params: at, state: s } = ahead.step({ params: at, state: s, loss, batch: undefined }));
    // Three plain steps end at 3 - 2·0.8³; half way back to 1.
    expect(at.item()).toBeCloseTo((1 + (3 - 2 * 0.512)) / 2, 12);
    expect(s.slow.item()).toBe(at.item());
    expect(s.count.item()).toBe(0);
  });

  test("masked moves what is meant; grouped has a rate for each", () => {
    const params = { weight: tensor([[1, 2]]), bias: tensor([5]) };
    type P = typeof params;
    const square = (p: P): Tensor => p.weight.square().sum().add(p.bias.square().sum());
    const some = masked<P, undefined, unknown>(sgd({ learningRate: 0.5 }), (leaf) => leaf.ndim > 1);
    const moved = some.step({ params, state: some.init(params), loss: square, batch: undefined });
    near(moved.params.weight, tensor([[0, 0]]));
    near(moved.params.bias, tensor([5]), 0);

    const both = grouped<P>({
      weights: {
        where: (_, path) => path.endsWith("weight"),
        optimizer: sgd({ learningRate: 0.5 }),
      },
      rest: { optimizer: sgd({ learningRate: 0.1, momentum: 0.9 }) },
    });
    const step = jit((p: P, state: ReturnType<typeof both.init>) =>
      both.step({ params: p, state, loss: square, batch: undefined }),
    );
    const next = step(params, both.init(params));
    near(next.params.weight, tensor([[0, 0]]));
    near(next.params.bias, tensor([4]));
    expect(next.info!["rest.learningRate"]!.item()).toBe(0.1);
  });

  test("decays spares what it is told to", () => {
    const params = { weight: tensor([[1, 2]]), bias: tensor([5]) };
    const optimizer = adamw<typeof params>({
      learningRate: 0.1,
      weightDecay: 0.5,
      decays: (leaf) => leaf.ndim > 1,
    });
    const grad = { weight: zeros([1, 2]), bias: zeros([1]) };
    const next = optimizer.update({ params, state: optimizer.init(params), grad });
    near(next.params.weight, tensor([[0.95, 1.9]]));
    near(next.params.bias, tensor([5]), 0);
  });

  test("stateBytes counts without allocating", () => {
    // Eight petabytes: nothing of the size may exist.
    const shapes = { weight: [1_000_000, 1_000_000_000], bias: { shape: [10], dtype: "float64" } } as const;
    expect(stateBytes(adam(), shapes)).toBe(2 * (4e15 + 80) + 4);
    expect(stateBytes(sgd({ learningRate: 1 }), shapes)).toBe(4);
    expect(stateBytes(adam(), { w: tensor([1, 2]).astype("bfloat16") })).toBe(2 * 8 + 4);
  });
});

describe("schedules", () => {
  const known: Record<keyof typeof reference.schedules, Schedule> = {
    oneCycle: oneCycle({ peak: 0.5, steps: 21 }),
    step: stepDecay({ from: 0.5, rate: 0.3, every: 4 }),
    cosine: cosineDecay({ from: 0.5, to: 0.1, steps: 15 }),
    polynomial: polynomialDecay({ from: 0.5, steps: 12, power: 2 }),
  };
  test.each(Object.entries(known))("%s: as PyTorch", (name, schedule) => {
    const expected = reference.schedules[name as keyof typeof reference.schedules];
    expected.forEach((value, step) => {
      expect(scheduleAt(schedule, step)).toBeCloseTo(value, 10);
    });
    const compiled = jit((step: Tensor) => schedule(step));
    expect(compiled(tensor(3, { dtype: "int32" })).item()).toBeCloseTo(expected[3]!, 10);
  });

  test("warmup, join, piecewise", () => {
    const warm = warmup(cosineDecay({ from: 2, steps: 10 }), { steps: 4 });
    expect([0, 1, 2, 4, 9, 14, 99].map((step) => scheduleAt(warm, step))).toEqual(
      [0, 0.5, 1, 2, 1, 0, 0].map((value) => expect.closeTo(value, 12)),
    );
    const table = piecewise({ values: [3, 2, 1], boundaries: [5, 7] });
    expect([0, 4, 5, 6, 7, 100].map((step) => scheduleAt(table, step))).toEqual([3, 3, 2, 2, 1, 1]);
    const two = join(
      [piecewise({ values: [3], boundaries: [] }), stepDecay({ from: 1, rate: 0.5, every: 1 })],
      [2],
    );
    expect([1, 2, 3, 4].map((step) => scheduleAt(two, step))).toEqual([3, 1, 0.5, 0.25]);
    expect(arange(2).size).toBe(2);
  });

  test("bad input", () => {
    expect(() => warmup(1, { steps: 0 })).toThrow(DomainError);
    expect(() => piecewise({ values: [1, 2], boundaries: [] })).toThrow(/boundaries/);
    expect(() => piecewise({ values: [1, 2, 3], boundaries: [3, 3] })).toThrow(/boundaries/);
    expect(() => oneCycle({ peak: 1, steps: 10, rise: 1 })).toThrow(/rise/);
    expect(() => stepDecay({ from: 1, rate: 0, every: 2 })).toThrow(/rate/);
    expect(() => polynomialDecay({ from: 1, steps: 2, power: -1 })).toThrow(/power/);
  });
});
