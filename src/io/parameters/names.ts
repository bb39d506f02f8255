// Names of the leaves of a tree in a file: `.layers[0].weight` is written `layers.0.weight`, as PyTorch does.

import { TreeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";

/** The dotted name of a path in a tree. */
export const dottedName = (path: string): string => path.replace(/\[(\d+)\]/g, ".$1").replace(/^\./, "");

/**
 * The leaves of a tree by dotted name; a tensor that is the whole tree has the name `value`. Throws TreeError when two
 * leaves would have one name (a key with a dot in it).
 */
export function namedLeaves(params: unknown, what: string): Map<string, Tensor> {
  const { leaves, structure } = tree.flatten(params);
  const named = new Map<string, Tensor>();
  leaves.forEach((leaf, i) => {
    const name = dottedName(structure.paths[i]!) || "value";
    if (named.has(name))
      throw new TreeError(
        `${what}: two tensors have the name "${name}"; keys with dots in them are ambiguous`,
      );
    named.set(name, leaf);
  });
  return named;
}
