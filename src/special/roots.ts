// The root of a monotone function by Newton's method that never leaves a bracket.

/** A function less its target, and its slope. */
export interface Residual {
  readonly residual: number;
  readonly slope: number;
}

/** Steps are this small, relative to x, when there is nothing more to gain. */
const SMALLEST_STEP = 2 ** -52;

/** The x between `low` >= 0 and `high` (which may be ∞) where the residual vanishes. A step out of the bracket becomes its middle. */
export function safeguardedRoot(
  at: (x: number) => Residual,
  start: number,
  low: number,
  high: number,
): number {
  let a = low;
  let b = high;
  let x = start > a && start < b ? start : middle(a, b);
  for (let k = 0; k < 200; k++) {
    const { residual, slope } = at(x);
    const step = residual / slope;
    if (!(Math.abs(step) > SMALLEST_STEP * x)) return x;
    if (step > 0) b = x;
    else a = x;
    let next = x - step;
    if (!(next > a && next < b)) next = middle(a, b);
    if (Math.abs(next - x) <= SMALLEST_STEP * next) return next;
    x = next;
  }
  return x;
}

/** Of positive numbers, in the logarithm where the ends are far apart. */
function middle(a: number, b: number): number {
  if (b === Number.POSITIVE_INFINITY) return 2 * a + 1;
  if (a === 0 && b > 1e-300) return b * 1e-3;
  if (b > 4 * a) return Math.sqrt(a) * Math.sqrt(b);
  return a + (b - a) / 2;
}
