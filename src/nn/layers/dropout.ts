// Layers that leave things out in training.

import type { Layer, Pass } from "../../optim/model.ts";
import { uniform } from "../../random/distributions.ts";
import { checkFraction } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Empty, lambda } from "./lambda.ts";

/** Elements of `mask` are kept with probability 1 - rate and scaled so that the mean stays. */
function drop(name: string, x: Tensor, mask: Shape, rate: number, pass: Pass | undefined): Tensor {
  if (!pass?.training || rate === 0) return x;
  if (!pass.key)
    throw new DomainError(
      `${name}: pass.key: a key is needed in training; give one to apply(params, x, { training, key })`,
    );
  const isKept = uniform(pass.key, mask, { dtype: "float32" }).greaterEqual(rate);
  return isKept.where(x.div(1 - rate), 0);
}

/**
 * In training every element is set to 0 with probability `rate`, the others are divided by 1 - rate; otherwise
 * nothing happens. Throws DomainError for a rate outside of [0, 1), and in training without a key.
 *
 * Source: Srivastava et al., Dropout (2014).
 */
export function dropout(rate: number): Layer<Empty> {
  checkFraction("dropout: rate", rate);
  return lambda((x, pass) => drop("dropout", x, x.shape, rate, pass));
}

/** `dropout` of whole channels of `[N, C, ...spatial]`. */
export function spatialDropout(rate: number): Layer<Empty> {
  checkFraction("spatialDropout: rate", rate);
  return lambda((x, pass) =>
    drop(
      "spatialDropout",
      x,
      x.shape.map((n, i) => (i < 2 ? n : 1)),
      rate,
      pass,
    ),
  );
}

/** Leaves out all of an example, as residual branches of deep networks do: stochastic depth, Huang et al. (2016). */
export function dropPath(rate: number): Layer<Empty> {
  checkFraction("dropPath: rate", rate);
  return lambda((x, pass) =>
    drop(
      "dropPath",
      x,
      x.shape.map((n, i) => (i < 1 ? n : 1)),
      rate,
      pass,
    ),
  );
}
