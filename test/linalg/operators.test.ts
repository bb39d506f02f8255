// Every kind of operator against the dense matrix that it stands for.

import { matmul, tril } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  Banded,
  BlockDiagonal,
  BlockTensorTrain,
  Circulant,
  Dense,
  Diagonal,
  FunctionOperator,
  Hadamard,
  HouseholderProduct,
  Inverse,
  identityOperator,
  inv,
  Kronecker,
  kron,
  type LinearOperator,
  LowRank,
  Monarch,
  Permutation,
  Product,
  Scaled,
  Sparse,
  Sum,
  shiftedBy,
  solve,
  solveBanded,
  TensorTrain,
  Toeplitz,
  toeplitz,
  tridiagonal,
} from "polyadic/linalg";
import { fromDense } from "polyadic/sparse";
import { eye, type Tensor, tensor, zeros } from "polyadic/tensor";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { dense, distance, hermitian, type Kind, matrix } from "./check.ts";

const vector = (n: number, kind: Kind, seed: number): Tensor => matrix(n, 1, kind, seed).ravel();
const positive = (n: number, kind: Kind, seed: number): Tensor => {
  const x = matrix(n, n + 2, kind, seed);
  return x.matmul(x.mT().conj());
};
const dominant = (n: number, kind: Kind, seed: number): Tensor =>
  matrix(n, n, kind, seed).add(eye(n, n, { dtype: kind }).mul(4 * n));

/** A few diagonals of twelve rows. */
const SPARSE = Array.from({ length: 12 }, (_, i) =>
  Array.from({ length: 12 }, (_, j) => (i === j ? 9 : (i + 3 * j) % 4 === 0 ? 1 : 0)),
);

/** Operators of one kind of numbers by name, all different, square ones of order 12 unless the name says otherwise. */
function zoo(kind: Kind): Record<string, LinearOperator> {
  const n = 12;
  const bands = matrix(4, n, kind, 3).add(
    tensor([[0], [6], [0], [0]])
      .broadcastTo([4, n])
      .astype(kind),
  );
  return {
    dense: new Dense(matrix(n, n, kind, 1)),
    "dense wide": new Dense(matrix(5, 9, kind, 1)),
    "dense positive definite": new Dense(positive(n, kind, 2), { positiveDefinite: true }),
    "dense lower": new Dense(tril(dominant(n, kind, 2)), { triangular: "lower" }),
    function: new FunctionOperator((x) => matmul(matrix(7, 5, kind, 4), x), {
      shape: [7, 5],
      dtype: kind,
      transpose: (x) => matmul(matrix(7, 5, kind, 4).mT(), x),
    }),
    diagonal: new Diagonal(vector(n, kind, 5)),
    identity: identityOperator(n, kind),
    permutation: new Permutation([3, 1, 0, 2, 5, 4, 11, 10, 9, 8, 7, 6], kind),
    circulant: new Circulant(vector(n, kind, 6)),
    Toeplitz: new Toeplitz(vector(n, kind, 7), vector(n, kind, 8)),
    "Toeplitz tall": new Toeplitz(vector(n, kind, 7), vector(5, kind, 8)),
    "Toeplitz of one row": new Toeplitz(vector(1, kind, 7), vector(5, kind, 8)),
    Hadamard: new Hadamard(16, kind),
    "low-rank": new LowRank(matrix(9, 3, kind, 9), matrix(n, 3, kind, 10), {
      s: tensor([3, 2, 1]).astype(kind),
    }),
    Householder: new HouseholderProduct(matrix(n, 5, kind, 11)),
    banded: new Banded(bands, { lower: 2, upper: 1 }),
    "banded wider than the matrix": new Banded(matrix(6, 3, kind, 3), { lower: 4, upper: 1 }),
    tridiagonal: tridiagonal(vector(n - 1, kind, 1), vector(n, kind, 2).add(5), vector(n - 1, kind, 3)),
    Kronecker: new Kronecker([dominant(3, kind, 1), dominant(4, kind, 2)]),
    "Kronecker of three, not square": new Kronecker([
      matrix(2, 3, kind, 1),
      matrix(3, 2, kind, 2),
      new Diagonal(vector(2, kind, 3)),
    ]),
    Monarch: new Monarch(
      matrix(3 * 2, 4, kind, 1).reshape([3, 2, 4]),
      matrix(4 * 3, 5, kind, 2).reshape([4, 3, 5]),
    ),
    "block tensor-train": new BlockTensorTrain([
      matrix(3 * 2, 4 * 2, kind, 1).reshape([3, 2, 8]),
      matrix(4 * 6, 2, kind, 2).reshape([4, 6, 2]),
    ]),
    "tensor-train": new TensorTrain([
      matrix(2 * 3, 2, kind, 1).reshape([1, 2, 3, 2]),
      matrix(2 * 3, 2 * 3, kind, 2).reshape([2, 3, 2, 3]),
      matrix(3 * 2, 2, kind, 3).reshape([3, 2, 2, 1]),
    ]),
    sparse: new Sparse(fromDense(matrix(n, n, kind, 3).mul(tensor(SPARSE)).astype(kind))),
    "sparse, wide": new Sparse(fromDense(matrix(4, n, kind, 3))),
    "sparse lower": new Sparse(fromDense(tril(dominant(n, kind, 2))), { triangular: "lower" }),
    "sparse positive definite": new Sparse(fromDense(positive(n, kind, 2)), { positiveDefinite: true }),
    sum: new Sum([matrix(n, n, kind, 1), new Diagonal(vector(n, kind, 2))]),
    scaled: new Scaled(tensor(-2).astype(kind), new Toeplitz(vector(n, kind, 7))),
    product: new Product([
      new Diagonal(vector(n, kind, 1)),
      new Hadamard(16, kind).toDense().at(":12", ":16"),
    ]),
    "product of square ones": new Product([new Circulant(vector(n, kind, 6)), dominant(n, kind, 2)]),
    inverse: new Inverse(dominant(n, kind, 3)),
    shifted: shiftedBy(hermitian(n, kind, 1), 20, { positiveDefinite: true }),
    "block-diagonal": new BlockDiagonal([dominant(3, kind, 1), new Diagonal(vector(4, kind, 2))]),
  };
}

describe.each(["float64", "complex128", "float32"] as const)("operators of %s", (kind) => {
  const tolerance = kind === "float32" ? 2e-4 : 1e-11;
  const near = (actual: Tensor, expected: Tensor): void => {
    expect(actual.shape).toEqual(expected.shape);
    const size = Math.max(1, distance(dense(expected)));
    expect(distance(dense(actual), dense(expected)) / size).toBeLessThan(tolerance);
  };

  it.each(Object.entries(zoo(kind)))("%s", (_, operator) => {
    const [m, n] = operator.shape;
    const full = operator.toDense();
    expect(full.shape).toEqual([m, n]);
    expect(operator.dtype).toBe(kind);
    const [x, columns, y] = [vector(n, kind, 20), matrix(n, 3, kind, 21), vector(m, kind, 22)];
    near(operator.apply(x), matmul(full, x));
    near(operator.apply(columns), matmul(full, columns));
    near(operator.transpose().apply(y), matmul(full.mT(), y));
    near(operator.adjoint().apply(y), matmul(full.mT().conj(), y));
    near(operator.conj().apply(x), matmul(full.conj(), x));
    near(operator.transpose().toDense(), full.mT());
    near(operator.transpose().transpose().apply(x), matmul(full, x));
    const k = Math.min(m, n);
    const diagonal = full.at(`:${k}`, `:${k}`).mul(eye(k, k)).sum({ axis: 1 }).astype(kind);
    near(operator.diagonal().astype(kind), diagonal);
    expect(operator.cost()).toBeGreaterThan(0);
    if (operator.tags.unitary) near(operator.adjoint().apply(operator.apply(x)), x);
    if (operator.tags.hermitian) near(full, full.mT().conj());
    expect(() => operator.apply(zeros([n + 1]))).toThrow(new RegExp(`vector \\[${n}\\]`));
    expect(`${operator}`).toContain(operator.kind);
    if (m !== n) {
      expect(() => solve(operator, y)).toThrow(/square/);
      return;
    }
    const b = operator.apply(x);
    if (operator.solver()) {
      near(operator.apply(solve(operator, b)), b);
      near(operator.apply(solve(operator, operator.apply(columns))), operator.apply(columns));
    } else if (kind !== "float32") near(operator.apply(solve(operator, b, { rtol: 1e-13 })), b);
  });
});

describe("cheap ways", () => {
  it("cost much less than dense products", () => {
    const n = 1 << 12;
    const column = zeros([n]).add(1);
    expect(new Toeplitz(column).cost()).toBeLessThan((n * n) / 20);
    expect(new Hadamard(n).cost()).toBeLessThan((n * n) / 100);
    const small = eye(16, 16);
    expect(new Kronecker([small, small, small]).cost()).toBe(3 * 16 * n);
    const cores = [eye(16, 16).reshape([1, 16, 16, 1]), eye(16, 16).reshape([1, 16, 16, 1])];
    expect(new TensorTrain(cores).cost()).toBe(2 * 16 * 256);
  });

  it("a product with a large Kronecker product never forms it", () => {
    const k = 12;
    const factors = Array.from({ length: 5 }, (_, i) => matrix(k, k, "float64", i));
    const x = vector(k ** 5, "float64", 9);
    const y = new Kronecker(factors).apply(x);
    // Along one line of the result only one row of each factor matters.
    let rest = x.reshape([k, k ** 4]);
    for (const factor of factors.slice(0, 4)) {
      rest = matmul(factor.at("0:1"), rest);
      rest = rest.reshape([k, rest.size / k]);
    }
    expect(distance(dense(y.at(":12")), dense(matmul(factors[4]!, rest).ravel()))).toBeLessThan(1e-9);
  });

  it("sums of positive definite operators are positive definite, products of unitary ones unitary", () => {
    const p = new Dense(positive(4, "float64", 1), { positiveDefinite: true });
    expect(new Sum([p, identityOperator(4)]).tags.positiveDefinite).toBe(true);
    expect(new Product([new Hadamard(4), new Permutation([1, 0, 3, 2])]).tags.unitary).toBe(true);
    expect(new Kronecker([p, p]).tags.positiveDefinite).toBe(true);
    expect(new Sum([p, new Dense(matrix(4, 4, "float64", 1))]).tags.hermitian).toBeUndefined();
  });
});

describe("operators inside of transforms", () => {
  const c = tensor([4, 1, 0.5, 0.25]);
  it("derivatives by what they are made of", () => {
    const f = (column: Tensor): Tensor =>
      new Toeplitz(column)
        .apply(tensor([1, 2, 3, 4]))
        .square()
        .sum();
    const g = (column: Tensor): Tensor =>
      matmul(toeplitz(column), tensor([1, 2, 3, 4]))
        .square()
        .sum();
    expect(distance(dense(grad(f)(c)), dense(grad(g)(c)))).toBeLessThan(1e-10);
    expect(distance(dense(jit(grad(f))(c)), dense(grad(g)(c)))).toBeLessThan(1e-10);
  });

  it("derivatives of systems, solved by structure and by iteration", () => {
    const b = tensor([1, -1, 2, 0.5]);
    const direct = (x: Tensor): Tensor =>
      matmul(inv(toeplitz(x)), b)
        .square()
        .sum();
    const expected = grad(direct)(c);
    const iterated = (x: Tensor): Tensor =>
      solve(new Toeplitz(x, undefined, { positiveDefinite: true }), b)
        .square()
        .sum();
    expect(distance(dense(grad(iterated)(c)), dense(expected))).toBeLessThan(1e-7);
    const kronecker = (x: Tensor): Tensor =>
      solve(new Kronecker([toeplitz(x), eye(2, 2)]), kron(b, tensor([1, 0])))
        .square()
        .sum();
    expect(distance(dense(grad(kronecker)(c)), dense(expected))).toBeLessThan(1e-9);
    const bands = tensor([
      [0, 1, 1, 1],
      [4, 4, 4, 4],
      [1, 1, 1, 0],
    ]);
    const banded = (x: Tensor): Tensor =>
      solveBanded(new Banded(x, { lower: 1, upper: 1 }), b)
        .square()
        .sum();
    const step = 1e-6;
    const slope =
      banded(bands.add(step))
        .sub(banded(bands.sub(step)))
        .item() /
      (2 * step);
    // The two corners that lie outside of the matrix do not count.
    expect(grad(banded)(bands).sum().item()).toBeCloseTo(slope, 7);
    expect(grad(banded)(bands).at(0, 0).item()).toBe(0);
    const many = vmap((x: Tensor) => solveBanded(new Banded(x, { lower: 1, upper: 1 }), b))(
      bands.expandDims(0).broadcastTo([2, 3, 4]),
    );
    expect(many.shape).toEqual([2, 4]);
  });
});

describe("bad input", () => {
  it("is refused at the door", () => {
    expect(() => new Dense(zeros([3]))).toThrow(/2 axes/);
    expect(() => new Diagonal(zeros([3, 3]))).toThrow(/1 axis/);
    expect(() => new Permutation([0, 0, 1])).toThrow(/0 twice/);
    expect(() => new Hadamard(12)).toThrow(/power of 2/);
    expect(() => new LowRank(zeros([3, 2]), zeros([3, 1]))).toThrow(/\[m, r\]/);
    expect(() => new Banded(zeros([2, 5]), { lower: 1, upper: 1 })).toThrow(/bands must be \[3, n\]/);
    expect(() => new Banded(zeros([2, 5]), { lower: -1, upper: 1 })).toThrow(/>= 0/);
    expect(() => tridiagonal(zeros([3]), zeros([3]), zeros([2]))).toThrow(/\[2\]/);
    expect(() => new Monarch(zeros([2, 2, 2]), zeros([3, 2, 2]))).toThrow(/left \[q, s, k\]/);
    expect(() => new TensorTrain([zeros([1, 2, 2, 2])])).toThrow(/ranks/);
    expect(() => new Sum([zeros([2, 2]), zeros([3, 3])])).toThrow(/one shape/);
    expect(() => new Product([zeros([2, 2]), zeros([3, 3])])).toThrow(/do not fit/);
    expect(() => new Inverse(new Toeplitz(tensor([1, 2])))).toThrow(/no solver/);
    expect(() => new Toeplitz(zeros([0]))).toThrow(/empty/);
    expect(() => new FunctionOperator((x) => x, { shape: [2, 2] }).transpose()).toThrow(
      /transpose is needed/,
    );
    expect(() => new FunctionOperator(() => zeros([3]), { shape: [2, 2] }).apply(zeros([2]))).toThrow(
      /product/,
    );
    expect(() => solveBanded(tridiagonal(zeros([1]), zeros([2]), zeros([1])), zeros([2]))).toThrow(
      /singular/,
    );
    expect(() => solve(new Toeplitz(tensor([1, 2])), zeros([3]))).toThrow(/b must be \[2\]/);
  });
});
