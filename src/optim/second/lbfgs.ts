// L-BFGS: quasi-Newton steps from the last few steps and changes of the gradient.

import { logicalAnd, where } from "../../ops/comparison.ts";
import { concat } from "../../ops/join.ts";
import { asTensor } from "../../ops/operands.ts";
import { zerosLike } from "../../ops/rules.ts";
import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { cond } from "../../transform/control/cond.ts";
import { valueAndGrad } from "../../transform/gradient.ts";
import { checkAboveZero, stateDType } from "../blocks/options.ts";
import { ravelTree } from "../blocks/ravelTree.ts";
import type { Optimizer } from "../optimizer.ts";
import { type LineResult, wolfeLoop } from "./wolfeLoop.ts";

export interface LbfgsOptions {
  /** Pairs of steps and changes of the gradient that are kept, 10 unless told. */
  readonly history?: number;
  /** The step that the line search tries first, or takes without one. 1 unless told. */
  readonly learningRate?: number;
  /** Strong Wolfe conditions (unless told), or none: every step has length `learningRate`. */
  readonly lineSearch?: "strong-wolfe" | "none";
  /** Most evaluations of a line search, 25 unless told. */
  readonly maxEvaluations?: number;
  /**
   * Loss and batch never change, and nobody else moves the parameters: a step begins with the gradient that the last one ended with,
   * which saves an evaluation. False unless told.
   */
  readonly stationary?: boolean;
}

export interface LbfgsState {
  /** Number of steps done, an int32 scalar. */
  readonly step: Tensor;
  /** Steps `[history, n]`, the last one last. */
  readonly steps: Tensor;
  /** Changes of the gradient `[history, n]`. */
  readonly turns: Tensor;
  /** 1/(sᵀy) for each pair; 0 for places not yet filled. */
  readonly rho: Tensor;
  /** sᵀy/yᵀy of the last pair: the scale of the first matrix. 0 before there is one. */
  readonly scale: Tensor;
  /** Where the last step ended, for a stationary loss; else null. */
  readonly last: { readonly value: Tensor; readonly gradient: Tensor } | null;
}

/**
 * Limited-memory BFGS as an optimizer whose step is one direction and one line search; for the full batch, or batches that stay the same for
 * a step. The direction is the two-loop recursion from H₀ = (sᵀy/yᵀy)·I; a pair is kept only if sᵀy > 1e-10·yᵀy. The first
 * step tries min(1, 1/‖g‖₁). O(history·n) and the evaluations; 2·history further copies of the parameters. To run it until it
 * converges, `minimize(f, x0, { method: "lbfgs" })`.
 *
 * `info`: `stepLength` (0 when the search failed), `evaluations` with the one at the start. Throws DomainError for options out of range,
 * DTypeError for parameters that are no real floats.
 *
 * Source: Liu and Nocedal, On the limited memory BFGS method for large scale optimization (1989).
 */
export function lbfgs<P, B = undefined>(options: LbfgsOptions = {}): Optimizer<P, B, LbfgsState> {
  const { history = 10, learningRate = 1, lineSearch = "strong-wolfe", maxEvaluations = 25 } = options;
  const { stationary = false } = options;
  checkCount("lbfgs: history", history);
  checkCount("lbfgs: maxEvaluations", maxEvaluations);
  checkAboveZero(learningRate, "lbfgs: learningRate");
  if (lineSearch !== "strong-wolfe" && lineSearch !== "none")
    throw new DomainError(
      `lbfgs: lineSearch: "strong-wolfe" or "none" was expected, got ${String(lineSearch)}`,
    );
  return {
    init: (params) => {
      const { vector } = ravelTree(tree.map((x) => x.astype(stateDType(x.dtype, "lbfgs")), params));
      const rows = zerosLike({ shape: [history, vector.size], dtype: vector.dtype });
      return {
        step: asTensor(0).astype("int32"),
        steps: rows,
        turns: rows,
        rho: zerosLike({ shape: [history], dtype: vector.dtype }),
        scale: zerosLike({ shape: [], dtype: vector.dtype }),
        last: stationary
          ? { value: zerosLike({ shape: [], dtype: "float64" }), gradient: zerosLike(vector) }
          : null,
      };
    },
    step: ({ params, state, loss, batch, key }) => {
      const { dtype } = state.steps;
      const { vector: narrow, unravel } = ravelTree(params);
      const x = narrow.astype(dtype);
      const differentiate = valueAndGrad((v: Tensor) => loss(unravel(v.astype(narrow.dtype)), batch, key!));
      const compute = (): { readonly value: Tensor; readonly gradient: Tensor } => {
        const { value, grad } = differentiate(x);
        return { value: value.astype("float64"), gradient: grad };
      };
      const { last } = state;
      const isKnown = state.step.greater(0);
      const { value, gradient } = last
        ? cond<[], ReturnType<typeof compute>>(isKnown, () => last, compute)
        : compute();
      const newton = descent(state, gradient, history);
      const isDescent = newton.mul(gradient).sum().less(0);
      const direction = where(isDescent, newton, gradient.neg());
      const isFirst = logicalAnd(isDescent, state.scale.greater(0));
      const firstStep = where(isFirst, 1, gradient.abs().sum().maximum(1).pow(-1)).mul(learningRate);
      const evaluate = (step: Tensor) => differentiate(x.add(direction.mul(step.astype(dtype))));
      const found: LineResult =
        lineSearch === "none"
          ? fixedStep(evaluate, firstStep)
          : wolfeLoop(evaluate, { value, gradient, direction }, firstStep, maxEvaluations);
      const moved = direction.mul(found.step.astype(dtype));
      const next = {
        ...remember(state, moved, found.gradient.sub(gradient)),
        last: last && { value: found.value, gradient: found.gradient },
      };
      const fresh = last ? isKnown.where(0, 1) : 1;
      return {
        params: unravel(x.add(moved).astype(narrow.dtype)),
        state: next,
        value,
        info: { stepLength: found.step, evaluations: found.evaluations.add(fresh) },
      };
    },
  };
}

function fixedStep(
  evaluate: (step: Tensor) => { readonly value: Tensor; readonly grad: Tensor },
  step: Tensor,
): LineResult {
  const { value, grad } = evaluate(step);
  return {
    step: step.astype("float64"),
    value: value.astype("float64"),
    gradient: grad,
    evaluations: asTensor(1).astype("int32"),
  };
}

/** -H·g by the two-loop recursion; places without a pair have ρ = 0 and change nothing. */
function descent({ steps, turns, rho, scale }: LbfgsState, gradient: Tensor, history: number): Tensor {
  let q = gradient;
  const alphas: Tensor[] = [];
  for (let i = history - 1; i >= 0; i--) {
    const alpha = steps.at(i).mul(q).sum().mul(rho.at(i));
    alphas[i] = alpha;
    q = q.sub(turns.at(i).mul(alpha));
  }
  let d = q.mul(where(scale.greater(0), scale, 1));
  for (let i = 0; i < history; i++) {
    const beta = turns.at(i).mul(d).sum().mul(rho.at(i));
    d = d.add(steps.at(i).mul(alphas[i]!.sub(beta)));
  }
  return d.neg();
}

/** The history with a further pair, where its curvature is positive. */
function remember(state: LbfgsState, s: Tensor, y: Tensor): LbfgsState {
  const sy = s.mul(y).sum();
  const yy = y.square().sum();
  const isKept = sy.greater(yy.mul(1e-10));
  const push = (old: Tensor, last: Tensor): Tensor =>
    where(isKept, concat([old.at("1:"), last.expandDims(0)], 0), old);
  return {
    ...state,
    step: state.step.add(1),
    steps: push(state.steps, s),
    turns: push(state.turns, y),
    rho: push(state.rho, where(isKept, sy, 1).pow(-1)),
    scale: where(isKept, sy.div(where(isKept, yy, 1)), state.scale),
  };
}
