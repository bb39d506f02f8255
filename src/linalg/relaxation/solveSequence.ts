// A sequence of related systems, each solved with a relaxation parameter that a bandit chooses.

import { categorical } from "../../random/categorical.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { linspace } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { cg } from "../krylov/cg.ts";
import type { Linear } from "../operator/asOperator.ts";
import type { Bandit } from "./bandit.ts";
import { checkOmega, sor, ssor } from "./sor.ts";

/** A system of the sequence, and a number that tells of it (contextual bandits need one). */
export interface SequenceSystem {
  readonly a: Linear;
  readonly b: Tensor;
  readonly context?: number;
}

export interface SequenceOptions<S> extends IterationOptions {
  readonly bandit: Bandit<S>;
  /** The parameters to choose from, one for each action, in (0, 2); 20 from 1 to 1.95 unless told. */
  readonly grid?: Tensor | readonly number[];
  /** Sweeps of over-relaxation, or conjugate gradients with the symmetric pair of sweeps; "sor" unless told. */
  readonly solver?: "sor" | "ssor-cg";
  /** Of each system; 1e-8 unless told. */
  readonly rtol?: number;
  /** Of each system, and the cost of one that does not converge; 10,000 unless told. */
  readonly maxIterations?: number;
  /** Where the learner stands; `bandit.init()` unless told. */
  readonly state?: S;
}

export interface SequenceSolution<S> {
  readonly solutions: readonly Tensor[];
  readonly iterations: readonly number[];
  readonly omegas: readonly number[];
  readonly converged: readonly boolean[];
  /** Where the learner stands at the end. */
  readonly state: S;
}

/**
 * Solves systems one after the other. For each the bandit chooses a relaxation parameter from the grid, and learns from
 * the number of iterations that it took; nothing else is known of the matrices. One solve and the bandit's own cost each.
 *
 * Source: Khodak, Chow, Balcan and Talwalkar, "Learning to relax" (2024).
 *
 * @throws DomainError for a grid that does not fit the bandit or leaves (0, 2), and an unknown solver; else as `sor`, `cg`
 * and the bandit do; AbortedError.
 */
export function solveSequence<S>(
  key: Key,
  systems: Iterable<SequenceSystem>,
  options: SequenceOptions<S>,
): SequenceSolution<S> {
  const name = "solveSequence";
  const { bandit, solver = "sor", rtol = 1e-8, maxIterations = 10_000, signal, onProgress } = options;
  const grid = gridOf(name, options.grid ?? linspace(1, 1.95, 20));
  if (grid.length !== bandit.actions)
    throw new ShapeError(
      `${name}: grid must have one parameter for each of ${bandit.actions} actions, got ${grid.length}`,
    );
  if (solver !== "sor" && solver !== "ssor-cg")
    throw new DomainError(`${name}: solver must be "sor" or "ssor-cg", got ${String(solver)}`);
  let state = options.state ?? bandit.init();
  const solutions: Tensor[] = [];
  const iterations: number[] = [];
  const omegas: number[] = [];
  const converged: boolean[] = [];
  const count = Array.isArray(systems) ? systems.length : undefined;
  for (const { a, b, context } of systems) {
    checkAborted(signal, name);
    const t = solutions.length;
    const probabilities = bandit.probabilities(state, context);
    const action = categorical(foldIn(key, t), probabilities.log()).item();
    const omega = grid[action]!;
    const limits = { rtol, maxIterations, ...(signal && { signal }) };
    const found =
      solver === "sor"
        ? sor(a, b, { ...limits, omega })
        : cg(a, b, { ...limits, preconditioner: ssor(a, { omega }) });
    const cost = found.converged ? found.iterations : maxIterations;
    state = bandit.update(state, { action, cost, ...(context !== undefined && { context }) });
    solutions.push(found.x);
    iterations.push(cost);
    omegas.push(omega);
    converged.push(found.converged);
    onProgress?.({
      fraction: count ? (t + 1) / count : 0,
      stage: `system ${t + 1}, ${cost} iterations with omega ${omega.toFixed(3)}`,
    });
  }
  return { solutions, iterations, omegas, converged, state };
}

function gridOf(name: string, given: Tensor | readonly number[]): readonly number[] {
  const grid = Array.isArray(given) ? (given as readonly number[]) : Array.from((given as Tensor).data());
  grid.forEach((omega, i) => {
    checkOmega(`${name}: grid: parameter ${i}`, omega);
  });
  return grid;
}
