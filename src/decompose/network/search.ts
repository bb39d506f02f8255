// Tensor network structure search: ranks and mode order of a template by alternating local enumeration. Li, Zeng, Li,
// Caiafa, Zhao, "Alternating local enumeration (TnALE): solving tensor network structure search with fewer
// evaluations" (2023); the baseline is their "Permutation search of tensor network structures via local sampling"
// (2022).

import { normal, randint, permutation as randomPermutation, uniform } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Network, NetworkGraph } from "../types.ts";
import { NetworkSolver } from "./als.ts";
import { withoutTrivialEdges } from "./graph.ts";
import { randomNetwork } from "./grow.ts";
import {
  type NetworkStructure,
  type NetworkTemplate,
  structureGraph,
  structureKey,
  structureParameters,
  templateGraph,
} from "./structure.ts";

export interface StructureSearchOptions extends IterationOptions {
  /** `ring` unless told. */
  readonly template?: NetworkTemplate;
  readonly maxRank: number;
  /** Weight of the error in the objective; 200 unless told. */
  readonly lambda?: number;
  /** `tnale` unless told; `tnls` draws random neighbours, `random` draws structures. */
  readonly method?: "tnale" | "tnls" | "random";
  /** How far ranks move in the first rounds and in the others; 2 and 1 unless told. */
  readonly radius?: { readonly initial: number; readonly main: number };
  /** Rounds with the first radius; 2 unless told. */
  readonly initialRounds?: number;
  /** The error of a structure, instead of a fit; what is not a number counts as infinite. */
  readonly evaluate?: (structure: NetworkStructure) => number;
  /** Structures to evaluate at most; 500 unless told. */
  readonly maxEvaluations?: number;
  /** Start anew from a random structure until the budget is spent; true unless told. */
  readonly restarts?: boolean;
  /** Stop as soon as the objective is at most this. */
  readonly target?: number;
  /** Random starts of a fit, 2 unless told, and its most sweeps, 100 unless told. */
  readonly starts?: number;
  readonly sweeps?: number;
}

/** A structure that was evaluated. */
export interface StructureTrial extends NetworkStructure {
  readonly error: number;
  readonly objective: number;
}

export interface StructureSearchResult {
  /** The best structure fitted; null when `evaluate` was given. */
  readonly network: Network | null;
  readonly ranks: readonly number[];
  readonly permutation: readonly number[];
  /** Numbers stored / size + lambda · error. */
  readonly objective: number;
  /** ‖x − x̂‖² / ‖x‖², or what `evaluate` gave. */
  readonly error: number;
  /** Different structures that were evaluated. */
  readonly evaluations: number;
  /** Evaluations that gave no number. */
  readonly failures: number;
  /** All of them, in order. */
  readonly history: readonly StructureTrial[];
  /** The last start ended by itself, or the target was met. */
  readonly converged: boolean;
}

/** Neighbours that `tnls` draws an iteration. */
const NEIGHBOURS = 20;
/** Iterations without progress after which `tnls` counts as stuck. */
const STUCK = 5;
/** A fit is exact enough here. */
const EXACT = 1e-8;
/** Starts that evaluate nothing new, after which the space counts as exhausted. */
const STALE = 50;

/** The budget is spent, or the target met. */
class Finished extends Error {}

/**
 * Searches ranks 1 … maxRank of every edge and the order of the modes for the smallest numbers / size + lambda · ‖x −
 * x̂‖² / ‖x‖², the error being the best of a few ALS fits from random starts.
 *
 * `tnale` starts at a random structure and improves one variable at a time: each rank, then the permutation (all
 * swaps of two modes), then the ranks backwards, every time to the best of all values within the radius. In the first
 * rounds only the ends and the present value are fitted and log errors between them interpolated. A round that changes
 * nothing ends it, and a new start follows. At most 2m(2·radius + 1) + d(d - 1)/2 fits a round for m edges.
 *
 * @throws DomainError for maxRank < 1, other options out of range and a zero tensor; ShapeError for fewer than 3
 * modes of a ring (2 of others); DTypeError for complex tensors.
 */
export function tnStructureSearch(
  key: Key,
  x: Tensor,
  options: StructureSearchOptions,
): StructureSearchResult {
  checkOptions(x, options);
  const search = new Search(key, x, options);
  const { method = "tnale" } = options;
  let converged = false;
  try {
    const run = { tnale: alternate, tnls: sampleLocally, random: sampleGlobally }[method];
    let stale = 0;
    for (let start = 0; stale < STALE; start++) {
      const before = search.history.length;
      run(search, foldIn(foldIn(key, 1), start));
      stale = search.history.length === before ? stale + 1 : 0;
      if (options.restarts === false) break;
    }
    converged = true;
  } catch (error) {
    if (!(error instanceof Finished)) throw error;
    converged = search.best!.objective <= (options.target ?? Number.NEGATIVE_INFINITY);
  }
  const best = search.best!;
  return {
    network: search.network && withoutTrivialEdges(search.network),
    ranks: best.ranks,
    permutation: best.permutation,
    objective: best.objective,
    error: best.error,
    evaluations: search.history.length,
    failures: search.failures,
    history: search.history,
    converged,
  };
}

function checkOptions(x: Tensor, options: StructureSearchOptions): void {
  const { template = "ring", maxRank, lambda = 200, radius = { initial: 2, main: 1 } } = options;
  const { method = "tnale", initialRounds = 2, maxEvaluations = 500, starts = 2, sweeps = 100 } = options;
  const fewest = template === "ring" ? 3 : 2;
  if (x.ndim < fewest)
    throw new ShapeError(
      `tnStructureSearch: template ${template} needs at least ${fewest} modes, got shape ${formatShape(x.shape)}`,
    );
  if (!["tnale", "tnls", "random"].includes(method))
    throw new DomainError(`tnStructureSearch: method must be tnale, tnls or random, got ${method}`);
  const counts = {
    maxRank,
    maxEvaluations,
    starts,
    sweeps,
    "radius.initial": radius.initial,
    "radius.main": radius.main,
  };
  for (const [name, value] of Object.entries(counts))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`tnStructureSearch: ${name} must be an integer of at least 1, got ${value}`);
  if (!(Number.isInteger(initialRounds) && initialRounds >= 0))
    throw new DomainError(
      `tnStructureSearch: initialRounds must be an integer of at least 0, got ${initialRounds}`,
    );
  if (!(lambda > 0 && lambda < Number.POSITIVE_INFINITY))
    throw new DomainError(`tnStructureSearch: lambda must be above 0, got ${lambda}`);
}

/** The evaluations so far, each structure once. */
class Search {
  readonly history: StructureTrial[] = [];
  readonly order: number;
  readonly edges: number;
  readonly options: StructureSearchOptions;
  best: StructureTrial | null = null;
  network: Network | null = null;
  failures = 0;
  private readonly key: Key;
  private readonly graph: NetworkGraph;
  private readonly solver: NetworkSolver;
  private readonly known = new Map<string, number>();

  constructor(key: Key, x: Tensor, options: StructureSearchOptions) {
    this.solver = new NetworkSolver(x, undefined, "tnStructureSearch");
    if (this.solver.energy === 0)
      throw new DomainError("tnStructureSearch: the tensor is zero: every structure fits it");
    this.options = options;
    this.key = foldIn(key, 0);
    this.order = x.ndim;
    this.graph = templateGraph(options.template ?? "ring", x.ndim);
    this.edges = this.graph.edges.length;
  }

  /** Share of the dense tensor's numbers that a structure stores. */
  size(structure: NetworkStructure): number {
    return (
      structureParameters(this.graph, structure, this.solver.shape) /
      this.solver.shape.reduce((product, n) => product * n, 1)
    );
  }

  /** The objective for an error that is known or guessed. */
  objective(structure: NetworkStructure, error: number): number {
    return this.size(structure) + (this.options.lambda ?? 200) * error;
  }

  /** The error of a structure, evaluated once. Throws Finished when the budget is spent or the target met. */
  error(structure: NetworkStructure): number {
    const name = structureKey(this.graph, structure);
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const { maxEvaluations = 500, target, evaluate, signal, onProgress } = this.options;
    checkAborted(signal, "tnStructureSearch");
    if (this.history.length >= maxEvaluations) throw new Finished();
    const fitted = evaluate ? null : this.fit(structure);
    const given = fitted ? fitted.loss : evaluate!(structure);
    if (Number.isNaN(given)) this.failures++;
    const error = Number.isNaN(given) ? Number.POSITIVE_INFINITY : given;
    this.known.set(name, error);
    const trial = { ...structure, error, objective: this.objective(structure, error) };
    this.history.push(trial);
    if (!this.best || trial.objective < this.best.objective) {
      this.best = trial;
      this.network = fitted?.network ?? null;
    }
    onProgress?.({
      fraction: this.history.length / maxEvaluations,
      stage: `objective ${this.best.objective.toPrecision(4)}`,
    });
    if (target !== undefined && this.best.objective <= target) throw new Finished();
    return error;
  }

  value(structure: NetworkStructure): number {
    return this.objective(structure, this.error(structure));
  }

  random(key: Key): NetworkStructure {
    return {
      ranks: [...randint(foldIn(key, 0), [this.edges], 1, this.options.maxRank + 1).data()].map(Number),
      permutation: [...randomPermutation(foldIn(key, 1), this.order).data()].map(Number),
    };
  }

  private fit(structure: NetworkStructure): { network: Network; loss: number } {
    const { starts = 2, sweeps = 100 } = this.options;
    const graph = structureGraph(this.graph, structure.permutation);
    let best: { network: Network; loss: number } | null = null;
    for (let start = 0; start < starts; start++) {
      const draw = foldIn(foldIn(this.key, this.history.length), start);
      const fitted = this.solver.fit(randomNetwork(draw, graph, this.solver.shape, structure.ranks), {
        maxIterations: sweeps,
        tol: 1e-7,
        target: EXACT,
      });
      if (!best || fitted.loss < best.loss) best = fitted;
      if (best.loss < EXACT) break;
    }
    return best!;
  }
}

const replaced = (list: readonly number[], at: number, value: number): number[] =>
  list.map((old, i) => (i === at ? value : old));

const swapped = (list: readonly number[], i: number, j: number): number[] =>
  list.map((old, k) => (k === i ? list[j]! : k === j ? list[i]! : old));

const sameStructure = (a: NetworkStructure, b: NetworkStructure): boolean =>
  a.ranks.join() === b.ranks.join() && a.permutation.join() === b.permutation.join();

/** One start of TnALE, until a full round changes nothing. */
function alternate(search: Search, key: Key): void {
  const { radius = { initial: 2, main: 1 }, initialRounds = 2 } = search.options;
  let current = search.random(key);
  search.error(current);
  for (let round = 0; ; round++) {
    const isInitial = round < initialRounds;
    const reach = isInitial ? radius.initial : radius.main;
    const before = current;
    for (let edge = 0; edge < search.edges; edge++)
      current = bestRank(search, current, edge, reach, isInitial);
    current = bestSwap(search, current);
    for (let edge = search.edges - 1; edge >= 0; edge--)
      current = bestRank(search, current, edge, reach, isInitial);
    if (!isInitial && sameStructure(before, current)) return;
  }
}

/** The best rank of one edge within reach, the others fixed. */
function bestRank(
  search: Search,
  current: NetworkStructure,
  edge: number,
  reach: number,
  interpolate: boolean,
): NetworkStructure {
  const rank = current.ranks[edge]!;
  const low = Math.max(1, rank - reach);
  const high = Math.min(search.options.maxRank, rank + reach);
  const at = (value: number): NetworkStructure => ({
    ...current,
    ranks: replaced(current.ranks, edge, value),
  });
  const anchors = [...new Set([low, rank, high])].sort((a, b) => a - b);
  const fitted = new Map(
    (interpolate ? anchors : Array.from({ length: high - low + 1 }, (_, i) => low + i)).map((value) => [
      value,
      search.error(at(value)),
    ]),
  );
  let best = current;
  let lowest = search.value(current);
  for (let value = low; value <= high; value++) {
    const error = fitted.get(value) ?? between(anchors, fitted, value);
    const objective = search.objective(at(value), error);
    if (objective < lowest) {
      lowest = objective;
      best = at(value);
    }
  }
  // What was only guessed must hold.
  return search.value(best) < search.value(current) ? best : current;
}

/** The error at a rank between two that were fitted, its logarithm taken as linear. */
function between(anchors: readonly number[], fitted: ReadonlyMap<number, number>, value: number): number {
  const right = anchors.findIndex((anchor) => anchor > value);
  const [a, b] = [anchors[right - 1]!, anchors[right]!];
  const logarithm = (rank: number): number => Math.log(Math.max(fitted.get(rank)!, 1e-16));
  const share = (value - a) / (b - a);
  const guess = Math.exp(logarithm(a) * (1 - share) + logarithm(b) * share);
  return Number.isNaN(guess) ? Number.POSITIVE_INFINITY : guess;
}

/** The best of all swaps of two modes. */
function bestSwap(search: Search, current: NetworkStructure): NetworkStructure {
  let best = current;
  let lowest = search.value(current);
  for (let i = 0; i < search.order; i++)
    for (let j = i + 1; j < search.order; j++) {
      const candidate = { ...current, permutation: swapped(current.permutation, i, j) };
      const value = search.value(candidate);
      if (value < lowest) {
        lowest = value;
        best = candidate;
      }
    }
  return best;
}

/** One start of the local sampling baseline, until some iterations bring nothing. */
function sampleLocally(search: Search, key: Key): void {
  let current = search.random(key);
  let value = search.value(current);
  for (let iteration = 0, idle = 0; idle < STUCK; iteration++) {
    let best = current;
    let lowest = value;
    for (let i = 0; i < NEIGHBOURS; i++) {
      const draw = foldIn(foldIn(foldIn(key, 2), iteration), i);
      const moves = normal(foldIn(draw, 0), [search.edges]).data();
      const ranks = current.ranks.map((rank, e) =>
        Math.min(search.options.maxRank, Math.max(1, rank + Math.round(moves[e]!))),
      );
      const [a, b] = [...randomPermutation(foldIn(draw, 1), search.order).data()].map(Number);
      const swaps = uniform(foldIn(draw, 2), []).item() < 0.5;
      const candidate = {
        ranks,
        permutation: swaps ? swapped(current.permutation, a!, b!) : current.permutation,
      };
      const found = search.value(candidate);
      if (found < lowest) {
        lowest = found;
        best = candidate;
      }
    }
    idle = best === current ? idle + 1 : 0;
    current = best;
    value = lowest;
  }
}

/** One structure of the random baseline. */
function sampleGlobally(search: Search, key: Key): void {
  search.error(search.random(key));
}
