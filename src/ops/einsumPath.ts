// In which order to contract a network of tensors: the cost of a pairwise order can differ by many powers of ten.

/** Labels of each operand and of the result, and the length of every label. */
export interface Network {
  readonly operands: readonly (readonly string[])[];
  readonly output: readonly string[];
  readonly lengths: ReadonlyMap<string, number>;
}

export interface ContractionPath {
  /**
   * Pairs to contract, in order. Each names two positions of the current list; both are removed and their product is
   * appended, as in opt_einsum and NumPy's `einsum_path`.
   */
  readonly steps: readonly (readonly [number, number])[];
  /** Multiplications of all steps together. */
  readonly cost: number;
  /** Elements of the largest intermediate. */
  readonly largest: number;
}

/** Largest number of operands for which the optimal order is searched: the search visits 3^n splits. */
export const OPTIMAL_LIMIT = 12;

/**
 * The cheapest pairwise contraction order: exact by dynamic programming over subsets up to 12 operands (O(3^n)),
 * greedy beyond (O(n³)). The greedy rule contracts the pair that shrinks memory most (Smith and Gray, "opt_einsum",
 * 2018).
 */
export function findPath(network: Network): ContractionPath {
  const count = network.operands.length;
  if (count < 2) return { steps: [], cost: 0, largest: 0 };
  return count <= OPTIMAL_LIMIT ? optimalPath(network) : greedyPath(network);
}

const product = (labels: Iterable<string>, lengths: ReadonlyMap<string, number>): number => {
  let size = 1;
  for (const label of labels) size *= lengths.get(label)!;
  return size;
};

/** Contraction orders that never multiply unconnected parts win unless the parts share nothing at all; costs decide. */
function optimalPath({ operands, output, lengths }: Network): ContractionPath {
  const count = operands.length;
  const everything = (1 << count) - 1;
  const names = [...lengths.keys()];
  const sizes = names.map((name) => lengths.get(name)!);
  // Labels as bit sets: membership tests are the whole inner loop.
  const bits = (labels: readonly string[]): bigint =>
    labels.reduce((set, label) => set | (1n << BigInt(names.indexOf(label))), 0n);
  const sizeOfBits = (set: bigint): number => {
    let size = 1;
    for (let i = 0; i < names.length; i++) if ((set >> BigInt(i)) & 1n) size *= sizes[i]!;
    return size;
  };
  const single = operands.map(bits);
  const result = bits(output);
  const union: bigint[] = new Array(everything + 1).fill(0n);
  for (let set = 1; set <= everything; set++) {
    const low = 31 - Math.clz32(set & -set);
    union[set] = union[set & (set - 1)]! | single[low]!;
  }
  // Labels that survive once the operands of a subset have been contracted with each other.
  const open: bigint[] = union.map((labels, set) => labels & (union[everything & ~set]! | result));
  const sizeCache = new Map<bigint, number>();
  const cachedSize = (set: bigint): number => {
    let size = sizeCache.get(set);
    if (size === undefined) {
      size = sizeOfBits(set);
      sizeCache.set(set, size);
    }
    return size;
  };
  const best = new Float64Array(everything + 1).fill(Number.POSITIVE_INFINITY);
  const split = new Int32Array(everything + 1);
  for (let i = 0; i < count; i++) best[1 << i] = 0;
  for (let set = 1; set <= everything; set++) {
    if ((set & (set - 1)) === 0) continue;
    const lowest = set & -set;
    for (let part = (set - 1) & set; part > 0; part = (part - 1) & set) {
      if (!(part & lowest)) continue;
      const rest = set ^ part;
      const before = best[part]! + best[rest]!;
      if (before >= best[set]!) continue;
      const cost = before + cachedSize(open[part]! | open[rest]!);
      if (cost < best[set]!) {
        best[set] = cost;
        split[set] = part;
      }
    }
  }
  const steps: (readonly [number, number])[] = [];
  const positions = Array.from({ length: count }, (_, i) => 1 << i);
  let largest = 0;
  const emit = (set: number): void => {
    if ((set & (set - 1)) === 0) return;
    const part = split[set]!;
    emit(part);
    emit(set ^ part);
    const a = positions.indexOf(part);
    const b = positions.indexOf(set ^ part);
    const pair = [Math.min(a, b), Math.max(a, b)] as const;
    positions.splice(pair[1], 1);
    positions.splice(pair[0], 1);
    positions.push(set);
    steps.push(pair);
    largest = Math.max(largest, cachedSize(open[set]!));
  };
  emit(everything);
  return { steps, cost: best[everything]!, largest };
}

function greedyPath({ operands, output, lengths }: Network): ContractionPath {
  const uses = new Map<string, number>();
  for (const label of output) uses.set(label, 1);
  for (const labels of operands) for (const label of labels) uses.set(label, (uses.get(label) ?? 0) + 1);
  // Labels that nobody else has are summed before any product.
  const current = operands.map((labels) => new Set(labels.filter((label) => uses.get(label)! > 1)));
  const steps: (readonly [number, number])[] = [];
  let cost = 0;
  let largest = 0;
  const merged = (a: ReadonlySet<string>, b: ReadonlySet<string>): Set<string> => {
    const keep = new Set<string>();
    for (const label of new Set([...a, ...b])) {
      const inside = Number(a.has(label)) + Number(b.has(label));
      if (uses.get(label)! > inside) keep.add(label);
    }
    return keep;
  };
  while (current.length > 1) {
    let best: { pair: readonly [number, number]; score: number; connected: boolean } | null = null;
    for (let i = 0; i < current.length; i++)
      for (let j = i + 1; j < current.length; j++) {
        const connected = [...current[i]!].some((label) => current[j]!.has(label));
        if (best?.connected && !connected) continue;
        const size = (labels: Iterable<string>): number => product(labels, lengths);
        const score = size(merged(current[i]!, current[j]!)) - size(current[i]!) - size(current[j]!);
        if (!best || (connected && !best.connected) || score < best.score)
          best = { pair: [i, j], score, connected };
      }
    const [i, j] = best!.pair;
    const a = current[i]!;
    const b = current[j]!;
    const next = merged(a, b);
    const all = new Set([...a, ...b]);
    cost += product(all, lengths);
    largest = Math.max(largest, product(next, lengths));
    for (const label of all) {
      const inside = Number(a.has(label)) + Number(b.has(label));
      uses.set(label, uses.get(label)! - inside + Number(next.has(label)));
    }
    current.splice(j, 1);
    current.splice(i, 1);
    current.push(next);
    steps.push([i, j]);
  }
  return { steps, cost, largest };
}
