// What all learners from costs have in common: they choose one of several actions, and are told what that one cost.

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface Observation {
  /** Which action was taken, from 0. */
  readonly action: number;
  readonly cost: number;
  /** What was known before the choice. */
  readonly context?: number;
}

/** A learner as pure functions of its state, so that it can be kept, copied and taken up again. */
export interface Bandit<S> {
  /** How many actions there are to choose from. */
  readonly actions: number;
  init(): S;
  /** `[actions]`: the probabilities to choose each action with. */
  probabilities(state: S, context?: number): Tensor;
  /** The state after an action has been chosen by these probabilities and its cost seen. */
  update(state: S, observation: Observation): S;
}

/** Throws DomainError unless there is at least one action. */
export function checkActions(name: string, actions: number): void {
  if (!(Number.isInteger(actions) && actions >= 1))
    throw new DomainError(`${name}: actions must be a positive integer, got ${actions}`);
}

/** Throws DomainError unless a < b are finite. */
export function checkInterval(name: string, [a, b]: readonly [number, number]): void {
  if (!(a < b && Number.isFinite(b - a)))
    throw new DomainError(`${name}: interval must be finite [a, b] with a < b, got [${a}, ${b}]`);
}

/** The context, which must lie in the interval. Throws DomainError. */
export function checkContext(
  name: string,
  context: number | undefined,
  [a, b]: readonly [number, number],
): number {
  if (context === undefined || !(context >= a && context <= b))
    throw new DomainError(`${name}: context must lie in [${a}, ${b}], got ${context}`);
  return context;
}

/** Throws DomainError for an action that does not exist and a cost that is not finite or negative. */
export function checkObservation(name: string, { action, cost }: Observation, actions: number): void {
  if (!(Number.isInteger(action) && action >= 0 && action < actions))
    throw new DomainError(`${name}: action must be an integer from 0 to ${actions - 1}, got ${action}`);
  if (!(cost >= 0 && Number.isFinite(cost)))
    throw new DomainError(`${name}: cost must be finite and not negative, got ${cost}`);
}
