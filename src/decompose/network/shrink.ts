// Networks that shrink: one slice less along an edge, by the smallest singular value between its two cores. A greedy search that
// took a needless edge early gives it back.

import { qr } from "../../linalg/orthogonal/qr.ts";
import { svd } from "../../linalg/spectral/svd.ts";
import { matmul } from "../../ops/contract.ts";
import { mT, narrowAxis, reshape } from "../../ops/movement.ts";
import { foldIn, type Key } from "../../random/key.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Network } from "../types.ts";
import { coreLabels, edgeRanks, networkShape, withoutTrivialEdges } from "./graph.ts";
import { networkParameters, randomNetwork, unfoldCore } from "./grow.ts";

interface Fitted {
  readonly network: Network;
  readonly loss: number;
}

/** Random starts of a network whose truncated cores do not lead to a fit. */
const FRESH_STARTS = 4;

/**
 * Lowers ranks one by one, those first that save most numbers, as long as a fit stays at `limit` or below: from the truncated
 * cores, and where that leads nowhere for any edge, from random ones (a swamp of the old cores is not one of all). Null when no
 * rank can be lowered. Up to five full fits for every edge that is tried; one where `key` is null and nothing starts afresh.
 */
export function shrinkNetwork(
  key: Key | null,
  network: Network,
  limit: number,
  refit: (network: Network) => Fitted,
): Fitted | null {
  let best: Fitted | null = null;
  for (let round = 0; ; round++) {
    const from = withoutTrivialEdges(best?.network ?? network);
    const smaller = from.graph.edges
      .map((_, edge) => decreaseRank(from, edge))
      .sort((a, b) => networkParameters(a) - networkParameters(b));
    const fresh = key
      ? smaller.flatMap((candidate, edge) =>
          Array.from({ length: FRESH_STARTS }, (_, start) =>
            scattered(foldIn(foldIn(key, round), FRESH_STARTS * edge + start), candidate),
          ),
        )
      : [];
    const found = firstFit([...smaller, ...fresh], limit, refit);
    if (!found) return best;
    best = found;
  }
}

function firstFit(
  candidates: readonly Network[],
  limit: number,
  refit: (network: Network) => Fitted,
): Fitted | null {
  for (const candidate of candidates) {
    const fitted = refit(candidate);
    if (fitted.loss <= limit) return fitted;
  }
  return null;
}

/** Random cores of the same shapes. */
const scattered = (key: Key, network: Network): Network =>
  randomNetwork(key, network.graph, networkShape(network), edgeRanks(network));

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
