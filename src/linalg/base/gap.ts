// Division by the distances between eigenvalues or singular values, of which the derivatives of vectors are made.

import { bindOne } from "../../ops/bind.ts";
import { where } from "../../ops/comparison.ts";
import { definePrimitive, type Primitive } from "../../ops/primitive.ts";
import { isOpen, leadingBatch } from "../../ops/rules.ts";
import { grow, minus } from "../../ops/series.ts";
import { allocate, type DType, dtypeInfo, isComplex, machineEpsilon } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { FACTORED } from "./matrix.ts";

/**
 * x / gap for real or complex x and a real gap of its shape, but exactly 0 where x is exactly 0, also over a gap of 0.
 * Inside a repeated eigenvalue the gap is 0 and the vectors have no derivative: what does not look at them sends exact
 * zeros here, and stays finite; what does gets an infinity or NaN.
 */
export const divideByGapP: Primitive<undefined> = definePrimitive<undefined>({
  name: "divideByGap",
  dtypes: FACTORED,
  abstractEval: ([x, gap]) => {
    if (!sameShape(x!.shape, gap!.shape))
      throw new ShapeError(
        `divideByGap: shapes ${formatShape(x!.shape)} and ${formatShape(gap!.shape)} differ`,
      );
    return [x!];
  },
  evaluate: ([x, gap], _params, [output]) => {
    const { shape, dtype } = output!;
    const { width } = dtypeInfo(dtype);
    const from = x!.data();
    const by = gap!.data();
    const out = allocate(dtype, x!.size);
    for (let i = 0; i < by.length; i++)
      for (let part = i * width; part < (i + 1) * width; part++)
        out[part] = from[part] === 0 ? 0 : from[part]! / by[i]!;
    return [new Tensor(out, shape, dtype)];
  },
  jvp: ({ inputs: [, gap], tangents: [dx, dGap], outputs: [y] }) => {
    const rest = minus(dx!, dGap && y!.mul(dGap));
    return [rest && divideByGap(rest, gap!)];
  },
  transpose: ({ cotangents: [c], inputs: [x, gap] }) => [
    isOpen(x!) ? divideByGap(c!, gap as Tensor) : null,
    null,
  ],
  batch: leadingBatch,
  jet: ({ series: [x, gap], outputs: [y], order }) => [
    grow(y!, order, (k, soFar) => {
      let rest = x![k] ?? null;
      for (let j = 1; j <= k; j++) {
        const g = gap![j];
        const q = soFar[k - j];
        if (g && q) rest = minus(rest, q.mul(g));
      }
      return rest && divideByGap(rest, gap![0]);
    }),
  ],
});

/** x / gap, broadcast; see `divideByGapP`. */
export function divideByGap(x: Tensor, gap: Tensor): Tensor {
  return bindOne(divideByGapP, [x, gap.broadcastTo(x.shape)], undefined);
}

/** The size `[…, 1]` up to which differences of the values `[…, n]` are rounding: n eps times the largest. */
function roundingOf(values: Tensor, n: number): Tensor {
  return values
    .abs()
    .max({ axis: -1, keepDims: true })
    .mul(n * machineEpsilon(values.dtype));
}

/** Values with those that are only rounding replaced by an exact 0. */
const cleared = (x: Tensor, limit: Tensor): Tensor => where(x.abs().lessEqual(limit), 0, x);

/** 1 on the diagonal. */
export function onDiagonal(n: number): Tensor {
  const mask = new Uint8Array(n * n);
  for (let i = 0; i < n; i++) mask[i * (n + 1)] = 1;
  return new Tensor(mask, [n, n], "bool");
}

/** `[…, n]` as rows `[…, 1, n]`. */
export const asRow = (values: Tensor): Tensor => values.expandDims(-2);
const asColumn = (values: Tensor): Tensor => values.expandDims(-1);

/**
 * wⱼ - wᵢ at (i, j) for values w `[…, n]`, 0 where it is only rounding, infinite on the diagonal: nothing turns there.
 */
export function differences(values: Tensor, n: number): Tensor {
  const gaps = cleared(asRow(values).sub(asColumn(values)), asColumn(roundingOf(values, n)));
  return where(onDiagonal(values.shape.at(-1)!), Number.POSITIVE_INFINITY, gaps);
}

/**
 * sⱼ + sᵢ at (i, j) for singular values s `[…, k]`, 0 where it is only rounding. On the diagonal it divides the turn of
 * the phase between left and right vector of a complex matrix; there is none for real matrices, and at sᵢ = 0 the two
 * phases have nothing to do with each other: infinite.
 */
export function sums(values: Tensor, n: number, dtype: DType): Tensor {
  const total = cleared(asRow(values).add(asColumn(values)), asColumn(roundingOf(values, n)));
  const phases = isComplex(dtype)
    ? where(total.equal(0), Number.POSITIVE_INFINITY, total)
    : Number.POSITIVE_INFINITY;
  return where(onDiagonal(values.shape.at(-1)!), phases, total);
}

/** Values `[…, n]`, 0 where they are only rounding, as rows `[…, 1, n]`. */
export const significant = (values: Tensor, n: number): Tensor =>
  asRow(cleared(values, roundingOf(values, n)));
