import { bind } from "../../ops/bind.ts";
import { Tracer } from "../../ops/tracer.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { Graph } from "../../transform/graphs/graph.ts";
import { uniformValue } from "./constants.ts";
import { rewrite } from "./walk.ts";

/** An operation applied twice to the same operands is applied once. */
export function mergeCommon(graph: Graph): Graph {
  const known = new Map<string, readonly Tensor[]>();
  const numbers = new WeakMap<object, number>();
  let next = 0;
  const numberOf = (x: object): number => {
    let number = numbers.get(x);
    if (number === undefined) {
      number = next++;
      numbers.set(x, number);
    }
    return number;
  };
  /** Functions, graphs and tensors among parameters are told apart by identity, numbers by value. */
  const keyOf = (params: unknown): string =>
    JSON.stringify(params, (_key, value) => {
      if (typeof value === "function" || value instanceof Graph || value instanceof Tensor)
        return `#${numberOf(value)}`;
      // JSON writes infinities and NaN as null, and -0 as 0.
      return typeof value === "number" ? `=${exact(value)}` : value;
    }) ?? "";
  const operandKey = (x: Tensor): string => {
    if (x instanceof Tracer) return `${numberOf(x)}`;
    // Views of one constant are made anew each time.
    const view = `${numberOf(x.storage)}+${x.offset}[${x.shape}][${x.strides}]${x.dtype}`;
    return constantKey(x) ?? view;
  };
  return rewrite(graph, (primitive, operands, params) => {
    const key = `${primitive.name} ${operands.map(operandKey).join(" ")} ${keyOf(params)}`;
    const found = known.get(key);
    if (found) return found;
    const results = bind(primitive, operands, params);
    known.set(key, results);
    return results;
  });
}

/** A number as text that no other number has. */
const exact = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));

/** Constants that repeat one readable element are equal by value. */
function constantKey(x: Tensor): string | null {
  const value = uniformValue(x);
  return value === null ? null : `${x.dtype}[${x.shape}]=${exact(value)}`;
}
