// Networks that shrink: one slice less along an edge, by the smallest singular value between its two cores. A greedy search that
// took a needless edge early gives it back.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { matmul } from "../../ops/contract.ts";
import { mT, narrowAxis, reshape } from "../../ops/movement.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Network } from "../types.ts";
import { coreLabels, withoutTrivialEdges } from "./graph.ts";
import { networkParameters, unfoldCore } from "./grow.ts";

interface Fitted {
  readonly network: Network;
  readonly loss: number;
}

/**
 * Lowers ranks one by one, those first that save most numbers, as long as a fit from the truncated cores stays at
 * `limit` or below. Null when no rank can be lowered. One full fit for every edge that is tried.
 */
export function shrinkNetwork(
  network: Network,
  limit: number,
  refit: (network: Network) => Fitted,
): Fitted | null {
  let best: Fitted | null = null;
  for (;;) {
    const from = withoutTrivialEdges(best?.network ?? network);
    const smaller = from.graph.edges
      .map((_, edge) => decreaseRank(from, edge))
      .sort((a, b) => networkParameters(a) - networkParameters(b));
    let found: Fitted | null = null;
    for (const candidate of smaller) {
      const fitted = refit(candidate);
      if (!(fitted.loss <= limit)) continue;
      found = fitted;
      break;
    }
    if (!found) return best;
    best = found;
  }
}

/** The network without the weakest of the directions that an edge joins, its two cores orthogonalised towards it. */
export function decreaseRank(network: Network, edge: number): Network {
  const { graph, cores } = network;
  const ends = graph.edges[edge]!.map((v) => {
    const core = cores[v]!;
    const axis = coreLabels(graph, v).indexOf(`e${edge}`);
    const others = core.shape.map((_, k) => k).filter((k) => k !== axis);
    return { v, core, axis, others, ...qr(unfoldCore(core, others)) };
  });
  const [left, right] = ends as [(typeof ends)[number], (typeof ends)[number]];
  const { u, s, v } = svd(matmul(left.r, mT(right.r)));
  const rank = left.core.shape[left.axis]! - 1;
  const kept = Math.min(rank, s.size);
  const root = narrowAxis(s, 0, 0, kept).sqrt();
  const folded = ({ q, core, axis, others }: (typeof ends)[number], turn: Tensor): Tensor => {
    const flat = matmul(q, narrowAxis(turn, 1, 0, kept).mul(root));
    const order = [...others, axis];
    return reshape(flat, [...others.map((k) => core.shape[k]!), kept])
      .transpose(core.shape.map((_, k) => order.indexOf(k)))
      .contiguous();
  };
  const changed = new Map([
    [left.v, folded(left, u)],
    [right.v, folded(right, v)],
  ]);
  return { kind: "network", graph, cores: cores.map((core, i) => changed.get(i) ?? core) };
}
