// The tensor train and its algorithms: Oseledets, "Tensor-train decomposition" (2011).

import { qr } from "../../linalg/orthogonal/qr.ts";
import { matmul } from "../../ops/contract.ts";
import { reshape } from "../../ops/movement.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { checkInput, checkRanks, checkTolerance } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { splitMatrix, type TruncationMethod } from "../base/truncation.ts";
import { adjoint } from "../base/unfold.ts";
import type { TT } from "../types.ts";

export interface TtOptions extends IterationOptions {
  /** Largest relative error. */
  readonly rtol?: number;
  /** The d - 1 inner ranks. */
  readonly ranks?: readonly number[];
  readonly maxRank?: number;
  readonly truncation?: TruncationMethod;
}

/** A train with the relative error that it is known to have. */
export interface TtResult extends TT {
  /** sqrt(Σ_k τ_k²) / ‖X‖: the error itself, because each step projects what the former left. */
  readonly error: number;
}

/** The largest inner ranks that a train of this shape can need. */
export function maximalRanks(shape: readonly number[]): number[] {
  const left: number[] = [];
  const right: number[] = [];
  let size = 1;
  for (let k = 0; k < shape.length - 1; k++) left.push((size *= shape[k]!));
  size = 1;
  for (let k = shape.length - 1; k > 0; k--) right.unshift((size *= shape[k]!));
  return left.map((n, k) => Math.min(n, right[k]!));
}

/**
 * TT-SVD, left to right: each step cuts off at most rtol·‖X‖/√(d-1), so the error is at most rtol·‖X‖ and at most
 * √(d-1) times that of the best train of these ranks. O(size · n_0) for the first step, less for each next one.
 *
 * @throws ShapeError for a scalar or empty tensor, DomainError for entries that are not finite, a tolerance outside
 * [0, 1) or impossible ranks.
 */
export function tt(x: Tensor, options: TtOptions): TtResult {
  const input = checkInput(x, "tt");
  const { rtol, ranks, maxRank } = options;
  if (rtol === undefined && !ranks && maxRank === undefined)
    throw new DomainError("tt: one of rtol, ranks and maxRank was expected");
  if (rtol !== undefined) checkTolerance(rtol, "tt");
  if (ranks) checkRanks(ranks, maximalRanks(x.shape), "tt: ranks");
  const unit = rangeScale(input);
  if (unit === 1) return ttSvd(input, options);
  const { cores, ...fit } = ttSvd(input.div(unit), options);
  return { ...fit, cores: [...cores.slice(0, -1), cores.at(-1)!.mul(unit)] };
}

/** `tt` without its checks. */
export function ttSvd(x: Tensor, options: TtOptions): TtResult {
  const { rtol = 0, ranks, maxRank, truncation = "auto" } = options;
  const { shape } = x;
  const order = shape.length;
  const norm = frobenius(x);
  const delta = (rtol * norm) / Math.sqrt(Math.max(1, order - 1));
  const cores: Tensor[] = [];
  let rest = x;
  let r = 1;
  let spent = 0;
  for (let k = 0; k < order - 1; k++) {
    checkAborted(options.signal, "tt");
    const matrix = reshape(rest, [r * shape[k]!, -1]);
    // Given ranks may exceed what an earlier cut left over.
    const rank = ranks && Math.min(ranks[k]!, matrix.shape[0]!, matrix.shape[1]!);
    const split = splitMatrix(
      matrix,
      {
        delta,
        method: truncation,
        ...(rank !== undefined && { rank }),
        ...(maxRank !== undefined && { maxRank }),
      },
      norm,
    );
    const next = split.u.shape[1]!;
    cores.push(reshape(split.u, [r, shape[k]!, next]));
    rest = split.rest;
    spent += split.discarded;
    r = next;
    options.onProgress?.({ fraction: (k + 1) / (order - 1), stage: `core ${k}` });
  }
  cores.push(reshape(rest, [r, shape[order - 1]!, 1]));
  return { kind: "tt", cores, error: norm === 0 ? 0 : Math.sqrt(spent) / norm };
}

/**
 * The same tensor with cores left of `pivot` left-orthogonal and cores right of it right-orthogonal; the norm of the
 * tensor is then that of the pivot core. O(Σ n r³).
 */
export function ttOrthogonalize(train: TT, pivot = 0): TT {
  const cores = [...train.cores];
  for (let k = 0; k < pivot; k++) {
    const [r0, n, r1] = cores[k]!.shape as [number, number, number];
    const { q, r } = qr(reshape(cores[k]!, [r0 * n, r1]));
    cores[k] = reshape(q, [r0, n, q.shape[1]!]);
    cores[k + 1] = absorbLeft(r, cores[k + 1]!);
  }
  for (let k = cores.length - 1; k > pivot; k--) {
    const [r0, n, r1] = cores[k]!.shape as [number, number, number];
    const { q, r } = qr(adjoint(reshape(cores[k]!, [r0, n * r1])).contiguous());
    cores[k] = reshape(adjoint(q), [q.shape[1]!, n, r1]);
    cores[k - 1] = absorbRight(cores[k - 1]!, adjoint(r));
  }
  return { kind: "tt", cores };
}

/** matrix · core, over the core's first rank. */
export function absorbLeft(matrix: Tensor, core: Tensor): Tensor {
  const [r0, n, r1] = core.shape as [number, number, number];
  return reshape(matmul(matrix, reshape(core, [r0, n * r1])), [matrix.shape[0]!, n, r1]);
}

/** core · matrix, over the core's last rank. */
export function absorbRight(core: Tensor, matrix: Tensor): Tensor {
  const [r0, n, r1] = core.shape as [number, number, number];
  return reshape(matmul(reshape(core, [r0 * n, r1]), matrix), [r0, n, matrix.shape[1]!]);
}

/** A train recompressed: QR from right to left, truncated SVD from left to right. Error as for `tt`. O(Σ n r³). */
export function ttRound(
  train: TT,
  options: { readonly rtol?: number; readonly ranks?: readonly number[]; readonly maxRank?: number },
): TtResult {
  const { rtol = 0, ranks, maxRank } = options;
  checkTolerance(rtol, "ttRound");
  const order = train.cores.length;
  const { cores: orthogonal } = ttOrthogonalize(train, 0);
  const cores = [...orthogonal];
  const norm = frobenius(cores[0]!);
  const delta = (rtol * norm) / Math.sqrt(Math.max(1, order - 1));
  let spent = 0;
  for (let k = 0; k < order - 1; k++) {
    const [r0, n, r1] = cores[k]!.shape as [number, number, number];
    const matrix = reshape(cores[k]!, [r0 * n, r1]);
    const rank = ranks && Math.min(ranks[k]!, r0 * n, r1);
    const split = splitMatrix(
      matrix,
      {
        delta,
        method: ranks ? "svd" : "auto",
        ...(rank !== undefined && { rank }),
        ...(maxRank !== undefined && { maxRank }),
      },
      norm,
    );
    spent += split.discarded;
    cores[k] = reshape(split.u, [r0, n, split.u.shape[1]!]);
    cores[k + 1] = absorbLeft(split.rest, cores[k + 1]!);
  }
  return { kind: "tt", cores, error: norm === 0 ? 0 : Math.sqrt(spent) / norm };
}
