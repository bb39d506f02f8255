// Vectorisation for people: functions of one example applied to many at once.

import { moveAxis } from "../ops/movement.ts";
import { DomainError, ShapeError, TreeError } from "../tensor/errors.ts";
import { formatShape, normalizeAxis } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type FlatArguments, FlatCall, flattenArguments, pathOf } from "./arguments.ts";
import { batchFlat } from "./traces/batching.ts";

/** An axis for all tensors of a tree (null: not batched), or a tree of axes that begins like it. */
export type Axes = number | null | readonly Axes[] | { readonly [key: string]: Axes };

export interface VmapOptions {
  /** The axis along which examples lie: one for all arguments, or an array with one entry per argument. 0 unless told. */
  readonly inAxes?: Axes;
  /** The axis along which results are stacked: one for all, or a tree like the result. 0 unless told. */
  readonly outAxes?: Axes;
}

/**
 * A function of one example as a function of many: every operation runs once on all of them. Arguments with axis null
 * are shared by all examples; so are numbers and whatever else is no tensor. Throws ShapeError when lengths along the
 * batch axes differ, TreeError when axes do not fit the arguments.
 */
export function vmap<A extends readonly unknown[], B>(
  f: (...args: A) => B,
  options: VmapOptions = {},
): (...args: A) => B {
  const { inAxes = 0, outAxes = 0 } = options;
  return (...args) => {
    const perArgument = Array.isArray(inAxes) ? inAxes : args.map(() => inAxes as Axes);
    if (perArgument.length !== args.length)
      throw new TreeError(
        `vmap: inAxes has ${perArgument.length} entries, the function was called with ${args.length} arguments`,
      );
    // A bare number is no tensor with a batch axis: it is shared.
    const flat = flattenArguments(args);
    const axes = args.flatMap((argument, i) =>
      typeof argument === "number" ? [null] : spread(perArgument[i]!, argument, `inAxes[${i}]`),
    );
    const places = flat.leaves.map((x, i) => {
      const axis = axes[i]!;
      if (axis === null) return null;
      if (x.ndim === 0)
        throw new ShapeError(
          `vmap: ${pathOf(flat, i)} is a scalar and has no axis ${axis} of examples; share it with null in inAxes`,
        );
      return normalizeAxis(axis, x.ndim, `vmap: inAxes for ${pathOf(flat, i)}`);
    });
    const size = batchSize(flat, places);
    const call = new FlatCall(f as never, flat, "vmap");
    const inputs = flat.leaves.map((x, i) => (places[i] === null ? x : moveAxis(x, places[i]!, 0)));
    const results = batchFlat(
      call.run,
      inputs,
      places.map((axis) => axis !== null),
      size,
    );
    const stacked = results.map(({ value, isBatched }) => ({ value, isBatched }));
    const outPlaces = spread(outAxes, call.rebuild<unknown>(results.map(({ value }) => value)), "outAxes");
    return call.rebuild<B>(
      stacked.map(({ value, isBatched }, i) => {
        const axis = outPlaces[i]!;
        if (axis === null) {
          if (!isBatched) return value;
          throw new DomainError("vmap: outAxes is null for a result that differs between examples");
        }
        const full = isBatched ? value : value.broadcastTo([size, ...value.shape]);
        return axis === 0 ? full : moveAxis(full, 0, axis);
      }),
    );
  };
}

/** One axis per tensor of a tree, from a tree of axes that begins like it. */
function spread(axes: Axes, tree: unknown, what: string): (number | null)[] {
  if (axes === null || typeof axes === "number") {
    if (axes !== null && !Number.isInteger(axes))
      throw new DomainError(`vmap: ${what}: an axis or null was expected, got ${axes}`);
    return leavesOf(tree).map(() => axes);
  }
  if (typeof axes !== "object")
    throw new DomainError(`vmap: ${what}: an axis or null was expected, got ${typeof axes}`);
  const isNode = typeof tree === "object" && tree !== null && !(tree instanceof Tensor);
  if (!isNode || Array.isArray(tree) !== Array.isArray(axes) || missing(axes, tree))
    throw new TreeError(`vmap: ${what} does not have the structure of what it describes`);
  return Object.keys(tree)
    .sort(Array.isArray(tree) ? (a, b) => Number(a) - Number(b) : undefined)
    .flatMap((key) =>
      spread(
        (axes as Record<string, Axes>)[key] ?? null,
        (tree as Record<string, unknown>)[key],
        Array.isArray(tree) ? `${what}[${key}]` : `${what}.${key}`,
      ),
    );
}

const missing = (axes: object, tree: object): boolean =>
  Object.keys(axes).sort().join() !== Object.keys(tree).sort().join();

const leavesOf = (tree: unknown): unknown[] =>
  tree instanceof Tensor
    ? [tree]
    : typeof tree === "object" && tree !== null
      ? Object.values(tree).flatMap(leavesOf)
      : [];

function batchSize(flat: FlatArguments, places: readonly (number | null)[]): number {
  let first = -1;
  places.forEach((axis, i) => {
    if (axis === null) return;
    if (first < 0) {
      first = i;
      return;
    }
    const expected = flat.leaves[first]!.shape[places[first]!]!;
    const length = flat.leaves[i]!.shape[axis]!;
    if (length !== expected)
      throw new ShapeError(
        `vmap: ${pathOf(flat, first)} has ${expected} examples along axis ${places[first]}, ${pathOf(flat, i)} of shape ${formatShape(flat.leaves[i]!.shape)} has ${length} along axis ${axis}`,
      );
  });
  if (first < 0)
    throw new ShapeError("vmap: no argument has a batch axis: inAxes must name one for at least one tensor");
  return flat.leaves[first]!.shape[places[first]!]!;
}
