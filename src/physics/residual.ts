// Losses of partial differential equations whose operators are estimated.

import { type Key, split } from "../random/key.ts";
import { DomainError, ShapeError, TreeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { vmap } from "../transform/vmap.ts";
import { checkKey, type SampleOptions, sampleDirections } from "./directions.ts";
import { estimateAlong, evaluateOperator } from "./estimate.ts";
import type { Directions, Operator } from "./operators.ts";

/** An equation for an unknown function u: `residual` = 0, in which linear operators of u appear by name. */
export interface Pde<N extends string = string> {
  /** Each is sampled on its own; those wrapped in `exactly` are not sampled. */
  readonly operators: { readonly [K in N]: Operator };
  /** The residual at one point x `[d]`, from u(x) and the values of the operators there: scalars. */
  readonly residual: (x: Tensor, u: Tensor, terms: { readonly [K in N]: Tensor }) => Tensor;
}

export interface ResidualOptions extends SampleOptions {
  /**
   * The mean square of an estimated residual is too large by its variance. With `unbiased` two independent samples are
   * drawn and their residuals multiplied, at twice the cost.
   */
  readonly unbiased?: boolean;
}

/** Directions for every point and every sampled operator, once or (for an unbiased loss) twice. */
export type ResidualSample = readonly { readonly [operator: string]: Directions }[];

/** The sample for `residualLossAlong` at points `[n, d]`; draw it outside of `jit`. */
export function sampleResidual<N extends string>(
  key: Key,
  pde: Pick<Pde<N>, "operators">,
  points: Tensor,
  options: ResidualOptions,
): ResidualSample {
  checkKey(key, "sampleResidual");
  checkPoints(points);
  const { unbiased = false, ...sampling } = options;
  const names = operatorNames(pde).filter((name) => !pde.operators[name].isExact);
  const draw = (from: Key): ResidualSample[number] => {
    const keys = split(from, names.length);
    return Object.fromEntries(
      names.map((name, i) => [name, sampleDirections(keys[i]!, pde.operators[name], points, sampling)]),
    );
  };
  return (unbiased ? split(key, 2) : [key]).map(draw);
}

/**
 * The mean over points `[n, d]` of the squared residual of an equation at a candidate solution u, with operators
 * estimated from `samples` Taylor series per point. Differentiate it by the parameters that u closes over:
 *
 *     grad((params) => residualLoss(key, pde, (x) => network(params, x), points, { samples: 16 }))
 *
 * Inside `jit` the key is a constant: use `sampleResidual` outside and `residualLossAlong` inside. Throws ShapeError for
 * points that are no matrix and a residual that is no scalar, and what `sampleDirections` and `estimate` throw. O(n·B)
 * evaluations of u.
 */
export const residualLoss = <N extends string>(
  key: Key,
  pde: Pde<N>,
  u: (x: Tensor) => Tensor,
  points: Tensor,
  options: ResidualOptions,
): Tensor => residualLossAlong(sampleResidual(key, pde, points, options), pde, u, points);

/** `residualLoss` along directions that are given. */
export function residualLossAlong<N extends string>(
  sample: ResidualSample,
  pde: Pde<N>,
  u: (x: Tensor) => Tensor,
  points: Tensor,
): Tensor {
  checkPoints(points);
  const names = operatorNames(pde);
  if (sample.length !== 1 && sample.length !== 2)
    throw new TreeError(
      `residualLoss: sample: one or two sets of directions were expected, got ${sample.length}`,
    );
  const residualAt = (x: Tensor, directions: ResidualSample[number]): Tensor => {
    let value: Tensor | undefined;
    const terms = Object.fromEntries(
      names.map((name) => {
        const op: Operator = pde.operators[name];
        if (!op.isExact && !directions[name])
          throw new TreeError(`residualLoss: sample: directions for the operator "${name}" are missing`);
        const found = op.isExact ? evaluateOperator(u, x, op) : estimateAlong(directions[name]!, u, x, op);
        value ??= found.value;
        return [name, found.estimate];
      }),
    ) as { [K in N]: Tensor };
    const residual = pde.residual(x, value!, terms);
    if (residual.ndim !== 0)
      throw new ShapeError(
        `residualLoss: the residual has shape ${formatShape(residual.shape)} where a scalar was expected`,
      );
    return residual;
  };
  const residuals = sample.map((directions) => vmap(residualAt)(points, directions));
  const [first, second] = residuals as [Tensor, Tensor?];
  return (second ? first.mul(second) : first.square()).mean();
}

function operatorNames<N extends string>(pde: Pick<Pde<N>, "operators">): N[] {
  const names = Object.keys(pde.operators) as N[];
  if (names.length === 0)
    throw new DomainError(
      "residualLoss: operators: at least one was expected; without any there is nothing to solve",
    );
  return names;
}

function checkPoints(points: Tensor): void {
  if (points.ndim !== 2 || points.size === 0)
    throw new ShapeError(
      `residualLoss: points: shape [n, d] with n, d > 0 was expected, got ${formatShape(points.shape)}`,
    );
}
