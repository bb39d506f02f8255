import { DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { threefry } from "./threefry.ts";

/** The state from which random numbers are drawn: a uint32 tensor `[2]`. Using one key twice gives the same numbers. */
export type Key = Tensor;

/** A key from a seed (an integer from 0 to 2^53 - 1). Throws ShapeError for anything else. */
export function key(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ShapeError(`key: the seed must be an integer from 0 to 2^53 - 1, got ${seed}`);
  return new Tensor(Uint32Array.of(Math.floor(seed / 2 ** 32), seed >>> 0), [2], "uint32");
}

/** Both words of a key. Throws when the argument is not a key. */
export function keyWords(from: Key): readonly [number, number] {
  if (!(from instanceof Tensor) || from.dtype !== "uint32")
    throw new DTypeError("a random key is needed here: make one with key(seed)");
  if (from.size !== 2) throw new ShapeError(`a random key has shape [2], got ${formatShape(from.shape)}`);
  return [from.item(0), from.item(1)];
}

/** `count` independent keys; do not use `from` again. */
export function split(from: Key, count = 2): Key[] {
  const [key0, key1] = keyWords(from);
  const words = new Uint32Array(2 * count);
  threefry(key0, key1, 1, 0, words);
  return Array.from({ length: count }, (_, i) => new Tensor(words.slice(2 * i, 2 * i + 2), [2], "uint32"));
}

/** A key that depends on `from` and an integer: one per step, layer, restart … */
export function foldIn(from: Key, data: number): Key {
  const [key0, key1] = keyWords(from);
  const words = new Uint32Array(2);
  threefry(key0, key1, 2, data >>> 0, words);
  return new Tensor(words, [2], "uint32");
}
