// Which results of a map may be written over its operands.

import { sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Buffer, bufferOf, elementBytes, rootOf } from "./buffers.ts";
import { readsBeforeWriting } from "./emitMap.ts";
import { loadsOf } from "./expressions.ts";
import type { MapStep } from "./steps.ts";

/** A result, and the operand that it takes the bytes of, by the numbers of their buffers. */
export interface Overwrite {
  readonly operand: number;
  readonly result: number;
}

/**
 * Pairs of an operand that dies in a map and a result that is born in it, element upon element: of one shape, contiguous,
 * with elements of one size. No result that is stored later may read the operand.
 */
export function overwrites(
  step: MapStep,
  dies: (id: number) => boolean,
  isBorn: (id: number) => boolean,
): Overwrite[] {
  const reads = step.outputs.map(({ value }) => loadsOf([value]));
  const free = new Map<number, Tensor>();
  for (const place of reads.flat()) {
    const buffer = bufferOf(place);
    if (buffer && fills(place, buffer, step) && dies(buffer.id)) free.set(buffer.id, place);
  }
  // An operand that is also read in another order must stay.
  for (const place of reads.flat()) {
    const buffer = bufferOf(place);
    if (buffer && !fills(place, buffer, step)) free.delete(rootOf(buffer).id);
  }
  if (free.size === 0 || !readsBeforeWriting(step)) return [];
  const pairs: Overwrite[] = [];
  step.outputs.forEach(({ place }, i) => {
    const buffer = bufferOf(place);
    if (!buffer || !fills(place, buffer, step) || !isBorn(buffer.id)) return;
    const later = new Set(reads.slice(i + 1).flatMap((places) => places.map(idOf)));
    for (const [id, operand] of free) {
      if (later.has(id) || elementBytes(operand.dtype) !== elementBytes(place.dtype)) continue;
      free.delete(id);
      pairs.push({ operand: id, result: buffer.id });
      return;
    }
  });
  return pairs;
}

const idOf = (place: Tensor): number | undefined => {
  const buffer = bufferOf(place);
  return buffer && rootOf(buffer).id;
};

/** Whether a place is its buffer, from the first element to the last, in the order of the map. */
const fills = (place: Tensor, buffer: Buffer, step: MapStep): boolean =>
  !buffer.within && place.offset === 0 && place.isContiguous && sameShape(place.shape, step.shape);
