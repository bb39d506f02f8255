import { ShapeError } from "./errors.ts";

export type Shape = readonly number[];

/** Number of elements of a shape; 1 for the empty shape of a scalar. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let i = 0; i < shape.length; i++) size *= shape[i]!;
  return size;
}

/** Strides, in elements, of a C-ordered array of this shape. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  for (let i = shape.length - 1, step = 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i]!;
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** `[2, 3]` as people write it. */
export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

/** Throws ShapeError unless every length is a non-negative safe integer. */
export function checkShape(shape: Shape, what = "shape"): void {
  for (const length of shape) {
    if (!Number.isSafeInteger(length) || length < 0)
      throw new ShapeError(`${what} ${formatShape(shape)}: every length must be an integer >= 0`);
  }
}

/** The common shape of operands by NumPy's broadcasting rule. Throws ShapeError naming both shapes. */
export function broadcastShapes(...shapes: Shape[]): Shape {
  let result = shapes[0] ?? [];
  for (let s = 1; s < shapes.length; s++) result = broadcastPair(result, shapes[s]!);
  return result;
}

function broadcastPair(a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const ndim = Math.max(a.length, b.length);
  const out = new Array<number>(ndim);
  for (let i = 1; i <= ndim; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1)
      throw new ShapeError(
        `shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: lengths ${x} and ${y} at axis ${-i}`,
      );
    out[ndim - i] = x === 1 ? y : x;
  }
  return out;
}

/** A non-negative axis below `ndim` for an axis that may count from the end. */
export function normalizeAxis(axis: number, ndim: number, what = "axis"): number {
  const normal = axis < 0 ? axis + ndim : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= ndim)
    throw new ShapeError(`${what} ${axis} is out of range for a tensor with ${ndim} axes`);
  return normal;
}

/** Sorted distinct axes; `undefined` means all of them. */
export function normalizeAxes(
  axes: number | readonly number[] | undefined,
  ndim: number,
  what = "axis",
): number[] {
  if (axes === undefined) return Array.from({ length: ndim }, (_, i) => i);
  const list = (typeof axes === "number" ? [axes] : [...axes]).map((axis) => normalizeAxis(axis, ndim, what));
  list.sort((a, b) => a - b);
  for (let i = 1; i < list.length; i++)
    if (list[i] === list[i - 1]) throw new ShapeError(`${what} ${list[i]} is given twice`);
  return list;
}
