import { allocate, type DType, dtypeInfo, type Storage } from "./dtype.ts";
import { type Shape, sizeOf } from "./shape.ts";

/** What a strided view is made of; `Tensor` is one. */
export interface StridedView {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly strides: Shape;
  readonly offset: number;
  readonly storage: Storage;
}

/**
 * Calls `visit(position)` with the storage offset of each innermost run of a view, in C order, after joining
 * neighbouring axes that form one run. `visit` also gets the run's length and stride.
 */
export function forEachRun(
  shape: Shape,
  strides: Shape,
  offset: number,
  visit: (position: number, length: number, stride: number) => void,
): void {
  const { lengths, steps } = joinAxes(shape, strides);
  const inner = lengths.length - 1;
  if (inner < 0) {
    if (sizeOf(shape) > 0) visit(offset, 1, 1);
    return;
  }
  const length = lengths[inner]!;
  const stride = steps[inner]!;
  const counter = new Array<number>(inner).fill(0);
  let position = offset;
  for (;;) {
    visit(position, length, stride);
    let axis = inner - 1;
    for (; axis >= 0; axis--) {
      position += steps[axis]!;
      if (++counter[axis]! < lengths[axis]!) break;
      position -= steps[axis]! * lengths[axis]!;
      counter[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** Drops axes of length 1 and joins axes that follow each other in memory; no axes left for a size of 0 or 1. */
function joinAxes(shape: Shape, strides: Shape): { lengths: number[]; steps: number[] } {
  const lengths: number[] = [];
  const steps: number[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis]!;
    if (length === 0) return { lengths: [], steps: [] };
    if (length === 1) continue;
    const last = lengths.length - 1;
    if (last >= 0 && steps[last] === strides[axis]! * length) {
      lengths[last]! *= length;
      steps[last] = strides[axis]!;
    } else {
      lengths.push(length);
      steps.push(strides[axis]!);
    }
  }
  return { lengths, steps };
}

/** Side of the square tiles by which a transposed view is read: both sides then stay in the first cache. */
const TILE = 32;

/** A view's elements copied into a fresh array in C order. O(size). */
export function gather(view: StridedView): Storage {
  const { width } = dtypeInfo(view.dtype);
  const out = allocate(view.dtype, sizeOf(view.shape));
  const source = view.storage;
  const { lengths, steps } = joinAxes(view.shape, view.strides);
  const last = lengths.length - 1;
  if (last >= 1 && width === 1 && steps[last]! > 1 && steps[last - 1] === 1) {
    gatherTransposed(source, view.offset, lengths, steps, out);
    return out;
  }
  let next = 0;
  forEachRun(view.shape, view.strides, view.offset, (position, length, stride) => {
    if (stride === 1 && length > 16) {
      out.set(source.subarray(position * width, (position + length) * width), next);
      next += length * width;
    } else if (width === 1) {
      for (let i = 0, p = position; i < length; i++, p += stride) out[next++] = source[p]!;
    } else {
      for (let i = 0, p = 2 * position; i < length; i++, p += 2 * stride) {
        out[next++] = source[p]!;
        out[next++] = source[p + 1]!;
      }
    }
  });
  return out;
}

/** The case in which the last two axes are a transposed matrix: walked in tiles. */
function gatherTransposed(
  source: Storage,
  offset: number,
  lengths: number[],
  steps: number[],
  out: Storage,
): void {
  const outer = lengths.length - 2;
  const rows = lengths[outer]!;
  const columns = lengths[outer + 1]!;
  const columnStep = steps[outer + 1]!;
  let next = 0;
  const page = (position: number): void => {
    for (let i0 = 0; i0 < rows; i0 += TILE) {
      const i1 = Math.min(i0 + TILE, rows);
      for (let j0 = 0; j0 < columns; j0 += TILE) {
        const j1 = Math.min(j0 + TILE, columns);
        for (let i = i0; i < i1; i++) {
          const to = next + i * columns;
          for (let j = j0, p = position + i + j0 * columnStep; j < j1; j++, p += columnStep)
            out[to + j] = source[p]!;
        }
      }
    }
    next += rows * columns;
  };
  forEachRun(lengths.slice(0, outer), steps.slice(0, outer), offset, (position, length, stride) => {
    for (let i = 0; i < length; i++) page(position + i * stride);
  });
}
