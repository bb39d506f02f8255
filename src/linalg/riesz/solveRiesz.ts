// Fractional diffusion on an interval with splines.

import { dst } from "../../fft/trigonometric.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { IterationOptions } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { gmres } from "../krylov/gmres.ts";
import { solve } from "../systems/solve.ts";
import { checkRiesz, type RieszOptions, rieszCollocation } from "./collocation.ts";
import { Pieces, splineValue } from "./openSplines.ts";
import { rieszSymbol } from "./symbol.ts";

/** Σⱼ cⱼ Bⱼ on open uniform knots of [0, 1], without the first and the last B-spline: 0 at both ends. */
export interface RieszSpline {
  readonly degree: number;
  readonly intervals: number;
  /** `[intervals + degree − 2]` */
  readonly coefficients: Tensor;
}

export interface SolveRieszOptions extends RieszOptions, IterationOptions {
  /** s(x) of −d^α u/d|x|^α = s. */
  readonly source: (x: number) => number;
  /** `gmres` with a preconditioner of sine transforms, or a dense factorization; `gmres` unless told. */
  readonly method?: "gmres" | "dense";
  /** Of the residual; 1e-12 unless told. */
  readonly rtol?: number;
  /** Steps of GMRES; 200 unless told. */
  readonly maxIterations?: number;
}

export interface RieszSolution extends RieszSpline {
  /** u at points of any shape; 0 outside of [0, 1]. */
  evaluate(x: Tensor): Tensor;
  /** ‖s − A c‖ / ‖s‖ at the collocation points. */
  readonly residual: number;
  /** Of GMRES; 0 for `dense`. */
  readonly iterations: number;
  readonly converged: boolean;
}

/** Sine transforms diagonalize a symmetric Toeplitz matrix nearly: divides by its symbol there. O(n log n). */
function sinePreconditioner(size: number, { degree, intervals, alpha }: RieszOptions): (r: Tensor) => Tensor {
  const symbol = rieszSymbol({ degree, alpha });
  const scale = intervals ** alpha;
  const spectrum = Float64Array.from(
    { length: size },
    (_, k) => scale * symbol((Math.PI * (k + 1)) / (size + 1)),
  );
  const divisor = new Tensor(spectrum, [size], "float64");
  const sines = (x: Tensor): Tensor => dst(x, { type: 1, norm: "ortho" });
  return (r) => sines(sines(r).div(divisor));
}

/**
 * Solves −d^α u/d|x|^α = s on (0, 1), u = 0 outside, by collocation with B-splines (`rieszCollocation`). The error for
 * smooth u is O(n^−(p + 2 − α)) for even degrees p and O(n^−(p + 1 − α)) for odd ones. O(n log n) a step of GMRES, whose
 * preconditioner keeps the number of steps small; O(n³) for `dense`.
 *
 * @throws as `rieszCollocation`; DomainError where the source is not finite at a collocation point, and for an unknown
 *   method; AbortedError.
 */
export function solveRiesz(options: SolveRieszOptions): RieszSolution {
  checkRiesz("solveRiesz", options);
  const { degree, intervals, source, method = "gmres", rtol = 1e-12, maxIterations = 200 } = options;
  const { signal, onProgress } = options;
  if (method !== "gmres" && method !== "dense")
    throw new DomainError(`solveRiesz: method must be "gmres" or "dense", got ${String(method)}`);
  const { operator, points } = rieszCollocation(options);
  const size = operator.shape[0];
  const values = Float64Array.from(points.data() as Float64Array, (x) => {
    const s = source(x);
    if (!Number.isFinite(s))
      throw new DomainError(`solveRiesz: the source must be finite, got ${s} at x = ${x}`);
    return s;
  });
  const b = new Tensor(values, [size], "float64");
  const found =
    method === "dense"
      ? { x: solve(operator.toDense(), b), iterations: 0 }
      : gmres(operator, b, {
          rtol,
          maxIterations,
          restart: Math.min(size, 80),
          preconditioner: sinePreconditioner(size, options),
          ...(signal && { signal }),
          ...(onProgress && { onProgress }),
        });
  const norm = (v: Tensor): number => Math.sqrt(v.square().sum().item());
  const rest = norm(b.sub(operator.apply(found.x)));
  const residual = rest === 0 ? 0 : rest / norm(b);
  const spline: RieszSpline = { degree, intervals, coefficients: found.x };
  return {
    ...spline,
    evaluate: (x) => evaluateSpline(spline, x),
    residual,
    iterations: found.iterations,
    converged: "converged" in found ? found.converged : residual <= 1e-8,
  };
}

/** Values of a function of single points, for points of any shape. */
function atPoints(x: Tensor, f: (x: number) => number): Tensor {
  const data = x.astype("float64").data() as Float64Array;
  return new Tensor(Float64Array.from(data, f), x.shape, "float64");
}

/** O(p³) a point. */
function evaluateSpline({ degree: p, intervals: n, coefficients }: RieszSpline, points: Tensor): Tensor {
  const c = coefficients.data();
  return atPoints(points, (x) => {
    if (!(x > 0 && x < 1)) return 0;
    const at = x * n;
    const first = Math.min(n - 1, Math.floor(at));
    let sum = 0;
    for (let j = Math.max(1, first); j <= Math.min(first + p, n + p - 2); j++)
      sum += Number(c[j - 1]) * splineValue(j, n, p, at);
    return sum;
  });
}

/**
 * The fractional derivative of Riesz d^α u/d|x|^α of a spline at points of any shape in (0, 1): exact for the spline, from
 * its jumps near each B-spline and by quadrature far from it. O(n p) a point.
 *
 * @throws DomainError for options that `rieszCollocation` refuses, coefficients of another length, and points outside of
 *   (0, 1).
 */
export function rieszDerivative(spline: RieszSpline, alpha: number, x: Tensor): Tensor {
  const { degree: p, intervals: n, coefficients } = spline;
  checkRiesz("rieszDerivative", { degree: p, intervals: n, alpha });
  if (coefficients.size !== n + p - 2)
    throw new DomainError(
      `rieszDerivative: ${n + p - 2} coefficients were expected, got ${coefficients.size}`,
    );
  const c = coefficients.data();
  const pieces = new Pieces(n, p, alpha);
  const scale = -(n ** alpha);
  return atPoints(x, (point) => {
    if (!(point > 0 && point < 1))
      throw new DomainError(`rieszDerivative: points must be in (0, 1), got ${point}`);
    let sum = 0;
    for (let j = 1; j <= n + p - 2; j++) sum += Number(c[j - 1]) * pieces.riesz(j, point * n);
    return scale * sum;
  });
}
