import fc from "fast-check";
import {
  astype,
  complexFrom,
  conv,
  convTranspose,
  DomainError,
  type DType,
  DTypeError,
  imag,
  maxPool,
  real,
  ShapeError,
  type Tensor,
  tensor,
} from "polyadic";
import { jit } from "polyadic/compiler";
import { key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { convolutionByLoops, type Setting } from "./oracle.ts";

const difference = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return a.size === 0 ? 0 : a.sub(b).abs().max().item();
};

const each = (axes: number, min: number, max: number): fc.Arbitrary<number[]> =>
  fc.array(fc.integer({ min, max }), { minLength: axes, maxLength: axes });

/** Small settings of every kind: strides and padding beyond the kernel, crops, gaps, groups, nothing at all. */
const setting = fc.integer({ min: 1, max: 3 }).chain((axes) => {
  const side = fc.integer({ min: -1, max: 4 });
  return fc.record({
    groups: fc.integer({ min: 1, max: 3 }),
    images: fc.integer({ min: 0, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    features: fc.integer({ min: 1, max: 5 }),
    lengths: each(axes, 0, axes === 3 ? 4 : 7),
    kernel: each(axes, 1, 3),
    strides: each(axes, 1, 4),
    dilation: each(axes, 1, 3),
    inputDilation: each(axes, 1, 3),
    padding: fc.array(fc.tuple(side, side), { minLength: axes, maxLength: axes }),
    seed: fc.integer({ min: 0, max: 1000 }),
  });
});

const plain = (axes: number): Setting => {
  const ones = new Array<number>(axes).fill(1);
  return {
    strides: ones,
    dilation: ones,
    inputDilation: ones,
    padding: ones.map(() => [1, 1] as const),
    groups: 1,
  };
};

describe("conv", () => {
  test("is the sum over every window", () => {
    fc.assert(
      fc.property(setting, ({ groups, images, channels, features, lengths, kernel, seed, ...rest }) => {
        const x = normal(key(seed), [images, groups * channels, ...lengths]);
        const w = normal(key(seed + 1), [groups * features, channels, ...kernel]);
        const full: Setting = { ...rest, groups };
        expect(difference(conv(x, w, full), convolutionByLoops(x, w, full))).toBeLessThan(1e-12);
      }),
      { numRuns: 300 },
    );
  });

  // Beyond one block of the matrix product along windows, along the kernel, and with few and many features.
  test.each([
    { x: [3, 2, 21, 23], w: [5, 2, 3, 3] },
    { x: [2, 33, 6, 5], w: [40, 33, 3, 3] },
    { x: [2, 3, 40, 31], w: [34, 3, 2, 2] },
    { x: [1, 2, 9, 8], w: [34, 2, 9, 8] },
    { x: [2, 20, 70], w: [33, 20, 20] },
  ])("of $x with $w in blocks", ({ x: shape, w: kernel }) => {
    const x = normal(key(1), shape);
    const w = normal(key(2), kernel);
    const full = plain(shape.length - 2);
    const expected = convolutionByLoops(x, w, full);
    expect(difference(conv(x, w, full), expected)).toBeLessThan(1e-11);
    const apart = { ...full, strides: full.strides.map(() => 2), groups: 1 };
    expect(difference(conv(x, w, apart), convolutionByLoops(x, w, apart))).toBeLessThan(1e-11);
  });

  test("reads views as they lie", () => {
    const x = normal(key(3), [7, 6, 3, 2]).transpose([3, 2, 0, 1]).flip(2);
    const w = normal(key(4), [3, 3, 3, 4]).transpose([3, 2, 1, 0]);
    expect(difference(conv(x, w), conv(x.contiguous(), w.contiguous()))).toBeLessThan(1e-12);
    const one = tensor(2).broadcastTo([1, 3, 5, 5]);
    expect(conv(one, w).at(0, 0, 0, 0).item()).toBeCloseTo(w.at(0).sum().item() * 2, 11);
  });

  test("of complex numbers is that of their parts", () => {
    const part = (seed: number, shape: number[]): Tensor => normal(key(seed), shape);
    for (const features of [2, 9]) {
      const [a, b] = [part(5, [2, 4, 9, 8]), part(6, [2, 4, 9, 8])];
      const [c, d] = [part(7, [features, 4, 3, 3]), part(8, [features, 4, 3, 3])];
      const options = { padding: 1, strides: [1, 2], inputDilation: [2, 1] };
      const result = conv(complexFrom(a, b), complexFrom(c, d), options);
      const of = (x: Tensor, w: Tensor): Tensor => conv(x, w, options);
      expect(difference(real(result), of(a, c).sub(of(b, d)))).toBeLessThan(1e-12);
      expect(difference(imag(result), of(a, d).add(of(b, c)))).toBeLessThan(1e-12);
    }
  });

  test("of integers is exact, and dtypes meet", () => {
    const x = tensor([[[1, 2, 3, 4]]], { dtype: "int32" });
    const w = tensor([[[100000, -1]]], { dtype: "int32" });
    const result = conv(x, w);
    expect(result.dtype).toBe("int32");
    expect(result.toArray()).toEqual([[[99998, 199997, 299996]]]);
    expect(conv(x, w.astype("float32")).dtype).toBe("float64");
    const narrow = (dtype: DType): DType => conv(astype(x, dtype), astype(w, dtype)).dtype;
    for (const dtype of ["float16", "float32", "complex64"] as const) expect(narrow(dtype)).toBe(dtype);
  });

  test("same padding gives a window for every stride", () => {
    const x = normal(key(9), [1, 1, 10, 11]);
    const w = normal(key(10), [1, 1, 4, 3]);
    expect(conv(x, w, { padding: "same" }).shape).toEqual([1, 1, 10, 11]);
    expect(conv(x, w, { padding: "same", strides: 3 }).shape).toEqual([1, 1, 4, 4]);
  });

  test("without images or windows has no elements", () => {
    expect(conv(normal(key(0), [0, 2, 5]), normal(key(0), [3, 2, 2])).shape).toEqual([0, 3, 4]);
    expect(conv(normal(key(0), [2, 2, 1]), normal(key(0), [3, 2, 2])).shape).toEqual([2, 3, 0]);
    const dx = grad((x: Tensor) => conv(x, normal(key(0), [3, 2, 2])).sum())(normal(key(0), [2, 2, 1]));
    expect(dx.toArray()).toEqual([
      [[0], [0]],
      [[0], [0]],
    ]);
  });

  test("says what is wrong", () => {
    const x = normal(key(0), [2, 4, 6, 6]);
    const w = normal(key(0), [4, 4, 3, 3]);
    expect(() => conv(x.at(0, 0), w)).toThrow(ShapeError);
    expect(() => conv(x, w.at(0))).toThrow(/kernel with 4 axes/);
    expect(() => conv(x, normal(key(0), [4, 4, 0, 3]))).toThrow(ShapeError);
    expect(() => conv(x, normal(key(0), [4, 3, 3, 3]))).toThrow(/kernels of 4 channels/);
    expect(() => conv(x, w, { groups: 3 })).toThrow(/3 equal groups/);
    expect(() => conv(x, w, { groups: 0 })).toThrow(DomainError);
    expect(() => conv(x, w, { groups: 2 })).toThrow(/kernels of 2 channels/);
    expect(() => conv(x, w, { strides: 0 })).toThrow(/conv: strides: integers >= 1/);
    expect(() => conv(x, w, { strides: [1, 2, 3] })).toThrow(/each of 2 spatial axes/);
    expect(() => conv(x, w, { dilation: 1.5 })).toThrow(DomainError);
    expect(() => conv(x, w, { padding: [1] })).toThrow(ShapeError);
    expect(() => conv(x, w, { padding: 0.5 })).toThrow(DomainError);
    expect(() => conv(x, w, { padding: "full" as "same" })).toThrow(ShapeError);
    expect(() => conv(x.astype("bool"), w.astype("bool"))).toThrow(DTypeError);
  });
});

describe("convTranspose", () => {
  test("is the transpose of conv in x", () => {
    fc.assert(
      fc.property(
        fc.record({
          groups: fc.integer({ min: 1, max: 2 }),
          channels: fc.integer({ min: 1, max: 3 }),
          features: fc.integer({ min: 1, max: 3 }),
          lengths: each(2, 3, 8),
          kernel: each(2, 1, 3),
          strides: each(2, 1, 4),
          dilation: each(2, 1, 3),
          padding: each(2, 0, 1),
        }),
        ({ groups, channels, features, lengths, kernel, ...options }) => {
          const x = normal(key(1), [2, groups * channels, ...lengths]);
          const w = normal(key(2), [groups * features, channels, ...kernel]);
          const y = conv(x, w, { ...options, groups });
          fc.pre(y.size > 0);
          const c = normal(key(3), y.shape);
          const bare = convTranspose(c, w, { ...options, groups });
          // What the strides leave over at the end of x is the padding of the output.
          const outputPadding = x.shape.slice(2).map((n, i) => n - bare.shape[2 + i]!);
          fc.pre(outputPadding.every((n, i) => n < Math.max(options.strides[i]!, options.dilation[i]!)));
          const back = convTranspose(c, w, { ...options, groups, outputPadding });
          const gradient = grad((v: Tensor) =>
            conv(v, w, { ...options, groups })
              .mul(c)
              .sum(),
          )(x);
          expect(difference(back, gradient)).toBeLessThan(1e-12);
          expect(y.mul(c).sum().item()).toBeCloseTo(back.mul(x).sum().item(), 9);
        },
      ),
    );
  });

  test("says what is wrong", () => {
    const x = normal(key(0), [1, 2, 3]);
    const w = normal(key(0), [2, 3, 3]);
    expect(() => convTranspose(x, normal(key(0), [3, 2, 3]))).toThrow(/2 channels first/);
    expect(() => convTranspose(x, w, { strides: 2, outputPadding: 2 })).toThrow(/outputPadding: less than/);
    expect(() => convTranspose(x, w, { padding: 9 })).toThrow(/less than nothing/);
    expect(() => convTranspose(x, w, { groups: 4 })).toThrow(ShapeError);
  });
});

describe("a network of convolutions", () => {
  const network = (params: { a: Tensor; b: Tensor; c: Tensor }, x: Tensor): Tensor => {
    const wide = conv(x, params.a, { padding: "same" }).tanh();
    const pooled = maxPool(conv(wide, params.b, { groups: 6, padding: 1 }), { window: 2 });
    return convTranspose(pooled, params.c, { strides: 2 }).square().mean();
  };
  const params = {
    a: normal(key(1), [6, 2, 3, 3]),
    b: normal(key(2), [6, 1, 3, 3]),
    c: normal(key(3), [6, 4, 2, 2]),
  };
  const x = normal(key(4), [3, 2, 8, 9]);

  test("gives the same compiled, value and gradient", () => {
    expect(difference(jit(network)(params, x), network(params, x))).toBeLessThan(1e-12);
    const gradient = grad(network);
    const compiled = jit(gradient)(params, x);
    const expected = gradient(params, x);
    for (const name of ["a", "b", "c"] as const)
      expect(difference(compiled[name], expected[name])).toBeLessThan(1e-12);
  });

  test("gives the gradient of each image alone under vmap", () => {
    const one = (p: typeof params, image: Tensor): Tensor => network(p, image.reshape([1, ...image.shape]));
    const all = vmap(grad(one), { inAxes: [null, 0] })(params, x);
    const last = grad(one)(params, x.at(2));
    for (const name of ["a", "b", "c"] as const)
      expect(difference(all[name].at(2), last[name])).toBeLessThan(1e-12);
  });
});
