// JavaScript functions inside of primitives: run as they are while values are known, turned into graphs when not.

import type { Abstract } from "../../ops/primitive.ts";
import { batchAll } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { close, evaluateGraph, type Graph, traceFlat } from "../graphs/graph.ts";
import { batchFlat } from "../traces/batching.ts";

export type FlatFunction = (inputs: readonly Tensor[]) => readonly Tensor[];

/** A function of flat lists; `captured` leading inputs stand for what it closed over when it became a graph. */
export interface Opaque {
  readonly name: string;
  readonly run: FlatFunction;
  readonly captured: number;
  readonly graph: Graph | null;
}

export const opaque = (name: string, run: FlatFunction): Opaque => ({ name, run, captured: 0, graph: null });

/** The function as a graph, with what it closes over as further operands. */
export function closeOpaque<P extends { readonly f: Opaque }>(
  inputs: readonly Tensor[],
  params: P,
): { inputs: readonly Tensor[]; params: P } {
  const { f } = params;
  if (f.graph) return { inputs, params };
  const { graph, captured } = close(traceFlat(f.run, inputs, f.name));
  return {
    inputs: [...captured, ...inputs],
    params: {
      ...params,
      f: {
        name: f.name,
        run: (xs) => evaluateGraph(graph, xs),
        captured: captured.length + f.captured,
        graph,
      },
    },
  };
}

export const opaqueOutputs = ({ graph }: Opaque): readonly Abstract[] =>
  graph!.outputs.map(({ shape, dtype }) => ({ shape, dtype }));

/** A function of one example as a function of many. All results have the batch axis, inputs where marked. */
export const overExamples =
  (f: FlatFunction, batched: readonly boolean[], size: number): FlatFunction =>
  (xs) => {
    // Operands behind the marked ones (tangents, cotangents, values) always have it.
    const results = batchFlat(
      f,
      xs,
      xs.map((_, i) => batched[i] ?? true),
      size,
    );
    return batchAll(
      results.map(({ value }) => value),
      results.map(({ isBatched }) => isBatched),
      size,
    );
  };

export const batchOpaque = (f: Opaque, batched: readonly boolean[], size: number): Opaque => ({
  ...f,
  run: overExamples(f.run, batched, size),
  graph: null,
});
