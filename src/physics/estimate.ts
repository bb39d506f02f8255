// Unbiased estimates of differential operators from a few Taylor series.

import type { Tangent } from "../ops/primitive.ts";
import { plus, times } from "../ops/series.ts";
import type { Key } from "../random/key.ts";
import { ShapeError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkPoint, scalarSeries } from "../transform/scalarSeries.ts";
import { vmap } from "../transform/vmap.ts";
import { allDirections, type SampleOptions, sampleDirections } from "./directions.ts";
import type { Directions, Operator } from "./operators.ts";

/** A function and an operator applied to it, at one point. */
export interface Estimate {
  /** f(x). */
  readonly value: Tensor;
  /** The estimate of (op f)(x): the mean of `directional`. */
  readonly estimate: Tensor;
  /** What each direction alone estimates, `[B]`; their spread tells how far the estimate may be off. */
  readonly directional: Tensor;
}

/**
 * An unbiased estimate of a differential operator applied to a scalar function of a vector x `[d]`, from its Taylor
 * series along B random curves: time B times that of f (times k² for order k), and memory O(B) instead of O(d). Can be
 * differentiated, also with respect to what f closes over, and batched with `vmap` (one key gives all examples the same
 * directions). Inside `jit` the key is a constant: use `sampleDirections` outside and `estimateAlong` inside.
 *
 * Variances for the Hessian H: dense Rademacher 2(‖H‖² - Σ Hᵢᵢ²)/B, normal 2‖H‖²/B (Frobenius norms), sparse without
 * replacement d²/B · (1 - B/d) times the sample variance of the diagonal of H.
 *
 * Throws ShapeError or DTypeError for x that is no real vector and for f that does not return one real number, and what
 * `sampleDirections` throws.
 *
 * Source: Shi, Hu, Lin and Kawaguchi, Stochastic Taylor derivative estimator (2024).
 */
export function estimate(
  key: Key,
  f: (x: Tensor) => Tensor,
  x: Tensor,
  op: Operator,
  options: SampleOptions,
): Estimate {
  checkPoint(x, op.name);
  return estimateAlong(sampleDirections(key, op, x, options), f, x, op);
}

/** The operator without sampling: as many series as it has terms. Otherwise as `estimate`. */
export function evaluateOperator(f: (x: Tensor) => Tensor, x: Tensor, op: Operator): Estimate {
  checkPoint(x, op.name);
  return estimateAlong(allDirections(op, x.size, x.dtype), f, x, op);
}

/** `estimate` along directions that are given: tensors like those of `sampleDirections` for the same operator and x. */
export function estimateAlong(
  directions: Directions,
  f: (x: Tensor) => Tensor,
  x: Tensor,
  op: Operator,
): Estimate {
  checkPoint(x, op.name);
  checkDirections(directions, x, op);
  const one = (curves: readonly Tensor[], weights: readonly Tensor[]) => {
    const curve = new Array<Tensor | null>(op.order).fill(null);
    op.slots.forEach((k, s) => {
      curve[k - 1] = curves[s]!;
    });
    const series = scalarSeries(f, x, curve, op.name);
    const sum = op.readouts.reduce<Tangent>(
      (total, k, r) => plus(total, times(series[k]!, weights[r]!)),
      null,
    );
    return { value: series[0], directional: sum ?? weights[0]!.mul(0).astype(series[0].dtype) };
  };
  const { value, directional } = vmap(one)(directions.curves, directions.weights);
  return { value: value.at(0), estimate: directional.mean(), directional };
}

function checkDirections({ curves, weights }: Directions, x: Tensor, op: Operator): void {
  const rows = weights[0]?.shape[0];
  const fits =
    curves.length === op.slots.length &&
    weights.length === op.readouts.length &&
    curves.every(({ shape }) => shape.length === 2 && shape[0] === rows && shape[1] === x.size) &&
    weights.every(({ shape }) => shape.length === 1 && shape[0] === rows);
  if (!fits || !rows)
    throw new ShapeError(
      `${op.name}: directions: ${op.slots.length} curves [B, ${x.size}] and ${op.readouts.length} weights [B] were expected; draw them with sampleDirections for this operator and x (and vmap over those of several points)`,
    );
}
