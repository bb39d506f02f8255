// Interpolation of values on a grid of any number of axes.

import { floor } from "../ops/arithmetic.ts";
import { logicalOr } from "../ops/comparison.ts";
import { take } from "../ops/gather.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { locate } from "./base/locate.ts";
import { ascending, asReal, constant, type Numbers, valuesAt, widenTo } from "./base/nodes.ts";
import { checkExtrapolation, type ExtrapolationOptions, placed } from "./base/piecewise.ts";

export interface GridOptions extends ExtrapolationOptions {
  /** "linear" unless told. */
  readonly method?: "linear" | "nearest";
}

/**
 * A function of d variables from its values `[n₁, …, n_d, ...trailing]` on a grid of ascending axes `[n₁]` … `[n_d]`: multilinear, or the
 * value of the nearest node. It takes points `[…, d]` and gives `[…, ...trailing]`, in float64; differentiable with respect to values
 * and points. O(2^d) a point. Extrapolation is "continue" unless told.
 *
 * Throws ShapeError when axes and values do not fit; DomainError for axes that do not ascend and numbers that are not finite.
 */
export function gridInterpolator(
  axes: readonly Numbers[],
  values: Tensor,
  options: GridOptions = {},
): (points: Tensor) => Tensor {
  const name = "gridInterpolator";
  const { method = "linear", extrapolate = "continue" } = options;
  checkExtrapolation(name, extrapolate);
  if (method !== "linear" && method !== "nearest")
    throw new DomainError(`${name}: method "linear" or "nearest" was expected, got ${String(method)}`);
  const d = axes.length;
  const nodes = axes.map((axis, k) => ascending(axis, `${name}: axis ${k}`));
  const lengths = nodes.map((axis) => axis.length);
  if (d === 0 || values.ndim < d || lengths.some((n, k) => values.shape[k] !== n))
    throw new ShapeError(
      `${name}: values: shape ${formatShape([...lengths])} and more was expected, got ${formatShape(values.shape)}`,
    );
  const checked = valuesAt(values, lengths[0]!, `${name}: values`);
  const trailing = checked.shape.slice(d);
  const flat = checked.reshape([sizeOf(lengths), ...trailing]);
  const steps = lengths.map((_, k) => sizeOf(lengths.slice(k + 1)));
  return (given) => {
    const points = asReal(given, `${name}: points`);
    if (points.shape.at(-1) !== d)
      throw new ShapeError(`${name}: points: shape […, ${d}] was expected, got ${formatShape(points.shape)}`);
    let outside: Tensor | null = null;
    let corners: { readonly place: Tensor; readonly weight: Tensor | null }[] = [];
    nodes.forEach((axis, k) => {
      const at = placed(name, points.at("...", k), axis[0]!, axis.at(-1)!, extrapolate);
      if (at.outside) outside = outside === null ? at.outside : logicalOr(outside, at.outside);
      const left = locate(at.points, axis);
      const low = take(constant(axis), left);
      const share = at.points.sub(low).div(take(constant(axis.slice(1)), left).sub(low));
      // Ties go to the right, as for one variable.
      const sides =
        method === "nearest"
          ? [{ place: left.add(floor(share.add(0.5)).maximum(0).minimum(1).astype("int32")), weight: null }]
          : [
              { place: left, weight: share.neg().add(1) },
              { place: left.add(1), weight: share },
            ];
      const ahead = sides.map(({ place, weight }) => ({ place: place.mul(steps[k]!), weight }));
      corners =
        k === 0
          ? ahead
          : corners.flatMap((a) =>
              ahead.map((b) => ({
                place: a.place.add(b.place),
                weight: a.weight && b.weight ? a.weight.mul(b.weight) : null,
              })),
            );
    });
    const terms = corners.map(({ place, weight }) => {
      const value = take(flat, place);
      return weight ? value.mul(widenTo(weight, trailing.length)) : value;
    });
    const sum = terms.reduce((a, b) => a.add(b));
    return outside === null ? sum : widenTo(outside, trailing.length).where(Number.NaN, sum);
  };
}
