// Reverse mode for people: gradients and pullbacks of functions of trees.

import { zerosLike } from "../ops/rules.ts";
import { domainOf } from "../ops/tracer.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { treeUnflatten } from "../tensor/tree.ts";
import {
  checkDifferentiable,
  type FlatArguments,
  FlatCall,
  flattenArguments,
  matchingLeaves,
  pathOf,
} from "./arguments.ts";
import { isDifferentiable } from "./traces/forward.ts";
import { linearizeFlat, pullTape, type Tape } from "./traces/tape.ts";

/** Which arguments to differentiate by: the first unless told. */
export interface GradientOptions {
  /** A position, or several: the gradient is then an array with one tree per position. */
  readonly argnums?: number | readonly number[];
  /** The function returns `[value, aux]`; `aux` is handed through without a derivative. */
  readonly hasAux?: boolean;
  /** Allows complex results, for functions known to be holomorphic: the gradient is then f'(z). */
  readonly holomorphic?: boolean;
}

type WithAux = GradientOptions & { readonly hasAux: true };
type Scalar<A extends readonly unknown[]> = (...args: A) => Tensor;
type ScalarWithAux<A extends readonly unknown[], X> = (...args: A) => readonly [Tensor, X];

/** A gradient is a tensor also where the function would take a number (`grad(sin)`). */
type LikeArgument<T> = Tensor extends T ? Tensor : T;

/** What a gradient by the chosen arguments looks like. */
export type Gradient<A extends readonly unknown[], O> = O extends { readonly argnums: infer N }
  ? N extends readonly number[]
    ? { readonly [K in keyof N]: LikeArgument<A[N[K] & number]> }
    : LikeArgument<A[N & number]>
  : LikeArgument<A[0]>;

/**
 * The gradient of a function with a scalar real result, as a function of the same arguments: a tree shaped like the
 * first argument (or those chosen by `argnums`). Reverse mode: costs two to four evaluations of the function however
 * many elements the arguments have, and memory for its intermediate values.
 *
 * For complex arguments z = x + iy it gives ∂f/∂x - i·∂f/∂y, JAX's convention; the direction of steepest ascent is its
 * conjugate.
 *
 * Throws ShapeError or DTypeError when the result is not a real scalar, DTypeError for integer arguments.
 */
export function grad<A extends readonly unknown[], X, const O extends WithAux>(
  f: ScalarWithAux<A, X>,
  options: O,
): (...args: A) => { readonly grad: Gradient<A, O>; readonly aux: X };
export function grad<A extends readonly unknown[], const O extends GradientOptions = Record<never, never>>(
  f: Scalar<A>,
  options?: O,
): (...args: A) => Gradient<A, O>;
export function grad(
  f: (...args: never[]) => unknown,
  options: GradientOptions = {},
): (...args: unknown[]) => unknown {
  return (...args) => {
    const result = evaluate(f, args, options, "grad");
    return options.hasAux ? { grad: result.grad, aux: result.aux } : result.grad;
  };
}

/** Value and gradient together, at the cost of the gradient alone; otherwise as `grad`. */
export function valueAndGrad<A extends readonly unknown[], X, const O extends WithAux>(
  f: ScalarWithAux<A, X>,
  options: O,
): (...args: A) => { readonly value: Tensor; readonly grad: Gradient<A, O>; readonly aux: X };
export function valueAndGrad<
  A extends readonly unknown[],
  const O extends GradientOptions = Record<never, never>,
>(f: Scalar<A>, options?: O): (...args: A) => { readonly value: Tensor; readonly grad: Gradient<A, O> };
export function valueAndGrad(
  f: (...args: never[]) => unknown,
  options: GradientOptions = {},
): (...args: unknown[]) => unknown {
  return (...args) => {
    const { value, grad, aux } = evaluate(f, args, options, "valueAndGrad");
    return options.hasAux ? { value, grad, aux } : { value, grad };
  };
}

function chosen(options: GradientOptions, count: number, transform: string): readonly number[] {
  const positions = [options.argnums ?? 0].flat();
  for (const at of positions)
    if (!(Number.isInteger(at) && at >= 0 && at < count))
      throw new DomainError(
        `${transform}: argnums ${at} names no argument: the function was called with ${count}`,
      );
  return positions;
}

function evaluate(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  options: GradientOptions,
  transform: string,
): { value: Tensor; grad: unknown; aux: unknown } {
  const flat = flattenArguments(args);
  const positions = chosen(options, args.length, transform);
  for (const at of positions)
    if (flat.parts[at]!.leaves.length === 0)
      throw new DTypeError(
        `${transform}: argument ${at} holds no tensor to differentiate by; make one with tensor(…)`,
      );
  const isActive = flat.owner.map((argument) => positions.includes(argument));
  flat.leaves.forEach((x, i) => {
    if (isActive[i]) checkDifferentiable(x, pathOf(flat, i), transform);
  });
  const call = new FlatCall(f, flat, transform);
  const tape = linearizeFlat(call.run, flat.leaves, isActive, transform);
  const value = scalarResult(tape, call, options, transform);
  const cotangents = tape.outputs.map((_, i) => (i === 0 ? zerosLike(value).add(1) : null));
  const grads = gradients(flat, isActive, pullTape(tape, cotangents));
  const trees = positions.map((at) => argumentTree(flat, at, grads));
  const aux = options.hasAux ? call.rebuild<readonly unknown[]>(tape.outputs)[1] : undefined;
  return { value, grad: Array.isArray(options.argnums) ? trees : trees[0], aux };
}

/** One cotangent per leaf of the arguments; zeros where nothing flows. */
function gradients(
  flat: FlatArguments,
  isActive: readonly boolean[],
  cotangents: readonly (Tensor | null)[],
): Tensor[] {
  let next = 0;
  return flat.leaves.map((x, i) => (isActive[i] ? cotangents[next++] : null) ?? zerosLike(x));
}

/** The tree of one argument with other leaves. */
const argumentTree = (flat: FlatArguments, at: number, leaves: readonly Tensor[]): unknown =>
  treeUnflatten(
    flat.parts[at]!.structure,
    leaves.filter((_, i) => flat.owner[i] === at),
  );

function scalarResult(tape: Tape, call: FlatCall, options: GradientOptions, transform: string): Tensor {
  const { paths } = call.result;
  const expected = options.hasAux ? "[0]" : "";
  if (paths[0] !== expected || (!options.hasAux && paths.length !== 1))
    throw new ShapeError(
      options.hasAux
        ? `${transform}: with hasAux the function must return [value, aux]`
        : `${transform}: the function must return one scalar tensor, not a tree; use jacrev() or vjp(), or hasAux for further results`,
    );
  const value = tape.outputs[0]!;
  if (value.ndim !== 0)
    throw new ShapeError(
      `${transform}: the function returned shape ${formatShape(value.shape)} where a scalar was expected; reduce it with sum() or mean(), or use jacrev()`,
    );
  const domain = domainOf(value);
  if (domain)
    throw new ShapeError(
      `${transform}: the function returned a function of ${domain} where a scalar was expected; integrate() it, or use vjp()`,
    );
  if (isComplex(value.dtype) && !options.holomorphic)
    throw new DTypeError(
      `${transform}: the function returned ${value.dtype}; take real() or abs() of it, or say holomorphic: true`,
    );
  if (!isDifferentiable(value))
    throw new DTypeError(`${transform}: the function returned ${value.dtype}, which has no derivative`);
  return value;
}

/**
 * The value of a function of any result, and its pullback: cotangents of the result (a tree like it) to an array of
 * cotangents, one tree per argument. The pullback may be called any number of times. With complex numbers the pullback
 * is the plain transpose of the derivative, without conjugation.
 */
export function vjp<A extends readonly unknown[], B>(
  f: (...args: A) => B,
  ...primals: A
): { readonly value: B; readonly pullback: (cotangent: B) => [...A] } {
  const flat = flattenArguments(primals);
  const isActive = flat.leaves.map(isDifferentiable);
  if (!isActive.includes(true))
    flat.leaves.forEach((x, i) => {
      checkDifferentiable(x, pathOf(flat, i), "vjp");
    });
  const call = new FlatCall(f as never, flat, "vjp");
  const tape = linearizeFlat(call.run, flat.leaves, isActive, "vjp");
  const { result } = call;
  return {
    value: call.rebuild<B>(tape.outputs),
    pullback: (cotangent) => {
      const leaves = matchingLeaves(cotangent, result, tape.outputs, "vjp: cotangent");
      const arriving = leaves.map((leaf, i) => (isDifferentiable(tape.outputs[i]!) ? leaf : null));
      const grads = gradients(flat, isActive, pullTape(tape, arriving));
      return primals.map((_, at) => argumentTree(flat, at, grads)) as [...A];
    },
  };
}
