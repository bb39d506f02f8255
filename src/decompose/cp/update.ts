// How one factor of a CP model is renewed, the others held fixed, from M = mttkrp and the Hadamard product V of the
// other Gram matrices: the minimiser of ‖X_(k) - U Kᵀ‖ solves U V = M. Tucker's non-negative factors obey the same
// equation.

import { solvePositive } from "../../linalg/systems/solve.ts";
import { matmul } from "../../ops/contract.ts";
import { diagonal, mT } from "../../ops/movement.ts";
import { eye } from "../../tensor/create.ts";
import { allocate } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** (M `[n, r]`, V `[r, r]`, the factor before) → the factor `[n, r]`. */
export type FactorUpdate = (m: Tensor, v: Tensor, previous: Tensor) => Tensor;

/**
 * Least squares by Cholesky, with `ridge` times the mean eigenvalue of V added; a matrix that is not numerically
 * definite gets 1e-12 of it, then more. V = 0 gives U = 0. O(r³ + n r²).
 */
export function leastSquaresUpdate(ridge: number): FactorUpdate {
  return (m, v) => {
    const r = v.shape[0]!;
    const mean = diagonal(v).real().sum().item() / r;
    if (mean === 0) return m.mul(0);
    const unit = eye(r, r, { dtype: v.dtype });
    for (let shift = ridge * mean; ; shift = Math.max(1e-12 * mean, 100 * shift)) {
      try {
        // U V = M with Hermitian V: solve Vᵀ Uᵀ = Mᵀ.
        return mT(
          solvePositive(mT(shift > 0 ? v.add(unit.mul(shift)) : v).contiguous(), mT(m).contiguous()),
        ).contiguous();
      } catch (error) {
        if (!(error instanceof DomainError) || !(shift < mean)) throw error;
      }
    }
  };
}

/**
 * Entries of non-negative factors never fall to zero entirely, or columns could die. Relative to the largest entry of
 * the factor.
 */
const FLOOR = 1e-16;

function largestEntry(data: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) if (data[i]! > largest) largest = data[i]!;
  return largest;
}

/** What a column of a factor should become without the others, and the sum of the others, `[n]` each. */
class Column {
  /** v_cc u_c + m_c − U v_c */
  readonly goal: Float64Array;
  /** s = Σ_{e≠c} u_e */
  readonly others: Float64Array;
  readonly #r: number;

  constructor(n: number, r: number) {
    this.goal = new Float64Array(n);
    this.others = new Float64Array(n);
    this.#r = r;
  }

  /** From the factor `[n, r]`, M and V, all row by row. O(n r). */
  set(u: ArrayLike<number>, m: ArrayLike<number>, v: ArrayLike<number>, c: number): void {
    const { goal, others } = this;
    const r = this.#r;
    const own = v[c * r + c]!;
    for (let i = 0; i < goal.length; i++) {
      const row = i * r;
      let product = 0;
      let sum = 0;
      for (let j = 0; j < r; j++) {
        product += u[row + j]! * v[j * r + c]!;
        sum += u[row + j]!;
      }
      goal[i] = own * u[row + c]! + (m[row + c]! - product);
      others[i] = sum - u[row + c]!;
    }
  }

  /**
   * How many times s is charged: `weight`, but at most the multiplier of the constraint u_cᵀ s = 0, beyond which the column
   * would be emptied.
   */
  charge(weight: number): number {
    if (weight === 0) return 0;
    const { goal, others } = this;
    let overlap = 0;
    let length = 0;
    for (let i = 0; i < goal.length; i++) {
      overlap += goal[i]! * others[i]!;
      length += others[i]! ** 2;
    }
    return overlap > 0 ? Math.min(weight, overlap / length) : 0;
  }
}

/**
 * Hierarchical alternating least squares: u_c ← max(ε, u_c + (m_c - U v_c) / v_cc), column after column (Cichocki and
 * Phan 2009). Two passes, since they are cheap next to M. With `apart`, the objective has apart · Σ_{c≠e} u_cᵀ u_e, of which a column
 * pays no more than what makes it orthogonal to the others; Infinity is the update of Kimura, Tanaka and Kudo, "A fast hierarchical
 * alternating least squares algorithm for orthogonal nonnegative matrix factorization" (2014). O(n r²).
 */
export const penalizedHalsUpdate =
  (apart: number): FactorUpdate =>
  (m, v, previous) => {
    const [n, r] = m.shape as [number, number];
    const out = allocate(m.dtype, n * r);
    out.set(previous.data());
    const target = m.data();
    const gram = v.data();
    const column = new Column(n, r);
    const { goal, others } = column;
    for (let pass = 0; pass < 2; pass++) {
      const floor = FLOOR * largestEntry(out);
      for (let c = 0; c < r; c++) {
        const weight = gram[c * r + c]!;
        if (weight <= 0) continue;
        column.set(out, target, gram, c);
        const charge = column.charge(apart);
        for (let i = 0; i < n; i++)
          out[i * r + c] = Math.max(floor, (goal[i]! - charge * others[i]!) / weight);
      }
    }
    return new Tensor(out, [n, r], m.dtype);
  };

export const halsUpdate: FactorUpdate = penalizedHalsUpdate(0);

/**
 * Multiplicative update: U ← U ∘ M / (U V + l1), which keeps signs (Lee and Seung 2001); `l1` weighs the sum of the
 * entries in the objective, `apart` the overlap of columns as in `penalizedHalsUpdate`. O(n r²).
 */
export const penalizedMultiplicativeUpdate =
  (l1: number, apart = 0): FactorUpdate =>
  (m, v, previous) => {
    const [n, r] = m.shape as [number, number];
    const denominator = Float64Array.from(matmul(previous, v).data());
    const target = m.data();
    const from = previous.data();
    if (apart > 0) {
      const column = new Column(n, r);
      for (let c = 0; c < r; c++) {
        column.set(from, target, v.data(), c);
        const charge = column.charge(apart);
        for (let i = 0; i < n; i++) denominator[i * r + c]! += charge * column.others[i]!;
      }
    }
    const floor = FLOOR * largestEntry(from);
    const out = allocate(m.dtype, from.length);
    for (let i = 0; i < from.length; i++) {
      const below = denominator[i]! + l1;
      out[i] = below > 0 ? Math.max(floor, (from[i]! * Math.max(0, target[i]!)) / below) : 0;
    }
    return new Tensor(out, m.shape, m.dtype);
  };

export const multiplicativeUpdate: FactorUpdate = penalizedMultiplicativeUpdate(0);
