// The inverse of an increasing or decreasing function by Newton's method that never leaves a bracket.

/**
 * x in [low, high] with f(x) = target, where f is monotone. `evaluate` gives f(x) - target over its slope at x (the
 * Newton step to subtract) and its sign tells the side; a step that leaves the bracket is replaced by its middle (in
 * the logarithm where both ends are positive and far apart).
 */
export function safeguardedRoot(
  step: (x: number) => { readonly residual: number; readonly slope: number },
  start: number,
  low: number,
  high: number,
): number {
  let a = low;
  let b = high;
  let x = start > a && start < b ? start : middle(a, b);
  for (let k = 0; k < 200; k++) {
    const { residual, slope } = step(x);
    if (residual === 0 || Number.isNaN(residual)) return x;
    if (residual > 0 === slope > 0) b = x;
    else a = x;
    let next = x - residual / slope;
    if (!(next > a && next < b)) next = middle(a, b);
    if (Math.abs(next - x) <= 2 ** -52 * Math.abs(next)) return next;
    x = next;
  }
  return x;
}

function middle(a: number, b: number): number {
  if (a > 0 && b > 4 * a) return Math.sqrt(a) * Math.sqrt(Math.min(b, Number.MAX_VALUE));
  if (a === 0 && b > 1e-300) return b * 1e-3;
  return a + (b - a) / 2;
}
