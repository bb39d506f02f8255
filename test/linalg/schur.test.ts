import { hessenberg, matrixBalance, rsf2csf, schur } from "polyadic/linalg";
import { ConvergenceError, eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { balanceMatrix, unbalance } from "../../src/linalg/kernels/balance.ts";
import { adjoint, dense, epsilon, type Kind, orthogonality, residual, times } from "./check.ts";
import { kinds, smallSizes, square, squareNames } from "./matrices.ts";

const THRESHOLD = 30;

/** ‖A − Q T Qᴴ‖ over n ‖A‖ eps. */
const backward = (a: Tensor, t: Tensor, q: Tensor, eps: number): number =>
  residual(dense(a), times(times(dense(q), dense(t)), adjoint(dense(q))), eps);

function expectSchur(a: Tensor, t: Tensor, z: Tensor, kind: Kind, label: string): void {
  const eps = epsilon(kind);
  expect(backward(a, t, z, eps), label).toBeLessThan(THRESHOLD);
  expect(orthogonality(z, eps), label).toBeLessThan(THRESHOLD);
  const { n, re, im } = dense(t);
  const at = (i: number, j: number): number => Math.hypot(re[i * n + j]!, im[i * n + j]!);
  for (let j = 0; j < n; j++) {
    for (let i = j + 2; i < n; i++) expect(at(i, j), label).toBe(0);
    if (j + 1 === n || at(j + 1, j) === 0) continue;
    // A block: real, in standard form, and not followed by another.
    expect(t.dtype.startsWith("float"), label).toBe(true);
    expect(re[j * n + j], label).toBe(re[(j + 1) * (n + 1)]);
    expect(Math.sign(re[(j + 1) * n + j]!), label).toBe(-Math.sign(re[j * n + j + 1]!));
    if (j + 2 < n) expect(at(j + 2, j + 1), label).toBe(0);
  }
}

/** Eigenvalues from the diagonal blocks of a Schur form. */
function diagonalValues(t: Tensor): { re: number; im: number }[] {
  const { n, re, im } = dense(t);
  return Array.from({ length: n }, (_, i) => {
    const below = i + 1 < n ? re[(i + 1) * n + i]! * re[i * n + i + 1]! : 0;
    const above = i > 0 ? re[i * n + i - 1]! * re[(i - 1) * n + i]! : 0;
    const imaginary = t.dtype.startsWith("complex")
      ? im[i * (n + 1)]!
      : below < 0
        ? Math.sqrt(-below)
        : above < 0
          ? -Math.sqrt(-above)
          : 0;
    return { re: re[i * (n + 1)]!, im: imaginary };
  });
}

describe.each(kinds)("%s", (kind) => {
  it.each(squareNames)("Hessenberg and Schur forms of %s", (name) => {
    for (const n of smallSizes) {
      const a = square(name, n, kind);
      const label = `${name} ${n}`;
      const { h, q } = hessenberg(a);
      expect(backward(a, h, q, epsilon(kind)), label).toBeLessThan(THRESHOLD);
      expect(orthogonality(q, epsilon(kind)), label).toBeLessThan(THRESHOLD);
      const { m, re, im } = dense(h);
      for (let j = 0; j < m; j++)
        for (let i = j + 2; i < m; i++) expect(Math.hypot(re[i * m + j]!, im[i * m + j]!), label).toBe(0);
      const { t, z, selected } = schur(a);
      expectSchur(a, t, z, kind, label);
      expect(selected.item()).toBe(0);
    }
  });
  it.each(["random", "grcar", "companion", "cyclic", "defective", "clustered", "frank", "graded", "zero"])(
    "multishift QR with deflation windows: %s",
    (name) => {
      const n = name === "random" ? 180 : 90;
      const a = square(name, n, kind);
      const { t, z } = schur(a);
      expectSchur(a, t, z, kind, name);
    },
  );
  it("sorts eigenvalues", () => {
    for (const name of ["random", "grcar", "orthogonal", "skew", "frank", "clustered"])
      for (const n of [2, 3, 6, 11]) {
        const a = square(name, n, kind, n);
        const label = `${name} ${n}`;
        const big = Math.abs(n - 5);
        const sorts = [
          ["leftHalfPlane", (re: number) => re < 0],
          ["insideUnitCircle", (re: number, im: number) => Math.hypot(re, im) < 1],
          [({ re }: { re: number }) => re > big, (re: number) => re > big],
        ] as const;
        for (const [sort, wanted] of sorts) {
          if (name === "orthogonal" && sort === "insideUnitCircle") continue;
          const { t, z, selected } = schur(a, { sort });
          expectSchur(a, t, z, kind, label);
          // Values on the border may step over it.
          const slack = 1e3 * epsilon(kind) * n;
          diagonalValues(t).forEach(({ re, im }, i) => {
            const near = [
              [slack, 0],
              [-slack, 0],
            ].some(([dx]) => wanted(re * (1 + dx!) + dx!, im * (1 + dx!)) !== wanted(re, im));
            if (!near) expect(i < Number(selected.item()), label).toBe(wanted(re, im));
          });
        }
      }
  });
  it("is invariant: a z₁ = z₁ t₁₁ for the sorted values, by a list too", () => {
    const a = square("random", 9, kind, 4);
    const plain = schur(a);
    const values = diagonalValues(plain.t);
    const { t, z, selected } = schur(a, { sort: values.map(({ re }) => re < 0) });
    const k = Number(selected.item());
    expect(k).toBe(values.filter(({ re }) => re < 0).length);
    const basis = z.at(":", `:${k}`);
    const gap = a.matmul(basis).sub(basis.matmul(t.at(`:${k}`, `:${k}`)));
    expect(gap.abs().max().item()).toBeLessThan(1e3 * epsilon(kind));
  });
  it("balances by an exact similarity", () => {
    for (const name of ["badlyScaled", "permutedTriangular", "triangular", "random", "zero"])
      for (const n of [1, 2, 7]) {
        const a = square(name, n, kind);
        const { balanced, scale, permutation } = matrixBalance(a);
        const order = Array.from(permutation.data());
        const back = balanced.mul(scale.expandDims(-1)).div(scale.expandDims(-2));
        const p = eye(n, n, { dtype: kind }).at(":", order);
        expect(p.matmul(back).matmul(p.mT()).sub(a).abs().max().item()).toBe(0);
      }
    const rough = square("badlyScaled", 8, kind);
    const norm = (x: Tensor): number => Number(x.abs().square().sum().item());
    expect(norm(matrixBalance(rough).balanced)).toBeLessThan(norm(rough) / 100);
  });
});

describe("real and complex forms", () => {
  it.each(["random", "grcar", "companion", "orthogonal"])("agree: %s", (name) => {
    const a = square(name, 8, "float64");
    const complex = schur(a, { output: "complex" });
    const whole = a.astype("complex128");
    expectSchur(whole, complex.t, complex.z, "complex128", name);
    const real = schur(a);
    const turned = rsf2csf(real.t, real.z);
    expectSchur(whole, turned.t, turned.z, "complex128", name);
  });
  it("batches", () => {
    const a = square("random", 4, "float64", 1);
    const b = square("grcar", 4, "float64", 2);
    const pair = tensor([a.toArray(), b.toArray()] as number[][][]);
    const { t, z, selected } = schur(pair, { sort: "leftHalfPlane" });
    expect(t.at(1).toArray()).toEqual(schur(b, { sort: "leftHalfPlane" }).t.toArray());
    expect(selected.shape).toEqual([2]);
    expect(z.shape).toEqual([2, 4, 4]);
    expect(schur(zeros([0, 3, 3])).selected.shape).toEqual([0]);
  });
  it("exchanges equal blocks without harm, or says that it cannot", () => {
    for (const coupling of [0, 1e-300, 1e-14, 1, 1e8])
      for (const gap of [0, 1e-15, 1e-8, 1]) {
        const a = tensor([
          [0, 1, coupling, -coupling],
          [-1, 0, 2 * coupling, 0],
          [0, 0, gap, 1],
          [0, 0, -1, gap],
        ]);
        try {
          const { t, z } = schur(a, { sort: [false, false, true, true] });
          expectSchur(a, t, z, "float64", `${coupling} ${gap}`);
        } catch (error) {
          expect(error).toBeInstanceOf(ConvergenceError);
          expect(gap).toBeLessThan(1e-7);
        }
      }
  });
  it("refuses bad input", () => {
    expect(() => schur(zeros([2, 3]))).toThrow("schur: a must be square, got shape [2, 3]");
    expect(() => schur(tensor([[Number.NaN]]))).toThrow("not finite");
    expect(() => schur(eye(2, 2, { dtype: "complex64" }), { output: "real" })).toThrow("needs a real matrix");
    expect(() => schur(eye(2), { sort: [true] })).toThrow("sort must hold 2 booleans");
    expect(() => rsf2csf(square("random", 3, "float64"), eye(3))).toThrow("not of real Schur form");
  });
  it("takes back balanced vectors", () => {
    const a = Float64Array.from(square("permutedTriangular", 5, "float64").mT().data());
    const balance = balanceMatrix(1, 5, a, { permute: true, scale: true });
    const x = new Float64Array(25);
    for (let i = 0; i < 5; i++) x[i * 6] = 1;
    unbalance(1, 5, balance, x, 5, "right");
    const y = new Float64Array(25);
    for (let i = 0; i < 5; i++) y[i * 6] = 1;
    unbalance(1, 5, balance, y, 5, "left");
    // Right and left bases are dual to each other.
    for (let i = 0; i < 5; i++)
      for (let j = 0; j < 5; j++) {
        let sum = 0;
        for (let k = 0; k < 5; k++) sum += x[k + 5 * i]! * y[k + 5 * j]!;
        expect(sum).toBe(i === j ? 1 : 0);
      }
  });
});
