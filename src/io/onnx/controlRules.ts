// How loops, branches and calls are written in ONNX.

import type { CondParams } from "../../transform/control/condPrimitive.ts";
import type { Role } from "../../transform/control/roles.ts";
import type { ScanParams } from "../../transform/control/scanPrimitive.ts";
import type { WhileParams } from "../../transform/control/whilePrimitive.ts";
import type { CallParams } from "../../transform/graphs/call.ts";
import { declared, GraphBuilder, type Value } from "./builder.ts";
import type { Call, Rule } from "./rules.ts";
import { ELEMENT_TYPES, type GraphProto, type ValueInfoProto } from "./schema.ts";

/** Results of a graph inside of another need names of their own, also where it hands on what it got. */
function results(g: GraphBuilder, values: readonly Value[]): { names: string[]; infos: ValueInfoProto[] } {
  const names = values.map(({ name }) => g.node("Identity", [name]));
  return { names, infos: values.map((value, i) => declared(names[i]!, value)) };
}

const flagInfo = (name: string): ValueInfoProto => declared(name, { shape: [], dtype: "bool" });

function cond({ g, inputs: [index, ...operands], outputs, params, inner }: Call): readonly Value[] {
  const { branches } = params as CondParams;
  const branch = (k: number): GraphProto => {
    const inside = new GraphBuilder(g);
    const values = inner((p: CondParams) => p.branches[k]!, operands, inside);
    const { infos } = results(inside, values);
    return inside.finish(`branch${k}`, [], infos);
  };
  /** Branches from k on, of which the first is taken where the number is at most k. */
  const from = (k: number, into: GraphBuilder): string[] => {
    const isThis = into.node("LessOrEqual", [index!.name, g.scalar(k, index!.dtype)]);
    let rest: GraphProto;
    if (k + 2 === branches.length) rest = branch(k + 1);
    else {
      const inside = new GraphBuilder(into);
      const names = from(k + 1, inside);
      const infos = outputs.map((output, i) => declared(names[i]!, output));
      rest = inside.finish(`branches${k + 1}`, [], infos);
    }
    return into.nodeOf("If", [isThis], outputs.length, { then_branch: branch(k), else_branch: rest });
  };
  if (branches.length === 1) return inner((p: CondParams) => p.branches[0]!, operands, g);
  return from(0, g).map((name, i) => ({ ...outputs[i]!, name }));
}

/** Operands of a body: what is constant comes from outside, the rest are inputs of the graph. */
function bodyOperands(
  inside: GraphBuilder,
  inputs: readonly Value[],
  roles: readonly Role[],
): { operands: Value[]; carried: Value[]; slices: Value[] } {
  const operands = inputs.map((x, i) =>
    roles[i] === "const"
      ? x
      : { ...x, name: inside.name(), shape: roles[i] === "slice" ? x.shape.slice(1) : x.shape },
  );
  const of = (role: Role): Value[] => operands.filter((_, i) => roles[i] === role);
  return { operands, carried: of("carry"), slices: of("slice") };
}

function scan({ g, inputs, outputs, params, inner }: Call): readonly Value[] {
  const { length, reverse, inputs: roles, outputs: outRoles } = params as ScanParams;
  const inside = new GraphBuilder(g);
  const { operands, carried, slices } = bodyOperands(inside, inputs, roles);
  const values = inner((p: ScanParams) => p.body, operands, inside);
  const order = [
    ...outRoles.flatMap((role, i) => (role === "carry" ? [i] : [])),
    ...outRoles.flatMap((role, i) => (role === "slice" ? [i] : [])),
  ];
  const { infos } = results(
    inside,
    order.map((i) => values[i]!),
  );
  const infoOf = (value: Value): ValueInfoProto => declared(value.name, value);
  const through = inputs.filter((_, i) => roles[i] === "slice").map(({ name }) => name);
  const slots = slices.map(infoOf);
  if (through.length === 0) {
    // A loop without slices runs over something all the same.
    const counter = Array.from({ length }, () => 0);
    through.push(g.integers(counter));
    slots.push({
      name: inside.name(),
      type: { tensorType: { elemType: ELEMENT_TYPES.int64, shape: { dim: [] } } },
    });
  }
  const stacked = outRoles.filter((role) => role === "slice").length;
  const start = inputs.filter((_, i) => roles[i] === "carry").map(({ name }) => name);
  const direction = Number(reverse);
  const names = g.nodeOf("Scan", [...start, ...through], outRoles.length, {
    body: inside.finish("body", [...carried.map(infoOf), ...slots], infos),
    num_scan_inputs: through.length,
    scan_input_directions: through.map(() => direction),
    ...(stacked > 0 ? { scan_output_directions: new Array<number>(stacked).fill(direction) } : {}),
  });
  const ordered = new Array<Value>(order.length);
  order.forEach((i, k) => {
    ordered[i] = { ...outputs[i]!, name: names[k]! };
  });
  return ordered;
}

function whileLoop({ g, inputs, outputs, params, inner }: Call): readonly Value[] {
  const { inputs: roles } = params as WhileParams;
  const holds = (operands: readonly Value[], into: GraphBuilder): string =>
    inner((p: WhileParams) => p.condition, operands, into)[0]!.name;
  const inside = new GraphBuilder(g);
  const { operands, carried } = bodyOperands(inside, inputs, roles);
  const after = inner((p: WhileParams) => p.body, operands, inside);
  let next = 0;
  const renewed = operands.map((x, i) => (roles[i] === "carry" ? after[next++]! : x));
  const goesOn = inside.node("Identity", [holds(renewed, inside)]);
  const { infos } = results(inside, after);
  const step: ValueInfoProto = {
    name: inside.name(),
    type: { tensorType: { elemType: ELEMENT_TYPES.int64, shape: { dim: [] } } },
  };
  const begun = inside.name();
  const body = inside.finish(
    "body",
    [step, flagInfo(begun), ...carried.map((value) => declared(value.name, value))],
    [flagInfo(goesOn), ...infos],
  );
  const start = inputs.filter((_, i) => roles[i] === "carry").map(({ name }) => name);
  const names = g.nodeOf("Loop", ["", holds(inputs, g), ...start], outputs.length, { body });
  return names.map((name, i) => ({ ...outputs[i]!, name }));
}

/** Rules of primitives that hold graphs, by name. */
export const controlRules: Readonly<Record<string, Rule>> = {
  cond,
  scan,
  while: whileLoop,
  call: ({ g, inputs, inner }) => inner((p: CallParams) => p.graph, inputs, g),
};
