// Algebraic rules, as data: each says what a primitive applied to given operands is equal to. Only rules that hold for
// every value, NaN and infinities included, and that never change a rounding.

import { bind } from "../../ops/bind.ts";
import { type PadParams, padP } from "../../ops/moves.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Graph } from "../../transform/graphs/graph.ts";
import { uniformValue } from "./constants.ts";
import { rewrite } from "./walk.ts";

interface Rule {
  /** As it is read aloud. */
  readonly name: string;
  readonly primitive: string;
  /** What it is equal to, or null where the rule does not apply. */
  readonly apply: (
    operands: readonly Tensor[],
    origin: (x: Tensor) => Origin | undefined,
    params: unknown,
  ) => Tensor | null;
}

/** The operation that a value comes from. */
interface Origin {
  readonly name: string;
  readonly operands: readonly Tensor[];
}

const is = (x: Tensor, value: number): boolean => uniformValue(x) === value;

const RULES: readonly Rule[] = [
  { name: "x · 1 = x", primitive: "mul", apply: ([x, y]) => (is(y!, 1) ? x! : is(x!, 1) ? y! : null) },
  { name: "x / 1 = x", primitive: "div", apply: ([x, y]) => (is(y!, 1) ? x! : null) },
  { name: "x - 0 = x", primitive: "sub", apply: ([x, y]) => (isPositiveZero(y!) ? x! : null) },
  {
    name: "x · -1 = -x",
    primitive: "mul",
    apply: ([x, y]) => (is(y!, -1) ? x!.neg() : is(x!, -1) ? y!.neg() : null),
  },
  { name: "-(-x) = x", primitive: "neg", apply: ([x], origin) => undo(x!, "neg", origin) },
  { name: "conj(conj(x)) = x", primitive: "conj", apply: ([x], origin) => undo(x!, "conj", origin) },
  {
    name: "x + -y = x - y",
    primitive: "add",
    apply: ([x, y], origin) => {
      const negated = undo(y!, "neg", origin);
      return negated ? x!.sub(negated) : null;
    },
  },
  {
    name: "-x + y = y - x",
    primitive: "add",
    apply: ([x, y], origin) => {
      const negated = undo(x!, "neg", origin);
      return negated ? y!.sub(negated) : null;
    },
  },
  {
    name: "x - -y = x + y",
    primitive: "sub",
    apply: ([x, y], origin) => {
      const negated = undo(y!, "neg", origin);
      return negated ? x!.add(negated) : null;
    },
  },
  {
    name: "where(c, x, x) = x",
    primitive: "where",
    apply: ([, x, y]) => (x === y ? x! : null),
  },
  {
    name: "pad(x, nothing) = x",
    primitive: padP.name,
    apply: ([x], _, params) => {
      const { before, after, interior } = params as PadParams;
      return [...before, ...after, ...interior].every((n) => n === 0) ? x! : null;
    },
  },
];

const isPositiveZero = (x: Tensor): boolean => Object.is(uniformValue(x), 0);

/** The operand of an operation of this name, where x comes from one. */
function undo(x: Tensor, name: string, origin: (x: Tensor) => Origin | undefined): Tensor | null {
  const from = origin(x);
  return from?.name === name ? from.operands[0]! : null;
}

/** Applies the rules wherever they fit, once over the graph, and counts how often each was used. */
export function simplify(graph: Graph, used: Map<string, number> = new Map<string, number>()): Graph {
  const origins = new WeakMap<Tensor, Origin>();
  return rewrite(graph, (primitive, operands, params) => {
    for (const rule of RULES) {
      if (rule.primitive !== primitive.name) continue;
      const result = rule.apply(operands, (x) => origins.get(x), params);
      if (!result) continue;
      used.set(rule.name, (used.get(rule.name) ?? 0) + 1);
      return [result];
    }
    const results = bind(primitive, operands, params);
    for (const result of results) origins.set(result, { name: primitive.name, operands });
    return results;
  });
}
