// What operations do at the edges of their domains: nothing, NaN, the ends of integers, signs of zero.
import * as P from "polyadic";
import { describe, expect, test } from "vitest";
import numbers from "../reference/branch_cuts.json" with { type: "json" };

const { tensor } = P;
const values = (x: P.Tensor): number[] =>
  Array.from(P.astype(x, x.dtype === "bool" ? "int32" : x.dtype).toTypedArray());
const wide = (x: P.Tensor): number[] => Array.from(x.astype("float64").toTypedArray());
const ints = (list: P.Nested, dtype: P.DType = "int32"): P.Tensor => tensor(list, { dtype });
const complexes = (list: readonly (readonly [number, number])[]): P.Tensor =>
  P.complexFrom(tensor(list.map(([re]) => re)), tensor(list.map(([, im]) => im)));

describe("complex functions on their branch cuts, as NumPy has them", () => {
  const reference: { points: string[][]; values: Record<string, string[][]> } = numbers;
  const parse = (text: string): number =>
    text.endsWith("inf") ? (text.startsWith("-") ? -1 : 1) * Number.POSITIVE_INFINITY : Number(text);
  const points = complexes(reference.points.map(([re, im]) => [parse(re!), parse(im!)]));
  const functions: Record<string, (x: P.Tensor) => P.Tensor> = {
    sqrt: P.sqrt,
    log: P.log,
    exp: P.exp,
    sin: P.sin,
    cos: P.cos,
    tan: P.tan,
    sinh: P.sinh,
    cosh: P.cosh,
    tanh: P.tanh,
    arcsin: P.asin,
    arccos: P.acos,
    arctan: P.atan,
    arcsinh: P.asinh,
    arccosh: P.acosh,
    arctanh: P.atanh,
  };
  test.each(Object.keys(functions))("%s", (name) => {
    const actual = values(functions[name]!(points));
    reference.values[name]!.flat().forEach((expected, i) => {
      const target = parse(expected);
      const value = actual[i]!;
      const where = `${name}(${reference.points[i >> 1]!.join(", ")}) part ${i & 1}: ${value}, NumPy has ${expected}`;
      if (target === 0 || !Number.isFinite(target)) expect(Object.is(value, target), where).toBe(true);
      else expect(Math.abs(value - target) <= 4e-16 * Math.max(1, Math.abs(target)), where).toBe(true);
    });
  });
  test("inverse functions keep the digits of small and large arguments", () => {
    const small = complexes([[1e-12, 1e-12]]);
    for (const f of [P.asin, P.asinh])
      for (const part of values(f(small))) expect(Math.abs(part / 1e-12 - 1)).toBeLessThan(1e-14);
    const large = values(P.asinh(complexes([[1e200, 1e200]])));
    expect(large[0]).toBeCloseTo(200 * Math.LN10 + 1.5 * Math.LN2, 10);
    expect(large[1]).toBeCloseTo(Math.PI / 4, 12);
  });
  test("0 to a power is a number only where the power's real part is positive", () => {
    const zero = complexes([[0, 0]]);
    expect(values(P.pow(zero, P.complex(1, 2)))).toEqual([0, 0]);
    expect(values(P.pow(zero, P.complex(0, 0)))).toEqual([1, 0]);
    expect(values(P.pow(zero, P.complex(-1, 0)))).toEqual([Number.NaN, Number.NaN]);
  });
});

describe("reductions", () => {
  const none = P.zeros([0, 3]);
  test("over nothing give the identity, or say that there is none", () => {
    expect(values(P.sum(none, { axis: 0 }))).toEqual([0, 0, 0]);
    expect(values(P.prod(none, { axis: 0 }))).toEqual([1, 1, 1]);
    expect(values(P.any(none, { axis: 0 }))).toEqual([0, 0, 0]);
    expect(values(P.all(none, { axis: 0 }))).toEqual([1, 1, 1]);
    expect(values(P.mean(none, { axis: 0 }))).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(values(P.variance(P.zeros([0])))).toEqual([Number.NaN]);
    for (const f of [P.max, P.min, P.argmax, P.argmin, P.logSumExp])
      expect(() => f(none, { axis: 0 })).toThrow(P.DomainError);
    for (const f of [P.max, P.min, P.argmax, P.argmin, P.logSumExp])
      expect(f(none, { axis: 1 }).shape).toEqual([0]);
  });
  test("without axes are the tensor itself", () =>
    expect(values(P.sum(tensor([1, 2]), { axis: [] }))).toEqual([1, 2]));
  test("NaN wins, the first of several", () => {
    const x = tensor([1, Number.NaN, 5, Number.NaN]);
    expect(P.argmax(x).item()).toBe(1);
    expect(P.argmin(x).item()).toBe(1);
    expect(P.max(x).item()).toBeNaN();
    expect(values(P.cummax(x, 0))).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
    expect(P.argmax(tensor([[3, Number.NaN]]), { axis: 0 }).toArray()).toEqual([0, 0]);
  });
  test("mean and variance of narrow floats do not overflow on the way and are rounded once", () => {
    expect(wide(P.mean(P.full([3000], 60000, "float16")))).toEqual([60000]);
    expect(P.variance(ints([300, -300], "float16").astype("float16")).dtype).toBe("float16");
    // Σx² = 131072 overflows, the mean of squares does not.
    expect(wide(P.variance(tensor([181, -181, 181, -181], { dtype: "float16" })))).toEqual([32768]);
    // A sum rounded to bfloat16 first would give 256 / 3 = 85.5.
    expect(wide(P.mean(tensor([256, 1, 0], { dtype: "bfloat16" })))).toEqual([85.5]);
    expect(wide(P.sum(P.ones([5000], "float16")))).toEqual([5000]);
  });
  test("integers wrap in 32 bits", () => {
    expect(P.sum(ints([2147483647, 1])).item()).toBe(-2147483648);
    expect(P.prod(ints([4294967295, 3], "uint32")).item()).toBe(4294967293);
    expect(P.sum(ints([255, 255], "uint8"))).toMatchObject({ dtype: "uint32" });
    expect(P.sum(ints([255, 255], "uint8")).item()).toBe(510);
    expect(values(P.cumprod(ints([123456789, 987654321]), 0))).toEqual([123456789, -67153024]);
  });
  test("logSumExp keeps infinities and NaN", () => {
    const inf = Number.POSITIVE_INFINITY;
    expect(P.logSumExp(tensor([-inf, -inf])).item()).toBe(-inf);
    expect(P.logSumExp(tensor([inf, 1])).item()).toBe(inf);
    expect(P.logSumExp(tensor([Number.NaN, 1])).item()).toBeNaN();
    expect(P.logSumExp(tensor([1000, 1000])).item()).toBeCloseTo(1000 + Math.LN2, 12);
  });
});

describe("arithmetic", () => {
  test("integers wrap at their width, as in NumPy", () => {
    expect(values(P.add(ints([127], "int8"), ints([1], "int8")))).toEqual([-128]);
    expect(values(P.sub(ints([1], "uint8"), ints([2], "uint8")))).toEqual([255]);
    expect(values(P.mul(ints([4294967295], "uint32"), ints([4294967295], "uint32")))).toEqual([1]);
    expect(values(P.neg(ints([1], "uint32")))).toEqual([4294967295]);
    expect(values(P.abs(ints([-2147483648])))).toEqual([-2147483648]);
    expect(values(P.pow(ints([3], "uint32"), ints([40], "uint32")))).toEqual([689956897]);
    expect(values(P.square(ints([65537])))).toEqual([131073]);
    expect(values(P.floorDivide(ints([-2147483648]), ints([-1])))).toEqual([-2147483648]);
  });
  test("integer division by zero gives 0", () => {
    expect(values(P.floorDivide(ints([5, -5, 0]), 0))).toEqual([0, 0, 0]);
    expect(values(P.mod(ints([5, -5]), 0))).toEqual([0, 0]);
  });
  test("floor division and remainder of floats belong together, as in NumPy", () => {
    const inf = Number.POSITIVE_INFINITY;
    const a = tensor([1, 6, -1, 1, 5, -5, -7.5, 0, Number.NaN, inf]);
    const b = tensor([0.1, 0.1, 0.1, 0, inf, inf, 2, 3, 1, 2]);
    expect(values(P.floorDivide(a, b))).toEqual([9, 59, -10, inf, 0, -1, -4, 0, Number.NaN, Number.NaN]);
    expect(values(P.mod(a, b)).slice(0, 3)).toEqual([1 % 0.1, 6 % 0.1, 0.1 - (1 % 0.1)]);
    expect(values(P.mod(tensor([-0, 3, -3, 0, 5, -5]), tensor([3, 3, 3, -3, inf, inf])))).toEqual([
      0,
      0,
      0,
      -0,
      5,
      inf,
    ]);
  });
  test("narrow floats are rounded once", () => {
    // 1 + 2^-11 + 2^-40 is above the tie between 1 and 1 + 2^-10; through float32 it would become the tie.
    expect(wide(tensor([1 + 2 ** -11 + 2 ** -40]).astype("float16"))).toEqual([1 + 2 ** -10]);
    expect(wide(tensor([1 + 2 ** -8 + 2 ** -40]).astype("bfloat16"))).toEqual([1 + 2 ** -7]);
    expect(wide(tensor([65519.99, 65520, 2 ** -25]).astype("float16"))).toEqual([
      65504,
      Number.POSITIVE_INFINITY,
      0,
    ]);
    const half = (x: number): P.Tensor => tensor([x], { dtype: "float16" });
    expect(wide(half(1).div(half(3)))).toEqual(wide(tensor([1 / 3]).astype("float16")));
    expect(
      wide(P.scatter(half(2048), ints([0, 0]), tensor([1, 1], { dtype: "float16" }), { mode: "add" })),
    ).toEqual([2050]);
  });
  test("round, sign, clip and powers keep NaN and the sign of zero", () => {
    expect(values(P.round(tensor([0.5, 1.5, 2.5, -0.5])))).toEqual([0, 2, 2, -0]);
    expect(values(P.sign(tensor([Number.NaN, -3])))).toEqual([Number.NaN, -1]);
    expect(values(P.clip(tensor([Number.NaN, 1, 5]), 2, 3))).toEqual([Number.NaN, 2, 3]);
    expect(values(P.pow(tensor([0, -0, -8, 1]), tensor([0, -1, 1 / 3, Number.NaN])))).toEqual([
      1,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
      1,
    ]);
  });
});

describe("comparisons and where", () => {
  test("NaN is neither less nor equal", () => {
    const nan = tensor([Number.NaN, 1]);
    const other = tensor([1, Number.NaN]);
    for (const f of [P.less, P.lessEqual, P.greater, P.greaterEqual, P.equal])
      expect(values(f(nan, other))).toEqual([0, 0]);
    expect(values(P.notEqual(nan, nan))).toEqual([1, 0]);
    expect(
      values(
        P.isnan(
          complexes([
            [1, Number.NaN],
            [1, 1],
          ]),
        ),
      ),
    ).toEqual([1, 0]);
    expect(values(P.isfinite(ints([1])))).toEqual([1]);
  });
  test("integers meet plain numbers that they cannot hold", () => {
    expect(values(P.less(ints([5], "uint8"), -1))).toEqual([0]);
    expect(values(P.equal(ints([255], "uint8"), 255))).toEqual([1]);
  });
  test("complex numbers are equal or not, but not ordered", () => {
    expect(values(P.equal(complexes([[1, 2]]), P.complex(1, 2)))).toEqual([1]);
    expect(() => P.less(complexes([[1, 2]]), 1)).toThrow(P.DTypeError);
  });
  test("where broadcasts, promotes, and takes bool only", () => {
    expect(values(P.where(tensor([true, false]), complexes([[1, 2]]), 3))).toEqual([1, 2, 3, 0]);
    expect(P.where(tensor([[true], [false]]), tensor([1, 2, 3]), 0).toArray()).toEqual([
      [1, 2, 3],
      [0, 0, 0],
    ]);
    expect(P.where(tensor([], { dtype: "bool" }), 1, tensor([2])).shape).toEqual([0]);
    expect(() => P.where(tensor([1, 0]), 1, 2)).toThrow(P.DTypeError);
    expect(() => P.where(tensor([true, false]), tensor([1, 2, 3]), 0)).toThrow(P.ShapeError);
    expect(() => P.logicalNot(tensor([1]))).toThrow(P.DTypeError);
  });
});

describe("scatter and gather", () => {
  const base = (): P.Tensor => tensor([1, 2, 3]);
  const at = ints([0, 2, 0]);
  test.each([
    ["set", [30, 2, 20]],
    ["add", [41, 2, 23]],
    ["multiply", [300, 2, 60]],
    ["max", [30, 2, 20]],
    ["min", [1, 2, 3]],
  ] as const)("%s, repeated positions in order", (mode, expected) => {
    expect(values(P.scatter(base(), at, tensor([10, 20, 30]), { mode }))).toEqual(expected);
    expect(values(base())).toEqual([1, 2, 3]);
  });
  test("integer products wrap, booleans stay booleans", () => {
    expect(values(P.scatter(ints([123456789]), ints([0]), ints([987654321]), { mode: "multiply" }))).toEqual([
      Math.imul(123456789, 987654321),
    ]);
    const flags = tensor([true, false]);
    expect(values(P.scatter(flags, ints([0, 1]), true, { mode: "max" }))).toEqual([1, 1]);
    expect(() => P.scatter(flags, ints([0, 0]), true, { mode: "add" })).toThrow(P.DTypeError);
  });
  test("complex numbers multiply, but have no largest", () => {
    const z = complexes([[1, 2]]);
    expect(values(P.scatter(z, ints([0]), P.complex(0, 1), { mode: "multiply" }))).toEqual([-2, 1]);
    expect(() => P.scatter(z, ints([0]), z, { mode: "max" })).toThrow(P.DTypeError);
  });
  test("bad positions and modes", () => {
    expect(() => P.scatter(base(), ints([3]), 1)).toThrow(/index 3 is out of range for axis 0 of length 3/);
    expect(() => P.scatter(base(), ints([0]), 1, { mode: "sum" as never })).toThrow(P.DomainError);
    expect(() => P.scatter(base(), ints([0, 1]), tensor([1, 2, 3]))).toThrow(P.ShapeError);
    expect(() => P.take(base(), tensor([0.5]))).toThrow(P.DTypeError);
    expect(() => P.take(base(), ints([-4]))).toThrow(P.ShapeError);
    expect(() => P.take(base(), ints([4294967295], "uint32"))).toThrow(P.ShapeError);
    expect(() => P.take(base(), tensor([4294967295]))).toThrow(P.DTypeError);
    expect(values(P.take(base(), ints([-1, -3])))).toEqual([3, 1]);
    expect(P.take(P.zeros([0, 3]), ints([]), 0).shape).toEqual([0, 3]);
    expect(() => P.take(P.zeros([0, 3]), ints([0]), 0)).toThrow(P.ShapeError);
  });
});

describe("sorting", () => {
  const nan = Number.NaN;
  test("NaN goes last, equal elements keep their order", () => {
    expect(values(P.sort(tensor([nan, 1, 0, -Infinity, nan, -0])))).toEqual([-Infinity, -0, 0, 1, nan, nan]);
    expect(values(P.sort(tensor([nan, 1, 3]), { descending: true }))).toEqual([nan, 3, 1]);
    expect(values(P.argsort(tensor([1, nan, 1, 3, nan, 3])))).toEqual([0, 2, 3, 5, 1, 4]);
    expect(values(P.argsort(tensor([1, nan, 1, 3, nan, 3]), { descending: true }))).toEqual([
      1, 4, 3, 5, 0, 2,
    ]);
    expect(values(P.topK(tensor([3, nan, 5, 5]), 3).indices)).toEqual([1, 2, 3]);
    expect(wide(P.sort(tensor([3, -4, -0.5], { dtype: "float16" })))).toEqual([-4, -0.5, 3]);
    expect(values(P.sort(ints([4294967295, 1], "uint32")))).toEqual([1, 4294967295]);
  });
  test("empty axes, scalars, complex numbers and bad k", () => {
    expect(P.sort(P.zeros([3, 0])).shape).toEqual([3, 0]);
    expect(P.argsort(P.zeros([0, 3]), { axis: 0, descending: true }).shape).toEqual([0, 3]);
    expect(P.topK(tensor([3]), 0).values.shape).toEqual([0]);
    expect(() => P.sort(1)).toThrow(P.ShapeError);
    expect(() => P.sort(complexes([[1, 2]]))).toThrow(P.DTypeError);
    for (const k of [-1, 2, 0.5]) expect(() => P.topK(tensor([3]), k)).toThrow(P.DomainError);
  });
});

describe("moving elements", () => {
  test("pad at its limits", () => {
    const pad = (list: number[], before: number, mode: P.PadMode): number[] =>
      values(P.pad(tensor(list), [[before, 0]], { mode }));
    expect(pad([1, 2], 3, "reflect")).toEqual([2, 1, 2, 1, 2]);
    expect(pad([1, 2], 5, "wrap")).toEqual([2, 1, 2, 1, 2, 1, 2]);
    expect(pad([4], 2, "reflect")).toEqual([4, 4, 4]);
    expect(values(P.pad(P.zeros([0]), 1, { value: 7 }))).toEqual([7, 7]);
    expect(() => P.pad(P.zeros([0]), 1, { mode: "edge" })).toThrow(P.ShapeError);
    expect(() => P.pad(tensor([1]), -1)).toThrow(P.ShapeError);
    expect(P.pad(P.asTensor(3), []).item()).toBe(3);
  });
  test("roll, repeat, splitAxis and diag take whole numbers", () => {
    expect(values(P.roll(tensor([1, 2, 3]), -10))).toEqual([2, 3, 1]);
    expect(P.roll(P.zeros([0]), 3).shape).toEqual([0]);
    expect(P.repeat(tensor([1, 2]), 0).shape).toEqual([0]);
    expect(P.diag(P.ones([2, 2]), 5).shape).toEqual([0]);
    expect(P.splitAxis(P.zeros([0]), 2).map(({ shape }) => shape)).toEqual([[0], [0]]);
    expect(() => P.roll(tensor([1, 2]), 0.5)).toThrow(P.DomainError);
    expect(() => P.repeat(tensor([1, 2]), -1)).toThrow(P.DomainError);
    expect(() => P.repeat(tensor([1, 2]), 1.5)).toThrow(P.DomainError);
    expect(() => P.splitAxis(tensor([1, 2]), 0)).toThrow(P.DomainError);
    expect(() => P.splitAxis(tensor([1, 2]), -1)).toThrow(P.DomainError);
    expect(() => P.diag(P.ones([2, 2]), 0.5)).toThrow(P.DomainError);
  });
  test("concat of empty parts, of nothing and of what does not fit", () => {
    expect(P.concat([P.zeros([0, 3]), P.ones([1, 3])]).shape).toEqual([1, 3]);
    expect(() => P.concat([])).toThrow(P.ShapeError);
    expect(() => P.stack([])).toThrow(P.ShapeError);
    expect(() => P.concat([P.ones([2, 3]), P.ones([2, 2])])).toThrow(P.ShapeError);
    expect(() => P.concat([P.asTensor(1)])).toThrow(P.ShapeError);
  });
  test("casts", () => {
    expect(values(P.astype(tensor([Number.NaN, -1.7, 300]), "uint8"))).toEqual([0, 255, 44]);
    expect(values(P.astype(tensor([Number.NaN, 0, -0, 0.1]), "bool"))).toEqual([1, 0, 0, 1]);
    expect(() => P.astype(complexes([[1, 2]]), "float64")).toThrow(P.DTypeError);
    expect(() => P.add(P.ones([1], "float8_e4m3"), 1)).toThrow(/storage dtype/);
  });
});
