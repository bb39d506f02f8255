// NumPy's indexing: basic indices become one strided view, index tensors a gather on top of it.

import { tensor } from "../tensor/create.ts";
import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape, type Shape } from "../tensor/shape.ts";
import { type Index, Tensor, type TensorLike } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { astype } from "./cast.ts";
import { gatherP, indexTensor, scatterP } from "./gather.ts";
import { broadcastTo, reshape, transpose } from "./movement.ts";
import { sliceP } from "./moves.ts";
import { asTensor } from "./operands.ts";

interface Range {
  readonly start: number;
  readonly step: number;
  readonly length: number;
}

/** What an index does to the axes of a tensor, after `...` has been spelled out. */
interface Plan {
  readonly ranges: Range[];
  /** Axes of the result of the slice: an axis of x that stays, or -1 for a new one. */
  readonly kept: number[];
  /** Index tensors and the axes of x that they address. */
  readonly gathers: { readonly axis: number; readonly index: Tensor }[];
  /** Place among the kept axes where the gathered axes go. */
  readonly place: number;
}

const isRangeObject = (spec: Index): spec is { start?: number; stop?: number; step?: number } =>
  typeof spec === "object" && spec !== null && !Array.isArray(spec) && !(spec instanceof Tensor);

/** Python's rules for the start and number of elements of `start:stop:step`. */
export function resolveRange(
  { start, stop, step = 1 }: { start?: number; stop?: number; step?: number },
  length: number,
): Range {
  for (const value of [start, stop, step])
    if (value !== undefined && !Number.isInteger(value))
      throw new ShapeError(`index range: integers were expected, got ${value}`);
  if (step === 0) throw new ShapeError("index range: the step must not be 0");
  const clamp = (i: number | undefined, low: number, high: number, fallback: number): number =>
    i === undefined ? fallback : Math.min(high, Math.max(low, i < 0 ? i + length : i));
  const [from, to] =
    step > 0
      ? [clamp(start, 0, length, 0), clamp(stop, 0, length, length)]
      : [clamp(start, -1, length - 1, length - 1), clamp(stop, -1, length - 1, -1)];
  return { start: from, step, length: Math.max(0, Math.ceil((to - from) / step)) };
}

/** `"1:5:2"` as start, stop and step. Throws ShapeError for other text. */
export function parseRange(text: string): { start?: number; stop?: number; step?: number } {
  const parts = text.split(":").map((part) => part.trim());
  if (
    parts.length < 2 ||
    parts.length > 3 ||
    parts.some((part) => !/^[+-]?\d*$/.test(part) || /^[+-]$/.test(part))
  )
    throw new ShapeError(`index "${text}": a range such as "1:5", "::2" or "..." was expected`);
  const [start, stop, step] = parts.map((part) => (part === "" ? undefined : Number(part)));
  return {
    ...(start !== undefined && { start }),
    ...(stop !== undefined && { stop }),
    ...(step !== undefined && { step }),
  };
}

/** How many axes of the tensor an index consumes. */
function consumed(spec: Index): number {
  if (spec === null || spec === "...") return 0;
  return spec instanceof Tensor && spec.dtype === "bool" ? spec.ndim : 1;
}

function expandEllipsis(index: readonly Index[], shape: Shape): Index[] {
  if (index.filter((spec) => spec === "...").length > 1)
    throw new ShapeError('index: "..." may stand only once');
  const rest = shape.length - index.reduce((count: number, spec) => count + consumed(spec), 0);
  if (rest < 0) throw new ShapeError(`index: too many indices for shape ${formatShape(shape)}`);
  const fill = new Array<Index>(rest).fill(":");
  const at = index.indexOf("...");
  return at < 0 ? [...index, ...fill] : [...index.slice(0, at), ...fill, ...index.slice(at + 1)];
}

function planIndex(shape: Shape, index: readonly Index[]): Plan {
  const ranges: Range[] = [];
  const kept: number[] = [];
  const gathers: { axis: number; index: Tensor }[] = [];
  const specs = expandEllipsis(index, shape);
  const hasTensors = specs.some((spec) => Array.isArray(spec) || spec instanceof Tensor);
  let place = -1;
  let interrupted = false;
  let lastAdvanced = -1;
  const gather = (spec: number, position: Tensor, axis: number): void => {
    if (place < 0) place = kept.length;
    else if (lastAdvanced !== spec && lastAdvanced !== spec - 1) interrupted = true;
    lastAdvanced = spec;
    ranges.push({ start: 0, step: 1, length: shape[axis]! });
    gathers.push({ axis, index: position });
  };
  specs.forEach((spec, number) => {
    const axis = ranges.length;
    const length = shape[axis]!;
    if (spec === null) kept.push(-1);
    else if (typeof spec === "number") {
      const at = spec < 0 ? spec + length : spec;
      if (!(Number.isInteger(at) && at >= 0 && at < length))
        throw new ShapeError(`index ${spec} is out of range for axis ${axis} of length ${length}`);
      // Beside index tensors an integer is one of them: it decides where the gathered axes go.
      if (hasTensors) gather(number, new Tensor(Int32Array.of(at), [], "int32"), axis);
      else ranges.push({ start: at, step: 1, length: -1 });
    } else if (typeof spec === "string" || isRangeObject(spec)) {
      ranges.push(resolveRange(typeof spec === "string" ? parseRange(spec) : spec, length));
      kept.push(axis);
    } else if (spec instanceof Tensor && spec.dtype === "bool") {
      nonzero(maskOf(spec, shape, axis)).forEach((positions, i) => {
        gather(number, positions, axis + i);
      });
      if (spec.ndim === 0) throw new ShapeError("index: a boolean index needs at least one axis");
    } else {
      const position =
        spec instanceof Tensor ? spec : tensor(spec as readonly number[], { dtype: "float64" });
      gather(number, indexTensor(position, "index"), axis);
    }
  });
  return { ranges, kept, gathers, place: interrupted ? 0 : Math.max(0, place) };
}

function maskOf(mask: Tensor, shape: Shape, axis: number): Tensor {
  mask.shape.forEach((length, i) => {
    if (length !== shape[axis + i])
      throw new ShapeError(
        `boolean index of shape ${formatShape(mask.shape)} does not fit axes ${axis}… of ${formatShape(shape)}`,
      );
  });
  return mask;
}

/** For each axis, the positions of the true (non-zero) elements in C order, as int32. */
export function nonzero(mask: Tensor): Tensor[] {
  const flags = astype(mask, "bool").data();
  let count = 0;
  for (let i = 0; i < flags.length; i++) count += flags[i]!;
  const flat = new Int32Array(count);
  for (let i = 0, next = 0; i < flags.length; i++) if (flags[i]) flat[next++] = i;
  let step = mask.size;
  return mask.shape.map((length) => {
    step /= length || 1;
    return new Tensor(
      flat.map((at) => Math.floor(at / step) % length),
      [count],
      "int32",
    );
  });
}

/** The indexed part of a tensor, by NumPy's rules: a view for basic indices, a copy when index tensors take part. */
export function at(x: Tensor, ...index: Index[]): Tensor {
  const { ranges, kept, gathers, place } = planIndex(x.shape, index);
  const sliced = bindOne(sliceP, [x], {
    starts: ranges.map(({ start }) => start),
    steps: ranges.map(({ step }) => step),
    lengths: ranges.map(({ length }) => (length < 0 ? 1 : length)),
  });
  if (gathers.length === 0)
    return reshape(
      sliced,
      kept.map((axis) => (axis < 0 ? 1 : ranges[axis]!.length)),
    );
  const batch = broadcastShapes(...gathers.map(({ index }) => index.shape));
  const gathered = bindOne(gatherP, [sliced, ...gathers.map(({ index }) => broadcastTo(index, batch))], {
    axes: gathers.map(({ axis }) => axis),
  });
  // [batch, kept axes] with new axes inserted, then the batch moved to its place.
  const full = reshape(gathered, [...batch, ...kept.map((axis) => (axis < 0 ? 1 : ranges[axis]!.length))]);
  const order = Array.from(full.shape, (_, i) => i);
  const moved = order.splice(0, batch.length);
  order.splice(place, 0, ...moved);
  return transpose(full, order);
}

/**
 * A copy of `x` in which the indexed part holds `value`, converted to x's dtype and broadcast. Repeated positions:
 * the last one stays.
 */
export function set(x: Tensor, index: readonly Index[], value: TensorLike): Tensor {
  // The same index applied to the positions themselves tells where each value goes.
  const positions = new Tensor(
    Int32Array.from({ length: x.size }, (_, i) => i),
    x.shape,
    "int32",
  );
  const targets = at(positions, ...index);
  const given = asTensor(value);
  if (given.dtype.startsWith("complex") && !x.dtype.startsWith("complex"))
    throw new DTypeError(`set: ${given.dtype} values do not fit a ${x.dtype} tensor`);
  const values = broadcastTo(astype(given, x.dtype), targets.shape);
  const flat = bindOne(
    scatterP,
    [reshape(x, [x.size]), reshape(values, [targets.size]), reshape(targets, [targets.size])],
    { axes: [0], mode: "set" },
  );
  return reshape(flat, x.shape);
}
