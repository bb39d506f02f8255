// Conversions between formats, without forming the tensor wherever the formats allow it.

import { qr } from "../linalg/orthogonal/qr.ts";
import { contract, matmul } from "../ops/contract.ts";
import { diag } from "../ops/join.ts";
import { mT, reshape, transpose } from "../ops/movement.ts";
import { eye } from "../tensor/create.ts";
import { allocate, isComplex } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { disarrange, isPermutation, paddingOf } from "./base/layout.ts";
import { pairwiseProduct } from "./base/scalars.ts";
import { cpRules } from "./cp/rules.ts";
import { ringNetwork, trainNetwork, treeNetwork, tuckerNetwork } from "./network/graph.ts";
import { networkRules } from "./network/rules.ts";
import { ringRules } from "./ring/rules.ts";
import { roundingTolerance, ttPermute } from "./train/permute.ts";
import { ttRules } from "./train/rules.ts";
import { absorbLeft, absorbRight, ttRound, ttSvd } from "./train/tt.ts";
import { balancedTree, linearTree, nodesOf, relabelTree } from "./tree/dimTree.ts";
import { treeRules } from "./tree/rules.ts";
import { hierarchicalSvd } from "./tree/tree.ts";
import { tuckerRules } from "./tucker/rules.ts";
import { sthosvd } from "./tucker/sthosvd.ts";
import type {
  Arranged,
  CP,
  Decomposition,
  Dense,
  DimTree,
  Network,
  Ring,
  Tree,
  TT,
  Tucker,
} from "./types.ts";

/** Kinds that can be converted to. */
export type PlainKind = Exclude<Decomposition["kind"], "arranged">;
type OfKind<K extends PlainKind> = Extract<Decomposition, { readonly kind: K }>;

/** The permutation of an arranged decomposition that neither pads nor splits; null for others. */
const permutationOf = (d: Arranged): readonly number[] | null =>
  isPermutation(d.layout) && paddingOf(d.layout) === 0 ? d.layout.order : null;

/** Whether the decomposition must be formed to be converted: it is dense or a network, or its modes are split. */
export const needsForming = (d: Decomposition): boolean =>
  d.kind === "dense" || d.kind === "network" || (d.kind === "arranged" && permutationOf(d) === null);

function fullOf(d: Decomposition): Tensor {
  switch (d.kind) {
    case "cp":
      return cpRules.full(d);
    case "tucker":
      return tuckerRules.full(d);
    case "tt":
      return ttRules.full(d);
    case "ring":
      return ringRules.full(d);
    case "tree":
      return treeRules.full(d);
    case "network":
      return networkRules.full(d);
    case "dense":
      return d.data;
    case "arranged":
      return disarrange(fullOf(d.inner), d.layout).contiguous();
  }
}

const toDense = (d: Decomposition): Dense => ({ kind: "dense", data: fullOf(d) });

/** The axis of the arranged tensor that holds each mode. */
const axesOf = (order: readonly number[]): number[] => order.map((_, mode) => order.indexOf(mode));

function toCp(d: Decomposition): CP {
  if (d.kind === "cp") return d;
  const order = d.kind === "arranged" ? permutationOf(d) : null;
  if (d.kind === "arranged" && d.inner.kind === "cp" && order) {
    const { weights, factors } = d.inner;
    return { kind: "cp", weights, factors: axesOf(order).map((axis) => factors[axis]!) };
  }
  throw new DomainError(
    `convert: a decomposition of kind "${d.kind}" has no exact CP form of known rank; fit one with cp(full(d), rank)`,
  );
}

/** Entries of a Tucker core beyond which forming it is refused. */
const LARGEST_CORE = 2 ** 28;

function checkCore(ranks: readonly number[]): void {
  if (sizeOf(ranks) > LARGEST_CORE)
    throw new DomainError(
      `convert: the Tucker core would have ${sizeOf(ranks).toExponential(1)} entries; a train or a tree holds many modes`,
    );
}

function toTucker(d: Decomposition): Tucker {
  switch (d.kind) {
    case "tucker":
      return d;
    case "cp": {
      const parts = d.factors.map((u) => qr(u));
      checkCore(parts.map(({ r }) => r.shape[0]!));
      const core = cpRules.full({ ...d, factors: parts.map(({ r }) => r) });
      return { kind: "tucker", core, factors: parts.map(({ q }) => q) };
    }
    case "tt":
    case "ring": {
      const parts = d.cores.map(splitMode);
      checkCore(parts.map(({ factor }) => factor.shape[1]!));
      const cores = parts.map(({ core }) => core);
      const core = d.kind === "tt" ? ttRules.full({ ...d, cores }) : ringRules.full({ ...d, cores });
      return { kind: "tucker", core, factors: parts.map(({ factor }) => factor) };
    }
    case "tree": {
      const ranks = d.leaves.map((u) => u.shape[1]!);
      checkCore(ranks);
      const units = d.leaves.map((u, k) => eye(ranks[k]!, ranks[k]!, { dtype: u.dtype }));
      return { kind: "tucker", core: treeRules.full({ ...d, leaves: units }), factors: d.leaves };
    }
    case "dense":
      return sthosvd(d.data, { rtol: roundingTolerance(d.data), truncation: "svd" });
    case "network":
      return toTucker(toDense(d));
    case "arranged": {
      const order = permutationOf(d);
      if (!order) return toTucker(toDense(d));
      const { core, factors } = toTucker(d.inner);
      const axes = axesOf(order);
      return {
        kind: "tucker",
        core: transpose(core, axes).contiguous(),
        factors: axes.map((axis) => factors[axis]!),
      };
    }
  }
}

/** A core `[r, n, r']` as an orthonormal factor `[n, m]` of its mode and the core `[r, m, r']` that is left. */
function splitMode(core: Tensor): { factor: Tensor; core: Tensor } {
  const [r, n, next] = core.shape as [number, number, number];
  const { q, r: rest } = qr(reshape(transpose(core, [1, 0, 2]), [n, r * next]).contiguous());
  return { factor: q, core: transpose(reshape(rest, [-1, r, next]), [1, 0, 2]).contiguous() };
}

function toTt(d: Decomposition): TT {
  switch (d.kind) {
    case "tt":
      return d;
    case "cp":
      return cpTrain(d);
    case "tucker": {
      const { cores } = ttSvd(d.core, { rtol: roundingTolerance(d.core), truncation: "svd" });
      return {
        kind: "tt",
        cores: cores.map((core, k) =>
          transpose(contract(core, d.factors[k]!, { axes: [[1], [1]] }), [0, 2, 1]).contiguous(),
        ),
      };
    }
    case "ring":
      return ringTrain(d);
    case "tree": {
      const { modes } = nodesOf(d.tree)[0]!;
      const train: TT = { kind: "tt", cores: rightChain(d, d.tree, { place: 0 }) };
      // The chain of a deep node carries ranks that its unfoldings need not have.
      const { cores } = ttRound(train, { rtol: roundingTolerance(train.cores[0]!) });
      return ttPermute({ kind: "tt", cores }, axesOf(modes));
    }
    case "dense": {
      const { cores } = ttSvd(d.data, { rtol: roundingTolerance(d.data), truncation: "svd" });
      return { kind: "tt", cores };
    }
    case "network":
      return toTt(toDense(d));
    case "arranged": {
      const order = permutationOf(d);
      return order ? ttPermute(toTt(d.inner), axesOf(order)) : toTt(toDense(d));
    }
  }
}

/** Cores that are diagonal in their ranks. */
function cpTrain(d: CP): TT {
  const last = d.factors.length - 1;
  const weighted = d.factors.map((u, k) => (k === 0 ? u.mul(d.weights) : u));
  if (last === 0) return { kind: "tt", cores: [reshape(weighted[0]!.sum({ axis: 1 }), [1, -1, 1])] };
  const cores = weighted.map((u, k) => {
    const [n, r] = u.shape as [number, number];
    if (k === 0) return reshape(u, [1, n, r]);
    if (k === last) return reshape(mT(u).contiguous(), [r, n, 1]);
    const unit = eye(r, r, { dtype: u.dtype });
    return mT(u).expandDims(2).mul(unit.expandDims(1));
  });
  return { kind: "tt", cores };
}

/** The ring cut at its first bond, whose index the train carries along: all inner ranks grow by the factor r_0. */
function ringTrain(d: Ring): TT {
  const [first, ...others] = d.cores;
  const [open, n, r] = first!.shape as [number, number, number];
  const last = others.pop();
  if (!last) return ttFromVector(ringRules.full(d));
  const unit = reshape(eye(open, open, { dtype: first!.dtype }), [open, 1, open]);
  const start = reshape(transpose(first!, [1, 0, 2]), [1, n, open * r]).contiguous();
  const [before, m] = last.shape as [number, number];
  const end = reshape(transpose(last, [2, 0, 1]), [open * before, m, 1]).contiguous();
  return { kind: "tt", cores: [start, ...others.map((core) => pairwiseProduct(unit, core, [0, 2])), end] };
}

const ttFromVector = (x: Tensor): TT => ({ kind: "tt", cores: [reshape(x, [1, -1, 1])] });

/** Where a walk in pre-order has arrived among the inner nodes. */
interface Cursor {
  place: number;
}

/**
 * The basis of a node as a chain of cores with the node's rank at its right end. The left part ends with its own
 * rank, the transfer leads from there to the pair of the right part's rank and the node's, and the latter is carried
 * along.
 */
function rightChain(d: Tree, part: DimTree, at: Cursor): Tensor[] {
  if (typeof part === "number") return [d.leaves[part]!.expandDims(0)];
  const transfer = d.transfers[at.place++]!;
  const [a, b, rank] = transfer.shape as [number, number, number];
  const left = rightChain(d, part[0], at);
  const right = leftChain(d, part[1], at);
  left.push(absorbRight(left.pop()!, reshape(transfer, [a, b * rank])));
  const unit = reshape(eye(rank, rank, { dtype: transfer.dtype }), [rank, 1, rank]);
  return [...left, ...right.map((core) => pairwiseProduct(core, unit, [0, 2]))];
}

/** The same with the rank at the left end. */
function leftChain(d: Tree, part: DimTree, at: Cursor): Tensor[] {
  if (typeof part === "number") return [mT(d.leaves[part]!).contiguous().expandDims(2)];
  const transfer = d.transfers[at.place++]!;
  const [a, b, rank] = transfer.shape as [number, number, number];
  const left = rightChain(d, part[0], at);
  const right = leftChain(d, part[1], at);
  const unit = reshape(eye(rank, rank, { dtype: transfer.dtype }), [rank, 1, rank]);
  const step = reshape(transpose(transfer, [2, 0, 1]), [rank * a, b]).contiguous();
  const carried = left.map((core) => pairwiseProduct(unit, core, [0, 2]));
  return [...carried, absorbLeft(step, right[0]!), ...right.slice(1)];
}

function toRing(d: Decomposition): Ring {
  return d.kind === "ring" ? d : { kind: "ring", cores: toTt(d).cores };
}

function toTree(d: Decomposition): Tree {
  switch (d.kind) {
    case "tree":
      return d;
    case "cp":
      return cpTree(d);
    case "tucker": {
      const small = denseTree(d.core);
      return { ...small, leaves: small.leaves.map((u, k) => matmul(d.factors[k]!, u)) };
    }
    case "tt":
      return trainTree(d);
    case "ring":
      return trainTree(ringTrain(d));
    case "dense":
      return denseTree(d.data);
    case "network":
      return toTree(toDense(d));
    case "arranged": {
      const order = permutationOf(d);
      if (!order) return toTree(toDense(d));
      const { tree, leaves, transfers } = toTree(d.inner);
      return {
        kind: "tree",
        tree: relabelTree(tree, (axis) => order[axis]!),
        leaves: axesOf(order).map((axis) => leaves[axis]!),
        transfers,
      };
    }
  }
}

function denseTree(x: Tensor): Tree {
  const shape = balancedTree(x.ndim);
  const { tree, leaves, transfers } = hierarchicalSvd(x, shape, nodesOf(shape), {
    rtol: roundingTolerance(x),
    truncation: "svd",
  });
  return { kind: "tree", tree, leaves, transfers };
}

/** Superdiagonal transfers: every node's rank is the number of components. */
function cpTree(d: CP): Tree {
  const tree = balancedTree(d.factors.length);
  if (d.factors.length === 1)
    return {
      kind: "tree",
      tree,
      leaves: [reshape(matmul(d.factors[0]!, d.weights), [-1, 1])],
      transfers: [],
    };
  const { dtype } = d.weights;
  const r = d.weights.size;
  const width = isComplex(dtype) ? 2 : 1;
  const data = allocate(dtype, r ** 3);
  for (let c = 0; c < r; c++) data[c * (r * r + r + 1) * width] = 1;
  const inner = new Tensor(data, [r, r, r], dtype);
  const root = reshape(diag(d.weights), [r, r, 1]);
  const transfers = d.factors.slice(1).map((_, i) => (i === 0 ? root : inner));
  return { kind: "tree", tree, leaves: d.factors, transfers };
}

/** A train is a tree that splits off one mode after the other: the rest's basis is the chain of the cores behind. */
function trainTree(d: TT): Tree {
  const order = d.cores.length;
  const tree = linearTree(order);
  const [r, n] = d.cores[order - 1]!.shape as [number, number];
  const last = mT(reshape(d.cores[order - 1]!, [r, n])).contiguous();
  const parts = d.cores.slice(0, -1).map(splitMode);
  return {
    kind: "tree",
    tree,
    leaves: [...parts.map(({ factor }) => factor), last],
    transfers: parts.map(({ core }) => transpose(core, [1, 2, 0]).contiguous()),
  };
}

function toNetwork(d: Decomposition): Network {
  switch (d.kind) {
    case "network":
      return d;
    case "tucker":
      return tuckerNetwork(d);
    case "ring":
      return d.cores.length > 2 ? ringNetwork(d) : trainNetwork(toTt(d));
    case "tree":
      return treeNetwork(d);
    default:
      return trainNetwork(toTt(d));
  }
}

const CONVERTERS: { readonly [K in PlainKind]: (d: Decomposition) => OfKind<K> } = {
  cp: toCp,
  tucker: toTucker,
  tt: toTt,
  ring: toRing,
  tree: toTree,
  network: toNetwork,
  dense: toDense,
};

/**
 * The same tensor in another format, exact but for rounding. Only arranged decompositions with split modes are formed
 * on the way (and dense ones decomposed, at the tolerance of rounding). Ranks: CP gives trains and trees of its own
 * rank; a ring's train has ranks r_0 · r_k; a train becomes the tree that splits off one mode after the other, all
 * else a balanced one. Networks are formed to become something else. `round` the result to compress it.
 *
 * @throws DomainError for a kind that does not exist, for "cp" of anything that is none (fit it with `cp`), and for a
 * Tucker core of more than 2^28 entries.
 */
export function convert<K extends PlainKind>(d: Decomposition, kind: K): OfKind<K> {
  const converter = CONVERTERS[kind];
  if (!converter)
    throw new DomainError(
      `convert: a kind of ${Object.keys(CONVERTERS).join(", ")} was expected, got ${String(kind)}`,
    );
  return converter(d);
}
