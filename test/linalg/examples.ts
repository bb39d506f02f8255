// Example operands of the primitives of linalg for the walk through the registry. Hermitian tolerances are infinite, so
// that also the derivative along other directions is checked: that of the Hermitian part.
import { cosine, expPolynomial, expQuadratic, rational } from "polyadic/linalg";
import { type Tensor, tensor } from "polyadic/tensor";
import type { LinearPlan } from "../../src/linalg/operator/planned.ts";
import { separate } from "../../src/linalg/trees/separators.ts";
import { orderTree } from "../../src/linalg/trees/tree.ts";
import { preparing } from "../../src/linalg/trees/treeIntegrator.ts";
import { type Example, type Operand, realPart, values } from "../transform/operands.ts";

/** Positive numbers up to `spread` (complex ones of that size) around a diagonal that grows from `first`. */
function around(m: number, n: number, first: number, spread: number): Operand {
  const noise = values([m, n], 0.2, 1);
  const diagonal = Array.from({ length: m }, (_, i) =>
    Array.from({ length: n }, (_, j) => (i === j ? first + 0.8 * i : 0)),
  );
  return {
    ...noise,
    draw: (dtype, numbers, random) =>
      noise.draw(dtype, numbers, random).mul(spread).add(tensor(diagonal)).astype(dtype),
  };
}

const one = (params: unknown, ...operands: readonly Operand[]): Example => ({ params, operands, slack: 8 });

/** left · diag(sin s) · rightᴴ: the vectors without their signs and phases, which derivatives do not follow. */
const between = (left: Tensor, s: Tensor, right: Tensor): Tensor =>
  left.mul(s.sin().expandDims(-2)).matmul(right.conj().mT());

const caller = "example";
const any = { tolerance: Number.POSITIVE_INFINITY };

const system = (params: object): Example => ({
  params: { caller, ...params },
  operands: [around(3, 3, 3, 0.5), values([3, 2])],
  linear: [[1]],
});
const batchOfSystems = (params: object): Example => {
  const square = around(3, 3, 3, 0.5);
  return {
    params: { caller, ...params },
    operands: [
      { ...square, draw: (...given) => square.draw(...given).broadcastTo([2, 3, 3]) },
      values([2, 3, 1]),
    ],
    linear: [[1]],
  };
};
const systems = (params: object): Example[] => [system(params), batchOfSystems(params)];

const rank = { rtol: 1e-5 };

/** A matrix `[rows, columns]`, row by row, as a plan. */
function planOf(rows: number, columns: number, entry: (i: number, j: number) => number): LinearPlan {
  const make = (isBack: boolean): LinearPlan => ({
    rows: isBack ? columns : rows,
    columns: isBack ? rows : columns,
    multiply: (x, count, y) => {
      y.fill(0);
      for (let i = 0; i < rows; i++)
        for (let j = 0; j < columns; j++)
          for (let c = 0; c < count; c++) {
            const [to, from] = isBack ? [j, i] : [i, j];
            y[to * count + c] += entry(i, j) * x[from * count + c];
          }
    },
    transpose: () => make(!isBack),
  });
  return make(false);
}

/** A small tree, so finely taken apart that every step is needed. */
const treeParams = {
  n: 7,
  prepare: preparing(
    separate(
      orderTree("example", { parent: [-1, 0, 0, 1, 1, 2, 5], weight: [0, 0.3, 0.5, 0.2, 0.4, 0.1, 0.6] }),
      2,
    ),
  ),
};

export const FACTORIZATIONS: Readonly<Record<string, readonly Example[]>> = {
  plannedProduct: [
    [4, 2],
    [2, 4, 1],
  ].map((shape) => ({
    params: { plan: planOf(3, 4, (i, j) => 1 + i * j - j) },
    operands: [values(shape)],
    linear: [[0]],
  })),
  treeProduct: [
    { family: expPolynomial({ rate: 1, coefficients: [1, 1] }).family, size: 3 },
    { family: rational({ numerator: [1], denominator: [1, 1] }).family, size: 3 },
    { family: expQuadratic({ a: 1 }).family, size: 3 },
    { family: cosine(1).family, size: 1 },
  ].map(({ family, size }) => ({
    params: { ...treeParams, family },
    operands: [values([size], 0.2, 0.6), values([7, 2])],
    linear: [[1]],
  })),
  cholesky: [one(any, around(3, 3, 3, 0.5))],
  solve: [...systems({ transposed: false }), ...systems({ transposed: true })],
  solvePositive: systems(any),
  solveTriangular: (["none", "transpose", "adjoint"] as const).flatMap((transpose) => [
    ...systems({ lower: true, transpose }),
    system({ lower: false, transpose, unitDiagonal: true }),
  ]),
  divideByGap: [
    { params: undefined, operands: [values([2, 3]), realPart(values([2, 3], 0.5, 2, true))], linear: [[0]] },
  ],
  eigh: [
    {
      ...one(any, around(3, 3, 1, 0.2)),
      observe: ([values, vectors]) => [values!, between(vectors!, values!, vectors!)],
    },
  ],
  eigvalsh: [one(any, around(3, 3, 1, 0.2))],
  qr: [around(4, 2, 2, 0.5), around(3, 3, 2, 0.5), around(2, 4, 2, 0.5)].map((x) => one(undefined, x)),
  svd: [around(4, 2, 2, 0.2), around(3, 3, 2, 0.2), around(2, 4, 2, 0.2)].map((x) => ({
    ...one(undefined, x),
    observe: ([u, s, v]) => [s!, between(u!, s!, v!), between(u!, s!, u!), between(v!, s!, v!)],
  })),
  svdvals: [around(4, 2, 2, 0.2), around(2, 4, 2, 0.2)].map((x) => one(undefined, x)),
  pinv: [around(4, 2, 2, 0.5), around(2, 4, 2, 0.5)].map((x) => one(rank, x)),
  lstsq: [
    one(rank, around(4, 2, 2, 0.5), values([4, 2])),
    // Consistent: the residual is zero and stays so.
    one(rank, around(2, 4, 2, 0.5), values([2, 2])),
  ],
  det: [one(undefined, around(3, 3, 2, 0.5))],
  cofactors: [one(undefined, around(3, 3, 2, 0.5))],
  lu: [around(4, 2, 4, 0.5), around(3, 3, 4, 0.5), around(2, 4, 4, 0.5)].map((x) => one(undefined, x)),
  ldl: [one(any, around(3, 3, 4, 0.5))],
  fullQr: [around(3, 3, 2, 0.5), around(2, 4, 2, 0.5)]
    .map((x) => one(undefined, x))
    .concat({
      ...one(undefined, around(4, 2, 2, 0.5)),
      // Of the columns beyond the range only their space is determined.
      observe: ([q, r]) => {
        const rest = q!.at("...", "2:");
        return [r!, q!.at("...", ":2"), rest.matmul(rest.conj().mT())];
      },
    }),
  pivotedQr: [around(4, 2, 2, 0.5), around(2, 4, 2, 0.5)].map((x) => one(undefined, x)),
  polar: [around(4, 2, 2, 0.2), around(3, 3, 2, 0.2)].map((x) => one(undefined, x)),
  choleskyUpdate: [
    one({ caller, sign: 1 }, around(3, 3, 3, 0.5), values([3, 2])),
    one({ caller, sign: -1 }, around(3, 3, 8, 0.5), values([3, 1])),
  ],
  eighSome: [
    {
      ...one({ ...any, from: 1, to: 3 }, around(4, 4, 1, 0.2)),
      observe: ([values, vectors]) => [values!, between(vectors!, values!, vectors!)],
    },
  ],
  solveBanded: [
    {
      params: { lower: 1, upper: 1 },
      operands: [around(3, 4, 3, 0.2), values([4, 2])],
      linear: [[1]],
      slack: 8,
    },
  ],
  slogdet: [one(undefined, around(3, 3, 2, 0.5))],
  frobenius: [one(undefined, values([3, 2]))],
};
