// A tree of tensors as one vector, and back.

import { concat } from "../../ops/join.ts";
import { zerosLike } from "../../ops/rules.ts";
import { type DType, promote } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";

export interface Raveled<T> {
  /** All elements, leaf by leaf in the order of `tree.flatten`, in the dtype that holds them all: `[n]`. */
  readonly vector: Tensor;
  /** A tree like the one given, in its dtypes, from a vector `[n]`. Throws ShapeError for another shape. */
  readonly unravel: (vector: Tensor) => T;
}

/** One vector of all elements of a tree, and the way back; both differentiable, O(n). A tree without tensors gives `[0]`, float64. */
export function ravelTree<T>(value: T): Raveled<T> {
  const { leaves, structure } = tree.flatten(value);
  const size = leaves.reduce((sum, leaf) => sum + leaf.size, 0);
  const dtype = leaves
    .map((leaf) => leaf.dtype)
    .reduce<DType | null>((a, b) => (a ? promote(a, b) : b), null);
  const vector =
    leaves.length === 0
      ? zerosLike({ shape: [0], dtype: "float64" })
      : concat(
          leaves.map((leaf) => leaf.ravel().astype(dtype!)),
          0,
        );
  const shapes = leaves.map((leaf) => ({ shape: leaf.shape, dtype: leaf.dtype, size: leaf.size }));
  const unravel = (given: Tensor): T => {
    if (given.ndim !== 1 || given.size !== size)
      throw new ShapeError(
        `unravel: a vector of shape [${size}] was expected, got ${formatShape(given.shape)}`,
      );
    let start = 0;
    const parts = shapes.map((part) => {
      const piece = given
        .at(`${start}:${start + part.size}`)
        .reshape(part.shape)
        .astype(part.dtype);
      start += part.size;
      return piece;
    });
    return tree.unflatten<T>(structure, parts);
  };
  return { vector, unravel };
}
