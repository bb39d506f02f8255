// Stochastic reconfiguration: variational Monte Carlo along the natural gradient, in the form that solves a system of the size of
// the sample. Sources: Sorella, "Green function Monte Carlo with stochastic reconfiguration" (1998); Chen and Heyl, "Empowering
// deep neural quantum states through efficient optimization" (2024).

import { jit } from "../compiler/jit.ts";
import { cholesky } from "../linalg/systems/cholesky.ts";
import { solveTriangular } from "../linalg/systems/solveTriangular.ts";
import { matmul } from "../ops/contract.ts";
import { concat } from "../ops/join.ts";
import { mT } from "../ops/movement.ts";
import { ravelTree } from "../optim/blocks/ravelTree.ts";
import { perSampleJacobian } from "../optim/curvature/perSample.ts";
import { checkPositive } from "../tensor/check.ts";
import { eye } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ansatz } from "./antn.ts";

export interface ReconfigurationOptions {
  /** First step in imaginary time, 0.3 unless told; it falls to 0 along half a cosine. */
  readonly learningRate?: number;
  /** Added to the matrix, as a share of its mean eigenvalue; 3e-3 unless told. */
  readonly damping?: number;
  /** Largest change of the state in a step, as an angle to first order; 0.2 unless told. */
  readonly maxChange?: number;
}

/** New parameters from samples `[N, sites]`, their local energies `[N]` and the step in imaginary time. */
export type ReconfigurationStep<P> = (params: P, x: Tensor, energies: Tensor, rate: number) => P;

/** Samples whose derivatives are taken in one call: all at once may need more memory than a program can have. */
const CHUNK = 64;

/**
 * Steps θ ← θ + rate · Oᵀ (O Oᵀ + λ)⁻¹ ε with the centred rows O = ∇ log |ψ| / √N of N samples, and ε the centred local energies
 * over -√N. O(N² P + N³) for P parameters, besides N gradients.
 *
 * Throws DomainError for options that are not above 0.
 */
export function reconfigurationStep<P>(
  ansatz: Ansatz<P>,
  options: ReconfigurationOptions,
): ReconfigurationStep<P> {
  const { damping = 3e-3, maxChange = 0.2 } = options;
  checkPositive("vmc: reconfiguration.damping", damping);
  checkPositive("vmc: reconfiguration.maxChange", maxChange);
  const logAbs = (p: P, one: Tensor): Tensor => ansatz.logProb(p, one.expandDims(0)).div(2);
  const derivatives = jit((params: P, x: Tensor) =>
    perSampleJacobian(logAbs, params, x).reshape([x.shape[0]!, -1]),
  );
  const direction = jit((jacobian: Tensor, energies: Tensor) => {
    const n = jacobian.shape[0]!;
    const rows = jacobian.sub(jacobian.mean({ axis: 0, keepDims: true })).div(Math.sqrt(n));
    const gram = matmul(rows, mT(rows));
    const shift = gram
      .mul(eye(n))
      .sum()
      .mul(damping / n);
    const l = cholesky(gram.add(eye(n).mul(shift)));
    const epsilon = energies.sub(energies.mean()).div(-Math.sqrt(n));
    const z = solveTriangular(l, epsilon, { lower: true });
    const dual = solveTriangular(mT(l).contiguous(), z, { lower: false });
    const step = matmul(mT(rows), dual);
    return { step, change: matmul(rows, step).square().sum().sqrt() };
  });
  return (params, x, energies, rate) => {
    const n = x.shape[0]!;
    const parts: Tensor[] = [];
    for (let first = 0; first < n; first += CHUNK)
      parts.push(derivatives(params, x.at(`${first}:${Math.min(n, first + CHUNK)}`)));
    const { step, change } = direction(concat(parts, 0), energies);
    const most = maxChange / change.item();
    const { vector, unravel } = ravelTree(params);
    return unravel(vector.add(step.mul(Math.min(rate, most))));
  };
}
