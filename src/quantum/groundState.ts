// The exact ground state of small systems.

import { eigsh } from "../linalg/krylov/eigsh.ts";
import type { IterationOptions } from "../tensor/progress.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { LocalHamiltonian } from "./hamiltonian.ts";

export interface GroundState {
  readonly energy: number;
  /** `[d^sites]`, of length 1. */
  readonly state: Tensor;
  /** To the next energy. */
  readonly gap: number;
  readonly converged: boolean;
}

/**
 * The lowest energy and its state by Lanczos' method on the sparse matrix, for up to about 20 spins. O(nnz) a product.
 *
 * @throws DomainError for more than 2^24 states; AbortedError.
 */
export function groundState(hamiltonian: LocalHamiltonian, options: IterationOptions = {}): GroundState {
  const { values, vectors, converged } = eigsh(hamiltonian.asSparse(), {
    k: 2,
    which: "smallest",
    ...options,
  });
  const energy = values.item(0);
  return { energy, state: vectors.at(":", 0).contiguous(), gap: values.item(1) - energy, converged };
}
