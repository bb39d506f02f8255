// Hessenberg form and balancing, on tensors.
import { bind } from "../../ops/bind.ts";
import {
  definePrimitive,
  JET_FROM_JVP,
  type JvpCall,
  type Primitive,
  type Tangent,
} from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { realDType } from "../../tensor/dtype.ts";
import { TracerError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  checkSquare,
  equilibrate,
  FACTORED,
  factorable,
  load,
  overBatch,
  store,
  storeVector,
  withMatrix,
} from "../base/matrix.ts";
import { balanceMatrix } from "../kernels/balance.ts";
import { reduceToHessenberg } from "../kernels/hessenbergReduce.ts";
import { formProduct } from "../kernels/householder.ts";

/** The rule of factorizations that no derivative is given for. */
export const notDifferentiable =
  <P>(advice: string): ((call: JvpCall<P>) => readonly Tangent[]) =>
  ({ self }) => {
    throw new TracerError(`${self.name} has no derivative; ${advice}`);
  };

export interface Hessenberg {
  /** `[…, n, n]`: zero below the first subdiagonal. */
  readonly h: Tensor;
  /** `[…, n, n]`, unitary. */
  readonly q: Tensor;
}

const hessenbergP: Primitive<undefined> = definePrimitive<undefined>({
  name: "hessenberg",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!, a!],
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const work = load("hessenberg", x!);
      const back = equilibrate(work);
      const { rows: n, width: w, data, dtype } = work;
      const q = formProduct(reduceToHessenberg(w, n, data), n);
      if (back !== 1) for (let i = 0; i < data.length; i++) data[i]! *= back;
      return [store(data, n, n, dtype), store(q, n, n, dtype)];
    }),
  jvp: notDifferentiable("the form is not unique"),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Hessenberg form a = q h qᴴ of square `[…, n, n]`, q unitary, by blocked Householder reflections; 10/3 n³ operations
 * and 4/3 n³ for q. Source: Dongarra, Sorensen and Hammarling (1989). It has no derivative (TracerError).
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity.
 */
export function hessenberg(a: Tensor): Hessenberg {
  checkSquare("hessenberg", a);
  const [h, q] = bind(hessenbergP, [factorable("hessenberg", a)], undefined);
  return { h: h!, q: q! };
}

export interface BalanceOptions {
  /** Isolate eigenvalues by a permutation; true unless told. */
  readonly permute?: boolean;
  /** Make rows and columns of like norm by powers of two; true unless told. */
  readonly scale?: boolean;
}

export interface Balanced {
  /** `[…, n, n]`: t⁻¹ a t for t = p diag(scale), the columns of the identity taken in the order of `permutation`. */
  readonly balanced: Tensor;
  /** `[…, n]`, powers of two. */
  readonly scale: Tensor;
  /** `[…, n]`, int32: row i of the balanced matrix was row permutation[i] of a. */
  readonly permutation: Tensor;
}

const balanceP: Primitive<Required<BalanceOptions>> = definePrimitive<Required<BalanceOptions>>({
  name: "matrixBalance",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const shape = withMatrix(a!, a!.shape.at(-1)!);
    return [a!, { shape, dtype: realDType(a!.dtype) }, { shape, dtype: "int32" }];
  },
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const work = load("matrixBalance", x!);
      const { rows: n, width: w, data, dtype } = work;
      const { low, high, scale, exchanged } = balanceMatrix(w, n, data, params);
      const order = Int32Array.from({ length: n }, (_, i) => i);
      const swap = (i: number): void => {
        const k = exchanged[i]!;
        const held = order[i]!;
        order[i] = order[k]!;
        order[k] = held;
      };
      for (let i = n - 1; i > high; i--) swap(i);
      for (let i = 0; i < low; i++) swap(i);
      return [store(data, n, n, dtype), storeVector(scale, dtype), new Tensor(order, [n], "int32")];
    }),
  jvp: notDifferentiable("scale a by constants that you choose"),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Balances square `[…, n, n]`: a permutation that makes it as block triangular as zeros allow, and a diagonal
 * similarity by powers of two (exact) until rows and columns have 2-norms of like size. O(n²) for a sweep. Source:
 * Parlett and Reinsch (1969), with the norm and the stopping rule of James, Langou and Lowery (2014). It has no
 * derivative (TracerError).
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity.
 */
export function matrixBalance(a: Tensor, { permute = true, scale = true }: BalanceOptions = {}): Balanced {
  checkSquare("matrixBalance", a);
  const inputs = [factorable("matrixBalance", a)];
  const [balanced, factors, permutation] = bind(balanceP, inputs, { permute, scale });
  return { balanced: balanced!, scale: factors!, permutation: permutation! };
}
