import { bind } from "../../ops/bind.ts";
import {
  type Abstract,
  ALL,
  definePrimitive,
  JET_FROM_JVP,
  type Linearized,
  type Primitive,
} from "../../ops/primitive.ts";
import { batchAll, zerosLike } from "../../ops/rules.ts";
import { TracerError, TreeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type TreeStructure, treeUnflatten } from "../../tensor/tree.ts";
import { FlatCall, flatten, flattenArguments, matchingLeaves } from "../arguments.ts";
import { closesOver } from "./customJvp.ts";
import {
  batchOpaque,
  closeOpaque,
  type FlatFunction,
  type Opaque,
  opaque,
  opaqueOutputs,
  overExamples,
} from "./opaque.ts";

interface CustomVjpParams {
  readonly f: Opaque;
  /** Number of results of f, and arguments to `[...results, ...residuals]`. */
  readonly forward: (inputs: readonly Tensor[]) => { outputs: number; all: readonly Tensor[] };
  /** `[...residuals, ...cotangents of all outputs]` to cotangents of all arguments. */
  readonly backward: FlatFunction;
}

const noForward = (name: string): TracerError =>
  new TracerError(
    `customVjp: ${name} has a rule for reverse mode only; for jvp, jacfwd, hessian or jet define it with customJvp`,
  );

export const customVjpP: Primitive<CustomVjpParams> = definePrimitive<CustomVjpParams>({
  name: "customVjp",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { f }) => opaqueOutputs(f),
  evaluate: (inputs, { f }) => f.run(inputs),
  close: closeOpaque,
  jvp: {
    jvp: (_inputs, _tangents, { f }) => {
      throw noForward(f.name);
    },
    linearize,
  },
  batch: ({ inputs, batched, size, params }) => {
    let outputs = 0;
    const forward = overExamples(
      (xs) => {
        const result = params.forward(xs);
        outputs = result.outputs;
        return result.all;
      },
      batched.slice(params.f.captured),
      size,
    );
    return bind(customVjpP, inputs, {
      f: batchOpaque(params.f, batched, size),
      forward: (xs) => {
        const all = forward(xs);
        return { outputs, all };
      },
      backward: overExamples(params.backward, [], size),
    });
  },
  jet: JET_FROM_JVP,
  print: ({ f }) => ({ name: f.name, graph: f.graph }),
});

function linearize(
  inputs: readonly Tensor[],
  isActive: readonly boolean[],
  { f, forward, backward }: CustomVjpParams,
): Linearized {
  if (isActive.slice(0, f.captured).includes(true)) throw closesOver("customVjp", f.name);
  const args = inputs.slice(f.captured);
  const { outputs: count, all } = forward(args);
  const outputs = all.slice(0, count);
  const residuals = all.slice(count);
  return {
    outputs,
    apply: (tangents) => {
      const directions = tangents.slice(f.captured).map((tangent, i) => tangent ?? zerosLike(args[i]!));
      return bind(pullbackP, [...residuals, ...directions], {
        name: f.name,
        residuals: residuals.length,
        outputs: outputs.map(({ shape, dtype }) => ({ shape, dtype })),
        backward,
      });
    },
  };
}

interface PullbackParams {
  readonly name: string;
  readonly residuals: number;
  readonly outputs: readonly Abstract[];
  readonly backward: FlatFunction;
}

/** A linear function of which only the transpose is known. */
const pullbackP: Primitive<PullbackParams> = definePrimitive<PullbackParams>({
  name: "customPullback",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { outputs }) => outputs,
  evaluate: (_inputs, { name }) => {
    throw noForward(name);
  },
  jvp: ({ params: { name } }) => {
    throw noForward(name);
  },
  transpose: ({ cotangents, inputs, params }) => {
    const residuals = inputs.slice(0, params.residuals) as Tensor[];
    const arriving = cotangents.map((cotangent, i) => cotangent ?? zerosLike(params.outputs[i]!));
    return [...residuals.map(() => null), ...params.backward([...residuals, ...arriving])];
  },
  batch: ({ inputs, batched, size, params }) =>
    bind(pullbackP, batchAll(inputs, batched, size), {
      ...params,
      outputs: params.outputs.map(({ shape, dtype }) => ({ shape: [size, ...shape], dtype })),
      backward: overExamples(params.backward, [], size),
    }),
  jet: JET_FROM_JVP,
  print: ({ name }) => ({ name }),
});

/**
 * A function with a gradient of your own. `forward(...args)` returns `[value, residuals]` (a tree of what the backward
 * pass needs); `backward(residuals, cotangent)` returns an array with one cotangent tree per argument. Works in reverse
 * mode (`grad`, `vjp`, `jacrev`) and `vmap`; for forward mode use `customJvp`, from which everything follows. Throws
 * TreeError, ShapeError or DTypeError when cotangents do not match the arguments, and TracerError in forward mode.
 */
export function customVjp<A extends readonly unknown[], B, R>(
  f: (...args: A) => B,
  rules: {
    readonly forward: (...args: A) => readonly [B, R];
    readonly backward: (residuals: R, cotangent: B) => readonly [...A];
  },
): (...args: A) => B {
  const name = f.name || "the function";
  return (...args) => {
    const flat = flattenArguments(args);
    const call = new FlatCall(f as never, flat, "customVjp");
    // Known once the forward rule has run, which is before the backward rule does.
    let kept: TreeStructure | undefined;
    let result: TreeStructure | undefined;
    const outputs = bind(customVjpP, flat.leaves, {
      f: opaque(name, call.run),
      forward: (inputs) => {
        const pair = rules.forward(...treeUnflatten<A>(flat.structure, inputs));
        if (!Array.isArray(pair) || pair.length !== 2)
          throw new TreeError("customVjp: forward must return [value, residuals]");
        const value = flatten(pair[0]);
        const residuals = flatten(pair[1]);
        result = value.structure;
        kept = residuals.structure;
        return { outputs: value.leaves.length, all: [...value.leaves, ...residuals.leaves] };
      },
      backward: (inputs) => {
        const count = kept!.paths.length;
        const residuals = treeUnflatten<R>(kept!, inputs.slice(0, count));
        const cotangent = treeUnflatten<B>(result!, inputs.slice(count));
        const gradients = rules.backward(residuals, cotangent);
        return matchingLeaves(gradients, flat.structure, flat.leaves, "customVjp: backward's result");
      },
    });
    return treeUnflatten<B>(result ?? call.result, outputs);
  };
}
