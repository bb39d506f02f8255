// Transforms against NumPy, SciPy, exact integers and sums of 30 digits: see test/reference/fft.py.
import { fromTypedArray, type Tensor } from "polyadic";
import * as fft from "polyadic/fft";
import { describe, expect, test } from "vitest";
import reference from "../reference/fft.json" with { type: "json" };
import { expectNear, type Stored, tensorOf } from "./compare.ts";

type Transform = (x: Tensor, options: object) => Tensor;
const transforms = fft as unknown as Readonly<Record<string, Transform>>;

const cases = reference.cases as readonly { name: string; x: Stored; y: Stored; options: object }[];
describe.each([...new Set(cases.map(({ name }) => name))])("%s", (name) => {
  test.each(cases.filter((entry) => entry.name === name))("$x.shape $options", ({ x, y, options }) => {
    const expected = tensorOf(y);
    const actual = transforms[name]!(tensorOf(x), options);
    expect(actual.dtype).toBe(expected.dtype);
    expectNear(actual, expected);
    const narrowType = x.complex ? "complex64" : "float32";
    const narrow = transforms[name]!(tensorOf(x).astype(narrowType), options);
    expect(narrow.dtype).toBe(y.complex ? "complex64" : "float32");
    expectNear(narrow.astype(expected.dtype), expected, 2e-6);
  });
});

test.each(reference.convolutions)("fftConvolve $a.shape $b.shape $mode", ({ a, b, mode, y }) => {
  expectNear(fft.fftConvolve(tensorOf(a), tensorOf(b), { mode: mode as fft.ConvolveMode }), tensorOf(y));
});
test("fftCorrelate", () => {
  const { a, b, y } = reference.correlation;
  expectNear(fft.fftCorrelate(tensorOf(a), tensorOf(b)), tensorOf(y));
});

test.each(reference.frequencies)("fftfreq $n $d", ({ n, d, fftfreq, rfftfreq }) => {
  expect(fft.fftfreq(n, d).toArray()).toEqual(fftfreq);
  expect(fft.rfftfreq(n, d).toArray()).toEqual(rfftfreq);
});
test.each(reference.lengths)("nextFastLength $target", ({ target, fast, real }) => {
  expect(fft.nextFastLength(target)).toBe(fast);
  expect(fft.nextFastLength(target, { real: true })).toBe(real);
});

test.each(reference.modular)("ntt modulo $modulus", ({ modulus, x, y }) => {
  const numbers = fromTypedArray(Uint32Array.from(x), [x.length], "uint32");
  const actual = fft.ntt(numbers, { modulus });
  expect(actual.dtype).toBe("uint32");
  expect(actual.toArray()).toEqual(y);
  expect(fft.intt(actual, { modulus }).toArray()).toEqual(x);
});

test.each(reference.nonuniform)("nufft of $modes modes", (entry) => {
  const points = tensorOf(entry.points);
  const values = tensorOf(entry.values);
  const [toModes, toPoints, toFrequencies] = [entry.toModes, entry.toPoints, entry.toFrequencies].map(
    tensorOf,
  );
  for (const tolerance of [1e-3, 1e-6, 1e-9, 1e-12]) {
    const options = { tolerance };
    const bound = 2 * tolerance;
    expectNear(fft.nufft1(points, values, entry.modes, options), toModes!, bound);
    expectNear(fft.nufft2(points, tensorOf(entry.coefficients), options), toPoints!, bound);
    expectNear(fft.nufft3(points, values, tensorOf(entry.frequencies), options), toFrequencies!, bound);
  }
  expectNear(fft.nufft1(points, values, entry.modes), toModes!, 1e-11);
});

test("harmonics are those of SciPy", () => {
  const { colatitudes, longitudes, harmonics } = reference.spherical;
  // A harmonic is found at any place from its values on the grid, by transforming a field of one coefficient.
  for (const { l, m, values } of harmonics) {
    const a = Array.from({ length: 5 }, (_, i) =>
      Array.from({ length: 9 }, (_, j) => (i === l && j === 4 + m ? 1 : 0)),
    );
    const field = fft.isht(fromTypedArray(Float64Array.from(a.flat()), [5, 9], "float64"), { nlon: 64 });
    const rings = fft.sphericalGrid("gauss-legendre", 4).colatitudes;
    // Interpolated by the polynomial in cos θ through the rings, times sin θ for odd orders.
    const expected = tensorOf(values as Stored).toArray() as { re: number; im: number }[];
    colatitudes.forEach((theta, i) => {
      const phi = longitudes[i]!;
      const nodes = [...rings.data()];
      const at = (theta: number): number => (m % 2 ? Math.sin(theta) : 1);
      let height = 0;
      for (const [j, node] of nodes.entries()) {
        let weight = 1;
        for (const other of nodes)
          if (other !== node)
            weight *= (Math.cos(theta) - Math.cos(other)) / (Math.cos(node) - Math.cos(other));
        height += (weight * (field.element(j, 0) as { re: number }).re) / at(node);
      }
      height *= at(theta);
      expect(height * Math.cos(m * phi)).toBeCloseTo(expected[i]!.re, 12);
      expect(height * Math.sin(m * phi)).toBeCloseTo(expected[i]!.im, 12);
    });
  }
});
