// B-splines on any knots, by the recurrence of Cox and de Boor.

/**
 * The degree + 1 B-splines that are not 0 at x, in order; the last begins at `knots[at]`. Of the knots only `at - degree + 1` to
 * `at + degree` are read; `knots[at] < knots[at + 1]` is taken for granted, and x lies between them (beyond, the polynomials go on).
 * O(degree²).
 *
 * Source: de Boor, A Practical Guide to Splines (1978), chapter X.
 */
export function splineValues(knots: ArrayLike<number>, at: number, degree: number, x: number): Float64Array {
  const values = new Float64Array(degree + 1);
  values[0] = 1;
  for (let r = 1; r <= degree; r++) {
    let carried = 0;
    for (let j = 0; j < r; j++) {
      const low = knots[at + 1 + j - r]!;
      const high = knots[at + 1 + j]!;
      const share = values[j]! / (high - low);
      values[j] = carried + (high - x) * share;
      carried = (x - low) * share;
    }
    values[r] = carried;
  }
  return values;
}
