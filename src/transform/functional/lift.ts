// Code run on the arguments of a function as functions themselves, instead of on numbers.

import { bind, bindOne } from "../../ops/bind.ts";
import { domainOf, overOneDomain } from "../../ops/tracer.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Atom, type Equation, type Graph, Variable } from "../graphs/graph.ts";
import { applied, applyP, coordinates } from "./apply.ts";
import { extendP } from "./integrate.ts";
import { behind, type FunctionDomain, functionDomain } from "./types.ts";

/** A value of the graph: as it was, or with the outer arguments in front of its own. */
interface Value {
  readonly x: Tensor;
  readonly isLifted: boolean;
}

/**
 * A graph over the arguments of a function, with its last inputs replaced by those arguments: every number becomes a
 * function of them, and every function inside a function of them and of its own arguments. So transforms see whole
 * functions wherever the code sees values at a point.
 */
export function liftGraph(graph: Graph, captured: readonly Tensor[], outer: FunctionDomain): Tensor {
  const values = new Map<number, Value>();
  const inputs = [
    ...captured.map((x): Value => ({ x, isLifted: false })),
    ...coordinates(outer).map((x): Value => ({ x, isLifted: true })),
  ];
  graph.inputs.forEach(({ id }, i) => {
    values.set(id, inputs[i]!);
  });
  const read = (atom: Atom): Value =>
    atom instanceof Variable ? values.get(atom.id)! : { x: atom, isLifted: false };
  for (const equation of graph.equations) {
    const operands = equation.inputs.map(read);
    const isLifted = operands.some((operand) => operand.isLifted);
    const results = isLifted
      ? liftEquation(equation, operands, outer)
      : bind(
          equation.primitive,
          operands.map(({ x }) => x),
          equation.params,
        );
    equation.outputs.forEach(({ id }, i) => {
      values.set(id, { x: results[i]!, isLifted });
    });
  }
  const { x } = read(graph.outputs[0]!);
  return domainOf(x) ? x : outer.constant(x);
}

function liftEquation(
  { primitive, params, outputs }: Equation,
  operands: readonly Value[],
  outer: FunctionDomain,
): readonly Tensor[] {
  const own = functionDomain(outputs[0]!);
  const target = own ? outer.join(own.args) : outer;
  if (!primitive.functional)
    return bind(
      primitive,
      operands.map((operand) => widen(operand, outer, target)),
      params,
    );
  const [first, ...rest] = operands;
  if ((primitive as unknown) !== applyP)
    return bind(primitive, [first!.x], primitive.functional(params, outer));
  const args = overOneDomain(rest.map((operand) => widen(operand, outer, target)));
  return [
    first!.isLifted
      ? applied(first!.x, [...coordinates(target).slice(0, outer.args.length), ...args])
      : applied(first!.x, args),
  ];
}

/** A value as a function of all arguments of `target`, which are those of `outer` and perhaps others behind them. */
function widen({ x, isLifted }: Value, outer: FunctionDomain, target: FunctionDomain): Tensor {
  const own = functionDomain(x);
  // Beside functions, what is no function counts as a constant one.
  if (!own || own.args.length === target.args.length) return x;
  const places = own.args.map((_, i) => i);
  return bindOne(extendP, [x], { domain: target, places: isLifted ? places : behind(places, outer) });
}
