// What a program and the loops inside of it have in common: buffers, and the tensors that the function captured.

import { Tensor } from "../../tensor/tensor.ts";
import { Buffers } from "./buffers.ts";

export class Context {
  readonly buffers: Buffers = new Buffers();
  readonly constants: { value: Tensor; place: Tensor }[] = [];
  readonly #uploaded = new Map<Tensor, Tensor>();
  loops: number = 0;
  readonly isTight: boolean;

  constructor(isTight: boolean) {
    this.isTight = isTight;
  }

  /** A constant's elements in the arena. */
  upload(value: Tensor): Tensor {
    let place = this.#uploaded.get(value);
    if (!place) {
      place = this.#copied(value);
      this.#uploaded.set(value, place);
    }
    return place;
  }

  /** A matrix and its transpose are one block of memory, which calls copy in the order in which it lies. */
  #copied(value: Tensor): Tensor {
    const { shape, strides, dtype, storage, offset, size } = value;
    const order = shape.map((_, axis) => axis).sort((a, b) => strides[b]! - strides[a]!);
    const [lengths, steps] = [shape, strides].map((list) => order.map((axis) => list[axis]!));
    const block = new Tensor(storage, lengths!, dtype, steps!, offset);
    if (!block.isContiguous) return this.#copied(value.contiguous());
    let known = this.constants.find(
      (other) =>
        other.value.storage === storage &&
        other.value.offset === offset &&
        other.value.size === size &&
        other.value.dtype === dtype,
    );
    if (!known) {
      known = { value: block, place: this.buffers.allocate(block) };
      this.constants.push(known);
    }
    return new Tensor(known.place.storage, shape, dtype, strides);
  }
}
