// Exact least squares of a tall matrix by conjugate gradients that a sketch preconditions.

import type { Key } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { load } from "../base/matrix.ts";
import { CountedOperator, checkVector } from "../krylov/space.ts";
import type { Linear } from "../operator/asOperator.ts";
import { meetDTypes } from "../operator/operator.ts";
import { normalCg, normalWork, triangularFactor } from "./normalEquations.ts";
import { sketch, sketchOf } from "./sketch.ts";
import { checkTall, productsOf, residualOf } from "./sketchedLstsq.ts";

export interface SketchPreconditionedOptions extends IterationOptions {
  /** Where to start; zero unless told. */
  readonly x0?: Tensor;
  /** Stop when the gradient ‖R⁻ᵀAᵀ(b − A x)‖ is at most this share of what it was; 1e-12 unless told. */
  readonly rtol?: number;
  /** Rows of the sketch for each column of A; 6 unless told. */
  readonly oversample?: number;
  /** 100 unless told. */
  readonly maxIterations?: number;
}

export interface SketchPreconditioned {
  /** `[d]` */
  readonly x: Tensor;
  readonly iterations: number;
  /** Products with A and with its transpose. */
  readonly products: number;
  /** ‖A x − b‖, computed anew. */
  readonly residualNorm: number;
  /** Rows from which R was made; n where the sketch would not have been smaller than A. */
  readonly rows: number;
  /** Whether R was of full rank and used. */
  readonly preconditioned: boolean;
  readonly converged: boolean;
}

/**
 * Minimizes ‖A x − b‖ for A `[n, d]` and b `[n]` to rounding: a CountSketch of `oversample · d` rows gives a triangular factor R, and
 * conjugate gradients of the normal equations of A R⁻¹, whose condition number is a small constant, run from x0. O(nnz(A)) a
 * step and O(oversample d³) for R. (Clarkson and Woodruff 2013, section 7.7; Avron, Maymounkov and Toledo, "Blendenpik", 2010.)
 *
 * Where the sketch has dependent columns the iteration runs without R.
 *
 * @throws as `sketchedLstsq` does; DomainError for rtol outside [0, 1), oversample < 1 and maxIterations < 0.
 */
export function sketchPreconditionedLstsq(
  key: Key,
  given: Linear,
  b: Tensor,
  options: SketchPreconditionedOptions = {},
): SketchPreconditioned {
  const name = "sketchPreconditionedLstsq";
  const a = checkTall(name, given, b);
  const [n, d] = a.shape;
  const { x0, rtol = 1e-12, oversample = 6, maxIterations = 100, signal, onProgress } = options;
  if (x0) checkVector(name, x0, d, "x0");
  if (!(rtol >= 0 && rtol < 1)) throw new DomainError(`${name}: rtol must lie in [0, 1), got ${rtol}`);
  if (!(oversample >= 1 && Number.isFinite(oversample)))
    throw new DomainError(`${name}: oversample must be >= 1, got ${oversample}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 0))
    throw new DomainError(`${name}: maxIterations must be an integer >= 0, got ${maxIterations}`);
  const rows = Math.min(n, Math.ceil(oversample * d));
  const small = rows < n ? sketchOf(sketch(key, "countsketch", { rows, size: n }), a) : a.toDense();
  const factor = triangularFactor(load(name, small).data, rows, d);
  const counted = new CountedOperator(a, meetDTypes(a, b));
  const x = x0 ? counted.from.entries(x0).slice() : counted.from.zeros();
  const r = residualOf(counted, b, x);
  const limits = {
    maxSteps: maxIterations,
    rtol,
    atol: factor ? Number.EPSILON * counted.to.norm(counted.to.entries(b)) : 0,
    onStep: (step: number, share: number): void => {
      checkAborted(signal, name);
      onProgress?.({ fraction: step / maxIterations, stage: `gradient ${share.toExponential(1)}` });
    },
  };
  const { steps, converged } = normalCg(productsOf(counted), factor, x, r, limits, normalWork(n, d));
  const products = counted.count;
  return {
    x: counted.from.tensor(x),
    iterations: steps,
    products,
    residualNorm: counted.to.norm(residualOf(counted, b, x)),
    rows,
    preconditioned: factor !== null,
    converged,
  };
}
