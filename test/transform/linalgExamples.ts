// Example operands for the primitives of dense linear algebra: well-conditioned matrices, alone and in a batch.
import { type DType, type Nested, type Tensor, tensor } from "polyadic";
import { sin } from "polyadic/ops";
import { type Example, isComplex, type Operand, realPart, values } from "./operands.ts";

const adjoint = (x: Tensor): Tensor => x.conj().mT();
const hermitianPart = (x: Tensor): Tensor => x.add(adjoint(x)).mul(0.5);

/** Matrices with 1, 2, 3 … on the diagonal and small numbers beside it. */
function nearDiagonal(shape: readonly number[], dtype: DType, random: () => number): Tensor {
  const [rows, columns] = shape.slice(-2) as [number, number];
  const count = shape.reduce((size, n) => size * n, 1);
  const small = (): number => 0.6 * random() - 0.3;
  const elements = Array.from({ length: count }, (_, at): Nested => {
    const column = at % columns;
    const row = Math.floor(at / columns) % rows;
    const re = small() + (row === column ? 1 + row : 0);
    return isComplex(dtype) ? { re, im: small() } : re;
  });
  return tensor(elements, { dtype }).reshape(shape);
}

const matrices = (...shape: readonly number[]): Operand => ({
  count: 0,
  moves: true,
  draw: (dtype, _numbers, random) => nearDiagonal(shape, dtype, random),
});

/** Hermitian with different eigenvalues, positive definite; it moves along Hermitian directions. */
const hermitian = (...shape: readonly number[]): Operand => ({
  count: 0,
  moves: true,
  draw: (dtype, _numbers, random) => hermitianPart(nearDiagonal(shape, dtype, random)),
  direct: hermitianPart,
});

const one = (operand: Operand, params?: unknown): Example => ({ params, operands: [operand], slack: 8 });

const systems = (a: (...shape: readonly number[]) => Operand, ...params: readonly unknown[]): Example[] =>
  params.flatMap((each) =>
    [
      [a(3, 3), values([3, 2])],
      [a(2, 3, 3), values([2, 3, 1])],
    ].map((operands) => ({ params: each, operands, linear: [[1]], slack: 8 })),
  );

const triangles = [true, false].flatMap((lower) =>
  ["none", "transpose", "adjoint"].map((transpose) => ({
    caller: "check",
    lower,
    transpose,
    unitDiagonal: transpose === "transpose",
  })),
);

const rank = { rtol: 1e-4 };
const SHAPES = [
  [4, 2],
  [2, 4],
  [3, 3],
  [2, 3, 2],
];

/** left · diag(sin s) · rightᴴ, which knows nothing of phases. */
const between = (left: Tensor, s: Tensor, right: Tensor): Tensor =>
  left.mul(sin(s).expandDims(-2)).matmul(adjoint(right));

export const LINALG_EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  cholesky: [one(hermitian(3, 3)), one(hermitian(2, 2, 2))],
  det: [one(matrices(3, 3)), one(matrices(2, 2, 2))],
  slogdet: [one(matrices(3, 3)), one(matrices(2, 2, 2))],
  solve: systems(matrices, { caller: "check", transposed: false }, { caller: "check", transposed: true }),
  solvePositive: systems(hermitian, { caller: "check", tolerance: 1e-3 }),
  solveTriangular: systems(matrices, ...triangles),
  divideByGap: [
    {
      params: undefined,
      operands: [values([2, 3]), realPart(values([2, 3], 0.5, 2, true))],
      linear: [[0]],
    },
  ],
  frobenius: SHAPES.map((shape) => one(matrices(...shape))),
  qr: SHAPES.map((shape) => one(matrices(...shape))),
  pinv: SHAPES.map((shape) => one(matrices(...shape), rank)),
  lstsq: SHAPES.map((shape) => ({
    params: rank,
    operands: [matrices(...shape), values([...shape.slice(0, -1), 2])],
    slack: 16,
  })),
  svd: SHAPES.map((shape) => ({
    ...one(matrices(...shape)),
    observe: ([u, s, v]) => [s!, between(u!, s!, v!), between(u!, s!, u!), between(v!, s!, v!)],
  })),
  svdvals: SHAPES.map((shape) => one(matrices(...shape))),
  eigh: [hermitian(3, 3), hermitian(2, 2, 2)].map((operand) => ({
    ...one(operand),
    observe: ([w, v]) => [w!, between(v!, w!, v!)],
  })),
  eigvalsh: [one(hermitian(3, 3)), one(hermitian(2, 2, 2))],
};
