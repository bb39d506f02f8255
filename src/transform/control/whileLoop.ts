import { bind } from "../../ops/bind.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { treeUnflatten } from "../../tensor/tree.ts";
import { FlatCall, flatten, flattenArguments } from "../arguments.ts";
import { close, type Graph, traceFlat } from "../graphs/graph.ts";
import { overInputs } from "../graphs/graphTransforms.ts";
import { checkSame, type Role } from "./roles.ts";
import { whileP } from "./whilePrimitive.ts";

export interface WhileOptions {
  /**
   * An upper bound of the number of steps, needed only for reverse mode inside `jit` or `trace`, where the number is
   * not known beforehand. The loop itself does not stop at it.
   */
  readonly maxIterations?: number;
}

/**
 * Repeats `body` on a carry (a tree of tensors of fixed shapes and dtypes) as long as `condition` of it, a bool scalar,
 * holds. Both run once, on traced values. Inside `vmap` the loop ends when no example's condition holds.
 *
 * Forward mode costs no memory. Reverse mode runs the loop once to count its steps and once more to keep what every
 * step needs. Throws TreeError, ShapeError or DTypeError when the carry changes or the condition is no bool scalar.
 */
export function whileLoop<C>(
  condition: (carry: C) => unknown,
  body: (carry: C) => C,
  init: C,
  options: WhileOptions = {},
): C {
  const { maxIterations } = options;
  if (maxIterations !== undefined && !(Number.isInteger(maxIterations) && maxIterations >= 0))
    throw new DomainError(
      `whileLoop: maxIterations: an integer of at least 0 was expected, got ${maxIterations}`,
    );
  const start = flatten(init);
  const args = flattenArguments([init]);
  const test = new FlatCall(condition as never, args, "whileLoop");
  const step = new FlatCall(body as never, args, "whileLoop");
  const tested = close(traceFlat(test.run, start.leaves, "whileLoop"));
  const stepped = close(traceFlat(step.run, start.leaves, "whileLoop"));
  checkCondition(tested.graph);
  checkSame(
    start.leaves,
    start.structure.paths,
    stepped.graph.outputs,
    step.result.paths,
    "whileLoop: the body must return a carry like the one that it gets",
  );
  // One list of inputs for both: what the condition captures, what the body captures, the carry.
  const captured = [...tested.captured, ...stepped.captured];
  const all = [...captured, ...start.leaves];
  const c = tested.captured.length;
  const roles = all.map((_, i): Role => (i < captured.length ? "const" : "carry"));
  const conditionGraph = overInputs(tested.graph, all, (xs) => [
    ...xs.slice(0, c),
    ...xs.slice(captured.length),
  ]);
  const bodyGraph = overInputs(stepped.graph, all, (xs) => xs.slice(c));
  const results = bind(whileP, all, {
    inputs: roles,
    condition: conditionGraph,
    body: bodyGraph,
    maxIterations,
  });
  return treeUnflatten<C>(start.structure, results);
}

function checkCondition({ outputs }: Graph): void {
  const [result] = outputs;
  if (outputs.length === 1 && result!.shape.length === 0 && result!.dtype === "bool") return;
  if (outputs.length === 1 && result!.shape.length > 0)
    throw new ShapeError(
      `whileLoop: the condition must be one bool, got shape ${formatShape(result!.shape)}; reduce it with any() or all()`,
    );
  throw new DTypeError(
    `whileLoop: the condition must be one bool, got ${outputs.length === 1 ? result!.dtype : `${outputs.length} tensors`}; compare with less(), greater() …`,
  );
}
