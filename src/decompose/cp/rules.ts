import { conj } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { mT, narrowAxis, reshape } from "../../ops/movement.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { FormatRules } from "../base/rules.ts";
import { checkSameShape, normFromInner, pairwiseProduct, scalarOf } from "../base/scalars.ts";
import { adjoint, khatriRao } from "../base/unfold.ts";
import { modePositions } from "../tucker/rules.ts";
import type { CP } from "../types.ts";

const make = (weights: Tensor, factors: readonly Tensor[]): CP => ({ kind: "cp", weights, factors });
const shapeOf = (d: CP): number[] => d.factors.map((u) => u.shape[0]!);

function inner(a: CP, b: CP): ReturnType<FormatRules<CP>["inner"]> {
  checkSameShape(shapeOf(a), shapeOf(b), "inner");
  const grams = a.factors.map((u, k) => matmul(adjoint(u), b.factors[k]!));
  const joint = grams.reduce((product, gram) => product.mul(gram));
  return scalarOf(matmul(matmul(conj(a.weights), joint), b.weights));
}

export const cpRules: FormatRules<CP> = {
  tensors: (d) => ({
    weights: d.weights,
    ...Object.fromEntries(d.factors.map((u, k) => [`factors.${k}`, u])),
  }),
  shape: shapeOf,
  ranks: (d) => [d.weights.size],
  full(d) {
    const shape = shapeOf(d);
    const [first, ...rest] = d.factors;
    const weighted = first!.mul(d.weights);
    if (rest.length === 0) return weighted.sum({ axis: 1 });
    // One product of the two halves of the modes: no Khatri-Rao product is longer than needed.
    const half = splitPoint(shape);
    const left = khatriRao([weighted, ...d.factors.slice(1, half)]);
    return reshape(matmul(left, mT(khatriRao(d.factors.slice(half)))), shape);
  },
  restrict: (d, positions) =>
    make(
      d.weights,
      d.factors.map((u, k) => (positions[k] ? take(u, positions[k]!) : u)),
    ),
  entries(d, index, count) {
    const order = d.factors.length;
    const rows = d.factors.map((u, k) => take(u, modePositions(index, count, order, k)));
    return matmul(
      rows.reduce((product, u) => product.mul(u)),
      d.weights,
    );
  },
  norm: (d) => normFromInner(inner(d, d)),
  inner,
  add(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "add");
    return make(
      concat([a.weights, b.weights]),
      a.factors.map((u, k) => concat([u, b.factors[k]!], 1)),
    );
  },
  scale: (d, factor) => make(d.weights.mul(factor), d.factors),
  hadamard(a, b) {
    checkSameShape(shapeOf(a), shapeOf(b), "hadamard");
    return make(
      pairwiseProduct(a.weights, b.weights, [0]),
      a.factors.map((u, k) => pairwiseProduct(u, b.factors[k]!, [1])),
    );
  },
  round(d, { ranks, maxRank, rtol = 0 }) {
    // Components are not orthogonal, so only those whose whole weight fits the budget may go; `cp` refits.
    const limit = Math.min(ranks?.[0] ?? maxRank ?? Number.POSITIVE_INFINITY, d.weights.size);
    if (!(limit >= 1)) throw new DomainError(`round: a rank of at least 1 was expected, got ${limit}`);
    const heavy = heaviestFirst(d);
    const sizes = Array.from(heavy.weights.abs().data());
    let keep = sizes.length;
    let dropped = 0;
    const budget = rtol * normFromInner(inner(d, d));
    while (keep > 1 && (keep > limit || dropped + sizes[keep - 1]! <= budget)) dropped += sizes[--keep]!;
    return make(
      narrowAxis(heavy.weights, 0, 0, keep).contiguous(),
      heavy.factors.map((u) => narrowAxis(u, 1, 0, keep).contiguous()),
    );
  },
};

/** Number of leading modes whose joint size is nearest to the square root of the whole; at least 1, at most d - 1. */
export function splitPoint(shape: readonly number[]): number {
  const half = shape.reduce((total, n) => total + Math.log(n), 0) / 2;
  let best = 1;
  let nearest = Number.POSITIVE_INFINITY;
  for (let k = 1, total = Math.log(shape[0]!); k < shape.length; total += Math.log(shape[k++]!)) {
    if (Math.abs(total - half) < nearest) {
      nearest = Math.abs(total - half);
      best = k;
    }
  }
  return best;
}

/** The same tensor with unit columns and components in order of weight, heaviest first. */
export function heaviestFirst(d: CP): CP {
  const norms = d.factors.map((u) => u.abs().square().sum({ axis: 0 }).sqrt());
  const safe = norms.map((norm) => norm.add(norm.equal(0).astype(norm.dtype)));
  const weights = norms.reduce((product, norm) => product.mul(norm), d.weights);
  const order = Array.from(weights.abs().data(), (weight, c) => ({ weight, c }));
  order.sort((a, b) => b.weight - a.weight || a.c - b.c);
  const positions = order.map(({ c }) => c);
  return make(
    weights.at(positions),
    d.factors.map((u, k) => u.div(safe[k]!).at(":", positions)),
  );
}
