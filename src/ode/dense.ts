// The solution between the ends of a step, and over many of them.

/** A step whose inside is known. Numbers of a complex state are pairs of entries. */
export interface Segment {
  readonly start: number;
  readonly end: number;
  /** The state at a time, which may lie a little outside. */
  readonly at: (t: number) => Float64Array;
}

/** y + Σ coefficients[j]·θ^(j+1), θ from 0 to 1 over the step. */
export class PolynomialSegment implements Segment {
  readonly start: number;
  readonly end: number;
  readonly #y: Float64Array;
  readonly #coefficients: readonly Float64Array[];

  constructor(start: number, end: number, y: Float64Array, coefficients: readonly Float64Array[]) {
    this.start = start;
    this.end = end;
    this.#y = y;
    this.#coefficients = coefficients;
  }

  at(t: number): Float64Array {
    const theta = (t - this.start) / (this.end - this.start);
    const out = new Float64Array(this.#y.length);
    for (let j = this.#coefficients.length - 1; j >= 0; j--) {
      const c = this.#coefficients[j]!;
      for (let i = 0; i < out.length; i++) out[i] = (out[i]! + c[i]!) * theta;
    }
    for (let i = 0; i < out.length; i++) out[i]! += this.#y[i]!;
    return out;
  }
}

/** The cubic through both ends with their slopes. */
export function hermiteSegment(
  start: number,
  end: number,
  y0: Float64Array,
  y1: Float64Array,
  f0: Float64Array,
  f1: Float64Array,
): Segment {
  const h = end - start;
  const first = f0.map((f) => f * h);
  const second = f0.map((f, i) => 3 * (y1[i]! - y0[i]!) - h * (2 * f + f1[i]!));
  const third = f0.map((f, i) => 2 * (y0[i]! - y1[i]!) + h * (f + f1[i]!));
  return new PolynomialSegment(start, end, y0, [first, second, third]);
}

/** The interpolant of a Runge-Kutta method: `stages` holds one slope after another, `weights` polynomials in θ for each. */
export function stageSegment(
  start: number,
  end: number,
  y: Float64Array,
  stages: Float64Array,
  weights: readonly (readonly number[])[],
): Segment {
  const n = y.length;
  const h = end - start;
  const coefficients = weights[0]!.map((_, j) => {
    const c = new Float64Array(n);
    weights.forEach((row, s) => {
      const w = row[j]! * h;
      if (w !== 0) for (let i = 0; i < n; i++) c[i]! += w * stages[s * n + i]!;
    });
    return c;
  });
  return new PolynomialSegment(start, end, y, coefficients);
}

/** y + θ(d₁ + (1-θ)(d₂ + θ(d₃ + …))) as DOP853 has it; `d` holds one vector after another. */
export function alternatingSegment(start: number, end: number, y: Float64Array, d: Float64Array): Segment {
  const n = y.length;
  const count = d.length / n;
  return {
    start,
    end,
    at: (t) => {
      const theta = (t - start) / (end - start);
      const out = new Float64Array(n);
      for (let j = count - 1; j >= 0; j--) {
        const factor = j % 2 === 0 ? theta : 1 - theta;
        for (let i = 0; i < n; i++) out[i] = (out[i]! + d[j * n + i]!) * factor;
      }
      for (let i = 0; i < n; i++) out[i]! += y[i]!;
      return out;
    },
  };
}

/** The segment that holds a time; the first or last one outside of all. O(log count). */
export function segmentAt(segments: readonly Segment[], t: number): Segment {
  const forward = segments[0]!.end > segments[0]!.start ? 1 : -1;
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (forward * (t - segments[middle]!.end) <= 0) high = middle;
    else low = middle + 1;
  }
  return segments[low]!;
}
