import { bind } from "../../ops/bind.ts";
import { ALL, definePrimitive, JET_FROM_JVP, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { zerosLike } from "../../ops/rules.ts";
import { TracerError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { treeUnflatten } from "../../tensor/tree.ts";
import { FlatCall, flattenArguments, matchingLeaves } from "../arguments.ts";
import {
  batchOpaque,
  closeOpaque,
  type FlatFunction,
  type Opaque,
  opaque,
  opaqueOutputs,
  overExamples,
} from "./opaque.ts";

interface CustomJvpParams {
  readonly f: Opaque;
  /** `[...arguments, ...their tangents, ...outputs]` to tangents of all outputs. */
  readonly rule: FlatFunction;
}

function push(
  inputs: readonly Tensor[],
  tangents: readonly Tangent[],
  outputs: readonly Tensor[],
  { f, rule }: CustomJvpParams,
): readonly Tensor[] {
  if (tangents.slice(0, f.captured).some((tangent) => tangent !== null))
    throw closesOver("customJvp", f.name);
  const args = inputs.slice(f.captured);
  const directions = tangents.slice(f.captured).map((tangent, i) => tangent ?? zerosLike(args[i]!));
  return rule([...args, ...directions, ...outputs]);
}

/** The rule knows the arguments only. */
export const closesOver = (transform: string, name: string): TracerError =>
  new TracerError(
    `${transform}: ${name} uses a value from outside of itself that is being differentiated; pass it as an argument`,
  );

export const customJvpP: Primitive<CustomJvpParams> = definePrimitive<CustomJvpParams>({
  name: "customJvp",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { f }) => opaqueOutputs(f),
  evaluate: (inputs, { f }) => f.run(inputs),
  close: closeOpaque,
  jvp: {
    jvp: (inputs, tangents, params) => {
      const outputs = bind(customJvpP, inputs, params);
      return { outputs, tangents: push(inputs, tangents, outputs, params) };
    },
    linearize: (inputs, _isActive, params) => {
      const outputs = bind(customJvpP, inputs, params);
      return { outputs, apply: (tangents) => push(inputs, tangents, outputs, params) };
    },
  },
  batch: ({ inputs, batched, size, params: { f, rule } }) =>
    bind(customJvpP, inputs, {
      f: batchOpaque(f, batched, size),
      rule: overExamples(rule, batched.slice(f.captured), size),
    }),
  jet: JET_FROM_JVP,
  print: ({ f }) => ({ name: f.name, graph: f.graph }),
});

/**
 * A function with a derivative of your own. `rule(primals, tangents, value)` gets the arguments, their tangents (arrays
 * with one tree per argument; zeros where an argument is constant) and the value, and returns the tangent of the
 * result. It must be linear in the tangents; forward mode, reverse mode, `vmap` and `jet` all follow from it, and it may
 * be differentiated again. Outside of `vmap`, `trace` and loops the function itself may read the elements of its
 * arguments. Throws TreeError, ShapeError or DTypeError when the tangent does not match the result, and TracerError
 * when the function closes over a value that is being differentiated.
 */
export function customJvp<A extends readonly unknown[], B>(
  f: (...args: A) => B,
  rule: (primals: A, tangents: A, value: B) => B,
): (...args: A) => B {
  const name = f.name || "the function";
  return (...args) => {
    const flat = flattenArguments(args);
    const call = new FlatCall(f as never, flat, "customJvp");
    const n = flat.leaves.length;
    const outputs = bind(customJvpP, flat.leaves, {
      f: opaque(name, call.run),
      rule: (inputs) => {
        const primals = treeUnflatten<A>(flat.structure, inputs.slice(0, n));
        const tangents = treeUnflatten<A>(flat.structure, inputs.slice(n, 2 * n));
        const values = inputs.slice(2 * n);
        const result = rule(primals, tangents, call.rebuild<B>(values));
        return matchingLeaves(result, call.result, values, "customJvp: the tangent");
      },
    });
    return call.rebuild<B>(outputs);
  };
}
