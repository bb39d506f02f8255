// The secular equation 1 + ρ Σ z_j² / (D_j − λ) = 0 of a rank-one modification of a diagonal matrix, solved so that all
// differences D_j − λ have high relative accuracy, and the vector ẑ for which the computed roots are exact (Löwner).
// Sources: Gu and Eisenstat, "A divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem" (1995) and
// "… for the bidiagonal SVD" (1995); Li, "Solving secular equations stably and efficiently" (1993).
import { PolyadicError } from "../../tensor/errors.ts";

const CAP = 200;
const EPS = 2 ** -52;

/** How far a root is from the poles: D_j − λ = gaps_j − shift, with gaps measured from the pole `origin`. */
export interface Root {
  readonly origin: number;
  readonly shift: number;
}

/**
 * The root number i (0 … k − 1) of the secular equation with ascending poles D_j = d_j, or d_j² when `squared`
 * (d_j >= 0), squared weights z2 > 0 and ρ > 0. Writes D_j − λ into `out[at + j]`. O(k) per iteration, few iterations.
 */
export function secularRoot(
  d: Float64Array,
  squared: boolean,
  z2: Float64Array,
  rho: number,
  k: number,
  i: number,
  out: Float64Array,
  at: number,
): Root {
  const isLast = i === k - 1;
  const inverse = 1 / rho;
  const pole = (j: number, origin: number): number =>
    squared ? (d[j] - d[origin]) * (d[j] + d[origin]) : d[j] - d[origin];
  // Which end of the interval is nearer decides from where distances are measured.
  let width = 0;
  let origin = i;
  if (isLast) {
    for (let j = 0; j < k; j++) width += z2[j];
    width *= rho;
  } else {
    width = pole(i + 1, i);
    let middle = inverse;
    for (let j = 0; j < k; j++) middle += z2[j] / (pole(j, i) - width / 2);
    if (middle < 0) origin = i + 1;
  }
  for (let j = 0; j < k; j++) out[at + j] = pole(j, origin);
  // The root lies between low and high; where distances are measured from the right end they are negative.
  let low = origin === i ? 0 : -width / 2;
  let high = origin !== i ? 0 : isLast ? width * (1 + 4 * EPS) : width / 2;
  let tau = (low + high) / 2;
  for (let iteration = 0; ; iteration++) {
    if (iteration === CAP) throw new PolyadicError(`secular equation: root ${i} of ${k} was not found`);
    let psi = 0;
    let psiSlope = 0;
    let phi = 0;
    let phiSlope = 0;
    for (let j = 0; j <= i; j++) {
      const t = 1 / (out[at + j] - tau);
      const term = z2[j] * t;
      psi += term;
      psiSlope += term * t;
    }
    for (let j = i + 1; j < k; j++) {
      const t = 1 / (out[at + j] - tau);
      const term = z2[j] * t;
      phi += term;
      phiSlope += term * t;
    }
    const f = inverse + psi + phi;
    const bound = EPS * (inverse + 8 * (phi - psi) + Math.abs(tau) * (psiSlope + phiSlope));
    if (Math.abs(f) <= bound) break;
    if (f < 0) low = tau;
    else high = tau;
    const left = out[at + i] - tau;
    let step: number;
    if (isLast) {
      const c = f - left * psiSlope;
      step = left + (left * left * psiSlope) / c;
    } else {
      const right = out[at + i + 1] - tau;
      const c = f - left * psiSlope - right * phiSlope;
      const a = (left + right) * f - left * right * (psiSlope + phiSlope);
      const b = left * right * f;
      const root = Math.sqrt(Math.max(0, a * a - 4 * b * c));
      step = a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
    }
    // f rises with tau, so a step must go against its sign; else Newton, and bisection where that leaves the bracket.
    if (!(f * step < 0)) step = -f / (psiSlope + phiSlope);
    let next = tau + step;
    if (!(next > low && next < high) || iteration % 20 === 19) next = (low + high) / 2;
    if (next === tau || next === low || next === high) break;
    tau = next;
  }
  for (let j = 0; j < k; j++) out[at + j] -= tau;
  return { origin, shift: tau };
}

/**
 * The weights for which the computed roots are exact, so that vectors formed from them are orthogonal to working
 * precision: ẑ_j² = Π_i (λ_i − D_j) / Π_{i ≠ j} (D_i − D_j), up to a common factor, with the signs of z.
 * `gaps[j + i * k]` holds D_j − λ_i. O(k²).
 */
export function lowner(
  d: Float64Array,
  squared: boolean,
  gaps: Float64Array,
  z: Float64Array,
  k: number,
  out: Float64Array,
): void {
  out.fill(1, 0, k);
  for (let i = 0; i < k; i++) {
    const column = i * k;
    const di = d[i];
    for (let j = 0; j < k; j++) {
      if (j === i) out[j] *= gaps[column + j];
      else {
        const gap = squared ? (d[j] - di) * (d[j] + di) : d[j] - di;
        out[j] *= gaps[column + j] / gap;
      }
    }
  }
  for (let j = 0; j < k; j++) {
    const size = Math.sqrt(Math.abs(out[j]));
    out[j] = z[j] < 0 ? -size : size;
  }
}
