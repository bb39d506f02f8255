// Primitives that only move elements: views wherever strides can express the result.

import { allocate, dtypeInfo } from "../tensor/dtype.ts";
import { ShapeError } from "../tensor/errors.ts";
import { formatShape, rowMajorStrides, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { bindOne } from "./bind.ts";
import { type Abstract, ALL, definePrimitive, type Primitive } from "./primitive.ts";
import { batchAll, isOpen, linear, zerosLike } from "./rules.ts";

/** Axes as they are counted once a batch axis stands in front. */
const behindBatch = (axes: readonly number[]): number[] => axes.map((axis) => axis + 1);

interface ShapeParams {
  readonly shape: Shape;
}

export const reshapeP: Primitive<ShapeParams> = definePrimitive<ShapeParams>({
  name: "reshape",
  lower: { kind: "view" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { shape }) => {
    if (sizeOf(shape) !== sizeOf(x!.shape))
      throw new ShapeError(`reshape: ${formatShape(x!.shape)} does not fill ${formatShape(shape)}`);
    return [{ shape, dtype: x!.dtype }];
  },
  evaluate: ([x], { shape }) => {
    const from = x!;
    if (from.isContiguous)
      return [new Tensor(from.storage, shape, from.dtype, rowMajorStrides(shape), from.offset)];
    const strides = viewStrides(from, shape);
    if (strides) return [new Tensor(from.storage, shape, from.dtype, strides, from.offset)];
    return [new Tensor(from.data(), shape, from.dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x] }) => [c!.reshape(x!.shape)],
  batch: ({ inputs: [x], size, params: { shape } }) => [x!.reshape([size, ...shape])],
});

/** Strides that show a view's elements in another shape without moving them, or null when there are none. */
export function viewStrides(x: Tensor, shape: Shape): number[] | null {
  const strides = new Array<number>(shape.length).fill(0);
  let axis = shape.length - 1;
  let i = x.ndim - 1;
  while (i >= 0) {
    // Join axes of the source that form one run, then cut the run into axes of the target.
    let length = x.shape[i]!;
    let step = x.strides[i]!;
    if (length === 1) {
      i--;
      continue;
    }
    i--;
    while (i >= 0 && (x.shape[i] === 1 || x.strides[i] === step * length)) length *= x.shape[i--]!;
    while (length > 1) {
      if (axis < 0) return null;
      const part = shape[axis]!;
      if (part !== 1) {
        if (length % part) return null;
        strides[axis] = step;
        step *= part;
        length /= part;
      }
      axis--;
    }
  }
  return strides;
}

interface TransposeParams {
  readonly axes: readonly number[];
}

export const transposeP: Primitive<TransposeParams> = definePrimitive<TransposeParams>({
  name: "transpose",
  lower: { kind: "view" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { axes }) => [{ shape: axes.map((axis) => x!.shape[axis]!), dtype: x!.dtype }],
  evaluate: ([x], { axes }, [output]) => [
    new Tensor(
      x!.storage,
      output!.shape,
      x!.dtype,
      axes.map((axis) => x!.strides[axis]!),
      x!.offset,
    ),
  ],
  ...linear(),
  transpose: ({ cotangents: [c], params: { axes } }) => [c!.transpose(inversePermutation(axes))],
  batch: ({ inputs: [x], params: { axes } }) => [x!.transpose([0, ...behindBatch(axes)])],
});

/** The order that undoes a transposition to `axes`. */
export function inversePermutation(axes: readonly number[]): number[] {
  const back = new Array<number>(axes.length);
  axes.forEach((axis, place) => {
    back[axis] = place;
  });
  return back;
}

export const broadcastToP: Primitive<ShapeParams> = definePrimitive<ShapeParams>({
  name: "broadcastTo",
  lower: { kind: "view" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { shape }) => {
    const from = x!.shape;
    const skip = shape.length - from.length;
    if (skip < 0 || from.some((length, axis) => length !== 1 && length !== shape[axis + skip]))
      throw new ShapeError(`broadcastTo: ${formatShape(from)} does not broadcast to ${formatShape(shape)}`);
    return [{ shape, dtype: x!.dtype }];
  },
  evaluate: ([x], { shape }) => {
    const skip = shape.length - x!.ndim;
    const strides = shape.map((_, axis) =>
      axis < skip || x!.shape[axis - skip] === 1 ? 0 : x!.strides[axis - skip]!,
    );
    return [new Tensor(x!.storage, shape, x!.dtype, strides, x!.offset)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x], params: { shape } }) => {
    const skip = shape.length - x!.shape.length;
    const repeated = shape.flatMap((n, i) => (i < skip || x!.shape[i - skip] !== n ? [i] : []));
    return [c!.sum({ axis: repeated }).reshape(x!.shape)];
  },
  batch: ({ inputs: [x], size, params: { shape } }) => {
    const inserted = new Array<number>(shape.length + 1 - x!.ndim).fill(1);
    return [x!.reshape([size, ...inserted, ...x!.shape.slice(1)]).broadcastTo([size, ...shape])];
  },
});

/** Start, step and number of elements along each axis; steps may be negative. */
export interface SliceParams {
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly lengths: readonly number[];
}

export const sliceP: Primitive<SliceParams> = definePrimitive<SliceParams>({
  name: "slice",
  lower: { kind: "view" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { lengths }) => [{ shape: lengths, dtype: x!.dtype }],
  evaluate: ([x], { starts, steps, lengths }) => {
    const from = x!;
    let offset = from.offset;
    if (sizeOf(lengths) > 0) for (let i = 0; i < starts.length; i++) offset += starts[i]! * from.strides[i]!;
    const strides = from.strides.map((stride, axis) => stride * steps[axis]!);
    return [new Tensor(from.storage, lengths, from.dtype, strides, offset)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x], params: { starts, steps, lengths } }) => {
    const mirrored = steps.flatMap((step, i) => (step < 0 ? [i] : []));
    const ascending = mirrored.length > 0 ? c!.flip(mirrored) : c!;
    const isEmpty = ascending.size === 0;
    const before = starts.map((start, i) =>
      isEmpty ? 0 : steps[i]! < 0 ? start + (lengths[i]! - 1) * steps[i]! : start,
    );
    const interior = steps.map((step) => Math.abs(step) - 1);
    const after = x!.shape.map((n, i) => n - dilatedLength(lengths[i]!, interior[i]!) - before[i]!);
    return [padWithZeros(ascending, { before, after, interior })];
  },
  batch: ({ inputs: [x], size, params: { starts, steps, lengths }, self }) => [
    bindOne(self, [x!], { starts: [0, ...starts], steps: [1, ...steps], lengths: [size, ...lengths] }),
  ],
});

interface DiagonalParams {
  readonly first: number;
  readonly second: number;
}

export const diagonalP: Primitive<DiagonalParams> = definePrimitive<DiagonalParams>({
  name: "diagonal",
  lower: { kind: "view" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { first, second }) => [
    {
      shape: [
        ...x!.shape.filter((_, i) => i !== first && i !== second),
        Math.min(x!.shape[first]!, x!.shape[second]!),
      ],
      dtype: x!.dtype,
    },
  ],
  evaluate: ([x], { first, second }, [output]) => [
    new Tensor(
      x!.storage,
      output!.shape,
      x!.dtype,
      [...x!.strides.filter((_, i) => i !== first && i !== second), x!.strides[first]! + x!.strides[second]!],
      x!.offset,
    ),
  ],
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x], params: { first, second } }) => {
    const { shape } = x!;
    const others = shape.map((_, i) => i).filter((i) => i !== first && i !== second);
    const rows = shape[first]!;
    const columns = shape[second]!;
    // In C order, neighbours on the diagonal lie one row and one element apart.
    const dilated = dilatedLength(Math.min(rows, columns), columns);
    const flat = padWithZeros(c!, {
      before: [...others.map(() => 0), 0],
      after: [...others.map(() => 0), rows * columns - dilated],
      interior: [...others.map(() => 0), columns],
    });
    const order = [...others, first, second];
    return [flat.reshape(order.map((i) => shape[i]!)).transpose(inversePermutation(order))];
  },
  batch: ({ inputs: [x], params: { first, second }, self }) => [
    bindOne(self, [x!], { first: first + 1, second: second + 1 }),
  ],
});

export interface ConcatParams {
  readonly axis: number;
}

export const concatP: Primitive<ConcatParams> = definePrimitive<ConcatParams>({
  name: "concat",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (inputs, { axis }) => {
    const first = inputs[0]!;
    let length = 0;
    for (const { shape } of inputs) {
      if (shape.length !== first.shape.length || shape.some((n, i) => i !== axis && n !== first.shape[i]))
        throw new ShapeError(
          `concat: ${formatShape(shape)} and ${formatShape(first.shape)} differ outside axis ${axis}`,
        );
      length += shape[axis]!;
    }
    return [{ shape: first.shape.map((n, i) => (i === axis ? length : n)), dtype: first.dtype }];
  },
  evaluate: (inputs, { axis }, [output]) => {
    const { shape, dtype } = output!;
    const { width } = dtypeInfo(dtype);
    const data = allocate(dtype, sizeOf(shape));
    const outer = sizeOf(shape.slice(0, axis));
    const rowOut = sizeOf(shape.slice(axis)) * width;
    let place = 0;
    for (const x of inputs) {
      const row = sizeOf(x.shape.slice(axis)) * width;
      const from = x.data();
      for (let i = 0; i < outer; i++) data.set(from.subarray(i * row, (i + 1) * row), i * rowOut + place);
      place += row;
    }
    return [new Tensor(data, shape, dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs, params: { axis } }) => {
    let end = 0;
    return inputs.map((x) => {
      end += x.shape[axis]!;
      const starts = x.shape.map((n, i) => (i === axis ? end - n : 0));
      return isOpen(x)
        ? bindOne(sliceP, [c!], { starts, steps: x.shape.map(() => 1), lengths: x.shape })
        : null;
    });
  },
  batch: ({ inputs, batched, size, params: { axis }, self }) => [
    bindOne(self, batchAll(inputs, batched, size), { axis: axis + 1 }),
  ],
});

export interface PadParams {
  /** Elements added before and after, per axis. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Elements added between neighbours. */
  readonly interior: readonly number[];
}

/** The length of `n` elements with `interior` others between neighbours. */
const dilatedLength = (n: number, interior: number): number => n + Math.max(0, n - 1) * interior;

export const padP: Primitive<PadParams> = definePrimitive<PadParams>({
  name: "pad",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x], { before, after, interior }) => [
    {
      shape: x!.shape.map((n, i) => before[i]! + dilatedLength(n, interior[i]!) + after[i]!),
      dtype: x!.dtype,
    },
  ],
  /** Operands: the tensor and the value of the added elements, a scalar of the same dtype. */
  evaluate: ([x, value], { before, interior }, [output]) => {
    const { shape, dtype } = output!;
    const { width } = dtypeInfo(dtype);
    const data = allocate(dtype, sizeOf(shape));
    const border = value!.data();
    if (border.some((entry) => entry !== 0))
      for (let i = 0; i < data.length; i++) data[i] = border[i % width]!;
    const from = x!.data();
    const strides = rowMajorStrides(shape);
    const last = x!.ndim - 1;
    const row = last < 0 ? 1 : x!.shape[last]!;
    const step = last < 0 ? 1 : 1 + interior[last]!;
    let next = 0;
    const copy = (axis: number, at: number): void => {
      const start = axis < 0 ? 0 : at + before[axis]! * strides[axis]!;
      if (axis < last) {
        const pitch = (1 + interior[axis]!) * strides[axis]!;
        for (let i = 0; i < x!.shape[axis]!; i++) copy(axis + 1, start + i * pitch);
      } else if (step === 1) {
        data.set(from.subarray(next, next + row * width), start * width);
        next += row * width;
      } else
        for (let i = 0; i < row; i++)
          for (let part = 0; part < width; part++) data[(start + i * step) * width + part] = from[next++]!;
    };
    if (x!.size > 0) copy(Math.min(0, last), 0);
    return [new Tensor(data, shape, dtype)];
  },
  ...linear(),
  transpose: ({ cotangents: [c], inputs: [x, value], params }) => {
    const { before, interior } = params;
    const inner = (): Tensor =>
      bindOne(sliceP, [c!], { starts: before, steps: interior.map((n) => n + 1), lengths: x!.shape });
    return [
      isOpen(x!) ? inner() : null,
      isOpen(value!) ? addedElements(x!.shape, params).where(c!, zerosLike(c!)).sum() : null,
    ];
  },
  batch: ({ inputs: [x, value], batched: [isBatched, hasOwnValues], size, params, self }) => {
    const [tensors] = batchAll([x!], [isBatched!], size);
    const widths: PadParams = {
      before: [0, ...params.before],
      after: [0, ...params.after],
      interior: [0, ...params.interior],
    };
    if (!hasOwnValues) return [bindOne(self, [tensors!, value!], widths)];
    const padded = padWithZeros(tensors!, widths);
    const values = value!.reshape([size, ...x!.shape.slice(isBatched ? 1 : 0).map(() => 1)]);
    return [addedElements(tensors!.shape, widths).where(values, padded)];
  },
});

const scalarZero = ({ dtype }: Abstract): Tensor => zerosLike({ shape: [], dtype });

const padWithZeros = (x: Tensor, params: PadParams): Tensor => bindOne(padP, [x, scalarZero(x)], params);

/** True at the elements that padding a tensor of the given shape adds. */
function addedElements(shape: Shape, params: PadParams): Tensor {
  const added = new Tensor(Uint8Array.of(1), [], "bool");
  return bindOne(padP, [zerosLike({ shape, dtype: "bool" }), added], params);
}
