// erf and erfc of single numbers, which JavaScript does not have: the algorithm of wasm/math/error_function.ts in
// scalar form.

import { ERF, ERFC, ERFC_REST, EXP } from "./wasm/coefficients.ts";

const VARYING = ERFC.slice(1);
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + coefficients[i]!;
  return sum;
}

const words = new Uint32Array(2);
const number = new Float64Array(words.buffer);

/** x without its low 27 bits: its square is exact. */
function upperPart(x: number): number {
  number[0] = x;
  words[0] = words[0]! & 0xf8000000;
  return number[0]!;
}

/** erfc(x) for x >= 3/4. */
function tail(x: number): number {
  if (x > 28) return 0;
  const t = (x - 2.5) / (x + 2.5);
  const varying = t * polynomial(t, VARYING);
  const sum = ERFC[0]! + varying;
  const lost = ERFC[0]! - sum + varying + ERFC_REST;
  const q = sum / x;
  const head = upperPart(x);
  const square = head * head;
  const rest = (x - head) * (x + head);
  const n = Math.round(-square * Math.LOG2E);
  const high = -square - n * LN2_HIGH;
  const low = n * LN2_LOW + rest;
  const r = high - low;
  // The sum is about 1/2: what rounding it lost counts twice.
  const y = q + q * (r + (r * r * polynomial(r, EXP) + (high - r - low + 2 * lost)));
  // In two steps, because 2^n alone may underflow.
  const half = Math.trunc(n / 2);
  return y * 2 ** half * 2 ** (n - half);
}

/** The error function 2/sqrt(pi) ∫₀ˣ exp(-t²) dt, within 2 ulp. */
export function erf(x: number): number {
  if (Math.abs(x) < 0.75) return x + x * polynomial(x * x, ERF);
  return x < 0 ? tail(-x) - 1 : 1 - tail(x);
}

/** The complementary error function 1 - erf(x), within 2 ulp down to the smallest subnormal numbers. */
export function erfc(x: number): number {
  if (Math.abs(x) < 0.75) return 0.5 - (x - 0.5 + x * polynomial(x * x, ERF));
  return x < 0 ? 2 - tail(-x) : tail(x);
}
