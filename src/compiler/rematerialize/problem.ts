// A rematerialization problem at the door: checked, relabelled by its order, and in whole units.

import { DomainError, ShapeError } from "../../tensor/errors.ts";

/** A computation as a graph with costs. Node v reads the values of all u with an edge `[u, v]`. */
export interface CostGraph {
  /** Nodes are numbered from 0 to n - 1. */
  readonly n: number;
  readonly edges: readonly (readonly [number, number])[];
  /** Memory that the value of each node takes while it is kept. */
  readonly memory: ArrayLike<number>;
  /** What computing each node costs. */
  readonly duration: ArrayLike<number>;
}

/**
 * The problem that the search works on. Nodes are numbered by their place in the fixed topological order, so every
 * edge goes from a lower to a higher number. Costs are whole numbers: divided by their common divisor, or, where they
 * are not integers, counted in units of 2^-40 of the largest (memory rounded up, so that what fits here fits there).
 */
export interface Problem {
  readonly n: number;
  /** Original number of the k-th node. */
  readonly order: Int32Array;
  /** Ascending, without repetition. */
  readonly parents: readonly Int32Array[];
  readonly children: readonly Int32Array[];
  readonly memory: Float64Array;
  readonly duration: Float64Array;
  /** One unit of `duration`. */
  readonly durationUnit: number;
  /** Whole units of memory; Infinity for no limit. */
  readonly budget: number;
  readonly maxCopies: number;
}

/** Checks a graph; gives the distinct parents of every node. Throws ShapeError and DomainError. */
export function checkGraph(graph: CostGraph, what: string): Int32Array[] {
  const { n, edges, memory, duration } = graph;
  if (!Number.isSafeInteger(n) || n < 0)
    throw new ShapeError(`${what}: n must be a non-negative integer, got ${n}`);
  for (const [name, costs] of [
    ["memory", memory],
    ["duration", duration],
  ] as const) {
    if (costs.length !== n)
      throw new ShapeError(`${what}: ${name} must hold ${n} numbers, one a node, got ${costs.length}`);
    for (let v = 0; v < n; v++)
      if (!(costs[v]! >= 0 && costs[v]! < Infinity))
        throw new DomainError(`${what}: ${name}[${v}] must be finite and not negative, got ${costs[v]}`);
  }
  const parents = Array.from({ length: n }, () => new Set<number>());
  for (const [u, v] of edges) {
    for (const node of [u, v])
      if (!Number.isInteger(node) || node < 0 || node >= n)
        throw new DomainError(
          `${what}: edge [${u}, ${v}] names no node; they are numbered from 0 to ${n - 1}`,
        );
    parents[v]!.add(u);
  }
  return parents.map((set) => Int32Array.from(set).sort());
}

function childrenOf(parents: readonly Int32Array[]): Int32Array[] {
  const children = parents.map((): number[] => []);
  parents.forEach((list, v) => {
    for (const u of list) children[u]!.push(v);
  });
  return children.map((list) => Int32Array.from(list));
}

/** The order 0, 1, … n - 1 where it is topological, else the topological order that takes the lowest node first. */
function defaultOrder(parents: readonly Int32Array[], what: string): Int32Array {
  const n = parents.length;
  if (parents.every((list, v) => list.every((u) => u < v)))
    return Int32Array.from({ length: n }, (_, v) => v);
  const children = childrenOf(parents);
  const missing = parents.map((list) => list.length);
  const ready = [...missing.keys()].filter((v) => missing[v] === 0);
  const order: number[] = [];
  while (ready.length > 0) {
    let best = 0;
    for (let i = 1; i < ready.length; i++) if (ready[i]! < ready[best]!) best = i;
    const v = ready.splice(best, 1)[0]!;
    order.push(v);
    for (const w of children[v]!) if (--missing[w]! === 0) ready.push(w);
  }
  if (order.length < n) {
    const stuck = missing.findIndex((count) => count > 0);
    throw new DomainError(`${what}: the graph has a cycle; node ${stuck} can never be computed`);
  }
  return Int32Array.from(order);
}

function checkedOrder(order: readonly number[], parents: readonly Int32Array[], what: string): Int32Array {
  const n = parents.length;
  const place = new Int32Array(n).fill(-1);
  order.forEach((v, k) => {
    if (!Number.isInteger(v) || v < 0 || v >= n || place[v] !== -1)
      throw new DomainError(`${what}: order must name every node once; entry ${k} is ${v}`);
    place[v] = k;
  });
  if (order.length !== n)
    throw new DomainError(`${what}: order must name all ${n} nodes, got ${order.length}`);
  parents.forEach((list, v) => {
    for (const u of list)
      if (place[u]! >= place[v]!)
        throw new DomainError(
          `${what}: order is not topological; node ${v} reads node ${u}, which comes later`,
        );
  });
  return Int32Array.from(order);
}

function greatestCommonDivisor(values: ArrayLike<number>): number {
  let divisor = 0;
  for (let i = 0; i < values.length; i++) for (let a = values[i]!; a > 0; ) [divisor, a] = [a, divisor % a];
  return divisor || 1;
}

/** Finest unit for costs that are not integers, as a share of the largest. */
const RESOLUTION = 2 ** -40;

function unitOf(values: ArrayLike<number>): number {
  const list = Array.from(values);
  return list.every(Number.isSafeInteger)
    ? greatestCommonDivisor(list)
    : list.reduce((a, b) => Math.max(a, b), 0) * RESOLUTION || 1;
}

/**
 * Checks everything and prepares it for the search. Throws ShapeError for arrays of another length than n; DomainError
 * for cycles, unknown nodes, costs that are negative or not finite, an order that is not topological, and a budget
 * below what one node needs together with its inputs: nothing can fit then, and the message names the minimum.
 */
export function prepare(
  graph: CostGraph,
  options: { readonly budget: number; readonly maxCopies: number; readonly order?: readonly number[] },
): Problem {
  const what = "rematerialize";
  const given = checkGraph(graph, what);
  const { budget, maxCopies } = options;
  if (!Number.isSafeInteger(maxCopies) || maxCopies < 1)
    throw new DomainError(`${what}: maxCopies must be an integer of at least 1, got ${maxCopies}`);
  if (!(budget >= 0)) throw new DomainError(`${what}: budget must be a number of at least 0, got ${budget}`);
  const byDefault = defaultOrder(given, what);
  const order = options.order ? checkedOrder(options.order, given, what) : byDefault;
  const { minimum, node } = smallestBudget(graph, given);
  if (budget < minimum)
    throw new DomainError(
      `${what}: budget ${budget} is too small for any schedule: node ${node} alone needs ${minimum} for its inputs and its value`,
    );
  const place = new Int32Array(graph.n);
  order.forEach((v, k) => {
    place[v] = k;
  });
  const parents = Array.from(order, (v) => given[v]!.map((u) => place[u]!).sort());
  const memoryUnit = unitOf(graph.memory);
  const durationUnit = unitOf(graph.duration);
  return {
    n: graph.n,
    order,
    parents,
    children: childrenOf(parents),
    memory: Float64Array.from(order, (v) => Math.ceil(graph.memory[v]! / memoryUnit)),
    duration: Float64Array.from(order, (v) => Math.round(graph.duration[v]! / durationUnit)),
    durationUnit,
    budget: Math.floor(budget / memoryUnit),
    maxCopies,
  };
}

/** The node whose inputs and value together take most memory: no schedule needs less. */
export function smallestBudget(
  graph: CostGraph,
  parents: readonly Int32Array[] = checkGraph(graph, "rematerialize"),
): { readonly minimum: number; readonly node: number } {
  const { n, memory } = graph;
  let minimum = 0;
  let node = 0;
  for (let v = 0; v < n; v++) {
    const needed = parents[v]!.reduce((sum, u) => sum + memory[u]!, memory[v]!);
    if (needed > minimum) [minimum, node] = [needed, v];
  }
  return { minimum, node };
}
