import { explain } from "polyadic/compiler";
import { adam, type Layer } from "polyadic/optim";
import { key, normal } from "polyadic/random";
import { AbortedError, DomainError, ShapeError, type Tensor, tensor, tree } from "polyadic/tensor";
import { accumulate, clipGradient, fit } from "polyadic/train";
import { grad } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { modelProblem } from "../../src/train/problem.ts";
import { trainingStep } from "../../src/train/step.ts";
import { basic, type MlpParams, mlp, regression, squaredError } from "./problems.ts";

const valuesOf = (params: unknown): number[][] =>
  tree.leaves(params).map((leaf) => Array.from(leaf.data() as Float32Array));

describe("fit", () => {
  test("does what a loop written by hand does", async () => {
    const { model, optimizer, data } = basic(1);
    const params = model.init(key(3));
    const { params: fitted, history } = await fit({
      ...basic(3),
      params,
      shuffle: false,
      lastBatch: "drop",
    });
    let current = params;
    let state = optimizer.init(params);
    const losses: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      let sum = 0;
      for (let at = 0; at + 16 <= 50; at += 16) {
        const batch = data.map((x) => x.at({ start: at, stop: at + 16 })) as unknown as typeof data;
        const loss = (p: MlpParams, [x, y]: typeof data) => squaredError(model.apply(p, x), y);
        const step = optimizer.step({ params: current, state, loss, batch, key: key(0) });
        current = step.params;
        state = step.state;
        sum += step.value.item();
      }
      losses.push(sum / 3);
    }
    valuesOf(fitted).forEach((leaf, i) => {
      leaf.forEach((x, j) => {
        expect(x).toBeCloseTo(valuesOf(current)[i]![j]!, 5);
      });
    });
    history.forEach(({ loss }, i) => {
      expect(loss).toBeCloseTo(losses[i]!, 5);
    });
  });

  test("learns, and its history says so", async () => {
    const result = await fit({
      ...basic(40),
      validation: { data: regression(40, 2) },
      metrics: { error: (output, target) => output.sub(target).abs().mean() },
    });
    expect(result.stopped).toBe("epochs");
    expect(result.steps).toBe(160);
    expect(result.history).toHaveLength(40);
    const [first, last] = [result.history[0]!, result.history.at(-1)!];
    expect(last.loss).toBeLessThan(first.loss / 3);
    expect(last.validation!.loss).toBeLessThan(0.5);
    expect(last.validation!.metrics["error"]).toBeGreaterThan(0);
    expect(last.metrics["error"]).toBeLessThan(first.metrics["error"]!);
    expect(last.epoch).toBe(40);
    const least = Math.min(...result.history.map(({ validation }) => validation!.loss));
    expect(result.best!.value).toBe(least);
  });

  test("the same key gives the same bits, compiled or not gives the same to rounding", async () => {
    const [a, b, c] = await Promise.all([fit(basic(3)), fit(basic(3)), fit({ ...basic(3), jit: false })]);
    expect(valuesOf(a.params)).toEqual(valuesOf(b.params));
    valuesOf(a.params).forEach((leaf, i) => {
      leaf.forEach((x, j) => {
        expect(x).toBeCloseTo(valuesOf(c.params)[i]![j]!, 4);
      });
    });
    const other = await fit({ ...basic(3), key: key(8) });
    expect(valuesOf(other.params)).not.toEqual(valuesOf(a.params));
  });

  test("any function of parameters, with steps instead of epochs", async () => {
    const target = tensor([3, -1]);
    const result = await fit({
      params: { x: tensor([0, 0]) },
      loss: ({ x }, batch: { a: Tensor }, k) =>
        x.sub(target).square().sum().mul(batch.a.mean()).add(normal(k, []).mul(0)),
      optimizer: adam({ learningRate: 0.1 }),
      data: { a: tensor([1, 1, 1]) },
      steps: 300,
      key: key(1),
      metrics: { size: ({ x }) => x.abs().max() },
    });
    expect(result.stopped).toBe("steps");
    expect(result.history).toHaveLength(100);
    expect(result.history[0]!.step).toBe(3);
    expect(Array.from(result.params.x.data() as Float64Array)[0]).toBeCloseTo(3, 2);
    expect(result.history.at(-1)!.metrics["size"]).toBeCloseTo(3, 1);
  });

  test("stops early and gives the best parameters back", async () => {
    const seen: number[][][] = [];
    const result = await fit({
      ...basic(50),
      monitor: ({ epoch }) => [5, 4, 3, 3.5, 3.2, 3.1, 2][epoch - 1]!,
      earlyStopping: { patience: 3 },
      onRecord: (_record, params) => {
        seen.push(valuesOf(params));
      },
    });
    expect(result.stopped).toBe("early");
    expect(result.history).toHaveLength(6);
    expect(result.best!.value).toBe(3);
    expect(valuesOf(result.params)).toEqual(seen[2]);
  });

  test("the caller may stop it", async () => {
    const result = await fit({ ...basic(50), onRecord: ({ epoch }) => (epoch === 2 ? "stop" : undefined) });
    expect(result.stopped).toBe("caller");
    expect(result.history).toHaveLength(2);
    const stop = new AbortController();
    stop.abort();
    await expect(fit({ ...basic(1), signal: stop.signal })).rejects.toThrow(AbortedError);
    const later = new AbortController();
    setTimeout(() => later.abort(), 60);
    await expect(fit({ ...basic(1e6), signal: later.signal })).rejects.toThrow(
      /stopped by the caller after \d+ steps/,
    );
  });

  test("every example is seen once in an epoch, in another order each time", async () => {
    const orders: number[][] = [];
    let order: number[] = [];
    await fit({
      params: { x: tensor([1]) },
      loss: ({ x }, batch: Tensor) => {
        order.push(...Array.from(batch.data() as Float64Array));
        return x.square().sum().add(batch.sum().mul(0));
      },
      optimizer: adam({ learningRate: 0.1 }),
      data: tensor([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
      batchSize: 4,
      epochs: 3,
      jit: false,
      key: key(1),
      onRecord: () => {
        orders.push(order);
        order = [];
      },
    });
    expect(orders).toHaveLength(3);
    for (const seen of orders)
      expect([...seen].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(orders[0]).not.toEqual(orders[1]);
  });

  test("data sets, arrays of batches behind a function, generators, streams", async () => {
    const [x, y] = regression(48);
    const rows = (from: number, to: number) =>
      [x.at({ start: from, stop: to }), y.at({ start: from, stop: to })] as const;
    const { batchSize: _size, ...rest } = { ...basic(2), shuffle: false };
    const expected = valuesOf((await fit({ ...rest, data: [x, y], batchSize: 16 })).params);
    const batches = [rows(0, 16), rows(16, 32), rows(32, 48)];
    const forms = [
      { ...rest, data: () => batches },
      { ...rest, data: new Set(batches) },
      {
        ...rest,
        data: async function* () {
          for (const batch of batches) {
            await new Promise((resolve) => setTimeout(resolve, 1));
            yield batch;
          }
        },
      },
      {
        ...rest,
        batchSize: 16,
        data: { length: 48, batch: async (i: Int32Array) => rows(i[0]!, i.at(-1)! + 1) },
      },
      {
        ...rest,
        batchSize: 16,
        prefetch: 0,
        data: { length: 48, batch: (i: Int32Array) => rows(i[0]!, i.at(-1)! + 1) },
      },
    ];
    for (const form of forms) expect(valuesOf((await fit(form)).params)).toEqual(expected);
  });
});

/** Subtracts a running mean of its input: a layer with a statistic. */
const centred: Layer<{ mean: Tensor; inner: MlpParams }> = {
  init: (from) => ({ mean: tensor(new Float32Array(3)), inner: mlp(3, 64, 1).init(from) }),
  apply: ({ mean, inner }, x, pass) => {
    const batch = x.mean({ axis: 0 });
    if (pass?.training) pass.update?.(mean, mean.mul(0.5).add(batch.mul(0.5)));
    return mlp(3, 64, 1).apply(inner, x.sub(pass?.training ? batch : mean));
  },
};

describe("running statistics", () => {
  test("are those of the batches", async () => {
    const [x, y] = regression(32);
    const shifted = x.add(tensor([10, 20, 30], { dtype: "float32" }));
    const options = { model: centred, loss: squaredError, data: [shifted, y] as const, key: key(1) };
    const optimizer = adam<{ mean: Tensor; inner: MlpParams }, readonly [Tensor, Tensor]>({
      learningRate: 0.01,
    });
    const { params } = await fit({ ...options, optimizer, epochs: 2 });
    const expected = valuesOf(shifted.mean({ axis: 0 }).mul(0.75))[0]!;
    expected.forEach((value, i) => {
      expect(valuesOf(params.mean)[0]![i]).toBeCloseTo(value, 4);
    });
    // Two halves one after the other.
    const { params: halves } = await fit({ ...options, optimizer, epochs: 1, accumulate: 2, shuffle: false });
    const [a, b] = [
      shifted.at({ start: 0, stop: 16 }).mean({ axis: 0 }),
      shifted.at({ start: 16, stop: 32 }).mean({ axis: 0 }),
    ];
    valuesOf(a.mul(0.25).add(b.mul(0.5)))[0]!.forEach((value, i) => {
      expect(valuesOf(halves.mean)[0]![i]).toBeCloseTo(value, 4);
    });
  });

  test("cost no second evaluation of the model", () => {
    const [x, y] = regression(256);
    const optimizer = adam<{ mean: Tensor; inner: MlpParams }, readonly [Tensor, Tensor]>({
      learningRate: 0.01,
    });
    const problem = modelProblem(
      {
        model: centred,
        loss: squaredError,
        metrics: { error: (a: Tensor, b: Tensor) => a.sub(b).abs().mean() },
      },
      key(1),
    );
    const plain = { ...problem, observe: () => ({ metrics: {}, statistics: new Map() }) };
    const cost = (p: typeof problem): number => {
      const step = trainingStep(p, optimizer, { jit: false });
      return explain(step)(p.params, optimizer.init(p.params), [x, y], key(2)).flops;
    };
    const [bare, observed] = [cost(plain), cost(problem)];
    // The plain forward pass is a third of a step.
    expect(Math.abs(observed - bare)).toBeLessThan(0.02 * bare);
  });

  test("a tensor that is no parameter is refused", async () => {
    const broken: Layer<MlpParams> = {
      init: mlp(3, 4, 1).init,
      apply: (params, x, pass) => {
        pass?.update?.(tensor([1]), tensor([2]));
        return mlp(3, 4, 1).apply(params, x);
      },
    };
    await expect(fit({ ...basic(1), model: broken })).rejects.toThrow(/pass\.update/);
  });
});

describe("accumulate and clip", () => {
  const [x, y] = regression(24);
  const model = mlp(3, 8, 1);
  const params = model.init(key(2));
  const loss = (p: MlpParams, [a, b]: readonly [Tensor, Tensor]) => squaredError(model.apply(p, a), b);

  test("parts have the gradient of the whole", () => {
    const whole = grad((p: MlpParams) => loss(p, [x, y]))(params);
    const parts = grad((p: MlpParams) => accumulate(loss, 4)(p, [x, y], key(0)))(params);
    valuesOf(whole).forEach((leaf, i) => {
      leaf.forEach((value, j) => {
        expect(valuesOf(parts)[i]![j]).toBeCloseTo(value, 5);
      });
    });
  });

  test("in fit they change nothing but rounding", async () => {
    const options = { ...basic(2), data: [x, y] as const, batchSize: 12 };
    const metrics = { error: (a: Tensor, b: Tensor) => a.sub(b).abs().mean() };
    const [whole, parts] = [
      await fit({ ...options, metrics }),
      await fit({ ...options, metrics, accumulate: 3, memoryBudget: 2 ** 24 }),
    ];
    expect(parts.history[1]!.loss).toBeCloseTo(whole.history[1]!.loss, 4);
    expect(parts.history[1]!.metrics["error"]).toBeCloseTo(whole.history[1]!.metrics["error"]!, 4);
  });

  test("a clipped gradient has the length asked for, a short one stays", () => {
    const norm = (tree_: unknown) => Math.hypot(...valuesOf(tree_).flat());
    const of = (maxNorm: number) => grad((p: MlpParams) => loss(clipGradient(p, maxNorm), [x, y]))(params);
    const free = grad((p: MlpParams) => loss(p, [x, y]))(params);
    expect(norm(of(0.01))).toBeCloseTo(0.01, 6);
    expect(valuesOf(of(1e6))).toEqual(valuesOf(free));
    const cosine = valuesOf(of(0.01))
      .flat()
      .reduce((sum, value, i) => sum + value * valuesOf(free).flat()[i]!, 0);
    expect(cosine / (0.01 * norm(free))).toBeCloseTo(1, 5);
  });
});

describe("values that are not finite", () => {
  const broken = (nonFinite: "throw" | "stop") => ({
    params: { x: tensor([1]) },
    loss: ({ x }: { x: Tensor }, batch: Tensor) => x.square().sum().add(batch.log().sum()),
    optimizer: adam({ learningRate: 0.1 }),
    data: tensor([1, 1, 1, 0, 1]),
    batchSize: 1,
    shuffle: false,
    epochs: 2,
    key: key(1),
    nonFinite,
  });

  test("an error names the step", async () => {
    await expect(fit(broken("throw"))).rejects.toThrow(DomainError);
    await expect(fit(broken("throw"))).rejects.toThrow(
      /the loss is -Infinity at step 3 \(epoch 0, batch 3\)/,
    );
  });

  test("or the result says so", async () => {
    const result = await fit(broken("stop"));
    expect(result.stopped).toBe("diverged");
    expect(result.steps).toBe(3);
    expect(result.params.x.item()).toBeLessThan(1);
  });

  test("parameters are looked at too", async () => {
    const spoilt = fit({
      params: { x: tensor([1]) },
      loss: ({ x }: { x: Tensor }, batch: Tensor) => x.sub(1).abs().sqrt().sum().add(batch.sum()),
      optimizer: adam({ learningRate: 0.1 }),
      data: tensor([1, 2]),
      steps: 1,
      key: key(1),
    });
    await expect(spoilt).rejects.toThrow(/parameters are not finite after step 0/);
  });
});

test.each([
  ["neither epochs nor steps", { epochs: undefined }, DomainError, /epochs/],
  ["half a batch", { batchSize: 2.5 }, DomainError, /batchSize/],
  ["no optimizer", { optimizer: undefined }, DomainError, /optimizer/],
  ["leaves of different lengths", { data: [regression(10)[0], regression(11)[1]] }, ShapeError, /data\[1\]/],
  ["no data", { data: undefined }, DomainError, /data/],
  ["no leaves", { data: [] }, ShapeError, /data/],
  ["parts that do not divide", { accumulate: 3 }, DomainError, /accumulate/],
  ["parts that do not divide the last batch", { accumulate: 4 }, DomainError, /last one of 2/],
  ["negative clip", { clip: -1 }, DomainError, /clip/],
  ["no patience", { earlyStopping: { patience: 0 } }, DomainError, /patience/],
  ["a checkpoint of another kind", { checkpoint: { path: "x.bin" } }, DomainError, /checkpoint\.path/],
  ["a report of another kind", { report: "x.pdf" }, DomainError, /report/],
  ["a data set without examples", { data: { length: 0, batch: () => regression(1) } }, DomainError, /data/],
  ["batches of batches", { data: () => [regression(4)] }, DomainError, /batchSize/],
  ["a loss that is no scalar", { loss: (a: Tensor) => a }, ShapeError, /loss/],
  ["a metric that is no scalar", { metrics: { all: (a: Tensor) => a } }, ShapeError, /metrics\.all/],
  ["a batch too large to drop the rest", { batchSize: 99, lastBatch: "drop" }, DomainError, /batchSize/],
])("%s", async (_name, options, type, message) => {
  const call = () => fit({ ...basic(1), ...options } as never);
  await expect(call()).rejects.toThrow(type);
  await expect(call()).rejects.toThrow(message);
});
