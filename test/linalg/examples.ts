// Example operands of the primitives of linalg for the walk through the registry. Hermitian tolerances are infinite, so
// that also the derivative along other directions is checked: that of the Hermitian part.
import { type DType, type Tensor, tensor } from "polyadic/tensor";
import { realDType } from "../../src/tensor/dtype.ts";
import { type Example, type Operand, values } from "../transform/examples.ts";

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

/** A real operand, whatever the dtype of the others. */
const real = (operand: Operand): Operand => ({
  ...operand,
  draw: (dtype, numbers, random): Tensor => operand.draw(realDType(dtype), numbers, random),
});

const isComplex = (dtype: DType): boolean => dtype.startsWith("complex");
const isReal = (dtype: DType): boolean => !isComplex(dtype);

const one = (params: unknown, ...operands: readonly Operand[]): Example => ({ params, operands });

/** Vectors of complex matrices are determined up to a phase, which derivatives do not follow. */
const withVectors = (params: unknown, operand: Operand): Example[] => [
  { params, operands: [operand], suits: isReal },
  { params, operands: [{ ...operand, moves: false }], suits: isComplex },
];

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

export const FACTORIZATIONS: Readonly<Record<string, readonly Example[]>> = {
  cholesky: [one(any, around(3, 3, 3, 0.5))],
  solve: [...systems({ transposed: false }), ...systems({ transposed: true })],
  solvePositive: systems(any),
  solveTriangular: (["none", "transpose", "adjoint"] as const).flatMap((transpose) => [
    ...systems({ lower: true, transpose }),
    system({ lower: false, transpose, unitDiagonal: true }),
  ]),
  divideByGap: [
    { params: undefined, operands: [values([2, 3]), real(values([2, 3], 0.5, 2, true))], linear: [[0]] },
  ],
  eigh: withVectors(any, around(3, 3, 1, 0.2)),
  eigvalsh: [one(any, around(3, 3, 1, 0.2))],
  qr: [around(4, 2, 2, 0.5), around(3, 3, 2, 0.5), around(2, 4, 2, 0.5)].map((x) => one(undefined, x)),
  svd: [around(4, 2, 2, 0.2), around(3, 3, 2, 0.2), around(2, 4, 2, 0.2)].flatMap((x) =>
    withVectors(undefined, x),
  ),
  svdvals: [around(4, 2, 2, 0.2), around(2, 4, 2, 0.2)].map((x) => one(undefined, x)),
  pinv: [around(4, 2, 2, 0.5), around(2, 4, 2, 0.5)].map((x) => one(rank, x)),
  lstsq: [
    one(rank, around(4, 2, 2, 0.5), values([4, 2])),
    // The residual is zero, a corner of its norm: only the batch is looked at.
    one(rank, { ...around(2, 4, 2, 0.5), moves: false }, { ...values([2, 2]), moves: false }),
  ],
  det: [one(undefined, around(3, 3, 2, 0.5))],
  cofactors: [one(undefined, around(3, 3, 2, 0.5))],
  slogdet: [one(undefined, around(3, 3, 2, 0.5))],
  frobenius: [one(undefined, values([3, 2]))],
};
