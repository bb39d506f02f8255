// Laws that transforms obey for any operands.

import fc from "fast-check";
import { exp, fromTypedArray, mul, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import * as fft from "polyadic/fft";
import { roll, stack } from "polyadic/ops";
import { grad, vjp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { difference, expectNear, numbers } from "./compare.ts";

const lengths = fc.integer({ min: 1, max: 200 });
const seeds = fc.integer({ min: 1, max: 1e6 });
const norms = fc.constantFrom("backward", "ortho", "forward") as fc.Arbitrary<fft.Norm>;
const NEAR = 1e-13;
const runs = { numRuns: 40 };

const energy = (x: Tensor): number => x.abs().square().sum().item();
const complex = (n: readonly number[], seed: number): Tensor => numbers(n, "complex128", seed);
/** Σ a·b without conjugation. */
const pairing = (a: Tensor, b: Tensor): Tensor => a.mul(b).sum();

describe("fft", () => {
  test("has an inverse and keeps energy (Parseval)", () => {
    fc.assert(
      fc.property(lengths, seeds, norms, (n, seed, norm) => {
        const x = complex([2, n], seed);
        const y = fft.fft(x, { norm });
        expectNear(fft.ifft(y, { norm }), x, NEAR);
        const factor = norm === "backward" ? n : norm === "ortho" ? 1 : 1 / n;
        expect(energy(y) / (factor * energy(x))).toBeCloseTo(1, 11);
      }),
      runs,
    );
  });
  test("turns shifts into phases", () => {
    fc.assert(
      fc.property(lengths, seeds, fc.integer({ min: 0, max: 300 }), (n, seed, shift) => {
        const x = complex([n], seed);
        const phase = exp(mul(fft.fftfreq(n).mul(-2 * Math.PI * shift), { re: 0, im: 1 }));
        expectNear(fft.fft(roll(x, shift)), fft.fft(x).mul(phase), 1e-11);
      }),
      runs,
    );
  });
  test("turns cyclic convolutions into products", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), seeds, (n, seed) => {
        const [a, b] = [complex([n], seed), complex([n], seed + 1)];
        const rows = stack(Array.from({ length: n }, (_, j) => roll(b, j)));
        expectNear(fft.ifft(fft.fft(a).mul(fft.fft(b))), a.expandDims(1).mul(rows).sum({ axis: 0 }), NEAR);
      }),
      runs,
    );
  });
  test("of real numbers is half of the complex one, and has an inverse", () => {
    fc.assert(
      fc.property(lengths, seeds, norms, (n, seed, norm) => {
        const x = numbers([3, n], "float64", seed);
        const y = fft.rfft(x, { norm });
        expectNear(y, fft.fft(x, { norm }).at("...", `:${Math.floor(n / 2) + 1}`), NEAR);
        expectNear(fft.irfft(y, { n, norm }), x, NEAR);
        expectNear(fft.hfft(fft.ihfft(x, { norm }), { n, norm }), x, NEAR);
      }),
      runs,
    );
  });
  test("of several axes is separable and has an inverse", () => {
    const x = complex([3, 4, 5], 7);
    expectNear(fft.fftn(x), fft.fft(fft.fft(fft.fft(x, { axis: 1 }), { axis: 2 }), { axis: 0 }));
    expectNear(fft.ifftn(fft.fftn(x, { axes: [2, 0] }), { axes: [2, 0] }), x);
    const r = numbers([3, 4, 5]);
    expectNear(fft.irfftn(fft.rfftn(r), { shape: [3, 4, 5] }), r);
    expectNear(fft.irfft2(fft.rfft2(r), { shape: [4, 5] }), r);
    expectNear(fft.ifft2(fft.fft2(x)), x);
  });
  test("reads views where they lie", () => {
    const x = complex([6, 8], 3);
    expectNear(fft.fft(x.mT().at("::-1")), fft.fft(x.mT().at("::-1").add(0)), 0);
  });
});

describe("other transforms have inverses", () => {
  test.each([
    { name: "dct", forward: fft.dct, backward: fft.idct },
    { name: "dst", forward: fft.dst, backward: fft.idst },
  ])("$name, and are orthogonal when asked to", ({ forward, backward }) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        seeds,
        norms,
        fc.constantFrom(1, 2, 3, 4) as fc.Arbitrary<fft.TrigonometricType>,
        (n, seed, norm, type) => {
          const x = numbers([2, n], "float64", seed);
          const options = { type, norm };
          const y = forward(x, options);
          expectNear(backward(y, options), x, NEAR);
          if (norm === "ortho") expect(energy(y) / energy(x)).toBeCloseTo(1, 11);
          const z = complex([n], seed);
          expectNear(backward(forward(z, options), options), z, NEAR);
        },
      ),
      runs,
    );
  });
  test("hartley", () => {
    fc.assert(
      fc.property(lengths, seeds, norms, (n, seed, norm) => {
        const x = numbers([2, n], "float64", seed);
        expectNear(fft.ihartley(fft.hartley(x, { norm }), { norm }), x, NEAR);
        const z = fft.fft(x, { norm });
        expectNear(fft.hartley(x, { norm }), z.real().sub(z.imag()), NEAR);
      }),
      runs,
    );
    const x = numbers([4, 6]);
    expectNear(fft.ihartley(fft.hartley(x, { axes: [0, 1] }), { axes: [0, 1] }), x, NEAR);
  });
  test.each(["natural", "sequency", "dyadic"] as const)("walshHadamard in %s order", (order) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12 }), seeds, norms, (bits, seed, norm) => {
        const x = numbers([2 ** bits, 2], "float64", seed);
        const y = fft.walshHadamard(x, { axis: 0, order, norm });
        expectNear(fft.iwalshHadamard(y, { axis: 0, order, norm }), x, NEAR);
        if (norm === "ortho") expect(energy(y) / energy(x)).toBeCloseTo(1, 11);
      }),
      runs,
    );
  });
  test("ntt, exactly, also of negative numbers and modulo the largest primes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          { modulus: 998244353, n: 64 },
          { modulus: 2147483647, n: 18 },
          { modulus: 2013265921, n: 30 },
          { modulus: 2, n: 1 },
          { modulus: 257, n: 256 },
        ),
        fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { minLength: 256, maxLength: 256 }),
        ({ modulus, n }, list) => {
          const x = tensor(list.slice(0, n), { dtype: "int32" });
          const residues = list.slice(0, n).map((v) => ((v % modulus) + modulus) % modulus);
          expect(fft.intt(fft.ntt(x, { modulus }), { modulus }).toArray()).toEqual(residues);
        },
      ),
      runs,
    );
  });
  test("nttConvolve multiplies polynomials modulo a prime", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 998244352 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 0, max: 998244352 }), { minLength: 1, maxLength: 20 }),
        (a, b) => {
          const product = new Array<bigint>(a.length + b.length - 1).fill(0n);
          for (const [i, u] of a.entries())
            for (const [j, v] of b.entries()) product[i + j]! += BigInt(u) * BigInt(v);
          const expected = product.map((v) => Number(v % 998244353n));
          const [x, y] = [a, b].map((list) => tensor(list, { dtype: "uint32" }));
          expect(fft.nttConvolve(x!, y!).toArray()).toEqual(expected);
        },
      ),
      runs,
    );
    const [x, y] = [tensor([1, 2, 3], { dtype: "int32" }), tensor([4, 5, 6], { dtype: "int32" })];
    expect(fft.nttConvolve(x, y, { mode: "cyclic", modulus: 7 }).toArray()).toEqual([3, 3, 0]);
  });
});

describe("transforms of transforms", () => {
  test("vmap, grad and jit go through", () => {
    const x = numbers([4, 12]);
    const f = (row: Tensor): Tensor => fft.irfft(fft.rfft(row).mul(fft.rfftfreq(12)), { n: 12 });
    expectNear(vmap(f)(x), f(x));
    expectNear(jit(f)(x), f(x));
    // The derivative of the energy of a spectrum, by Parseval.
    const g = grad((y: Tensor) => fft.fft(y).abs().square().sum());
    expectNear(g(x), x.mul(24), NEAR);
    expectNear(
      jit(vmap(grad((y: Tensor) => fft.dct(y).square().sum())))(x),
      vmap(grad((y: Tensor) => fft.dct(y).square().sum()))(x),
    );
  });
  test("pullbacks are transposes", () => {
    const linear: readonly [string, (x: Tensor) => Tensor, readonly number[]][] = [
      ["fftn", (x) => fft.fftn(x, { shape: [5, 3] }), [4, 4]],
      ["irfftn", (x) => fft.irfftn(x), [4, 4]],
      ["fftConvolve", (x) => fft.fftConvolve(x, complex([2, 3], 4), { mode: "same" }), [4, 5]],
      ["sht", (x) => fft.sht(x), [3, 5]],
      ["isht", (x) => fft.isht(x), [3, 5]],
    ];
    for (const [name, f, shape] of linear) {
      const x = complex(shape, 5);
      const { value, pullback } = vjp(f, x);
      const c = numbers(value.shape, value.dtype, 9);
      const left = pairing(c, value).real().item();
      const [back] = pullback(c);
      const right = pairing(back, x).real().item();
      expect(left, name).toBeCloseTo(right, 10);
    }
  });
  test("the gradient by points of a non-uniform transform is that of the sum", () => {
    const points = numbers([5, 3]).mul(3);
    const values = complex([5], 2);
    const target = complex([2, 3, 2], 3);
    const f = (x: Tensor): Tensor => pairing(target, fft.nufft1(x, values, [2, 3, 2])).real();
    const direction = numbers([5, 3], "float64", 8);
    const h = 1e-4;
    const slope =
      f(points.add(direction.mul(h)))
        .sub(f(points.sub(direction.mul(h))))
        .item() /
      (2 * h);
    expect(grad(f)(points).mul(direction).sum().item()).toBeCloseTo(slope, 5);
  });
});

describe("nufft", () => {
  test("on a regular grid is fft", () => {
    const x = complex([3, 16], 4);
    const points = fromTypedArray(
      Float64Array.from({ length: 16 }, (_, j) => (2 * Math.PI * j) / 16),
      [16],
      "float64",
    );
    expectNear(fft.nufft1(points, x, 16), fft.fftshift(fft.fft(x), { axes: 1 }), 1e-11);
    expectNear(fft.nufft2(points, fft.fftshift(x, { axes: 1 })), fft.ifft(x, { norm: "forward" }), 1e-11);
  });
  test("kinds 1 and 2 are transposes, kind 3 contains both", () => {
    const points = numbers([20]).mul(9);
    const c = complex([20], 6);
    const f = complex([11], 7);
    const left = pairing(fft.nufft1(points, c, 11), f);
    const right = pairing(c, fft.nufft2(points, f, { sign: -1 }));
    expect(difference(left, right)).toBeLessThan(1e-13);
    const k = fromTypedArray(
      Float64Array.from({ length: 11 }, (_, i) => i - 5),
      [11],
      "float64",
    );
    expectNear(fft.nufft3(points, c, k), fft.nufft1(points, c, 11), 1e-11);
    expectNear(fft.nufft3(k, f, points, { sign: 1 }), fft.nufft2(points, f), 1e-11);
  });
  test("kind 3 far from the origin, and of a single point", () => {
    const x = fromTypedArray(Float64Array.of(100.25, 100.5, 101), [3], "float64");
    const s = fromTypedArray(Float64Array.of(-7.5, -7, -5.25), [3], "float64");
    const c = complex([3], 1);
    const phases = exp(mul(x.expandDims(0).mul(s.expandDims(1)), { re: 0, im: -1 }));
    expectNear(fft.nufft3(x, c, s), phases.mul(c).sum({ axis: 1 }), 1e-10);
    const one = fft.nufft3(tensor([3]), tensor([2]), tensor([0.5]));
    expectNear(one, tensor([{ re: 2 * Math.cos(1.5), im: -2 * Math.sin(1.5) }]), 1e-12);
  });
  test("no points make nothing", () => {
    expectNear(fft.nufft1(tensor([]), tensor([]), 4), tensor([0, 0, 0, 0]).astype("complex128"));
  });
});
