// Optimizers for some of the parameters.

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import type { LeafPredicate } from "../blocks/treeAlgebra.ts";
import { asModelLoss, isModelLoss } from "../curvature/modelLoss.ts";
import {
  type GradientOptimizer,
  gradientOptimizer,
  type Optimizer,
  type StepInfo,
  type StepInput,
} from "../optimizer.ts";

/** Some of the tensors of a tree, by their paths. */
export type Part = Readonly<Record<string, Tensor>>;

function partOf(params: unknown, isMeant: LeafPredicate): Part {
  const { leaves, structure } = tree.flatten(params);
  const entries = leaves.map((leaf, i) => [structure.paths[i]!, leaf] as const);
  return Object.fromEntries(entries.filter(([path, leaf]) => isMeant(leaf, path)));
}

/** The tree with other tensors at the paths of a part. */
function merge<P>(params: P, part: Part): P {
  const { leaves, structure } = tree.flatten(params);
  return tree.unflatten<P>(
    structure,
    leaves.map((leaf, i) => part[structure.paths[i]!] ?? leaf),
  );
}

/**
 * Any optimizer, let loose on the tensors that `isMeant` picks by tensor and path; the others stay as they are and take no memory.
 * Also for second-order methods: a `modelLoss` stays one.
 */
export function masked<P, B, S>(
  optimizer: Optimizer<Part, B, S>,
  isMeant: LeafPredicate,
): Optimizer<P, B, S> {
  const lossOf = (params: P, loss: StepInput<P, B, S>["loss"]): StepInput<Part, B, S>["loss"] => {
    if (isModelLoss<P, B>(loss)) {
      const { model } = loss;
      return asModelLoss(loss, {
        init: () => partOf(params, isMeant),
        apply: (part: Part, x: unknown, pass) => model.apply(merge(params, part), x, pass),
      }) as StepInput<Part, B, S>["loss"];
    }
    return (part, batch, key) => loss(merge(params, part), batch, key);
  };
  return {
    init: (params, example) =>
      optimizer.init(partOf(params, isMeant), example && { ...example, loss: lossOf(params, example.loss) }),
    step: ({ params, loss, ...rest }) => {
      const next = optimizer.step({
        ...rest,
        params: partOf(params, isMeant),
        loss: lossOf(params, loss),
      });
      return { ...next, params: merge(params, next.params) };
    },
  };
}

/** A group of parameters and who moves it. */
export interface ParameterGroup<B> {
  /** Which tensors; each belongs to the first group that wants it. All that are left unless told. */
  readonly where?: LeafPredicate;
  readonly optimizer: GradientOptimizer<Part, B, unknown>;
}

/**
 * Another optimizer for every group of parameters, such as smaller learning rates for some layers. The loss is differentiated once;
 * tensors that no group wants stay as they are. The state is that of each group by its name. Throws DomainError for no group.
 */
export function grouped<P, B = undefined>(
  groups: Readonly<Record<string, ParameterGroup<B>>>,
): GradientOptimizer<P, B, Readonly<Record<string, unknown>>> {
  const names = Object.keys(groups);
  if (names.length === 0) throw new DomainError("grouped: at least one group was expected");
  /** One predicate per group: it wants the tensor, and no group before it does. */
  const own = names.map(
    (_, i): LeafPredicate =>
      (leaf, path) =>
        i === names.findIndex((name) => groups[name]!.where?.(leaf, path) ?? true),
  );
  return gradientOptimizer({
    init: (params: P) =>
      Object.fromEntries(
        names.map((name, i) => [name, groups[name]!.optimizer.init(partOf(params, own[i]!))]),
      ),
    update: ({ params, state, grad }) => {
      let next = params;
      const states: Record<string, unknown> = {};
      const info: Record<string, Tensor> = {};
      const { structure } = tree.flatten(params);
      const gradients = tree.leaves(grad);
      names.forEach((name, i) => {
        const part = partOf(params, own[i]!);
        const moved = groups[name]!.optimizer.update({
          params: part,
          state: state[name],
          grad: Object.fromEntries(
            structure.paths.flatMap((path, k) => (path in part ? [[path, gradients[k]!]] : [])),
          ),
        });
        next = merge(next, moved.params);
        states[name] = moved.state;
        for (const [key, value] of Object.entries<Tensor>((moved.info ?? {}) as StepInfo))
          info[`${name}.${key}`] = value;
      });
      return { params: next, state: states, info };
    },
  });
}
