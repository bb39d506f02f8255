// The primitive behind `scan`: a body run once per step, with all of its rules.

import { bind } from "../../ops/bind.ts";
import {
  type Abstract,
  ALL,
  definePrimitive,
  type Linearized,
  type Primitive,
  type Tangent,
} from "../../ops/primitive.ts";
import { batchAll, zerosLike } from "../../ops/rules.ts";
import { allocate, dtypeInfo } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { type Atom, evaluateGraph, type Graph, traceFlat, Variable } from "../graphs/graph.ts";
import {
  batchGraph,
  jetGraph,
  jvpGraph,
  linearizeGraph,
  moves,
  packSeries,
  scatterMask,
  select,
  transposedGraph,
  unpackSeries,
} from "../graphs/graphTransforms.ts";
import { type Role, settle, withRole } from "./roles.ts";

export interface ScanParams {
  readonly length: number;
  /** From the last slice to the first. */
  readonly reverse: boolean;
  readonly inputs: readonly Role[];
  /** `carry` in the order of the carried inputs; `slice` outputs are stacked along axis 0. */
  readonly outputs: readonly Role[];
  readonly body: Graph;
}

const stackedShape = (x: Abstract, role: Role, length: number): Abstract =>
  role === "slice" ? { shape: [length, ...x.shape], dtype: x.dtype } : { shape: x.shape, dtype: x.dtype };

/** Slice t along axis 0, a view. */
function sliceAt(x: Tensor, t: number): Tensor {
  return new Tensor(x.storage, x.shape.slice(1), x.dtype, x.strides.slice(1), x.offset + t * x.strides[0]!);
}

function run(
  inputs: readonly Tensor[],
  { length, reverse, inputs: roles, outputs, body }: ScanParams,
): Tensor[] {
  const stacks = body.outputs.map((x, i) =>
    outputs[i] === "slice" ? allocate(x.dtype, length * sizeOf(x.shape)) : null,
  );
  let carry = withRole(inputs, roles, "carry");
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    let next = 0;
    const operands = inputs.map((x, i) =>
      roles[i] === "carry" ? carry[next++]! : roles[i] === "slice" ? sliceAt(x, t) : x,
    );
    const results = evaluateGraph(body, operands);
    stacks.forEach((stack, i) => {
      if (stack) stack.set(results[i]!.data(), t * results[i]!.size * dtypeInfo(results[i]!.dtype).width);
    });
    carry = withRole(results, outputs, "carry");
  }
  let next = 0;
  return body.outputs.map((x, i) =>
    outputs[i] === "carry" ? carry[next++]! : new Tensor(stacks[i]!, [length, ...x.shape], x.dtype),
  );
}

/** The mask of carried and stacked results that have tangents, with the body that gives them. */
function jvpBody(isActive: readonly boolean[], params: ScanParams) {
  const settled = settle(
    isActive,
    params.inputs,
    params.outputs,
    (active, forced) => jvpGraph(params.body, active, forced).isActive,
  );
  return { ...jvpGraph(params.body, settled.inputs, settled.forced), inputs: settled.inputs };
}

/** Tangents of the inputs marked active; zeros where a carried value gets its tangent only later. */
const activeTangents = (
  inputs: readonly Tensor[],
  tangents: readonly Tangent[],
  isActive: readonly boolean[],
): Tensor[] => inputs.flatMap((x, i) => (isActive[i] ? [tangents[i] ?? zerosLike(x)] : []));

export const scanP: Primitive<ScanParams> = definePrimitive<ScanParams>({
  name: "scan",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { body, outputs, length }) =>
    body.outputs.map((x, i) => stackedShape(x, outputs[i]!, length)),
  evaluate: run,
  jvp: {
    jvp: (inputs, tangents, params) => {
      const {
        graph,
        isActive,
        inputs: active,
      } = jvpBody(
        tangents.map((tangent) => tangent !== null),
        params,
      );
      const results = bind(scanP, [...inputs, ...activeTangents(inputs, tangents, active)], {
        ...params,
        body: graph,
        inputs: [...params.inputs, ...select(params.inputs, active)],
        outputs: [...params.outputs, ...select(params.outputs, isActive)],
      });
      const n = params.outputs.length;
      return { outputs: results.slice(0, n), tangents: scatterMask(results.slice(n), isActive) };
    },
    linearize: linearizeScan,
  },
  transpose: ({ cotangents, inputs, params }) => transposeScan(cotangents, inputs, params),
  batch: ({ inputs, batched, size, params }) => {
    const settled = settle(
      batched,
      params.inputs,
      params.outputs,
      (has, forced) => batchGraph(params.body, has, size, forced).isBatched,
    );
    const { graph, isBatched } = batchGraph(params.body, settled.inputs, size, settled.forced);
    const operands = inputs.map((x, i) => {
      if (params.inputs[i] === "slice") return batched[i] ? swapLeading(x) : x;
      return settled.inputs[i] && !batched[i] ? x.broadcastTo([size, ...x.shape]) : x;
    });
    const results = bind(scanP, operands, { ...params, body: graph });
    return batchAll(
      results.map((x, i) => (isBatched[i] && params.outputs[i] === "slice" ? swapLeading(x) : x)),
      isBatched,
      size,
    );
  },
  jet: ({ series, order, params }) => {
    const settled = settle(
      series.map(moves),
      params.inputs,
      params.outputs,
      (active, forced) => jetGraph(params.body, active, order, forced).isActive,
    );
    const { graph, isActive } = jetGraph(params.body, settled.inputs, order, settled.forced);
    const repeat = (roles: readonly Role[], active: readonly boolean[]): Role[] =>
      roles.flatMap((role, i) => new Array<Role>(active[i] ? order + 1 : 1).fill(role));
    const results = bind(scanP, unpackSeries(series, settled.inputs), {
      ...params,
      body: graph,
      inputs: repeat(params.inputs, settled.inputs),
      outputs: repeat(params.outputs, isActive),
    });
    return packSeries(results, isActive, order);
  },
  print: ({ length, reverse, body }) => ({ length, ...(reverse && { reverse }), body }),
});

const swapLeading = (x: Tensor): Tensor =>
  x.transpose(Array.from(x.shape, (_, axis) => (axis < 2 ? 1 - axis : axis)));

/** The forward loop also stacks what the derivative needs; the derivative is a second loop over that. */
export function linearizeScan(
  inputs: readonly Tensor[],
  isActive: readonly boolean[],
  params: ScanParams,
): Linearized {
  const settled = settle(
    isActive,
    params.inputs,
    params.outputs,
    (active, forced) => linearizeGraph(params.body, active, forced).isActive,
  );
  const {
    forward,
    linear,

    isActive: outActive,
  } = linearizeGraph(params.body, settled.inputs, settled.forced);
  const n = params.outputs.length;
  // A residual that is a constant of the loop needs no stack.
  const constants = forward.outputs
    .slice(n)
    .map((atom) => constantInput(atom, forward, inputs, params.inputs));
  const isStacked = constants.map((constant) => constant === null);
  const { outputs } = forward;
  const kept = [...outputs.slice(0, n), ...select(outputs.slice(n), isStacked)];
  const results = bind(scanP, inputs, {
    ...params,
    body: forward.withOutputs(kept),
    outputs: [...params.outputs, ...kept.slice(n).map((): Role => "slice")],
  });
  const stacked = results.slice(n);
  let next = 0;
  const residualValues = constants.map((constant) => constant ?? stacked[next++]!);
  const residualRoles = constants.map((constant): Role => (constant ? "const" : "slice"));
  return {
    outputs: results.slice(0, n),
    apply: (tangents) =>
      scatterMask(
        bind(scanP, [...residualValues, ...activeTangents(inputs, tangents, settled.inputs)], {
          ...params,
          body: linear,
          inputs: [...residualRoles, ...select(params.inputs, settled.inputs)],
          outputs: select(params.outputs, outActive),
        }),
        outActive,
      ),
  };
}

/** The operand that an output of the body repeats in every step, or null. */
function constantInput(
  atom: Atom,
  body: Graph,
  inputs: readonly Tensor[],
  roles: readonly Role[],
): Tensor | null {
  if (!(atom instanceof Variable)) return atom;
  const at = body.inputs.findIndex(({ id }) => id === atom.id);
  return at >= 0 && roles[at] === "const" ? inputs[at]! : null;
}

/** A linear loop run backwards: cotangents of the carry go round, those of constants are summed on the way. */
function transposeScan(
  cotangents: readonly Tangent[],
  inputs: readonly (Tensor | Abstract)[],
  params: ScanParams,
): readonly Tangent[] {
  const { body, inputs: roles, outputs: outRoles } = params;
  // Carried values are linear even where they begin with known zeros.
  const isLinear = inputs.map((x, i) => !(x instanceof Tensor) || roles[i] === "carry");
  const isPresent = cotangents.map((cotangent, i) => cotangent !== null || outRoles[i] === "carry");
  const pulled = transposedGraph(body, isLinear, isPresent);
  const known = inputs.filter((_, i) => !isLinear[i]) as Tensor[];
  const knownRoles = roles.filter((_, i) => !isLinear[i]);
  const linearRoles = select(roles, isLinear);
  const sums = body.inputs.filter((_, i) => isLinear[i] && roles[i] === "const");
  const arriving = cotangents.flatMap((cotangent, i) =>
    isPresent[i] ? [cotangent ?? zerosLike(body.outputs[i]!)] : [],
  );
  // The body of the transpose: known values, cotangents of outputs, running sums of the constants' cotangents.
  const step = traceFlat(
    (xs) => {
      const results = evaluateGraph(pulled, xs.slice(0, pulled.inputs.length));
      let next = pulled.inputs.length;
      return results.map((x, i) => (linearRoles[i] === "const" ? xs[next++]!.add(x) : x));
    },
    [...pulled.inputs, ...sums],
  );
  const isSum = linearRoles.map((role) => role === "const");
  const order = [...indices(isSum, false), ...indices(isSum, true)];
  const results = bind(scanP, [...known, ...arriving, ...sums.map(zerosLike)], {
    length: params.length,
    reverse: !params.reverse,
    inputs: [...knownRoles, ...select(outRoles, isPresent), ...sums.map((): Role => "carry")],
    // Carried cotangents come before the sums, as they do among the inputs.
    outputs: order.map((i): Role => (linearRoles[i] === "slice" ? "slice" : "carry")),
    body: step.withOutputs(order.map((i) => step.outputs[i]!)),
  });
  const back = new Array<Tensor>(order.length);
  order.forEach((i, place) => {
    back[i] = results[place]!;
  });
  return scatterMask(back, isLinear);
}

const indices = (mask: readonly boolean[], value: boolean): number[] =>
  mask.flatMap((has, i) => (has === value ? [i] : []));
