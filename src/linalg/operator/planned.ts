// Linear maps that a plan carries out on arrays: sums over trees of boxes, masks of trees. One primitive serves all of
// them, because a linear map owes the transforms nothing but itself and its transpose.

import { bindOne } from "../../ops/bind.ts";
import { complexFrom } from "../../ops/complex.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch, linear } from "../../ops/rules.ts";
import { asColumns, overLeading } from "../../sparse/base/leading.ts";
import { type DType, isComplex } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { LinearOperator, type Tags } from "./operator.ts";

/** A real matrix `[rows, columns]` known by its products and those of its transpose. */
export interface LinearPlan {
  readonly rows: number;
  readonly columns: number;
  /** Writes A x for x `[columns, count]`, both row by row. */
  multiply(x: Float64Array, count: number, y: Float64Array): void;
  readonly transpose: () => LinearPlan;
}

export interface PlannedParams {
  readonly plan: LinearPlan;
}

/** Real floats that plans take; they compute in float64. */
export const PLANNED_DTYPES: readonly DType[] = ["float64", "float32"];

/** The numbers of an array from a place on as float64, without a copy where that is what they are. */
export function float64At(data: ArrayLike<number>, at: number, size: number): Float64Array {
  if (data instanceof Float64Array) return data.subarray(at, at + size);
  const out = new Float64Array(size);
  for (let i = 0; i < size; i++) out[i] = data[at + i]!;
  return out;
}

/** Operand x `[…, n, k]`, result A x `[…, m, k]`. */
export const plannedProductP: Primitive<PlannedParams> = definePrimitive<PlannedParams>({
  name: "plannedProduct",
  dtypes: PLANNED_DTYPES,
  abstractEval: ([x], { plan }) => [
    { shape: [...x!.shape.slice(0, -2), plan.rows, x!.shape.at(-1)!], dtype: x!.dtype },
  ],
  evaluate: ([x], { plan }, [output]) => {
    const count = x!.shape.at(-1)!;
    return [
      overLeading([x!], [2], output!.shape.slice(-2), output!.dtype, ([operand], out) => {
        const y = new Float64Array(plan.rows * count);
        plan.multiply(float64At(operand!.data, operand!.at, plan.columns * count), count, y);
        out.data.set(y, out.at);
      }),
    ];
  },
  ...linear(),
  transpose: ({ cotangents: [c], params: { plan } }) => [
    bindOne(plannedProductP, [c!], { plan: plan.transpose() }),
  ],
  batch: (call) => {
    const [x] = call.inputs;
    if (x!.ndim !== 3) return leadingBatch(call);
    const { columns, restore } = asColumns(x!);
    return [restore(bindOne(plannedProductP, [columns], call.params))];
  },
  print: ({ plan }) => ({ rows: plan.rows, columns: plan.columns }),
});

/** A real linear map of real or complex columns. */
export const onParts = (x: Tensor, map: (real: Tensor) => Tensor): Tensor =>
  isComplex(x.dtype) ? complexFrom(map(x.real()), map(x.imag())) : map(x);

/** Real columns in the dtype that plans take them in: float32 stays, everything else becomes float64. */
export const plannedOperand = (x: Tensor): Tensor => (x.dtype === "float32" ? x : x.astype("float64"));

/** An operator that a plan carries out. */
export abstract class Planned extends LinearOperator {
  readonly plan: LinearPlan;

  protected constructor(plan: LinearPlan, tags: Tags = {}) {
    super([plan.rows, plan.columns], "float64", tags);
    this.plan = plan;
  }

  protected product(x: Tensor): Tensor {
    return onParts(x, (part) => bindOne(plannedProductP, [plannedOperand(part)], { plan: this.plan }));
  }

  override conj(): this {
    return this;
  }
}
