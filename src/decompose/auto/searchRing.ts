// The smallest tensor ring within a tolerance: cut at every edge, then lower ranks by alternating least squares.

import { parameters } from "../operations.ts";
import { ring } from "../ring.ts";
import type { RingResult } from "../ringSvd.ts";
import type { Ring } from "../types.ts";
import { type Find, type NoFind, storedBytes, type Task } from "./search.ts";

/** Rank reductions tried by alternating least squares. */
const REDUCTIONS = 12;

/** Smallest of the rings cut at each edge; its largest rank is lowered while ALS still meets the tolerance. */
export function searchRing({ x, tol, key, clock }: Task, maxBytes: number): Find | NoFind {
  let best: RingResult | null = null;
  for (let split = 0; split < x.ndim && !clock.isOver; split++) {
    clock.tick(0.8, `ring cut at edge ${split}`);
    const trial = ring(x, { rtol: tol, split });
    if (!best || parameters(trial) < parameters(best)) best = trial;
  }
  if (!best) return { reason: "out of time" };
  // A ring far above the best of the others will not come down to it.
  if (storedBytes(best) > 4 * maxBytes)
    return { reason: `${storedBytes(best)} bytes after the first pass, far above another format` };
  for (let step = 0; step < REDUCTIONS && !clock.isOver; step++) {
    const ranks: number[] = best.cores.map((core) => core.shape[0]!);
    let lowered: RingResult | null = null;
    for (const mode of ranks.map((_, k) => k).sort((a, b) => ranks[b]! - ranks[a]!)) {
      if (ranks[mode]! <= 1 || clock.isOver) continue;
      const trial: RingResult = ring(x, {
        ranks: ranks.map((r, k) => (k === mode ? r - 1 : r)),
        method: "als",
        key,
        maxIterations: 30,
      });
      if (trial.error <= tol) {
        lowered = trial;
        break;
      }
    }
    if (!lowered) break;
    best = lowered;
  }
  const decomposition: Ring = { kind: "ring", cores: best.cores };
  return { format: "ring", detail: "", decomposition };
}
