// The systems of implicit methods by tensor operations, for integration inside of transforms.

import { linearSolve } from "../../linalg/systems/linearSolve.ts";
import { solve } from "../../linalg/systems/solve.ts";
import { isfinite, logicalAnd, where } from "../../ops/comparison.ts";
import { all } from "../../ops/reduce.ts";
import { tensor } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { whileLoop } from "../../transform/control/whileLoop.ts";
import { jvp } from "../../transform/directional.ts";
import { stopGradient } from "../../transform/stop.ts";

export interface NewtonProblem {
  readonly residual: (x: Tensor) => Tensor;
  readonly guess: Tensor;
  /** A point where the residual is defined, in place of a root that was not found. */
  readonly safe: Tensor;
  /** An approximate Jacobian `[n, n]` of the residual, kept for all iterations. */
  readonly matrix: Tensor;
  /** The size of a correction, in units of what is allowed. */
  readonly norm: (correction: Tensor) => Tensor;
}

export interface NewtonRoot {
  readonly x: Tensor;
  /** A bool scalar. */
  readonly isFound: Tensor;
}

const MOST_ITERATIONS = 10;

/** Solvers refuse what is not finite; here it only means that an iteration has failed. */
const finite = (x: Tensor): Tensor => where(isfinite(x), x, tensor(0));

/**
 * A root of the residual by simplified Newton iterations, ended by one with the Jacobian at the root. Only that one is
 * differentiated, which gives the derivative of the root itself (the implicit function theorem), also with respect to what
 * the residual closes over. One dense solve per iteration.
 */
export function tracedRoot({ residual, guess, safe, matrix, norm }: NewtonProblem): NewtonRoot {
  const fixed = finite(stopGradient(matrix));
  const counter = tensor(0, { dtype: "int32" });
  const start = {
    x: stopGradient(guess),
    before: tensor(1),
    count: counter,
    isRunning: tensor(true),
    isFound: tensor(false),
  };
  const { x, isFound } = whileLoop(
    (c) => logicalAnd(c.isRunning, c.count.less(MOST_ITERATIONS)),
    (c) => {
      const rest = stopGradient(residual(c.x));
      const correction = solve(fixed, finite(rest).neg());
      const size = where(
        all(isfinite(rest)),
        stopGradient(norm(correction)),
        tensor(Number.POSITIVE_INFINITY),
      );
      // Corrections shrink by a constant factor, which tells how much is still to come.
      const rate = size.div(c.before);
      const isLater = c.count.greater(0);
      const left = where(isLater, size.mul(rate).div(tensor(1).sub(rate).maximum(1e-3)), size.mul(10));
      const isFalling = where(isLater, rate.less(1), size.less(Number.POSITIVE_INFINITY));
      const isDone = logicalAnd(isFalling, left.lessEqual(1));
      return {
        x: c.x.add(correction),
        before: size.maximum(Number.MIN_VALUE * 2 ** 52),
        count: c.count.add(1),
        isRunning: logicalAnd(isFalling, isDone.equal(false)),
        isFound: isDone,
      };
    },
    start,
    { maxIterations: MOST_ITERATIONS },
  );
  const root = stopGradient(where(isFound, x, safe));
  const last = linearSolve((dx: Tensor) => jvp(residual, [root], [dx]).tangent, finite(residual(root)));
  return { x: root.sub(last), isFound };
}
