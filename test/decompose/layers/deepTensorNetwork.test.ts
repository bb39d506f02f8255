import { DomainError, DTypeError, ShapeError, type Tensor, tree } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  type AttentionForm,
  deepTensorNetwork,
  packedPower,
  polynomialAttention,
  secondOrder,
  secondOrderAttention,
  tensorAttention,
  tensorInteraction,
} from "polyadic/decompose";
import { foldIn, key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it, test } from "vitest";
import { near } from "../../transform/near.ts";

const FORMS: readonly AttentionForm[] = ["parallel", "chunk", "recurrent"];

const operands = (n: number): readonly [Tensor, Tensor, Tensor] => [
  normal(key(1), [2, 3, n, 4]),
  normal(key(2), [2, 3, n, 4]),
  normal(key(3), [2, 3, n, 5]),
];

test("packed powers have the powers of scalar products, with as many entries as there are monomials", () => {
  const [x, y] = [normal(key(0), [7, 5]), normal(key(1), [7, 5])];
  for (const [degree, size] of [
    [1, 5],
    [2, 15],
    [3, 35],
    [4, 70],
  ] as const) {
    const [a, b] = [packedPower(x, degree), packedPower(y, degree)];
    expect(a.shape).toEqual([7, size]);
    near(a.mul(b).sum({ axis: 1 }), x.mul(y).sum({ axis: 1 }).pow(degree), 1e-10);
  }
});

describe("polynomial attention", () => {
  it("is the sum written out", () => {
    const [q, k, v] = operands(6).map((x) => x.at(0, 0)) as [Tensor, Tensor, Tensor];
    const decay = 0.8;
    for (const normalize of [true, false]) {
      const y = polynomialAttention(q, k, v, { degree: 2, normalize, decay });
      for (let t = 0; t < 6; t++) {
        const sum = new Array<number>(5).fill(0);
        let total = 0;
        for (let s = 0; s <= t; s++) {
          let score = 0;
          for (let i = 0; i < 4; i++) score += q.item(t, i) * k.item(s, i);
          const weight = decay ** (t - s) * score ** 2;
          total += normalize ? weight : decay ** (t - s);
          for (let i = 0; i < 5; i++) sum[i]! += weight * v.item(s, i);
        }
        sum.forEach((value, i) => {
          expect(y.item(t, i)).toBeCloseTo(value / total, 10);
        });
      }
    }
  });

  // 37 tokens are no multiple of the chunk.
  it.each([
    { degree: 2, normalize: true },
    { degree: 2, normalize: true, decay: 0.9 },
    { degree: 1, normalize: false },
    { degree: 3, normalize: false, decay: 0.9 },
    { degree: 4, normalize: true },
    { degree: 2, normalize: true, causal: false },
    { degree: 3, normalize: false, causal: false },
  ])("has three forms that agree, and gradients that do: %o", (options) => {
    const [q, k, v] = operands(37);
    const [parallel, ...others] = FORMS.map((form) => {
      const f = (x: readonly Tensor[]): Tensor =>
        polynomialAttention(x[0]!, x[1]!, x[2]!, { ...options, form, chunk: 8 });
      return {
        y: f([q, k, v]),
        slopes: grad((x: readonly Tensor[]) => f(x).sin().sum())([q, k, v]),
      };
    });
    for (const { y, slopes } of others) {
      near(y, parallel!.y, 1e-10);
      slopes.forEach((slope, i) => {
        near(slope, parallel!.slopes[i]!, 1e-9);
      });
    }
  });

  it("gives 0, not NaN, where a query sees nothing", () => {
    const [q, k, v] = operands(5);
    for (const form of FORMS) near(polynomialAttention(q.mul(0), k, v, { form }), v.mul(0), 0);
  });

  it("stands in jit and vmap", () => {
    const [q, k, v] = operands(9);
    for (const form of FORMS) {
      const f = (a: Tensor, b: Tensor, c: Tensor): Tensor => polynomialAttention(a, b, c, { form, chunk: 4 });
      near(jit(f)(q, k, v), f(q, k, v), 1e-12);
      near(vmap(f)(q, k, v), f(q, k, v), 1e-12);
    }
  });

  it("throws for options and operands that do not fit", () => {
    const [q, k, v] = operands(6);
    expect(() => polynomialAttention(q, k, v, { degree: 0 })).toThrow(DomainError);
    expect(() => polynomialAttention(q, k, v, { degree: 1.5 })).toThrow(/degree: an integer of at least 1/);
    expect(() => polynomialAttention(q, k, v, { degree: 3 })).toThrow(/even number was expected/);
    expect(() => polynomialAttention(q, k, v, { decay: 0 })).toThrow(DomainError);
    expect(() => polynomialAttention(q, k, v, { decay: 0.5, causal: false })).toThrow(/decay/);
    expect(() => polynomialAttention(q, k, v, { chunk: 0 })).toThrow(DomainError);
    expect(() => polynomialAttention(q, k, v, { form: "tree" as never })).toThrow(/form: one of/);
    expect(() => polynomialAttention(q, k.at("...", ":3"), v)).toThrow(ShapeError);
    expect(() => polynomialAttention(q, k, v.at("...", ":3", ":"))).toThrow(/v: a value for each key/);
    expect(() => polynomialAttention(q, k.at("...", ":3", ":"), v.at("...", ":3", ":"))).toThrow(/causal/);
    expect(() => packedPower(q, 0)).toThrow(DomainError);
  });
});

describe("second-order attention", () => {
  it("is (L ∘ W Wᵀ) V in three forms, with equal gradients", () => {
    const [q, k, v] = operands(21);
    const results = FORMS.map((form) => {
      const f = (x: readonly Tensor[]): Tensor =>
        secondOrder(x[0]!, x[1]!, x[2]!, { form, chunk: 6, normalize: false });
      return { y: f([q, k, v]), slopes: grad((x: readonly Tensor[]) => f(x).sin().sum())([q, k, v]) };
    });
    const [a, b, c] = [q, k, v].map((x) => x.at(1, 2)) as [Tensor, Tensor, Tensor];
    const row = new Array<number>(5).fill(0);
    for (let j = 0; j < 21; j++)
      for (let s = 0; s <= j; s++) {
        const weight = a.at(20).mul(b.at(s)).sum().item() * a.at(j).mul(b.at(s)).sum().item();
        for (let i = 0; i < 5; i++) row[i]! += weight * c.item(j, i);
      }
    row.forEach((value, i) => {
      expect(results[0]!.y.item(1, 2, 20, i)).toBeCloseTo(value, 8);
    });
    for (const { y, slopes } of results.slice(1)) {
      near(y, results[0]!.y, 1e-9);
      slopes.forEach((slope, i) => {
        near(slope, results[0]!.slopes[i]!, 1e-7);
      });
    }
  });

  it("divides rows by their numbers of terms", () => {
    const [q, k, v] = operands(7);
    const plain = secondOrder(q, k, v, { normalize: false });
    for (const form of FORMS)
      near(secondOrder(q, k, v, { form, chunk: 3 }).at(0, 0, 6).mul(28), plain.at(0, 0, 6), 1e-9);
  });

  it("throws for options that do not fit", () => {
    const [q, k, v] = operands(7);
    expect(() => secondOrder(q, k, v, { form: "x" as never })).toThrow(DomainError);
    expect(() => secondOrder(q, k, v, { chunk: -1 })).toThrow(DomainError);
    expect(() => secondOrder(q, k.at("...", ":2", ":"), v)).toThrow(ShapeError);
    expect(() => secondOrderAttention({ dim: 6, heads: 4 })).toThrow(/divisor of dim/);
  });
});

describe("layers", () => {
  const x = normal(key(5), [2, 11, 8]);
  const wide = { dtype: "float64" } as const;
  const layers = {
    tensor: tensorAttention({ dim: 8, heads: 2, ...wide }),
    cubic: tensorAttention({ dim: 8, heads: 2, degree: 3, normalize: false, decay: 0.9, ...wide }),
    second: secondOrderAttention({ dim: 8, heads: 2, ...wide }),
    interaction: tensorInteraction({ dim: 8, rank: 5, ...wide }),
    adaptive: tensorInteraction({ dim: 8, rank: 1, adaptive: true, ...wide }),
    network: deepTensorNetwork({ layers: 2, dim: 8, heads: 2, ...wide }),
    other: deepTensorNetwork({
      layers: 2,
      dim: 8,
      heads: 2,
      attention: "secondOrder",
      adaptive: true,
      ...wide,
    }),
  };
  interface Any {
    init(from: Tensor): never;
    apply(params: never, x: Tensor): Tensor;
    state(batch: number): never;
    step(params: never, state: never, x: Tensor): { readonly y: Tensor; readonly state: never };
  }

  it.each(Object.entries(layers))("%s: tokens one after another are those of the whole", (_, layer) => {
    const any = layer as unknown as Any;
    const params = any.init(key(7));
    const whole = any.apply(params, x);
    expect(whole.shape).toEqual(x.shape);
    let state = any.state(2);
    for (let t = 0; t < 11; t++) {
      const next = any.step(params, state, x.at(":", t));
      near(next.y, whole.at(":", t), 1e-9);
      state = next.state;
    }
    const slopes = grad((p: never) => any.apply(p, x).square().sum())(params);
    tree.map((g: Tensor) => expect(Number.isFinite(g.sum().item())).toBe(true), slopes);
  });

  it("float32 states stay right over thousands of tokens", () => {
    const layer = tensorAttention({ dim: 4, heads: 1, form: "recurrent" });
    const params = layer.init(key(0));
    const long = normal(foldIn(key(0), 1), [1, 4000, 4], { dtype: "float32" });
    const parallel = tensorAttention({ dim: 4, heads: 1 });
    near(layer.apply(params, long), parallel.apply(params, long), 1e-4);
  });

  it("throw at the door", () => {
    expect(() => tensorAttention({ dim: 8, heads: 3 })).toThrow(DomainError);
    expect(() => tensorAttention({ dim: 8, heads: 2, degree: 3 })).toThrow(DomainError);
    expect(() => tensorAttention({ dim: 8, heads: 2, degree: 0 })).toThrow(DomainError);
    const layer = tensorAttention({ dim: 8, heads: 2, causal: false });
    const params = layer.init(key(0));
    expect(() => layer.step(params, layer.state(1), x.at(":", 0))).toThrow(/causal order was expected/);
    expect(() => layer.apply(params, x.at("...", ":4"))).toThrow(ShapeError);
    expect(() => layer.apply(params, x.astype("int32"))).toThrow(DTypeError);
    expect(() => layer.state(0)).toThrow(DomainError);
    expect(() => tensorInteraction({ dim: 8, rank: 0 })).toThrow(/rank/);
    expect(() => deepTensorNetwork({ dim: 8, heads: 2, layers: 0 })).toThrow(/layers/);
    expect(() => deepTensorNetwork({ dim: 8, heads: 2, layers: 1, attention: "x" as never })).toThrow(
      DomainError,
    );
    expect(() => deepTensorNetwork({ dim: 8, heads: 2, layers: 1, adaptive: true, causal: false })).toThrow(
      DomainError,
    );
  });
});
