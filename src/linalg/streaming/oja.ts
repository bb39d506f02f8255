// Oja's rule for the leading eigenvector of a stream.
// Source: Oja, "Simplified neuron model as a principal component analyzer", J. Math. Biol. 15 (1982).

import { sphere } from "../../random/sphere.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { norm2 } from "../kernels/vector.ts";
import { checkDimension, entriesOf, type StreamFold } from "./fold.ts";

export interface OjaOptions {
  /** d, the length of a row. */
  readonly dimension: number;
  /** How far a row moves the vector; about ln d / λ₁ with λ₁ that of AᵀA. */
  readonly rate: number;
}

export interface OjaState {
  readonly z: Float64Array;
  /** Σ (aᵀz)² along the way. */
  energy: number;
}

/**
 * A fold that moves z ← z + rate · a (aᵀz) and normalizes it, row by row. The estimate of the eigenvalue is Σ (aᵀz)² along the way.
 * O(d) a row and d numbers of memory; all depends on the rate.
 *
 * @throws DomainError for a dimension or rate out of range; `push` as that of `streamTopEigenvector`.
 */
export function oja({ dimension: d, rate }: OjaOptions): StreamFold<OjaState> {
  checkDimension("oja", d);
  if (!(rate > 0 && Number.isFinite(rate)))
    throw new DomainError(`oja: rate must be finite and > 0, got ${rate}`);
  return {
    init: (key) => ({ z: Float64Array.from(sphere(key, [d]).data()), energy: 0 }),
    push: (state, rows) => {
      const data = entriesOf("oja", rows, d);
      const { z } = state;
      for (let at = 0; at < data.length; at += d) {
        let dot = 0;
        for (let c = 0; c < d; c++) dot += data[at + c] * z[c];
        if (dot === 0) continue;
        state.energy += dot * dot;
        for (let c = 0; c < d; c++) z[c] += rate * dot * data[at + c];
        const size = norm2(z, 0, d);
        for (let c = 0; c < d; c++) z[c] /= size;
      }
      return state;
    },
    finish: ({ z, energy }) => ({
      vector: new Tensor(z.slice(), [d], "float64"),
      eigenvalue: energy,
      heavyRows: 0,
      storedFloats: d,
      converged: energy > 0,
    }),
  };
}
