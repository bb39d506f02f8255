import { concat, DomainError, DTypeError, matmul, ShapeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import { equivariance, stnn, ttLinear, ttMatrixFull } from "polyadic/decompose";
import { countParameters } from "polyadic/nn";
import { key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { near } from "../../transform/near.ts";

const wide = { dtype: "float64" } as const;

describe("ttLinear", () => {
  const inShape = [2, 3, 4];
  const outShape = [3, 1, 5];
  const layer = ttLinear({ inShape, outShape, ranks: [2, 3], ...wide });
  const params = layer.init(key(1));

  it("is the product with the matrix that its cores stand for", () => {
    const x = normal(key(2), [7, 2, 24]);
    const train = {
      kind: "tt" as const,
      cores: params.cores.map((core) => {
        const [r, m, n, next] = core.shape as [number, number, number, number];
        return core.reshape([r, m * n, next]);
      }),
    };
    const matrix = ttMatrixFull({ rowDims: outShape, colDims: inShape, train });
    const bias = normal(key(3), [15]);
    near(layer.apply({ ...params, bias }, x), matmul(x, matrix.mT()).add(bias), 1e-10);
    expect(layer.apply(params, x).shape).toEqual([7, 2, 15]);
    expect(countParameters(params)).toBe(1 * 3 * 2 * 2 + 2 * 1 * 3 * 3 + 3 * 5 * 4 * 1 + 15);
  });

  it("starts with outputs of unit variance", () => {
    const large = ttLinear({ inShape: [8, 8, 8], outShape: [8, 8, 8], ranks: 6, ...wide });
    const x = normal(key(0), [20, 512]);
    const variances = [1, 2, 3, 4, 5, 6].map((seed) =>
      large
        .apply(large.init(key(seed)), x)
        .variance()
        .item(),
    );
    const mean = variances.reduce((a, b) => a + b) / variances.length;
    expect(mean).toBeGreaterThan(0.75);
    expect(mean).toBeLessThan(1.3);
  });

  it("stands in jit, vmap and grad", () => {
    const x = normal(key(2), [4, 24]);
    near(jit(layer.apply)(params, x), layer.apply(params, x), 1e-12);
    near(vmap((row: Tensor) => layer.apply(params, row))(x), layer.apply(params, x), 1e-12);
    const slopes = grad((p: typeof params) => layer.apply(p, x).sum())(params);
    near(slopes.bias!, zeros([15]).add(4), 1e-12);
  });

  it("throws for what does not fit", () => {
    expect(() => ttLinear({ inShape: [2, 3], outShape: [2], ranks: 2 })).toThrow(ShapeError);
    expect(() => ttLinear({ inShape: [2, 3], outShape: [2, 2], ranks: [1, 2] })).toThrow(
      /ranks: 1 were expected/,
    );
    expect(() => ttLinear({ inShape: [2, 3], outShape: [2, 2], ranks: 0 })).toThrow(DomainError);
    expect(() => ttLinear({ inShape: [2, 0], outShape: [2, 2], ranks: 1 })).toThrow(/inShape\[1\]/);
    expect(() => ttLinear({ inShape: [], outShape: [], ranks: 1 })).toThrow(ShapeError);
    expect(() => layer.apply(params, zeros([3, 23]))).toThrow(ShapeError);
    expect(() => layer.apply(params, zeros([3, 24], "int32"))).toThrow(DTypeError);
    expect(() => layer.apply({ cores: params.cores.slice(1) }, zeros([3, 24]))).toThrow(/3 cores/);
  });
});

describe("stnn", () => {
  const options = { inShape: [2, 3], outShape: [3, 2], ttRank: 2, experts: 3, parameterDim: 2, ...wide };
  const input = { field: normal(key(1), [5, 6]), parameters: normal(key(2), [5, 2]) };

  it("mixes its experts by the gate", () => {
    const layer = stnn(options);
    const params = layer.init(key(0));
    const single = ttLinear({ inShape: [2, 3], outShape: [3, 2], ranks: 2, ...wide });
    // The gate, spelled out.
    const gate = params.gate.reduce((h, { weight, bias }, i) => {
      const next = matmul(h, weight).add(bias!);
      return i < params.gate.length - 1 ? next.tanh() : next;
    }, input.parameters);
    const parts = [0, 1, 2].map((k) => {
      const { cores, bias } = params.trains[0]!;
      const own = { cores: cores.map((core) => core.at(k)), bias: bias!.at(k) };
      return single.apply(own, input.field).mul(gate.at(":", `${k}:${k + 1}`));
    });
    const sum = parts.reduce((a, b) => a.add(b)).div(Math.sqrt(3));
    near(layer.apply(params, input), sum, 1e-12);
  });

  it("is linear in the field without biases, and not with a second train", () => {
    const layer = stnn({ ...options, bias: false });
    const params = layer.init(key(0));
    const scaled = layer.apply(params, { ...input, field: input.field.mul(-3) });
    near(scaled, layer.apply(params, input).mul(-3), 1e-12);
    const deep = stnn({ ...options, bias: false, between: [[4, 4]] });
    const more = deep.init(key(0));
    const difference = deep
      .apply(more, { ...input, field: input.field.mul(-3) })
      .sub(deep.apply(more, input).mul(-3));
    expect(difference.abs().max().item()).toBeGreaterThan(1e-2);
  });

  it("takes fields with their axes apart", () => {
    const layer = stnn(options);
    const params = layer.init(key(0));
    near(
      layer.apply(params, { ...input, field: input.field.reshape([5, 2, 3]) }),
      layer.apply(params, input),
      0,
    );
  });

  it("throws for what does not fit", () => {
    expect(() => stnn({ ...options, experts: 0 })).toThrow(/experts/);
    expect(() => stnn({ ...options, ttRank: 0 })).toThrow(/ttRank/);
    expect(() => stnn({ ...options, parameterDim: 0 })).toThrow(/parameterDim/);
    expect(() => stnn({ ...options, outShape: [6] })).toThrow(ShapeError);
    const layer = stnn(options);
    const params = layer.init(key(0));
    expect(() => layer.apply(params, { field: input.field } as never)).toThrow(/parameters: a tensor/);
    expect(() => layer.apply(params, { parameters: input.parameters } as never)).toThrow(/field: a tensor/);
    expect(() => layer.apply(params, { ...input, field: zeros([5, 7]) })).toThrow(/product of inShape/);
    expect(() => layer.apply(params, { ...input, parameters: zeros([4, 2]) })).toThrow(ShapeError);
    expect(() => layer.apply(params, { ...input, parameters: zeros([5, 3]) })).toThrow(ShapeError);
  });
});

describe("equivariance", () => {
  const flip = { input: (x: Tensor) => x.flip(1), output: (y: Tensor) => y.flip(1) };

  it("vanishes for maps with the symmetry and is the mean square where there is none", () => {
    const x = normal(key(0), [4, 3]);
    expect(equivariance(flip)((y: Tensor) => y.square(), x).item()).toBe(0);
    const map = (y: Tensor): Tensor => concat([y.at(":", ":1").mul(2), y.at(":", "1:")], 1);
    const expected = map(x.flip(1)).sub(map(x).flip(1)).square().mean().item();
    expect(equivariance(flip, 0.5)(map, x).item()).toBeCloseTo(expected / 2, 12);
  });

  it("throws for what does not fit", () => {
    expect(() => equivariance(flip, -1)).toThrow(DomainError);
    expect(() => equivariance({ input: flip.input } as never)).toThrow(/symmetry.output/);
    const other = { input: flip.input, output: (y: Tensor) => y.at(":", ":1") };
    expect(() => equivariance(other)((y: Tensor) => y, tensor([[1, 2]]))).toThrow(ShapeError);
  });
});
