// Sparse linear systems op(A) x = b as a primitive: one record for triangular, LU and Cholesky solvers.
//
// x is linear in b, and along A it moves by dx = op(A)⁻¹ (db - op(dA) x): derivatives of any order and the transpose are
// solved with the factors that the system has already, and gradients in the values are sampled at their places.

import { bindOne } from "../../ops/bind.ts";
import { take } from "../../ops/gather.ts";
import { definePrimitive, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { batchAll, isOpen } from "../../ops/rules.ts";
import { grow, minus } from "../../ops/series.ts";
import type { Storage } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkFinite } from "../base/arguments.ts";
import { asColumns, overLeading } from "../base/leading.ts";
import type { Pattern } from "../base/pattern.ts";
import { SPARSE_DTYPES, sparseProductP, widthOf } from "../base/product.ts";
import type { Width } from "../kernels/product.ts";
import type { Ordering } from "../orderings/ordering.ts";
import { type Factor, factorCholesky, factorLU, factorTriangle } from "./factor.ts";

export type SystemKind = "lower" | "upper" | "lu" | "cholesky";

export interface SystemParams {
  /** The public function, for messages. */
  readonly caller: string;
  /** Of a triangle: only of that part which is read. */
  readonly pattern: Pattern;
  readonly kind: SystemKind;
  readonly transposed: boolean;
  /** Ones on the diagonal of a triangle. */
  readonly unit?: boolean;
  readonly ordering?: Ordering;
  /** For Cholesky: differences from the adjoint up to this share of the largest entry are taken for rounding. */
  readonly tolerance?: number;
}

interface Remembered {
  readonly params: SystemParams;
  readonly factor: Factor;
}

/** Factors are kept beside the values they belong to. */
const remembered = new WeakMap<Tensor, Remembered[]>();

/** The factor of a matrix: the one that is kept with its values, else a new one. */
export function factorOf(values: Tensor, params: SystemParams): Factor {
  const known = remembered.get(values) ?? [];
  const found = known.find(
    ({ params: { pattern, kind, ordering, unit } }) =>
      pattern === params.pattern &&
      kind === params.kind &&
      ordering === params.ordering &&
      unit === params.unit,
  );
  if (found) return found.factor;
  const factor = factorize(params, widthOf(values.dtype), values.data());
  remembered.set(values, [...known, { params, factor }]);
  return factor;
}

function factorize(params: SystemParams, width: Width, values: Storage): Factor {
  const { caller, pattern, kind, ordering, unit, tolerance } = params;
  checkFinite(`${caller}: a`, values);
  const data = Float64Array.from(values);
  if (kind === "lu") return factorLU(caller, pattern, width, data, ordering);
  if (kind === "cholesky") return factorCholesky(caller, pattern, width, data, ordering, tolerance);
  return factorTriangle(caller, {
    pattern,
    values: data,
    width,
    lower: kind === "lower",
    unit: unit === true,
  });
}

/** The part of the values that the solution depends on: the Hermitian part for Cholesky. */
function effective(values: Tensor, { kind, pattern }: SystemParams): Tensor {
  if (kind !== "cholesky") return values;
  const { order } = pattern.transposed;
  const mirrored = take(values, new Tensor(order, [order.length], "int32"), -1);
  return values.add(mirrored.conj()).mul(0.5);
}

const times = (values: Tangent, x: Tangent, params: SystemParams): Tangent =>
  values &&
  x &&
  bindOne(sparseProductP, [effective(values, params), x], {
    pattern: params.pattern,
    transposed: params.transposed,
  });

/** Operands: values `[…, nnz]` and b `[…, n, k]` with equal leading axes and one dtype; result `[…, n, k]`. */
export const sparseSystemP: Primitive<SystemParams> = definePrimitive<SystemParams>({
  name: "sparseSystem",
  dtypes: SPARSE_DTYPES,
  abstractEval: ([, b]) => [b!],
  evaluate: ([values, b], params, [output]) => {
    const { caller, transposed } = params;
    const width = widthOf(b.dtype);
    const [n, count] = b.shape.slice(-2);
    const shared = values.ndim === 1 ? factorOf(values, params) : null;
    const size = params.pattern.nnz * width;
    return [
      overLeading([values, b], [1, 2], [n, count], output.dtype, ([v, right], out) => {
        const factor = shared ?? factorize(params, width, v.data.subarray(v.at, v.at + size));
        const x = Float64Array.from(right.data.subarray(right.at, right.at + n * count * width));
        checkFinite(`${caller}: b`, x);
        factor.solve(transposed, count, x);
        out.data.set(x, out.at);
      }),
    ];
  },
  jvp: ({ inputs: [values], tangents: [da, db], outputs: [x], params, self }) => {
    const rest = minus(db!, times(da!, x!, params));
    return [rest && bindOne(self, [values, rest], params)];
  },
  transpose: ({ cotangents: [c], inputs: [values, b], params, self }) => [
    null,
    isOpen(b) ? bindOne(self, [values as Tensor, c!], { ...params, transposed: !params.transposed }) : null,
  ],
  batch: ({ inputs: [values, b], batched, size, params, self }) => {
    if (!batched[0] && b.ndim === 3) {
      const { columns, restore } = asColumns(b);
      return [restore(bindOne(self, [values, columns], params))];
    }
    return [bindOne(self, batchAll([values, b], batched, size), params)];
  },
  jet: ({ series: [values, b], outputs: [x], order, params, self }) => [
    grow(x!, order, (k, soFar) => {
      let rest: Tangent = b[k] ?? null;
      for (let j = 1; j <= k; j++) rest = minus(rest, times(values[j] ?? null, soFar[k - j] ?? null, params));
      return rest && bindOne(self, [values[0], rest], params);
    }),
  ],
  print: ({ pattern, kind, transposed }) => ({ n: pattern.rows, nnz: pattern.nnz, kind, transposed }),
});
