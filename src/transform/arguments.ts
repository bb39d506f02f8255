// Functions of trees as functions of flat lists of tensors, which is what the transforms work on.

import { asTensor } from "../ops/operands.ts";
import type { Domain } from "../ops/primitive.ts";
import { domainOf } from "../ops/tracer.ts";
import { DTypeError, PolyadicError, ShapeError, TreeError } from "../tensor/errors.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type TreeStructure, treeFlatten, treeUnflatten } from "../tensor/tree.ts";
import { isDifferentiable } from "./traces/forward.ts";

/** A tree and its tensors. */
export interface Flat {
  readonly leaves: readonly Tensor[];
  readonly structure: TreeStructure;
}

/** A tensor stays one when a transform's argument is written as a plain number. */
const lift = (value: unknown): unknown => (typeof value === "number" ? asTensor(value) : value);

/** The tensors of an argument; a bare number counts as a tensor. */
export const flatten = (value: unknown): Flat => treeFlatten(lift(value));

/** The tensors of several arguments, and where each argument's tensors begin and end. */
export interface FlatArguments extends Flat {
  readonly parts: readonly Flat[];
  /** Number of the argument that a leaf belongs to. */
  readonly owner: readonly number[];
}

export function flattenArguments(args: readonly unknown[]): FlatArguments {
  const parts = args.map(flatten);
  return {
    ...treeFlatten(args.map(lift)),
    parts,
    owner: parts.flatMap(({ leaves }, i) => leaves.map(() => i)),
  };
}

/** `argument 1.weights[0]` for messages. */
export const pathOf = (flat: FlatArguments, leaf: number): string => {
  const path = flat.structure.paths[leaf]!;
  const end = path.indexOf("]");
  return `argument ${path.slice(1, end)}${path.slice(end + 1)}`;
};

/** A function of trees, called with flat lists; it remembers the structure of its result. */
export class FlatCall {
  readonly #f: (...args: never[]) => unknown;
  readonly #structure: TreeStructure;
  readonly #transform: string;
  #result: TreeStructure | undefined;

  constructor(f: (...args: never[]) => unknown, args: Flat, transform: string) {
    if (typeof f !== "function")
      throw new PolyadicError(`${transform}: a function was expected, got ${describe(f)}`);
    this.#f = f;
    this.#structure = args.structure;
    this.#transform = transform;
  }

  readonly run = (leaves: readonly Tensor[]): readonly Tensor[] => {
    const args = treeUnflatten<never[]>(this.#structure, leaves);
    const value = this.#f(...args);
    if (value instanceof Promise)
      throw new TreeError(
        `${this.#transform}: the function returned a promise; transforms follow synchronous functions only. Await data before, and pass it as an argument`,
      );
    const { leaves: results, structure } = flatten(value);
    this.#result = structure;
    return results;
  };

  /** The structure of the last result. */
  get result(): TreeStructure {
    return this.#result!;
  }

  /** A tree like the last result, with other leaves. */
  rebuild<R>(leaves: readonly Tensor[]): R {
    // A bare tensor needs no walk.
    if (this.#result!.paths.length === 1 && this.#result!.paths[0] === "") return leaves[0] as R;
    return treeUnflatten<R>(this.#result!, leaves);
  }
}

const describe = (value: unknown): string =>
  value instanceof Tensor ? "a tensor" : value === null ? "null" : typeof value;

/** Throws DTypeError when a leaf to differentiate by is an integer or boolean. */
export function checkDifferentiable(x: Tensor, where: string, transform: string): void {
  if (isDifferentiable(x)) return;
  throw new DTypeError(
    `${transform}: ${where} is ${x.dtype}, which has no derivative; convert it with astype("float64"), or leave it out with argnums`,
  );
}

/**
 * The leaves of a tree of (co)tangents that must match other leaves. Throws TreeError for another structure,
 * ShapeError or DTypeError for leaves that do not fit.
 */
export function matchingLeaves(
  tree: unknown,
  structure: TreeStructure,
  like: readonly Tensor[],
  what: string,
): readonly Tensor[] {
  const { leaves, structure: given } = flatten(tree);
  if (given.paths.length !== structure.paths.length || given.paths.some((p, i) => p !== structure.paths[i]))
    throw new TreeError(
      `${what}: tensors at ${list(structure.paths)} were expected, got tensors at ${list(given.paths)}`,
    );
  return leaves.map((leaf, i) => {
    const x = like[i]!;
    const where = structure.paths[i]! && ` at ${structure.paths[i]}`;
    if (!sameShape(leaf.shape, x.shape))
      throw new ShapeError(
        `${what}${where}: shape ${formatShape(x.shape)} was expected, got ${formatShape(leaf.shape)}`,
      );
    // A plain number stands for a function that is constant.
    const place = domainOf(x);
    if (place && typeof tree === "number") return place.constant(leaf.astype(x.dtype));
    if (place || domainOf(leaf)) checkDomains(place, domainOf(leaf), `${what}${where}`);
    if (leaf.dtype === x.dtype || !isDifferentiable(x)) return leaf;
    // A plain number stands for a scalar of any dtype.
    if (typeof tree === "number") return leaf.astype(x.dtype);
    throw new DTypeError(`${what}${where}: ${x.dtype} was expected, got ${leaf.dtype}`);
  });
}

/** Throws ShapeError unless both are functions over one domain. */
function checkDomains(expected: Domain | undefined, given: Domain | undefined, what: string): void {
  if (expected && given) expected.meet(given, what);
  else
    throw new ShapeError(
      `${what}: ${expected ? `a function of ${expected}` : "a tensor"} was expected, got ${given ? `a function of ${given}` : "a tensor"}`,
    );
}

const list = (paths: readonly string[]): string =>
  paths.length === 0 ? "no place" : paths.map((path) => path || "the root").join(", ");
