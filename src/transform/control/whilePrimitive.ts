// The primitive behind `whileLoop`: a body repeated as long as a condition holds, with all of its rules.

import { bind } from "../../ops/bind.ts";
import { type Abstract, ALL, definePrimitive, type Linearized, type Primitive } from "../../ops/primitive.ts";
import { batchAll, zerosLike } from "../../ops/rules.ts";
import { Tracer } from "../../ops/tracer.ts";
import { tensor } from "../../tensor/create.ts";
import { TracerError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { evaluateGraph, type Graph, traceFlat } from "../graphs/graph.ts";
import {
  batchGraph,
  jetGraph,
  jvpGraph,
  moves,
  overInputs,
  packSeries,
  scatterMask,
  select,
  unpackSeries,
} from "../graphs/graphTransforms.ts";
import { type Role, settle, withRole } from "./roles.ts";
import { linearizeScan } from "./scanPrimitive.ts";

export interface WhileParams {
  /** `const` and `carry`. */
  readonly inputs: readonly Role[];
  /** From all inputs to one bool. */
  readonly condition: Graph;
  /** From all inputs to the carried ones. */
  readonly body: Graph;
  /** For reverse mode where the number of steps cannot be known beforehand. */
  readonly maxIterations: number | undefined;
}

const carries = (params: WhileParams): Role[] => params.body.outputs.map((): Role => "carry");

/** All inputs with other carried values. */
function withCarry(inputs: readonly Tensor[], roles: readonly Role[], carry: readonly Tensor[]): Tensor[] {
  let next = 0;
  return inputs.map((x, i) => (roles[i] === "carry" ? carry[next++]! : x));
}

export const whileP: Primitive<WhileParams> = definePrimitive<WhileParams>({
  name: "while",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { body }) => body.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: (inputs, { inputs: roles, condition, body }) => {
    let current = [...inputs];
    while (evaluateGraph(condition, current)[0]!.item() !== 0)
      current = withCarry(inputs, roles, evaluateGraph(body, current));
    return withRole(current, roles, "carry");
  },
  jvp: {
    jvp: (inputs, tangents, params) => {
      const settled = settle(
        tangents.map((tangent) => tangent !== null),
        params.inputs,
        carries(params),
        (active, forced) => jvpGraph(params.body, active, forced).isActive,
      );
      const { graph, isActive } = jvpGraph(params.body, settled.inputs, settled.forced);
      const moving = inputs.flatMap((x, i) => (settled.inputs[i] ? [tangents[i] ?? zerosLike(x)] : []));
      const results = bind(whileP, [...inputs, ...moving], {
        ...params,
        inputs: [...params.inputs, ...select(params.inputs, settled.inputs)],
        condition: overInputs(params.condition, graph.inputs),
        body: graph,
      });
      const n = params.body.outputs.length;
      return { outputs: results.slice(0, n), tangents: scatterMask(results.slice(n), isActive) };
    },
    linearize,
  },
  batch: batchWhile,
  jet: ({ series, order, params }) => {
    const settled = settle(
      series.map(moves),
      params.inputs,
      carries(params),
      (active, forced) => jetGraph(params.body, active, order, forced).isActive,
    );
    const { graph, isActive } = jetGraph(params.body, settled.inputs, order, settled.forced);
    const heads: number[] = [];
    let place = 0;
    for (const active of settled.inputs) {
      heads.push(place);
      place += active ? order + 1 : 1;
    }
    const results = bind(whileP, unpackSeries(series, settled.inputs), {
      ...params,
      inputs: params.inputs.flatMap((role, i) =>
        new Array<Role>(settled.inputs[i] ? order + 1 : 1).fill(role),
      ),
      condition: overInputs(params.condition, graph.inputs, (xs) => heads.map((at) => xs[at]!)),
      body: graph,
    });
    return packSeries(results, isActive, order);
  },
  print: ({ condition, body }) => ({ condition, body }),
});

/**
 * With a batch axis the loop runs until no example's condition holds; examples that are done keep their values.
 */
function batchWhile({
  inputs,
  batched,
  size,
  params,
}: {
  readonly inputs: readonly Tensor[];
  readonly batched: readonly boolean[];
  readonly size: number;
  readonly params: WhileParams;
}): readonly Tensor[] {
  const { inputs: roles } = params;
  const none = carries(params).map(() => false);
  let has = settle(
    batched,
    roles,
    carries(params),
    (mask, forced) => batchGraph(params.body, mask, size, forced).isBatched,
  ).inputs;
  const differs = batchGraph(params.condition, has, size, [false]).isBatched[0]!;
  // Once examples end at different times, every carried value differs between them.
  if (differs) has = has.map((is, i) => is || roles[i] === "carry");
  const forced = differs ? none.map(() => true) : withRole(has, roles, "carry");
  const operands = inputs.map((x, i) => (has[i] && !batched[i] ? x.broadcastTo([size, ...x.shape]) : x));
  const condition = batchGraph(params.condition, has, size, [differs]).graph;
  const body = batchGraph(params.body, has, size, forced);
  const results = bind(whileP, operands, {
    ...params,
    condition: differs
      ? traceFlat((xs) => [evaluateGraph(condition, xs)[0]!.any()], condition.inputs)
      : condition,
    body: differs
      ? traceFlat((xs) => {
          const isOn = evaluateGraph(condition, xs)[0]!;
          const before = withRole(xs, roles, "carry");
          return evaluateGraph(body.graph, xs).map((after, i) =>
            isOn.reshape([size, ...after.shape.slice(1).map(() => 1)]).where(after, before[i]!),
          );
        }, body.graph.inputs)
      : body.graph,
  });
  return batchAll(results, body.isBatched, size);
}

/**
 * Reverse mode needs what every step computed, so the loop is counted first and then run as a scan of that many steps.
 * Inside `vmap` it takes as many steps as the slowest example; the others stand still.
 */
function linearize(inputs: readonly Tensor[], isActive: readonly boolean[], params: WhileParams): Linearized {
  const { inputs: roles } = params;
  const counter = { shape: [], dtype: "int32" } as const;
  const counted = bind(whileP, [...inputs, tensor(0, { dtype: "int32" })], {
    ...params,
    inputs: [...roles, "carry"],
    condition: overInputs(params.condition, [...params.condition.inputs, counter]),
    body: traceFlat(
      (xs) => [...evaluateGraph(params.body, xs.slice(0, -1)), xs.at(-1)!.add(1)],
      [...params.body.inputs, counter],
    ),
  });
  const steps = counted.at(-1)!;
  if (!(steps instanceof Tracer) && params.maxIterations === undefined)
    return linearizeScan(inputs, isActive, {
      length: steps.item(),
      reverse: false,
      inputs: roles,
      outputs: carries(params),
      body: params.body,
    });
  const starts = withRole(inputs, roles, "carry");
  const before = [steps, ...starts];
  const operands = [...before, ...inputs, tensor(0, { dtype: "int32" })];
  const { outputs, apply } = linearizeScan(operands, [...before.map(() => false), ...isActive, false], {
    length: params.maxIterations ?? longest(steps),
    reverse: false,
    inputs: [...before.map((): Role => "const"), ...roles, "carry"],
    outputs: [...carries(params), "carry"],
    body: guarded(params, inputs, starts),
  });
  const n = starts.length;
  return {
    outputs: outputs.slice(0, n),
    apply: (tangents) => apply([...before.map(() => null), ...tangents, null]).slice(0, n),
  };
}

/**
 * A step that does nothing once the count is reached. The body then gets the values from the start, where it is known
 * to work, so that no derivative of an undefined value can enter.
 */
function guarded(params: WhileParams, inputs: readonly Abstract[], starts: readonly Abstract[]): Graph {
  const { inputs: roles, body } = params;
  const carried = starts.length;
  const counter: Abstract = { shape: [], dtype: "int32" };
  return traceFlat(
    (xs) => {
      const steps = xs[0]!;
      const start = xs.slice(1, 1 + carried);
      const current = xs.slice(1 + carried, -1);
      const count = xs.at(-1)!;
      const isOn = count.less(steps);
      const carry = withRole(current, roles, "carry");
      const safe = withCarry(
        current,
        roles,
        carry.map((x, i) => isOn.where(x, start[i]!)),
      );
      const after = evaluateGraph(body, safe);
      return [...after.map((x, i) => isOn.where(x, carry[i]!)), count.add(1)];
    },
    [counter, ...starts, ...inputs, counter],
  );
}

/** The largest number of steps among all examples. */
function longest(steps: Tensor): number {
  const known = steps instanceof Tracer ? steps.known() : steps;
  if (!known)
    throw new TracerError(
      "whileLoop: reverse mode inside jit() or trace() must know how many steps to keep: give whileLoop the option maxIterations, or use scan() or forward mode",
    );
  return known.size === 0 ? 0 : known.max().item();
}
