// Operators on functions: composition, integrals, and the handling of arguments.

import { bindOne } from "../../ops/bind.ts";
import { conj } from "../../ops/complex.ts";
import { stack } from "../../ops/join.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor, type TensorLike } from "../../tensor/tensor.ts";
import { applyFn, coordinates } from "./apply.ts";
import { asFn, checkArguments, domainOfFn, mismatch } from "./check.ts";
import { checkGrid } from "./grid.ts";
import { extendP, overArguments, reorder } from "./integrate.ts";
import { type Fn, type FunctionDomain, functionDomain, type Grid } from "./types.ts";

export interface ComposeOptions {
  /** All inner functions see the same arguments; otherwise each takes its own, one after the other. */
  readonly shareInputs?: boolean;
}

/**
 * x ↦ f(g₁(x), …, gₘ(x)), one inner function per argument of f. Reverse mode goes to the inner functions; with respect to
 * the outer one there is no transpose, unless the inner functions are arguments themselves
 * (`fn({ in: [[], []], out: [] }, (y, x) => x)`). Throws ShapeError or DTypeError, listing both, when the functions do
 * not fit.
 */
export function compose(f: Tensor, ...rest: readonly [...Tensor[], ComposeOptions | Tensor]): Fn {
  const last = rest.at(-1);
  const { shareInputs = false } = last instanceof Tensor || last === undefined ? {} : last;
  const inner = rest.filter((g) => g instanceof Tensor);
  domainOfFn(f, "compose");
  const domains = inner.map((g, i) => domainOfFn(g, `compose: inner function ${i}`));
  if (inner.length === 0) throw new DomainError("compose: at least one inner function was expected");
  if (shareInputs || inner.length === 1) return asFn(applyFn(f, inner, "compose"));
  const joint = domains.reduce((all, { args }) => all.join(args));
  let next = 0;
  const spread = inner.map((g, i) => {
    const places = domains[i]!.args.map(() => next++);
    return bindOne(extendP, [g], { domain: joint, places });
  });
  return asFn(applyFn(f, spread, "compose"));
}

export interface IntegrateOptions {
  /** One argument or several; all unless told. */
  readonly args?: number | readonly number[];
  /** The grid, or one per argument of `args`; their tensor product is taken. */
  readonly grid?: Grid | readonly Grid[];
}

/**
 * The integral of a function over all arguments (a tensor) or over some (a function of the others; a tensor when none
 * are left). Without a grid its value cannot be read, but derivatives of functionals can be taken, which need no
 * quadrature as long as the functional is local.
 *
 * With a grid, values cost one evaluation at all nodes together. Throws ShapeError or DomainError for a grid that does
 * not fit its argument, or with nodes outside of its interval.
 */
export function integrate(
  f: Tensor,
  options: IntegrateOptions & { readonly args: number | readonly number[] },
): Fn;
export function integrate(f: Tensor, options?: IntegrateOptions): Tensor;
export function integrate(f: Tensor, { args, grid }: IntegrateOptions = {}): Tensor {
  const domain = domainOfFn(f, "integrate");
  const places = checkArguments(domain, args ?? domain.args.map((_, i) => i), "integrate");
  const grids = grid === undefined ? [] : [grid].flat();
  if (grid !== undefined && grids.length !== places.length)
    throw new ShapeError(
      `integrate: ${places.length} grids were expected, one per argument, got ${grids.length}`,
    );
  grids.forEach((one, i) => {
    checkGrid(one, domain.args[places[i]!]!, `integrate: the grid of argument ${places[i]}`);
  });
  const sorted = [...places].sort((a, b) => a - b);
  return overArguments(
    f,
    sorted,
    sorted.map((place) => grids[places.indexOf(place)] ?? null),
  );
}

/**
 * The inner product ∫ Σ conj(f)·g of two functions over one domain, summed over the elements of their values. The grid
 * is as for `integrate`. Throws ShapeError, listing both, when domains or values differ.
 */
export function inner(f: Tensor, g: Tensor, options: Pick<IntegrateOptions, "grid"> = {}): Tensor {
  checkAlike([f, g], "inner");
  return integrate(conj(f).mul(g).sum(), options);
}

export interface PartialOptions {
  /** Places of the arguments that are bound. */
  readonly args: number | readonly number[];
  /** Their values. */
  readonly at: TensorLike | readonly TensorLike[];
}

/**
 * A function with some arguments bound to values: a function of the others (the value itself when none are left).
 * Derivatives go to the bound values; with respect to f there is no transpose, since its value at a point is a delta.
 * Throws DomainError for arguments that do not exist, ShapeError or DTypeError for values that do not fit.
 */
export function partial(f: Tensor, { args, at }: PartialOptions): Fn {
  const domain = domainOfFn(f, "partial");
  const places = checkArguments(domain, args, "partial");
  const values = [at].flat() as readonly TensorLike[];
  if (values.length !== places.length)
    throw new ShapeError(`partial: ${places.length} values were expected, got ${values.length}`);
  const open = domain.args.map((_, i) => i).filter((i) => !places.includes(i));
  const rest = domain.pick(open);
  const free = rest ? coordinates(rest) : [];
  const point = domain.args.map((_, i) =>
    places.includes(i) ? values[places.indexOf(i)]! : free[open.indexOf(i)]!,
  );
  return applyFn(f, point, "partial") as unknown as Fn;
}

/**
 * The same function with its arguments in another order: argument i of the result is argument `order[i]` of f. Throws
 * DomainError unless `order` is a permutation.
 */
export function permuteArgs(f: Tensor, order: readonly number[]): Fn {
  const domain = domainOfFn(f, "permuteArgs");
  const places = checkArguments(domain, order, "permuteArgs");
  if (places.length !== domain.args.length)
    throw new DomainError(
      `permuteArgs: an order of ${domain.args.length} arguments was expected, got [${order.join(", ")}]`,
    );
  return asFn(
    reorder(
      f,
      domain.pick(places),
      places.map((_, i) => places.indexOf(i)),
    ),
  );
}

/**
 * Functions over one domain as one function whose values are stacked along a new first axis. Throws ShapeError, listing
 * both, when domains or values differ.
 */
export function zipFns(...fs: readonly Tensor[]): Fn {
  checkAlike(fs, "zipFns");
  return asFn(stack(fs));
}

/** The functions that `zipFns` joined: one for each entry along the first axis of the values. */
export function split(f: Tensor): Fn[] {
  domainOfFn(f, "split");
  if (f.ndim === 0) throw new ShapeError("split: the function's values have no axis to split along");
  return Array.from({ length: f.shape[0]! }, (_, i) => asFn(f.at(i)));
}

/** Throws ShapeError unless functions have the same arguments and shapes of values. */
function checkAlike(fs: readonly Tensor[], what: string): void {
  const first = fs[0];
  if (!first) throw new ShapeError(`${what}: at least one function was expected`);
  const domain = domainOfFn(first, what);
  for (const f of fs) {
    const other: FunctionDomain = domainOfFn(f, what);
    if (!domain.matches(other) || !sameShape(f.shape, first.shape))
      throw mismatch(what, describe(first), describe(f));
  }
}

const describe = (f: Tensor): string => `${functionDomain(f)} → ${f.dtype}${formatShape(f.shape)}`;
