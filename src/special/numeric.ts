// Small pieces that many kernels share: polynomials, sines of multiples of π, functions that keep digits near zero.

export const EPSILON: number = 2 ** -52;
/** Smaller than every divisor that may occur in a continued fraction, and far from underflow. */
export const TINY = 1e-290;
export const EULER_GAMMA = 0.5772156649015329;
export const SQRT_PI = 1.7724538509055161;
export const HALF_LOG_TAU = 0.9189385332046728;

/** Σ cₖ xᵏ */
export function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

/** sin(πx), exact zeros at integers. */
export function sinPi(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  let r = x % 2;
  if (r > 1) r -= 2;
  else if (r < -1) r += 2;
  // Into [-1/2, 1/2], where the product with π loses nothing but its rounding.
  if (r > 0.5) r = 1 - r;
  else if (r < -0.5) r = -1 - r;
  if (Math.abs(r) <= 0.25) return Math.sin(Math.PI * r);
  return Math.sign(r) * Math.cos(Math.PI * (0.5 - Math.abs(r)));
}

/** cos(πx), exact zeros at odd multiples of 1/2. */
export function cosPi(x: number): number {
  if (!Number.isFinite(x)) return Number.NaN;
  const r = Math.abs(x) % 2;
  const s = r > 1 ? 2 - r : r;
  if (s <= 0.25) return Math.cos(Math.PI * s);
  if (s <= 0.75) return Math.sin(Math.PI * (0.5 - s));
  return -Math.cos(Math.PI * (1 - s));
}

/** log(1 + x) - x, without cancellation near 0. */
export function log1pmx(x: number): number {
  if (!(x > -0.6 && x < 1.2)) return Math.log1p(x) - x;
  // log(1 + x) = 2 atanh(r) with r = x / (2 + x), and 2r - x = -r·x.
  const r = x / (2 + x);
  const r2 = r * r;
  let power = r2 * r;
  let sum = 0;
  for (let k = 3; k < 80; k += 2) {
    const term = power / k;
    sum += term;
    if (Math.abs(term) <= 1e-17 * Math.abs(sum)) break;
    power *= r2;
  }
  return 2 * sum - r * x;
}

export const isWhole = (x: number): boolean => Math.floor(x) === x && Number.isFinite(x);
/** 1 for even and -1 for odd integers. */
export const parity = (n: number): number => (n % 2 === 0 ? 1 : -1);
/** A pole of Γ: 0, -1, -2 … */
export const isNonPositiveInteger = (x: number): boolean => x <= 0 && isWhole(x);
