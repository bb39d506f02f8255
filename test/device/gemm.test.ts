import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GemmOptions, MatrixType, MatrixView } from "../../src/device/device.ts";
import { nativeDevice } from "../../src/device/native/native.ts";
import { scalarDevice } from "../../src/device/scalar.ts";
import { wasmDevice } from "../../src/device/wasm/wasm.ts";

const TYPES: readonly MatrixType[] = ["float32", "float64", "complex64", "complex128"];

/** Small whole numbers: every order of summation gives the same exact result, in float32 too. */
function integers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 16) % 17) - 8;
  };
}

const arrayOf = (type: MatrixType, count: number): Float32Array | Float64Array =>
  type === "float32" || type === "complex64" ? new Float32Array(count) : new Float64Array(count);

type Layout = "rows" | "columns" | "gapped" | "reversed" | "repeated";
const LAYOUTS: readonly Layout[] = ["rows", "columns", "gapped", "reversed", "repeated"];

function matrix(
  type: MatrixType,
  rows: number,
  columns: number,
  layout: Layout,
  conjugate: boolean,
  next: () => number,
): MatrixView {
  const width = type.startsWith("complex") ? 2 : 1;
  const data = arrayOf(type, (rows * columns * 6 + 20) * width).map(next);
  switch (layout) {
    case "rows":
      return { data, offset: 3, rowStride: columns + 1, columnStride: 1, conjugate };
    case "columns":
      return { data, offset: 1, rowStride: 1, columnStride: rows, conjugate };
    case "gapped":
      return { data, offset: 0, rowStride: 3 * columns, columnStride: 2, conjugate };
    case "reversed":
      return { data, offset: rows * columns, rowStride: -columns, columnStride: 1, conjugate };
    case "repeated":
      return { data, offset: 2, rowStride: 0, columnStride: 1, conjugate };
  }
}

interface Case {
  readonly type: MatrixType;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly left: Layout;
  readonly right: Layout;
  readonly conjugateLeft: boolean;
  readonly conjugateRight: boolean;
  readonly options: GemmOptions;
  readonly seed: number;
}

type Gemm = typeof scalarDevice.gemm;
const native = nativeDevice(scalarDevice);
const DEVICES: readonly (readonly [name: string, gemm: Gemm])[] = [
  ["WebAssembly", wasmDevice()!.gemm],
  ...("reason" in native ? [] : [["the native device", native.gemm] as const]),
];

/** The whole buffer of the target must agree: what lies outside of the product is not to be touched. */
function compareOn(gemm: Gemm, c: Case): void {
  const next = integers(c.seed);
  const width = c.type.startsWith("complex") ? 2 : 1;
  const a = matrix(c.type, c.m, c.k, c.left, c.conjugateLeft, next);
  const b = matrix(c.type, c.k, c.n, c.right, c.conjugateRight, next);
  const rowStride = c.n + 2;
  const expected = arrayOf(c.type, ((c.m + 1) * rowStride + 5) * width).map(next);
  const actual = expected.slice();
  scalarDevice.gemm(c.type, c.m, c.n, c.k, a, b, { data: expected, offset: 5, rowStride }, c.options);
  gemm(c.type, c.m, c.n, c.k, a, b, { data: actual, offset: 5, rowStride }, c.options);
  // A sum of zeros may come out as -0 on either side: compare by value.
  const wrong = actual.findIndex((x, i) => x !== expected[i]);
  if (wrong >= 0)
    throw new Error(`entry ${wrong}: ${actual[wrong]} instead of ${expected[wrong]} in ${JSON.stringify(c)}`);
}

const size = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 0, max: 9 }));
const common = {
  type: fc.constantFrom(...TYPES),
  k: size,
  left: fc.constantFrom(...LAYOUTS),
  right: fc.constantFrom(...LAYOUTS),
  conjugateLeft: fc.boolean(),
  conjugateRight: fc.boolean(),
  seed: fc.nat(),
};

describe.each(DEVICES)("gemm on %s", (_name, gemm) => {
  const compare = (c: Case): void => compareOn(gemm, c);

  it("agrees with plain loops for all types, layouts and conjugations", () => {
    const cases = fc.record({
      ...common,
      m: size,
      n: size,
      options: fc.record({ accumulate: fc.boolean() }),
    });
    fc.assert(fc.property(cases, compare), { numRuns: 600 });
  });

  it("computes lower triangles and their mirror images", () => {
    const options = fc.record({
      accumulate: fc.boolean(),
      triangle: fc.constant("lower" as const),
      mirror: fc.boolean(),
    });
    const cases = fc.record({ ...common, m: size, options }).map((c) => ({ ...c, n: c.m }));
    fc.assert(fc.property(cases, compare), { numRuns: 300 });
  });

  const plain = { conjugateLeft: false, conjugateRight: false, options: {}, seed: 7 };
  const big: readonly [number, number, number, Layout, Layout][] = [
    [150, 30, 600, "rows", "rows"],
    [150, 30, 600, "columns", "columns"],
    [300, 40, 257, "gapped", "columns"],
    [20, 1100, 70, "rows", "columns"],
    [40, 1050, 260, "columns", "rows"],
    [2100, 12, 33, "rows", "rows"],
    [5, 600, 300, "rows", "rows"],
    [1, 300, 70, "rows", "rows"],
    [300, 1, 70, "rows", "columns"],
  ];
  it.each(TYPES)("crosses the borders of the blocks for %s", (type) => {
    for (const [m, n, k, left, right] of big) compare({ ...plain, type, m, n, k, left, right });
    compare({
      ...plain,
      type,
      m: 9,
      n: 40,
      k: 700,
      left: "rows",
      right: "rows",
      options: { accumulate: true },
    });
    compare({ ...plain, type, m: 30, n: 5, k: 600, left: "rows", right: "rows", conjugateLeft: true });
  });

  it.each(TYPES)("streams matrix-vector products of every layout for %s", (type) => {
    // Shorter and longer than a piece of the matrix and than a line that fits the cache.
    const shapes: readonly [number, number, number][] = [
      [1, 90, 2300],
      [1, 2300, 90],
      [90, 1, 2300],
      [2300, 1, 90],
      [1, 61, 67],
      [67, 1, 61],
    ];
    for (const [m, n, k] of shapes)
      for (const layout of LAYOUTS) {
        const options = { accumulate: k === 90 };
        compare({ ...plain, type, m, n, k, left: layout, right: layout, options });
        compare({ ...plain, type, m, n, k, left: layout, right: "columns", conjugateLeft: true, options });
        compare({ ...plain, type, m, n, k, left: "rows", right: layout, conjugateRight: true, options });
      }
  });

  it.each(TYPES)("takes long left factors of few columns for %s", (type) => {
    for (const [m, n, k] of [
      [5000, 40, 3],
      [20_000, 9, 2],
      [3001, 33, 17],
    ] as const)
      for (const left of ["columns", "rows", "gapped"] as const)
        compare({ ...plain, type, m, n, k, left, right: "rows" });
  });

  it.each(TYPES)("mirrors triangles that take several blocks for %s", (type) => {
    const options = { triangle: "lower", mirror: true } as const;
    compare({ ...plain, type, m: 1060, n: 1060, k: 5, left: "columns", right: "rows", options });
    compare({ ...plain, type, m: 190, n: 190, k: 530, left: "rows", right: "columns", options });
  });

  it("writes zeros for k = 0 and leaves an accumulated target alone", () => {
    const view = { data: new Float64Array(0), offset: 0, rowStride: 0, columnStride: 1 };
    const data = Float64Array.of(1, 2, 3, 4);
    gemm("float64", 2, 2, 0, view, view, { data, offset: 0, rowStride: 2 }, { accumulate: true });
    expect([...data]).toEqual([1, 2, 3, 4]);
    gemm("float64", 2, 2, 0, view, view, { data, offset: 0, rowStride: 2 });
    expect([...data]).toEqual([0, 0, 0, 0]);
  });

  it("propagates NaN and infinities only where they belong", () => {
    const n = 24;
    const data = new Float64Array(n * n).fill(1);
    data[5 * n + 3] = Number.NaN;
    const ones = { data: new Float64Array(n * n).fill(1), offset: 0, rowStride: n, columnStride: 1 };
    const out = new Float64Array(n * n);
    gemm("float64", n, n, n, { ...ones, data }, ones, { data: out, offset: 0, rowStride: n });
    out.forEach((x, i) => {
      expect(x).toBe(Math.floor(i / n) === 5 ? Number.NaN : n);
    });
  });
});
