import { zeros } from "../tensor/create.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape, normalizeAxis } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { where } from "./comparison.ts";
import { scatter, take } from "./gather.ts";
import { expandDims, narrowAxis, reshape } from "./movement.ts";
import { concatP, padP } from "./moves.ts";
import { asTensor, commonDType } from "./operands.ts";

function unified(tensors: readonly Tensor[], what: string): Tensor[] {
  if (tensors.length === 0) throw new ShapeError(`${what}: at least one tensor was expected`);
  const dtype = commonDType(tensors);
  return tensors.map((x) => astype(x, dtype));
}

/** Tensors joined along an existing axis; all other lengths must agree. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const list = unified(tensors, "concat");
  return bindOne(concatP, list, { axis: normalizeAxis(axis, list[0]!.ndim, "concat: axis") });
}

/** Tensors of one shape joined along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const list = unified(tensors, "stack");
  const at = normalizeAxis(axis, list[0]!.ndim + 1, "stack: axis");
  return concat(
    list.map((x) => expandDims(x, at)),
    at,
  );
}

/** Pieces of equal length along an axis, or pieces that end at the given positions. Views. */
export function splitAxis(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  const at = normalizeAxis(axis, x.ndim, "splitAxis: axis");
  const length = x.shape[at]!;
  for (const part of [parts].flat())
    checkInteger(part, "splitAxis: parts", typeof parts === "number" ? 1 : 0);
  if (typeof parts === "number" && length % parts)
    throw new ShapeError(`splitAxis: length ${length} does not split into ${parts} equal parts`);
  const ends =
    typeof parts === "number"
      ? Array.from({ length: parts }, (_, i) => ((i + 1) * length) / parts)
      : [...parts, length];
  return ends.map((end, i) => narrowAxis(x, at, i === 0 ? 0 : ends[i - 1]!, end));
}

/** Throws DomainError unless the value is an integer of at least `least`. */
function checkInteger(value: number, what: string, least = Number.NEGATIVE_INFINITY): void {
  if (Number.isInteger(value) && value >= least) return;
  const bound = least === Number.NEGATIVE_INFINITY ? "" : ` of at least ${least}`;
  throw new DomainError(`${what}: an integer${bound} was expected, got ${value}`);
}

const integers = (data: Int32Array): Tensor => new Tensor(data, [data.length], "int32");

export type PadMode = "constant" | "edge" | "reflect" | "wrap";

/**
 * Extra elements around a tensor. `widths`: one number for every side, or `[before, after]` per axis. Modes as in
 * NumPy: a constant `value`, the edge repeated, mirrored without the edge, or periodic. Throws ShapeError for
 * negative widths, or when a mirrored or periodic border is longer than the axis allows.
 */
export function pad(
  x: Tensor,
  widths: number | readonly (readonly [number, number])[],
  options: { readonly mode?: PadMode; readonly value?: TensorLike } = {},
): Tensor {
  const { mode = "constant", value = 0 } = options;
  const sides = typeof widths === "number" ? x.shape.map(() => [widths, widths] as const) : widths;
  if (sides.length !== x.ndim)
    throw new ShapeError(`pad: ${sides.length} pairs of widths for shape ${formatShape(x.shape)}`);
  for (const width of sides.flat())
    if (!(Number.isInteger(width) && width >= 0))
      throw new ShapeError(`pad: widths must be integers >= 0, got ${width}`);
  if (mode === "constant") {
    const border = asTensor(value);
    if (border.ndim > 0) throw new ShapeError("pad: value must be a scalar");
    if (border.dtype.startsWith("complex") && !x.dtype.startsWith("complex"))
      throw new DTypeError(`pad: a complex value does not fit ${x.dtype}`);
    return bindOne(padP, [x, astype(border, x.dtype)], {
      before: sides.map(([before]) => before),
      after: sides.map(([, after]) => after),
      interior: sides.map(() => 0),
    });
  }
  return sides.reduce((result, [before, after], axis) => {
    if (before === 0 && after === 0) return result;
    const positions = borderPositions(mode, x.shape[axis]!, before, after);
    return take(result, positions, axis);
  }, x);
}

function borderPositions(mode: PadMode, n: number, before: number, after: number): Tensor {
  if (n === 0) throw new ShapeError(`pad: mode "${mode}" needs elements to repeat`);
  const period = mode === "reflect" ? Math.max(1, 2 * n - 2) : n;
  const data = new Int32Array(before + n + after);
  for (let i = 0; i < data.length; i++) {
    const at = i - before;
    if (mode === "edge") data[i] = Math.min(n - 1, Math.max(0, at));
    else {
      const wrapped = ((at % period) + period) % period;
      data[i] = wrapped < n ? wrapped : period - wrapped;
    }
  }
  return integers(data);
}

/** Elements shifted cyclically by `shift` along an axis. */
export function roll(x: Tensor, shift: number, axis = 0): Tensor {
  const at = normalizeAxis(axis, x.ndim, "roll: axis");
  const n = x.shape[at]!;
  checkInteger(shift, "roll: shift");
  if (n === 0) return x;
  const cut = ((-shift % n) + n) % n;
  return cut === 0 ? x : concat([narrowAxis(x, at, cut, n), narrowAxis(x, at, 0, cut)], at);
}

/** Every element repeated `count` times along an axis. */
export function repeat(x: Tensor, count: number, axis = 0): Tensor {
  const at = normalizeAxis(axis, x.ndim, "repeat: axis");
  checkInteger(count, "repeat: count", 0);
  return take(
    x,
    integers(Int32Array.from({ length: x.shape[at]! * count }, (_, i) => Math.floor(i / count))),
    at,
  );
}

/** The lower triangle of matrices (last two axes): elements on or below diagonal `k`; the others become 0. */
export const tril = (x: Tensor, k = 0): Tensor =>
  where(
    band(x, (i, j) => j - i <= k),
    x,
    0,
  );
/** The upper triangle: elements on or above diagonal `k`. */
export const triu = (x: Tensor, k = 0): Tensor =>
  where(
    band(x, (i, j) => j - i >= k),
    x,
    0,
  );

function band(x: Tensor, keeps: (row: number, column: number) => boolean): Tensor {
  if (x.ndim < 2) throw new ShapeError(`at least 2 axes were expected, got shape ${formatShape(x.shape)}`);
  const rows = x.shape.at(-2)!;
  const columns = x.shape.at(-1)!;
  const mask = Uint8Array.from({ length: rows * columns }, (_, at) =>
    Number(keeps(Math.floor(at / columns), at % columns)),
  );
  return new Tensor(mask, [rows, columns], "bool");
}

/** A square matrix with the vector on diagonal `k`; or, for a matrix, that diagonal as a vector. */
export function diag(x: Tensor, k = 0): Tensor {
  checkInteger(k, "diag: k");
  if (x.ndim === 1) {
    const n = x.shape[0]! + Math.abs(k);
    const rows = Int32Array.from({ length: x.shape[0]! }, (_, i) => i + Math.max(0, -k));
    const place = rows.map((row) => row * n + row + k);
    return reshape(scatter(zeros([n * n], x.dtype), integers(place), x), [n, n]);
  }
  if (x.ndim !== 2)
    throw new ShapeError(`diag: a vector or matrix was expected, got shape ${formatShape(x.shape)}`);
  const [rows, columns] = x.shape as [number, number];
  const count = Math.max(0, Math.min(rows + Math.min(k, 0), columns - Math.max(k, 0)));
  const first = Math.max(0, -k) * columns + Math.max(0, k);
  return take(
    reshape(x, [x.size]),
    integers(Int32Array.from({ length: count }, (_, i) => first + i * (columns + 1))),
  );
}
