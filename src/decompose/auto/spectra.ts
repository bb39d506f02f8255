// Singular values of the unfoldings along every bipartition of the modes: they predict the ranks, and so the size, of
// every Tucker, train and tree format at any tolerance, without decomposing anything.

import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { unfoldingSpectrum } from "../base/spectrum.ts";
import { gramFloor, rankFor } from "../base/truncation.ts";

/** Spectra by set of modes; a set and its complement share one. */
export class BipartitionSpectra {
  readonly shape: readonly number[];
  readonly norm: number;
  readonly #values: ReadonlyMap<number, Float64Array>;
  readonly #floor: number;

  constructor(
    shape: readonly number[],
    norm: number,
    values: ReadonlyMap<number, Float64Array>,
    floor: number,
  ) {
    this.shape = shape;
    this.norm = norm;
    this.#values = values;
    this.#floor = floor;
  }

  /**
   * Whether ranks at a relative tolerance are lower bounds: every bipartition has its spectrum, and the tolerance is
   * coarse enough for values from Gram matrices, whose small ones are rounding.
   */
  bounds(rtol: number): boolean {
    return this.#values.size === 2 ** (this.shape.length - 1) - 1 && rtol >= this.#floor;
  }

  /** Singular values of the unfolding with these modes along the rows, or undefined when it was too large. */
  of(modes: readonly number[]): Float64Array | undefined {
    return this.#values.get(canonical(maskOf(modes), this.shape.length));
  }

  /** Smallest rank that cuts off at most `delta`; the largest possible rank where the spectrum is unknown. */
  rank(modes: readonly number[], delta: number): number {
    const values = this.of(modes);
    if (!values) return Math.min(this.#size(modes), sizeOf(this.shape) / this.#size(modes));
    return rankFor(values, delta).rank;
  }

  #size(modes: readonly number[]): number {
    return modes.reduce((product, k) => product * this.shape[k]!, 1);
  }

  /** Every set for which there is a spectrum, the one without mode 0 when the complement is shorter. */
  *sets(): Generator<{ modes: number[]; values: Float64Array }> {
    for (const [mask, values] of this.#values) yield { modes: modesOf(mask), values };
  }
}

/** With more modes than this only single modes and runs of neighbours are examined. */
const ALL_SETS_LIMIT = 6;
/** The longest side of a Gram matrix that is worth its eigenvalues. */
const LONGEST_SIDE = 4096;

const maskOf = (modes: readonly number[]): number => modes.reduce((mask, k) => mask | (1 << k), 0);
const modesOf = (mask: number): number[] =>
  Array.from({ length: 31 }, (_, k) => k).filter((k) => (mask >> k) & 1);
const canonical = (mask: number, order: number): number => Math.min(mask, ((1 << order) - 1) ^ mask);

/**
 * Spectra of all 2^(d-1) - 1 bipartitions for d ≤ 6, of single modes and of leading runs beyond. A Gram matrix on the
 * shorter side each; sides above 4096, and those whose work would exceed `maxWork` floating-point operations, are
 * left out.
 */
export function bipartitionSpectra(x: Tensor, norm: number, maxWork: number): BipartitionSpectra {
  const order = x.ndim;
  const wanted = new Set<number>();
  if (order <= ALL_SETS_LIMIT)
    for (let mask = 1; mask < 2 ** (order - 1); mask++) wanted.add(canonical(mask, order));
  for (let k = 0; k < order; k++) {
    if (order > 1) wanted.add(canonical(1 << k, order));
    if (k > 0) wanted.add(canonical((1 << k) - 1, order));
  }
  const found = new Map<number, Float64Array>();
  const bySide = [...wanted].map((mask) => ({ mask, rows: shorterSide(x.shape, mask) }));
  bySide.sort((a, b) => a.rows.size - b.rows.size);
  for (const { mask, rows } of bySide) {
    // The symmetric product, and 4/3 n³ at half speed for all eigenvalues.
    const work = x.size * rows.size + 3 * rows.size ** 3;
    if (rows.size > LONGEST_SIDE || work > maxWork) continue;
    found.set(mask, unfoldingSpectrum(x, rows.modes));
  }
  return new BipartitionSpectra(x.shape, norm, found, gramFloor(x));
}

function shorterSide(shape: readonly number[], mask: number): { modes: number[]; size: number } {
  const order = shape.length;
  const sides = [mask, ((1 << order) - 1) ^ mask].map((side) => {
    const modes = modesOf(side).filter((k) => k < order);
    return { modes, size: modes.reduce((product, k) => product * shape[k]!, 1) };
  });
  return sides[0]!.size <= sides[1]!.size ? sides[0]! : sides[1]!;
}
