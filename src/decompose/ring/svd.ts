// Tensor rings by a sequence of singular value decompositions: Zhao, Zhou, Xie, Zhang, Cichocki, "Tensor ring
// decomposition" (2016).

import { concat } from "../../ops/join.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import type { Key } from "../../random/key.ts";
import { zeros } from "../../tensor/create.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { gramFloor, splitMatrix, type Truncation, type TruncationMethod } from "../base/truncation.ts";
import type { Ring } from "../types.ts";
import { rotated } from "./rules.ts";

export interface RingOptions extends IterationOptions {
  /** Largest relative error (of the SVD start with `als`). */
  readonly rtol?: number;
  /** The d ranks; `ranks[k]` lies between modes k - 1 and k, `ranks[0]` closes the ring. */
  readonly ranks?: readonly number[];
  readonly maxRank?: number;
  /**
   * `svd` (default), or `als`: alternating least squares from the SVD and from random starts, the best of which is
   * returned.
   */
  readonly method?: "svd" | "als";
  /** The mode at which the ring is cut open: the SVD starts with it. 0 unless told. */
  readonly split?: number;
  readonly truncation?: TruncationMethod;
  /** For the random starts of `als`; key(0) unless told. */
  readonly key?: Key;
  /** `als`: change of the relative error at which to stop; 1e-8 unless told. */
  readonly tol?: number;
  /** `als`: sweeps of each start; 100 unless told. */
  readonly maxIterations?: number;
  /** `als`: number of starts; 3 unless told. */
  readonly restarts?: number;
}

/** A ring with its relative error: known from the cuts (`svd`), measured (`als`). */
export interface RingResult extends Ring {
  readonly error: number;
}

/** TR-SVD without checks. */
export function ringSvd(x: Tensor, options: RingOptions): RingResult {
  const { rtol = 0, ranks, maxRank, split = 0, truncation = "auto" } = options;
  const order = x.ndim;
  if (order === 1) return { kind: "ring", cores: [reshape(x, [1, -1, 1])], error: 0 };
  const norm = frobenius(x);
  const modes = rotated([...x.shape.keys()], split);
  const turned = transpose(x, modes).contiguous();
  const bond = ranks && rotated(ranks, split);
  const budget: Truncation = {
    delta: (rtol * norm) / Math.sqrt(order),
    method: truncation,
  };
  const delta = rtol * norm * Math.sqrt(2 / order);
  // A rank beside a tolerance (to have one vector more than it needs) is as exact as the tolerance alone.
  const exact = truncation === "auto" && !ranks && delta < gramFloor(x) * norm;
  const first = (rank?: number): ReturnType<typeof splitMatrix> =>
    splitMatrix(
      reshape(turned, [turned.shape[0]!, -1]),
      {
        delta,
        method: exact ? "svd" : truncation,
        ...(rank !== undefined && { rank }),
        ...(maxRank !== undefined && { maxRank: maxRank ** 2 }),
      },
      norm,
    );
  const largest = Math.min(turned.shape[0]!, x.size / turned.shape[0]!);
  const opened = first(bond && Math.min(bond[0]! * bond[1 % order]!, largest));
  const rank = opened.u.shape[1]!;
  const widened = (wanted: number): typeof opened =>
    wanted > rank && rank < largest ? first(Math.min(wanted, largest)) : opened;
  const attempts: { readonly cut: typeof opened; readonly pair: readonly [number, number] }[] = [];
  if (bond) attempts.push({ cut: opened, pair: [bond[0]!, bond[1]!] });
  else {
    const least = splittable(rank, maxRank);
    attempts.push({ cut: widened(least), pair: squarestPair(least) });
    if (least > 3 && squarestPair(least)[0] === 1)
      attempts.push({ cut: widened(least + 1), pair: squarestPair(least + 1) });
  }
  const rings = attempts.map(({ cut, pair }) =>
    closeRing(cut, pair, turned.shape, {
      budget: { ...budget, ...(maxRank !== undefined && { maxRank }) },
      norm,
      ...(bond && { ranks: bond }),
      options,
    }),
  );
  const size = ({ cores }: Ring): number => cores.reduce((total, core) => total + core.size, 0);
  const best = rings.reduce((a, b) => (size(b) < size(a) ? b : a));
  return { ...best, cores: rotated(best.cores, (order - split) % order) };
}

/** The factors a ≤ b of n that are nearest to each other. */
export function squarestPair(n: number): readonly [number, number] {
  let a = Math.floor(Math.sqrt(n));
  while (n % a !== 0) a--;
  return [a, n / a];
}

/** The smallest number from n on whose squarest factors do not exceed the limit. */
function splittable(n: number, limit = Number.POSITIVE_INFINITY): number {
  while (squarestPair(n)[1] > limit) n++;
  return n;
}

/**
 * The ring whose first cut is given: the rank is unfolded into the pair, one half of which closes the ring at the far
 * end.
 */
function closeRing(
  cut: ReturnType<typeof splitMatrix>,
  [a, b]: readonly [number, number],
  shape: readonly number[],
  context: {
    readonly budget: Truncation;
    readonly norm: number;
    readonly ranks?: readonly number[];
    readonly options: RingOptions;
  },
): RingResult {
  const { norm, ranks, options } = context;
  const order = shape.length;
  const u = padded(cut.u, 1, a * b);
  const cores = [transpose(reshape(u, [shape[0]!, a, b]), [1, 0, 2]).contiguous()];
  let rest = transpose(reshape(padded(cut.rest, 0, a * b), [a, b, -1]), [1, 2, 0]).contiguous();
  let r = b;
  let spent = cut.discarded;
  for (let k = 1; k < order - 1; k++) {
    checkAborted(options.signal, "ring");
    const matrix = reshape(rest, [r * shape[k]!, -1]);
    const rank = ranks && Math.min(ranks[k + 1]!, matrix.shape[0]!, matrix.shape[1]!);
    const step = splitMatrix(matrix, { ...context.budget, ...(rank !== undefined && { rank }) }, norm);
    const next = step.u.shape[1]!;
    cores.push(reshape(step.u, [r, shape[k]!, next]));
    rest = step.rest;
    spent += step.discarded;
    r = next;
    options.onProgress?.({ fraction: (k + 1) / order, stage: `core ${k}` });
  }
  cores.push(reshape(rest, [r, shape[order - 1]!, a]));
  return { kind: "ring", cores, error: norm === 0 ? 0 : Math.sqrt(spent) / norm };
}

/** Zeros appended along one axis of a matrix up to a length. */
function padded(x: Tensor, axis: 0 | 1, length: number): Tensor {
  const n = x.shape[axis]!;
  if (n === length) return x;
  const shape = axis === 0 ? [length - n, x.shape[1]!] : [x.shape[0]!, length - n];
  return concat([x, zeros(shape, x.dtype)], axis);
}
