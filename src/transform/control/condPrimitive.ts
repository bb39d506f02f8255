// The primitive behind `cond` and `switchCase`: one of several branches, with all of its rules.

import { bind } from "../../ops/bind.ts";
import { ALL, definePrimitive, type Linearized, type Primitive } from "../../ops/primitive.ts";
import { batchAll, zerosLike } from "../../ops/rules.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { evaluateGraph, type Graph, traceFlat } from "../graphs/graph.ts";
import {
  batchGraph,
  jetGraph,
  jvpGraph,
  linearizeGraph,
  moves,
  packSeries,
  scatterMask,
  transposedGraph,
  unpackSeries,
} from "../graphs/graphTransforms.ts";

export interface CondParams {
  /** Graphs of the same inputs and outputs; the first operand says which, clamped to the range. */
  readonly branches: readonly Graph[];
}

type Mask = readonly boolean[];

/** What any branch has, all get: a transform of all branches with outputs that agree. */
function unite<T>(
  branches: readonly Graph[],
  transform: (branch: Graph, forced: Mask) => T,
  maskOf: (result: T) => Mask,
): { readonly results: readonly T[]; readonly mask: Mask } {
  const none = branches[0]!.outputs.map(() => false);
  const masks = branches.map((branch) => maskOf(transform(branch, none)));
  const mask = none.map((_, i) => masks.some((has) => has[i]));
  return { results: branches.map((branch) => transform(branch, mask)), mask };
}

export const condP: Primitive<CondParams> = definePrimitive<CondParams>({
  name: "cond",
  dtypes: ALL,
  movesOnly: true,
  abstractEval: (_inputs, { branches }) => branches[0]!.outputs.map(({ shape, dtype }) => ({ shape, dtype })),
  evaluate: ([index, ...operands], { branches }) => {
    const at = Math.min(branches.length - 1, Math.max(0, index!.item()));
    return evaluateGraph(branches[at]!, operands);
  },
  jvp: {
    jvp: ([index, ...operands], [, ...tangents], { branches }) => {
      const isActive = tangents.map((tangent) => tangent !== null);
      const { results, mask } = unite(
        branches,
        (branch, forced) => jvpGraph(branch, isActive, forced),
        (result) => result.isActive,
      );
      const moving = tangents.filter((tangent) => tangent !== null);
      const outputs = bind(condP, [index!, ...operands, ...moving], {
        branches: results.map(({ graph }) => graph),
      });
      const n = mask.length;
      return { outputs: outputs.slice(0, n), tangents: scatterMask(outputs.slice(n), mask) };
    },
    linearize,
  },
  transpose: ({ cotangents, inputs: [index, ...operands], params }) => {
    const isLinear = operands.map((x) => !(x instanceof Tensor));
    const isPresent = cotangents.map((cotangent) => cotangent !== null);
    const known = operands.filter((x) => x instanceof Tensor);
    const arriving = cotangents.filter((cotangent) => cotangent !== null);
    const results = bind(condP, [index as Tensor, ...known, ...arriving], {
      branches: params.branches.map((branch) => transposedGraph(branch, isLinear, isPresent)),
    });
    return [null, ...scatterMask(results, isLinear)];
  },
  batch: ({ inputs: [index, ...operands], batched: [indexBatched, ...batched], size, params }) => {
    const { results, mask } = unite(
      params.branches,
      (branch, forced) => batchGraph(branch, batched, size, forced),
      (result) => result.isBatched,
    );
    const branches = results.map(({ graph }) => graph);
    if (!indexBatched) return batchAll(bind(condP, [index!, ...operands], { branches }), mask, size);
    // Examples that go different ways: every branch runs on all of them, and each takes its own result.
    const last = branches.length - 1;
    const all = branches.map((branch) => batchAll(evaluateGraph(branch, operands), mask, size));
    return all[last]!.map((fallback, i) =>
      all.slice(0, last).reduceRight((rest, outputs, k) => {
        const value = outputs[i]!;
        const takes = k === 0 ? index!.lessEqual(0) : index!.equal(k);
        return takes.reshape([size, ...value.shape.slice(1).map(() => 1)]).where(value, rest);
      }, fallback),
    );
  },
  jet: ({ series: [index, ...series], order, params }) => {
    const isActive = series.map(moves);
    const { results, mask } = unite(
      params.branches,
      (branch, forced) => jetGraph(branch, isActive, order, forced),
      (result) => result.isActive,
    );
    const outputs = bind(condP, [index![0], ...unpackSeries(series, isActive)], {
      branches: results.map(({ graph }) => graph),
    });
    return packSeries(outputs, mask, order);
  },
});

/** Every branch also returns what its derivative needs, and zeros in the place of what the others need. */
function linearize(
  [index, ...operands]: readonly Tensor[],
  [, ...isActive]: readonly boolean[],
  { branches }: CondParams,
): Linearized {
  const { results, mask } = unite(
    branches,
    (branch, forced) => linearizeGraph(branch, isActive, forced),
    (result) => result.isActive,
  );
  const n = mask.length;
  const residuals = results.map(({ forward }) => forward.outputs.slice(n));
  const total = residuals.flat();
  const starts = residuals.map((_, b) => residuals.slice(0, b).flat().length);
  const forward = results.map((result, b) =>
    traceFlat((xs) => {
      const outputs = evaluateGraph(result.forward, xs);
      const kept = total.map((x, i) => {
        const at = i - starts[b]!;
        return at >= 0 && at < residuals[b]!.length ? outputs[n + at]! : zerosLike(x);
      });
      return [...outputs.slice(0, n), ...kept];
    }, branches[b]!.inputs),
  );
  const outputs = bind(condP, [index!, ...operands], { branches: forward });
  const tangentInputs = branches[0]!.inputs.filter((_, i) => isActive[i]);
  const linear = results.map((result, b) =>
    traceFlat(
      (xs) =>
        evaluateGraph(result.linear, [
          ...xs.slice(starts[b]!, starts[b]! + residuals[b]!.length),
          ...xs.slice(total.length),
        ]),
      [...total, ...tangentInputs],
    ),
  );
  return {
    outputs: outputs.slice(0, n),
    apply: ([, ...tangents]) => {
      const moving = tangents.filter((tangent) => tangent !== null);
      return scatterMask(bind(condP, [index!, ...outputs.slice(n), ...moving], { branches: linear }), mask);
    },
  };
}
