// Least squares of a tall matrix from a small dense sketch, accurate in every coordinate of the answer.
// Source: Song, Ye, Yin and Zhang, "A nearly-optimal bound for fast regression with ℓ∞ guarantee" (2023): for dense sketches of enough rows
// |x'ᵢ − x*ᵢ| <= ε/√d ‖A x* − b‖ ‖A⁺‖ for all i.

import type { Key } from "../../random/key.ts";
import { isComplex } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { load } from "../base/matrix.ts";
import { CountedOperator, checkVector } from "../krylov/space.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { Kronecker } from "../operator/kronecker.ts";
import { type LinearOperator, meetDTypes } from "../operator/operator.ts";
import { qr } from "../orthogonal/qr.ts";
import { svdvals } from "../spectral/svd.ts";
import { lstsq } from "../systems/leastSquares.ts";
import { solveTriangular } from "../systems/solveTriangular.ts";
import { normalCg, normalWork, type Products } from "./normalEquations.ts";
import { checkFiniteOperator, SKETCH_KINDS, type SketchKind, sketch, sketchOf } from "./sketch.ts";

export interface SketchRowsOptions {
  /** Rows of A. */
  readonly n: number;
  /** Columns of A. */
  readonly d: number;
  /** Width of the guarantee, in (0, 1); 0.5 unless told. */
  readonly epsilon?: number;
  /** Probability that it fails, in (0, 1); 0.01 unless told. */
  readonly delta?: number;
  /** What is enough in practice (the default): ⌈4 ε⁻² d ln(d/δ)⌉, kept within 2d and n. Else the theorem's number. */
  readonly practical?: boolean;
  /** The constant of the theorem, ⌈c ε⁻² d ln³(n/δ)⌉; 1 unless told. */
  readonly c?: number;
}

/** How many rows a dense sketch needs for the entrywise guarantee. Throws DomainError for arguments out of range. O(1). */
export function sketchRows(options: SketchRowsOptions): number {
  const { n, d, epsilon = 0.5, delta = 0.01, practical = true, c = 1 } = options;
  checkSizes("sketchRows", n, d);
  checkShare("sketchRows: epsilon", epsilon);
  checkShare("sketchRows: delta", delta);
  if (!(c > 0 && Number.isFinite(c))) throw new DomainError(`sketchRows: c must be > 0, got ${c}`);
  if (!practical) return Math.ceil((c * d * Math.log(n / delta) ** 3) / epsilon ** 2);
  return Math.min(n, Math.max(2 * d, Math.ceil((4 * d * Math.log(d / delta)) / epsilon ** 2)));
}

/** The ε for which `rows` are what `sketchRows` asks for. */
const widthOf = (rows: number, d: number, delta: number): number =>
  Math.sqrt((4 * d * Math.log(d / delta)) / rows);

export interface SketchedLstsqOptions extends IterationOptions {
  /** `srht` unless told; `tensor-srht` for a `Kronecker` operator, whose product is then never formed. */
  readonly kind?: SketchKind;
  /** See `sketchRows`. */
  readonly epsilon?: number;
  readonly delta?: number;
  readonly practical?: boolean;
  readonly c?: number;
  /** Rows of the sketch; `sketchRows` unless told. With n or more A itself is solved. */
  readonly rows?: number;
  /** Signs a column of `osnap`. */
  readonly nonzeros?: number;
  /** Steps of conjugate gradients, preconditioned by the sketch, that turn the estimate into the answer; 0 unless told. */
  readonly refine?: number;
}

export interface SketchedLstsq {
  /** `[d]`; of least norm where the sketch has lost rank. */
  readonly x: Tensor;
  /** Rows of the sketch. */
  readonly rows: number;
  /** ‖A x − b‖ */
  readonly residualNorm: number;
  /**
   * ε/√d ‖S(A x' − b)‖ / σ_min(S A): how far coordinates of the estimate x' (before `refine`) may be off; 0 where A itself was
   * solved, Infinity where the sketch has lost rank.
   */
  readonly bound: number;
  /** Of S A, to rounding. */
  readonly rank: number;
  /** Steps of `refine` that were taken. */
  readonly iterations: number;
  /** Whether S A has full rank. */
  readonly converged: boolean;
}

function checkSizes(name: string, n: number, d: number): void {
  if (!(Number.isInteger(n) && Number.isInteger(d) && d >= 1 && n >= d))
    throw new DomainError(`${name}: integers n >= d >= 1 were expected, got n = ${n} and d = ${d}`);
}

function checkShare(what: string, value: number): void {
  if (!(value > 0 && value < 1))
    throw new DomainError(`${what}: a number in (0, 1) was expected, got ${value}`);
}

/** Checks A `[n, d]` and b `[n]`, and gives A as an operator. */
export function checkTall(name: string, given: Linear, b: Tensor): LinearOperator {
  const a = asOperator(given);
  const [n, d] = a.shape;
  if (d < 1 || n < d)
    throw new ShapeError(`${name}: a must be [n, d] with n >= d >= 1, got shape ${formatShape(a.shape)}`);
  if (isComplex(a.dtype) || isComplex(b.dtype))
    throw new DTypeError(`${name}: a and b must be real, got ${a.dtype} and ${b.dtype}`);
  checkVector(name, b, n);
  checkFiniteOperator(name, "a", a);
  return a;
}

/**
 * Minimizes ‖A x − b‖ for A `[n, d]` (dense, sparse or an operator) and b `[n]` by solving min ‖S(A x − b)‖ with a random sketch S
 * of few rows m: O(n d log n) for the default sketch and O(m d²) for the solution, against O(n d²).
 *
 * With a dense sketch every coordinate is within `bound` of the exact answer, with probability 1 − δ (the constant is that of
 * practice unless `practical: false`). `countsketch` and `osnap` give no such promise; `refine` makes any of them exact.
 *
 * @throws ShapeError unless n >= d >= 1 and b is `[n]`; DTypeError for complex data; DomainError for values that are not finite,
 * rows < d and options out of range; AbortedError.
 */
export function sketchedLstsq(
  key: Key,
  given: Linear,
  b: Tensor,
  options: SketchedLstsqOptions = {},
): SketchedLstsq {
  const name = "sketchedLstsq";
  const a = checkTall(name, given, b);
  const [n, d] = a.shape;
  const { kind = "srht", epsilon = 0.5, delta = 0.01, refine = 0, nonzeros } = options;
  checkShare(`${name}: epsilon`, epsilon);
  checkShare(`${name}: delta`, delta);
  if (!(Number.isInteger(refine) && refine >= 0))
    throw new DomainError(`${name}: refine must be an integer >= 0, got ${refine}`);
  if (!SKETCH_KINDS.includes(kind))
    throw new DomainError(`${name}: kind must be one of ${SKETCH_KINDS.join(", ")}, got ${String(kind)}`);
  if (kind === "tensor-srht" && !(a instanceof Kronecker))
    throw new DomainError(`${name}: tensor-srht needs a Kronecker operator, got a ${a.kind} one`);
  const rule = {
    ...(options.practical !== undefined && { practical: options.practical }),
    ...(options.c !== undefined && { c: options.c }),
  };
  const asked = options.rows ?? sketchRows({ n, d, epsilon, delta, ...rule });
  if (!(Number.isInteger(asked) && asked >= d))
    throw new DomainError(`${name}: rows must be an integer of at least d = ${d}, got ${asked}`);
  const isWhole = asked >= n;
  const rows = isWhole ? n : asked;
  const size = kind === "tensor-srht" ? (a as Kronecker).factors.map(({ shape }) => shape[0]) : n;
  checkAborted(options.signal, name);
  const s = isWhole ? null : sketch(key, kind, { rows, size, ...(nonzeros !== undefined && { nonzeros }) });
  const small = s ? sketchOf(s, a) : a.toDense();
  const right = s ? s.apply(b) : b;
  const estimate = solveSmall(small, right);
  const width = isWhole ? 0 : options.rows === undefined ? epsilon : widthOf(rows, d, delta);
  options.onProgress?.({ fraction: refine ? 0.5 : 1, stage: `sketch of ${rows} rows solved` });

  const counted = new CountedOperator(a, meetDTypes(a, b, small));
  const x = counted.from.entries(estimate.x).slice();
  const r = residualOf(counted, b, x);
  let iterations = 0;
  if (refine > 0 && estimate.factor) {
    const limits = {
      maxSteps: refine,
      rtol: 0,
      // Rounding of b moves the scaled gradient by about as much.
      atol: Number.EPSILON * counted.to.norm(counted.to.entries(b)),
      onStep: (step: number, share: number): void => {
        checkAborted(options.signal, name);
        options.onProgress?.({
          fraction: 0.5 + step / (2 * refine),
          stage: `gradient ${share.toExponential(1)}`,
        });
      },
    };
    iterations = normalCg(productsOf(counted), estimate.factor, x, r, limits, normalWork(n, d)).steps;
  }
  return {
    x: counted.from.tensor(x),
    rows,
    residualNorm: counted.to.norm(iterations > 0 ? residualOf(counted, b, x) : r),
    bound:
      estimate.rank < d
        ? Number.POSITIVE_INFINITY
        : ((width / Math.sqrt(d)) * estimate.residual) / estimate.least,
    rank: estimate.rank,
    iterations,
    converged: estimate.rank === d,
  };
}

/** b − A x */
export function residualOf(a: CountedOperator, b: Tensor, x: Float64Array): Float64Array {
  const r = a.apply(x);
  const right = a.to.entries(b);
  for (let i = 0; i < r.length; i++) r[i] = right[i] - r[i];
  return r;
}

/** An operator as the products that `normalCg` takes. */
export const productsOf = (a: CountedOperator): Products => ({
  m: a.to.n,
  n: a.from.n,
  apply: (x, out) => out.set(a.image(x)),
  applyAdjoint: (r, out) => out.set(a.applyAdjoint(r)),
});

/** The small problem by QR, with its rank and smallest singular value; by the SVD where it has lost rank. */
function solveSmall(
  small: Tensor,
  right: Tensor,
): { x: Tensor; rank: number; least: number; residual: number; factor: Float64Array | null } {
  const [m, d] = small.shape as [number, number];
  const { q, r } = qr(small);
  const values = svdvals(r).data();
  const tolerance = Math.max(m, d) * Number.EPSILON * values[0];
  let rank = 0;
  while (rank < d && values[rank] > tolerance) rank++;
  const x = rank === d ? solveTriangular(r, q.mT().matmul(right), { lower: false }) : lstsq(small, right).x;
  const residual = small.matmul(x).sub(right).square().sum().sqrt().item();
  const factor = rank === d ? load("sketchedLstsq", r).data : null;
  return { x, rank, least: values[d - 1], residual, factor };
}
