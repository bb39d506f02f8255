// Trees: plain objects and arrays, nested at will, with tensors at the leaves. Parameters of models, states of
// optimizers and decompositions are trees. Strings, numbers, booleans, null and functions inside a tree are part of
// its structure.

import { TreeError } from "./errors.ts";
import { Tensor } from "./tensor.ts";

/** A tree whose leaves are of type `T`. */
export type Tree<T = Tensor> = T | TreeStatic | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };
type TreeStatic = string | number | boolean | null | undefined | ((...args: never[]) => unknown);

/** The shape of a tree without its leaves. */
export interface TreeStructure {
  /** Paths of the leaves, in order, such as `.layers[0].weight`. */
  readonly paths: readonly string[];
  /** The tree again, with `leaf(i)` in place of the i-th tensor. */
  readonly build: (leaf: (index: number) => unknown) => unknown;
}

const isPlainObject = (value: object): value is Record<string, unknown> => {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

const describe = (value: unknown): string => {
  if (value instanceof Tensor) return "a tensor";
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  if (typeof value === "object" && value !== null)
    return `an object with keys ${Object.keys(value).sort().join(", ")}`;
  return String(value);
};

type Visitor = (leaves: readonly Tensor[], path: string) => unknown;

/** Walks trees of one structure together; the first tree gives the structure. Keys are visited in sorted order. */
function walk(trees: readonly unknown[], path: string, visit: Visitor): unknown {
  const first = trees[0];
  const mismatch = (other: unknown): TreeError =>
    new TreeError(`trees differ at ${path || "the root"}: ${describe(first)} against ${describe(other)}`);
  if (first instanceof Tensor) {
    for (const other of trees) if (!(other instanceof Tensor)) throw mismatch(other);
    return visit(trees as readonly Tensor[], path);
  }
  if (Array.isArray(first)) {
    for (const other of trees)
      if (!Array.isArray(other) || other.length !== first.length) throw mismatch(other);
    return first.map((_, i) =>
      walk(
        trees.map((tree) => (tree as unknown[])[i]),
        `${path}[${i}]`,
        visit,
      ),
    );
  }
  if (typeof first === "object" && first !== null) {
    if (!isPlainObject(first))
      throw new TreeError(
        `tree: ${path || "the root"} is a ${first.constructor.name}; tensors, arrays and plain objects were expected`,
      );
    const keys = Object.keys(first).sort();
    for (const other of trees)
      if (
        typeof other !== "object" ||
        other === null ||
        Array.isArray(other) ||
        other instanceof Tensor ||
        Object.keys(other).sort().join() !== keys.join()
      )
        throw mismatch(other);
    return Object.fromEntries(
      keys.map((key) => [
        key,
        walk(
          trees.map((tree) => (tree as Record<string, unknown>)[key]),
          `${path}.${key}`,
          visit,
        ),
      ]),
    );
  }
  for (const other of trees) if (!Object.is(other, first)) throw mismatch(other);
  return first;
}

/**
 * A tree of the same structure with `f` applied to corresponding leaves. Throws TreeError, naming the path, where the
 * trees differ.
 */
export function treeMap<T>(
  f: (leaf: Tensor, ...others: Tensor[]) => unknown,
  tree: T,
  ...rest: readonly T[]
): T {
  return walk([tree, ...rest], "", (leaves) => f(...(leaves as [Tensor, ...Tensor[]]))) as T;
}

/** The tensors of a tree in a fixed order (keys sorted), and what is needed to put them back. */
export function treeFlatten(tree: unknown): { leaves: Tensor[]; structure: TreeStructure } {
  const leaves: Tensor[] = [];
  const paths: string[] = [];
  walk([tree], "", ([leaf], path) => {
    leaves.push(leaf!);
    paths.push(path);
    return leaf;
  });
  const build = (leaf: (index: number) => unknown): unknown => {
    let next = 0;
    return walk([tree], "", () => leaf(next++));
  };
  return { leaves, structure: { paths, build } };
}

/** The inverse of `treeFlatten`. Throws TreeError for another number of leaves. */
export function treeUnflatten<T>(structure: TreeStructure, leaves: readonly Tensor[]): T {
  if (leaves.length !== structure.paths.length)
    throw new TreeError(
      `treeUnflatten: ${structure.paths.length} leaves were expected, got ${leaves.length}`,
    );
  return structure.build((i) => leaves[i]) as T;
}

/** The tensors of a tree, keys sorted. */
export const treeLeaves = (tree: unknown): Tensor[] => treeFlatten(tree).leaves;

/** Functions on trees of tensors under one name: `tree.map(f, params)`. */
export const tree: {
  readonly map: typeof treeMap;
  readonly flatten: typeof treeFlatten;
  readonly unflatten: typeof treeUnflatten;
  readonly leaves: typeof treeLeaves;
} = { map: treeMap, flatten: treeFlatten, unflatten: treeUnflatten, leaves: treeLeaves };
