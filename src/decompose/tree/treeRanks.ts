// Ranks of a hierarchical Tucker tree for a budget of stored numbers, chosen from the spectra of the bipartitions at
// its edges alone: the tree version of Ghadiri, Fahrbach, Fu, Mirrokni, "Approximately optimal core shapes for tensor
// decompositions" (2023).

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkInput } from "../base/input.ts";
import { rangeScale } from "../base/range.ts";
import { checkDescending, unfoldingSpectrum } from "../base/spectrum.ts";
import type { DimTree } from "../types.ts";
import { checkTree, nodesOf, type TreeNode } from "./dimTree.ts";

/**
 * Squared singular values at each node other than the root, in pre-order: of the unfolding with the node's modes
 * along its rows.
 */
export interface TreeSpectra {
  readonly shape: readonly number[];
  readonly squares: readonly Float64Array[];
}

export interface TreeRanksOptions {
  /** Numbers that leaves and transfer tensors may take together. */
  readonly budget: number;
  /** Ratio of neighbouring ranks on the grid, less 1; 0.25 unless told. 0 puts every rank on it. */
  readonly epsilon?: number;
}

export interface TreeRanks {
  /** One per node other than the root, in pre-order, as `tree(x, { ranks })` takes them. */
  readonly ranks: number[];
  /** Numbers that leaves and transfer tensors take. */
  readonly size: number;
  /**
   * Σ of the squares that the edges cut off, over ‖X‖²: from the true relative squared error to 2d - 3 times it. Not
   * a measured error.
   */
  readonly surrogateError: number;
  /** `surrogateError` / (2d - 3): no tree of these ranks has a smaller relative squared error. */
  readonly lowerBound: number;
}

/** Numbers of a tree: Σ n_k r_k over its leaves and Σ r_left · r_right · r_parent over its inner nodes. */
export function treeSize(
  shape: readonly number[],
  nodes: readonly TreeNode[],
  ranks: readonly number[],
): number {
  const rankOf = (place: number): number => (place === 0 ? 1 : ranks[place - 1]!);
  return nodes.reduce(
    (size, { left, right, modes }, place) =>
      size + (left < 0 ? shape[modes[0]!]! * rankOf(place) : rankOf(left) * rankOf(right) * rankOf(place)),
    0,
  );
}

/**
 * The spectra that `treeRanks` chooses by. O(Σ side · size) over the edges, `side` being the shorter side of an
 * unfolding.
 */
export function treeSpectra(x: Tensor, tree: DimTree): TreeSpectra {
  const input = checkInput(x, "treeSpectra");
  checkTree(tree, input.ndim, "treeSpectra");
  return spectraOf(input, nodesOf(tree));
}

function spectraOf(x: Tensor, nodes: readonly TreeNode[]): TreeSpectra {
  const squares = nodes
    .slice(1)
    .map(({ modes }) => unfoldingSpectrum(x, modes).map((value) => value * value));
  // The children of the root share one unfolding: the same numbers, not two roundings of them.
  if (nodes.length > 1) squares[nodes[0]!.right - 1] = squares[nodes[0]!.left - 1]!;
  return { shape: x.shape, squares };
}

/**
 * Ranks for `tree(x, { ranks, tree })` within a budget of numbers that cut off the fewest squares: dynamic
 * programming from the leaves to the root over ranks on a geometric grid, which keeps for every rank of a node the
 * choices below it that no other beats in both size and loss; what the grid leaves of the budget is then spent one
 * rank at a time. No rank exceeds the product of its two neighbours at a node. Takes a tensor or its `treeSpectra`;
 * never decomposes. O(d g³ f) for g ranks on the grid and at most f = 128 choices kept for each.
 *
 * @throws ShapeError for a tree that does not hold every mode once, or spectra that do not belong to it; DomainError
 * for a budget below that of ranks 1, or squares that are negative, not finite or not in descending order.
 */
export function treeRanks(x: Tensor | TreeSpectra, tree: DimTree, options: TreeRanksOptions): TreeRanks {
  const { budget, epsilon = 0.25 } = options;
  if (!(epsilon >= 0)) throw new DomainError(`treeRanks: epsilon must be at least 0, got ${epsilon}`);
  checkTree(tree, x.shape.length, "treeRanks");
  const nodes = nodesOf(tree);
  const spectra = x instanceof Tensor ? spectraAtUnitNorm(x, nodes) : checkSpectra(x, nodes);
  const edges = spectra.squares.map(edgeOf);
  const least = treeSize(
    spectra.shape,
    nodes,
    edges.map(() => 1),
  );
  if (!(budget >= least))
    throw new DomainError(
      `treeRanks: a budget of at least ${least} numbers (ranks 1) was expected, got ${budget}`,
    );
  const problem: Problem = { shape: spectra.shape, nodes, edges, budget };
  const ranks = nodes.length === 1 ? [] : spendRest(problem, bestOnGrid(problem, epsilon));
  const total = Math.max(0, ...edges.map(({ lost }) => lost[0]!));
  const surrogateError = total > 0 ? lossOf(problem, ranks) / total : 0;
  return {
    ranks,
    size: treeSize(spectra.shape, nodes, ranks),
    surrogateError,
    lowerBound: surrogateError / Math.max(1, 2 * spectra.shape.length - 3),
  };
}

function spectraAtUnitNorm(x: Tensor, nodes: readonly TreeNode[]): TreeSpectra {
  const input = checkInput(x, "treeRanks");
  const unit = rangeScale(input);
  return spectraOf(unit === 1 ? input : input.div(unit), nodes);
}

function checkSpectra(spectra: TreeSpectra, nodes: readonly TreeNode[]): TreeSpectra {
  const { squares } = spectra;
  if (squares.length !== nodes.length - 1)
    throw new ShapeError(
      `treeRanks: ${nodes.length - 1} nodes below the root need as many spectra, got ${squares.length}`,
    );
  squares.forEach((values, i) => {
    if (values.length === 0) throw new ShapeError(`treeRanks: spectrum ${i} is empty`);
    checkDescending(values, `treeRanks: spectrum ${i}`);
  });
  return spectra;
}

interface Edge {
  /** The largest rank that its unfolding can have. */
  readonly limit: number;
  /** lost[r] = Σ of the squares behind the r largest. */
  readonly lost: Float64Array;
}

interface Problem {
  readonly shape: readonly number[];
  readonly nodes: readonly TreeNode[];
  /** One per node other than the root. */
  readonly edges: readonly Edge[];
  readonly budget: number;
}

function edgeOf(squares: Float64Array): Edge {
  const lost = new Float64Array(squares.length + 1);
  for (let r = squares.length - 1; r >= 0; r--) lost[r] = lost[r + 1]! + squares[r]!;
  return { limit: squares.length, lost };
}

/** What the edges cut off; that above the root, which its two children share, counts once. */
function lossOf({ nodes, edges }: Problem, ranks: readonly number[]): number {
  const shared = nodes[0]!.right - 1;
  return ranks.reduce((sum, r, i) => (i === shared ? sum : sum + edges[i]!.lost[r]!), 0);
}

/** Choices of ranks below a node, the node's own included. */
interface Choice {
  readonly size: number;
  readonly lost: number;
  /** Of the subtree in pre-order. */
  readonly ranks: readonly number[];
}

/** Above this many choices for one rank of a node only the best of each step in size are kept. */
const KEPT = 128;

/** For each rank on a node's grid, the choices that no other beats in both size and loss. */
type Table = ReadonlyMap<number, readonly Choice[]>;

function bestOnGrid({ shape, nodes, edges, budget }: Problem, epsilon: number): readonly number[] {
  const tableOf = (place: number, countsLoss: boolean): Table => {
    const node = nodes[place]!;
    const { limit, lost } = edges[place - 1]!;
    const lossAt = (r: number): number => (countsLoss ? lost[r]! : 0);
    const table = new Map<number, Choice[]>();
    if (node.left < 0) {
      for (const r of grid(limit, epsilon)) {
        const size = r * shape[node.modes[0]!]!;
        if (size <= budget) table.set(r, [{ size, lost: lossAt(r), ranks: [r] }]);
      }
      return table;
    }
    const left = tableOf(node.left, true);
    const right = tableOf(node.right, true);
    const ranks = grid(limit, epsilon);
    for (const [a, below] of left)
      for (const [b, beside] of right) {
        const pairs = thinned(joined(below, beside, budget));
        for (const r of ranks) {
          if (!fits(a, b, r)) continue;
          const known = table.get(r) ?? [];
          for (const { size, lost, ranks } of pairs) {
            const whole = size + a * b * r;
            if (whole > budget) break;
            known.push({ size: whole, lost: lost + lossAt(r), ranks: [r, ...ranks] });
          }
          if (known.length > 0) table.set(r, known);
        }
      }
    return new Map([...table].map(([r, choices]) => [r, thinned(choices)]));
  };
  const left = tableOf(nodes[0]!.left, true);
  const right = tableOf(nodes[0]!.right, false);
  let best: Choice | null = null;
  for (const [r, below] of left)
    for (const choice of joined(below, right.get(r) ?? [], budget - r * r))
      if (!best || choice.lost < best.lost || (choice.lost === best.lost && choice.size < best.size))
        best = choice;
  // Ranks of 1 are on every grid and fit.
  return best!.ranks;
}

/** No rank at a node may exceed the product of the other two: it would be wasted. */
const fits = (a: number, b: number, c: number): boolean => a <= b * c && b <= a * c && c <= a * b;

/** 1, and from there on the next integer or (1 + ε) times as much; the limit last. */
function grid(limit: number, epsilon: number): number[] {
  const ranks: number[] = [];
  for (let r = 1; r < limit; r = Math.max(r + 1, Math.floor(r * (1 + epsilon)))) ranks.push(r);
  ranks.push(limit);
  return ranks;
}

function joined(left: readonly Choice[], right: readonly Choice[], budget: number): Choice[] {
  const both: Choice[] = [];
  for (const a of left)
    for (const b of right)
      if (a.size + b.size <= budget)
        both.push({ size: a.size + b.size, lost: a.lost + b.lost, ranks: [...a.ranks, ...b.ranks] });
  return both;
}

/**
 * The choices that no other beats, by growing size; at most one for each of `KEPT` steps between the smallest size
 * and the largest.
 */
function thinned(choices: Choice[]): Choice[] {
  choices.sort((a, b) => a.size - b.size || a.lost - b.lost);
  const front: Choice[] = [];
  for (const choice of choices)
    if (front.length === 0 || choice.lost < front.at(-1)!.lost) front.push(choice);
  if (front.length <= KEPT) return front;
  const [first, last] = [front[0]!, front.at(-1)!];
  const step = Math.log(last.size / first.size) / (KEPT - 1);
  // Of each step the last has the smallest loss.
  const kept = new Map(front.map((choice) => [Math.ceil(Math.log(choice.size / first.size) / step), choice]));
  return [...kept.values()];
}

/**
 * Raises ranks one at a time (those below the root together), the most squares per number first, while the budget
 * allows.
 */
function spendRest(problem: Problem, start: readonly number[]): number[] {
  const { shape, nodes, edges, budget } = problem;
  const { left, right } = nodes[0]!;
  const isSound = (ranks: readonly number[]): boolean =>
    nodes.every(
      (node, place) =>
        node.left < 0 ||
        place === 0 ||
        fits(ranks[node.left - 1]!, ranks[node.right - 1]!, ranks[place - 1]!),
    );
  let current = [...start];
  for (;;) {
    const size = treeSize(shape, nodes, current);
    let best: number[] | null = null;
    let bestRate = 0;
    for (let i = 0; i < current.length; i++) {
      if (i === right - 1) continue;
      const grown = current.map((r, j) => (j === i || (i === left - 1 && j === right - 1) ? r + 1 : r));
      if (grown.some((r, j) => r > edges[j]!.limit) || !isSound(grown)) continue;
      const extra = treeSize(shape, nodes, grown) - size;
      const rate = (lossOf(problem, current) - lossOf(problem, grown)) / extra;
      if (size + extra <= budget && rate > bestRate) {
        best = grown;
        bestRate = rate;
      }
    }
    if (!best) return current;
    current = best;
  }
}
