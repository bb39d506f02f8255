import { qr } from "../../linalg/orthogonal/qr.ts";
import { conj } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { ravel, reshape } from "../../ops/movement.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { frobenius } from "../base/frobenius.ts";
import type { FormatRules } from "../base/rules.ts";
import { blockDiagonal, checkSameShape, pairwiseProduct, scalarOf } from "../base/scalars.ts";
import { adjoint, multiModeProduct } from "../base/unfold.ts";
import type { Tucker } from "../types.ts";
import { sthosvd } from "./sthosvd.ts";

const make = (core: Tensor, factors: readonly Tensor[]): Tucker => ({ kind: "tucker", core, factors });
const shapeOf = (d: Tucker): number[] => d.factors.map((u) => u.shape[0]!);

/** The same tensor with orthonormal factors. */
export function orthonormalized(d: Tucker): Tucker {
  const parts = d.factors.map((u) => qr(u));
  return make(
    multiModeProduct(
      d.core,
      parts.map(({ r }) => r),
    ),
    parts.map(({ q }) => q),
  );
}

export const tuckerRules: FormatRules<Tucker> = {
  tensors: (d) => ({ core: d.core, ...Object.fromEntries(d.factors.map((u, k) => [`factors.${k}`, u])) }),
  shape: shapeOf,
  ranks: (d) => d.core.shape,
  full: (d) => multiModeProduct(d.core, d.factors),
  restrict: (d, positions) =>
    make(
      d.core,
      d.factors.map((u, k) => (positions[k] ? take(u, positions[k]!) : u)),
    ),
  entries(d, index, count) {
    // One mode after the other is contracted with its rows; what is left per entry shrinks by a rank each time.
    const order = d.factors.length;
    let rest = reshape(d.core, [1, d.core.size]);
    d.factors.forEach((u, k) => {
      const rows = take(u, modePositions(index, count, order, k));
      const r = u.shape[1]!;
      if (k === 0) rest = matmul(rows, reshape(rest, [r, -1]));
      else rest = reshape(matmul(reshape(rows, [count, 1, r]), reshape(rest, [count, r, -1])), [count, -1]);
    });
    return ravel(rest);
  },
  norm: (d) => frobenius(orthonormalized(d).core),
  inner(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "inner");
    const crossed = multiModeProduct(
      b.core,
      b.factors.map((u, k) => matmul(adjoint(a.factors[k]!), u)),
    );
    return scalarOf(conj(a.core).mul(crossed).sum());
  },
  add(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "add");
    const all = a.core.shape.map((_, k) => k);
    return make(
      blockDiagonal(a.core, b.core, all),
      a.factors.map((u, k) => blockDiagonal(u, b.factors[k]!, [1])),
    );
  },
  scale: (d, factor) => make(d.core.mul(factor), d.factors),
  hadamard(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "hadamard");
    const all = a.core.shape.map((_, k) => k);
    return make(
      pairwiseProduct(a.core, b.core, all),
      a.factors.map((u, k) => pairwiseProduct(u, b.factors[k]!, [1])),
    );
  },
  round(d, options) {
    const flat = orthonormalized(d);
    // Ranks decide when a tolerance is given too; larger ones than there are stay as they are.
    const { ranks, maxRank } = options;
    const small = sthosvd(
      flat.core,
      ranks
        ? {
            ranks: ranks.map((rank, k) => Math.min(rank, maxRank ?? rank, flat.core.shape[k]!)),
          }
        : options,
    );
    return make(
      small.core,
      small.factors.map((u, k) => matmul(flat.factors[k]!, u)),
    );
  },
};

/** The positions along one mode of a list of indices, as an int32 tensor `[count]`. */
export function modePositions(index: Int32Array, count: number, order: number, mode: number): Tensor {
  return new Tensor(
    Int32Array.from({ length: count }, (_, i) => index[i * order + mode]!),
    [count],
    "int32",
  );
}
