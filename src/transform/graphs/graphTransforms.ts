// Transforms of graphs into graphs. Loops, branches and calls hold their bodies as graphs, and their rules are these
// transforms applied to the body. Each is remembered with the graph that it came from.

import type { Abstract, Series } from "../../ops/primitive.ts";
import { zerosLike } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { batchFlat } from "../traces/batching.ts";
import { isDifferentiable, jvpFlat } from "../traces/forward.ts";
import { linearizeFlat, transposeGraph } from "../traces/tape.ts";
import { jetFlat } from "../traces/taylor.ts";
import { close, evaluateGraph, type Graph, traceFlat } from "./graph.ts";

type Mask = readonly boolean[];

const memory = new WeakMap<Graph, Map<string, unknown>>();

function remember<T>(graph: Graph, key: string, make: () => T): T {
  let known = memory.get(graph);
  if (!known) {
    known = new Map();
    memory.set(graph, known);
  }
  if (!known.has(key)) known.set(key, make());
  return known.get(key) as T;
}

const bits = (mask: Mask): string => mask.map(Number).join("");

/** The entries of a list where a mask holds. */
export const select = <T>(list: readonly T[], mask: Mask): T[] => list.filter((_, i) => mask[i]);

/** `null` where the mask does not hold, and the given entries in order where it does. */
export function scatterMask<T>(entries: readonly T[], mask: Mask): (T | null)[] {
  let next = 0;
  return mask.map((holds) => (holds ? entries[next++]! : null));
}

/** Zeros for missing tangents, where the mask holds. */
const dense = (tangents: readonly (Tensor | null)[], like: readonly Abstract[], mask: Mask): Tensor[] =>
  tangents.flatMap((tangent, i) => (mask[i] ? [tangent ?? zerosLike(like[i]!)] : []));

export interface JvpGraph {
  /** `[...inputs, ...tangents of active inputs]` to `[...outputs, ...tangents of active outputs]`. */
  readonly graph: Graph;
  /** Outputs that have a tangent: those that depend on an active input, and those forced to have one. */
  readonly isActive: Mask;
}

export function jvpGraph(graph: Graph, isActive: Mask, forced: Mask): JvpGraph {
  return remember(graph, `jvp ${bits(isActive)} ${bits(forced)}`, () => {
    const n = graph.inputs.length;
    let outActive: boolean[] = [];
    const result = traceFlat(
      (inputs) => {
        const tangents = scatterMask(inputs.slice(n), isActive);
        const duals = jvpFlat((xs) => evaluateGraph(graph, xs), inputs.slice(0, n), tangents);
        outActive = duals.map(({ tangent }, i) => tangent !== null || forced[i]!);
        const outputs = duals.map(({ primal }) => primal);
        const results = duals.map(({ tangent }) => tangent);
        return [...outputs, ...dense(results, outputs, outActive)];
      },
      [...graph.inputs, ...select(graph.inputs, isActive)],
    );
    return { graph: result, isActive: outActive };
  });
}

export interface LinearizedGraph {
  /** `[...inputs]` to `[...outputs, ...residuals]`. */
  readonly forward: Graph;
  /** `[...residuals, ...tangents of active inputs]` to tangents of active outputs; linear in the tangents. */
  readonly linear: Graph;
  readonly residuals: number;
  readonly isActive: Mask;
}

export function linearizeGraph(graph: Graph, isActive: Mask, forced: Mask): LinearizedGraph {
  return remember(graph, `linearize ${bits(isActive)} ${bits(forced)}`, () => {
    let linear: Graph | undefined;
    let residuals = 0;
    let outActive: boolean[] = [];
    const forward = traceFlat((inputs) => {
      const tape = linearizeFlat((xs) => evaluateGraph(graph, xs), inputs, isActive, "linearize");
      outActive = tape.isActive.map((active, i) => active || forced[i]!);
      const tangents = scatterMask(tape.linear.outputs, tape.isActive);
      const results = tape.outputs.map((x, i) => tangents[i] ?? zerosLike(x));
      const closed = close(tape.linear.withOutputs(select(results, outActive)));
      linear = closed.graph;
      residuals = closed.captured.length;
      return [...tape.outputs, ...closed.captured];
    }, graph.inputs);
    return { forward, linear: linear!, residuals, isActive: outActive };
  });
}

/**
 * Inputs and tangents to tangents, computing again from the inputs whatever the derivative needs. What is linear in the
 * tangents stands apart from what is not (a loop of both at once could not be transposed), so reverse mode can pass it.
 */
export function replayGraph(graph: Graph, isActive: Mask, forced: Mask): JvpGraph {
  const { forward, linear, isActive: outActive } = linearizeGraph(graph, isActive, forced);
  return remember(forward, "replay", () => {
    const n = graph.inputs.length;
    const replay = traceFlat(
      (inputs) => {
        const residuals = evaluateGraph(forward, inputs.slice(0, n)).slice(graph.outputs.length);
        return evaluateGraph(linear, [...residuals, ...inputs.slice(n)]);
      },
      [...graph.inputs, ...select(graph.inputs, isActive)],
    );
    return { graph: replay, isActive: outActive };
  });
}

export interface BatchedGraph {
  /** The same inputs and outputs, with the batch axis in front of those marked. */
  readonly graph: Graph;
  readonly isBatched: Mask;
}

export function batchGraph(graph: Graph, batched: Mask, size: number, forced: Mask): BatchedGraph {
  return remember(graph, `batch ${size} ${bits(batched)} ${bits(forced)}`, () => {
    let isBatched: boolean[] = [];
    const result = traceFlat(
      (inputs) => {
        const results = batchFlat((xs) => evaluateGraph(graph, xs), inputs, batched, size);
        isBatched = results.map((result, i) => result.isBatched || forced[i]!);
        return results.map(({ value, isBatched: has }, i) =>
          isBatched[i] && !has ? value.broadcastTo([size, ...value.shape]) : value,
        );
      },
      graph.inputs.map(({ shape, dtype }, i) => ({ shape: batched[i] ? [size, ...shape] : shape, dtype })),
    );
    return { graph: result, isBatched };
  });
}

/**
 * The transpose in the inputs marked linear: `[...known inputs, ...cotangents of the outputs marked present]` to
 * cotangents of the linear inputs.
 */
export function transposedGraph(graph: Graph, isLinear: Mask, isPresent: Mask): Graph {
  return remember(graph, `transpose ${bits(isLinear)} ${bits(isPresent)}`, () => {
    const known = graph.inputs.filter((_, i) => !isLinear[i]);
    const outputs = graph.outputs.map(({ shape, dtype }) => ({ shape, dtype }));
    return traceFlat(
      (inputs) => {
        const values = scatterMask(
          inputs,
          isLinear.map((linear) => !linear),
        );
        const cotangents = scatterMask(inputs.slice(known.length), isPresent);
        return dense(transposeGraph(graph, values, cotangents), graph.inputs, isLinear);
      },
      [...known, ...select(outputs, isPresent)],
    );
  });
}

export interface JetGraph {
  /** Coefficients 0 … order of each active input and one of the others, in order; the same for outputs. */
  readonly graph: Graph;
  readonly isActive: Mask;
}

export function jetGraph(graph: Graph, isActive: Mask, order: number, forced: Mask): JetGraph {
  return remember(graph, `jet ${order} ${bits(isActive)} ${bits(forced)}`, () => {
    let outActive: boolean[] = [];
    const result = traceFlat(
      (inputs) => {
        const curves = jetFlat((xs) => evaluateGraph(graph, xs), packSeries(inputs, isActive, order), order);
        outActive = curves.map(([, ...rest], i) => rest.some((c) => c !== null) || forced[i]!);
        return unpackSeries(curves, outActive);
      },
      graph.inputs.flatMap((input, i) =>
        isActive[i] ? Array.from({ length: order + 1 }, () => input) : [input],
      ),
    );
    return { graph: result, isActive: outActive };
  });
}

/** Flat coefficients as series. */
export function packSeries(flat: readonly Tensor[], isActive: Mask, order: number): Series[] {
  let next = 0;
  return isActive.map((active): Series => {
    const head = flat[next++]!;
    const rest = Array.from({ length: order }, () => (active ? flat[next++]! : null));
    return [head, ...rest];
  });
}

/** Series as flat coefficients: all of the active ones, the first of the others. */
export const unpackSeries = (curves: readonly Series[], isActive: Mask): Tensor[] =>
  curves.flatMap(([head, ...rest], i) =>
    isActive[i] ? [head, ...rest.map((coefficient) => coefficient ?? zerosLike(head))] : [head],
  );

/** Whether a series moves at all. */
export const moves = (curve: Series): boolean => curve.some((c, k) => k > 0 && c !== null);

/** Inputs that can carry a derivative, among those marked. */
export const differentiable = (inputs: readonly Abstract[], mask: Mask): boolean[] =>
  inputs.map((x, i) => mask[i]! && isDifferentiable(x));

/** The same graph over another list of inputs, of which `pick` chooses its own (the first ones unless told). */
export const overInputs = (
  graph: Graph,
  inputs: readonly Abstract[],
  pick: (xs: readonly Tensor[]) => readonly Tensor[] = (xs) => xs.slice(0, graph.inputs.length),
): Graph => traceFlat((xs) => evaluateGraph(graph, pick(xs)), inputs);
