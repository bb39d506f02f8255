// Programs within a memory budget.

import { DomainError } from "../tensor/errors.ts";
import type { Graph } from "../transform/graphs/graph.ts";
import { type Compiled, compile } from "./program/run.ts";
import { graphPeak, rematerializePass } from "./rematerialize/pass.ts";

/** How often a lower limit for the results of equations is tried when the arena is still too large. */
const ATTEMPTS = 5;
const TIGHTEN = 0.9;

/**
 * The program of a graph whose arena (inputs, results and everything between) takes at most `budget` bytes: what does not
 * fit is computed again when it is needed. Throws DomainError with the least that was reached when nothing fits.
 */
export function compileWithin(graph: Graph, budget: number): Compiled {
  if (!(Number.isFinite(budget) && budget > 0))
    throw new DomainError(`jit: memoryBudget: a positive number of bytes was expected, got ${budget}`);
  const plain = compile(graph);
  if (plain.arenaBytes <= budget) return plain;
  // The arena holds inputs as well, and shares bytes better or worse than the rule of the pass counts them.
  const peak = graphPeak(graph);
  let limit = Math.max(1, peak - (plain.arenaBytes - budget));
  let least = plain;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = withinLimit(graph, Math.floor(limit));
    if (!found) break;
    const candidate = compile(found.graph, true);
    if (candidate.arenaBytes < least.arenaBytes) least = candidate;
    if (candidate.arenaBytes <= budget) return candidate;
    if (!found.report.feasible) break;
    limit *= TIGHTEN;
  }
  throw new DomainError(
    `jit: memoryBudget: no order was found within ${budget} bytes; the least reached is ${least.arenaBytes}, without a budget it is ${plain.arenaBytes}`,
  );
}

/** The pass at a limit; null for one that no order can meet. */
function withinLimit(graph: Graph, budget: number): ReturnType<typeof rematerializePass> | null {
  try {
    return rematerializePass(graph, { budget });
  } catch (error) {
    if (error instanceof DomainError) return null;
    throw error;
  }
}
