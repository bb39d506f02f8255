// Steps along a line that satisfy the strong Wolfe conditions.

/** A function of one variable at a step, with whatever was computed there. */
export interface Trial<S> {
  readonly step: number;
  readonly value: number;
  /** The derivative along the line. */
  readonly slope: number;
  readonly state: S;
}

export interface WolfeOptions {
  /** Share of the predicted decrease that is enough: c₁. 1e-4 unless told. */
  readonly decrease?: number;
  /** Share of the first slope, in size, that may be left: c₂, above c₁ and below 1. 0.9 unless told. */
  readonly curvature?: number;
  /** Most evaluations. 30 unless told. */
  readonly maxTrials?: number;
}

/**
 * A step from `start` (step 0, with a negative slope) at which value(step) ≤ value(0) + c₁·step·slope(0) and
 * |slope(step)| ≤ c₂·|slope(0)|; null when none is found in `maxTrials` evaluations. A value that is not finite counts as
 * too far.
 *
 * Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with cubic interpolation.
 */
export function strongWolfe<S>(
  evaluate: (step: number) => Trial<S>,
  start: Trial<S>,
  firstStep: number,
  { decrease = 1e-4, curvature = 0.9, maxTrials = 30 }: WolfeOptions = {},
): Trial<S> | null {
  const isTooHigh = (trial: Trial<S>, best: Trial<S>): boolean =>
    !(trial.value <= start.value + decrease * trial.step * start.slope) ||
    (best.step > 0 && trial.value >= best.value);
  const isFlat = (trial: Trial<S>): boolean => Math.abs(trial.slope) <= -curvature * start.slope;
  let trials = 0;
  // Grow the step until an interval surely holds a good one.
  let low = start;
  let high: Trial<S> | null = null;
  for (let step = firstStep; high === null; step *= 2) {
    if (trials++ >= maxTrials) return null;
    const trial = evaluate(step);
    if (isTooHigh(trial, low)) high = trial;
    else if (isFlat(trial)) return trial;
    else if (trial.slope >= 0) {
      high = low;
      low = trial;
    } else low = trial;
  }
  // Shrink it: `low` has the smallest value so far that decreased enough, and its slope points to `high`.
  while (trials++ < maxTrials) {
    const trial = evaluate(interpolate(low, high));
    if (isTooHigh(trial, low)) high = trial;
    else {
      if (isFlat(trial)) return trial;
      if (trial.slope * (high.step - low.step) >= 0) high = low;
      low = trial;
    }
    if (Math.abs(high.step - low.step) <= 1e-16 * Math.abs(high.step)) break;
  }
  return null;
}

/** The minimum of the cubic through both ends, kept away from them. */
function interpolate<S>(a: Trial<S>, b: Trial<S>): number {
  const width = b.step - a.step;
  const middle = a.step + width / 2;
  if (!Number.isFinite(b.value) || !Number.isFinite(b.slope)) return a.step + width / 10;
  const d1 = a.slope + b.slope - (3 * (a.value - b.value)) / -width;
  const root = Math.sqrt(d1 * d1 - a.slope * b.slope) * Math.sign(width);
  const step = b.step - (width * (b.slope + root - d1)) / (b.slope - a.slope + 2 * root);
  const share = (step - a.step) / width;
  return share >= 0.1 && share <= 0.9 ? step : middle;
}
