import { afterAll, describe, expect, it } from "vitest";
import {
  BINARY_KERNELS,
  type BinaryKernel,
  type FloatArray,
  UNARY_KERNELS,
  type UnaryKernel,
} from "../../src/device/device.ts";
import { scalarDevice } from "../../src/device/scalar.ts";
import { binary, forgetElementwiseKernels, unary } from "../../src/device/wasm/elementwise.ts";
import { hasRelaxedSimd } from "../../src/device/wasm/features.ts";
import { gemm } from "../../src/device/wasm/gemm.ts";
import { forgetGemmKernels } from "../../src/device/wasm/gemm_instances.ts";
import numbers from "../reference/special_functions.json" with { type: "json" };

// Both the plain loops, which small arrays get, and the vector kernels must be within 2 ulp everywhere.
const LIMIT = 2;

type Entry = readonly number[];
const reference: Readonly<Record<string, readonly Entry[]>> = numbers;

/** The distance from |y| to the next larger float64 or float32. */
function ulp(y: number, bits: 24 | 53 = 53): number {
  const smallest = bits === 53 ? 2 ** -1074 : 2 ** -149;
  let exponent = Math.floor(Math.log2(Math.abs(y)));
  if (2 ** exponent > Math.abs(y)) exponent--;
  return Math.max(smallest, 2 ** (exponent - bits + 1));
}

type Unary = typeof unary;
type Binary = typeof binary;
const PATHS: readonly [string, Unary, Binary][] = [
  ["plain loops", scalarDevice.unary, scalarDevice.binary],
  ["vector kernels", unary, binary],
];

const isUnary = (name: string): name is UnaryKernel => (UNARY_KERNELS as readonly string[]).includes(name);

/** Applies a function to columns of arguments. */
function apply(
  name: string,
  [, one, two]: (typeof PATHS)[number],
  args: readonly FloatArray[],
  out: FloatArray,
): FloatArray {
  const [a, b] = args as [FloatArray, FloatArray];
  if (isUnary(name)) one(name, a, 0, out, 0, a.length);
  else two(name as BinaryKernel, a, 0, 1, b, 0, 1, out, 0, a.length);
  return out;
}

function worstError(name: string, path: (typeof PATHS)[number]): { error: number; at: Entry } {
  const entries = reference[name]!;
  const arity = isUnary(name) ? 1 : 2;
  const args = [0, 1].slice(0, arity).map((i) => Float64Array.from(entries, (entry) => entry[i]!));
  const out = apply(name, path, args, new Float64Array(entries.length));
  let worst: { error: number; at: Entry } = { error: 0, at: [] };
  entries.forEach((entry, i) => {
    const [y, r] = entry.slice(arity) as [number, number];
    const error = Math.abs((out[i]! - y) / ulp(y) - r);
    if (!(error <= worst.error)) worst = { error, at: entry };
  });
  return worst;
}

const SPECIAL = [
  0,
  -0,
  Infinity,
  -Infinity,
  Number.NaN,
  1,
  -1,
  0.5,
  2,
  -3,
  5e-324,
  -5e-324,
  2 ** -1022,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  2 ** 53 + 2,
  1e-300,
  -745.2,
  710.5,
];

const same = (a: number, b: number): boolean =>
  Object.is(a, b) || (b !== 0 && Math.abs(a - b) <= LIMIT * ulp(b));

function expectSpecialValues(): void {
  const x = Float64Array.from([...SPECIAL, ...SPECIAL]);
  for (const name of UNARY_KERNELS) {
    const out = apply(name, PATHS[1]!, [x], new Float64Array(x.length));
    const expected = apply(name, PATHS[0]!, [x], new Float64Array(x.length));
    for (const [i, y] of expected.entries())
      expect(same(out[i]!, y), `${name}(${x[i]}) = ${out[i]}, not ${y}`).toBe(true);
  }
  const a = Float64Array.from(SPECIAL.flatMap((value) => SPECIAL.map(() => value)));
  const b = Float64Array.from(SPECIAL.flatMap(() => SPECIAL));
  for (const name of BINARY_KERNELS) {
    const out = apply(name, PATHS[1]!, [a, b], new Float64Array(a.length));
    const expected = apply(name, PATHS[0]!, [a, b], new Float64Array(a.length));
    for (const [i, y] of expected.entries())
      expect(same(out[i]!, y), `${name}(${a[i]}, ${b[i]}) = ${out[i]}, not ${y}`).toBe(true);
  }
}

/** float32 against the float64 loops, whose error does not show at 24 bits. */
function expectFloat32(): void {
  for (const name of [...UNARY_KERNELS, ...BINARY_KERNELS]) {
    const entries = reference[name] ?? reference["exp"]!;
    const narrow = (i: number): Float32Array => Float32Array.from(entries, (entry) => entry[i]!);
    const args = isUnary(name) ? [narrow(0)] : [narrow(0), reference[name] ? narrow(1) : narrow(0).reverse()];
    const exact = apply(
      name,
      PATHS[0]!,
      args.map((x) => Float64Array.from(x)),
      new Float64Array(entries.length),
    );
    for (const path of PATHS) {
      const out = apply(name, path, args, new Float32Array(entries.length));
      exact.forEach((y, i) => {
        const close =
          Object.is(out[i], Math.fround(y)) ||
          (y !== 0 && Math.abs(out[i]! - y) <= LIMIT * ulp(Math.fround(y), 24));
        expect(close, `${path[0]}: ${name}(${args.map((x) => x[i])}) = ${out[i]}, not ${y}`).toBe(true);
      });
    }
  }
}

describe("element-wise kernels", () => {
  const referenced = Object.keys(reference);

  it("has reference values for every function that rounds more than once", () => {
    const exact = /^(neg|abs|square|reciprocal|floor|ceil|round|trunc|sign|add|sub|mul|div|max|min)$/;
    const expected = [...UNARY_KERNELS, ...BINARY_KERNELS].filter((name) => !exact.test(name));
    expect(referenced.toSorted()).toEqual(expected.toSorted());
  });

  describe.each(PATHS)("%s", (...path) => {
    it.each(referenced)("%s is within 2 ulp", (name) => {
      const { error, at } = worstError(name, path);
      expect(error, `at ${at}`).toBeLessThanOrEqual(LIMIT);
    });
  });

  it("treats special values alike on both paths", expectSpecialValues);

  it("computes float32 within 2 ulp", expectFloat32);

  it("computes exact operations exactly, with repeated scalars, at any offset and length", () => {
    for (const Type of [Float32Array, Float64Array]) {
      for (const count of [0, 1, 191, 192, 193, 1000, 8192, 8193, 20001]) {
        const x = new Type(count + 7).map((_, i) => Math.sin(i) * 100);
        const y = new Type(count + 3).map((_, i) => Math.cos(i) * 10);
        for (const name of [
          "neg",
          "abs",
          "square",
          "reciprocal",
          "floor",
          "round",
          "sign",
          "sqrt",
        ] as const) {
          const out = new Type(count + 9).fill(7);
          const expected = out.slice();
          unary(name, x, 5, out, 4, count);
          scalarDevice.unary(name, x, 5, expected, 4, count);
          expect(out, `${name} of ${count}`).toEqual(expected);
        }
        for (const name of ["add", "sub", "mul", "div", "max", "min"] as const)
          for (const [aStep, bStep] of [
            [1, 1],
            [0, 1],
            [1, 0],
            [0, 0],
          ] as const) {
            const out = new Type(count + 9).fill(7);
            const expected = out.slice();
            binary(name, x, 5, aStep, y, 2, bStep, out, 1, count);
            scalarDevice.binary(name, x, 5, aStep, y, 2, bStep, expected, 1, count);
            expect(out, `${name} of ${count}`).toEqual(expected);
          }
      }
    }
  });

  it("may write over its argument", () => {
    const x = new Float64Array(20000).map((_, i) => i / 5000 - 2);
    const expected = x.map(Math.exp);
    unary("exp", x, 0, x, 0, x.length);
    x.forEach((y, i) => {
      expect(same(y, expected[i]!)).toBe(true);
    });
  });
});

describe("with relaxed SIMD", () => {
  const forget = (): void => {
    forgetElementwiseKernels();
    forgetGemmKernels();
  };
  afterAll(forget);

  it("keeps to the same bounds with fused multiply-add", () => {
    // Chromium has it without a flag, so that there all of this file runs with it.
    if (typeof process !== "undefined")
      process.getBuiltinModule("node:v8").setFlagsFromString("--experimental-wasm-relaxed-simd");
    expect(hasRelaxedSimd()).toBe(true);
    forget();
    for (const name of Object.keys(reference)) {
      const { error, at } = worstError(name, PATHS[1]!);
      expect(error, `${name} at ${at}`).toBeLessThanOrEqual(LIMIT);
    }
    expectSpecialValues();
    expectFloat32();
    const n = 30;
    const view = {
      data: new Float32Array(n * n).map((_, i) => (i % 7) - 3),
      offset: 0,
      rowStride: n,
      columnStride: 1,
    };
    const out = new Float32Array(n * n);
    const expected = new Float32Array(n * n);
    gemm("float32", n, n, n, view, view, { data: out, offset: 0, rowStride: n });
    scalarDevice.gemm("float32", n, n, n, view, view, { data: expected, offset: 0, rowStride: n });
    expect(out).toEqual(expected);
  });
});
