// Random weighted trees.

import { permutation, uniform } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tree } from "../trees/tree.ts";

export interface RandomTreeOptions {
  /** `recursive`: the parent of a node is any earlier one; or a path, or a star. `recursive` unless told. */
  readonly kind?: "recursive" | "path" | "star";
  /** Lengths from U(0, 1), or all 1; `uniform` unless told. */
  readonly weights?: "uniform" | "unit";
  /** Number the nodes at random, so that parents may come after their children. */
  readonly shuffle?: boolean;
}

/**
 * A random tree with n nodes. O(n).
 *
 * @throws DomainError unless n is a positive integer, and for unknown options.
 */
export function randomTree(
  key: Key,
  n: number,
  options: RandomTreeOptions = {},
): Tree & { readonly parent: Int32Array; readonly weight: Float64Array } {
  const { kind = "recursive", weights = "uniform", shuffle = false } = options;
  if (!(Number.isInteger(n) && n >= 1))
    throw new DomainError(`randomTree: n must be a positive integer, got ${n}`);
  if (!["recursive", "path", "star"].includes(kind))
    throw new DomainError(`randomTree: kind must be "recursive", "path" or "star", got ${String(kind)}`);
  if (weights !== "uniform" && weights !== "unit")
    throw new DomainError(`randomTree: weights must be "uniform" or "unit", got ${String(weights)}`);
  const draws = uniform(foldIn(key, 0), [n]).data();
  const lengths = uniform(foldIn(key, 1), [n]).data();
  const names = shuffle ? permutation(foldIn(key, 2), n).data() : undefined;
  const name = (i: number): number => (names ? Number(names[i]) : i);
  const parent = new Int32Array(n).fill(-1);
  const weight = new Float64Array(n);
  for (let i = 1; i < n; i++) {
    const above = kind === "path" ? i - 1 : kind === "star" ? 0 : Math.floor(Number(draws[i]) * i);
    parent[name(i)] = name(above);
    weight[name(i)] = weights === "unit" ? 1 : Number(lengths[i]);
  }
  return { parent, weight };
}
