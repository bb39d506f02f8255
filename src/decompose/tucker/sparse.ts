// Tucker decomposition of a sparse tensor by HOOI on its entries (Kolda and Sun, "Scalable tensor decompositions for
// multi-aspect data mining", 2008): the tensor is never densified, only its projections `[n_k, Π_{j≠k} r_j]` are
// formed.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { matmul } from "../../ops/contract.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn, type Key, key as makeKey } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkRanks } from "../base/input.ts";
import { checkSparse, type SparseTensor, sparseNorm, sparseProject } from "../base/sparse.ts";
import { mergeRepeated } from "../base/sparseEntries.ts";
import { leftBasis } from "../base/truncation.ts";
import { adjoint, fold } from "../base/unfold.ts";
import { type HooiOptions, type HooiResult, projectionError, settled } from "./hooi.ts";

export interface SparseTuckerOptions extends HooiOptions {
  /** One rank a mode; a rank above the product of the others is lowered to it. */
  readonly ranks: readonly number[];
  /** Of the random orthonormal start; key(0) unless told. */
  readonly key?: Key;
}

/**
 * Tucker decomposition of a sparse tensor at given ranks, with orthonormal factors. The error, sqrt(‖X‖² − ‖core‖²) /
 * ‖X‖, counts missing entries as zeros. A sweep costs O(entries · Σ_k Π_{j≠k} r_j + Σ_k n_k (Π_{j≠k} r_j)²).
 *
 * @throws ShapeError for indices outside the shape; DomainError for a tensor without entries, values that are not
 * finite, or ranks outside 1 … n_k.
 */
export function sparseTucker(given: SparseTensor, options: SparseTuckerOptions): HooiResult {
  checkSparse(given, "tucker");
  const { ranks, tol = 1e-8, maxIterations = 50, truncation = "auto", key = makeKey(0) } = options;
  if (!ranks) throw new DomainError("tucker: a sparse tensor needs ranks");
  checkRanks(ranks, given.shape, "tucker: ranks");
  const x = mergeRepeated(given);
  const norm = sparseNorm(x);
  const factors: Tensor[] = x.shape.map((n, k) => qr(normal(foldIn(key, k), [n, ranks[k]!])).q);
  const last = factors.length - 1;
  const history: number[] = [];
  let core: Tensor | null = null;
  let error = 1;
  let converged = false;
  while (history.length < maxIterations && !converged) {
    checkAborted(options.signal, "tucker");
    for (let mode = 0; mode <= last; mode++) {
      const projected = sparseProject(x, factors, mode);
      factors[mode] = leftBasis(projected, 0, { rank: ranks[mode]!, method: truncation }, norm).u;
      if (mode < last) continue;
      const shape = factors.map((u) => u.shape[1]!);
      core = fold(matmul(adjoint(factors[mode]!), projected), mode, shape).contiguous();
    }
    const next = projectionError(norm, core!);
    // The random start has no error worth comparing with.
    converged = history.length > 0 ? settled(error, next, tol) : norm === 0;
    error = next;
    history.push(error);
    options.onProgress?.({ fraction: history.length / maxIterations, stage: "hooi" });
  }
  return { kind: "tucker", core: core!, factors, error, iterations: history.length, converged, history };
}
