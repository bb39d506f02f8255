// The smallest tensor ring within a tolerance: cut at every edge by singular values, then alternating least squares
// at the smallest ranks that the spectra do not rule out.

import { dtypeInfo } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { parameters } from "../operations.ts";
import { ring } from "../ring/ring.ts";
import type { RingResult } from "../ring/svd.ts";
import type { Ring } from "../types.ts";
import { ASSUMED_SPEED, type Find, type NoFind, storedBytes, type Task } from "./search.ts";
import type { BipartitionSpectra } from "./spectra.ts";

/** Rank vectors tried by alternating least squares, smallest ring first. */
const ATTEMPTS = 8;
/** Share of the whole time that they may take. */
const TIME_SHARE = 0.1;
/** Largest rank, and number of rank vectors, that are looked at. */
const LARGEST_RANK = 24;
const LONGEST_LIST = 20_000;

export function searchRing({ x, tol, norm, key, clock, spectra }: Task, maxBytes: number): Find | NoFind {
  if (secondsForCuts(spectra, (tol * norm) / Math.sqrt(x.ndim)) > clock.remaining)
    return { reason: "would take too long at these ranks" };
  let best: RingResult | null = null;
  for (let split = 0; split < x.ndim && !clock.isOver; split++) {
    clock.tick(0.8, `ring cut at edge ${split}`);
    const trial = ring(x, { rtol: tol, split });
    if (!best || parameters(trial) < parameters(best)) best = trial;
  }
  if (!best) return { reason: "out of time" };
  const limit = Math.min(maxBytes / dtypeInfo(x.dtype).bytes, parameters(best));
  const end = clock.elapsed + TIME_SHARE * (clock.elapsed + clock.remaining);
  for (const ranks of possibleRanks(spectra, tol * norm, limit).slice(0, ATTEMPTS)) {
    if (clock.elapsed > end) break;
    clock.tick(0.85, `ring ${ranks.join(" ")}`);
    const trial = ring(x, { ranks, method: "als", key, restarts: 2, maxIterations: 60, tol: 1e-3 * tol });
    if (trial.error > tol) continue;
    best = trial;
    break;
  }
  if (storedBytes(best) > 2 * maxBytes)
    return {
      reason: "no ring that the spectra allow meets the tolerance with fewer bytes than another format",
    };
  const decomposition: Ring = { kind: "ring", cores: best.cores };
  return { format: "ring", detail: "", decomposition };
}

/**
 * After the first cut of rank r a matrix with about √r times the next mode's length along one side has to be
 * decomposed, at every edge anew.
 */
function secondsForCuts(spectra: BipartitionSpectra, delta: number): number {
  const { shape } = spectra;
  return shape.reduce((seconds, n, k) => {
    const next = shape[(k + 1) % shape.length]!;
    const side = Math.sqrt(spectra.rank([k], delta)) * Math.min(next, sizeOf(shape) / (n * next));
    return seconds + (20 * side ** 3) / ASSUMED_SPEED;
  }, 0);
}

/**
 * Rank vectors with fewer than `limit` numbers that the spectra do not rule out, smallest first: a run of
 * neighbouring modes is joined to the rest by two bonds, so its unfolding has at most the product of their ranks.
 */
function possibleRanks(spectra: BipartitionSpectra, delta: number, limit: number): number[][] {
  const { shape } = spectra;
  const order = shape.length;
  const needed = new Map<string, number>();
  const need = (first: number, last: number): number => {
    const name = `${first} ${last}`;
    let rank = needed.get(name);
    if (rank === undefined) {
      const modes = Array.from({ length: last - first }, (_, i) => first + i);
      rank = spectra.of(modes) && spectra.bounds(delta / spectra.norm) ? spectra.rank(modes, delta) : 1;
      needed.set(name, rank);
    }
    return rank;
  };
  const found: { ranks: number[]; size: number }[] = [];
  const ranks: number[] = [];
  const visit = (size: number): void => {
    const k = ranks.length;
    if (found.length >= LONGEST_LIST) return;
    if (k === order) {
      const total = size + ranks[order - 1]! * shape[order - 1]! * ranks[0]!;
      if (
        total < limit &&
        ranks.every((r, i) => i === 0 || r * ranks[0]! >= need(0, i)) &&
        ranks[order - 1]! * ranks[0]! >= need(order - 1, order)
      )
        found.push({ ranks: [...ranks], size: total });
      return;
    }
    for (let r = 1; r <= LARGEST_RANK; r++) {
      const grown = k === 0 ? 0 : size + ranks[k - 1]! * shape[k - 1]! * r;
      if (grown >= limit) break;
      // Runs that end before this bond.
      // A bond between two modes cannot carry more than their lengths' product.
      if (r > shape[k]! * shape.at(k - 1)!) break;
      if (ranks.some((other, first) => first > 0 && other * r < need(first, k))) continue;
      ranks.push(r);
      visit(grown);
      ranks.pop();
    }
  };
  visit(0);
  return found.sort((a, b) => a.size - b.size).map(({ ranks }) => ranks);
}
