// The orthogonal matrix nearest to a small square one, many times over: products of matrices where they do, the singular value
// decomposition where they do not.

import { device } from "../../device/current.ts";
import { polar } from "../../linalg/orthogonal/polar.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";

/** Steps at most; each multiplies small singular values by nearly 3/2. */
const MOST_STEPS = 16;
/** After so many steps, a singular value that is still small was below a fiftieth of the norm: `polar` is cheaper. */
const STEPS_OF_TRIAL = 8;
const STILL_SMALL = 0.5;
/** ‖XᵀX − I‖ at which the step under way, which squares it, is the last. */
const NEARLY = 1e-8;

/**
 * U Vᵀ of a square matrix U S Vᵀ, by the Newton-Schulz iteration X ← X (3 I − XᵀX) / 2 from the matrix over its norm.
 * Matrices near a multiple of an orthogonal one, as averages of gradients are, take few steps; a matrix without
 * full rank, or nearly so, goes to `polar`. O(n³). The matrix must not be 0.
 */
export function nearestOrthogonal(d: Tensor): Tensor {
  const n = d.shape[0]!;
  const given = d.contiguous().data() as Float64Array;
  const scale = 1 / spectralBound(given, n);
  let x: Float64Array = given.map((value) => value * scale);
  let next: Float64Array = new Float64Array(n * n);
  const gram = new Float64Array(n * n);
  for (let step = 0; step < MOST_STEPS; step++) {
    device.gemm(
      "float64",
      n,
      n,
      n,
      { data: x, offset: 0, rowStride: 1, columnStride: n },
      { data: x, offset: 0, rowStride: n, columnStride: 1 },
      { data: gram, offset: 0, rowStride: n },
    );
    let gap = 0;
    for (let i = 0, at = 0; i < n; i++)
      for (let j = 0; j < n; j++, at++) {
        const value = gram[at]! - (i === j ? 1 : 0);
        gap += value * value;
        gram[at] = (i === j ? 1 : 0) - value / 2;
      }
    if (step === STEPS_OF_TRIAL && gap > STILL_SMALL) break;
    device.gemm(
      "float64",
      n,
      n,
      n,
      { data: x, offset: 0, rowStride: n, columnStride: 1 },
      { data: gram, offset: 0, rowStride: n, columnStride: 1 },
      { data: next, offset: 0, rowStride: n },
    );
    [x, next] = [next, x];
    if (gap < NEARLY * NEARLY) return fromTypedArray(x, [n, n], "float64");
  }
  return polar(d).u;
}

/** At least the largest singular value, and seldom far above it: √(‖DᵀD‖ in the maximum norm of rows). */
function spectralBound(d: Float64Array, n: number): number {
  const size = frobenius(fromTypedArray(d, [n, n], "float64"));
  const gram = new Float64Array(n * n);
  const x = d.map((value) => value / size);
  device.gemm(
    "float64",
    n,
    n,
    n,
    { data: x, offset: 0, rowStride: 1, columnStride: n },
    { data: x, offset: 0, rowStride: n, columnStride: 1 },
    { data: gram, offset: 0, rowStride: n },
  );
  let top = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(gram[i * n + j]!);
    top = Math.max(top, sum);
  }
  return size * Math.sqrt(top);
}
