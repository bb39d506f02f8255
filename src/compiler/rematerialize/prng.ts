// A small stream of random numbers for the search. `polyadic/random` stands above the compiler, so a key comes in as
// the tensor that it is.

import { DTypeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Doty-Humphrey's sfc32: 128 bits of state, seeded with both words of a key. */
export class RandomStream {
  #a: number;
  #b: number;
  #c = 0;
  #counter = 1;

  /** Throws DTypeError when `key` is not a random key. Without one the stream is always the same. */
  constructor(key: Tensor | undefined) {
    if (key !== undefined && !(key instanceof Tensor && key.dtype === "uint32" && key.size === 2))
      throw new DTypeError("rematerialize: key must be a random key; make one with random.key(seed)");
    this.#a = key ? key.item(0) : 0;
    this.#b = key ? key.item(1) : 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** Uniform in [0, 1). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** Uniform among 0, 1, … n - 1. */
  integer(n: number): number {
    return Math.floor(this.next() * n);
  }
}
