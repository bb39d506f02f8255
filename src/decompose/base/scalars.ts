// Small helpers that the rules of several formats share.

import { concat } from "../../ops/join.ts";
import { reshape } from "../../ops/movement.ts";
import type { Complex } from "../../tensor/complex.ts";
import { isComplexNumber } from "../../tensor/complex.ts";
import { allocate } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** The single element of a tensor, as a number or `{ re, im }`. */
export function scalarOf(x: Tensor): number | Complex {
  const value = x.element(...x.shape.map(() => 0));
  return isComplexNumber(value) ? value : Number(value);
}

/** The real part of an inner product. */
export const realPart = (value: number | Complex): number => (typeof value === "number" ? value : value.re);

/** The square root of ⟨d, d⟩, whose rounding may be negative. */
export const normFromInner = (value: number | Complex): number => Math.sqrt(Math.max(0, realPart(value)));

/** Throws ShapeError unless two operands have one shape. */
export function checkSameShape(a: Shape, b: Shape, what: string): void {
  if (!sameShape(a, b))
    throw new ShapeError(`${what}: shapes ${formatShape(a)} and ${formatShape(b)} differ`);
}

/**
 * Two tensors placed corner to corner along the given axes (block-diagonally; the other axes must agree), zeros
 * elsewhere.
 */
export function blockDiagonal(a: Tensor, b: Tensor, axes: readonly number[]): Tensor {
  const [first, ...rest] = axes;
  if (first === undefined) return a.add(b);
  if (rest.length === 0) return concat([a, b], first);
  // Extend a behind and b in front along the remaining axes, then join along the first.
  const zeros = (x: Tensor, axis: number, length: number): Tensor => {
    const shape = x.shape.map((n, i) => (i === axis ? length : n));
    return new Tensor(
      allocate(
        x.dtype,
        shape.reduce((size, n) => size * n, 1),
      ),
      shape,
      x.dtype,
    );
  };
  let upper = a;
  let lower = b;
  for (const axis of rest) {
    upper = concat([upper, zeros(upper, axis, b.shape[axis]!)], axis);
    lower = concat([zeros(lower, axis, a.shape[axis]!), lower], axis);
  }
  return concat([upper, lower], first);
}

/**
 * Products of all pairs along the given axes, entry by entry along the others (where a length of 1 is repeated): axis
 * lengths multiply, a's index slowest.
 */
export function pairwiseProduct(a: Tensor, b: Tensor, axes: readonly number[]): Tensor {
  const shapeA: number[] = [];
  const shapeB: number[] = [];
  const shape: number[] = [];
  a.shape.forEach((n, axis) => {
    const m = b.shape[axis]!;
    if (axes.includes(axis)) {
      shapeA.push(n, 1);
      shapeB.push(1, m);
      shape.push(n * m);
    } else {
      shapeA.push(n);
      shapeB.push(m);
      shape.push(n === 1 ? m : n);
    }
  });
  return reshape(reshape(a, shapeA).mul(reshape(b, shapeB)), shape);
}
