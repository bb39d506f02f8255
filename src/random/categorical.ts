// Drawing from a finite set by the maxima of logits with Gumbel noise.

import { checkElements, readable } from "../ops/known.ts";
import { moveAxis } from "../ops/movement.ts";
import { argmax } from "../ops/reduce.ts";
import { topK } from "../ops/sort.ts";
import { inexactDType } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { checkShape, formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { unitUniform } from "./bits.ts";
import type { Key } from "./key.ts";

/** Numbers from the Gumbel distribution with distribution function exp(-exp(-x)), as float64. O(size). */
export function gumbel(from: Key, shape: Shape): Tensor {
  checkShape(shape, "gumbel: shape");
  return unitUniform(from, { shape }).log().neg().log().neg();
}

export interface CategoricalOptions {
  /** Of the draws for each distribution; a single one unless told. */
  readonly shape?: Shape;
  /** Whether the draws for one distribution may be equal; they may unless told. */
  readonly replace?: boolean;
}

/**
 * Positions along the last axis of `logits` `[…, n]`, drawn with probabilities proportional to exp(logits), as int32 `[...shape, …]`:
 * where logits with Gumbel noise are largest. A logit of -∞ is never drawn. Without replacement, the draws for one distribution are
 * the positions of the largest sums, which is to draw one after the other from what is left. O(size n); without replacement
 * O(n log n) for each distribution.
 *
 * Throws ShapeError for logits without an axis or n = 0; DomainError for NaN, +∞, a distribution of which all logits are -∞, and
 * more draws without replacement than positions.
 *
 * Source: Kool, van Hoof, Welling, Stochastic beams and where to find them (2019), for the draws without replacement.
 */
export function categorical(from: Key, logits: Tensor, options: CategoricalOptions = {}): Tensor {
  const { shape = [], replace = true } = options;
  checkShape(shape, "categorical: shape");
  const n = logits.shape.at(-1);
  if (!n)
    throw new ShapeError(
      `categorical: logits: a last axis of at least 1 was expected, got ${formatShape(logits.shape)}`,
    );
  const count = replace ? 1 : sizeOf(shape);
  if (count > n)
    throw new DomainError(`categorical: ${count} draws without replacement of ${n} do not exist`);
  checkElements(logits, "categorical: logits", "a number below ∞", (x) => x < Number.POSITIVE_INFINITY);
  checkSupport(logits, n, count);
  const weights = logits.astype(inexactDType(logits.dtype));
  const batch = logits.shape.slice(0, -1);
  if (replace) return argmax(gumbel(from, [...shape, ...logits.shape]).add(weights), { axis: -1 });
  const { indices } = topK(gumbel(from, logits.shape).add(weights), count);
  return moveAxis(indices, -1, 0).reshape([...shape, ...batch]);
}

function checkSupport(logits: Tensor, n: number, count: number): void {
  const data = readable(logits)?.astype("float64").data();
  if (!data) return;
  for (let start = 0; start < data.length; start += n) {
    let support = 0;
    for (let i = start; i < start + n; i++) if (data[i]! > Number.NEGATIVE_INFINITY) support += 1;
    if (support < count)
      throw new DomainError(
        `categorical: logits: at least ${count} above -∞ were expected in each distribution, got ${support}`,
      );
  }
}
