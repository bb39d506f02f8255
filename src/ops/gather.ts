// Reading and writing at computed positions.

import { allocate, dtypeInfo, isInteger } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape, normalizeAxis, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { argsortP } from "./argsort.ts";
import { bindOne } from "./bind.ts";
import {
  blockPositions,
  blocksOf,
  blocksToTensor,
  joinBlock,
  otherLengths,
  SCATTER_MODES,
  type ScatterMode,
} from "./blocks.ts";
import { astype } from "./cast.ts";
import { broadcastTo, moveAxis, reshape } from "./movement.ts";
import { asTensor } from "./operands.ts";
import { ALL, definePrimitive, type Primitive, type Series, type Tangent } from "./primitive.ts";
import { segmentProducts } from "./products.ts";
import { batchAll, isOpen, linear, zerosLike } from "./rules.ts";
import { mapSeries, mulSeries } from "./series.ts";

export interface GatherParams {
  /** The axes that the index tensors address, in their order; the others are copied whole. */
  readonly axes: readonly number[];
}

/**
 * Operands: x and one int32 tensor per axis, all of one shape `batch`. Result: `[...batch, ...other axes of x]`.
 * Negative positions count from the end; a position out of range throws ShapeError.
 */
export const gatherP: Primitive<GatherParams> = definePrimitive<GatherParams>({
  name: "gather",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x, ...indices], { axes }) => [
    { shape: [...indices[0]!.shape, ...otherLengths(x!.shape, axes)], dtype: x!.dtype },
  ],
  evaluate: ([x, ...indices], { axes }, [output]) => {
    const { shape, dtype } = output!;
    const { width } = dtypeInfo(dtype);
    const from = blocksOf(x!, axes);
    const block = from.size * width;
    const out = allocate(dtype, sizeOf(shape));
    const positions = blockPositions(x!.shape, axes, indices);
    if (block === 1) for (let i = 0; i < positions.length; i++) out[i] = from.data[positions[i]!]!;
    else
      for (let i = 0; i < positions.length; i++) {
        const at = positions[i]! * block;
        out.set(from.data.subarray(at, at + block), i * block);
      }
    return [new Tensor(out, shape, dtype)];
  },
  ...linear((operand) => operand === 0),
  transpose: ({ cotangents: [c], inputs: [x, ...indices], params: { axes } }) => [
    scattered("add", zerosLike(x!), c!, indices as Tensor[], axes),
    ...indices.map(() => null),
  ],
  batch: ({ inputs: [x, ...indices], batched: [batchesX, ...batches], size, params, self }) => {
    if (!batches.includes(true)) {
      const gathered = bindOne(self, [x!, ...indices], { axes: params.axes.map((axis) => axis + 1) });
      return [moveAxis(gathered, indices[0]!.ndim, 0)];
    }
    const positions = batchAll(indices, batches, size);
    if (!batchesX) return [bindOne(self, [x!, ...positions], params)];
    return [bindOne(self, [x!, ...withRamp(positions)], { axes: withBatchAxis(params.axes) })];
  },
});

/** Index tensors for operands with a batch axis: each batch addresses its own part. */
function withRamp(indices: readonly Tensor[]): Tensor[] {
  const { shape } = indices[0]!;
  const along = shape.map((n, i) => (i === 0 ? n : 1));
  return [broadcastTo(reshape(ramp(shape[0]!), along), shape), ...indices];
}

const withBatchAxis = (axes: readonly number[]): number[] => [0, ...axes.map((axis) => axis + 1)];

/** 0, 1 … length - 1 */
const ramp = (length: number): Tensor =>
  new Tensor(
    Int32Array.from({ length }, (_, i) => i),
    [length],
    "int32",
  );

export interface ScatterParams extends GatherParams {
  readonly mode: ScatterMode;
}

/**
 * Operands: x, updates `[...batch, ...other axes]` of x's dtype and one int32 tensor per axis. A copy of x in which the
 * addressed parts are replaced by, or joined with, the updates; repeated positions join in order.
 */
export const scatterP: Primitive<ScatterParams> = definePrimitive<ScatterParams>({
  name: "scatter",
  dtypes: ALL,
  abstractEval: ([x, updates, ...indices], { axes }) => {
    const expected = [...indices[0]!.shape, ...otherLengths(x!.shape, axes)];
    if (formatShape(updates!.shape) !== formatShape(expected))
      throw new ShapeError(
        `scatter: updates of shape ${formatShape(expected)} were expected, got ${formatShape(updates!.shape)}`,
      );
    return [x!];
  },
  evaluate: ([x, updates, ...indices], { axes, mode }, [output]) => {
    const { dtype, shape } = output!;
    const { width } = dtypeInfo(dtype);
    const target = blocksOf(x!, axes);
    const block = target.size * width;
    const data = target.data.slice();
    const from = updates!.data();
    const positions = blockPositions(x!.shape, axes, indices);
    if (!SCATTER_MODES.includes(mode))
      throw new DomainError(`scatter: the mode must be ${SCATTER_MODES.join(", ")}, got ${mode}`);
    if (width === 2 && (mode === "max" || mode === "min"))
      throw new DTypeError(`scatter: complex numbers have no order, so no mode "${mode}" for ${dtype}`);
    if (dtype === "bool" && mode === "add")
      throw new DTypeError('scatter: bool does not add; mode "max" is a logical or');
    const isWhole = isInteger(dtype);
    for (let i = 0; i < positions.length; i++)
      joinBlock(
        isWhole && mode === "multiply" ? "wrap" : mode,
        data,
        positions[i]! * block,
        from,
        i * block,
        block,
        width,
      );
    return [blocksToTensor(data, shape, dtype, axes)];
  },
  jvp: (call) => {
    const { inputs, tangents, outputs, params } = call;
    if (params.mode === "set" || params.mode === "add") return joint.jvp(call);
    const [x, updates, ...indices] = inputs;
    const [dx, du] = tangents as [Tangent, Tangent];
    if (params.mode === "multiply") return [scatteredProduct([x!, dx], [updates!, du], indices, params)[1]!];
    return [atRecord(x!, updates!, indices, outputs[0]!, params)(dx, du)];
  },
  jet: (call) => {
    const { series, outputs, order, params } = call;
    if (params.mode === "set" || params.mode === "add") return joint.jet(call);
    const [x, updates, ...indices] = series;
    const positions = indices.map(([head]) => head);
    if (params.mode === "multiply") {
      const [, ...rest] = scatteredProduct(x!, updates!, positions, params);
      return [[outputs[0]!, ...rest]];
    }
    const choose = atRecord(x![0], updates![0], positions, outputs[0]!, params);
    const rest = Array.from({ length: order }, (_, k) => choose(x![k + 1] ?? null, updates![k + 1] ?? null));
    return [[outputs[0]!, ...rest]];
  },
  transpose: ({ cotangents: [c], inputs: [x, updates, ...rest], params, self }) => {
    const indices = rest as Tensor[];
    const { axes, mode } = params;
    const none = indices.map(() => null);
    if (mode === "multiply")
      return [bindOne(self, [c!, updates as Tensor, ...indices], params), null, ...none];
    const isSet = mode === "set";
    const replaced = (): Tensor => bindOne(self, [c!, zerosLike(updates!), ...indices], params);
    const gathered = (): Tensor => bindOne(gatherP, [c!, ...indices], { axes });
    return [
      isOpen(x!) ? (isSet ? replaced() : c!) : null,
      isOpen(updates!) ? (isSet ? ofWinners(gathered(), x!.shape, indices, axes) : gathered()) : null,
      ...none,
    ];
  },
  batch: ({ inputs: [x, updates, ...indices], batched, size, params, self }) => {
    const [batchesX, batchesUpdates, ...batches] = batched;
    const [tensors, values] = batchAll([x!, updates!], [batchesX!, batchesUpdates!], size);
    if (batches.includes(true)) {
      const positions = withRamp(batchAll(indices, batches, size));
      return [
        bindOne(self, [tensors!, values!, ...positions], { ...params, axes: withBatchAxis(params.axes) }),
      ];
    }
    // Not addressed, the batch axis is the first of those that are copied whole.
    const moved = moveAxis(values!, 0, indices[0]!.ndim);
    const axes = params.axes.map((axis) => axis + 1);
    return [bindOne(self, [tensors!, moved, ...indices], { ...params, axes })];
  },
});

function scattered(
  mode: ScatterMode,
  x: Tensor,
  updates: Tensor,
  indices: readonly Tensor[],
  axes: readonly number[],
): Tensor {
  return bindOne<ScatterParams>(scatterP, [x, updates, ...indices], { axes, mode });
}

/** Linear in x and the updates together; where positions repeat, the last tangent stays just as the last value does. */
const joint = linear((operand) => operand < 2);

/** The values of those updates that stay when later ones overwrite earlier ones; zero for the others. */
function ofWinners(
  values: Tensor,
  shape: Shape,
  indices: readonly Tensor[],
  axes: readonly number[],
): Tensor {
  const batch = indices[0]!.shape;
  const count = sizeOf(batch);
  if (count < 2) return values;
  const numbers = reshape(ramp(count), batch);
  const addressed = axes.map((_, i) => i);
  const field = zerosLike({ shape: axes.map((axis) => shape[axis]!), dtype: "int32" });
  const latest = scattered("set", field, numbers, indices, addressed);
  const wins = bindOne(gatherP, [latest, ...indices], { axes: addressed }).equal(numbers);
  return reshape(wins, [...batch, ...values.shape.slice(batch.length).map(() => 1)]).where(values, 0);
}

/** Elements of x times the updates that meet them, as a series. Updates of one position are brought together first. */
function scatteredProduct(
  x: Series,
  updates: Series,
  indices: readonly Tensor[],
  params: ScatterParams,
): Series {
  const { axes } = params;
  const [factors, ...changes] = updates;
  if (changes.every((c) => c === null))
    return mapSeries(x, (c) => bindOne(scatterP, [c, factors, ...indices], params));
  const { shape } = x[0];
  const flat = indices.map((index) => reshape(index, [index.size]));
  const keys = flat.reduce<Tensor | null>((key, index, i) => {
    const length = shape[axes[i]!]!;
    const at = index.less(0).where(index.add(length), index);
    return key ? key.mul(length).add(at) : at;
  }, null)!;
  const order = bindOne(argsortP, [keys], undefined);
  const sorted = (c: Tensor): Tensor => bindOne(gatherP, [c, order], { axes: [0] });
  const blocks = mapSeries(updates, (c) => sorted(reshape(c, [keys.size, ...otherLengths(shape, axes)])));
  const positions = flat.map(sorted);
  // The last product of a run is the whole one, and the last update is the one that stays.
  const place = (onto: Tensor, c: Tensor): Tensor => scattered("set", onto, c, positions, axes);
  const [products, ...rest] = segmentProducts(sorted(keys), blocks);
  const ones = broadcastTo(astype(asTensor(1), products.dtype), shape);
  return mulSeries(x, [place(ones, products), ...rest.map((c) => c && place(zerosLike(x[0]), c))]);
}

/** The mean of the tangents of those that are the extremum at their position: elements of x and updates. */
function atRecord(
  x: Tensor,
  updates: Tensor,
  indices: readonly Tensor[],
  output: Tensor,
  { axes }: ScatterParams,
): (dx: Tangent, du: Tangent) => Tangent {
  const sum = (a: Tensor, b: Tensor): Tensor => scattered("add", a, b, indices, axes);
  const keeps = x.equal(output);
  const takes = updates.equal(bindOne(gatherP, [output, ...indices], { axes }));
  const count = sum(keeps.astype(x.dtype), takes.astype(x.dtype));
  return (dx, du) =>
    dx || du
      ? sum(dx ? keeps.where(dx, 0) : zerosLike(x), du ? takes.where(du, 0) : zerosLike(updates)).div(count)
      : null;
}

const MAX_POSITION = 2 ** 31 - 1;

/** An index argument as int32. Throws DTypeError unless it holds integers. */
export function indexTensor(value: TensorLike, what: string): Tensor {
  const index = asTensor(value, what);
  if (index.dtype === "int32") return index;
  if (isInteger(index.dtype)) {
    // Above 2^31 a cast would wrap to a valid negative position; the largest one is out of range of all axes.
    return astype(index.dtype === "uint32" ? index.minimum(MAX_POSITION) : index, "int32");
  }
  const data = index.data();
  if (index.dtype === "float64" && data.every((at) => Number.isInteger(at) && Math.abs(at) <= MAX_POSITION))
    return astype(index, "int32");
  throw new DTypeError(`${what}: integers were expected, got ${index.dtype}`);
}

/**
 * The slices at `indices` along one axis; the axis is replaced by the shape of `indices`. Throws ShapeError out of
 * range.
 */
export function take(x: Tensor, indices: TensorLike, axis = 0): Tensor {
  const at = normalizeAxis(axis, x.ndim, "take: axis");
  const index = indexTensor(indices, "take: indices");
  const gathered = bindOne(gatherP, [x, index], { axes: [at] });
  // The batch axes come first; bring them to the place of the axis that they replace.
  let result = gathered;
  for (let i = 0; i < at; i++) result = moveAxis(result, index.ndim + i, i);
  return result;
}

/** Index tensors that address every axis of `shape`, broadcast to it, with `index` on one axis. */
function fullIndex(shape: Shape, index: Tensor, axis: number): Tensor[] {
  return shape.map((length, i) => {
    if (i === axis) return index;
    const along = shape.map((_, j) => (j === i ? length : 1));
    return broadcastTo(reshape(ramp(length), along), shape);
  });
}

/** Elements `x[…, indices[…, j, …], …]`: positions along one axis, element by element. Other axes broadcast. */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.ndim, "takeAlongAxis: axis");
  const index = indexTensor(indices, "takeAlongAxis: indices");
  if (index.ndim !== x.ndim)
    throw new ShapeError(`takeAlongAxis: indices need ${x.ndim} axes, got shape ${formatShape(index.shape)}`);
  const rest = x.shape.map((n, i) => (i === at ? 1 : n));
  const shape = broadcastShapes(index.shape, rest);
  const source = broadcastTo(
    x,
    shape.map((n, i) => (i === at ? x.shape[at]! : n)),
  );
  const axes = x.shape.map((_, i) => i);
  return bindOne(gatherP, [source, ...fullIndex(shape, broadcastTo(index, shape), at)], { axes });
}

/**
 * A copy of `x` in which the slices at `indices` along one axis are replaced by, or joined with, `updates` (which
 * broadcast to the shape that `take` would return).
 */
export function scatter(
  x: Tensor,
  indices: TensorLike,
  updates: TensorLike,
  options: { readonly axis?: number; readonly mode?: ScatterMode } = {},
): Tensor {
  const axis = normalizeAxis(options.axis ?? 0, x.ndim, "scatter: axis");
  const index = indexTensor(indices, "scatter: indices");
  const before = x.shape.slice(0, axis);
  const shape = [...before, ...index.shape, ...x.shape.slice(axis + 1)];
  let values = broadcastTo(astype(asTensor(updates), x.dtype), shape);
  for (let i = 0; i < index.ndim; i++) values = moveAxis(values, axis + i, i);
  return bindOne(scatterP, [x, values, index], { axes: [axis], mode: options.mode ?? "set" });
}
