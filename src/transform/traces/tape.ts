// Reverse mode: forward mode with tangents that are recorded, then the recorded linear function transposed.

import { bind } from "../../ops/bind.ts";
import type { Tangent } from "../../ops/primitive.ts";
import { zerosLike } from "../../ops/rules.ts";
import { withTrace } from "../../ops/tracer.ts";
import { TracerError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  type Atom,
  type Equation,
  evaluateGraph,
  type Graph,
  GraphTrace,
  Variable,
} from "../graphs/graph.ts";
import { jvpForTape } from "./forward.ts";

/** A function's values at a point, and its derivative there as a linear graph. */
export interface Tape {
  readonly outputs: readonly Tensor[];
  /** From tangents of the active inputs to tangents of the outputs marked in `isActive`. */
  readonly linear: Graph;
  /** Whether output i depends on the active inputs. */
  readonly isActive: readonly boolean[];
}

/** Runs a function once and records its derivative with respect to the inputs marked active. */
export function linearizeFlat(
  f: (inputs: readonly Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  isActive: readonly boolean[],
  transform: string,
): Tape {
  return withTrace(
    (level) => new GraphTrace(level, transform),
    (tape) => {
      const variables = primals.map((primal, i) => (isActive[i] ? tape.variable(primal) : null));
      const tangents = variables.map((variable) => variable && tape.tracer(variable));
      const duals = jvpForTape(f, primals, tangents, transform);
      const results = duals.flatMap(({ tangent }) => (tangent ? [tangent] : []));
      const inputs = variables.filter((variable) => variable !== null);
      return {
        outputs: duals.map(({ primal }) => primal),
        linear: tape.graph(inputs, results),
        isActive: duals.map(({ tangent }) => tangent !== null),
      };
    },
  );
}

/** Tangents of all outputs for tangents of the active inputs. */
export function pushTape(tape: Tape, tangents: readonly Tangent[]): Tangent[] {
  if (tangents.every((tangent) => tangent === null)) return tape.outputs.map(() => null);
  const inputs = tape.linear.inputs.map((input, i) => tangents[i] ?? zerosLike(input));
  const results = evaluateGraph(tape.linear, inputs);
  let next = 0;
  return tape.isActive.map((isActive) => (isActive ? results[next++]! : null));
}

/** Cotangents of the active inputs for cotangents of all outputs. */
export const pullTape = (tape: Tape, cotangents: readonly Tangent[]): Tangent[] =>
  transposeGraph(
    tape.linear,
    tape.linear.inputs.map(() => null),
    cotangents.filter((_, i) => tape.isActive[i]),
  );

/**
 * The transpose of a graph that is linear in those inputs which are given as null: cotangents of outputs to cotangents
 * of those inputs (null for the known ones).
 */
export function transposeGraph(
  graph: Graph,
  inputs: readonly (Tensor | null)[],
  cotangents: readonly Tangent[],
): Tangent[] {
  const values = new Array<Tensor | undefined>(graph.count);
  inputs.forEach((value, i) => {
    if (value) values[graph.inputs[i]!.id] = value;
  });
  const read = (atom: Atom): Atom => (atom instanceof Variable ? (values[atom.id] ?? atom) : atom);
  // What depends on known inputs alone is computed on the way forward.
  const linear: Equation[] = [];
  for (const equation of graph.equations) {
    const operands = equation.inputs.map(read);
    if (operands.some((operand) => operand instanceof Variable)) linear.push(equation);
    else
      bind(equation.primitive, operands as Tensor[], equation.params).forEach((value, i) => {
        values[equation.outputs[i]!.id] = value;
      });
  }
  const sums = new Array<Tangent>(graph.count).fill(null);
  const collect = (atom: Atom, cotangent: Tangent | undefined): void => {
    if (!cotangent || !(atom instanceof Variable)) return;
    const sum = sums[atom.id]!;
    sums[atom.id] = sum ? sum.add(cotangent) : cotangent;
  };
  graph.outputs.forEach((atom, i) => {
    collect(read(atom), cotangents[i]);
  });
  for (let e = linear.length - 1; e >= 0; e--) {
    const { primitive, inputs, params, outputs } = linear[e]!;
    const arriving = outputs.map(({ id }) => sums[id]!);
    for (const { id } of outputs) sums[id] = null;
    if (arriving.every((cotangent) => cotangent === null)) continue;
    if (!primitive.transpose)
      throw new TracerError(
        `${primitive.name} has no transpose, so reverse mode cannot pass it; use forward mode (jvp, jacfwd)`,
      );
    const operands = inputs.map(read);
    const results = primitive.transpose({ cotangents: arriving, inputs: operands, params, self: primitive });
    operands.forEach((operand, i) => {
      collect(operand, results[i]);
    });
  }
  return graph.inputs.map(({ id }, i) => (inputs[i] ? null : sums[id]!));
}
