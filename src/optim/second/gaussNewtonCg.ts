// Hessian-free optimization: Gauss-Newton steps by conjugate gradients.

import { ceil } from "../../ops/arithmetic.ts";
import { logicalAnd, logicalNot, logicalOr, where } from "../../ops/comparison.ts";
import { asTensor } from "../../ops/operands.ts";
import { zerosLike } from "../../ops/rules.ts";
import { checkCount, checkFraction } from "../../tensor/check.ts";
import { arange } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { whileLoop } from "../../transform/control/whileLoop.ts";
import { linearize } from "../../transform/directional.ts";
import { vjp } from "../../transform/gradient.ts";
import { checkAboveZero, stateDType } from "../blocks/options.ts";
import { ravelTree } from "../blocks/ravelTree.ts";
import { needModelLoss, trainingPass } from "../curvature/modelLoss.ts";
import type { Optimizer } from "../optimizer.ts";

export interface GaussNewtonCgOptions {
  /** The first λ, 1 unless told. */
  readonly damping?: number;
  /** Most steps of conjugate gradients, 50 unless told. */
  readonly maxIterations?: number;
  /** Share of the last direction that the next one starts from, 0.95 unless told. */
  readonly warmStart?: number;
  /** Relative progress per step of the quadratic model at which conjugate gradients end, 5e-4 unless told. */
  readonly progress?: number;
}

export interface GaussNewtonCgState {
  readonly step: Tensor;
  /** λ, a float64 scalar. */
  readonly damping: Tensor;
  /** The last direction, `[n]` in the order of `ravelTree`. */
  readonly direction: Tensor;
}

interface Carry {
  readonly d: Tensor;
  readonly r: Tensor;
  readonly p: Tensor;
  readonly rr: Tensor;
  /** The quadratic model after every step, `[maxIterations + 1]`, float64. */
  readonly models: Tensor;
  readonly iterations: Tensor;
  readonly isDone: Tensor;
}

/**
 * A step d of (G + λI)·d = -g with the generalised Gauss-Newton matrix G of the batch, by at most `maxIterations` conjugate
 * gradients that start from the last direction and end when the quadratic model makes no relative progress; then backtracking by
 * Armijo's rule from length 1. λ grows by 3/2 when the loss fell by less than a quarter of what the model said, and shrinks by
 * 2/3 above three quarters. A product with G costs about two gradients; a few vectors of memory.
 *
 * Takes only losses made by `modelLoss` (else TypeError). `info`: `damping`, `iterations`, `stepLength`, `ratio`.
 *
 * Source: Martens, Deep learning via Hessian-free optimization (2010).
 */
export function gaussNewtonCg<P, B>(options: GaussNewtonCgOptions = {}): Optimizer<P, B, GaussNewtonCgState> {
  const { damping = 1, maxIterations = 50, warmStart = 0.95, progress = 5e-4 } = options;
  checkAboveZero(damping, "gaussNewtonCg: damping");
  checkCount("gaussNewtonCg: maxIterations", maxIterations);
  checkFraction("gaussNewtonCg: warmStart", warmStart);
  checkAboveZero(progress, "gaussNewtonCg: progress");
  return {
    init: (params) => {
      const { vector } = ravelTree(tree.map((x) => x.astype(stateDType(x.dtype, "gaussNewtonCg")), params));
      return {
        step: asTensor(0).astype("int32"),
        damping: asTensor(damping).astype("float64"),
        direction: zerosLike(vector),
      };
    },
    step: ({ params, state, loss: given, batch, key }) => {
      const loss = needModelLoss<P, B>(given, "gaussNewtonCg");
      const { dtype } = state.direction;
      const { vector: narrow, unravel } = ravelTree(params);
      const x = narrow.astype(dtype);
      const target = loss.target(batch);
      const input = loss.input(batch);
      const model = (v: Tensor): Tensor =>
        loss.model.apply(unravel(v.astype(narrow.dtype)), input, trainingPass(key));
      const { value: output, pullback } = vjp(model, x);
      const { pushforward: push } = linearize(model, x);
      const value = loss.output(output, target).astype("float64");
      const [g] = pullback(loss.output.gradient(output, target));
      const curved = (v: Tensor): Tensor => pullback(loss.output.hessianProduct(output, target, push(v)))[0];
      const lambda = state.damping.astype(dtype);
      const { d, models, iterations } = conjugateGradients(
        (v) => curved(v).add(v.mul(lambda)),
        g,
        state.direction.mul(warmStart),
        maxIterations,
        progress,
      );
      const slope = g.mul(d).sum().astype("float64");
      const lossAt = (t: Tensor): Tensor =>
        loss(unravel(x.add(d.mul(t.astype(dtype))).astype(narrow.dtype)), batch, key).astype("float64");
      const { t, reached } = backtrack(lossAt, value, slope);
      // The model without damping, at the full step: what λ is judged by.
      const predicted = models
        .mul(
          arange(maxIterations + 1)
            .equal(iterations)
            .astype("float64"),
        )
        .sum()
        .sub(d.square().sum().astype("float64").mul(state.damping).div(2));
      const ratio = lossAt(asTensor(1))
        .sub(value)
        .div(where(predicted.less(0), predicted, -1e-300));
      const factor = where(ratio.greater(0.75), 2 / 3, where(ratio.greaterEqual(0.25), 1, 1.5));
      const next = state.damping.mul(factor);
      return {
        params: unravel(x.add(d.mul(t.astype(dtype))).astype(narrow.dtype)),
        state: { step: state.step.add(1), damping: next, direction: where(reached.less(value), d, d.mul(0)) },
        value,
        info: { damping: state.damping, iterations, stepLength: t, ratio },
      };
    },
  };
}

/** Minimises dᵀBd/2 + gᵀd from `start`. */
function conjugateGradients(
  product: (v: Tensor) => Tensor,
  g: Tensor,
  start: Tensor,
  maxIterations: number,
  progress: number,
): Carry {
  const places = arange(maxIterations + 1);
  const modelOf = (d: Tensor, r: Tensor): Tensor => d.mul(g.sub(r)).sum().astype("float64").div(2);
  const at = (models: Tensor, i: Tensor): Tensor =>
    models.mul(places.equal(i.astype("float64")).astype("float64")).sum();
  const r = product(start).add(g).neg();
  const rr = r.square().sum();
  return whileLoop<Carry>(
    ({ iterations, isDone }) => logicalAnd(logicalNot(isDone), iterations.less(maxIterations)),
    (c) => {
      const q = product(c.p);
      const curvature = c.p.mul(q).sum();
      const isGood = curvature.greater(0);
      const alpha = where(isGood, c.rr.div(where(isGood, curvature, 1)), 0);
      const d = c.d.add(c.p.mul(alpha));
      const next = c.r.sub(q.mul(alpha));
      const rr = next.square().sum();
      const i = c.iterations.add(1);
      const now = modelOf(d, next);
      const models = where(places.equal(i.astype("float64")), now, c.models);
      // Progress over the last k steps, k a tenth of all and 10 at least.
      const k = ceil(i.astype("float64").mul(0.1)).maximum(10);
      const past = at(models, i.astype("float64").sub(k));
      const isSlow = logicalAnd(
        logicalAnd(i.astype("float64").greater(k), now.less(0)),
        now
          .sub(past)
          .div(where(now.less(0), now, -1))
          .less(k.mul(progress)),
      );
      const isSolved = rr.lessEqual(g.square().sum().mul(1e-20));
      return {
        d,
        r: next,
        p: next.add(c.p.mul(rr.div(where(c.rr.greater(0), c.rr, 1)))),
        rr,
        models,
        iterations: i,
        isDone: logicalOr(logicalOr(isSlow, isSolved), logicalNot(isGood)),
      };
    },
    {
      d: start,
      r,
      p: r,
      rr,
      models: where(places.equal(0), modelOf(start, r), 0).astype("float64"),
      iterations: asTensor(0).astype("int32"),
      isDone: rr.lessEqual(0),
    },
  );
}

/** The first of 1, 0.8, 0.8² … at which the loss falls by a hundredth of the slope; 0 after 60 of them. */
function backtrack(
  lossAt: (t: Tensor) => Tensor,
  value: Tensor,
  slope: Tensor,
): { readonly t: Tensor; readonly reached: Tensor } {
  const isEnough = (t: Tensor, reached: Tensor): Tensor =>
    reached.lessEqual(value.add(t.mul(slope.minimum(0)).mul(1e-2)));
  const one = asTensor(1).astype("float64");
  const end = whileLoop(
    ({ t, reached, trials }) => logicalAnd(logicalNot(isEnough(t, reached)), trials.less(60)),
    ({ t, trials }) => {
      const shorter = t.mul(0.8);
      return { t: shorter, reached: lossAt(shorter), trials: trials.add(1) };
    },
    { t: one, reached: lossAt(one), trials: asTensor(0).astype("int32") },
  );
  const found = isEnough(end.t, end.reached);
  return { t: where(found, end.t, 0), reached: where(found, end.reached, value) };
}
