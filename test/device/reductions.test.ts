import { describe, expect, it } from "vitest";
import { REDUCE_KERNELS } from "../../src/device/device.ts";
import { scalarDevice } from "../../src/device/scalar.ts";
import { axpy, dot, reduce } from "../../src/device/wasm/reductions.ts";

const COUNTS = [0, 1, 7, 255, 256, 257, 1000, 8191, 8192, 8193, 30001];
const START = 3;

const wave = (i: number): number => Math.sin(i * 1.7) + 0.1;

describe.each([Float32Array, Float64Array])("reductions of %o", (Type) => {
  it.each(REDUCE_KERNELS)("%s agrees with plain loops", (name) => {
    for (const count of COUNTS) {
      // Factors near 1 keep products in range.
      const x = new Type(count + 5).map((_, i) => (name === "prod" ? 1 + wave(i) / 1000 : wave(i)));
      const expected = scalarDevice.reduce(name, x, START, count);
      const scale = scalarDevice.reduce("sumAbs", x, START, count);
      const actual = reduce(name, x, START, count);
      if (name === "max" || name === "min") expect(actual).toBe(expected);
      else
        expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-14 * Math.max(scale, Math.abs(expected)));
    }
  });

  it("propagates NaN wherever it stands", () => {
    for (const at of [0, 299, 8192, 9999]) {
      const x = new Type(10000).fill(1);
      x[at] = Number.NaN;
      for (const name of REDUCE_KERNELS) expect(reduce(name, x, 0, x.length)).toBe(Number.NaN);
    }
  });

  it("adds up with an error that does not grow with the number of terms", () => {
    const x = new Type(1_000_003).fill(0.1);
    const exact = x[0]! * x.length;
    expect(Math.abs(reduce("sum", x, 0, x.length) - exact) / exact).toBeLessThan(1e-15 * 8);
  });

  it("computes inner products and axpy like plain loops", () => {
    for (const count of COUNTS) {
      const x = new Type(count + 5).map((_, i) => wave(i));
      const y = new Type(count + 9).map((_, i) => wave(i + 0.5));
      const scale = scalarDevice.dot(x.map(Math.abs), START, y.map(Math.abs), 6, count);
      const difference = dot(x, START, y, 6, count) - scalarDevice.dot(x, START, y, 6, count);
      expect(Math.abs(difference)).toBeLessThanOrEqual(1e-13 * scale);
      const expected = y.slice();
      scalarDevice.axpy(0.3, x, START, expected, 6, count);
      axpy(0.3, x, START, y, 6, count);
      expect(y).toEqual(expected);
    }
  });
});
