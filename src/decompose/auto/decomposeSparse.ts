// The main job on sparse tensors: CP and Tucker straight from the entries.

import { key as makeKey } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkSparse, type SparseTensor, sparseNorm } from "../base/sparse.ts";
import { cp } from "../cp/cp.ts";
import { entries, norm as normOf, type Residual } from "../operations.ts";
import { tucker } from "../tucker/tucker.ts";
import type { AutoResult, Decomposition } from "../types.ts";
import { Board } from "./board.ts";
import type { DecomposeOptions } from "./options.ts";
import { Clock } from "./search.ts";

/** Bytes that the entries take: a value of 8 and a position of 4 per mode. */
const coordinateBytes = (x: SparseTensor): number => x.values.length * (8 + 4 * x.shape.length);

/**
 * Relative error against a sparse tensor from norms and the model's values at the entries; the maximum is over
 * entries.
 */
export function sparseResidual(x: SparseTensor, d: Decomposition): Residual {
  const count = x.values.length;
  const model = entries(d, new Tensor(x.indices, [count, x.shape.length], "int32")).data();
  let cross = 0;
  let largest = 0;
  for (let i = 0; i < count; i++) {
    cross += x.values[i]! * model[i]!;
    largest = Math.max(largest, Math.abs(x.values[i]! - model[i]!));
  }
  const scale = sparseNorm(x);
  const squared = scale * scale - 2 * cross + normOf(d) ** 2;
  return { relative: Math.sqrt(Math.max(0, squared)) / (scale || 1), maxAbsolute: largest };
}

/**
 * CP at ranks 1, 2, 4 … until the tolerance or the size of the entries is reached (or CP and Tucker at given ranks).
 * When nothing that is smaller than the entries meets the tolerance, the most accurate candidate is returned with a
 * note: there is no dense copy to fall back to.
 */
export function decomposeSparse(x: SparseTensor, options: DecomposeOptions): AutoResult {
  const { tol = 0.01, maxSeconds = 30, formats, nonnegative = false } = options;
  checkSparse(x, "decompose");
  const foreign = formats?.filter((format) => format !== "cp" && format !== "tucker");
  if (foreign?.length)
    throw new DomainError(
      `decompose: sparse tensors take the formats cp and tucker, not ${foreign.join(", ")}`,
    );
  const clock = new Clock(maxSeconds, options.signal, options.onProgress);
  const key = options.key ?? makeKey(0);
  const limit = options.maxBytes ?? coordinateBytes(x);
  const asked = options.ranks ?? (options.rank === undefined ? null : [options.rank]);
  const board = new Board(clock, { by: asked ? "bytes" : "error", isValid: () => true, whyNot: () => "" });
  const admit = (format: "cp" | "tucker", decomposition: Decomposition): number => {
    const measured = sparseResidual(x, decomposition);
    board.admit({ format, detail: "", decomposition }, measured);
    return measured.relative;
  };
  if (asked) {
    if (!formats || formats.includes("cp")) admit("cp", cp(x, asked[0]!, { key, nonneg: nonnegative }));
    if (formats?.includes("tucker"))
      admit(
        "tucker",
        tucker(x, {
          ranks: asked.length === 1 ? x.shape.map((n) => Math.min(n, asked[0]!)) : asked,
          key,
          nonneg: nonnegative,
        }),
      );
  } else {
    const total = x.shape.reduce((sum, n) => sum + n, 0);
    const grow = (
      format: "cp" | "tucker",
      bytes: (rank: number) => number,
      approximate: (rank: number) => Decomposition,
    ): void => {
      let error = Number.POSITIVE_INFINITY;
      for (let rank = 1; error > tol && (rank === 1 || bytes(rank) <= limit) && !clock.isOver; rank *= 2) {
        clock.tick(Math.min(0.95, bytes(rank) / limit), `${format} rank ${rank}`);
        error = admit(format, approximate(rank));
      }
    };
    if (!formats || formats.includes("cp"))
      grow(
        "cp",
        (rank) => 8 * rank * (total + 1),
        (rank) => cp(x, rank, { key, nonneg: nonnegative, maxIterations: 50 }),
      );
    if (formats?.includes("tucker")) {
      const ranksAt = (rank: number): number[] => x.shape.map((n) => Math.min(n, rank));
      const largest = Math.max(...x.shape);
      grow(
        "tucker",
        (rank) =>
          rank >= 2 * largest ? Number.POSITIVE_INFINITY : 8 * (rank * total + sizeOf(ranksAt(rank))),
        (rank) => tucker(x, { ranks: ranksAt(rank), key, nonneg: nonnegative }),
      );
    }
  }
  const { chosen, candidates, decomposition, maxAbsolute } = board.judge()!;
  const notes = [`Sparse input: ${x.values.length} entries; missing entries count as zeros.`];
  if (!asked && chosen.error > tol)
    notes.push(
      "No decomposition smaller than the list of entries meets the tolerance; this is the most accurate one tried.",
    );
  return {
    decomposition,
    chosen,
    candidates,
    tolerance: asked ? chosen.error : tol,
    error: chosen.error,
    maxAbsoluteError: maxAbsolute,
    spectra: [],
    curves: [],
    notes,
    seconds: clock.elapsed,
  };
}
