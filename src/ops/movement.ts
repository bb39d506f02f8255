// Reshaping, transposing, slicing and the like: the functions around the primitives that move elements.

import { ShapeError } from "../tensor/errors.ts";
import {
  checkShape,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
} from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { broadcastToP, diagonalP, reshapeP, sliceP, transposeP } from "./moves.ts";

/** The elements in C order under a new shape; one length may be -1. A view where possible. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const unknown = shape.indexOf(-1);
  let target = shape;
  if (unknown >= 0) {
    const known = shape.reduce((size, length, axis) => (axis === unknown ? size : size * length), 1);
    const inferred = x.size / known;
    if (!Number.isInteger(inferred))
      throw new ShapeError(`reshape: ${formatShape(x.shape)} does not fill ${formatShape(shape)}`);
    target = shape.map((length, axis) => (axis === unknown ? inferred : length));
  }
  checkShape(target, "reshape: shape");
  return sameShape(x.shape, target) ? x : bindOne(reshapeP, [x], { shape: target });
}

/** All elements along one axis, in C order. */
export const ravel = (x: Tensor): Tensor => reshape(x, [x.size]);

/** A view with axes in the order `axes`; reversed when left out. Throws ShapeError unless `axes` is a permutation. */
export function transpose(x: Tensor, axes?: readonly number[]): Tensor {
  const order = axes
    ? axes.map((axis) => normalizeAxis(axis, x.ndim))
    : Array.from(x.shape, (_, i) => x.ndim - 1 - i);
  if (order.length !== x.ndim || new Set(order).size !== x.ndim)
    throw new ShapeError(
      `transpose: axes ${formatShape(axes ?? order)} are no permutation of ${x.ndim} axes`,
    );
  return order.every((axis, i) => axis === i) ? x : bindOne(transposeP, [x], { axes: order });
}

/** Swaps the last two axes. Throws ShapeError below two axes. */
export function mT(x: Tensor): Tensor {
  if (x.ndim < 2)
    throw new ShapeError(`mT: at least 2 axes were expected, got shape ${formatShape(x.shape)}`);
  return swapAxes(x, -1, -2);
}

/** x with two axes exchanged (counted from the end where negative), a view. Throws ShapeError for axes that x lacks. */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const order = Array.from(x.shape, (_, i) => i);
  const i = normalizeAxis(a, x.ndim);
  const j = normalizeAxis(b, x.ndim);
  order[i] = j;
  order[j] = i;
  return transpose(x, order);
}

/** Moves one axis to another place; the others keep their order. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const source = normalizeAxis(from, x.ndim);
  const order = Array.from(x.shape, (_, i) => i).filter((i) => i !== source);
  order.splice(normalizeAxis(to, x.ndim), 0, source);
  return transpose(x, order);
}

/** A view that repeats axes of length 1 (and new leading axes) to fill `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  checkShape(shape, "broadcastTo: shape");
  return bindOne(broadcastToP, [x], { shape });
}

/** Drops axes of length 1: the given ones, or all. Throws ShapeError when a given axis is longer. */
export function squeeze(x: Tensor, axis?: number | readonly number[]): Tensor {
  const drop =
    axis === undefined
      ? normalizeAxes(undefined, x.ndim).filter((i) => x.shape[i] === 1)
      : normalizeAxes(axis, x.ndim, "squeeze: axis");
  for (const i of drop)
    if (x.shape[i] !== 1)
      throw new ShapeError(`squeeze: axis ${i} of ${formatShape(x.shape)} has length ${x.shape[i]}`);
  return reshape(
    x,
    x.shape.filter((_, i) => !drop.includes(i)),
  );
}

/** Inserts an axis of length 1 at the given place of the result. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.ndim + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/**
 * The elements from `start` (inclusive) to `stop` (exclusive) along one axis, as a view; negative positions count
 * from the end.
 */
export function narrowAxis(x: Tensor, axis: number, start: number, stop: number): Tensor {
  const at = normalizeAxis(axis, x.ndim);
  const length = x.shape[at]!;
  const clamp = (i: number): number => Math.min(length, Math.max(0, i < 0 ? i + length : i));
  const from = clamp(start);
  return bindOne(sliceP, [x], {
    starts: x.shape.map((_, i) => (i === at ? from : 0)),
    steps: x.shape.map(() => 1),
    lengths: x.shape.map((n, i) => (i === at ? Math.max(0, clamp(stop) - from) : n)),
  });
}

/** Reverses the given axes (all when left out); a view. */
export function flip(x: Tensor, axis?: number | readonly number[]): Tensor {
  const axes = normalizeAxes(axis, x.ndim, "flip: axis");
  return bindOne(sliceP, [x], {
    starts: x.shape.map((length, i) => (axes.includes(i) ? length - 1 : 0)),
    steps: x.shape.map((_, i) => (axes.includes(i) ? -1 : 1)),
    lengths: x.shape,
  });
}

/** The elements whose positions along two axes agree, as a new last axis; a view. */
export function diagonal(x: Tensor, first = -2, second = -1): Tensor {
  const a = normalizeAxis(first, x.ndim, "diagonal: axis");
  const b = normalizeAxis(second, x.ndim, "diagonal: axis");
  if (a === b) throw new ShapeError(`diagonal: two different axes were expected, got ${first} and ${second}`);
  return bindOne(diagonalP, [x], { first: a, second: b });
}
