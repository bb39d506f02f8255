// Piecewise linear and constant interpolation of one variable.

import { DomainError } from "../tensor/errors.ts";
import { ascending, column, type Numbers, valuesAt } from "./base/nodes.ts";
import {
  checkExtrapolation,
  type ExtrapolationOptions,
  type Interpolant,
  piecewise,
} from "./base/piecewise.ts";

/**
 * Straight lines between values y `[n, …]` at ascending nodes x `[n]`. Differentiable with respect to values and points; at a node the
 * slope is that of the piece on the right. Extrapolation is "continue" unless told. O(n) to make, O(log n) a point. Throws ShapeError
 * when x and y do not fit; DomainError for nodes that do not ascend and numbers that are not finite.
 */
export function linear(
  x: Numbers,
  y: Numbers,
  { extrapolate = "continue" }: ExtrapolationOptions = {},
): Interpolant {
  checkExtrapolation("linear", extrapolate);
  const nodes = ascending(x, "linear: x");
  const values = valuesAt(y, nodes.length, "linear: y");
  const width = column(
    nodes.slice(1).map((b, i) => b - nodes[i]!),
    values.ndim,
  );
  const left = values.at(":-1");
  return piecewise({
    name: "linear",
    breaks: nodes,
    coefficients: [left, values.at("1:").sub(left).div(width)],
    extrapolate,
  });
}

/**
 * The value of the nearest node ("nearest", the right one half-way), of the one before ("previous") or after ("next"). Throws as
 * `linear`.
 */
export function nearest(
  x: Numbers,
  y: Numbers,
  options: ExtrapolationOptions & { readonly side?: "nearest" | "previous" | "next" } = {},
): Interpolant {
  const { extrapolate = "continue", side = "nearest" } = options;
  checkExtrapolation("nearest", extrapolate);
  if (!["nearest", "previous", "next"].includes(side))
    throw new DomainError(`nearest: side "nearest", "previous" or "next" was expected, got ${String(side)}`);
  const nodes = ascending(x, "nearest: x");
  const values = valuesAt(y, nodes.length, "nearest: y");
  const n = nodes.length;
  if (side !== "nearest") {
    const coefficients = [side === "next" ? values.at("1:") : values.at(":-1")];
    return piecewise({ name: "nearest", breaks: nodes, coefficients, extrapolate });
  }
  const breaks = Float64Array.from({ length: n + 1 }, (_, i) =>
    i === 0 ? nodes[0]! : i === n ? nodes[n - 1]! : (nodes[i - 1]! + nodes[i]!) / 2,
  );
  return piecewise({ name: "nearest", breaks, coefficients: [values], extrapolate });
}
