import type { Tensor } from "../tensor/tensor.ts";

/** Σ_c weights[c] · factors[0][:, c] ∘ factors[1][:, c] ∘ … */
export interface CP {
  readonly kind: "cp";
  /** `[r]` */
  readonly weights: Tensor;
  /** `[n_k, r]` each. */
  readonly factors: readonly Tensor[];
}

/** core ×₀ factors[0] ×₁ factors[1] … */
export interface Tucker {
  readonly kind: "tucker";
  /** `[r_0, …, r_{d-1}]` */
  readonly core: Tensor;
  /** `[n_k, r_k]` each. */
  readonly factors: readonly Tensor[];
}

/** Tensor train: entry = cores[0][:, i_0, :] · cores[1][:, i_1, :] · …, with outer ranks of 1. */
export interface TT {
  readonly kind: "tt";
  /** `[r_{k-1}, n_k, r_k]` each. */
  readonly cores: readonly Tensor[];
}

/** Tensor ring: the trace of the same product, with equal outer ranks of 1 or more. */
export interface Ring {
  readonly kind: "ring";
  /** `[r_{k-1}, n_k, r_k]` each; the last rank equals the first. */
  readonly cores: readonly Tensor[];
}

/** A binary tree over modes: a leaf is a mode's number, an inner node the pair of its children. */
export type DimTree = number | readonly [DimTree, DimTree];

/** Hierarchical Tucker. */
export interface Tree {
  readonly kind: "tree";
  readonly tree: DimTree;
  /** `[n_k, r_k]`, by mode. */
  readonly leaves: readonly Tensor[];
  /** `[r_left, r_right, r_parent]`, of the inner nodes in pre-order (root first, whose r_parent is 1). */
  readonly transfers: readonly Tensor[];
}

/** Which cores of a network carry which mode, and which of them are joined. */
export interface NetworkGraph {
  /** Of each core: the mode that it carries, or null for a core that only joins others. */
  readonly modes: readonly (number | null)[];
  /** Pairs of cores `[lower, higher]` that share a bond, at most one a pair. */
  readonly edges: readonly (readonly [number, number])[];
}

/** A tensor network of any graph: every bond is summed over. */
export interface Network {
  readonly kind: "network";
  readonly graph: NetworkGraph;
  /** One a core: its mode first if it carries one, then its bonds in the order of `graph.edges`. */
  readonly cores: readonly Tensor[];
}

/** The tensor itself: what `decompose` returns when nothing is smaller. */
export interface Dense {
  readonly kind: "dense";
  readonly data: Tensor;
}

/**
 * How a tensor was rearranged before it was decomposed: padded with zeros at the end of each mode to `padded`, each
 * mode split into `splits[k]` (their product is `padded[k]`), and the split modes transposed by `order` (axis j of
 * the arranged tensor is split mode `order[j]`).
 */
export interface Layout {
  readonly shape: readonly number[];
  readonly padded: readonly number[];
  readonly splits: readonly (readonly number[])[];
  readonly order: readonly number[];
}

/** A decomposition of a rearranged tensor; functions that take it answer for the tensor as it was. */
export interface Arranged {
  readonly kind: "arranged";
  readonly layout: Layout;
  readonly inner: CP | Tucker | TT | Ring | Tree;
}

/** Every structured representation of a tensor. */
export type Decomposition = CP | Tucker | TT | Ring | Tree | Network | Dense | Arranged;

/** Formats that `decompose` tries. */
export type Format = "cp" | "tucker" | "tt" | "ring" | "tree" | "qtt" | "dense";

/** One format as `decompose` tried it. */
export interface Candidate {
  readonly format: Format;
  /** What distinguishes it from others of the format: mode order, tree, split edge. */
  readonly detail: string;
  readonly ranks: readonly number[];
  readonly parameters: number;
  /** Bytes of the parameters and the header that a file needs. */
  readonly bytes: number;
  /** Measured relative Frobenius error; NaN when the candidate was given up before it had one. */
  readonly error: number;
  readonly seconds: number;
  readonly status: "chosen" | "valid" | "rejected";
  /** Why it was not chosen; empty for the chosen one. */
  readonly reason: string;
}

/** Singular values of one unfolding, largest first. */
export interface Spectrum {
  /** The modes whose indices run along the rows of the unfolding. */
  readonly modes: readonly number[];
  readonly values: Float64Array;
  /** Values kept at the asked tolerance. */
  readonly kept: number;
}

/** Predicted error against bytes of one format. */
export interface Curve {
  readonly format: Format;
  readonly points: readonly { readonly tolerance: number; readonly error: number; readonly bytes: number }[];
}

/** What `decompose` found. */
export interface AutoResult {
  readonly decomposition: Decomposition;
  /** The chosen candidate. */
  readonly chosen: Candidate;
  readonly candidates: readonly Candidate[];
  /** Asked relative error; the budget form reports the error it reached here too. */
  readonly tolerance: number;
  /** Measured relative Frobenius error. */
  readonly error: number;
  readonly maxAbsoluteError: number;
  readonly spectra: readonly Spectrum[];
  readonly curves: readonly Curve[];
  /** Sentences that the person should read: promotions, padding, degeneracy, "not compressible" … */
  readonly notes: readonly string[];
  readonly seconds: number;
}
