// How well a Gaussian process in feature form predicts observations that it has not seen, with the noise that suits them best.

import { eigh } from "../../linalg/spectral/eigh.ts";
import { matmul } from "../../ops/contract.ts";
import { mT } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface HeldOutFit {
  /** -Σ log p(y_i | seen) over the held-out observations, at the noise below. */
  readonly loss: number;
  /** log σ² */
  readonly logNoise: number;
}

const LEAST = Math.log(1e-6);
const MOST = Math.log(10);
const GRID = 48;
const REFINEMENTS = 24;

/**
 * y = G w + noise with w ~ N(0, I): the log σ² with which predictions from `seen` (features `[N, R]`, y `[N]`) give those of
 * `held` the largest density. A grid of log σ² over all that standardised values can need, then a golden section around its best
 * point. O(N R² + R³) once, O(M R) for each σ².
 */
export function heldOutFit(
  seen: { readonly g: Tensor; readonly y: Tensor },
  held: { readonly g: Tensor; readonly y: Tensor },
): HeldOutFit {
  const { values: w, vectors: v } = eigh(matmul(mT(seen.g), seen.g));
  const values = (w.data() as Float64Array).map((value) => Math.max(value, 0));
  const q = matmul(mT(v), matmul(mT(seen.g), seen.y))
    .contiguous()
    .data() as Float64Array;
  const p = matmul(held.g, v).contiguous().data() as Float64Array;
  const y = held.y.contiguous().data() as Float64Array;
  const r = values.length;
  const loss = (logNoise: number): number => {
    const noise = Math.exp(logNoise);
    let sum = 0;
    for (let i = 0; i < y.length; i++) {
      let mean = 0;
      let spread = 1;
      for (let k = 0; k < r; k++) {
        const share = p[i * r + k]! / (values[k]! + noise);
        mean += share * q[k]!;
        spread += share * p[i * r + k]!;
      }
      const variance = noise * spread;
      sum += Math.log(2 * Math.PI * variance) + (y[i]! - mean) ** 2 / variance;
    }
    return sum / 2;
  };
  const step = (MOST - LEAST) / GRID;
  let best = LEAST;
  let lowest = loss(best);
  for (let i = 1; i <= GRID; i++) {
    const here = loss(LEAST + i * step);
    if (here < lowest) [best, lowest] = [LEAST + i * step, here];
  }
  const golden = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [best - step, best + step];
  for (let i = 0; i < REFINEMENTS; i++) {
    const [c, d] = [b - golden * (b - a), a + golden * (b - a)];
    if (loss(c) < loss(d)) b = d;
    else a = c;
  }
  const logNoise = (a + b) / 2;
  return { loss: loss(logNoise), logNoise };
}
