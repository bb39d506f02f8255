// Calls of graphs: the primitive behind `jit` and `checkpoint`.

import { bind } from "../../ops/bind.ts";
import { ALL, definePrimitive, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { batchAll } from "../../ops/rules.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { evaluateGraph, type Graph } from "./graph.ts";
import {
  batchGraph,
  jetGraph,
  jvpGraph,
  linearizeGraph,
  moves,
  packSeries,
  replayGraph,
  scatterMask,
  transposedGraph,
  unpackSeries,
} from "./graphTransforms.ts";

export interface CallParams {
  readonly name: string;
  readonly graph: Graph;
  /** Reverse mode keeps the inputs only and runs the graph again. */
  readonly recompute: boolean;
  /** How the graph is run, equation by equation unless told. */
  readonly run?: (graph: Graph, inputs: readonly Tensor[]) => readonly Tensor[];
}

const none = (graph: Graph): boolean[] => graph.outputs.map(() => false);

export const callP: Primitive<CallParams> = definePrimitive<CallParams>({
  name: "call",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { graph }) => graph.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: (inputs, { graph, run = evaluateGraph }) => run(graph, inputs),
  print: ({ name, graph }) => ({ name, graph }),
  jvp: {
    jvp: (inputs, tangents, params) => {
      const isActive = tangents.map((tangent) => tangent !== null);
      const { graph, isActive: outActive } = jvpGraph(params.graph, isActive, none(params.graph));
      const moving = tangents.filter((tangent) => tangent !== null);
      const results = bind(callP, [...inputs, ...moving], { ...params, graph });
      const n = params.graph.outputs.length;
      return { outputs: results.slice(0, n), tangents: scatterMask(results.slice(n), outActive) };
    },
    linearize: (inputs, isActive, params) => (params.recompute ? replay : split)(inputs, isActive, params),
  },
  transpose: ({ cotangents, inputs, params }) => {
    const isLinear = inputs.map((x) => !isKnown(x));
    const graph = transposedGraph(
      params.graph,
      isLinear,
      cotangents.map((c) => c !== null),
    );
    const operands = [...inputs.filter(isKnown), ...cotangents.filter((c) => c !== null)];
    return scatterMask(bind(callP, operands, { ...params, graph }), isLinear);
  },
  batch: ({ inputs, batched, size, params }) => {
    const { graph, isBatched } = batchGraph(params.graph, batched, size, none(params.graph));
    return batchAll(bind(callP, inputs, { ...params, graph }), isBatched, size);
  },
  jet: ({ series, order, params }) => {
    const isActive = series.map(moves);
    const { graph, isActive: outActive } = jetGraph(params.graph, isActive, order, none(params.graph));
    return packSeries(bind(callP, unpackSeries(series, isActive), { ...params, graph }), outActive, order);
  },
});

const isKnown = (x: object): x is Tensor => x instanceof Tensor;

type Linearize = (
  inputs: readonly Tensor[],
  isActive: readonly boolean[],
  params: CallParams,
) => { outputs: readonly Tensor[]; apply: (tangents: readonly Tangent[]) => readonly Tangent[] };

/** One call that also returns what the derivative needs, and one for the derivative. */
const split: Linearize = (inputs, isActive, params) => {
  const { forward, linear, isActive: outActive } = linearizeGraph(params.graph, isActive, none(params.graph));
  const results = bind(callP, inputs, { ...params, graph: forward });
  const n = params.graph.outputs.length;
  const residuals = results.slice(n);
  return {
    outputs: results.slice(0, n),
    apply: (tangents) => {
      const moving = tangents.filter((tangent) => tangent !== null);
      return scatterMask(bind(callP, [...residuals, ...moving], { ...params, graph: linear }), outActive);
    },
  };
};

/** The derivative starts again from the inputs. */
const replay: Linearize = (inputs, isActive, params) => {
  const { graph, isActive: outActive } = replayGraph(params.graph, isActive, none(params.graph));
  return {
    outputs: bind(callP, inputs, params),
    apply: (tangents) => {
      const moving = tangents.filter((tangent) => tangent !== null);
      return scatterMask(bind(callP, [...inputs, ...moving], { ...params, graph }), outActive);
    },
  };
};
