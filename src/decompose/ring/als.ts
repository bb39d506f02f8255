// Alternating least squares for tensor rings: each core in turn is the least-squares solution with the others held
// fixed.

import { conj } from "../../ops/complex.ts";
import { contract, matmul } from "../../ops/contract.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn, key as makeKey } from "../../random/key.ts";
import { eye } from "../../tensor/create.ts";
import { checkAborted } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { modelError } from "../cp/als.ts";
import { leastSquaresUpdate } from "../cp/update.ts";
import type { Ring } from "../types.ts";
import { chainProduct, ringRules } from "./rules.ts";
import type { RingOptions, RingResult } from "./svd.ts";

export interface RingAlsResult extends RingResult {
  /** Sweeps of the start that won. */
  readonly iterations: number;
  readonly converged: boolean;
  /** Relative error after each of its sweeps; below about 1e-8 rounding hides it. */
  readonly history: readonly number[];
}

/** An error that rounding alone can cause: no further start can do better. */
const EXACT = 1e-10;

/**
 * The best of `restarts` runs, the first of which starts from `start`, the others at random with the same ranks (the
 * given ones, if any).
 */
export function refineRing(x: Tensor, start: RingResult, options: RingOptions): RingAlsResult {
  const { restarts = 3, key = makeKey(0), rtol = EXACT } = options;
  const norm = frobenius(x);
  const ranks = options.ranks ?? ringRules.ranks(start);
  let best: RingAlsResult | null = null;
  for (let run = 0; run < Math.max(1, restarts); run++) {
    const from = run === 0 ? start : randomRing(x, ranks, foldIn(key, run));
    const found = alternateRing(x, from, norm, options, run / restarts);
    const error = norm === 0 ? 0 : frobenius(x.sub(ringRules.full(found)).contiguous()) / norm;
    if (!best || error < best.error) best = { ...found, error };
    if (best.error <= Math.max(rtol, EXACT)) break;
  }
  return best!;
}

function randomRing(x: Tensor, ranks: readonly number[], key: Tensor): Ring {
  return {
    kind: "ring",
    cores: x.shape.map((n, k) =>
      normal(foldIn(key, k), [ranks[k]!, n, ranks[(k + 1) % ranks.length]!], { dtype: x.dtype }),
    ),
  };
}

/** A chain of cores and Σ chain ⊗ conj(chain) over its modes, `[r, r', r, r']`. */
interface Chain {
  readonly product: Tensor;
  readonly gram: Tensor;
}

/** The chain of no cores at a bond. */
function emptyChain(rank: number, like: Tensor): Chain {
  const unit = eye(rank, rank, { dtype: like.dtype });
  return { product: reshape(unit, [rank, 1, rank]), gram: contract(unit, unit, { axes: [[], []] }) };
}

function appended(chain: Chain, core: Tensor): Chain {
  const half = contract(chain.gram, core, { axes: [[1], [0]] });
  const gram = contract(half, conj(core), {
    axes: [
      [2, 3],
      [0, 1],
    ],
  });
  return { product: chainProduct([chain.product, core]), gram: transpose(gram, [0, 2, 1, 3]) };
}

function prepended(core: Tensor, chain: Chain): Chain {
  const half = contract(core, chain.gram, { axes: [[2], [0]] });
  const gram = contract(half, conj(core), {
    axes: [
      [1, 3],
      [1, 2],
    ],
  });
  return { product: chainProduct([core, chain.product]), gram: transpose(gram, [0, 1, 3, 2]) };
}

/** X_(k) Kᴴ, `[n, a, b]`, where K is the chain of the other cores: the longer side is summed first. O(size · r²). */
function projected(x: Tensor, k: number, before: Tensor, after: Tensor): Tensor {
  const [z, front, a] = before.shape as [number, number, number];
  const [b, back] = after.shape as [number, number];
  const n = x.shape[k]!;
  const pages = reshape(x, [front, n, back]);
  if (back >= front) {
    const half = contract(pages, conj(after), { axes: [[2], [1]] });
    const sum = contract(half, conj(before), {
      axes: [
        [0, 3],
        [1, 0],
      ],
    });
    return transpose(sum, [0, 2, 1]);
  }
  const half = matmul(
    transpose(conj(before), [0, 2, 1]).reshape([z * a, front]),
    reshape(pages, [front, n * back]),
  );
  const sum = contract(reshape(half, [z, a, n, back]), conj(after), {
    axes: [
      [0, 3],
      [2, 1],
    ],
  });
  return reshape(transpose(sum, [1, 0, 2]), [n, a, b]);
}

/** Sweeps from one start until the error changes by less than `tol`. */
function alternateRing(
  x: Tensor,
  start: Ring,
  norm: number,
  options: RingOptions,
  offset: number,
): Omit<RingAlsResult, "error"> {
  const { tol = 1e-8, maxIterations = 100, restarts = 3 } = options;
  const order = x.ndim;
  const cores = [...start.cores];
  const update = leastSquaresUpdate(0);
  const history: number[] = [];
  let converged = order === 1 || norm === 0;
  let error = Number.POSITIVE_INFINITY;
  while (!converged && history.length < maxIterations) {
    checkAborted(options.signal, "ring");
    const rank = cores[0]!.shape[0]!;
    // after[k]: the cores behind core k.
    const after = new Array<Chain>(order);
    after[order - 1] = emptyChain(rank, x);
    for (let k = order - 1; k > 0; k--) after[k - 1] = prepended(cores[k]!, after[k]!);
    let before = emptyChain(rank, x);
    let next = error;
    for (let k = 0; k < order; k++) {
      const [a, n, b] = cores[k]!.shape as [number, number, number];
      const m = reshape(projected(x, k, before.product, after[k]!.product), [n, a * b]).contiguous();
      // V = K Kᴴ with K[(a, b), …] = Σ_z before[z, …, a] · after[b, …, z].
      const gram = contract(before.gram, after[k]!.gram, {
        axes: [
          [0, 2],
          [1, 3],
        ],
      });
      const v = reshape(transpose(gram, [0, 2, 1, 3]), [a * b, a * b]);
      const solved = update(m, v.add(conj(v.mT())).mul(0.5).contiguous(), m);
      if (k === order - 1) next = modelError(norm, solved, m, v);
      const scale = k === order - 1 ? 1 : frobenius(solved) || 1;
      cores[k] = transpose(reshape(solved.mul(1 / scale), [n, a, b]), [1, 0, 2]).contiguous();
      if (k < order - 1) before = appended(before, cores[k]!);
    }
    history.push(next);
    converged = Math.abs(error - next) < tol;
    error = next;
    options.onProgress?.({
      fraction: Math.min(1, offset + history.length / maxIterations / restarts),
      stage: `ring sweep ${history.length}`,
    });
  }
  return { kind: "ring", cores, iterations: history.length, converged, history };
}
