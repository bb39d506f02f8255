import { eig, eigTwoSided, eigvals } from "polyadic/linalg";
import { eye, type Scalar, type Tensor, tensor, zeros } from "polyadic/tensor";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import data from "../reference/eig.json" with { type: "json" };
import { dense, epsilon, type Kind, matrix } from "./check.ts";
import { checkBatching, checkDerivatives, entries, type Fn, like, near } from "./derivativeChecks.ts";
import { kinds, smallSizes, square, squareNames } from "./matrices.ts";

const THRESHOLD = 30;

/** The largest ‖A v − λ v‖ over n ‖A‖ eps, with ‖v‖ = 1. */
function residuals(a: Tensor, values: Tensor, vectors: Tensor, eps: number): number {
  const x = dense(a);
  const v = dense(vectors);
  const { re, im } = dense(values);
  const n = x.n;
  let top = 0;
  for (let i = 0; i < n * n; i++) top = Math.max(top, Math.hypot(x.re[i]!, x.im[i]!));
  if (top === 0) top = 1;
  let norm = 0;
  for (let i = 0; i < n * n; i++) norm = Math.hypot(norm, x.re[i]! / top, x.im[i]! / top);
  let worst = 0;
  for (let j = 0; j < n; j++) {
    let gap = 0;
    for (let i = 0; i < n; i++) {
      let p = 0;
      let q = 0;
      for (let k = 0; k < n; k++) {
        const [c, d] = [x.re[i * n + k]! / top, x.im[i * n + k]! / top];
        const [e, f] = [v.re[k * n + j]!, v.im[k * n + j]!];
        p += c * e - d * f;
        q += c * f + d * e;
      }
      const [c, d] = [re[j]! / top, im[j]! / top];
      const [e, f] = [v.re[i * n + j]!, v.im[i * n + j]!];
      gap = Math.hypot(gap, p - (c * e - d * f), q - (c * f + d * e));
    }
    worst = Math.max(worst, gap);
    if (Number.isNaN(gap)) return gap;
  }
  return n === 0 || norm === 0 ? worst : worst / norm / (n * eps);
}

function expectNormalised(vectors: Tensor, eps: number): void {
  const { n, re, im } = dense(vectors);
  for (let j = 0; j < n; j++) {
    let length = 0;
    let top = 0;
    for (let i = 0; i < n; i++) {
      const size = Math.hypot(re[i * n + j]!, im[i * n + j]!);
      length = Math.hypot(length, size);
      top = Math.max(top, size);
    }
    expect(Math.abs(length - 1)).toBeLessThan(10 * n * eps);
    // Among the largest elements, equal to rounding, one is real.
    let imaginary = 1;
    for (let i = 0; i < n; i++)
      if (Math.hypot(re[i * n + j]!, im[i * n + j]!) > top * (1 - 20 * n * eps))
        imaginary = Math.min(imaginary, Math.abs(im[i * n + j]!));
    expect(imaginary).toBeLessThan(4 * eps);
  }
}

/** The largest distance from a value of one list to its partner, partners chosen greedily. */
function setDistance(a: Tensor, b: Tensor): number {
  const x = dense(a);
  const y = dense(b);
  const free = new Set(y.re.keys());
  let worst = 0;
  for (let i = 0; i < x.re.length; i++) {
    let best = Number.POSITIVE_INFINITY;
    let partner = -1;
    for (const j of free) {
      const d = Math.hypot(x.re[i]! - y.re[j]!, x.im[i]! - y.im[j]!);
      if (d < best) {
        best = d;
        partner = j;
      }
    }
    free.delete(partner);
    worst = Math.max(worst, best);
  }
  return worst;
}

describe.each(kinds)("%s", (kind) => {
  const eps = epsilon(kind);
  it.each(squareNames)("right and left vectors of %s", (name) => {
    for (const n of smallSizes) {
      const a = square(name, n, kind);
      const label = `${name} ${n}`;
      const { values, vectors, leftVectors } = eigTwoSided(a);
      // Powers of ten in a matrix that balancing cures only in part are the price of backward stability in norm.
      expect(residuals(a, values, vectors, eps), label).toBeLessThan(THRESHOLD);
      const adjoint = a.mT().conj();
      expect(residuals(adjoint, values.conj(), leftVectors, eps), label).toBeLessThan(THRESHOLD);
      expectNormalised(vectors, eps);
      expectNormalised(leftVectors, eps);
      const plain = eig(a);
      expect(plain.values.toArray()).toEqual(values.toArray());
      expect(plain.vectors.toArray()).toEqual(vectors.toArray());
    }
  });
  it.each(["random", "grcar", "companion", "lowRank", "orthogonal"])("with multishift QR: %s", (name) => {
    const a = square(name, 100, kind);
    const { values, vectors, leftVectors } = eigTwoSided(a);
    expect(residuals(a, values, vectors, eps)).toBeLessThan(THRESHOLD);
    expect(residuals(a.mT().conj(), values.conj(), leftVectors, eps)).toBeLessThan(THRESHOLD);
  });
  it.each(["random", "orthogonal", "skew", "graded", "badlyScaled", "permutedTriangular"])(
    "values alone: %s",
    (name) => {
      for (const n of [...smallSizes, 80]) {
        if (n === 80 && name === "badlyScaled") continue;
        const a = square(name, n, kind, 3);
        const scale = n === 0 ? 1 : Math.max(1, Number(a.abs().max().item()) * n);
        expect(setDistance(eigvals(a), eig(a).values), `${name} ${n}`).toBeLessThan(1e3 * eps * scale);
      }
    },
  );
});

describe("closed forms", () => {
  it.each([0, 1])("values by SciPy, case %i", (index) => {
    const { a, eigvals: expected } = data.functions[index]!;
    const read = (x: { shape: number[]; values: Scalar[] }): Tensor => tensor(x.values).reshape(x.shape);
    expect(setDistance(eigvals(read(a)), read(expected))).toBeLessThan(1e-13);
    expect(setDistance(eig(read(a)).values, read(expected))).toBeLessThan(1e-13);
  });
  it("values of a companion matrix are the roots", () => {
    // (x − 1) (x − 2) (x − 3) (x² + 1)
    const a = tensor([
      [6, -12, 12, -11, 6],
      [1, 0, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 0, 1, 0, 0],
      [0, 0, 0, 1, 0],
    ]);
    const roots = tensor([
      { re: 1, im: 0 },
      { re: 2, im: 0 },
      { re: 3, im: 0 },
      { re: 0, im: 1 },
      { re: 0, im: -1 },
    ]);
    expect(setDistance(eigvals(a), roots)).toBeLessThan(1e-13);
  });
  it("pairs of a real matrix are exact conjugates, the positive imaginary part first", () => {
    const { values, vectors } = eig(square("random", 12, "float64", 5));
    const { re, im } = dense(values);
    const v = dense(vectors);
    let count = 0;
    for (let i = 0; i < 12; i++) {
      if (im[i] === 0) continue;
      count++;
      expect(im[i]).toBeGreaterThan(0);
      expect([re[i + 1], im[i + 1]]).toEqual([re[i], -im[i]!]);
      for (let k = 0; k < 12; k++) expect(v.im[k * 12 + i + 1]).toBe(-v.im[k * 12 + i]!);
      i++;
    }
    expect(count).toBeGreaterThan(0);
  });
  it("the product of left and right vectors is diagonal", () => {
    const { vectors, leftVectors } = eigTwoSided(square("random", 8, "complex128", 6));
    const g = dense(leftVectors.mT().conj().matmul(vectors));
    for (let i = 0; i < 8; i++)
      for (let j = 0; j < 8; j++)
        if (i !== j) expect(Math.hypot(g.re[i * 8 + j]!, g.im[i * 8 + j]!)).toBeLessThan(1e-13);
  });
  it("batches, empty matrices, integers, narrow floats", () => {
    expect(eig(zeros([2, 0, 0])).vectors.shape).toEqual([2, 0, 0]);
    expect(eig(zeros([0, 3, 3])).values.shape).toEqual([0, 3]);
    expect(
      eig(
        tensor(
          [
            [2, 1],
            [0, 3],
          ],
          { dtype: "int32" },
        ),
      ).values.dtype,
    ).toBe("complex128");
    expect(eig(eye(2, 2, { dtype: "float16" })).values.dtype).toBe("complex64");
  });
  it("refuses bad input", () => {
    expect(() => eig(zeros([2, 3]))).toThrow("eig: a must be square");
    expect(() =>
      eig(
        tensor([
          [1, Number.POSITIVE_INFINITY],
          [0, 1],
        ]),
      ),
    ).toThrow("not finite");
    expect(() => eigvals(tensor([[Number.NaN]]))).toThrow("not finite");
  });
});

describe.each(["float64", "complex128"] as Kind[])("derivatives, %s", (kind) => {
  // Far enough from normal and from repeated values.
  const make = (seed: number): Tensor =>
    matrix(4, 4, kind, seed)
      .mul(0.3)
      .add(tensor([1, 2.5, 4.5, 7]).mul(eye(4)).astype(kind));
  const functions: Record<string, Fn> = {
    values: (a) => [eig(a!).values],
    vectors: (a) => [eig(a!).vectors],
    eigvals: (a) => [eigvals(a!)],
    left: (a) => [eigTwoSided(a!).leftVectors],
  };
  it.each(Object.entries(functions))("%s", (_, f) => {
    const a = make(1);
    checkDerivatives(f, [a], [like(a, 2)], 1e-6);
    checkBatching(f, (i) => [make(i + 3)]);
  });
});

it("derivatives of a complex pair of a real matrix", () => {
  const a = tensor([
    [1, -2],
    [0.7, 1.3],
  ]);
  checkDerivatives((x) => [eig(x!).values, eig(x!).vectors], [a], [like(a, 3)], 1e-6);
  near(entries([eig(a).values.sum().real()]), [2.3], 1e-14);
});

it("gradients of sums over repeated eigenvalues", () => {
  const a = eye(3).mul(2);
  expect(grad((x: Tensor) => eigvals(x).real().sum())(a).toArray()).toEqual(eye(3).toArray());
  expect(grad((x: Tensor) => eigvals(x).real().square().sum())(a).toArray()).toEqual(eye(3).mul(4).toArray());
  expect(grad((x: Tensor) => eig(x).values.real().sum())(a).toArray()).toEqual(eye(3).toArray());
});
