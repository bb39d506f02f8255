// The combinations of gamma functions in Temme's series for Y and K at orders |mu| <= 1/2, without cancellation at 0.

import { polynomial } from "../numeric.ts";

/** Even and odd part of the Taylor series of 1/Γ(1 + z), in powers of z². */
const EVEN = [
  1, -0.6558780715202539, 0.16653861138229148, -0.009621971527876973, -0.0011651675918590652,
  0.0001280502823881162, -1.2504934821426706e-6, -2.056338416977607e-7, 5.002007644469223e-9,
  1.0434267116911005e-10, -3.696805618642206e-12, -2.0583260535665066e-14,
];
const ODD = [
  0.5772156649015329, -0.04200263503409524, -0.04219773455554433, 0.0072189432466631, -0.00021524167411495098,
  -2.013485478078824e-5, 1.133027231981696e-6, 6.116095104481416e-9, -1.18127457048702e-9,
  7.782263439905071e-12, 5.100370287454476e-13, -5.348122539423018e-15,
];

const result = new Float64Array(4);

/**
 * Γ₁ = (1/Γ(1 - mu) - 1/Γ(1 + mu)) / 2mu, Γ₂ = (1/Γ(1 - mu) + 1/Γ(1 + mu)) / 2, 1/Γ(1 + mu) and 1/Γ(1 - mu). The
 * array is used again by the next call.
 */
export function temmeOf(mu: number): Float64Array {
  const square = mu * mu;
  const even = polynomial(square, EVEN);
  const odd = polynomial(square, ODD);
  result[0] = -odd;
  result[1] = even;
  result[2] = even + mu * odd;
  result[3] = even - mu * odd;
  return result;
}
