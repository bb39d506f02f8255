// Trains with their modes in another order.

import { reshape, transpose } from "../../ops/movement.ts";
import { machineEpsilon, realDType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import { splitMatrix } from "../base/truncation.ts";
import { chainProduct } from "../ring/rules.ts";
import type { TT } from "../types.ts";
import { ttOrthogonalize } from "./tt.ts";

/** Relative tolerance of conversions that are exact but for rounding. */
export const roundingTolerance = (x: Tensor): number => 16 * machineEpsilon(realDType(x.dtype));

/**
 * The train of the transposed tensor: its mode k is mode `order[k]` of the given one. Neighbouring cores that stand
 * in the wrong order are joined, swapped and split again by an SVD at the tolerance of rounding, in an orthogonal
 * frame, until all are in place. O(d² n³ r³) at worst; the ranks are those of the new unfoldings.
 */
export function ttPermute(train: TT, order: readonly number[]): TT {
  const places = order.map((_, mode) => order.indexOf(mode));
  let { cores } = train;
  while (places.some((place, k) => k > 0 && places[k - 1]! > place)) {
    const swapped = [...ttOrthogonalize({ kind: "tt", cores }, 0).cores];
    const norm = frobenius(swapped[0]!);
    for (let k = 0; k < swapped.length - 1; k++) {
      const [r, n] = swapped[k]!.shape as [number, number];
      const [, m, last] = swapped[k + 1]!.shape as [number, number, number];
      let block = reshape(chainProduct([swapped[k]!, swapped[k + 1]!]), [r, n, m, last]);
      const wrong = places[k]! > places[k + 1]!;
      if (wrong) {
        block = transpose(block, [0, 2, 1, 3]).contiguous();
        [places[k], places[k + 1]] = [places[k + 1]!, places[k]!];
      }
      const [first, second] = wrong ? [m, n] : [n, m];
      const delta = roundingTolerance(block) * norm;
      const { u, rest } = splitMatrix(
        reshape(block, [r * first, second * last]),
        { delta, method: "svd" },
        norm,
      );
      swapped[k] = reshape(u, [r, first, -1]);
      swapped[k + 1] = reshape(rest, [-1, second, last]);
    }
    cores = swapped;
  }
  return { kind: "tt", cores };
}
