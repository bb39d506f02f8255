// Formats, products, sums and selections against SciPy and against dense matrices.
import fc from "fast-check";
import { DomainError, DTypeError, ShapeError } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  blockDiag,
  bsr,
  coo,
  csc,
  csr,
  fromDense,
  type SparseMatrix,
  sparseBlock,
  sparseDiags,
  sparseEye,
  sparseKron,
} from "polyadic/sparse";
import { eye, type Tensor, tensor } from "polyadic/tensor";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import data from "../reference/sparse.json" with { type: "json" };
import { anyMatrix, expectClose, type Listed, matrixOf, tensorOf } from "./compare.ts";

const FORMATS = ["coo", "csr", "csc", "bsr"] as const;
const size = fc.integer({ min: 1, max: 7 });

function as(a: SparseMatrix, format: (typeof FORMATS)[number]): SparseMatrix {
  if (format === "bsr") return a.toBsr([a.shape[0] % 2 ? 1 : 2, a.shape[1] % 2 ? a.shape[1] : 2]);
  return format === "coo" ? a.toCoo() : format === "csr" ? a.toCsr() : a.toCsc();
}

describe.each(data.algebra)("SciPy, $dtype", (given) => {
  const [a, b, c] = [given.a, given.b, given.c].map((x) => matrixOf(x as Listed));
  const expectRows = (
    x: SparseMatrix,
    expected: { indptr: number[]; indices: number[]; values: unknown },
  ) => {
    expect([...x.indptr]).toEqual(expected.indptr);
    expect([...x.indices]).toEqual(expected.indices);
    expectClose(x.values, tensorOf(expected.values));
  };
  test("conversions", () => {
    expectRows(a.toCsr(), given.csr);
    expectRows(a.toCsc(), given.csc);
    expectClose(a.toDense(), tensorOf(given.dense));
  });
  test("products and sums", () => {
    expectClose(a.matmul(tensorOf(given.x)), tensorOf(given.ax));
    expectRows(a.matmul(b), given.ab);
    expectRows(a.add(c), given.sum);
    expectClose(a.mul(c).toDense(), tensorOf(given.product));
    expectClose(sparseKron(a.slice(":2", ":2"), b.slice(":2", ":3")).toDense(), tensorOf(given.kron));
  });
  test("parts and norms", () => {
    expectClose(a.slice([4, 1, 1], [3, 0]).toDense(), tensorOf(given.slice));
    expectClose(a.diagonal(), tensorOf(given.diagonal));
    expectClose(a.diagonal(1), tensorOf(given.above));
    expectClose(a.diagonal(-2), tensorOf(given.below));
    const norms = [a.norm(), a.norm(1), a.norm(Number.POSITIVE_INFINITY)].map((x) => x.item());
    expectClose(tensor(norms), tensor(given.norms));
  });
});

describe("algebra equals that of dense matrices", () => {
  test("in every format", () => {
    fc.assert(
      fc.property(
        anyMatrix(size),
        fc.constantFrom(...FORMATS),
        fc.constantFrom(...FORMATS),
        (a, from, to) => {
          const dense = a.toDense();
          const x = as(a, from);
          expect(x.format).toBe(from);
          expectClose(x.toDense(), dense);
          expectClose(as(x, to).toDense(), dense);
          expectClose(x.transpose().toDense(), dense.mT());
          expect(x.transpose().shape).toEqual([a.shape[1], a.shape[0]]);
          const right = tensor(Float64Array.from({ length: a.shape[1] * 2 }, (_, i) => Math.sin(i)));
          expectClose(x.matmul(right.reshape([-1, 2])), dense.matmul(right.reshape([-1, 2])));
          expectClose(x.matmul(right.at(`:${a.shape[1]}`)), dense.matmul(right.at(`:${a.shape[1]}`)));
          expectClose(x.sum(0), dense.sum({ axis: 0 }), 1e-12);
          expectClose(x.sum(1), dense.sum({ axis: 1 }), 1e-12);
          expectClose(x.scale(-2.5).toDense(), dense.mul(-2.5));
        },
      ),
    );
  });
  test("of two matrices", () => {
    const pairs = fc.tuple(size, size, size).chain(([m, k, n]) => {
      const [rows, inner, columns] = [m, k, n].map((length) => fc.constant(length));
      return fc.tuple(anyMatrix(rows, inner), anyMatrix(inner, columns), anyMatrix(rows, inner));
    });
    fc.assert(
      fc.property(pairs, fc.constantFrom(...FORMATS), ([a, b, c], format) => {
        const [x, y, z] = [a, b, c].map((matrix) => as(matrix, format));
        expectClose(x.matmul(y).toDense(), a.toDense().matmul(b.toDense()));
        expectClose(x.add(z).toDense(), a.toDense().add(c.toDense()));
        expectClose(x.sub(z).toDense(), a.toDense().sub(c.toDense()));
        expectClose(x.mul(z).toDense(), a.toDense().mul(c.toDense()));
        const both = blockDiag([x, y]).toDense();
        expectClose(both.at(`:${x.shape[0]}`, `:${x.shape[1]}`), a.toDense());
        expectClose(both.at(`${x.shape[0]}:`, `${x.shape[1]}:`), b.toDense());
        const stacked = sparseBlock([
          [x, null, z],
          [null, y, null],
        ]);
        expectClose(stacked.slice(`:${x.shape[0]}`, `-${z.shape[1]}:`).toDense(), c.toDense());
      }),
    );
  });
  test("of parts", () => {
    const picks = anyMatrix(size).chain((a) =>
      fc.tuple(
        fc.constant(a),
        fc.array(fc.nat(a.shape[0] - 1), { maxLength: 8 }),
        fc.array(fc.nat(a.shape[1] - 1), { maxLength: 8 }),
      ),
    );
    fc.assert(
      fc.property(picks, fc.integer({ min: -3, max: 3 }), ([a, rows, columns], k) => {
        const dense = a.toDense();
        const chosen = dense.at(tensor(rows).astype("int32")).at(":", tensor(columns).astype("int32"));
        expectClose(a.slice(rows, columns).toDense(), chosen);
        expectClose(a.slice("::2", "1:").toDense(), dense.at("::2", "1:"));
        expectClose(
          a
            .tril(k)
            .add(a.triu(k + 1))
            .toDense(),
          dense,
        );
        const lower = a.tril(k);
        expect(lower.coordinates[0].every((i, p) => lower.coordinates[1][p] - i <= k)).toBe(true);
        expectClose(fromDense(dense).toDense(), dense);
        expect(a.prune().nnz).toBe(dense.notEqual(0).sum().item());
      }),
    );
  });
  test("permutations", () => {
    const a = coo([0, 1, 2, 2], [1, 2, 0, 2], [1, 2, 3, 4]);
    const expected = a.toDense().at([2, 0, 1]).at(":", [1, 2, 0]);
    expectClose(a.permute([2, 0, 1], [1, 2, 0]).toDense(), expected);
    expectClose(a.permute([2, 0, 1]).toDense(), a.toDense().at([2, 0, 1]).at(":", [2, 0, 1]));
  });
});

test("diagonals and identities", () => {
  const a = sparseDiags([[1, 2], [3, 4, 5], 6], [-1, 0, 1]);
  expect(a.toDense().toArray()).toEqual([
    [3, 6, 0],
    [1, 4, 6],
    [0, 2, 5],
  ]);
  expect(sparseEye(2, 3, { k: 1 }).toDense().toArray()).toEqual(eye(2, 3, { k: 1 }).toArray());
  expect(sparseEye(2, 2, { dtype: "float32" }).dtype).toBe("float32");
});

test("empty matrices", () => {
  const a = coo([], [], [], [0, 3]);
  expect(a.toCsr().matmul(tensor([1, 2, 3])).shape).toEqual([0]);
  expect(a.transpose().matmul(a).toDense().toArray()).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [0, 0, 0],
  ]);
});

test("conversions keep one pattern, so that what is known of it is found again", () => {
  const a = coo([1, 0, 1], [0, 1, 0], [1, 2, 3]);
  expect(a.toCsr().structure).toBe(a.withValues(tensor([3, 2, 1])).toCsr().structure);
  expect(a.toCsr().toCsc().toCsr().rows.pattern).toBe(a.rows.pattern);
});

describe("transforms", () => {
  const rows = [0, 0, 1, 2, 2];
  const columns = [0, 2, 1, 0, 2];
  const a = coo(rows, columns, [1, 2, 3, 4, 5]);
  const x = tensor([0.5, -1, 2]);
  const places = (full: Tensor): Tensor => tensor(rows.map((i, p) => full.item(i, columns[p])));

  test.each(FORMATS)("gradients in values and operand, %s", (format) => {
    const sparse = as(a, format);
    const loss = (product: Tensor): Tensor => product.square().sum();
    const byValues = grad((values: Tensor) => loss(sparse.withValues(values).matmul(x)))(sparse.values);
    const byDense = grad((dense: Tensor) => loss(dense.matmul(x)))(a.toDense());
    expectClose(
      sparse.withValues(byValues).toDense().mul(a.toDense().notEqual(0).astype("float64")),
      byDense.mul(a.toDense().notEqual(0).astype("float64")),
    );
    expectClose(
      grad((y: Tensor) => loss(sparse.matmul(y)))(x),
      grad((y: Tensor) => loss(a.toDense().matmul(y)))(x),
    );
  });
  test("gradients through sums, products and selections", () => {
    const f = (m: SparseMatrix): Tensor =>
      m.matmul(m.transpose()).add(m.scale(3)).slice([2, 0], ":").matmul(x).sin().sum();
    const g = (m: Tensor): Tensor => m.matmul(m.mT()).add(m.mul(3)).at([2, 0]).matmul(x).sin().sum();
    const sparse = grad((values: Tensor) => f(a.withValues(values)))(a.values);
    expectClose(sparse, places(grad(g)(a.toDense())));
  });
  test("vmap and jit", () => {
    const many = tensor([
      [1, 2, 3, 4, 5],
      [5, 4, 3, 2, 1],
    ]);
    const f = (values: Tensor): Tensor => a.withValues(values).toCsr().matmul(x);
    const together = vmap(f)(many);
    expectClose(together.at(0), f(many.at(0)));
    expectClose(together.at(1), f(many.at(1)));
    expectClose(jit(f)(many.at(1)), f(many.at(1)));
    expectClose(
      vmap((y: Tensor) => a.matmul(y))(
        tensor([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ).at(1),
      a.matmul(tensor([4, 5, 6])),
    );
  });
});

describe("bad input", () => {
  const a = coo([0, 1], [1, 0], [1, 2]);
  test.each<[string, () => unknown, new (...given: never[]) => Error, RegExp]>([
    ["lists of different lengths", () => coo([0], [0, 1], [1]), ShapeError, /one length, got 1 and 2/],
    ["values of another length", () => coo([0], [0], [1, 2]), ShapeError, /values must have shape \[1\]/],
    ["an index out of range", () => coo([0, 2], [0, 0], [1, 1], [2, 2]), DomainError, /index 2 at 1/],
    ["a negative index", () => coo([-1], [0], [1]), DomainError, /index -1 at 0/],
    ["a fraction", () => coo([0.5], [0], [1]), DomainError, /got 0.5 at 0/],
    ["a shape of three lengths", () => coo([0], [0], [1], [1, 1, 1] as never), ShapeError, /two integers/],
    [
      "an indptr that is too short",
      () => csr([0, 1], [0], [1], [2, 2]),
      ShapeError,
      /must have 3 entries, got 2/,
    ],
    ["an indptr that ends early", () => csr([0, 1, 1], [0, 1], [1, 1]), ShapeError, /from 0 to the 2/],
    ["an indptr that descends", () => csr([0, 2, 1, 2], [0, 1], [1, 1]), ShapeError, /must not descend/],
    ["unsorted columns", () => csr([0, 2], [1, 0], [1, 1]), DomainError, /indices of row 0 must ascend/],
    ["repeated rows", () => csc([0, 2], [1, 1], [1, 1]), DomainError, /indices of column 0 must ascend/],
    [
      "a column out of range",
      () => csr([0, 1], [5], [1], [1, 2]),
      DomainError,
      /index 5 at 0 is out of range/,
    ],
    ["blocks that are no blocks", () => bsr([0, 1], [0], tensor([1])), ShapeError, /\[blocks, r, c\]/],
    ["blocks that do not divide", () => a.toBsr([2, 3]), ShapeError, /do not divide/],
    ["float8 values", () => coo([0], [0], tensor([1]).astype("float8_e4m3")), DTypeError, /storage dtype/],
    [
      "a vector of another length",
      () => a.matmul(tensor([1, 2, 3])),
      ShapeError,
      /must be \[2\] or \[2, k\]/,
    ],
    [
      "matrices that do not fit",
      () => a.matmul(sparseEye(3)),
      ShapeError,
      /\[2, 2\] and \[3, 3\] do not fit/,
    ],
    ["sums of different shapes", () => a.add(sparseEye(3)), ShapeError, /differ/],
    ["indptr of coordinates", () => a.indptr, ShapeError, /toCsr/],
    ["rows out of range", () => a.slice([2]), DomainError, /index 2 at 0/],
    ["orders that are none", () => a.permute([0, 0]), DomainError, /permutation of 2/],
    ["other values", () => a.withValues(tensor([1])), ShapeError, /must have shape \[2\]/],
    ["an unknown norm", () => a.norm(2 as never), DomainError, /"fro", 1 or Infinity/],
    [
      "a diagonal that is too long",
      () => sparseDiags([[1, 2, 3]], [0], [2, 2]),
      ShapeError,
      /has 2 entries, got 3/,
    ],
    ["an offset twice", () => sparseDiags([[1], [1]], [0, 0]), DomainError, /different integers/],
    [
      "blocks that do not fit together",
      () => sparseBlock([[a, sparseEye(3)]]),
      ShapeError,
      /lengths 2 and 3/,
    ],
    ["a column without blocks", () => sparseBlock([[a, null]]), ShapeError, /holds no block/],
    ["integers as dtype", () => a.astype("int32"), DTypeError, /not int32/],
    ["a vector as dense matrix", () => fromDense(tensor([1])), ShapeError, /a matrix was expected/],
  ])("%s", (_what, run, type, message) => {
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });
});
