// Rules that many primitives share.

import { allocate } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { bind, bindOne } from "./bind.ts";
import type { Abstract, BatchCall, JetCall, JvpCall, Primitive, Series, Tangent } from "./primitive.ts";

/** Differentiation rules that do not depend on the parameters of a primitive. */
export interface Differential {
  readonly jvp: <P>(call: JvpCall<P>) => readonly Tangent[];
  readonly jet: <P>(call: JetCall<P>) => readonly Series[];
}

/** Zeros that take the memory of one element; the zero function for a function. */
export function zerosLike({ shape, dtype, domain }: Abstract): Tensor {
  const zeros = new Tensor(
    allocate(dtype, 1),
    shape,
    dtype,
    shape.map(() => 0),
  );
  return domain ? domain.constant(zeros) : zeros;
}

/** True for an operand that the transpose of a primitive leaves open. */
export const isOpen = (operand: Tensor | Abstract): boolean => !(operand instanceof Tensor);

/** Operands with a batch axis in front; those without one are repeated (a view). */
export const batchAll = (inputs: readonly Tensor[], batched: readonly boolean[], size: number): Tensor[] =>
  inputs.map((x, i) => (batched[i] ? x : x.broadcastTo([size, ...x.shape])));

/** For primitives that treat every element alike, or every slice along the leading axes: the extra axis goes along. */
export const leadingBatch = <P>({ inputs, batched, size, params, self }: BatchCall<P>): readonly Tensor[] =>
  bind(self, batchAll(inputs, batched, size), params);

/** A curve that stays where it is. */
export const constantSeries = (value: Tensor, order: number): Series => [
  value,
  ...new Array<null>(order).fill(null),
];

/** Results that carry no derivative: comparisons, positions, rounding. */
export const noDerivative: Differential = {
  jvp: ({ outputs }) => outputs.map(() => null),
  jet: ({ outputs, order }) => outputs.map((value) => constantSeries(value, order)),
};

/** Applies a linear primitive to one value per linear operand; null stands for zero, all null give null. */
function applyLinear<P>(
  self: Primitive<P>,
  inputs: readonly Tensor[],
  values: readonly Tangent[],
  isLinear: (operand: number) => boolean,
  params: P,
  results: number,
): readonly Tangent[] {
  if (values.every((value, i) => value === null || !isLinear(i))) return new Array(results).fill(null);
  const operands = inputs.map((x, i) => (isLinear(i) ? (values[i] ?? zerosLike(x)) : x));
  return bind(self, operands, params);
}

/** Linear in the chosen operands together (all unless told); the others are positions, masks and the like. */
export function linear(isLinear: (operand: number) => boolean = () => true): Differential {
  return {
    jvp: ({ inputs, tangents, outputs, params, self }) =>
      applyLinear(self, inputs, tangents, isLinear, params, outputs.length),
    jet: ({ series, outputs, order, params, self }) => {
      const heads = series.map(([head]) => head);
      const orders = Array.from({ length: order }, (_, k) =>
        applyLinear(
          self,
          heads,
          series.map((curve) => curve[k + 1] ?? null),
          isLinear,
          params,
          outputs.length,
        ),
      );
      return outputs.map((value, i) => [value, ...orders.map((results) => results[i]!)]);
    },
  };
}

/** Linear in each of two operands alone: products of every kind. */
export const bilinear: Differential = {
  jvp: ({ inputs: [a, b], tangents: [da, db], params, self }) => {
    const left = da && bindOne(self, [da, b!], params);
    const right = db && bindOne(self, [a!, db], params);
    return [left && right ? left.add(right) : (left ?? right ?? null)];
  },
  jet: ({ series: [a, b], outputs: [value], order, params, self }) => {
    const result: (Tensor | null)[] = [];
    for (let k = 1; k <= order; k++) {
      let sum: Tensor | null = null;
      for (let j = 0; j <= k; j++) {
        const x = a![j];
        const y = b![k - j];
        if (!x || !y) continue;
        const product = bindOne(self, [x, y], params);
        sum = sum === null ? product : sum.add(product);
      }
      result.push(sum);
    }
    return [[value!, ...result]];
  },
};
