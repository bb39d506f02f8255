import { bind } from "../../ops/bind.ts";
import { DomainError, ShapeError, TreeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { treeUnflatten } from "../../tensor/tree.ts";
import { FlatCall, flatten, flattenArguments } from "../arguments.ts";
import { close, traceFlat } from "../graphs/graph.ts";
import { checkSame, type Role } from "./roles.ts";
import { scanP } from "./scanPrimitive.ts";

export interface ScanOptions {
  /** Number of steps; needed when there is nothing to go through (`xs` null). */
  readonly length?: number;
  /** From the last slice to the first; results are stacked in the order of the slices. */
  readonly reverse?: boolean;
}

/**
 * A loop over slices along axis 0: `f(carry, x)` returns the next carry and a result, `[carry, y]`. Carry, slices and
 * results are trees; `xs` may be null when `length` is given, and `y` null when there is none. The body runs once, on
 * traced values; then it is repeated without JavaScript in between. Results are stacked along a new axis 0.
 *
 * Reverse mode keeps what every step needs, O(length) memory; wrap the body in `checkpoint` to keep the carries only.
 * Throws TreeError, ShapeError or DTypeError when the carry changes its structure, shape or dtype, ShapeError when
 * slices differ in number.
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: ScanOptions = {},
): { readonly carry: C; readonly ys: Y } {
  const start = flatten(init);
  const through = flatten(xs);
  const length = steps(through.leaves, through.structure.paths, options);
  const slices = through.leaves.map(({ shape, dtype }) => ({ shape: shape.slice(1), dtype }));
  const both = flattenArguments([init, xs]);
  let carryPaths: readonly string[] = [];
  let ys: ReturnType<typeof flatten> | undefined;
  const call = new FlatCall(
    ((carry: C, x: X) => {
      const result = f(carry, x);
      if (!Array.isArray(result) || result.length !== 2)
        throw new TreeError("scan: the body must return [carry, y]; y may be null");
      const next = flatten(result[0]);
      carryPaths = next.structure.paths;
      ys = flatten(result[1]);
      return [...next.leaves, ...ys.leaves];
    }) as never,
    both,
    "scan",
  );
  const { graph, captured } = close(traceFlat(call.run, [...start.leaves, ...slices], "scan"));
  const carried = start.leaves.length;
  checkSame(
    start.leaves,
    start.structure.paths,
    graph.outputs.slice(0, carryPaths.length),
    carryPaths,
    "scan: the body must return a carry like the one that it gets",
  );
  const roles = (count: number, role: Role): Role[] => new Array<Role>(count).fill(role);
  const results = bind(scanP, [...captured, ...both.leaves], {
    length,
    reverse: options.reverse ?? false,
    inputs: [
      ...roles(captured.length, "const"),
      ...roles(carried, "carry"),
      ...roles(slices.length, "slice"),
    ],
    outputs: [...roles(carried, "carry"), ...roles(graph.outputs.length - carried, "slice")],
    body: graph,
  });
  return {
    carry: treeUnflatten<C>(start.structure, results.slice(0, carried)),
    ys: treeUnflatten<Y>(ys!.structure, results.slice(carried)),
  };
}

function steps(leaves: readonly Tensor[], paths: readonly string[], { length }: ScanOptions): number {
  if (length !== undefined && !(Number.isInteger(length) && length >= 0))
    throw new DomainError(`scan: length: an integer of at least 0 was expected, got ${length}`);
  let found = length;
  leaves.forEach((x, i) => {
    const where = paths[i] ? `xs${paths[i]}` : "xs";
    if (x.ndim === 0) throw new ShapeError(`scan: ${where} is a scalar and has no axis to go along`);
    if (found !== undefined && x.shape[0] !== found)
      throw new ShapeError(
        `scan: ${found} steps were expected, but ${where} has shape ${formatShape(x.shape)}`,
      );
    found = x.shape[0]!;
  });
  if (found === undefined)
    throw new DomainError("scan: without xs the option `length` must say how many steps");
  return found;
}
