import { bind } from "../../ops/bind.ts";
import { asTensor } from "../../ops/operands.ts";
import { isInteger } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { type FlatArguments, FlatCall, flattenArguments } from "../arguments.ts";
import { close, traceFlat } from "../graphs/graph.ts";
import { overInputs } from "../graphs/graphTransforms.ts";
import { condP } from "./condPrimitive.ts";
import { checkSame } from "./roles.ts";

/**
 * One of two functions of the same operands, chosen by a bool scalar: `cond(x.less(0), f, g, x)`. Both are traced and
 * must return trees of the same structure, shapes and dtypes; only the chosen one runs (inside `vmap`, both run when
 * examples differ). Throws DTypeError or ShapeError when the condition is no bool scalar, TreeError, ShapeError or
 * DTypeError when the results differ.
 */
export function cond<A extends readonly unknown[], B>(
  condition: TensorLike,
  ifTrue: (...operands: A) => B,
  ifFalse: (...operands: A) => B,
  ...operands: A
): B {
  const test = asTensor(condition, "cond: condition");
  if (test.dtype !== "bool")
    throw new DTypeError(
      `cond: the condition must be bool, got ${test.dtype}; compare with less(), greater() …`,
    );
  checkScalar(test, "cond: the condition must be one bool");
  return choose(test.astype("int32"), [ifFalse, ifTrue], operands, "cond");
}

/**
 * `branches[index]` of the operands, with an integer scalar index that is clamped to the range; otherwise as `cond`.
 * Throws DomainError for no branches.
 */
export function switchCase<A extends readonly unknown[], B>(
  index: TensorLike,
  branches: readonly ((...operands: A) => B)[],
  ...operands: A
): B {
  if (branches.length === 0) throw new DomainError("switchCase: at least one branch was expected");
  const place = asTensor(index, "switchCase: index");
  const isNumber = typeof index === "number" && Number.isInteger(index);
  if (!isInteger(place.dtype) && !isNumber)
    throw new DTypeError(`switchCase: an integer index was expected, got ${place.dtype}`);
  checkScalar(place, "switchCase: the index must be one integer");
  return choose(place.astype("int32"), branches, operands, "switchCase");
}

function checkScalar(x: Tensor, message: string): void {
  if (x.ndim > 0) throw new ShapeError(`${message}, got shape ${formatShape(x.shape)}`);
}

function choose<A extends readonly unknown[], B>(
  index: Tensor,
  branches: readonly ((...operands: A) => B)[],
  operands: A,
  what: string,
): B {
  const flat: FlatArguments = flattenArguments(operands);
  const traced = branches.map((branch) => {
    const call = new FlatCall(branch as never, flat, what);
    return { ...close(traceFlat(call.run, flat.leaves, what)), call };
  });
  const first = traced[0]!;
  traced.forEach(({ graph, call }, i) => {
    checkSame(
      first.graph.outputs,
      first.call.result.paths,
      graph.outputs,
      call.result.paths,
      `${what}: branches 0 and ${i} must return the same kind of result`,
    );
  });
  // One list of inputs for all: what each branch captures, then the operands.
  const captured = traced.flatMap(({ captured: own }) => own);
  const all = [...captured, ...flat.leaves];
  let start = 0;
  const graphs = traced.map(({ graph, captured: own }) => {
    const from = start;
    start += own.length;
    return overInputs(graph, all, (xs) => [
      ...xs.slice(from, from + own.length),
      ...xs.slice(captured.length),
    ]);
  });
  return first.call.rebuild<B>(bind(condP, [index, ...all], { branches: graphs }));
}
