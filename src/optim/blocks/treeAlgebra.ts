// Trees of tensors as vectors of one space: sums, inner products, norms, all leaves together.

import { asTensor } from "../../ops/operands.ts";
import { zerosLike } from "../../ops/rules.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { type Tree, tree } from "../../tensor/tree.ts";

/** Which tensors of a tree are meant, by the tensor and its path, such as `.layers[0].weight`. */
export type LeafPredicate = (leaf: Tensor, path: string) => boolean;

/** `tree.map` that also hands over the path of each leaf. Throws TreeError where the trees differ. */
export function treeMapWithPath<T>(
  f: (path: string, leaf: Tensor, ...others: Tensor[]) => Tensor,
  first: T,
  ...rest: readonly T[]
): T {
  const { paths } = tree.flatten(first).structure;
  let next = 0;
  return tree.map((leaf, ...others) => f(paths[next++]!, leaf, ...others), first, ...rest);
}

/** x + y, leaf by leaf. */
export const treeAdd = <T>(x: T, y: T): T => tree.map((a, b) => a.add(b), x, y);

/** x - y, leaf by leaf. */
export const treeSub = <T>(x: T, y: T): T => tree.map((a, b) => a.sub(b), x, y);

/** factor·x; a tensor as factor is a scalar, and the leaves keep their dtypes. */
export const treeScale = <T>(factor: TensorLike, x: T): T => tree.map((a) => scaled(factor, a), x);

/** factor·x + y, in the dtypes of y. */
export const treeAxpy = <T>(factor: TensorLike, x: T, y: T): T =>
  tree.map((a, b) => scaled(factor, a).astype(b.dtype).add(b), x, y);

const scaled = (factor: TensorLike, x: Tensor): Tensor =>
  x.mul(typeof factor === "number" ? factor : asTensor(factor).astype(x.dtype));

/** Zeros like the leaves; they take no memory. */
export const treeZeros = <T>(x: T): T => tree.map((a) => zerosLike(a), x);

/** The inner product of two trees of one structure, a scalar in their widest dtype. */
export function treeDot<T>(x: T, y: T): Tensor {
  const others = tree.leaves(y);
  tree.map((a) => a, x, y);
  return sumOf(tree.leaves(x).map((a, i) => a.mul(others[i]!).sum()));
}

/** The Euclidean norm of all elements of a tree. */
export const treeNorm = (x: Tree): Tensor =>
  sumOf(tree.leaves(x).map((a) => (a.dtype === "float64" ? a : a.astype("float32")).square().sum())).sqrt();

const sumOf = (terms: readonly Tensor[]): Tensor =>
  terms.length === 0 ? asTensor(0) : terms.reduce((sum, term) => sum.add(term));
