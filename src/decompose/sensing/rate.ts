// How fast a sequence of losses falls.

import { fitLine } from "../../linalg/systems/fitLine.ts";
import { DomainError } from "../../tensor/errors.ts";

export interface RateOptions {
  /** "power": loss ~ t^−rate; "exponential": loss ~ e^(−rate t). */
  readonly model: "power" | "exponential";
  /** First position that counts, at least 1 for "power". */
  readonly from: number;
  /** One past the last position that counts; all of them unless told. */
  readonly to?: number;
  /** The fit ends at the first loss at or below this: rounding is no rate. 1e-26 of the largest loss unless told. */
  readonly floor?: number;
}

export interface Rate {
  /** Positive for losses that fall. */
  readonly rate: number;
  /** Share of the variance of log loss that the model explains. */
  readonly r2: number;
  /** One past the last position used. */
  readonly to: number;
}

/**
 * The rate at which `losses`, indexed by step, fall: least squares of log loss over log t or t. O(n).
 *
 * @throws DomainError for losses that are not finite or negative, an empty range, and fewer than three points above the floor.
 */
export function estimateRate(losses: ArrayLike<number>, options: RateOptions): Rate {
  const { model, from, to = losses.length } = options;
  if (model !== "power" && model !== "exponential")
    throw new DomainError(`estimateRate: model: "power" or "exponential" was expected, got ${String(model)}`);
  const least = model === "power" ? 1 : 0;
  if (!(Number.isInteger(from) && from >= least && Number.isInteger(to) && to > from && to <= losses.length))
    throw new DomainError(
      `estimateRate: from, to: ${least} <= from < to <= ${losses.length} was expected, got ${from}, ${to}`,
    );
  let top = 0;
  for (let t = 0; t < losses.length; t++) {
    const loss = losses[t]!;
    if (!(loss >= 0 && Number.isFinite(loss)))
      throw new DomainError(`estimateRate: losses must be finite and not negative, got ${loss} at step ${t}`);
    top = Math.max(top, loss);
  }
  const { floor = 1e-26 * top } = options;
  const x: number[] = [];
  const y: number[] = [];
  for (let t = from; t < to && losses[t]! > floor; t++) {
    x.push(model === "power" ? Math.log(t) : t);
    y.push(Math.log(losses[t]!));
  }
  if (x.length < 3)
    throw new DomainError(
      `estimateRate: at least 3 losses above the floor ${floor} were expected from step ${from}, got ${x.length}`,
    );
  const { slope, r2 } = fitLine(x, y);
  return { rate: -slope, r2, to: from + x.length };
}
