import fc from "fast-check";
import {
  conv,
  convTranspose,
  DomainError,
  type DType,
  DTypeError,
  ShapeError,
  type Tensor,
  tensor,
} from "polyadic";
import { jit } from "polyadic/compiler";
import { key, normal } from "polyadic/random";
import { grad, vjp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { convolutionByLoops, type Setting } from "./oracle.ts";

const difference = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return a.size === 0 ? 0 : a.sub(b).abs().max().item();
};

/** Small settings of every kind: strides and padding beyond the kernel, crops, gaps, groups, nothing at all. */
const setting = fc.integer({ min: 1, max: 3 }).chain((axes) => {
  const each = (min: number, max: number): fc.Arbitrary<number[]> =>
    fc.array(fc.integer({ min, max }), { minLength: axes, maxLength: axes });
  const side = fc.integer({ min: -1, max: 4 });
  return fc.record({
    groups: fc.integer({ min: 1, max: 3 }),
    images: fc.integer({ min: 0, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    features: fc.integer({ min: 1, max: 5 }),
    lengths: each(0, axes === 3 ? 4 : 7),
    kernel: each(1, 3),
    strides: each(1, 4),
    dilation: each(1, 3),
    inputDilation: each(1, 3),
    padding: fc.array(fc.tuple(side, side), { minLength: axes, maxLength: axes }),
    seed: fc.integer({ min: 0, max: 1000 }),
  });
});

describe("conv", () => {
  test("is the sum over every window", () => {
    fc.assert(
      fc.property(setting, ({ groups, images, channels, features, lengths, kernel, seed, ...rest }) => {
        const x = normal(key(seed), [images, groups * channels, ...lengths]);
        const w = normal(key(seed + 1), [groups * features, channels, ...kernel]);
        const full: Setting = { ...rest, groups };
        expect(difference(conv(x, w, full), convolutionByLoops(x, w, full))).toBeLessThan(1e-12);
      }),
      { numRuns: 400 },
    );
  });
});
