// Along which curves a function of many variables is followed to estimate a differential operator.

import { Tracer } from "../ops/tracer.ts";
import { choice, normal, rademacher, randint } from "../random/distributions.ts";
import { foldIn, type Key } from "../random/key.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError, ShapeError, TracerError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Directions, Operator } from "./operators.ts";

export interface SampleOptions {
  /** Number of directions B. */
  readonly samples: number;
  /** Terms of the operator chosen at random ("sparse", unless told), or directions that mix all of them ("dense"). */
  readonly mode?: "sparse" | "dense";
  /** Of the entries of dense directions: "rademacher" for operators of order 2, "normal" for the others, unless told. */
  readonly distribution?: "rademacher" | "normal";
  /** Whether a sparse sample may hold a term twice; it may not unless told. */
  readonly replacement?: boolean;
}

/**
 * Directions for one estimate of an operator at a point x `[d]`, or an independent set for each of n points `[n, d]`
 * (with axis n in front of all tensors). The elements of x do not matter. Draw them outside of `jit` and hand them over
 * as an argument: inside, a key would be read while the function is traced and the sample be the same in every call.
 *
 * Throws DomainError for samples that are no positive integer or more than there are terms without replacement, and for
 * a mode or distribution that gives no unbiased estimate. O(B·d) per point.
 */
export function sampleDirections(key: Key, op: Operator, x: Tensor, options: SampleOptions): Directions {
  checkKey(key, "sampleDirections");
  if ((x.ndim !== 1 && x.ndim !== 2) || x.size === 0)
    throw new ShapeError(
      `sampleDirections: x: a point [d] or points [n, d] with n, d > 0 were expected, got shape ${formatShape(x.shape)}`,
    );
  const { mode = "sparse" } = options;
  if (mode !== "sparse" && mode !== "dense")
    throw new DomainError(`sampleDirections: mode: "sparse" or "dense" was expected, got ${String(mode)}`);
  const d = x.shape.at(-1)!;
  const sets = x.ndim === 1 ? 1 : x.shape[0]!;
  const drawn = op.isExact
    ? repeated(allDirections(op, d, x.dtype), sets)
    : (mode === "sparse" ? drawSparse : drawDense)(key, op, d, x.dtype, options, sets);
  const rows = drawn.weights[0]!.size / sets;
  const leading = x.ndim === 1 ? [rows] : [sets, rows];
  return {
    curves: drawn.curves.map((curve) => curve.reshape([...leading, d])),
    weights: drawn.weights.map((weight) => weight.reshape(leading)),
  };
}

/** Every term of an operator once: the estimate along these directions is the exact value. */
export function allDirections(op: Operator, dimensions: number, dtype: DType): Directions {
  const count = op.terms(dimensions);
  const all = Int32Array.from({ length: count }, (_, i) => i);
  return weighted(op.sparse(all, dimensions, dtype), count);
}

export function checkKey(key: Key, what: string): void {
  if (key instanceof Tracer)
    throw new TracerError(
      `${what}: the key is traced, so its numbers are not known; draw the directions outside of the transform and pass them as an argument`,
    );
}

function drawSparse(
  key: Key,
  op: Operator,
  d: number,
  dtype: DType,
  { samples, replacement = false, distribution }: SampleOptions,
  sets: number,
): Directions {
  const count = op.terms(d);
  checkSamples(samples, op);
  if (distribution !== undefined)
    throw new DomainError(`${op.name}: a distribution belongs to mode "dense"; sparse directions have none`);
  if (!replacement && samples > count)
    throw new DomainError(
      `${op.name}: samples: at most ${count}, the number of its terms, were expected without replacement, got ${samples}`,
    );
  const chosen = new Int32Array(sets * samples);
  if (replacement) chosen.set(randint(key, [chosen.length], 0, count).data());
  else for (let i = 0; i < sets; i++) chosen.set(choice(foldIn(key, i), count, samples).data(), i * samples);
  return weighted(op.sparse(chosen, d, dtype), count);
}

function drawDense(
  key: Key,
  op: Operator,
  d: number,
  dtype: DType,
  { samples, replacement, distribution }: SampleOptions,
  sets: number,
): Directions {
  const { dense } = op;
  checkSamples(samples, op);
  if (!dense)
    throw new DomainError(`${op.name}: mode "dense" does not exist for it; mode "sparse" was expected`);
  if (replacement !== undefined)
    throw new DomainError(
      `${op.name}: replacement belongs to mode "sparse"; dense directions are independent`,
    );
  const chosen = distribution ?? dense.distributions[0]!;
  if (!dense.distributions.includes(chosen))
    throw new DomainError(
      `${op.name}: distribution: ${dense.distributions.join(" or ")} was expected, got ${chosen}, whose moments of order ${op.order} make the estimate biased`,
    );
  const draw = chosen === "normal" ? normal : rademacher;
  return dense.along(draw(key, [sets * samples, dense.entries(d)]).astype(dtype), d);
}

function checkSamples(samples: number, op: Operator): void {
  if (!(Number.isInteger(samples) && samples > 0))
    throw new DomainError(`${op.name}: samples: a positive integer was expected, got ${samples}`);
}

const weighted = ({ curves, weights }: Directions, factor: number): Directions => ({
  curves,
  weights: weights.map((weight) => weight.mul(factor)),
});

/** The same directions for each of several points (views). */
const repeated = ({ curves, weights }: Directions, sets: number): Directions => {
  const repeat = (x: Tensor): Tensor => x.broadcastTo([sets, ...x.shape]);
  return { curves: curves.map(repeat), weights: weights.map(repeat) };
};
