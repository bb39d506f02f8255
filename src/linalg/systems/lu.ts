// The LU factorization with partial pivoting, on tensors.
import { bind, bindOne } from "../../ops/bind.ts";
import { takeAlongAxis } from "../../ops/gather.ts";
import { concat, tril, triu } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { eye } from "../../tensor/create.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  checkMatrix,
  FACTORED,
  factorable,
  leastLength,
  load,
  overBatch,
  store,
  withMatrix,
} from "../base/matrix.ts";
import { factorLU } from "../kernels/lu.ts";
import type { Triangle } from "../kernels/triangular.ts";
import type { Width } from "../kernels/vector.ts";
import { solveTriangularP } from "./solveTriangular.ts";

export interface LUFactors {
  /** int32 `[…, m]`: row `permutation[i]` of a is row i of l u. */
  readonly permutation: Tensor;
  /** `[…, m, k]`, lower trapezoidal with a unit diagonal, entries at most 1 in absolute value (complex: √2). */
  readonly l: Tensor;
  /** `[…, k, n]`, upper trapezoidal. */
  readonly u: Tensor;
}

/** The order of rows that exchanges lead to. */
function permutationOf(pivots: Int32Array, rows: number): Int32Array {
  const order = Int32Array.from({ length: rows }, (_, i) => i);
  pivots.forEach((pivot, i) => {
    [order[i], order[pivot]] = [order[pivot]!, order[i]!];
  });
  return order;
}

/** The two factors, apart, of an array in which `factorLU` packed them. */
function unpack(
  w: Width,
  rows: number,
  columns: number,
  packed: Float64Array,
): { readonly l: Float64Array; readonly u: Float64Array } {
  const k = Math.min(rows, columns);
  const l = new Float64Array(rows * k * w);
  const u = new Float64Array(k * columns * w);
  for (let j = 0; j < columns; j++) {
    const column = j * rows * w;
    const upper = Math.min(j + 1, k) * w;
    u.set(packed.subarray(column, column + upper), j * k * w);
    if (j >= k) continue;
    l[column + j * w] = 1;
    l.set(packed.subarray(column + (j + 1) * w, column + rows * w), column + (j + 1) * w);
  }
  return { l, u };
}

const luP: Primitive<undefined> = definePrimitive<undefined>({
  name: "lu",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const { shape, dtype } = a!;
    const k = leastLength(a!);
    return [
      { shape: shape.slice(0, -1), dtype: "int32" },
      { shape: withMatrix(a!, shape.at(-2)!, k), dtype },
      { shape: withMatrix(a!, k, shape.at(-1)!), dtype },
    ];
  },
  evaluate: ([a]) =>
    overBatch([a!], ([x]) => {
      const { data, rows, columns, width, dtype } = load("lu", x!);
      const k = Math.min(rows, columns);
      const order = permutationOf(factorLU(width, rows, columns, data), rows);
      const { l, u } = unpack(width, rows, columns, data);
      return [new Tensor(order, [rows], "int32"), store(l, rows, k, dtype), store(u, k, columns, dtype)];
    }),
  jvp: ({ tangents: [da], outputs: [permutation, l, u] }) => {
    const [m, k] = l!.shape.slice(-2) as [number, number];
    const n = u!.shape.at(-1)!;
    const rows = permutation!.expandDims(-1).broadcastTo(da!.shape);
    // With both factors made square by an identity: L⁻¹ dA U⁻¹ = L⁻¹ dL + dU U⁻¹, whose halves lie below and above.
    const left = completed(l!, m, -1);
    const right = completed(u!, n, -2);
    const half = solveFor(left, takeAlongAxis(da!, rows, -2), { lower: true, unitDiagonal: true });
    const both = solveFor(right, half.mT(), { lower: false, transpose: "transpose" }).mT();
    const dl = left.matmul(tril(both, -1));
    return [null, narrowAxis(dl, -1, 0, k), narrowAxis(triu(both).matmul(right), -2, 0, k)];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const solveFor = (a: Tensor, b: Tensor, triangle: Triangle): Tensor =>
  bindOne(solveTriangularP, [a, b], { caller: "derivative of lu", ...triangle });

/** `[…, n, k]` or `[…, k, n]` (axis −2) with the last columns or rows of an identity, so that it is square. */
function completed(x: Tensor, n: number, axis: -1 | -2): Tensor {
  const k = x.shape.at(axis)!;
  if (k === n) return x;
  const rest = narrowAxis(eye(n, n, { dtype: x.dtype }), axis, k, n);
  return concat([x, rest.broadcastTo([...x.shape.slice(0, -2), ...rest.shape])], axis);
}

/**
 * LU factorization a[permutation] = l u of `[…, m, n]` with partial pivoting, k = min(m, n). By halves, so that nearly
 * all work is matrix products; O(m n k). `solve`, `det` and `inv` do this by themselves and keep the factors.
 *
 * Derivatives hold as long as the permutation stays, and the first k columns are independent.
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN or infinity.
 */
export function lu(a: Tensor): LUFactors {
  checkMatrix("lu", a);
  const [permutation, l, u] = bind(luP, [factorable("lu", a)], undefined);
  return { permutation: permutation!, l: l!, u: u! };
}
