// Piecewise polynomials: what most interpolants become.

import { mod } from "../../ops/arithmetic.ts";
import { logicalOr } from "../../ops/comparison.ts";
import { cumsum } from "../../ops/cumulative.ts";
import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { readable } from "../../ops/known.ts";
import { zeros } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { locate } from "./locate.ts";
import { asReal, column, constant, widenTo } from "./nodes.ts";

/**
 * What happens at points outside of the nodes: the first and the last piece go on ("continue"), the value at the end stays
 * ("constant"), NaN ("nan"), a DomainError ("throw"; NaN where points are traced), or it starts again ("periodic").
 */
export type Extrapolation = "continue" | "constant" | "nan" | "throw" | "periodic";

const EXTRAPOLATIONS: readonly string[] = ["continue", "constant", "nan", "throw", "periodic"];

export interface ExtrapolationOptions {
  readonly extrapolate?: Extrapolation;
}

export function checkExtrapolation(name: string, extrapolate: string): void {
  if (!EXTRAPOLATIONS.includes(extrapolate))
    throw new DomainError(
      `${name}: extrapolate: one of ${EXTRAPOLATIONS.join(", ")} was expected, got ${extrapolate}`,
    );
}

/** A curve through values. Points `[…]` give `[…, ...trailing]` for values `[n, ...trailing]`, in float64. */
export interface Interpolant {
  (points: TensorLike): Tensor;
  /** A derivative with respect to the points, of order 1 unless told. */
  derivative(points: TensorLike, order?: number): Tensor;
  /** The integral from a to b, which broadcast. */
  integral(a: TensorLike, b: TensorLike): Tensor;
}

/** Points moved to where they are evaluated, and which of them have no value. */
export function placed(
  name: string,
  x: Tensor,
  low: number,
  high: number,
  extrapolate: Extrapolation,
): { readonly points: Tensor; readonly outside: Tensor | null } {
  if (extrapolate === "continue") return { points: x, outside: null };
  if (extrapolate === "constant") return { points: x.maximum(low).minimum(high), outside: null };
  if (extrapolate === "periodic") return { points: mod(x.sub(low), high - low).add(low), outside: null };
  if (extrapolate === "throw") checkInside(name, x, low, high);
  return { points: x, outside: logicalOr(x.less(low), x.greater(high)) };
}

export function checkInside(name: string, x: Tensor, low: number, high: number): void {
  for (const each of readable(x)?.data() ?? [])
    if (!(each >= low && each <= high))
      throw new DomainError(`${name}: points from ${low} to ${high} were expected, got ${each}`);
}

/** Σ coefficients[k][i] (x - breaks[i])^k on the i-th interval; coefficients are `[pieces, ...trailing]`. */
export interface Piecewise {
  readonly name: string;
  readonly breaks: Float64Array;
  readonly coefficients: readonly Tensor[];
  readonly extrapolate: Extrapolation;
}

function evaluate({ name, breaks, coefficients, extrapolate }: Piecewise, points: TensorLike): Tensor {
  const given = asReal(points, `${name}: points`);
  const { points: x, outside } = placed(name, given, breaks[0]!, breaks.at(-1)!, extrapolate);
  const piece = locate(x, breaks);
  const extra = coefficients[0]!.ndim - 1;
  const distance = widenTo(x.sub(take(constant(breaks), piece)), extra);
  let sum = take(coefficients.at(-1)!, piece);
  for (let k = coefficients.length - 2; k >= 0; k--)
    sum = sum.mul(distance).add(take(coefficients[k]!, piece));
  // A constant piece knows nothing of its point, which may be NaN.
  if (coefficients.length === 1) sum = sum.add(distance.mul(0));
  return outside === null ? sum : widenTo(outside, extra).where(Number.NaN, sum);
}

function derived(pieces: Piecewise, order: number): Piecewise {
  let { coefficients } = pieces;
  for (let k = 0; k < order; k++)
    coefficients =
      coefficients.length === 1
        ? [coefficients[0]!.mul(0)]
        : coefficients.slice(1).map((c, i) => (i === 0 ? c : c.mul(i + 1)));
  return { ...pieces, coefficients };
}

function antiderivative({ breaks, coefficients, ...rest }: Piecewise): Piecewise {
  const first = coefficients[0]!;
  const width = column(
    breaks.slice(1).map((b, i) => b - breaks[i]!),
    first.ndim,
  );
  const raised = coefficients.map((c, k) => c.div(k + 1));
  let pieces = raised.at(-1)!;
  for (let k = raised.length - 2; k >= 0; k--) pieces = pieces.mul(width).add(raised[k]!);
  const areas = pieces.mul(width);
  const before = concat([zeros([1, ...first.shape.slice(1)]), cumsum(areas, 0).at(":-1")], 0);
  return { ...rest, breaks, coefficients: [before, ...raised] };
}

export function checkOrder(name: string, order: number): void {
  if (!(Number.isInteger(order) && order >= 0))
    throw new DomainError(`${name}: order: an integer >= 0 was expected, got ${order}`);
}

/** The interpolant of pieces. */
export function piecewise(pieces: Piecewise): Interpolant {
  const { name, breaks, extrapolate } = pieces;
  let integrated: Piecewise | null = null;
  return Object.assign((points: TensorLike) => evaluate(pieces, points), {
    derivative: (points: TensorLike, order = 1): Tensor => {
      checkOrder(name, order);
      const slope = evaluate(derived(pieces, order), points);
      if (extrapolate !== "constant" || order === 0) return slope;
      const x = asReal(points, `${name}: points`);
      const outside = logicalOr(x.less(breaks[0]!), x.greater(breaks.at(-1)!));
      return widenTo(outside, slope.ndim - x.ndim).where(0, slope);
    },
    integral: (a: TensorLike, b: TensorLike): Tensor => {
      const [from, to] = [asReal(a, `${name}: a`), asReal(b, `${name}: b`)];
      if (extrapolate !== "continue")
        for (const x of [from, to]) checkInside(`${name}: integral`, x, breaks[0]!, breaks.at(-1)!);
      integrated ??= { ...antiderivative(pieces), extrapolate: "continue" };
      return evaluate(integrated, to).sub(evaluate(integrated, from));
    },
  });
}
