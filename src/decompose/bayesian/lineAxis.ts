// One coordinate of scattered observations: its distinct values, and which of them each observation has.

import type { MaternSde, SdeStep } from "../ssgp/maternSde.ts";

export interface Axis {
  /** Distinct values in ascending order, scaled so that they span [0, 1]. */
  readonly points: Float64Array;
  /** For each observation the number of its value among the points. */
  readonly place: Int32Array;
  /** The differential equation, which remembers its steps between neighbours. */
  readonly sde: MaternSde;
  /** Coordinates in the scale of the points. */
  scaled(x: ArrayLike<number>): Float64Array;
}

/** The axes of coordinates `[n, order]`. A coordinate that is constant keeps its only value, at 0. */
export function axesOf(coords: Float64Array, order: number, sde: MaternSde): Axis[] {
  const n = coords.length / order;
  return Array.from({ length: order }, (_, mode) => {
    const own = Float64Array.from({ length: n }, (_, i) => coords[i * order + mode]!);
    const distinct = [...new Set(own)].sort((a, b) => a - b);
    const low = distinct[0]!;
    const span = distinct.at(-1)! - low || 1;
    const number = new Map(distinct.map((x, i) => [x, i]));
    return {
      points: Float64Array.from(distinct, (x) => (x - low) / span),
      place: Int32Array.from(own, (x) => number.get(x)!),
      sde: remembering(sde),
      scaled: (x) => Float64Array.from(x, (value) => (value - low) / span),
    };
  });
}

/** Sweeps take the same steps again and again; only so many are kept. */
const KEPT = 100_000;

function remembering(sde: MaternSde): MaternSde {
  const steps = new Map<number, SdeStep>();
  return {
    ...sde,
    step: (gap) => {
      const known = steps.get(gap);
      if (known) return known;
      const step = sde.step(gap);
      if (steps.size < KEPT) steps.set(gap, step);
      return step;
    },
  };
}
