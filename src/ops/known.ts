// Checks of elements at the door, as far as they are known there.

import { isComplex } from "../tensor/dtype.ts";
import { DomainError, DTypeError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Tracer } from "./tracer.ts";

/** The elements where they can be read at the door: not of traced values, which are checked where they are used. */
export function readable(x: Tensor): Tensor | null {
  return x instanceof Tracer ? x.known() : x;
}

/** Throws DomainError for the first element, as far as they are known, that is not accepted. */
export function checkElements(
  x: Tensor,
  what: string,
  expected: string,
  accept: (value: number) => boolean,
): void {
  const known = readable(x);
  if (known === null) return;
  if (isComplex(x.dtype)) throw new DTypeError(`${what}: real numbers were expected, got ${x.dtype}`);
  for (const value of known.astype("float64").data())
    if (!accept(value)) throw new DomainError(`${what}: ${expected} was expected, got ${value}`);
}
