// The loop of all methods that search along lines: a direction, a step that satisfies the strong Wolfe conditions.

import type { Tensor } from "../../tensor/tensor.ts";
import { strongWolfe, type Trial } from "./lineSearch.ts";
import {
  dot,
  largest,
  type MinimizeOptions,
  MinimizeProblem,
  type MinimizeResult,
  type Place,
} from "./problem.ts";

/** Where directions come from. */
export interface DirectionRule {
  /** Whether the directions have a natural length, so that steps of 1 are tried first. */
  isScaled(): boolean;
  direction(place: Place): Float64Array;
  /** Learns from a step. */
  update(from: Place, to: Place): void;
  /** Forgets everything; false when there is nothing to forget. */
  reset(): boolean;
}

/** Minimises along the directions of a rule. */
export function descend<P>(
  name: string,
  f: (x: P) => Tensor,
  x0: P,
  options: MinimizeOptions,
  ruleOf: (problem: MinimizeProblem<P>) => DirectionRule,
): MinimizeResult<P> {
  const problem = new MinimizeProblem(name, f, x0, options);
  const rule = ruleOf(problem);
  let place = problem.first();
  while (largest(place.gradient) > problem.gtol && problem.goesOn()) {
    const { x, value, gradient } = place;
    const direction = rule.direction(place);
    const origin: Trial<Place> = { step: 0, value, slope: dot(direction, gradient), state: place };
    const along = (step: number): Trial<Place> => {
      const there = problem.at(x.map((xi, i) => xi + step * direction[i]!));
      const slope = dot(direction, there.gradient);
      return {
        step,
        value: Number.isFinite(slope) ? there.value : Number.POSITIVE_INFINITY,
        slope,
        state: there,
      };
    };
    const firstStep = rule.isScaled() ? 1 : Math.min(1, 1 / Math.sqrt(dot(gradient, gradient)));
    const found = origin.slope < 0 ? strongWolfe(along, origin, firstStep) : null;
    if (!found) {
      // A direction that does not descend to rounding: once more from the gradient itself.
      if (!rule.reset()) break;
      continue;
    }
    rule.update(place, found.state);
    place = found.state;
    problem.advance(place.value, largest(place.gradient));
  }
  return problem.finish(place, largest(place.gradient) <= problem.gtol);
}
