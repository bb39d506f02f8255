// Factorizations by LAPACK's measures of backward error, over matrices from harmless to wicked.

import { matmul } from "polyadic";
import {
  cholesky,
  choleskyDowndate,
  choleskyUpdate,
  eigh,
  fullQr,
  fullSvd,
  generalizedEigh,
  ldl,
  lu,
  nullSpace,
  orth,
  pivotedQr,
  polar,
  type QR,
  qr,
  qrDeleteColumn,
  qrDeleteRow,
  qrInsertColumn,
  qrInsertRow,
  qrUpdate,
  svdvals,
} from "polyadic/linalg";
import { concat, take } from "polyadic/ops";
import { eye, type Tensor, tensor } from "polyadic/tensor";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import {
  adjoint,
  dense,
  distance,
  epsilon,
  fromDense,
  hermitian,
  type Kind,
  matrix,
  orthogonality,
  residual,
  times,
} from "./check.ts";
import { kinds, rectangular, rectangularNames, smallSizes, square, squareNames } from "./matrices.ts";

const THRESHOLD = 30;
const conjugated = (x: Tensor): Tensor => x.conj().mT();
const product = (...xs: Tensor[]): Tensor => xs.reduce((x, y) => x.matmul(y));

/** ‖a − b‖ over n ‖a‖ eps. */
const ratio = (a: Tensor, b: Tensor, kind: Kind): number => residual(dense(a), dense(b), epsilon(kind));

function expectUpper(r: Tensor): void {
  const { m, n, re, im } = dense(r);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < Math.min(i, n); j++) expect(Math.hypot(re[i * n + j]!, im[i * n + j]!)).toBe(0);
}

/** Real and >= 0. */
function expectPositiveDiagonal(r: Tensor): void {
  const { m, n, re, im } = dense(r);
  for (let i = 0; i < Math.min(m, n); i++) {
    expect(re[i * n + i]).toBeGreaterThanOrEqual(0);
    expect(im[i * n + i]).toBe(0);
  }
}

const shapes: readonly (readonly [number, number])[] = [
  ...smallSizes.map((n) => [n, n] as const),
  [7, 3],
  [3, 7],
  [0, 4],
  [4, 0],
  [1, 6],
  [6, 1],
  [90, 60],
  [60, 90],
];

describe.each(kinds)("%s", (kind) => {
  const eps = epsilon(kind);

  it.each(rectangularNames)("lu, fullQr, pivotedQr and fullSvd of %s", (name) => {
    for (const [m, n] of shapes) {
      const a = rectangular(name, m, n, kind);
      const label = `${name} ${m} x ${n}`;

      const { permutation, l, u } = lu(a);
      expect(ratio(take(a, permutation, 0), product(l, u), kind), label).toBeLessThan(THRESHOLD);
      expect(Array.from(permutation.data()).sort((x, y) => x - y)).toEqual(
        Array.from({ length: m }, (_, i) => i),
      );
      expectUpper(u);
      expectUpper(l.mT());
      const most = kind.startsWith("complex") ? Math.SQRT2 : 1;
      expect(distance(dense(l)), label).toBeLessThanOrEqual(most * (1 + 8 * eps));

      const full = fullQr(a);
      expect(full.q.shape).toEqual([m, m]);
      expect(orthogonality(full.q, eps), label).toBeLessThan(THRESHOLD);
      expect(ratio(a, product(full.q, full.r), kind), label).toBeLessThan(THRESHOLD);
      expectUpper(full.r);
      expectPositiveDiagonal(full.r);

      const pivoted = pivotedQr(a);
      expect(orthogonality(pivoted.q, eps), label).toBeLessThan(THRESHOLD);
      expect(ratio(take(a, pivoted.permutation, 1), product(pivoted.q, pivoted.r), kind), label).toBeLessThan(
        THRESHOLD,
      );
      expectUpper(pivoted.r);
      expectPositiveDiagonal(pivoted.r);
      const { re, n: width } = dense(pivoted.r);
      // Descending, to the rounding of the norms that choose the pivots.
      for (let i = 1; i < Math.min(m, n); i++)
        expect(re[i * (width + 1)], label).toBeLessThanOrEqual(
          re[(i - 1) * (width + 1)]! * (1 + 1e3 * Math.sqrt(eps)) + 100 * eps * re[0]!,
        );

      const { u: left, s, v } = fullSvd(a);
      expect(left.shape).toEqual([m, m]);
      expect(v.shape).toEqual([n, n]);
      expect(orthogonality(left, eps), label).toBeLessThan(THRESHOLD);
      expect(orthogonality(v, eps), label).toBeLessThan(THRESHOLD);
      const k = Math.min(m, n);
      const thin = product(left.at(":", `:${k}`).mul(s), conjugated(v.at(":", `:${k}`)));
      expect(ratio(a, thin, kind), label).toBeLessThan(THRESHOLD);
    }
  });

  it.each(squareNames)("ldl and parts of eigh of the Hermitian part of %s", (name) => {
    for (const n of [...smallSizes, 70]) {
      const x = square(name, n, kind);
      const a = x.mul(0.5).add(conjugated(x).mul(0.5));
      const label = `${name} ${n}`;
      const { l, d, permutation } = ldl(a);
      expect(
        ratio(take(take(a, permutation, 0), permutation, 1), product(l, d, conjugated(l)), kind),
        label,
      ).toBeLessThan(THRESHOLD);
      expectUpper(l.mT());
      const { re, im } = dense(d);
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          if (Math.abs(i - j) > 1) expect(Math.hypot(re[i * n + j]!, im[i * n + j]!)).toBe(0);
          if (i > 0 && j === i - 1 && re[i * n + j] !== 0 && i + 1 < n)
            expect(Math.hypot(re[(i + 1) * n + i]!, im[(i + 1) * n + i]!), "blocks overlap").toBe(0);
        }

      const all = eigh(a).values.toTypedArray() as Float64Array;
      const [from, to] = [Math.floor(n / 3), Math.ceil((2 * n) / 3)];
      const some = eigh(a, { indices: [from, to] });
      expect(some.vectors.shape).toEqual([n, to - from]);
      expect(orthogonality(some.vectors, eps), label).toBeLessThan(THRESHOLD);
      const size = Math.max(0, ...Array.from(all, Math.abs)) || 1;
      const values = some.values.toTypedArray();
      for (let i = from; i < to; i++)
        expect(Math.abs(Number(values[i - from]) - all[i]!), label).toBeLessThanOrEqual(
          THRESHOLD * n * eps * size,
        );
      if (to > from) {
        const image = dense(product(a.div(size), some.vectors));
        const scaled = dense(some.vectors.mul(some.values.div(size)));
        expect(distance(image, scaled), label).toBeLessThan(THRESHOLD * n * eps);
      }
    }
  });

  it("the polar factors are unitary and semidefinite, also of singular matrices", () => {
    for (const name of rectangularNames)
      for (const [m, n] of [
        [6, 6],
        [9, 4],
        [4, 9],
        [1, 3],
        [50, 30],
      ] as const) {
        const a = rectangular(name, m, n, kind);
        const { u, p } = polar(a);
        const label = `${name} ${m} x ${n}`;
        expect(u.shape).toEqual([m, n]);
        expect(orthogonality(m >= n ? u : conjugated(u), eps), label).toBeLessThan(THRESHOLD);
        expect(ratio(a, m >= n ? product(u, p) : product(p, u), kind), label).toBeLessThan(THRESHOLD);
        const values = eigh(p).values.data();
        expect(values[0]! / Math.max(values.at(-1)!, Number.MIN_VALUE), label).toBeGreaterThan(-100 * eps);
      }
  });

  it("generalizedEigh solves its three problems", () => {
    for (const n of [1, 2, 7, 40]) {
      const a = hermitian(n, kind, n);
      const x = matrix(n, n, kind, n + 1);
      const b = x.matmul(conjugated(x)).add(eye(n, n, { dtype: kind }).mul(n));
      const tolerance = 300 * n * eps;
      const near = (p: Tensor, q: Tensor): void =>
        expect(distance(dense(p), dense(q)) / Math.max(1, distance(dense(p)))).toBeLessThan(tolerance);
      const one = generalizedEigh(a, b);
      near(product(a, one.vectors), product(b, one.vectors).mul(one.values));
      near(product(conjugated(one.vectors), b, one.vectors), eye(n, n, { dtype: kind }));
      const two = generalizedEigh(a, b, "a b x = λ x");
      near(product(a, b, two.vectors), two.vectors.mul(two.values));
      const three = generalizedEigh(a, b, "b a x = λ x");
      near(product(b, a, three.vectors), three.vectors.mul(three.values));
    }
  });

  it("changed Cholesky factors are those of the changed matrix", () => {
    for (const [n, k] of [
      [1, 1],
      [5, 1],
      [12, 3],
      [60, 2],
    ] as const) {
      const x = matrix(n, n, kind, n);
      const a = x.matmul(conjugated(x)).add(eye(n, n, { dtype: kind }).mul(n));
      const v = matrix(n, k, kind, n + k);
      const l = cholesky(a);
      const up = choleskyUpdate(l, v);
      expectUpper(up.mT());
      expectPositiveDiagonal(up);
      expect(ratio(a.add(v.matmul(conjugated(v))), product(up, conjugated(up)), kind)).toBeLessThan(
        THRESHOLD,
      );
      const down = choleskyDowndate(up, v);
      expect(ratio(a, product(down, conjugated(down)), kind)).toBeLessThan(10 * THRESHOLD);
    }
    const l = cholesky(eye(3, 3, { dtype: kind }));
    expect(() => choleskyDowndate(l, tensor([0, 2, 0]))).toThrow(/choleskyDowndate: .* pivot 1 of 3/);
    expect(() => choleskyUpdate(eye(3, 3).neg(), tensor([0, 2, 0]))).toThrow(/positive diagonal/);
    expect(() => choleskyUpdate(l, tensor([1, 2]))).toThrow(/x must be \[3\]/);
  });

  it("changed QR factors are those of the changed matrix", () => {
    for (const [m, n] of [
      [5, 5],
      [6, 5],
      [12, 4],
      [2, 1],
      [70, 40],
    ] as const) {
      const a = matrix(m, n, kind, m);
      const factors = qr(a);
      const u = matrix(m, 1, kind, 3);
      const v = matrix(n, 1, kind, 4);
      const expectFactors = ({ q, r }: QR, of: Tensor): void => {
        expect(q.shape).toEqual(of.shape);
        expect(orthogonality(q, eps)).toBeLessThan(THRESHOLD);
        expect(ratio(of, product(q, r), kind)).toBeLessThan(THRESHOLD);
        expectUpper(r);
        expectPositiveDiagonal(r);
      };
      expectFactors(qrUpdate(factors, u.ravel(), v.ravel()), a.add(u.matmul(conjugated(v))));
      // In the space of the columns already: no further direction.
      const inside = a.at(":", "0:1");
      expectFactors(qrUpdate(factors, inside.ravel(), v.ravel()), a.add(inside.matmul(conjugated(v))));
      for (const at of [0, n >> 1, n]) {
        if (m > n)
          expectFactors(
            qrInsertColumn(factors, at, u.ravel()),
            concat([a.at(":", `:${at}`), u, a.at(":", `${at}:`)], 1),
          );
        expectFactors(
          qrInsertRow(factors, at, v.ravel()),
          concat([a.at(`:${at}`), v.mT(), a.at(`${at}:`)], 0),
        );
        if (at === n) continue;
        if (n > 1)
          expectFactors(
            qrDeleteColumn(factors, at),
            concat([a.at(":", `:${at}`), a.at(":", `${at + 1}:`)], 1),
          );
        if (m > n) expectFactors(qrDeleteRow(factors, at), concat([a.at(`:${at}`), a.at(`${at + 1}:`)], 0));
      }
    }
  });

  it("null space and range are orthonormal and complete", () => {
    for (const [m, n] of [
      [6, 6],
      [9, 5],
      [5, 9],
    ] as const) {
      const a = rectangular("lowRank", m, n, kind);
      const rank = Math.ceil(Math.min(m, n) / 3);
      const [kernel, range] = [nullSpace(a), orth(a)];
      expect(kernel.shape).toEqual([n, n - rank]);
      expect(range.shape).toEqual([m, rank]);
      expect(orthogonality(kernel, eps)).toBeLessThan(THRESHOLD);
      expect(orthogonality(range, eps)).toBeLessThan(THRESHOLD);
      const size = svdvals(a).data()[0]!;
      expect(distance(dense(product(a, kernel)))).toBeLessThan(THRESHOLD * m * eps * size);
      expect(ratio(a, product(range, conjugated(range), a), kind)).toBeLessThan(THRESHOLD);
    }
  });
});

describe("large matrices, whose products run in blocks", () => {
  it.each(["float64", "complex128"] as const)("%s", (kind) => {
    for (const [m, n] of [
      [260, 260],
      [300, 190],
      [190, 300],
    ] as const) {
      const a = rectangular("random", m, n, kind);
      const { permutation, l, u } = lu(a);
      expect(ratio(take(a, permutation, 0), product(l, u), kind)).toBeLessThan(THRESHOLD);
      const pivoted = pivotedQr(rectangular("lowRank", m, n, kind));
      expect(orthogonality(pivoted.q)).toBeLessThan(THRESHOLD);
      const diagonal = dense(pivoted.r);
      const rank = Math.ceil(Math.min(m, n) / 3);
      const at = (i: number): number => diagonal.re[i * (diagonal.n + 1)]!;
      expect(at(rank) / at(0)).toBeLessThan(1e-12);
      expect(at(rank - 1) / at(0)).toBeGreaterThan(1e-3);
    }
    const h = hermitian(230, kind, 5);
    const { l, d, permutation } = ldl(h);
    expect(
      ratio(take(take(h, permutation, 0), permutation, 1), product(l, d, conjugated(l)), kind),
    ).toBeLessThan(THRESHOLD);
    // Sylvester's law: as many positive and negative values in d as in the matrix.
    const negative = (x: Tensor): number => Array.from(eigh(x).values.data()).filter((v) => v < 0).length;
    expect(negative(d)).toBe(negative(h));
  });
});

describe("batches and bad input", () => {
  it("factorizations of a batch are those of its matrices", () => {
    const a = concat([matrix(4, 3, "float64", 1), matrix(4, 3, "float64", 2)], 0).reshape([2, 4, 3]);
    for (const f of [
      (x: Tensor) => lu(x).u,
      (x: Tensor) => fullQr(x).r,
      (x: Tensor) => pivotedQr(x).r,
      (x: Tensor) => polar(x).p,
      (x: Tensor) => fullSvd(x).s,
    ]) {
      const both = f(a);
      for (const i of [0, 1]) expect(distance(dense(both.at(i)), dense(f(a.at(i))))).toBeLessThan(1e-14);
      const mapped = vmap(f)(a);
      expect(mapped.sub(both).abs().max().item()).toBeLessThan(1e-14);
    }
    const updated = qrUpdate(qr(a), a.at(":", ":", 0), a.at(":", 0));
    expect(updated.q.shape).toEqual([2, 4, 3]);
    const first = qrUpdate(qr(a.at(0)), a.at(0, ":", 0), a.at(0, 0));
    expect(distance(dense(updated.r.at(0)), dense(first.r))).toBeLessThan(1e-14);
  });

  it("values that are not finite are refused by all of them", () => {
    const bad = [Number.NaN, Number.POSITIVE_INFINITY].map((x) =>
      tensor([
        [2, x],
        [x, 2],
      ]),
    );
    for (const a of bad)
      for (const f of [lu, ldl, fullQr, pivotedQr, polar, fullSvd, nullSpace, orth])
        expect(() => f(a)).toThrow(/not finite/);
  });

  it("shapes and options that do not fit", () => {
    const a = matrix(4, 3, "float64", 1);
    expect(() => ldl(a)).toThrow(/square/);
    expect(() => ldl(matrix(3, 3, "float64", 1))).toThrow(/not symmetric/);
    for (const f of [lu, fullQr, pivotedQr, polar, fullSvd])
      expect(() => f(tensor([1, 2]))).toThrow(/matrix/);
    const h = hermitian(4, "float64", 1);
    expect(() => eigh(h, { indices: [2, 5] })).toThrow(/indices 0 <= from <= to <= 4/);
    expect(() => eigh(h, { range: [2, 1] })).toThrow(/low <= high/);
    expect(() => eigh(h, { range: [0, 1], indices: [0, 1] })).toThrow(/both/);
    expect(() => eigh(h.expandDims(0), { range: [0, 1] })).toThrow(/one matrix/);
    expect(() => generalizedEigh(h, eye(3, 3))).toThrow(/one order/);
    expect(() => generalizedEigh(h, eye(4, 4).neg())).toThrow(/positive definite/);
    expect(() => qrUpdate(qr(a), tensor([1, 2]), tensor([1, 2, 3]))).toThrow(/u must be \[..., 4\]/);
    expect(() => qrUpdate(qr(a.mT()), tensor([1, 2, 3]), tensor([1, 2, 3]))).toThrow(/m >= n/);
    expect(() => qrDeleteColumn(qr(a), 3)).toThrow(/from 0 to 2/);
    expect(() => qrInsertColumn(qr(matrix(3, 3, "float64", 1)), 0, tensor([1, 2, 3]))).toThrow(/room/);
    expect(() =>
      grad((x: Tensor) => qrUpdate(qr(x), tensor([1, 2, 3, 4]), tensor([1, 2, 3])).r.sum())(a),
    ).toThrow(/qr of the changed matrix/);
  });

  it("eigh finds the values in a range", () => {
    const h = hermitian(30, "float64", 3);
    const all = Array.from(eigh(h).values.data());
    const { values, vectors } = eigh(h, { range: [-1, 2] });
    const inside = all.filter((v) => v >= -1 && v < 2);
    expect(inside.length).toBeGreaterThan(3);
    expect(values.shape).toEqual([inside.length]);
    Array.from(values.data()).forEach((v, i) => {
      expect(v).toBeCloseTo(inside[i]!, 12);
    });
    expect(distance(dense(matmul(h, vectors)), dense(vectors.mul(values)))).toBeLessThan(1e-12);
    expect(eigh(h, { range: [1e3, 1e4] }).vectors.shape).toEqual([30, 0]);
  });

  it("a Hermitian product of complex factors comes out real on its diagonal", () => {
    const { l, d } = ldl(fromDense(dense(hermitian(6, "complex128", 2)), "complex128"));
    const { im, n } = dense(product(l, d, conjugated(l)));
    for (let i = 0; i < n; i++) expect(Math.abs(im[i * (n + 1)]!)).toBeLessThan(1e-14);
    expect(distance(times(dense(l), adjoint(dense(l))))).toBeGreaterThan(0.99);
  });
});
