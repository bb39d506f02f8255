// What functions are as values: their domains, and the type under which people hold them.

import type { Abstract, Domain } from "../../ops/primitive.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";

/** A rule of quadrature: ∫ f ≈ Σ weightsᵢ · f(nodesᵢ). Made by `quadrature` and `productGrid`, or by hand. */
export interface Grid {
  /** `[n]` for scalar arguments, `[n, ...shape]` for others. */
  readonly nodes: Tensor;
  /** `[n]`. */
  readonly weights: Tensor;
  /** Within which all nodes lie: one interval for every coordinate, or one for each. */
  readonly interval: Interval | readonly Interval[];
}

export type Interval = readonly [low: number, high: number];

/** One argument of a function. */
export interface Argument {
  readonly shape: Shape;
  readonly dtype: DType;
  /** A grid over which the argument is integrated elsewhere; derivatives of such integrals use it again. */
  readonly grid: Grid | null;
}

/** The arguments of a function, in order; at least one. */
export interface FunctionDomain extends Domain {
  readonly args: readonly Argument[];
  /** The arguments at these places, in this order; undefined when there are none. */
  pick(places: readonly number[]): FunctionDomain | undefined;
  /** These arguments, then others. */
  join(others: readonly Argument[]): FunctionDomain;
  /** The same arguments with a grid where one is given and none is known. */
  withGrids(grids: readonly (Grid | null)[]): FunctionDomain;
  /** Whether all arguments have the same shapes and dtypes. */
  matches(other: FunctionDomain | undefined): boolean;
}

type Pointwise = {
  readonly [K in keyof Tensor]: Tensor[K] extends (...args: infer A) => Tensor
    ? (...args: A) => Fn
    : Tensor[K];
};

/**
 * A function of tensors as a value: `shape` and `dtype` are those of its results, `domain` what it takes. Every operation
 * of tensors works on functions point by point (`f.mul(g)`, `sin(f)`), and `f.call(x)` is the value at a point.
 */
export interface Fn extends Pointwise {
  readonly domain: Domain | undefined;
  /** The value at a point: one tensor (or number) per argument. Functions as arguments give the composition. */
  call(...point: readonly TensorLike[]): Tensor;
}

/** Places of arguments once those of `outer` stand in front. */
export const behind = (places: readonly number[], outer: Domain): readonly number[] =>
  places.map((place) => place + (outer as FunctionDomain).args.length);

/** The domain of a function, undefined for an ordinary tensor. Domains are made in one place only. */
export const functionDomain = (x: Abstract): FunctionDomain | undefined =>
  x.domain as FunctionDomain | undefined;
