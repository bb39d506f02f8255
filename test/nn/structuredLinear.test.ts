// Structured layers: every structure against its dense matrix, scales, learning rates, bad input.
import { DomainError, eye, ShapeError, type Tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { BlockTensorTrain, blockTensorTrain, evenFactors } from "polyadic/linalg";
import { computePlan, projectToBtt } from "polyadic/lowrank";
import { dense, lambda, muParam, relu, type Structure, sequential, structuredLinear } from "polyadic/nn";
import { adam, withLearningRates } from "polyadic/optim";
import { key, normal } from "polyadic/random";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";

const gap = (a: Tensor, b: Tensor): number => a.sub(b).abs().max().item();
const STRUCTURES: readonly [Structure, number][] = [
  ["dense", 1],
  ["low-rank", 3],
  ["kronecker", 1],
  ["tt", 2],
  ["monarch", 2],
  ["btt", 1],
  ["btt", 2],
];

describe("structuredLinear", () => {
  it.each(STRUCTURES)(
    "%s of rank %i: linear, differentiable, compiled, as dear as it says",
    (structure, rank) => {
      const layer = structuredLinear({ in: 12, out: 20, structure, rank, dtype: "float64" });
      const params = layer.init(key(1));
      const matrix = layer.apply(params, eye(12));
      const x = normal(key(2), [5, 12]);
      const y = layer.apply(params, x);
      expect(gap(y, x.matmul(matrix))).toBeLessThan(1e-12);
      expect(gap(layer.apply(params, x.at(0)), y.at(0))).toBeLessThan(1e-12);
      expect(gap(layer.apply(params, x.reshape([5, 1, 12])), y.reshape([5, 1, 20]))).toBe(0);
      const numbers = params.factors.reduce((sum, { size }) => sum + size, 0);
      expect(layer.cost().params).toBe(numbers);
      const loss = (p: typeof params): Tensor => layer.apply(p, x).square().sum();
      const slopes = grad(loss)(params);
      const step = 1e-5;
      params.factors.forEach((factor, k) => {
        const direction = normal(key(10 + k), factor.shape);
        const moved = (t: number): typeof params => ({
          ...params,
          factors: params.factors.map((own, i) => (i === k ? own.add(direction.mul(t)) : own)),
        });
        const expected = (loss(moved(step)).item() - loss(moved(-step)).item()) / (2 * step);
        expect(slopes.factors[k]!.mul(direction).sum().item() / expected).toBeCloseTo(1, 6);
      });
      expect(
        gap(jit((p: typeof params) => grad(loss)(p))(params).factors[0]!, slopes.factors[0]!),
      ).toBeLessThan(1e-10);
    },
  );
  it("of rank √d is any matrix", () => {
    const w = normal(key(3), [16, 16]);
    const { cores, error } = projectToBtt(w, 4);
    const layer = structuredLinear({
      in: 16,
      out: 16,
      structure: "btt",
      rank: 4,
      bias: false,
      dtype: "float64",
    });
    expect(error).toBe(0);
    expect(gap(layer.apply({ factors: cores }, eye(16)), w)).toBeLessThan(1e-12);
  });
  it("entries of btt by the definition", () => {
    const [m0, m1, n0, n1, r] = [2, 3, 2, 5, 2] as const;
    const cores = [normal(key(1), [m1, m0, n0 * r]), normal(key(2), [n0, m1 * r, n1])];
    const operator = blockTensorTrain(cores, { ranks: r, inDims: [m0, m1], outDims: [n0, n1] });
    const [first, second] = cores.map((core) => core.toArray() as number[][][]) as [
      number[][][],
      number[][][],
    ];
    const matrix = operator.toDense().toArray() as number[][];
    for (let i1 = 0; i1 < m1; i1++)
      for (let i0 = 0; i0 < m0; i0++)
        for (let j0 = 0; j0 < n0; j0++)
          for (let j1 = 0; j1 < n1; j1++) {
            let sum = 0;
            for (let s = 0; s < r; s++) sum += first[i1]![i0]![j0 * r + s]! * second[j0]![i1 * r + s]![j1]!;
            expect(matrix[j0 * n1 + j1]![i1 * m0 + i0]).toBeCloseTo(sum, 12);
          }
    expect(operator.cost()).toBe(cores[0]!.size + cores[1]!.size);
    const layer = structuredLinear({
      in: 6,
      out: 10,
      structure: "btt",
      rank: 2,
      bias: false,
      dtype: "float64",
    });
    expect(gap(layer.apply({ factors: cores }, eye(6)), operator.toDense().mT())).toBeLessThan(1e-12);
  });
  it("begins with the scale of its factors, and may be kept from growing", () => {
    const layer = structuredLinear({
      in: 256,
      out: 256,
      structure: "btt",
      rank: 2,
      normalize: true,
      zeroInit: true,
    });
    const params = layer.init(key(0));
    // 16 inputs, 32 outputs: 1/4; 32 inputs, 16 outputs: zeros.
    expect(params.factors[0]!.square().mean().sqrt().item()).toBeCloseTo(0.25, 2);
    expect(params.factors[1]!.abs().max().item()).toBe(0);
    const x = normal(key(1), [4, 256], { dtype: "float32" });
    const slopes = grad((p: typeof params) => layer.apply(p, x).sum())(params);
    expect(Number.isFinite(slopes.factors[1]!.sum().item())).toBe(true);
    const plain = structuredLinear({
      in: 64,
      out: 64,
      structure: "dense",
      normalize: true,
      dtype: "float64",
      bias: false,
    });
    const start = plain.init(key(2));
    const large = { ...start, factors: start.factors.map((factor) => factor.mul(100)) };
    const matrix = plain.apply(large, eye(64));
    expect(matrix.square().mean().sqrt().item()).toBeCloseTo(1 / 8, 12);
  });
  it("refuses bad input", () => {
    expect(() => structuredLinear({ in: 13, out: 12, structure: "btt" })).toThrow(
      /in: 13 is no product of 2 factors above 1; the nearest widths that are: 12 and 14/,
    );
    expect(() => structuredLinear({ in: 12, out: 12, structure: "btt", rank: 0 })).toThrow(DomainError);
    expect(() => structuredLinear({ in: 12, out: 12, structure: "btt", cores: 3 })).toThrow(/"btt" has 2/);
    expect(() => structuredLinear({ in: 12, out: 13, structure: "monarch" })).toThrow(
      /4 blocks do not divide/,
    );
    expect(() => structuredLinear({ in: 12, out: 12, structure: "x" as never })).toThrow(/one of dense/);
    const layer = structuredLinear({ in: 12, out: 12, structure: "btt" });
    expect(() => layer.apply(layer.init(key(0)), normal(key(0), [2, 11]))).toThrow(ShapeError);
    expect(() => layer.apply({ factors: [] }, normal(key(0), [2, 12]))).toThrow(/factor 0 must have shape/);
    expect(() => new BlockTensorTrain([eye(2).reshape([1, 2, 2]), eye(3).reshape([3, 3, 1])])).toThrow(
      /m1 r/,
    );
    expect(() => projectToBtt(eye(16), 5)).toThrow(/rank must be an integer from 1 to 4/);
    expect(() => projectToBtt(eye(16).ravel(), 1)).toThrow(ShapeError);
    expect(() => evenFactors(0, 2)).toThrow(DomainError);
  });
});

describe("learning rates", () => {
  it("follow the widths of factors", () => {
    const model = sequential(
      structuredLinear({ in: 10, out: 144, structure: "dense", role: "input" }),
      lambda(relu),
      structuredLinear({ in: 144, out: 144, structure: "btt", rank: 2 }),
      structuredLinear({ in: 144, out: 10, structure: "dense", role: "output", zeroInit: true }),
    );
    const { lrMultipliers } = muParam(model, { baseWidth: 72 });
    expect(lrMultipliers).toEqual([
      { factors: [1], bias: 1 },
      {},
      // 144/12/2 and 144/24/2, halved for the width.
      { factors: [3, 1.5], bias: 1 },
      { factors: [0.5], bias: 1 },
    ]);
    expect(() => muParam(model, { baseWidth: 0 })).toThrow(DomainError);
    expect(() => muParam(sequential(dense({ in: 2, out: 2 })), { baseWidth: 2 })).toThrow(
      /no structuredLinear/,
    );
  });
  it("scale every step", () => {
    const start = { a: normal(key(0), [3]), b: [normal(key(1), [2])] };
    const loss = (p: typeof start): Tensor => p.a.square().sum().add(p.b[0]!.square().sum());
    const base = adam<typeof start>({ learningRate: 0.1 });
    const step = (optimizer: typeof base): typeof start =>
      optimizer.step({ params: start, state: optimizer.init(start), loss, batch: undefined }).params;
    const plain = step(base);
    const scaled = step(withLearningRates(base, { a: 0.5, b: [3] }));
    expect(gap(scaled.a.sub(start.a), plain.a.sub(start.a).mul(0.5))).toBeLessThan(1e-15);
    expect(gap(scaled.b[0]!.sub(start.b[0]!), plain.b[0]!.sub(start.b[0]!).mul(3))).toBeLessThan(1e-14);
    expect(() => step(withLearningRates(base, { a: 1 }))).toThrow(/expected at .b\[0\]/);
    expect(() => withLearningRates(base, { a: -1 })).toThrow(DomainError);
  });
});

it("projections are optimal block by block, and plans count", () => {
  const w = normal(key(7), [36, 36]);
  const errors = [1, 2, 4, 6].map((rank) => {
    const { cores, error, operator } = projectToBtt(w, rank);
    const off = operator.toDense().mT().sub(w);
    expect(off.square().sum().sqrt().item() / w.square().sum().sqrt().item()).toBeCloseTo(error, 7);
    expect(cores[0].shape).toEqual([6, 6, 6 * rank]);
    return error;
  });
  expect([...errors].sort((a, b) => b - a)).toEqual(errors);
  const plan = computePlan({ in: 384, out: 1536, structure: "btt", rank: 2 });
  expect(plan.factors.map(({ shape }) => shape)).toEqual([
    [24, 16, 64],
    [32, 48, 48],
  ]);
  expect(plan.flops).toBe(24 * 16 * 64 + 32 * 48 * 48);
  expect(computePlan({ width: 1024, structure: "btt" }).flops).toBe(2 * 1024 ** 1.5);
  expect(() => computePlan({ structure: "btt" })).toThrow(DomainError);
});
