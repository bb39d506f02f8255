// Rules of the tensor ring: Zhao, Zhou, Xie, Zhang, Cichocki, "Tensor ring decomposition" (2016).

import { qr } from "../../linalg/orthogonal/qr.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { conj } from "../../ops/complex.ts";
import { contract, matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { diagonal, mT, narrowAxis, reshape } from "../../ops/movement.ts";
import type { Complex } from "../../tensor/complex.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { FormatRules, RoundOptions } from "../base/rules.ts";
import { blockDiagonal, checkSameShape, normFromInner, pairwiseProduct, scalarOf } from "../base/scalars.ts";
import { rankFor } from "../base/truncation.ts";
import { adjoint } from "../base/unfold.ts";
import { splitPoint } from "../cp/rules.ts";
import { modePositions } from "../tucker/rules.ts";
import type { Ring } from "../types.ts";

const make = (cores: readonly Tensor[]): Ring => ({ kind: "ring", cores });
const shapeOf = (d: Ring): number[] => d.cores.map((core) => core.shape[1]!);

/** The product of neighbouring cores as one core `[r, Π n, r']`. */
export function chainProduct(cores: readonly Tensor[]): Tensor {
  return cores.reduce((product, core) => {
    const [r, n, middle] = product.shape as [number, number, number];
    const [, m, last] = core.shape as [number, number, number];
    return reshape(matmul(reshape(product, [r * n, middle]), reshape(core, [middle, m * last])), [
      r,
      n * m,
      last,
    ]);
  });
}

/** The trace over the outer ranks of `[r, n, r]`, as `[n]`. */
const closed = (core: Tensor): Tensor => diagonal(core, 0, 2).sum({ axis: -1 });

/** The list from place `first` on, around the ring. */
export const rotated = <T>(list: readonly T[], first: number): T[] => [
  ...list.slice(first),
  ...list.slice(0, first),
];

/**
 * ⟨a, b⟩ = tr Π_k E_k with the transfer operators E_k = Σ_i conj(A_k[i]) ⊗ B_k[i]. The ring is opened at the bond
 * with the smallest joint rank, whose indices stay open until the end: O(d n r⁵) at equal ranks.
 */
function inner(a: Ring, b: Ring): number | Complex {
  checkSameShape(shapeOf(a), shapeOf(b), "inner");
  const joint = a.cores.map((core, k) => core.shape[0]! * b.cores[k]!.shape[0]!);
  const first = joint.indexOf(Math.min(...joint));
  const left = rotated(a.cores, first).map(conj);
  const right = rotated(b.cores, first);
  const last = left.length - 1;
  if (last === 0) return scalarOf(matmul(closed(left[0]!), closed(right[0]!)));
  // [open a, open b, rank of a, rank of b]
  let carried = contract(left[0]!, right[0]!, { axes: [[1], [1]] }).transpose([0, 2, 1, 3]);
  for (let k = 1; k < last; k++) {
    const half = contract(carried, right[k]!, { axes: [[3], [0]] });
    carried = contract(half, left[k]!, {
      axes: [
        [2, 3],
        [0, 1],
      ],
    }).transpose([0, 1, 3, 2]);
  }
  const half = contract(carried, right[last]!, {
    axes: [
      [3, 1],
      [0, 2],
    ],
  });
  return scalarOf(
    contract(half, left[last]!, {
      axes: [
        [1, 2, 0],
        [0, 1, 2],
      ],
    }),
  );
}

const norm = (d: Ring): number => normFromInner(inner(d, d));

/** Two neighbouring cores in the form Q · diag(s) · W, from the QR factors of both. */
interface Bond {
  /** `[r, n, s]` with orthonormal columns. */
  readonly left: Tensor;
  /** `[s, n', r']` with orthonormal rows. */
  readonly right: Tensor;
  readonly s: Tensor;
}

function openBond(a: Tensor, b: Tensor): Bond {
  const [r, n, rank] = a.shape as [number, number, number];
  const [, m, last] = b.shape as [number, number, number];
  const front = qr(reshape(a, [r * n, rank]));
  const back = qr(adjoint(reshape(b, [rank, m * last])).contiguous());
  const { u, s, v } = svd(matmul(front.r, adjoint(back.r)));
  return {
    left: reshape(matmul(front.q, u), [r, n, -1]),
    right: reshape(matmul(adjoint(v), adjoint(back.q)), [-1, m, last]),
    s,
  };
}

/** Cores of the singular triplets from `from` to `to` of a bond, the values shared evenly between both. */
function bondPart(bond: Bond, from: number, to: number): readonly [Tensor, Tensor] {
  const root = narrowAxis(bond.s, 0, from, to).sqrt();
  return [
    narrowAxis(bond.left, 2, from, to).mul(root),
    narrowAxis(bond.right, 0, from, to).mul(reshape(root, [-1, 1, 1])),
  ];
}

/**
 * One sweep of truncated SVDs over the bonds. A cycle has no orthogonal form, so the singular values of a bond do not
 * tell the error of a cut. But what a cut removes is itself a ring, whose norm is contracted; bisection finds the
 * smallest rank at which it is at most rtol·‖X‖/d, so the whole error is at most rtol·‖X‖. A sum of rings is
 * block-diagonal at every bond and seldom shrinks: convert it to a train, or decompose anew. O(d² n r⁵ log r) at
 * equal ranks.
 */
function round(d: Ring, options: RoundOptions): Ring {
  const { rtol = 0, ranks, maxRank = Number.POSITIVE_INFINITY } = options;
  const order = d.cores.length;
  if (order === 1) return make([reshape(closed(d.cores[0]!), [1, -1, 1])]);
  const share = (rtol * norm(d)) / order;
  const cores = [...d.cores];
  for (let k = 0; k < order; k++) {
    const next = (k + 1) % order;
    const bond = openBond(cores[k]!, cores[next]!);
    const length = bond.s.size;
    let keep = rankFor(bond.s.data(), 0).rank;
    if (ranks) keep = Math.min(ranks[next]!, length);
    else
      for (let low = 1; low < keep; ) {
        const rank = Math.floor((low + keep) / 2);
        const [a, b] = bondPart(bond, rank, length);
        const removed = make(cores.map((core, i) => (i === k ? a : i === next ? b : core)));
        if (norm(removed) <= share) keep = rank;
        else low = rank + 1;
      }
    [cores[k], cores[next]] = bondPart(bond, 0, Math.min(keep, Math.max(1, maxRank)));
  }
  return make(cores.map((core) => core.contiguous()));
}

export const ringRules: FormatRules<Ring> = {
  tensors: (d) => Object.fromEntries(d.cores.map((core, k) => [`cores.${k}`, core])),
  shape: shapeOf,
  ranks: (d) => d.cores.map((core) => core.shape[0]!),
  full(d) {
    const shape = shapeOf(d);
    if (shape.length === 1) return closed(d.cores[0]!);
    const half = splitPoint(shape);
    const left = chainProduct(d.cores.slice(0, half));
    const right = chainProduct(d.cores.slice(half));
    return reshape(
      contract(left, right, {
        axes: [
          [2, 0],
          [0, 2],
        ],
      }),
      shape,
    );
  },
  restrict: (d, positions) =>
    make(d.cores.map((core, k) => (positions[k] ? take(core, positions[k]!, 1) : core))),
  entries(d, index, count) {
    const order = d.cores.length;
    // [count, r, r'] slices of a core, one per entry.
    const slices = d.cores.map((core, k) =>
      take(core, modePositions(index, count, order, k), 1).transpose([1, 0, 2]),
    );
    const last = slices.pop()!;
    if (slices.length === 0) return diagonal(last).sum({ axis: -1 });
    const product = slices.reduce((a, b) => matmul(a, b));
    return product.mul(mT(last)).sum({ axis: [1, 2] });
  },
  norm,
  inner,
  add(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "add");
    return make(a.cores.map((core, k) => blockDiagonal(core, b.cores[k]!, [0, 2])));
  },
  scale: (d, factor) => make(d.cores.map((core, k) => (k === 0 ? core.mul(factor) : core))),
  hadamard(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "hadamard");
    return make(a.cores.map((core, k) => pairwiseProduct(core, b.cores[k]!, [0, 2])));
  },
  round,
};
