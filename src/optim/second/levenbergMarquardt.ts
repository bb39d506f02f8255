// Nonlinear least squares: Gauss-Newton steps, damped as far as they need it.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { solvePositive } from "../../linalg/systems/solve.ts";
import { solveTriangular } from "../../linalg/systems/solveTriangular.ts";
import { concat } from "../../ops/join.ts";
import { checkCount } from "../../tensor/check.ts";
import { eye, zeros } from "../../tensor/create.ts";
import { isFloat } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Tree, tree } from "../../tensor/tree.ts";
import { jacfwd, jacrev } from "../../transform/jacobian.ts";
import { checkAboveZero, checkAtLeastZero } from "../blocks/options.ts";
import { ravelTree } from "../blocks/ravelTree.ts";
import type { MinimizeProgress } from "../minimize/problem.ts";

export interface LevenbergMarquardtOptions<P> {
  /**
   * The Jacobian `[m, n]` at x, columns in the order of `ravelTree`, where more is known of it than that it can be differentiated:
   * residuals of separate examples under one model have theirs from `perSampleJacobian` at the price of a gradient.
   */
  readonly jacobian?: (x: P) => Tensor;
  /**
   * What is added to JᵀJ: λ·diag(JᵀJ) by Marquardt, which does not depend on the units of x and is what happens unless told where there
   * are at least as many residuals as unknowns; or λ·I, for fewer residuals, such as networks that can fit all examples.
   */
  readonly scaling?: "marquardt" | "identity";
  /** The first λ; 1e-3 unless told, times the largest element of diag(JᵀJ) where the identity is added. */
  readonly damping?: number;
  /** Largest element of Jᵀr, in size, at which iteration ends. 1e-8 unless told. */
  readonly gtol?: number;
  /** Relative decrease of the value at which iteration ends, 1e-12 unless told. */
  readonly ftol?: number;
  /** Length of a step relative to x at which iteration ends, 1e-10 unless told. */
  readonly xtol?: number;
  /** Most steps, the refused ones too. 200 unless told. */
  readonly maxIterations?: number;
  readonly onProgress?: (progress: MinimizeProgress) => void;
  readonly signal?: AbortSignal;
}

export interface LeastSquaresResult<P> {
  readonly x: P;
  /** ‖r‖²/2 */
  readonly value: number;
  /** r as one vector `[m]`. */
  readonly residual: Tensor;
  /** The Jacobian at x, `[m, n]` in the order of `ravelTree`. */
  readonly jacobian: Tensor;
  /** Steps that were taken. */
  readonly iterations: number;
  /** How often the residual was computed; Jacobians are counted by themselves. */
  readonly evaluations: number;
  readonly jacobians: number;
  readonly converged: boolean;
  /** Which tolerance was reached, or what ended it before. */
  readonly reason: "gtol" | "ftol" | "xtol" | "maxIterations" | "noDescent";
}

/**
 * The x that minimises ‖residual(x)‖²/2 near `x0`, both tensors or trees of tensors: steps d of (JᵀJ + λD)·d = -Jᵀr, with λ divided by 3
 * after a step that decreases and doubled after one that does not. With at least as many residuals m as unknowns n, J is
 * reduced to a triangle by QR and JᵀJ never formed, O(mn²) a Jacobian and O(n³) a step; with fewer, the equations are solved in the
 * space of the residuals, O(m²n). J is computed forward or backward, whichever is cheaper. Computes in float64.
 *
 * Throws DTypeError for unknowns that are no real floats, DomainError when there are none, the residual is not finite at `x0`, or
 * options are out of range, AbortedError when stopped.
 *
 * Source: Marquardt, An algorithm for least-squares estimation of nonlinear parameters (1963); Moré, The Levenberg-Marquardt algorithm
 * (1978), for the arrangement by QR.
 */
export function levenbergMarquardt<P>(
  residual: (x: P) => Tree,
  x0: P,
  options: LevenbergMarquardtOptions<P> = {},
): LeastSquaresResult<P> {
  const name = "levenbergMarquardt";
  const { scaling: wanted, gtol = 1e-8, ftol = 1e-12, xtol = 1e-10, maxIterations = 200 } = options;
  const { damping = 1e-3, onProgress, signal } = options;
  for (const [option, value] of Object.entries({ gtol, ftol, xtol }))
    checkAtLeastZero(value, `${name}: ${option}`);
  checkCount(`${name}: maxIterations`, maxIterations);
  checkAboveZero(damping, `${name}: damping`);
  if (wanted !== undefined && wanted !== "marquardt" && wanted !== "identity")
    throw new DomainError(`${name}: scaling: "marquardt" or "identity" was expected, got ${String(wanted)}`);
  const { paths } = tree.flatten(x0).structure;
  tree.leaves(x0).forEach(({ dtype }, i) => {
    if (!isFloat(dtype))
      throw new DTypeError(`${name}: x0${paths[i]}: real floating-point numbers were expected, got ${dtype}`);
  });
  const { vector, unravel } = ravelTree(x0);
  if (vector.size === 0) throw new DomainError(`${name}: x0 holds no numbers`);
  const residualOf = (v: Tensor): Tensor =>
    ravelTree(residual(unravel(v.astype(vector.dtype))) as Tensor).vector.astype("float64");
  const halfSquare = (r: Tensor): number => r.square().sum().item() / 2;

  let x = vector.astype("float64");
  let r = residualOf(x);
  let value = halfSquare(r);
  if (!Number.isFinite(value)) throw new DomainError(`${name}: the residual is not finite at x0`);
  const scaling = wanted ?? (r.size < x.size ? "identity" : "marquardt");
  const derived = (r.size < x.size ? jacrev(residualOf) : jacfwd(residualOf)) as (v: Tensor) => Tensor;
  const jacobianOf = (v: Tensor): Tensor => {
    if (!options.jacobian) return derived(v);
    const given = options.jacobian(unravel(v.astype(vector.dtype)));
    if (!sameShape(given.shape, [r.size, x.size]))
      throw new ShapeError(
        `${name}: jacobian: shape [${r.size}, ${x.size}] was expected, got ${formatShape(given.shape)}`,
      );
    return given.astype("float64");
  };
  let jacobian = jacobianOf(x);
  let lambda = scaling === "identity" ? damping * jacobian.square().sum({ axis: 0 }).max().item() : damping;
  let iterations = 0;
  let evaluations = 1;
  let jacobians = 1;
  let reason: LeastSquaresResult<P>["reason"] = "maxIterations";
  let step = stepper(jacobian, r, scaling);
  const isFlat = (): boolean => step.gradient.abs().max().item() <= gtol;
  if (isFlat()) reason = "gtol";
  for (let trial = 0; trial < maxIterations && reason === "maxIterations"; trial++) {
    checkAborted(signal, name);
    const d = step.solve(lambda);
    const there = x.add(d);
    const fresh = residualOf(there);
    evaluations++;
    const next = halfSquare(fresh);
    const length = Math.sqrt(d.square().sum().item());
    const isShort = length <= xtol * (Math.sqrt(x.square().sum().item()) + xtol);
    if (!(next < value)) {
      if (isShort) reason = step.gradient.abs().max().item() <= Math.sqrt(gtol) ? "xtol" : "noDescent";
      lambda = Math.max(lambda, 1e-300) * 2;
      if (!Number.isFinite(lambda)) reason = "noDescent";
      continue;
    }
    const decrease = value - next;
    x = there;
    r = fresh;
    iterations++;
    lambda /= 3;
    jacobian = jacobianOf(x);
    jacobians++;
    step = stepper(jacobian, r, scaling);
    if (isFlat()) reason = "gtol";
    else if (decrease <= ftol * value) reason = "ftol";
    else if (isShort) reason = "xtol";
    value = next;
    onProgress?.({ iteration: iterations, value, gradientNorm: step.gradient.abs().max().item() });
  }
  const converged = reason !== "maxIterations" && reason !== "noDescent";
  return {
    x: unravel(x.astype(vector.dtype)),
    value,
    residual: r,
    jacobian,
    iterations,
    evaluations,
    jacobians,
    converged,
    reason,
  };
}

/** The equations of one Jacobian, for any λ. */
interface Stepper {
  /** Jᵀr */
  readonly gradient: Tensor;
  readonly solve: (lambda: number) => Tensor;
}

function stepper(jacobian: Tensor, r: Tensor, scaling: "marquardt" | "identity"): Stepper {
  const [m, n] = jacobian.shape as [number, number];
  const gradient = r.matmul(jacobian);
  const squares = jacobian.square().sum({ axis: 0 });
  // Unknowns that nothing depends on keep a little damping.
  const floor = Math.max(squares.max().item() * 1e-16, 1e-300);
  const scale = scaling === "identity" ? zeros([n]).add(1) : squares.maximum(floor);
  if (m < n) {
    const scaled = jacobian.div(scale);
    const inner = scaled.matmul(jacobian.mT());
    return {
      gradient,
      solve: (lambda) => {
        const ridge = eye(m).mul(lambda);
        return solvePositive(inner.add(ridge), r.neg().expandDims(-1)).squeeze(-1).matmul(scaled);
      },
    };
  }
  const { q, r: triangle } = qr(jacobian);
  const right = r.neg().matmul(q);
  return {
    gradient,
    solve: (lambda) => {
      const below = eye(n).mul(scale.mul(lambda).sqrt());
      const both = qr(concat([triangle, below], 0));
      const projected = concat([right, zeros([n])], 0).matmul(both.q);
      return solveTriangular(both.r, projected.expandDims(-1), { lower: false }).squeeze(-1);
    },
  };
}
