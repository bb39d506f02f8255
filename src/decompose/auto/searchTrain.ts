// The smallest tensor train within a tolerance: best order of modes, then a train that spends the whole budget.

import type { Tensor } from "../../tensor/tensor.ts";
import { arrange, paddingOf, permutation, quantizedLayout } from "../base/layout.ts";
import { parameters } from "../operations.ts";
import { type TtResult, ttRound, ttSvd } from "../train/tt.ts";
import type { Arranged, Layout, TT } from "../types.ts";
import { bestTrainOrder } from "./predict.ts";
import { type Clock, type Find, largestFactor, type Task } from "./search.ts";

/** Share of the tolerance that the first train may use up: what it cuts off would be cut off later in any case. */
const FIRST_SHARE = 0.4;

/**
 * A train of this tensor whose error is just below `tol`. TT-SVD spends at most tol/√(d-1) per bond and rarely all of
 * it; an accurate train is rounded with ever larger budgets instead. Each step is an orthogonal projection, so
 * squared errors add up exactly.
 */
export function tightTrain(x: Tensor, tol: number, clock: Clock): TT {
  const first = ttSvd(x, { rtol: FIRST_SHARE * tol });
  const bonds = Math.max(1, x.ndim - 1);
  const roundedBy = (factor: number): TtResult => ttRound(first, { rtol: Math.min(0.999, factor * tol) });
  const meets = (train: TtResult): boolean => first.error ** 2 + train.error ** 2 <= tol * tol;
  // A factor slightly below 1 always meets the tolerance.
  let best = roundedBy(Math.sqrt(1 - FIRST_SHARE ** 2));
  // A train nearly as large as the tensor is not worth the search.
  const isLarge = parameters(best) > x.size / 2;
  largestFactor(
    Math.sqrt(bonds),
    (factor) => {
      if (isLarge || clock.isOver) return false;
      const train = roundedBy(factor);
      if (!meets(train)) return false;
      if (parameters(train) < parameters(best)) best = train;
      return true;
    },
    5,
  );
  return { kind: "tt", cores: best.cores };
}

export function searchTrain({ x, tol, spectra, clock }: Task): Find {
  const { what: order } = bestTrainOrder(spectra, tol);
  if (order.every((mode, k) => mode === k))
    return { format: "tt", detail: "", decomposition: tightTrain(x, tol, clock) };
  const layout = permutation(x.shape, order);
  return {
    format: "tt",
    detail: `modes ${order.join(" ")}`,
    decomposition: arrangedTrain(x, layout, tol, clock),
  };
}

/** The quantized train: modes split into prime factors, those of different modes interleaved. */
export function searchQuantized({ x, tol, clock }: Task): Find {
  const layout = quantizedLayout(x.shape);
  const padding = paddingOf(layout);
  const detail = `${layout.order.length} split modes${padding ? `, ${padding} zeros of padding` : ""}`;
  return { format: "qtt", detail, decomposition: arrangedTrain(x, layout, tol, clock) };
}

function arrangedTrain(x: Tensor, layout: Layout, tol: number, clock: Clock): Arranged {
  return { kind: "arranged", layout, inner: tightTrain(arrange(x, layout), tol, clock) };
}
