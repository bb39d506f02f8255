// Rules of general tensor networks: every question is one contraction, in the cheapest order that is found.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { conj } from "../../ops/complex.ts";
import { matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { moveAxis, mT, narrowAxis, reshape } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { FormatRules, RoundOptions } from "../base/rules.ts";
import { blockDiagonal, checkSameShape, normFromInner, pairwiseProduct, scalarOf } from "../base/scalars.ts";
import { rankFor } from "../base/truncation.ts";
import { modePositions } from "../tucker/rules.ts";
import type { Network } from "../types.ts";
import {
  connectedNetwork,
  contractAll,
  coreLabels,
  edgeRanks,
  labelled,
  modeLabel,
  networkShape,
  orderOf,
} from "./graph.ts";

const make = (d: Network, cores: readonly Tensor[]): Network => ({ kind: "network", graph: d.graph, cores });
const modes = (d: Network): string[] => networkShape(d).map((_, k) => modeLabel(k));

const norm = (d: Network): number => normFromInner(inner(d, d));

/** Graphs may differ: only the modes are shared. */
function inner(a: Network, b: Network): ReturnType<FormatRules<Network>["inner"]> {
  checkSameShape(networkShape(a), networkShape(b), "inner");
  const left = labelled(a, "a").map(({ x, labels }) => ({ x: conj(x), labels }));
  return scalarOf(contractAll([...left, ...labelled(b, "b")], []));
}

/** The axes of a core that are bonds. */
const bondAxes = (d: Network, core: number): number[] =>
  coreLabels(d.graph, core).flatMap((label, axis) => (label.startsWith("e") ? [axis] : []));

/** A core with one axis last, as a matrix; and back. */
const asMatrix = (core: Tensor, axis: number): Tensor =>
  reshape(moveAxis(core, axis, -1), [-1, core.shape[axis]!]).contiguous();
function asCore(matrix: Tensor, like: Tensor, axis: number): Tensor {
  const others = like.shape.filter((_, i) => i !== axis);
  return moveAxis(reshape(matrix, [...others, matrix.shape[1]!]), -1, axis).contiguous();
}

/**
 * One sweep of truncated SVDs over the edges. A graph with cycles has no orthogonal form, so the singular values of an
 * edge do not tell the error of a cut; but what a cut removes is itself a network, whose norm is contracted. Bisection
 * finds the smallest rank at which it is at most rtol·‖X‖ / (number of edges).
 */
function round(d: Network, options: RoundOptions): Network {
  const { rtol = 0, ranks, maxRank = Number.POSITIVE_INFINITY } = options;
  const { edges } = d.graph;
  if (edges.length === 0) return d;
  const share = (rtol * norm(d)) / edges.length;
  const cores = [...d.cores];
  edges.forEach(([i, j], e) => {
    const [a, b] = [cores[i]!, cores[j]!];
    const axisA = coreLabels(d.graph, i).indexOf(`e${e}`);
    const axisB = coreLabels(d.graph, j).indexOf(`e${e}`);
    const front = qr(asMatrix(a, axisA));
    const back = qr(asMatrix(b, axisB));
    const { u, s, v } = svd(matmul(front.r, mT(back.r)));
    const left = matmul(front.q, u);
    // (R_a R_bᵀ) = U S Vᴴ: the other side is conj(V).
    const right = matmul(back.q, conj(v));
    const part = (from: number, to: number): readonly [Tensor, Tensor] => {
      const root = narrowAxis(s, 0, from, to).sqrt();
      return [
        asCore(narrowAxis(left, 1, from, to).mul(root), a, axisA),
        asCore(narrowAxis(right, 1, from, to).mul(root), b, axisB),
      ];
    };
    let keep = rankFor(s.data(), 0).rank;
    if (ranks) keep = Math.min(ranks[e]!, s.size);
    else
      for (let low = 1; low < keep; ) {
        const rank = Math.floor((low + keep) / 2);
        const [x, y] = part(rank, s.size);
        const removed = make(
          d,
          cores.map((core, v) => (v === i ? x : v === j ? y : core)),
        );
        if (norm(removed) <= share) keep = rank;
        else low = rank + 1;
      }
    [cores[i], cores[j]] = part(0, Math.min(keep, Math.max(1, maxRank)));
  });
  return make(d, cores);
}

export const networkRules: FormatRules<Network> = {
  tensors: (d) => Object.fromEntries(d.cores.map((core, v) => [`cores.${v}`, core])),
  shape: networkShape,
  /** One an edge. */
  ranks: edgeRanks,
  full: (d) => contractAll(labelled(d), modes(d)).contiguous(),
  restrict: (d, positions) =>
    make(
      d,
      d.cores.map((core, v) => {
        const mode = d.graph.modes[v];
        const chosen = typeof mode === "number" ? positions[mode] : null;
        return chosen ? take(core, chosen) : core;
      }),
    ),
  entries(d, index, count) {
    const order = orderOf(d.graph);
    const rows = labelled(d).map(({ x, labels }, v) => {
      const mode = d.graph.modes[v];
      return typeof mode === "number"
        ? { x: take(x, modePositions(index, count, order, mode)), labels: ["entry", ...labels.slice(1)] }
        : { x, labels };
    });
    return contractAll(rows, ["entry"]).contiguous();
  },
  norm,
  inner,
  add(a, b) {
    checkSameShape(networkShape(a), networkShape(b), "add");
    // Blocks stay apart only along bonds: every core must have one.
    const [x, y] = [connectedNetwork(a), connectedNetwork(b)];
    return make(
      x,
      x.cores.map((core, v) => blockDiagonal(core, y.cores[v]!, bondAxes(x, v))),
    );
  },
  scale: (d, factor) =>
    make(
      d,
      d.cores.map((core, v) => (v === 0 ? core.mul(factor) : core)),
    ),
  hadamard(a, b) {
    checkSameShape(networkShape(a), networkShape(b), "hadamard");
    return make(
      a,
      a.cores.map((core, v) => pairwiseProduct(core, b.cores[v]!, bondAxes(a, v))),
    );
  },
  round,
};
