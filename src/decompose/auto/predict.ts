// What the spectra say before anything is decomposed: the best order of modes for a train, the best tree, sizes at
// any tolerance.

import { type ModeSpectra, tuckerSize } from "../tucker/coreShapes.ts";
import type { Curve, DimTree, Format } from "../types.ts";
import type { BipartitionSpectra } from "./spectra.ts";

export interface Prediction<T> {
  readonly what: T;
  /** Numbers to store. */
  readonly size: number;
}

/** Above this many modes the order of a train is built greedily. */
const ALL_ORDERS_LIMIT = 6;

/**
 * The order of modes in which a train at this tolerance takes the fewest numbers (an order and its reverse take the
 * same).
 */
export function bestTrainOrder(spectra: BipartitionSpectra, rtol: number): Prediction<number[]> {
  const order = spectra.shape.length;
  const delta = (rtol * spectra.norm) / Math.sqrt(Math.max(1, order - 1));
  const sizeFor = (modes: readonly number[]): number => {
    let size = 0;
    let r = 1;
    for (let k = 0; k < modes.length; k++) {
      const next = k === order - 1 ? 1 : spectra.rank(modes.slice(0, k + 1), delta);
      size += r * spectra.shape[modes[k]!]! * next;
      r = next;
    }
    return size;
  };
  const given = Array.from({ length: order }, (_, k) => k);
  let best = { what: given, size: sizeFor(given) };
  if (order > ALL_ORDERS_LIMIT) return best;
  const visit = (prefix: number[], rest: readonly number[]): void => {
    if (rest.length === 0) {
      // Of an order and its reverse one is enough.
      if (prefix[0]! > prefix.at(-1)!) return;
      const size = sizeFor(prefix);
      if (size < best.size) best = { what: [...prefix], size };
      return;
    }
    for (const k of rest)
      visit(
        [...prefix, k],
        rest.filter((other) => other !== k),
      );
  };
  visit([], given);
  return best;
}

/** The binary tree with the fewest numbers at this tolerance, by dynamic programming over sets of modes (O(3^d)). */
export function bestTree(spectra: BipartitionSpectra, rtol: number): Prediction<DimTree> {
  const order = spectra.shape.length;
  const delta = (rtol * spectra.norm) / Math.sqrt(Math.max(1, 2 * order - 3));
  const everything = 2 ** order - 1;
  const modes = (mask: number): number[] =>
    Array.from({ length: order }, (_, k) => k).filter((k) => (mask >> k) & 1);
  const rankOf = (mask: number): number => (mask === everything ? 1 : spectra.rank(modes(mask), delta));
  const memo = new Map<number, Prediction<DimTree>>();
  const solve = (mask: number): Prediction<DimTree> => {
    const known = memo.get(mask);
    if (known) return known;
    let best: Prediction<DimTree>;
    const [only, ...others] = modes(mask);
    if (others.length === 0) best = { what: only!, size: spectra.shape[only!]! * rankOf(mask) };
    else {
      best = { what: 0, size: Number.POSITIVE_INFINITY };
      const lowest = mask & -mask;
      for (let part = (mask - 1) & mask; part > 0; part = (part - 1) & mask) {
        if (!(part & lowest)) continue;
        const left = solve(part);
        const right = solve(mask ^ part);
        const size = left.size + right.size + rankOf(part) * rankOf(mask ^ part) * rankOf(mask);
        if (size < best.size) best = { what: [left.what, right.what], size };
      }
    }
    memo.set(mask, best);
    return best;
  };
  return solve(everything);
}

/** The balanced tree over modes in given order. */
export function balancedTree(modes: readonly number[]): DimTree {
  if (modes.length === 1) return modes[0]!;
  const half = Math.ceil(modes.length / 2);
  return [balancedTree(modes.slice(0, half)), balancedTree(modes.slice(half))];
}

/** Squares of the single-mode spectra, or null when one is unknown. */
export function singleModes(spectra: BipartitionSpectra): ModeSpectra | null {
  const squares = spectra.shape.map((n, k) => {
    const values = spectra.of([k]);
    if (!values) return null;
    const padded = new Float64Array(n);
    for (let i = 0; i < Math.min(n, values.length); i++) padded[i] = values[i]! ** 2;
    return padded;
  });
  return squares.every((values) => values !== null) ? { shape: spectra.shape, squares } : null;
}

/**
 * Numbers that a format needs at the very least: no decomposition within the tolerance has an unfolding of lower rank
 * than the best matrix approximation to that tolerance. 0 where nothing is known.
 */
export function leastSize(format: Format, spectra: BipartitionSpectra, rtol: number): number {
  const order = spectra.shape.length;
  const delta = rtol * spectra.norm;
  if (!spectra.bounds(rtol)) return 0;
  if (format === "tt") return bestTrainOrder(spectra, rtol * Math.sqrt(Math.max(1, order - 1))).size;
  if (format === "tree") return bestTree(spectra, rtol * Math.sqrt(Math.max(1, 2 * order - 3))).size;
  if (format !== "tucker" || !singleModes(spectra)) return 0;
  return tuckerSize(
    spectra.shape,
    spectra.shape.map((_, k) => spectra.rank([k], delta)),
  );
}

/** Twelve tolerances from 0.5 down to 1e-6. */
const CURVE_TOLERANCES = Array.from({ length: 12 }, (_, i) => 0.5 * 2e-6 ** (i / 11));

/** Predicted bytes against tolerance of the formats that spectra can predict. */
export function predictedCurves(spectra: BipartitionSpectra, bytesPerNumber: number): Curve[] {
  const { shape } = spectra;
  const singles = singleModes(spectra);
  const curve = (format: Format, sizeAt: (rtol: number) => number): Curve => ({
    format,
    points: CURVE_TOLERANCES.map((tolerance) => ({
      tolerance,
      error: tolerance,
      bytes: sizeAt(tolerance) * bytesPerNumber,
    })),
  });
  const curves: Curve[] = [];
  if (shape.length < 2) return curves;
  if (singles && shape.length > 2) {
    const shapes = CURVE_TOLERANCES.map((rtol) => tuckerSize(shape, fastRanks(singles, rtol)));
    curves.push(curve("tucker", (rtol) => shapes[CURVE_TOLERANCES.indexOf(rtol)]!));
  }
  curves.push(curve("tt", (rtol) => bestTrainOrder(spectra, rtol).size));
  if (shape.length > 3) curves.push(curve("tree", (rtol) => bestTree(spectra, rtol).size));
  return curves;
}

/** Ranks that spread the error evenly over the modes: close enough for a curve, and instant. */
function fastRanks({ squares }: ModeSpectra, rtol: number): number[] {
  return squares.map((values) => {
    const total = values.reduce((sum, value) => sum + value, 0);
    let lost = 0;
    let rank = values.length;
    while (rank > 1 && lost + values[rank - 1]! <= (rtol * rtol * total) / squares.length)
      lost += values[--rank]!;
    return rank;
  });
}
