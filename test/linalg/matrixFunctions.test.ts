import {
  cosm,
  eig,
  expm,
  expmFrechet,
  fractionalMatrixPower,
  funm,
  inv,
  logm,
  matrixPower,
  signm,
  sinm,
  solve,
  sqrtm,
} from "polyadic/linalg";
import { diag, exp } from "polyadic/ops";
import { type Complex, eye, type Scalar, type Tensor, tensor, zeros } from "polyadic/tensor";
import { grad, jvp } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import data from "../reference/eig.json" with { type: "json" };
import { dense, distance, epsilon, type Kind, matrix } from "./check.ts";
import { checkBatching, checkDerivatives, type Fn, like, positive } from "./derivativeChecks.ts";
import { kinds, smallSizes, square, squareNames } from "./matrices.ts";

interface Parts {
  readonly shape: number[];
  readonly values: Scalar[];
}
const read = ({ shape, values }: Parts): Tensor => tensor(values).reshape(shape);

/** The largest entry of a − b over that of b. */
function gap(a: Tensor, b: Tensor): number {
  const y = dense(b);
  return distance(dense(a), y) / (distance(y) || 1);
}

/** √‖a‖ and the like: sizes for error bounds. */
const size = (a: Tensor): number => (a.size === 0 ? 0 : distance(dense(a)));

describe.each([0, 1])("SciPy's values, case %i", (index) => {
  const c = data.functions[index]!;
  const a = read(c.a);
  const p = read(c.p);
  const cases: [string, () => Tensor, Parts | null][] = [
    ["expm", () => expm(a), c.expm],
    ["expmFrechet", () => expmFrechet(a, read(c.e)), c.expmFrechet],
    ["cosm", () => cosm(a), c.cosm],
    ["sinm", () => sinm(a), c.sinm],
    ["sqrtm", () => sqrtm(p), c.sqrtm],
    ["logm", () => logm(p), c.logm],
    ["signm", () => signm(a), c.signm],
    ["fractionalMatrixPower", () => fractionalMatrixPower(p, 2.3), c.power],
  ];
  it.each(cases.filter(([, , expected]) => expected !== null))("%s", (_, compute, expected) => {
    const found = compute();
    expect(found.dtype).toBe(a.dtype);
    expect(gap(found, read(expected!))).toBeLessThan(1e-13);
  });
});

describe.each(kinds)("%s", (kind) => {
  const eps = epsilon(kind);
  const tame = squareNames.filter((name) => name !== "huge" && name !== "badlyScaled");
  it.each(tame)("expm(a) expm(−a) = 1: %s", (name) => {
    for (const n of smallSizes) {
      const a = square(name, n, kind).mul(0.5);
      const x = expm(a);
      const y = expm(a.neg());
      const bound = 100 * n * eps * Math.max(1, size(x) * size(y) * Math.max(1, size(a)) * n);
      expect(n === 0 ? 0 : distance(dense(x.matmul(y)), dense(eye(n))), `${name} ${n}`).toBeLessThan(
        bound + 1e-300,
      );
    }
  });
  it.each([
    "random",
    "orthogonal",
    "identity",
    "hilbert",
    "graded",
    "clustered",
    "defective",
    "tiny",
    "grcar",
  ])("squares of roots and exponentials of logarithms: %s", (name) => {
    for (const n of smallSizes) {
      // As complex matrices, so that every one but the singular has both.
      const wide = kind.endsWith("64") && kind !== "float64" ? "complex64" : "complex128";
      const a = square(name, n, kind).astype(kind === "float32" ? "complex64" : wide);
      const label = `${name} ${n}`;
      const root = sqrtm(a);
      const alpha = n === 0 ? 0 : (size(root) ** 2 * n) / (size(a) || 1);
      expect(gap(root.matmul(root), a), label).toBeLessThan(50 * eps * (1 + n * alpha));
      if (name === "tiny" || name === "graded" || name === "hilbert") continue;
      const log = logm(a);
      const condition = size(log) * n * n + 1;
      expect(gap(expm(log), a), label).toBeLessThan(500 * eps * (n + 1) * condition);
    }
  });
});

describe("closed forms", () => {
  it("exponentials: nilpotent, diagonal, rotation, large norms that cancel", () => {
    const shift = square("nilpotent", 5, "float64");
    const series = Array.from({ length: 5 }, (_, i) =>
      Array.from({ length: 5 }, (_, j) => (j < i ? 0 : 1 / [1, 1, 2, 6, 24][j - i]!)),
    );
    expect(gap(expm(shift), tensor(series))).toBeLessThan(1e-15);
    const d = tensor([-30, -1, 0, 5]);
    expect(gap(expm(d.mul(eye(4))), exp(d).mul(eye(4)))).toBeLessThan(1e-13);
    const angle = 20;
    const turn = expm(
      tensor([
        [0, -angle],
        [angle, 0],
      ]),
    );
    expect(
      gap(
        turn,
        tensor([
          [Math.cos(angle), -Math.sin(angle)],
          [Math.sin(angle), Math.cos(angle)],
        ]),
      ),
    ).toBeLessThan(1e-13);
    // Overscaling would lose all digits of this one.
    const big = 1e6;
    const x = expm(
      tensor([
        [1, big],
        [0, -1],
      ]),
    );
    expect(
      gap(
        x,
        tensor([
          [Math.E, big * Math.sinh(1)],
          [0, 1 / Math.E],
        ]),
      ),
    ).toBeLessThan(1e-14);
    expect(expm(zeros([3, 3])).toArray()).toEqual(eye(3).toArray());
    expect(expm(zeros([2, 0, 0])).shape).toEqual([2, 0, 0]);
  });
  it("roots and logarithms of singular, negative and exact matrices", () => {
    expect(
      gap(
        sqrtm(
          tensor([
            [4, 1],
            [0, 9],
          ]),
        ),
        tensor([
          [2, 0.2],
          [0, 3],
        ]),
      ),
    ).toBeLessThan(1e-15);
    expect(sqrtm(zeros([3, 3])).toArray()).toEqual(zeros([3, 3]).toArray());
    const low = matrix(5, 2, "float64", 3);
    const gram = low.matmul(low.mT());
    const root = sqrtm(gram);
    expect(gap(root.matmul(root), gram)).toBeLessThan(1e-7);
    expect(() => sqrtm(square("nilpotent", 3, "float64"))).toThrow("has no square root");
    expect(() => sqrtm(tensor([[-1]]))).toThrow("convert a to complex128");
    expect(() =>
      logm(
        tensor([
          [-1, 0],
          [0, 1],
        ]),
      ),
    ).toThrow("negative eigenvalue");
    expect(() =>
      logm(
        tensor([
          [1, 1],
          [1, 1],
        ]),
      ),
    ).toThrow("has no logarithm");
    expect(() => logm(tensor([[Number.NaN]]))).toThrow("not finite");
    const minus = logm(
      tensor(
        [
          [-1, 0],
          [0, -1],
        ],
        { dtype: "complex128" },
      ),
    );
    expect(gap(minus, eye(2).astype("complex128").mul({ re: 0, im: Math.PI }))).toBeLessThan(1e-15);
    // A pair of equal negative eigenvalues by rotation: log of a half turn is real, but not principal.
    const quarter = tensor([
      [0, -1],
      [1, 0],
    ]);
    expect(gap(logm(quarter), quarter.mul(Math.PI / 2))).toBeLessThan(1e-15);
    expect(logm(eye(3)).toArray()).toEqual(zeros([3, 3]).toArray());
  });
  it("signs", () => {
    expect(
      gap(
        signm(
          tensor([
            [2, 5],
            [0, -3],
          ]),
        ),
        tensor([
          [1, 2],
          [0, -1],
        ]),
      ),
    ).toBeLessThan(1e-15);
    const a = square("random", 8, "float64", 5);
    const s = signm(a);
    expect(gap(s.matmul(s), eye(8))).toBeLessThan(1e-10);
    expect(gap(s.matmul(a), a.matmul(s))).toBeLessThan(1e-10);
    expect(() =>
      signm(
        tensor([
          [0, -1],
          [1, 0],
        ]),
      ),
    ).toThrow("imaginary axis");
  });
  it("powers", () => {
    const a = square("random", 4, "float64", 2);
    expect(gap(matrixPower(a, 5), a.matmul(a).matmul(a).matmul(a).matmul(a))).toBeLessThan(1e-14);
    expect(gap(matrixPower(a, -2), inv(a).matmul(inv(a)))).toBeLessThan(1e-12);
    expect(matrixPower(a, 0).toArray()).toEqual(eye(4).toArray());
    const p = positive(4, "float64", 3);
    expect(gap(matrixPower(fractionalMatrixPower(p, 1 / 3), 3), p)).toBeLessThan(1e-13);
    expect(gap(fractionalMatrixPower(p, -0.5).matmul(sqrtm(p)), eye(4))).toBeLessThan(1e-12);
    expect(gap(fractionalMatrixPower(p, 2), p.matmul(p))).toBe(0);
    expect(() => matrixPower(a, 0.5)).toThrow("exponent must be an integer");
  });
  it.each(kinds)("funm gives expm, logm and sqrtm, %s", (kind) => {
    const complexExp = ({ re, im }: Complex): Complex => ({
      re: Math.exp(re) * Math.cos(im),
      im: Math.exp(re) * Math.sin(im),
    });
    const eps = epsilon(kind);
    for (const name of ["random", "clustered", "defective", "nilpotent", "grcar", "identity", "zero"])
      for (const n of smallSizes) {
        const a = square(name, n, kind);
        const expected = expm(a).astype(
          a.dtype.endsWith("32") || kind === "complex64" ? "complex64" : "complex128",
        );
        const label = `${name} ${n}`;
        const tolerance = 1e6 * eps;
        expect(gap(funm(a, complexExp, { derivative: complexExp }), expected), label).toBeLessThan(tolerance);
        expect(gap(funm(a, complexExp), expected), label).toBeLessThan(tolerance);
      }
    const p = positive(5, kind, 4).add(eye(5));
    const log = ({ re, im }: Complex): Complex => ({
      re: Math.log(Math.hypot(re, im)),
      im: Math.atan2(im, re),
    });
    expect(gap(funm(p, log).real(), logm(p).real())).toBeLessThan(1e4 * eps);
  });
  it("funm reports what is not finite", () => {
    const reciprocal = ({ re, im }: Complex): Complex => {
      const d = re * re + im * im;
      return { re: re / d, im: -im / d };
    };
    expect(() => funm(zeros([1, 1]), reciprocal)).toThrow("f is not finite");
    const a = square("random", 5, "complex128", 3);
    expect(gap(funm(a, reciprocal), inv(a))).toBeLessThan(1e-11);
  });
  it("the exponential by eigenvectors", () => {
    const a = square("random", 6, "float64", 8);
    const { values, vectors } = eig(a);
    const x = solve(vectors.mT(), diag(exp(values)).matmul(vectors.mT())).mT();
    expect(gap(x.real(), expm(a))).toBeLessThan(1e-12);
  });
});

describe.each(["float64", "complex128"] as Kind[])("derivatives, %s", (kind) => {
  const near = (seed: number): Tensor => positive(3, kind, seed).add(matrix(3, 3, kind, seed + 1).mul(0.2));
  const complexExp = ({ re, im }: Complex): Complex => ({
    re: Math.exp(re) * Math.cos(im),
    im: Math.exp(re) * Math.sin(im),
  });
  const functions: Record<string, Fn> = {
    expm: (a) => [expm(a!)],
    logm: (a) => [logm(a!)],
    sqrtm: (a) => [sqrtm(a!)],
    signm: (a) => [signm(a!.sub(eye(3)))],
    cosm: (a) => [cosm(a!), sinm(a!)],
    funm: (a) => [funm(a!, complexExp, { derivative: complexExp })],
    powers: (a) => [matrixPower(a!, 3), fractionalMatrixPower(a!, 0.3)],
  };
  it.each(Object.entries(functions))("%s", (_, f) => {
    const a = near(3);
    checkDerivatives(f, [a], [like(a, 2)], 1e-6);
    checkBatching(f, (i) => [near(i + 3)]);
  });
  it("expmFrechet is the derivative of expm, in both arguments", () => {
    const [a, e] = [near(1), near(2)];
    expect(gap(expmFrechet(a, e), jvp((x: Tensor) => expm(x), [a], [e]).tangent)).toBe(0);
    checkDerivatives((x, y) => [expmFrechet(x!, y!)], [a, e], [like(a, 3), like(e, 4)], 1e-6);
  });
});

it("the gradient of the trace of exp is exp, transposed", () => {
  const a = square("random", 4, "float64", 9);
  const g = grad((x: Tensor) => expm(x).mul(eye(4)).sum())(a);
  expect(gap(g, expm(a).mT())).toBeLessThan(1e-13);
});
