// Activation functions, element by element except for the gated ones.

import { at } from "../../ops/indexing.ts";
import { asTensor } from "../../ops/operands.ts";
import { erf, exp, expm1, log1p, sigmoid, tanh } from "../../ops/transcendental.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, normalizeAxis } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";

export type Activation = (x: Tensor) => Tensor;

/** max(x, 0), with the derivative 0 at 0; NaN stays. */
export function relu(value: TensorLike): Tensor {
  const x = asTensor(value);
  return x.lessEqual(0).where(0, x);
}

/** min(max(x, 0), 6). */
export function relu6(value: TensorLike): Tensor {
  const x = relu(value);
  return x.greaterEqual(6).where(6, x);
}

/** x where it is positive, `slope` x elsewhere. */
export function leakyRelu(value: TensorLike, slope = 0.01): Tensor {
  const x = asTensor(value);
  return x.greater(0).where(x, x.mul(slope));
}

/** x where it is positive, alpha (eˣ - 1) elsewhere: Clevert, Unterthiner and Hochreiter (2016). */
export function elu(value: TensorLike, alpha = 1): Tensor {
  const x = asTensor(value);
  const isPositive = x.greater(0);
  // The branch that is not taken must not overflow: its derivative would be NaN times 0.
  return isPositive.where(x, expm1(isPositive.where(0, x)).mul(alpha));
}

/** The self-normalizing `elu`, scaled so that mean 0 and variance 1 are kept: Klambauer et al. (2017). */
export const selu = (x: TensorLike): Tensor => elu(x, 1.6732632423543772).mul(1.0507009873554805);

/** max(0, x) + min(0, alpha (e^(x / alpha) - 1)). */
export const celu = (x: TensorLike, alpha = 1): Tensor => elu(asTensor(x).div(alpha)).mul(alpha);

/** x Φ(x), or with `approximate` the formula of Hendrycks and Gimpel (2016) with tanh. */
export function gelu(value: TensorLike, options: { readonly approximate?: boolean } = {}): Tensor {
  const x = asTensor(value);
  if (!options.approximate) return x.mul(0.5).mul(erf(x.mul(Math.SQRT1_2)).add(1));
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(0.5).mul(tanh(inner).add(1));
}

/** x sigmoid(x), also called swish. */
export function silu(value: TensorLike): Tensor {
  const x = asTensor(value);
  return x.mul(sigmoid(x));
}

/** log(1 + e^(beta x)) / beta, without overflow. */
export function softplus(value: TensorLike, beta = 1): Tensor {
  const x = asTensor(value).mul(beta);
  return x
    .maximum(0)
    .add(log1p(exp(x.abs().neg())))
    .div(beta);
}

/** log sigmoid(x), without underflow. */
export const logSigmoid = (x: TensorLike): Tensor => softplus(asTensor(x).neg()).neg();

/** x tanh(softplus(x)): Misra (2020). */
export function mish(value: TensorLike): Tensor {
  const x = asTensor(value);
  return x.mul(tanh(softplus(x)));
}

/** min(max(x + 3, 0), 6) / 6. */
export const hardSigmoid = (x: TensorLike): Tensor => relu6(asTensor(x).add(3)).div(6);

/** x hardSigmoid(x): Howard et al. (2019). */
export function hardSwish(value: TensorLike): Tensor {
  const x = asTensor(value);
  return x.mul(hardSigmoid(x));
}

/** x / (1 + |x|). */
export function softsign(value: TensorLike): Tensor {
  const x = asTensor(value);
  return x.div(x.abs().add(1));
}

/**
 * The first half along `axis` (the last unless told) times an activation of the second: a gated linear unit with
 * sigmoid, as Dauphin et al. (2017) have it; `silu` makes it SwiGLU, `gelu` GEGLU (Shazeer, 2020). Throws ShapeError
 * for an odd number of elements.
 */
export function glu(
  x: Tensor,
  options: { readonly axis?: number; readonly activation?: Activation } = {},
): Tensor {
  const axis = normalizeAxis(options.axis ?? -1, x.ndim, "glu: axis");
  const length = x.shape[axis]!;
  if (length % 2 !== 0)
    throw new ShapeError(
      `glu: an even length of axis ${axis} was expected, got shape ${formatShape(x.shape)}`,
    );
  const part = (range: string): Tensor => at(x, ...x.shape.map((_, i) => (i === axis ? range : ":")));
  const gate = options.activation ?? sigmoid;
  return part(`:${length / 2}`).mul(gate(part(`${length / 2}:`)));
}

/** `glu` with `silu`. */
export const swiglu = (x: Tensor): Tensor => glu(x, { activation: silu });
/** `glu` with `gelu`. */
export const geglu = (x: Tensor): Tensor => glu(x, { activation: (gate) => gelu(gate) });
/** `glu` with `relu`. */
export const reglu = (x: Tensor): Tensor => glu(x, { activation: relu });
