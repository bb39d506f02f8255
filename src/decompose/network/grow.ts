// Networks that grow: one more slice along an edge, and what a network costs.

import { concat } from "../../ops/join.ts";
import { reshape } from "../../ops/movement.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { DomainError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Network, NetworkGraph } from "../types.ts";
import {
  checkNetwork,
  contractAll,
  coreLabels,
  coreShape,
  labelled,
  modeLabel,
  networkShape,
  withEdge,
} from "./graph.ts";

/** The tensor of a network, contracted in the cheapest order that is found; differentiable by the cores. */
export function contractNetwork(network: Network): Tensor {
  checkNetwork(network, "contractNetwork");
  return contractAll(
    labelled(network),
    networkShape(network).map((_, mode) => modeLabel(mode)),
  );
}

/** How many numbers the cores of a network hold. */
export const networkParameters = ({ cores }: Network): number =>
  cores.reduce((count, core) => count + core.size, 0);

export interface IncreaseRankOptions {
  /** Size of the new entries relative to the mean absolute entry of their core; 0.1 unless told. */
  readonly scale?: number;
  /** Leave the new slice of the higher core zero, so that the tensor stays as it is; not unless told. */
  readonly keep?: boolean;
}

/**
 * The network with one slice of small normal numbers appended to both ends of an edge, which is made where there is
 * none. Throws DomainError unless the edge joins two different cores.
 */
export function increaseRank(
  key: Key,
  network: Network,
  edge: readonly [number, number],
  options: IncreaseRankOptions = {},
): Network {
  const { scale = 0.1, keep = false } = options;
  checkNetwork(network, "increaseRank");
  const [i, j] = [Math.min(...edge), Math.max(...edge)];
  if (!(Number.isInteger(i) && Number.isInteger(j) && i >= 0 && i < j && j < network.cores.length))
    throw new DomainError(
      `increaseRank: an edge between two different cores was expected, got [${edge.join(", ")}]`,
    );
  if (!Number.isFinite(scale)) throw new DomainError(`increaseRank: scale must be finite, got ${scale}`);
  const place = network.graph.edges.findIndex(([a, b]) => a === i && b === j);
  const from = place < 0 ? withEdge(network, [i, j]) : network;
  const label = `e${place < 0 ? network.graph.edges.length : place}`;
  const cores = from.cores.map((core, v) => {
    if (v !== i && v !== j) return core;
    const axis = coreLabels(from.graph, v).indexOf(label);
    const shape = core.shape.map((n, k) => (k === axis ? 1 : n));
    const size = keep && v === j ? 0 : scale * core.abs().mean().item();
    return concat([core, normal(foldIn(key, v), shape, { dtype: core.dtype }).mul(size)], axis);
  });
  return { kind: "network", graph: from.graph, cores };
}

/** Random normal cores, scaled such that the entries of the tensor are about of size 1. */
export function randomNetwork(
  key: Key,
  graph: NetworkGraph,
  shape: readonly number[],
  ranks: readonly number[],
): Network {
  const spread = ranks.reduce((product, rank) => product * rank, 1) ** (-0.5 / graph.modes.length);
  return {
    kind: "network",
    graph,
    cores: graph.modes.map((_, v) => normal(foldIn(key, v), coreShape(graph, v, shape, ranks)).mul(spread)),
  };
}

/** A core as a matrix with the axes in `rows` first; both lists keep their order. */
export function unfoldCore(core: Tensor, rows: readonly number[]): Tensor {
  const others = core.shape.map((_, axis) => axis).filter((axis) => !rows.includes(axis));
  const turned = core.transpose([...rows, ...others]);
  return reshape(turned, [sizeOf(rows.map((axis) => core.shape[axis]!)), -1]).contiguous();
}
