// Methods that keep structure: symplectic ones for separable Hamiltonian systems, and compositions of flows.

import type { Tensor } from "../../tensor/tensor.ts";
import type { OdeMethod, VectorFields } from "../problem.ts";
import { fixedMethod } from "./fixedStepper.ts";

const CUBE_ROOT = Math.cbrt(2);
/** Yoshida's three steps of a symmetric method of order 2 that make one of order 4. */
const TRIPLE_JUMP = [1 / (2 - CUBE_ROOT), -CUBE_ROOT / (2 - CUBE_ROOT), 1 / (2 - CUBE_ROOT)];
/** Yoshida's solution A for order 6, with seven steps. */
const W = [-1.17767998417887, 0.235573213359357, 0.78451361047756];
const ORDER_6 = [W[2]!, W[1]!, W[0]!, 1 - 2 * (W[0]! + W[1]! + W[2]!), W[0]!, W[1]!, W[2]!];

type Parts = VectorFields["hamiltonian"];

/** Half a kick, a drift, half a kick. */
const kickDriftKick = ({ velocity, force }: Parts, t: Tensor, h: Tensor, y: Tensor): Tensor => {
  const half = h.mul(0.5);
  const kicked = y.add(force(t, y).mul(half));
  const drifted = kicked.add(velocity(t.add(half), kicked).mul(h));
  return drifted.add(force(t.add(h), drifted).mul(half));
};

type Step<F> = (field: F, t: Tensor, h: Tensor, y: Tensor) => Tensor;

/** A step made of several of the same kind. */
const composed =
  <F>(step: Step<F>, lengths: readonly number[]): Step<F> =>
  (field, t, h, y) => {
    let at = 0;
    return lengths.reduce((state, part) => {
      const next = step(field, t.add(h.mul(at)), h.mul(part), state);
      at += part;
      return next;
    }, y);
  };

const symplectic = (name: string, order: number, lengths: readonly number[]): OdeMethod<"hamiltonian"> =>
  fixedMethod({
    name,
    kind: "hamiltonian",
    order,
    evaluations: 2 * lengths.length,
    step: composed(kickDriftKick, lengths),
    slope: ({ velocity, force }, t, y) => velocity(t, y).add(force(t, y)),
  });

/**
 * The method of Störmer and Verlet (leapfrog, velocity form) of order 2 for `{ velocity, force }` with a state
 * `{ q, p }`: symplectic and reversible, so that errors of the energy stay bounded. Needs `constantStep(h)`.
 */
export const stormerVerlet = (): OdeMethod<"hamiltonian"> => symplectic("stormerVerlet", 2, [1]);

/** Forest and Ruth's symplectic method of order 4, which is Yoshida's: three leapfrog steps. Needs `constantStep(h)`. */
export const yoshida4 = (): OdeMethod<"hamiltonian"> => symplectic("yoshida4", 4, TRIPLE_JUMP);

/** Yoshida's symplectic method of order 6: seven leapfrog steps. Needs `constantStep(h)`. Source: Yoshida (1990), solution A. */
export const yoshida6 = (): OdeMethod<"hamiltonian"> => symplectic("yoshida6", 6, ORDER_6);

type Flows = VectorFields["flows"];

/** All flows, one after the other. */
const inTurn = ({ flows }: Flows, t: Tensor, h: Tensor, y: Tensor): Tensor =>
  flows.reduce((state, flow) => flow(h, state, t), y);

/** Half steps there and back. */
const thereAndBack = ({ flows }: Flows, t: Tensor, h: Tensor, y: Tensor): Tensor => {
  const half = h.mul(0.5);
  const middle = t.add(half);
  const last = flows.length - 1;
  const there = flows.slice(0, last).reduce((state, flow) => flow(half, state, t), y);
  const turned = flows[last]!(h, there, t);
  return flows
    .slice(0, last)
    .reverse()
    .reduce((state, flow) => flow(half, state, middle), turned);
};

export type SplittingScheme = "lie" | "strang" | "yoshida";

/**
 * Composition of the flows of parts of a right-hand side, given as functions `(h, y, t, args)`: "lie" (order 1) applies
 * them in turn, "strang" (order 2, unless told) symmetrically, "yoshida" (order 4) by three such steps, one of them
 * backwards. Needs `constantStep(h)`. Source: Hairer, Lubich and Wanner, Geometric Numerical Integration (2006), II.5.
 */
export function splitting(scheme: SplittingScheme = "strang"): OdeMethod<"flows"> {
  const { order, step } = SCHEMES[scheme];
  return fixedMethod({
    name: `splitting:${scheme}`,
    kind: "flows",
    order,
    evaluations: 0,
    step,
    slope: null,
  });
}

const SCHEMES: Readonly<Record<SplittingScheme, { readonly order: number; readonly step: Step<Flows> }>> = {
  lie: { order: 1, step: inTurn },
  strang: { order: 2, step: thereAndBack },
  yoshida: { order: 4, step: composed(thereAndBack, TRIPLE_JUMP) },
};
