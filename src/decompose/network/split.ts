// Cores with many legs split in two by a truncated SVD: how latent cores, and with them trees, come about.

import { svd } from "../../linalg/spectral/svd.ts";
import { mT, narrowAxis, reshape } from "../../ops/movement.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { rankFor } from "../base/truncation.ts";
import type { Network } from "../types.ts";
import { coreLabels, withoutTrivialEdges } from "./graph.ts";
import { networkParameters, unfoldCore } from "./grow.ts";

interface Fitted {
  readonly network: Network;
  readonly loss: number;
}

/** Legs from which on a core is worth splitting. */
const LEGS = 4;

/** Relative norm that a split may cut off before the network is fitted again. */
const CUTS: readonly number[] = [1e-6, 1e-3, 1e-2];

/**
 * Tries, at each core of 4 legs and more, every bipartition of its legs into two of at least two: both parts become
 * cores, joined by a bond of the rank that is left after small singular values are cut. The split that saves most
 * numbers is fitted again and kept when the loss stays at `limit` or below. Null when no split does.
 */
export function splitCores(
  network: Network,
  loss: number,
  limit: number,
  refit: (network: Network) => Fitted,
): Fitted | null {
  let best: Fitted | null = null;
  let current = withoutTrivialEdges(network);
  let level = loss;
  for (;;) {
    const found = bestSplit(current, Math.max(limit, level), refit);
    if (!found) return best;
    best = found;
    current = found.network;
    level = found.loss;
  }
}

function bestSplit(network: Network, limit: number, refit: (network: Network) => Fitted): Fitted | null {
  const before = networkParameters(network);
  const proposals: { network: Network; size: number }[] = [];
  network.cores.forEach((core, v) => {
    if (core.ndim < LEGS) return;
    for (let set = 1; set < 2 ** (core.ndim - 1); set++) {
      // The first leg always stays, so that each bipartition comes once and the mode stays with its core.
      const moved = core.shape.flatMap((_, axis) => (axis > 0 && (set >> (axis - 1)) & 1 ? [axis] : []));
      if (moved.length < 2 || core.ndim - moved.length < 2) continue;
      for (const cut of CUTS) {
        const split = splitCore(network, v, moved, cut);
        const size = networkParameters(split);
        if (size < before) proposals.push({ network: split, size });
      }
    }
  });
  proposals.sort((a, b) => a.size - b.size);
  for (const proposal of proposals.slice(0, 6)) {
    const fitted = refit(proposal.network);
    if (fitted.loss <= limit) return fitted;
  }
  return null;
}

/** Core v without the legs `moved`, which go to a new core behind all others; a bond joins the two. */
function splitCore(network: Network, v: number, moved: readonly number[], cut: number): Network {
  const { graph, cores } = network;
  const core = cores[v]!;
  const stay = core.shape.map((_, axis) => axis).filter((axis) => !moved.includes(axis));
  const { u, s, v: right } = svd(unfoldCore(core, stay));
  const values = s.data();
  const norm = Math.hypot(...values);
  const { rank } = rankFor(values, cut * norm);
  const root = narrowAxis(s, 0, 0, rank).sqrt();
  const lengths = (axes: readonly number[]): number[] => axes.map((axis) => core.shape[axis]!);
  const labels = coreLabels(graph, v);
  const last = cores.length;
  const goes = new Set(moved.map((axis) => Number(labels[axis]!.slice(1))));
  // Moved bonds keep their place in the list, so every other core keeps the order of its axes.
  const edges = graph.edges.map(([a, b], e): readonly [number, number] =>
    goes.has(e) ? [a === v ? b : a, last] : [a, b],
  );
  const front = reshape(narrowAxis(u, 1, 0, rank).mul(root), [...lengths(stay), rank]).contiguous();
  const back = reshape(mT(narrowAxis(right, 1, 0, rank).mul(root)), [rank, sizeOf(lengths(moved))]);
  // The new bond is the last of the list, hence the last axis of both.
  const backCore = reshape(mT(back), [...lengths(moved), rank]).contiguous();
  return {
    kind: "network",
    graph: { modes: [...graph.modes, null], edges: [...edges, [v, last]] },
    cores: [...cores.map((x, i) => (i === v ? front : x)), backCore],
  };
}
