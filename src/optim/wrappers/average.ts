// Averages of the parameters along the way: exponential, and with the way going on from the average.

import { asTensor } from "../../ops/operands.ts";
import { checkCount, checkFraction } from "../../tensor/check.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tree } from "../../tensor/tree.ts";
import { cond } from "../../transform/control/cond.ts";
import { checkAtLeastZero, stateDType } from "../blocks/options.ts";
import type { Optimizer } from "../optimizer.ts";

export interface EmaState<P, S> {
  readonly inner: S;
  /** The running mean of the parameters: use these for predictions. In float32 at least. */
  readonly average: P;
}

/**
 * Keeps a running mean of the parameters beside any optimizer: average ← decay·average + (1 - decay)·params after every step, from the
 * first parameters on. The way of the optimizer does not change; `state.average` holds what to use. One further copy of the
 * parameters. Throws DomainError unless 0 ≤ decay < 1.
 *
 * Source: Polyak and Juditsky, Acceleration of stochastic approximation by averaging (1992), with weights that fade.
 */
export function ema<P, B, S>(optimizer: Optimizer<P, B, S>, decay = 0.999): Optimizer<P, B, EmaState<P, S>> {
  checkFraction("ema: decay", decay);
  return {
    init: (params, example) => ({
      inner: optimizer.init(params, example as never),
      average: tree.map((x) => x.astype(stateDType(x.dtype, "ema")), params),
    }),
    step: ({ state, ...rest }) => {
      const next = optimizer.step({ ...rest, state: state.inner });
      const average = tree.map(
        (a, x) => a.mul(decay).add(x.astype(a.dtype).mul(1 - decay)),
        state.average,
        next.params,
      );
      return { ...next, state: { inner: next.state, average } };
    },
  };
}

export interface LookaheadState<P, S> {
  readonly inner: S;
  readonly slow: P;
  readonly count: Tensor;
}

/**
 * Lets any optimizer take `every` (5 unless told) steps, then goes back to `slow + share·(params - slow)` (half way unless told) and on
 * from there. One further copy of the parameters. Throws DomainError for options out of range.
 *
 * Source: Zhang and others, Lookahead optimizer: k steps forward, 1 step back (2019).
 */
export function lookahead<P, B, S>(
  optimizer: Optimizer<P, B, S>,
  options: { readonly every?: number; readonly share?: number } = {},
): Optimizer<P, B, LookaheadState<P, S>> {
  const { every = 5, share = 0.5 } = options;
  checkCount("lookahead: every", every);
  checkAtLeastZero(share, "lookahead: share");
  return {
    init: (params, example) => ({
      inner: optimizer.init(params, example as never),
      slow: params,
      count: asTensor(0).astype("int32"),
    }),
    step: ({ state, ...rest }) => {
      const next = optimizer.step({ ...rest, state: state.inner });
      const count = state.count.add(1);
      const back = (): P => tree.map((s, x) => s.add(x.sub(s).mul(share)), state.slow, next.params);
      const isBack = count.greaterEqual(every);
      const [params, slow] = cond<[], readonly [P, P]>(
        isBack,
        () => {
          const meet = back();
          return [meet, meet];
        },
        () => [next.params, state.slow],
      );
      return {
        ...next,
        params,
        state: { inner: next.state, slow, count: isBack.where(0, count).astype("int32") },
      };
    },
  };
}
