// Functions turned into graphs that stand on their own.

import type { Tensor } from "../../tensor/tensor.ts";
import { type FlatArguments, FlatCall, flattenArguments } from "../arguments.ts";
import { close, type Graph, traceFlat } from "./graph.ts";

/** A function at given arguments as a graph; `operands` are its inputs: values that it closes over, then arguments. */
export interface ClosedFunction {
  readonly graph: Graph;
  /** Traced values of outer transforms that the function uses. */
  readonly captured: readonly Tensor[];
  readonly operands: readonly Tensor[];
  readonly flat: FlatArguments;
  readonly call: FlatCall;
}

export function closedFunction(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  transform: string,
): ClosedFunction {
  const flat = flattenArguments(args);
  const call = new FlatCall(f, flat, transform);
  const { graph, captured } = close(traceFlat(call.run, flat.leaves, transform));
  return { graph, captured, operands: [...captured, ...flat.leaves], flat, call };
}
