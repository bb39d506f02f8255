// How one factor of a CP model is renewed, the others held fixed, from M = mttkrp and the Hadamard product V of the other Gram
// matrices: the minimiser of ‖X_(k) - U Kᵀ‖ solves U V = M.

import { solvePositive } from "../linalg/solve.ts";
import { matmul } from "../ops/contract.ts";
import { diagonal, mT } from "../ops/movement.ts";
import { eye } from "../tensor/create.ts";
import { allocate } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";

export type FactorUpdate = (m: Tensor, v: Tensor, previous: Tensor) => Tensor;

/** Least squares by Cholesky; a matrix that is not numerically definite gets a ridge of 1e-12 · trace / r, then more. */
export function leastSquaresUpdate(ridge: number): FactorUpdate {
  return (m, v) => {
    const r = v.shape[0]!;
    const trace = diagonal(v).real().sum().item();
    const unit = eye(r, r, { dtype: v.dtype });
    for (let shift = ridge * (trace / r); ; shift = Math.max(1e-12 * (trace / r), 100 * shift)) {
      try {
        // U V = M with Hermitian V: solve Vᵀ Uᵀ = Mᵀ.
        return mT(
          solvePositive(mT(shift > 0 ? v.add(unit.mul(shift)) : v).contiguous(), mT(m).contiguous()),
        ).contiguous();
      } catch (error) {
        if (!(error instanceof DomainError) || !(shift < trace)) throw error;
      }
    }
  };
}

/** Entries of non-negative factors never fall to zero entirely, or columns could die. */
const FLOOR = 1e-12;

/** Hierarchical alternating least squares: u_c ← max(ε, u_c + (m_c - U v_c) / v_cc), column after column (Cichocki and Phan 2009). */
export const halsUpdate: FactorUpdate = (m, v, previous) => {
  const [n, r] = m.shape as [number, number];
  const out = allocate(m.dtype, n * r);
  out.set(previous.data());
  const target = m.data();
  const gram = v.data();
  for (let c = 0; c < r; c++) {
    const weight = gram[c * r + c]!;
    if (weight <= 0) continue;
    for (let i = 0; i < n; i++) {
      let product = 0;
      for (let j = 0; j < r; j++) product += out[i * r + j]! * gram[j * r + c]!;
      out[i * r + c] = Math.max(FLOOR, out[i * r + c]! + (target[i * r + c]! - product) / weight);
    }
  }
  return new Tensor(out, [n, r], m.dtype);
};

/** Multiplicative update: U ← U ∘ M / (U V), which keeps signs (Lee and Seung 2001). */
export const multiplicativeUpdate: FactorUpdate = (m, v, previous) =>
  previous.mul(m.maximum(FLOOR)).div(matmul(previous, v).add(FLOOR));
