// What first-order methods share: every tensor is treated alike, with a few tensors of its shape as memory and a few scalars
// that depend on the step alone.

import { asTensor } from "../../ops/operands.ts";
import { zerosLike } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { stateDType } from "../blocks/options.ts";
import { type LeafPredicate, treeMapWithPath } from "../blocks/treeAlgebra.ts";
import { type GradientOptimizer, gradientOptimizer } from "../optimizer.ts";
import { checkRate, constant, type Schedule } from "../schedules/decay.ts";

/** Weight decay, where a method has it. */
export interface DecayOptions {
  /** Share of the parameters that is added to the direction; how it enters stands with each method. */
  readonly weightDecay?: number;
  /** Which tensors decay; all unless told. `(leaf) => leaf.ndim > 1` spares biases and gains. */
  readonly decays?: LeafPredicate;
}

/** The number of steps done, an int32 scalar, and one tree like the parameters for every slot. */
export type SlotState<P, K extends string> = { readonly step: Tensor } & Readonly<Record<K, P>>;

/** A tensor and its memory in a step; all in the dtype of the state, float32 at least. */
export interface Leaf<K extends string> {
  readonly x: Tensor;
  readonly grad: Tensor;
  readonly slots: Readonly<Record<K, Tensor>>;
  /** `weightDecay` for a tensor that decays, else 0. */
  readonly decay: number;
}

/** Scalars of a step, cast to the dtype of a leaf: `at(rate, x)`. */
export type Scalars<C extends string> = Readonly<Record<C, Tensor>>;

export interface ElementwiseMethod<K extends string, C extends string> {
  readonly name: string;
  readonly learningRate: number | Schedule;
  readonly weightDecay?: number;
  readonly decays?: LeafPredicate;
  readonly slots: readonly K[];
  /** What every element of a slot is at first; 0 unless told. */
  readonly initial?: number;
  /** Float64 scalars of this step from its learning rate and its number, 1 at first (float64). */
  scalars(rate: Tensor, count: Tensor): Scalars<C>;
  /** The tensor and its memory after the step. */
  leaf(
    leaf: Leaf<K>,
    scalars: Scalars<C>,
  ): { readonly x: Tensor; readonly slots: Readonly<Record<K, Tensor>> };
}

/** The optimizer that does the same with every tensor. The state is kept in float32 for narrower parameters. */
export function elementwiseOptimizer<P, B, K extends string, C extends string>(
  method: ElementwiseMethod<K, C>,
): GradientOptimizer<P, B, SlotState<P, K>> {
  const { name, learningRate, weightDecay = 0, decays = () => true, slots, initial = 0 } = method;
  if (typeof learningRate === "number") checkRate(learningRate, `${name}: learningRate`);
  checkRate(weightDecay, `${name}: weightDecay`);
  const schedule = typeof learningRate === "number" ? constant(learningRate) : learningRate;
  return gradientOptimizer<P, B, SlotState<P, K>>({
    init: (params) => {
      const filled = (): P =>
        tree.map((x) => {
          const zeros = zerosLike({ shape: x.shape, dtype: stateDType(x.dtype, name) });
          return initial === 0 ? zeros : zeros.add(initial);
        }, params);
      const start = Object.fromEntries(slots.map((slot) => [slot, filled()])) as Record<K, P>;
      return { step: asTensor(0).astype("int32"), ...start } as SlotState<P, K>;
    },
    update: ({ params, state, grad }) => {
      const rate = schedule(state.step).astype("float64");
      const step = state.step.add(1);
      const scalars = method.scalars(rate, step.astype("float64"));
      const moved: Tensor[] = [];
      const kept = slots.map((): Tensor[] => []);
      treeMapWithPath(
        (path, x, g, ...memory) => {
          const dtype = stateDType(x.dtype, name);
          const own = Object.fromEntries(slots.map((slot, i) => [slot, memory[i]!])) as Record<K, Tensor>;
          const inDType = Object.fromEntries(
            Object.entries<Tensor>(scalars).map(([key, value]) => [key, value.astype(dtype)]),
          ) as Scalars<C>;
          const decay = weightDecay > 0 && decays(x, path) ? weightDecay : 0;
          const next = method.leaf({ x: x.astype(dtype), grad: g.astype(dtype), slots: own, decay }, inDType);
          moved.push(next.x.astype(x.dtype));
          slots.forEach((slot, i) => {
            kept[i]!.push(next.slots[slot]);
          });
          return x;
        },
        params,
        grad,
        ...slots.map((slot) => state[slot]),
      );
      const { structure } = tree.flatten(params);
      const memory = Object.fromEntries(
        slots.map((slot, i) => [slot, tree.unflatten<P>(structure, kept[i]!)]),
      ) as Record<K, P>;
      return {
        params: tree.unflatten<P>(structure, moved),
        state: { step, ...memory } as SlotState<P, K>,
        info: { learningRate: rate },
      };
    },
  });
}

/** 1 - βᵗ, float64: the sum of the weights of the first t terms of a running mean. Float32 would leave few digits of it. */
export const correction = (beta: number, count: Tensor): Tensor =>
  beta === 0 ? asTensor(1) : count.mul(Math.log(beta)).exp().neg().add(1);

/** A running mean: beta·old + (1 - beta)·fresh. */
export const runningMean = (beta: number, old: Tensor, fresh: Tensor): Tensor =>
  old.mul(beta).add(fresh.mul(1 - beta));
