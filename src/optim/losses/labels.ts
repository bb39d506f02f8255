// Integer labels as targets of scores.

import { takeAlongAxis } from "../../ops/gather.ts";
import { checkElements } from "../../ops/known.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Throws unless labels are integers of the leading shape of scores, in range or `ignoreIndex`. */
export function checkLabels(name: string, scores: Tensor, labels: Tensor, ignoreIndex?: number): void {
  if (!sameShape(labels.shape, scores.shape.slice(0, -1)))
    throw new ShapeError(
      `${name}: labels: shape ${formatShape(scores.shape.slice(0, -1))} was expected for scores of shape ${formatShape(scores.shape)}, got ${formatShape(labels.shape)}`,
    );
  const classes = scores.shape.at(-1)!;
  checkElements(
    labels,
    `${name}: labels`,
    `an integer from 0 to ${classes - 1}`,
    (label) => (label >= 0 && label < classes) || label === ignoreIndex,
  );
}

/** Entries of x `[…, classes]` at labels `[…]`. */
export const pickLabels = (x: Tensor, labels: Tensor): Tensor =>
  takeAlongAxis(x, labels.expandDims(-1), -1).squeeze(-1);
