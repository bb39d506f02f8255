import type { LinearSolveOptions } from "../../linalg/systems/linearSolve.ts";
import { isfinite } from "../../ops/comparison.ts";
import { tensor } from "../../tensor/create.ts";
import { machineEpsilon } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { whileLoop } from "../../transform/control/whileLoop.ts";
import { stopGradient } from "../../transform/stop.ts";
import { implicitRoot } from "./implicitRoot.ts";

export interface FixedPointOptions<X> extends LinearSolveOptions<X> {
  /** The largest change of an element, relative to the largest element, at which iteration ends. 1e-10 unless told, 1e-5 in float32. */
  readonly rtol?: number;
  /** 1000 unless told. */
  readonly maxIterations?: number;
}

/**
 * The limit of x ← f(x, ...args) from `x0`, differentiable with respect to `args` by the implicit function theorem (its
 * derivative does not depend on x0, nor on the number of steps). Not converging is reported by a result of `converged`
 * false, as a bool tensor. Throws DomainError for options out of range.
 */
export function fixedPoint<X, A extends readonly unknown[]>(
  f: (x: X, ...args: A) => X,
  x0: X,
  args: A,
  options: FixedPointOptions<X> = {},
): { readonly x: X; readonly iterations: Tensor; readonly converged: Tensor } {
  const { rtol = defaultTolerance(x0), maxIterations = 1000, ...linear } = options;
  if (!(rtol >= 0)) throw new DomainError(`fixedPoint: rtol >= 0 was expected, got ${rtol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations > 0))
    throw new DomainError(`fixedPoint: maxIterations: a positive integer was expected, got ${maxIterations}`);
  const fixed = stopGradient(args);
  const iterate = (...values: A) =>
    whileLoop(
      ({ iterations, converged }) => converged.equal(false).where(iterations.less(maxIterations), false),
      ({ x, iterations }) => {
        const next = f(x, ...values);
        return { x: next, iterations: iterations.add(1), converged: isClose(next, x, rtol) };
      },
      {
        x: stopGradient(x0),
        iterations: tensor(0, { dtype: "int32" }),
        converged: tensor(false),
      },
    );
  const { x: found, iterations, converged } = iterate(...fixed);
  // The limit is known already: it goes in as an argument, so that nothing traced is closed over.
  const root = implicitRoot<readonly [X, ...A], X>(
    (x, _found, ...values) => tree.map((next, now) => next.sub(now), f(x, ...values), x),
    (limit, ..._values) => limit,
    linear,
  );
  return { x: root(found, ...args), iterations, converged };
}

const defaultTolerance = (x0: unknown): number =>
  tree.leaves(x0).every(({ dtype }) => machineEpsilon(dtype) < 1e-10) ? 1e-10 : 1e-5;

/** No element changed by more than rtol times the largest; values that are not finite never converge. */
function isClose<X>(next: X, x: X, rtol: number): Tensor {
  const pairs = tree.leaves(next).map((a, i) => {
    const b = tree.leaves(x)[i]!;
    const change = a.sub(b).abs().max();
    return isfinite(change).where(change.lessEqual(a.abs().max().mul(rtol)), false);
  });
  return pairs.reduce((all, pair) => all.where(pair, false), tensor(true));
}
