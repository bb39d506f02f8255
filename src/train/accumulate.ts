// Losses made of other losses: a batch in several parts, a gradient of bounded length.

import { foldIn, type Key } from "../random/key.ts";
import { tensor } from "../tensor/create.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tree } from "../tensor/tree.ts";
import { scan } from "../transform/control/scan.ts";
import { checkpoint } from "../transform/custom/checkpoint.ts";
import { customVjp } from "../transform/custom/customVjp.ts";

/** A scalar to minimise: of parameters, the data of a step, and a key for what is random in it. */
export type Loss<P, B> = (params: P, batch: B, key: Key) => Tensor;

/**
 * The mean of `loss` over `parts` equal parts of the batch, one after another: the gradient is that of the whole batch, and
 * intermediate values are kept for one part only (each part is computed twice). Part i is handed `foldIn(key, i)`.
 *
 * Throws DomainError unless `parts` is a positive integer, ShapeError for a batch whose leaves do not divide into parts.
 */
export function accumulate<P, B>(loss: Loss<P, B>, parts: number): Loss<P, B> {
  checkParts(parts, "accumulate: parts");
  if (parts === 1) return loss;
  const part = checkpoint((params: P, batch: B, key: Key) => loss(params, batch, key));
  return (params, batch, key) => {
    const { ys } = scan(
      (i: Tensor, slice: B) => [i.add(1), part(params, slice, foldIn(key, i))] as const,
      tensor(0, { dtype: "int32" }),
      inParts(batch, parts),
    );
    return (ys as unknown as Tensor).mean();
  };
}

/** Throws DomainError unless a batch can be cut into so many parts. */
export function checkParts(parts: number, what: string): void {
  if (!(Number.isInteger(parts) && parts > 0))
    throw new DomainError(`${what}: a positive integer was expected, got ${parts}`);
}

/** Every leaf `[n, ...]` as `[parts, n / parts, ...]`. */
export const inParts = <B>(batch: B, parts: number): B =>
  tree.map((x) => {
    const [n, ...rest] = x.shape;
    if (n === undefined || n % parts !== 0)
      throw new ShapeError(
        `accumulate: batch: a first axis that divides into ${parts} equal parts was expected, got shape ${formatShape(x.shape)}`,
      );
    return x.reshape([parts, n / parts, ...rest]);
  }, batch);

/**
 * The same parameters, through which a gradient comes back scaled down to a length of at most `maxNorm` (that of all
 * leaves together): `loss(clipGradient(params, 1), batch)` is a loss whose gradient is clipped, whatever the optimizer.
 * Reverse mode only. Throws DomainError unless `maxNorm` is positive.
 *
 * Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks (2013), algorithm 1.
 */
export function clipGradient<P>(params: P, maxNorm: number): P {
  if (!(maxNorm > 0))
    throw new DomainError(`clipGradient: maxNorm: a positive number was expected, got ${maxNorm}`);
  const through = customVjp((p: P) => p, {
    forward: (p) => [p, null],
    backward: (_residuals, cotangent) => [scaledTo(cotangent, maxNorm)] as const,
  });
  return through(params);
}

/** In float64: squares of float32 gradients overflow and lose digits. */
function scaledTo<P>(gradient: P, maxNorm: number): P {
  const squares = tree.leaves(gradient).map((g) => (isComplex(g.dtype) ? g.abs() : g).astype("float64"));
  const norm = squares.reduce((sum, g) => sum.add(g.square().sum()), tensor(0)).sqrt();
  const scale = tensor(maxNorm).div(norm.maximum(maxNorm));
  return tree.map((g) => g.mul(scale.astype(g.dtype)), gradient);
}
