import fc from "fast-check";
import { arange, concat, eye, type Tensor, tensor } from "polyadic";
import { Kronecker, type SketchKind, type SketchOptions, sketch } from "polyadic/linalg";
import { foldIn, key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { sketchOf } from "../../../src/linalg/sketching/sketch.ts";

const most = (x: Tensor): number => x.abs().max().item();
const KINDS: readonly [SketchKind, SketchOptions][] = [
  ["srht", { rows: 7, size: 13 }],
  ["srht", { rows: 40, size: 16 }],
  ["gaussian", { rows: 7, size: 13 }],
  ["countsketch", { rows: 7, size: 13 }],
  ["osnap", { rows: 10, size: 13, nonzeros: 3 }],
  ["tensor-srht", { rows: 9, size: [3, 5] }],
  ["tensor-srht", { rows: 9, size: [4, 3, 2] }],
];
const lengthOf = ({ size }: SketchOptions): number =>
  typeof size === "number" ? size : size.reduce((a, b) => a * b);

describe.each(KINDS)("%s %o", (kind, options) => {
  const n = lengthOf(options);
  const s = sketch(key(1), kind, options);

  it("acts on columns as on vectors, and its adjoint is the adjoint", () => {
    expect(s.shape).toEqual([options.rows, n]);
    const x = normal(key(2), [n, 3]);
    const y = normal(key(3), [options.rows, 2]);
    const dense = s.toDense();
    expect(most(s.apply(x).sub(dense.matmul(x)))).toBeLessThan(1e-13);
    expect(
      most(
        s
          .apply(x)
          .at(":", 1)
          .sub(s.apply(x.at(":", 1))),
      ),
    ).toBeLessThan(1e-14);
    expect(most(s.adjoint().apply(y).sub(dense.transpose().matmul(y)))).toBeLessThan(1e-13);
    expect(most(s.transpose().transpose().apply(x).sub(s.apply(x)))).toBe(0);
    expect(s.cost()).toBeGreaterThan(0);
  });

  it("keeps scalar products on average: E SᵀS = I", () => {
    const draws = 400;
    let mean = eye(n).mul(0);
    let spread = eye(n).mul(0);
    for (let i = 0; i < draws; i++) {
      const d = sketch(foldIn(key(9), i), kind, options).toDense();
      const gram = d.transpose().matmul(d);
      mean = mean.add(gram.div(draws));
      spread = spread.add(gram.sub(eye(n)).square().div(draws));
    }
    // Each entry within five of its own standard errors.
    const allowed = spread
      .sqrt()
      .mul(5 / Math.sqrt(draws))
      .add(1e-12);
    expect(mean.sub(eye(n)).abs().lessEqual(allowed).all().item()).toBe(1);
  });

  it("is one draw a key", () => {
    const again = sketch(key(1), kind, options).toDense();
    expect(most(again.sub(s.toDense()))).toBe(0);
    expect(most(sketch(key(2), kind, options).toDense().sub(s.toDense()))).toBeGreaterThan(0);
  });

  it("is differentiable in what it is applied to", () => {
    const x = normal(key(4), [n]);
    const slope = grad((v: Tensor) => s.apply(v).square().sum())(x);
    expect(most(slope.sub(s.adjoint().apply(s.apply(x)).mul(2)))).toBeLessThan(1e-12);
    const batch = normal(key(5), [4, n]);
    const mapped = vmap((v: Tensor) => s.apply(v))(batch);
    expect(most(mapped.sub(s.apply(batch.transpose()).transpose()))).toBeLessThan(1e-13);
  });
});

describe("structure", () => {
  it("the sampled Hadamard transform has rows of equal size and entries ±√(n'/m)/√n'", () => {
    const s = sketch(key(0), "srht", { rows: 12, size: 10 }).toDense();
    expect(most(s.abs().sub(1 / Math.sqrt(12)))).toBeLessThan(1e-15);
  });

  it("sparse sketches have their number of signs in each column", () => {
    const one = sketch(key(0), "countsketch", { rows: 6, size: 50 }).toDense();
    expect(one.abs().sum({ axis: 0 }).toArray()).toEqual(new Array(50).fill(1));
    const four = sketch(key(0), "osnap", { rows: 11, size: 50 }).toDense();
    expect(four.notEqual(0).astype("float64").sum({ axis: 0 }).toArray()).toEqual(new Array(50).fill(4));
    expect(most(four.square().sum({ axis: 0 }).sub(1))).toBeLessThan(1e-15);
    // Every row is used: nothing falls out of a band.
    expect(four.abs().sum({ axis: 1 }).min().item()).toBeGreaterThan(0);
  });

  it("a Kronecker product is sketched factor by factor, with the very numbers of the whole", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 })), {
          minLength: 1,
          maxLength: 3,
        }),
        fc.nat(1000),
        (shapes, seed) => {
          const factors = shapes.map((shape, i) => normal(foldIn(key(seed), i), [...shape]));
          const a = new Kronecker(factors);
          const s = sketch(key(seed + 1), "tensor-srht", { rows: 5, size: shapes.map(([n]) => n) });
          expect(most(sketchOf(s, a).sub(s.apply(a.toDense())))).toBeLessThan(1e-12);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("the signs of the two factors differ", () => {
    const s = sketch(key(3), "tensor-srht", { rows: 64, size: [8, 8] });
    const x = normal(key(0), [8]);
    const both = arange(8).expandDims(1).mul(0).add(x).mul(x.expandDims(1)).reshape([64]);
    // With one draw of signs for both, a symmetric x xᵀ would meet each sign twice, and the sketch of it be that of squares.
    const signs = (s as unknown as { signs: Tensor[] }).signs;
    expect(most(signs[0]!.sub(signs[1]!))).toBe(2);
    expect(s.apply(both).shape).toEqual([64]);
  });
});

describe("bad input", () => {
  it.each<[() => unknown, RegExp]>([
    [
      () => sketch(key(0), "fjlt" as SketchKind, { rows: 2, size: 3 }),
      /kind must be one of srht, .* got fjlt/,
    ],
    [() => sketch(key(0), "srht", { rows: 0, size: 3 }), /rows must be an integer >= 1, got 0/],
    [() => sketch(key(0), "srht", { rows: 2, size: 1.5 }), /size must be made of integers >= 1, got 1.5/],
    [() => sketch(key(0), "srht", { rows: 2, size: [2, 2] }), /size must be one length for srht/],
    [() => sketch(key(0), "tensor-srht", { rows: 2, size: 4 }), /size must be a list of lengths/],
    [
      () => sketch(key(0), "osnap", { rows: 2, size: 4, nonzeros: 3 }),
      /nonzeros must be an integer from 1 to 2/,
    ],
    [() => sketch(tensor([1]), "srht", { rows: 2, size: 4 }), /random key is needed/],
    [() => sketch(key(0), "srht", { rows: 2, size: 4 }).apply(concat([tensor([1])])), /vector \[4\]/],
  ])("%o", (run, message) => {
    expect(run).toThrow(message);
  });
});
