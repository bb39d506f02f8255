// Where the values of a program lie. A buffer is a range of the arena; a place is a strided view of one, held as a tensor
// whose storage is only a token, so that the movement primitives themselves compute views.

import type { Abstract } from "../../ops/primitive.ts";
import { type DType, dtypeInfo, type Storage } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** An index of a running loop, times bytes: how an address moves with it. */
export interface Motion {
  readonly loop: number;
  readonly bytes: number;
}

export interface Buffer {
  readonly id: number;
  readonly bytes: number;
  readonly dtype: DType;
  /** A part of another buffer, which may move with a loop. */
  readonly within?: { readonly parent: Buffer; readonly offset: number; readonly motion?: Motion };
}

const buffers = new WeakMap<Storage, Buffer>();

/** Vector kernels may read and write past the end, up to two vectors at a time. */
const PADDING = 32;

export class Buffers {
  readonly all: Buffer[] = [];

  /** A new buffer for contiguous elements, as a place. */
  allocate({ shape, dtype }: Abstract): Tensor {
    const bytes = sizeOf(shape) * dtypeInfo(dtype).bytes + PADDING;
    return this.#place({ id: this.all.length, bytes, dtype }, shape);
  }

  /** The slice of a place along axis 0 at the index of a loop. */
  slice(parent: Tensor, loop: number): Tensor {
    const buffer = bufferOf(parent)!;
    const step = (parent.strides[0] ?? 0) * elementBytes(parent.dtype);
    const within = {
      parent: buffer,
      offset: parent.offset * elementBytes(parent.dtype),
      motion: { loop, bytes: step },
    };
    const moving: Buffer = { id: this.all.length, bytes: 0, dtype: parent.dtype, within };
    return this.#place(moving, parent.shape.slice(1), parent.strides.slice(1));
  }

  /** Contiguous elements inside of a contiguous place, from one of its elements on. */
  part(parent: Tensor, first: number, shape: Shape): Tensor {
    const { dtype } = parent;
    const within = { parent: bufferOf(parent)!, offset: (parent.offset + first) * elementBytes(dtype) };
    return this.#place({ id: this.all.length, bytes: 0, dtype, within }, shape);
  }

  /** The part of a contiguous place that begins at the given indices. */
  block(parent: Tensor, starts: readonly number[], shape: Shape): Tensor {
    const first = starts.reduce((at, start, axis) => at + start * parent.strides[axis]!, 0);
    const { dtype } = parent;
    const within = { parent: bufferOf(parent)!, offset: (parent.offset + first) * elementBytes(dtype) };
    return this.#place({ id: this.all.length, bytes: 0, dtype, within }, shape, parent.strides);
  }

  #place(buffer: Buffer, shape: Shape, strides?: Shape): Tensor {
    this.all.push(buffer);
    const token = new Float64Array(0);
    buffers.set(token, buffer);
    return new Tensor(token, shape, buffer.dtype, strides);
  }
}

export const elementBytes = (dtype: DType): number => dtypeInfo(dtype).bytes;

/** The buffer that a place lies in; undefined for a constant with elements of its own. */
export const bufferOf = (place: Tensor): Buffer | undefined => buffers.get(place.storage);

/** The buffer that really holds the bytes: slices belong to what they are slices of. */
export const rootOf = (buffer: Buffer): Buffer => (buffer.within ? rootOf(buffer.within.parent) : buffer);
