/**
 * A zero of a continuous function between a and b, at which its values `fa` and `fb` have opposite signs: inverse
 * quadratic interpolation and secants, with bisection where they are slow. Accurate to 4 units in the last place.
 *
 * Source: Brent, Algorithms for Minimization without Derivatives (1973), chapter 4.
 */
export function brent(f: (x: number) => number, a: number, b: number, fa: number, fb: number): number {
  // b is the best place so far, a the one before, c the other end of the bracket.
  let [x0, f0, x1, f1] = [a, fa, b, fb];
  let [x2, f2] = [x0, f0];
  let step = x1 - x0;
  let before = step;
  for (let iteration = 0; iteration < 200; iteration++) {
    if (f1 > 0 === f2 > 0) {
      x2 = x0;
      f2 = f0;
      step = x1 - x0;
      before = step;
    }
    if (Math.abs(f2) < Math.abs(f1)) {
      [x0, f0] = [x1, f1];
      [x1, f1] = [x2, f2];
      [x2, f2] = [x0, f0];
    }
    const tolerance = 2 * Number.EPSILON * Math.abs(x1) + Number.MIN_VALUE;
    const middle = (x2 - x1) / 2;
    if (f1 === 0 || Math.abs(middle) <= tolerance) return x1;
    if (Math.abs(before) < tolerance || Math.abs(f0) <= Math.abs(f1)) {
      step = middle;
      before = middle;
    } else {
      const s = f1 / f0;
      let p: number;
      let q: number;
      if (x0 === x2) {
        p = 2 * middle * s;
        q = 1 - s;
      } else {
        const r = f0 / f2;
        const u = f1 / f2;
        p = s * (2 * middle * r * (r - u) - (x1 - x0) * (u - 1));
        q = (r - 1) * (u - 1) * (s - 1);
      }
      if (p > 0) q = -q;
      else p = -p;
      if (2 * p < Math.min(3 * middle * q - Math.abs(tolerance * q), Math.abs(before * q))) {
        before = step;
        step = p / q;
      } else {
        step = middle;
        before = middle;
      }
    }
    x0 = x1;
    f0 = f1;
    x1 += Math.abs(step) > tolerance ? step : Math.sign(middle) * tolerance;
    f1 = f(x1);
  }
  return x1;
}
