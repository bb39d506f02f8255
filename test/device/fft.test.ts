// The Fourier transform of the devices: every radix, rows and columns, long lengths, in place, float32, threads.
import { setThreads, threads } from "polyadic/device";
import { afterAll, describe, expect, test } from "vitest";
import { factorize, nextSmooth, roots } from "../../src/device/roots.ts";
import { scalarDevice } from "../../src/device/scalar.ts";
import { wasmDevice } from "../../src/device/wasm/wasm.ts";
import { sharesMemory, started } from "./started.ts";

const wasm = wasmDevice()!;

/** Numbers in (-1, 1) that are the same in every run. */
function numbers(count: number, seed = 1): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** By the definition. */
function definition(sign: -1 | 1, outer: number, n: number, inner: number, x: Float64Array): Float64Array {
  const w = roots(n, sign);
  const out = new Float64Array(x.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++)
      for (let k = 0; k < n; k++) {
        let re = 0;
        let im = 0;
        for (let j = 0; j < n; j++) {
          const at = 2 * ((o * n + j) * inner + i);
          const root = 2 * ((j * k) % n);
          re += x[at]! * w[root]! - x[at + 1]! * w[root + 1]!;
          im += x[at]! * w[root + 1]! + x[at + 1]! * w[root]!;
        }
        const to = 2 * ((o * n + k) * inner + i);
        out[to] = re;
        out[to + 1] = im;
      }
  return out;
}

/** The error in units of the norm of what is expected. */
function error(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i]! - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  }
  return Math.sqrt(difference / (norm || 1));
}

const LENGTHS = [
  ...Array.from({ length: 40 }, (_, i) => i + 1),
  49,
  64,
  77,
  91,
  97,
  121,
  128,
  143,
  169,
  210,
  243,
  256,
  263,
  360,
  500,
  512,
  625,
  720,
  1001,
  1024,
];

describe.each([scalarDevice, wasm])("$name", (device) => {
  test.each(LENGTHS)("a transform of length %d agrees with the definition", (n) => {
    for (const sign of [-1, 1] as const)
      for (const [outer, inner] of n > 100
        ? [[1, 2]]
        : [
            [1, 1],
            [3, 1],
            [2, 3],
            [1, 5],
          ]) {
        const x = numbers(2 * outer! * n * inner!, n);
        const out = new Float64Array(x.length + 4);
        device.fft(sign, 0.5, outer!, n, inner!, x, 0, out, 2);
        const expected = definition(sign, outer!, n, inner!, x).map((v) => v / 2);
        expect(error(out.subarray(2, -2), expected)).toBeLessThan(2e-15);
        expect([out[0], out[1], out.at(-1), out.at(-2)]).toEqual([0, 0, 0, 0]);
      }
  });
  test("single precision arrays are rounded once", () => {
    const x = Float32Array.from(numbers(2 * 60));
    const out = new Float32Array(x.length);
    device.fft(-1, 1, 1, 60, 1, x, 0, out, 0);
    const expected = definition(-1, 1, 60, 1, Float64Array.from(x)).map(Math.fround);
    expect(error(out, expected)).toBeLessThan(1e-9);
  });
  test("nothing is transformed to nothing", () => {
    device.fft(-1, 1, 0, 8, 1, new Float64Array(0), 0, new Float64Array(0), 0);
    device.fft(-1, 1, 2, 0, 3, new Float64Array(0), 0, new Float64Array(0), 0);
  });
});

describe("wasm", () => {
  // Long rows that are taken apart, strips of columns, many rows; the inverse in place gives back what was there.
  test.each([
    [1, 1 << 15, 1],
    [2, 3 * 5 * 7 * 11 * 13 * 2, 1],
    [1, 1 << 17, 1],
    [1, 34608, 1],
    [1, 20_000, 3],
    [3, 1 << 12, 9],
    [1, 128, 1000],
    [1, 17, 3001],
    [2, 5, 20_000],
    [1, 3, 700_001],
    [5000, 12, 1],
    [1, 65537, 1],
  ])("[%d, %d, %d] agrees with plain loops and has an inverse", (outer, n, inner) => {
    const x = numbers(2 * outer * n * inner, 3);
    const out = new Float64Array(x.length);
    const expected = new Float64Array(x.length);
    wasm.fft(-1, 1, outer, n, inner, x, 0, out, 0);
    scalarDevice.fft(-1, 1, outer, n, inner, x, 0, expected, 0);
    expect(error(out, expected)).toBeLessThan(3e-15);
    wasm.fft(1, 1 / n, outer, n, inner, out, 0, out, 0);
    expect(error(out, x)).toBeLessThan(3e-15);
  });
  test("a matrix too large to be brought in at once is transformed strip by strip", () => {
    const columns = 2 ** 22 + 5;
    const x = new Float64Array(4 * columns);
    for (let i = 0; i < x.length; i++) x[i] = i % 1000;
    wasm.fft(-1, 1, 1, 2, columns, x, 0, x, 0);
    for (let i = 0; i < 2 * columns; i += 4099) {
      const [a, b] = [i % 1000, (i + 2 * columns) % 1000];
      expect([x[i], x[i + 2 * columns]]).toEqual([a + b, a - b]);
    }
  });
  test("plans are forgotten when there is no more room for them", () => {
    const check = (n: number): void => {
      const x = numbers(2 * n);
      const out = new Float64Array(2 * n);
      wasm.fft(-1, 1, 1, n, 1, x, 0, out, 0);
      wasm.fft(1, 1 / n, 1, n, 1, out, 0, out, 0);
      expect(error(out, x)).toBeLessThan(3e-15);
    };
    for (let i = 0; i < 40; i++) check(nextSmooth(9000 + 150 * i));
    check(1 << 16);
    check(12);
  });
});

describe.runIf(sharesMemory)("threads", () => {
  const before = threads();
  afterAll(() => setThreads(before));
  test("results are the same to the bit for any number of threads", async () => {
    const cases = [
      [1, 1 << 16, 1],
      [700, 96, 1],
      [1, 64, 2048],
      [1, 60, 9000],
      [2, 30030, 1],
    ] as const;
    const run = (): Float64Array[] =>
      cases.map(([outer, n, inner]) => {
        const out = new Float64Array(2 * outer * n * inner);
        wasm.fft(-1, 0.1, outer, n, inner, numbers(out.length), 0, out, 0);
        return out;
      });
    setThreads(1);
    const alone = run();
    for (const count of [2, 3]) {
      await started(count);
      const shared = run();
      for (const [i, out] of shared.entries()) expect(error(out, alone[i]!)).toBe(0);
    }
  });
});

test("smooth lengths", () => {
  for (let n = 1; n < 3000; n += 7) {
    const m = nextSmooth(n);
    expect(m).toBeGreaterThanOrEqual(n);
    expect(factorize(m)).toBeDefined();
    let between = n;
    const smooth = (v: number): boolean => {
      let rest = v;
      for (const p of [2, 3, 5, 7, 11]) while (rest % p === 0) rest /= p;
      return rest === 1;
    };
    while (!smooth(between)) between++;
    expect(m).toBe(between);
  }
});
