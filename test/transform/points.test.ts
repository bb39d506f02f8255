// Derivatives at points where a careless rule gives NaN, or where a convention decides.
import { complexFrom, type Tensor, tensor } from "polyadic";
import { atan2, cummax, hypot, max, maximum, pow, prod, scatter, sqrt, take, variance } from "polyadic/ops";
import { grad, hessian, jet, jvp, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";

/** The elements; -0 counts as 0. */
const values = (x: Tensor): number[] => Array.from(x.toTypedArray(), (value) => value + 0);
const gradient = (f: (x: Tensor) => Tensor, x: Tensor): number[] => values(grad(f)(x));
/** The matrix of second derivatives. */
const curvature = (f: (x: Tensor) => Tensor, x: Tensor): number[] => values(hessian(f)(x) as Tensor);
const sum = (x: Tensor): Tensor => x.sum();

describe("lengths at 0 have derivatives 0 of every order", () => {
  const complexLength = (x: Tensor): Tensor => complexFrom(x, x.mul(2)).abs().sum();
  const length = (x: Tensor): Tensor => hypot(x, x.mul(2)).sum();
  const size = (x: Tensor): Tensor => x.abs().sum();
  test.each([
    ["of complex numbers", complexLength],
    ["by hypot", length],
    ["of real numbers", size],
  ])("%s", (_, f) => {
    const x = tensor([0, 0]);
    expect(gradient(f, x)).toEqual([0, 0]);
    expect(curvature(f, x)).toEqual([0, 0, 0, 0]);
    const { series } = jet(f, x, [tensor([1, 2]), null, null]);
    expect(series.map((d) => d.item())).toEqual([0, 0, 0]);
  });
});

describe("variance is a quadratic form also where an element is the mean", () => {
  const expected = [4, -2, -2, -2, 4, -2, -2, -2, 4].map((x) => x / 9);
  test("real", () => {
    curvature((x) => variance(x), tensor([1, 2, 3])).forEach((c, i) => {
      expect(c).toBeCloseTo(expected[i]!, 12);
    });
  });
  test("complex", () => {
    curvature((x) => variance(complexFrom(x, 0)), tensor([1, 2, 3])).forEach((c, i) => {
      expect(c).toBeCloseTo(expected[i]!, 12);
    });
  });
});

describe("powers of 0", () => {
  test("along the exponent stay 0", () => {
    const f = (b: Tensor): Tensor => pow(tensor([0, 0]), b).sum();
    expect(gradient(f, tensor([1, 2.5]))).toEqual([0, 0]);
    const { series } = jet(f, tensor([1, 2.5]), [tensor([1, 1]), null, null]);
    expect(series.map((d) => d.item())).toEqual([0, 0, 0]);
  });
  test("with several exponents have the derivatives of polynomials", () => {
    const f = (x: Tensor): Tensor => pow(x, tensor([0, 1, 2, 3, 2.5]));
    const { series } = jet(f, tensor([0, 0, 0, 0, 0]), [tensor([1, 1, 1, 1, 1]), null, null]);
    expect(values(series[0]!)).toEqual([0, 1, 0, 0, 0]);
    expect(values(series[1]!)).toEqual([0, 0, 2, 0, 0]);
    expect(values(series[2]!)).toEqual([0, 0, 0, 6, Number.POSITIVE_INFINITY]);
  });
  test("also where the base is traced twice", () => {
    const f = (x: Tensor): Tensor =>
      jet((y: Tensor) => pow(y, tensor([2, 3])), x, [tensor([1, 1]), null]).series[1]!.sum();
    expect(gradient(f, tensor([0, 0]))).toEqual([0, 6]);
  });
});

test("products with zeros", () => {
  expect(gradient(prod, tensor([0, 2, 3]))).toEqual([6, 0, 0]);
  expect(gradient(prod, tensor([0, 2, 0]))).toEqual([0, 0, 0]);
  expect(curvature(prod, tensor([0, 2, 0]))).toEqual([0, 0, 2, 0, 0, 0, 2, 0, 0]);
});

test("angles of tiny and huge points", () => {
  for (const scale of [1e-200, 1e200]) {
    const [dy] = gradient((y) => atan2(y, tensor([scale])).sum(), tensor([scale]));
    expect(dy! * scale).toBeCloseTo(0.5, 14);
  }
});

describe("ties share a derivative equally", () => {
  test("reductions", () => {
    expect(gradient(max, tensor([3, 1, 3]))).toEqual([0.5, 0, 0.5]);
  });
  test("pairs", () => {
    expect(gradient((x) => maximum(x, tensor([1, 1])).sum(), tensor([1, 2]))).toEqual([0.5, 1]);
  });
  test("scattering", () => {
    const f = (u: Tensor): Tensor =>
      scatter(tensor([3, 0]), tensor([0, 0], { dtype: "int32" }), u, { mode: "max" }).sum();
    for (const each of gradient(f, tensor([3, 3]))) expect(each).toBeCloseTo(1 / 3, 15);
  });
  test("but running records belong to the latest element", () => {
    expect(gradient((x) => cummax(x, 0).at(-1), tensor([3, 1, 3, 2]))).toEqual([0, 0, 1, 0]);
  });
});

test("what is not chosen does not disturb", () => {
  const f = (x: Tensor): Tensor => max(sqrt(x));
  expect(jvp(f, [tensor([0, 4])], [tensor([1, 1])]).tangent.item()).toBe(0.25);
});

test("positions of every integer dtype may be traced", () => {
  const x = tensor([1, 2, 3]);
  for (const dtype of ["int8", "uint8", "int32", "uint32"] as const) {
    const index = tensor(
      [
        [0, 2],
        [1, 1],
      ],
      { dtype },
    );
    expect(values(vmap((i: Tensor) => sum(take(x, i)))(index))).toEqual([4, 4]);
  }
  const beyond = tensor([[4294967295]], { dtype: "uint32" });
  expect(() => vmap((i: Tensor) => take(x, i))(beyond)).toThrow("out of range");
});
