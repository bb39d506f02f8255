// The knapsack inside the core-shape problem: pick one rank r_k per mode to keep the most, with Σ log r_k ≤ core and
// Σ n_k r_k ≤ room.

/**
 * Dynamic programming over what is kept, rounded down to multiples of ε/d of the largest profit, and over the first
 * weight by dominance: for each rounded profit the choices that no other beats in both weights. The kept sum is
 * within (1 - ε) of the best. Returns one rank a mode, or null when even ranks of 1 do not fit.
 */
export function solveMultipleChoice(
  prefix: readonly Float64Array[],
  lengths: readonly number[],
  core: number,
  room: number,
  epsilon: number,
): number[] | null {
  const order = lengths.length;
  const unit = (epsilon / order) * Math.max(...prefix.map((sums) => sums.at(-1)!)) || 1;
  let states: State[] = [{ profit: 0, log: 0, size: 0, kept: 0, ranks: [] }];
  for (let mode = 0; mode < order; mode++) {
    const next = new Map<number, State[]>();
    // Later modes take at least a rank of 1.
    const reserved = lengths.slice(mode + 1).reduce((sum, n) => sum + n, 0);
    for (const state of states)
      for (const rank of candidateRanks(prefix[mode]!, unit)) {
        const log = state.log + Math.log(rank);
        const size = state.size + rank * lengths[mode]!;
        if (log > core || size + reserved > room) break;
        const kept = state.kept + prefix[mode]![rank]!;
        const profit = Math.floor(kept / unit);
        const bucket = next.get(profit) ?? [];
        if (!bucket.some((other) => other.log <= log && other.size <= size && other.kept >= kept))
          next.set(profit, [
            ...bucket.filter((other) => !(log <= other.log && size <= other.size && kept >= other.kept)),
            { profit, log, size, kept, ranks: [...state.ranks, rank] },
          ]);
      }
    states = [...next.values()].flat();
  }
  let best: State | null = null;
  for (const state of states) if (!best || state.kept > best.kept) best = state;
  return best ? [...best.ranks] : null;
}

interface State {
  readonly profit: number;
  readonly log: number;
  readonly size: number;
  readonly kept: number;
  readonly ranks: readonly number[];
}

/** Ranks at which the rounded profit grows: between them a smaller rank is as good. Rank 1 is always one. */
function candidateRanks(prefix: Float64Array, unit: number): number[] {
  const ranks = [1];
  let last = Math.floor(prefix[1]! / (unit / 4));
  for (let rank = 2; rank < prefix.length; rank++) {
    const level = Math.floor(prefix[rank]! / (unit / 4));
    if (level > last) {
      ranks.push(rank);
      last = level;
    }
  }
  return ranks;
}
