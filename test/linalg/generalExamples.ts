// Example operands of the primitives for general (nonsymmetric) matrices for the walk through the registry.
import { eye, type Tensor, tensor } from "polyadic/tensor";
import { EXPM } from "../../src/linalg/functions/expm.ts";
import { type Example, type Operand, values } from "../transform/operands.ts";

/** Small numbers around a diagonal that grows from `first`, so that eigenvalues differ. */
function around(n: number, first: number, spread: number): Operand {
  const noise = values([n, n], 0.2, 1);
  const diagonal = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => (i === j ? first + 0.9 * i : 0)),
  );
  return {
    ...noise,
    draw: (dtype, numbers, random) =>
      noise.draw(dtype, numbers, random).mul(spread).add(tensor(diagonal)).astype(dtype),
  };
}

/** A positive definite matrix that stays so when it moves: 0.3 x xᴴ + 4. */
function positive(n: number): Operand {
  const noise = values([n, n], 0.2, 1);
  return {
    ...noise,
    draw: (dtype, numbers, random) => {
      const x = noise.draw(dtype, numbers, random);
      return x.matmul(x.mT().conj()).mul(0.3).add(eye(n).mul(4)).astype(dtype);
    },
  };
}

const one = (params: unknown, ...operands: readonly Operand[]): Example => ({ params, operands, slack: 8 });
/** left · diag(sin values) · rightᴴ: nothing that depends on the order of values or the phases of vectors. */
const between = (left: Tensor, x: Tensor, right: Tensor): Tensor =>
  left.mul(x.sin().expandDims(-2)).matmul(right.conj().mT());

const caller = "example";

export const GENERAL: Readonly<Record<string, readonly Example[]>> = {
  eig: [
    {
      ...one(undefined, around(3, 1, 0.05)),
      observe: ([values, vectors]) => [values!.sin().sum({ axis: -1 }), between(vectors!, values!, vectors!)],
    },
  ],
  eigTwoSided: [
    {
      ...one(undefined, around(3, 1, 0.05)),
      observe: ([values, vectors, left]) => [
        between(vectors!, values!, vectors!),
        between(left!, values!, left!),
      ],
    },
  ],
  eigvals: [
    { ...one(undefined, around(3, 1, 0.05)), observe: ([values]) => [values!.sin().sum({ axis: -1 })] },
  ],
  pairValues: [one(undefined, values([2, 3]), values([2, 3]))],
  hessenberg: [one(undefined, around(3, 1, 0.5))],
  matrixBalance: [one({ permute: true, scale: true }, around(3, 1, 0.5))],
  schur: [one({ output: "complex", sort: null }, around(3, 1, 0.5))],
  rsf2csf: [one(undefined, { ...values([3, 3]), draw: (dtype) => eye(3, 3, { dtype }) }, around(3, 1, 0.5))],
  qz: [one({ output: "complex", sort: null }, around(3, 1, 0.5), around(3, 2, 0.2))],
  eigGeneralized: [one(undefined, around(3, 1, 0.5), around(3, 2, 0.2))],
  sylvester: [false, true].map((transposed) => ({
    ...one({ caller, transposed }, around(3, 1, 0.3), around(2, 1, 0.3), values([3, 2])),
    linear: [[2]],
  })),
  discreteLyapunov: [{ ...one(undefined, around(3, 1.5, 0.2), values([3, 3])), linear: [[1]] }],
  riccati: (["continuous", "discrete"] as const).map((kind) =>
    one(
      { caller, kind, tolerance: Number.POSITIVE_INFINITY },
      around(2, 0.1, 0.2),
      around(2, 2, 0.1),
      positive(2),
      positive(2),
      around(2, 2, 0.1),
      {
        ...values([2, 2]),
        draw: (...given) =>
          values([2, 2])
            .draw(...given)
            .mul(0.05),
      },
    ),
  ),
  sqrtm: [one(undefined, around(3, 2, 0.2))],
  matrixFunction: [one({ f: EXPM }, around(2, 0.5, 0.3))],
  frechetDerivative: [{ ...one({ f: EXPM }, around(2, 0.5, 0.3), values([2, 2])), linear: [[1]] }],
};

/** Those that refuse to be differentiated. */
export const WITHOUT_DERIVATIVE: readonly string[] = [
  "hessenberg",
  "matrixBalance",
  "schur",
  "rsf2csf",
  "qz",
  "eigGeneralized",
];
