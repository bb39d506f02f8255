// Adaptive structure learning: a network grows rank by rank along the edge that helps most. Hashemizadeh, Liu, Miller,
// Rabusseau, "Adaptive learning of tensor network structures" (2021).

import { adam } from "../../optim/first/adam.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { Network } from "../types.ts";
import { NetworkSolver } from "./als.ts";
import { withoutTrivialEdges } from "./graph.ts";
import { contractNetwork, increaseRank, networkParameters, randomNetwork } from "./grow.ts";
import { shrinkNetwork } from "./shrink.ts";
import { splitCores } from "./split.ts";

export interface TnGreedyOptions extends IterationOptions {
  /** Loss at which to stop; for tensors ‖x − x̂‖² / ‖x‖². 1e-6 unless told. */
  readonly tol?: number;
  /** No network with more numbers than this; no limit unless told. */
  readonly maxParameters?: number;
  /** ALS sweeps that judge an edge, 3 unless told (fewer pick wrong edges in swamps); Adam takes 20 steps. */
  readonly probe?: number;
  /** Most ALS sweeps of a fit, 100 unless told; Adam takes ten times as many steps. */
  readonly sweeps?: number;
  /** `als` (default for tensors) or `adam` (always for losses). */
  readonly solver?: "als" | "adam";
  /** Learning rate of Adam; 0.01 unless told. */
  readonly learningRate?: number;
  /** For tensors: weights >= 0 (or bool) of the entries, those of weight 0 may be NaN. */
  readonly mask?: Tensor;
  /** Shift of the normal equations of ALS, relative; 1e-10 unless told, 1e-6 with a mask. */
  readonly ridge?: number;
  /** Pairs of modes that may be joined; all unless told. */
  readonly allowedEdges?: readonly (readonly [number, number])[];
  /** The edge with the smallest probed loss (default), or with the largest drop of it per number added. */
  readonly criterion?: "loss" | "ratio";
  /** Also split cores in two wherever that saves numbers at the same loss: finds trees and Tucker formats. */
  readonly splitNodes?: boolean;
  /**
   * At the end, lower ranks again wherever the network still fits as well: what the greedy choice took in vain goes.
   * True unless told; the published search stops before.
   */
  readonly shrink?: boolean;
}

/** One fitted network on the way. */
export interface TnGreedyStep {
  readonly parameters: number;
  readonly loss: number;
  /** Edge whose rank was raised before; null for the start, after splits and after shrinking. */
  readonly edge: readonly [number, number] | null;
}

export interface TnGreedyResult {
  /** Bonds of rank 1 are left out. */
  readonly network: Network;
  readonly loss: number;
  readonly parameters: number;
  readonly history: readonly TnGreedyStep[];
  /** Rank increments. */
  readonly iterations: number;
  /** The loss is at most `tol`. */
  readonly converged: boolean;
  readonly notes: readonly string[];
}

/** What the search needs of a way to fit. */
interface Fitter {
  fit(network: Network, effort: "probe" | "full"): { readonly network: Network; readonly loss: number };
}

/** Relative drop of the loss in a round below which the round counts as idle. */
const IDLE = 1e-3;
/** Idle rounds running after which to stop. */
const PATIENCE = 2;
const PROBE_STEPS = 20;
/** Of the key for fresh starts, apart from the rounds' own. */
const FRESH = 2 ** 31 - 1;

/**
 * Grows a tensor network from rank 1 until it fits a tensor, the present entries of one, or minimises any
 * differentiable loss of a network. Each round tries one more rank on every allowed edge for a few sweeps from the
 * current cores, takes the best edge, and fits on from there: cores are never started afresh. A network that fits is shrunk
 * where it can be. For a tensor `shape` must
 * be its own. |edges| probes a rank, each O(d · size · r²); meant for up to 8 modes.
 *
 * @throws ShapeError for fewer than 2 modes, a shape that is not the tensor's, or a loss that is no scalar;
 * DomainError for options out of range and entries that are not finite; DTypeError for complex tensors.
 */
export function tnGreedy(
  key: Key,
  target: Tensor | ((network: Network) => Tensor),
  shape: readonly number[],
  options: TnGreedyOptions = {},
): TnGreedyResult {
  const { tol = 1e-6, maxParameters = Number.POSITIVE_INFINITY, criterion = "loss" } = options;
  checkOptions(target, shape, options);
  const edges = allowed(shape.length, options.allowedEdges);
  const notes: string[] = [];
  const fitter =
    target instanceof Tensor
      ? tensorFitter(target, options, notes)
      : adamFitter((network) => scalarLoss(target(network)), options);
  const modes = shape.map((_, k) => k);
  let current = fitter.fit(randomNetwork(foldIn(key, 0), { modes, edges: [] }, shape, []), "full");
  const history: TnGreedyStep[] = [];
  const record = (edge: readonly [number, number] | null): void => {
    history.push({ parameters: networkParameters(current.network), loss: current.loss, edge });
    const share = Math.log(Math.max(current.loss, tol)) / Math.log(tol);
    options.onProgress?.({
      fraction: Math.min(1, Math.max(0, share)),
      stage: `${networkParameters(current.network)} numbers, loss ${current.loss.toExponential(1)}`,
    });
  };
  record(null);
  let idle = 0;
  let rounds = 0;
  while (current.loss > tol && idle < PATIENCE) {
    checkAborted(options.signal, "tnGreedy");
    let best: { network: Network; edge: readonly [number, number]; score: number } | null = null;
    for (const edge of candidateEdges(current.network, edges)) {
      const grown = increaseRank(foldIn(key, ++rounds), current.network, edge);
      const extra = networkParameters(grown) - networkParameters(current.network);
      if (networkParameters(grown) > maxParameters) continue;
      const probed = fitter.fit(grown, "probe");
      const score = criterion === "loss" ? probed.loss : (probed.loss - current.loss) / extra;
      if (!best || score < best.score) best = { network: probed.network, edge, score };
    }
    if (!best) {
      notes.push(`stopped at maxParameters = ${maxParameters}`);
      break;
    }
    const before = current.loss;
    current = fitter.fit(best.network, "full");
    idle = current.loss > before * (1 - IDLE) ? idle + 1 : 0;
    record(best.edge);
    if (options.splitNodes) {
      const split = splitCores(current.network, current.loss, Math.max(tol, current.loss * 1.05), (network) =>
        fitter.fit(network, "full"),
      );
      if (split) {
        current = split;
        record(null);
      }
    }
  }
  if (options.shrink !== false && current.loss <= tol) {
    // Adam would need too many steps from a random start.
    const fresh = target instanceof Tensor && options.solver !== "adam" ? foldIn(key, FRESH) : null;
    const smaller = shrinkNetwork(fresh, current.network, tol, (network) => fitter.fit(network, "full"));
    if (smaller) {
      current = smaller;
      record(null);
    }
  }
  return {
    network: withoutTrivialEdges(current.network),
    loss: current.loss,
    parameters: networkParameters(current.network),
    history,
    iterations: history.filter(({ edge }) => edge).length,
    converged: current.loss <= tol,
    notes,
  };
}

function checkOptions(target: unknown, shape: readonly number[], options: TnGreedyOptions): void {
  const { tol = 1e-6, probe = 3, sweeps = 100, maxParameters = 1, learningRate = 0.01 } = options;
  if (shape.length < 2 || !shape.every((n) => Number.isInteger(n) && n >= 1))
    throw new ShapeError(`tnGreedy: a shape of at least 2 modes was expected, got ${formatShape(shape)}`);
  if (target instanceof Tensor && !sameShape(target.shape, shape))
    throw new ShapeError(
      `tnGreedy: shape ${formatShape(shape)} is not that of the tensor, ${formatShape(target.shape)}`,
    );
  if (!(target instanceof Tensor) && typeof target !== "function")
    throw new DomainError(`tnGreedy: a tensor or a loss was expected, got ${typeof target}`);
  if (!(tol > 0 && tol < Number.POSITIVE_INFINITY))
    throw new DomainError(`tnGreedy: tol must be above 0, got ${tol}`);
  for (const [name, value] of Object.entries({ probe, sweeps }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`tnGreedy: ${name} must be an integer of at least 1, got ${value}`);
  if (!(maxParameters >= 1))
    throw new DomainError(`tnGreedy: maxParameters must be at least 1, got ${maxParameters}`);
  if (!(learningRate > 0))
    throw new DomainError(`tnGreedy: learningRate must be above 0, got ${learningRate}`);
  if (typeof target === "function" && options.solver === "als")
    throw new DomainError("tnGreedy: solver als is for tensors; a loss is minimised by adam");
  if (typeof target === "function" && options.mask)
    throw new DomainError("tnGreedy: a mask belongs to a tensor, not to a loss");
}

function allowed(
  order: number,
  given: readonly (readonly [number, number])[] | undefined,
): (readonly [number, number])[] {
  if (!given)
    return Array.from({ length: order }, (_, i) => i).flatMap((i) =>
      Array.from({ length: order - i - 1 }, (_, k) => [i, i + 1 + k] as const),
    );
  return given.map(([a, b]) => {
    const edge = [Math.min(a, b), Math.max(a, b)] as const;
    if (!(Number.isInteger(a) && Number.isInteger(b) && edge[0] >= 0 && edge[0] < edge[1] && edge[1] < order))
      throw new DomainError(
        `tnGreedy: allowedEdges must be pairs of different modes below ${order}, got [${a}, ${b}]`,
      );
    return edge;
  });
}

/** The allowed pairs of modes, and the bonds of cores that splits have made. */
function candidateEdges(
  { graph }: Network,
  edges: readonly (readonly [number, number])[],
): (readonly [number, number])[] {
  const latent = graph.edges.filter(([a, b]) => graph.modes[a] === null || graph.modes[b] === null);
  return [...edges, ...latent];
}

function scalarLoss(value: Tensor): Tensor {
  if (!(value instanceof Tensor) || value.size !== 1)
    throw new ShapeError(
      `tnGreedy: the loss must be a scalar tensor, got ${value instanceof Tensor ? `shape ${formatShape(value.shape)}` : typeof value}`,
    );
  return value.reshape([]);
}

function tensorFitter(x: Tensor, options: TnGreedyOptions, notes: string[]): Fitter {
  const { probe = 3, sweeps = 100, mask, tol = 1e-6, ridge = mask ? 1e-6 : 1e-10 } = options;
  const solver = new NetworkSolver(x, mask, "tnGreedy");
  const empty = solver.emptySlices();
  if (empty.length > 0)
    notes.push(`positions without any entry (${empty.join("; ")}): the ridge alone decides there`);
  if (options.solver === "adam") {
    const weights = mask?.astype(x.dtype);
    const data = weights ? weights.equal(0).where(0, x) : x;
    return adamFitter((network) => {
      const square = contractNetwork(network).sub(data).square();
      return (weights ? square.mul(weights) : square).sum().div(solver.energy || 1);
    }, options);
  }
  const common = { ridge, ...(options.signal && { signal: options.signal }) };
  return {
    fit: (network, effort) =>
      solver.fit(network, {
        ...common,
        // Well below the goal, so that the sweep that reaches it is the last.
        target: tol,
        tol: 1e-4,
        maxIterations: effort === "probe" ? probe : sweeps,
      }),
  };
}

/** Adam on the cores. The scale of a random start may be far off, so the first fit begins near 0. */
function adamFitter(loss: (network: Network) => Tensor, options: TnGreedyOptions): Fitter {
  const { sweeps = 100, learningRate = 0.01, tol = 1e-6 } = options;
  return {
    fit(network, effort) {
      const { graph } = network;
      const optimizer = adam<Tensor[]>({ learningRate });
      const objective = (cores: readonly Tensor[]): Tensor => loss({ kind: "network", graph, cores });
      let params: Tensor[] = [...network.cores];
      let state = optimizer.init(params);
      const steps = effort === "probe" ? PROBE_STEPS : 10 * sweeps;
      let best = { params, loss: Number.POSITIVE_INFINITY };
      for (let step = 0; step < steps; step++) {
        checkAborted(options.signal, "tnGreedy");
        const next = optimizer.step({ params, state, loss: objective, batch: undefined });
        const value = next.value.item();
        if (Number.isNaN(value)) throw new DomainError("tnGreedy: the loss is not a number");
        if (value < best.loss) best = { params, loss: value };
        if (value <= tol) break;
        params = next.params;
        state = next.state;
      }
      const final = objective(params).item();
      if (final < best.loss) best = { params, loss: final };
      return { network: { kind: "network", graph, cores: best.params }, loss: best.loss };
    },
  };
}
