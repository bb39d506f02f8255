// Random decompositions of every kind, and distances between tensors.

import { frobenius } from "../../src/decompose/base/frobenius.ts";
import { arrangedShape, type permutation, type quantizedLayout } from "../../src/decompose/base/layout.ts";
import type { PlainKind } from "../../src/decompose/convert.ts";
import { nodesOf } from "../../src/decompose/tree/dimTree.ts";
import type { Decomposition, DimTree } from "../../src/decompose/types.ts";
import { normal } from "../../src/random/distributions.ts";
import { foldIn, key as makeKey } from "../../src/random/key.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

export type { PlainKind };
export const PLAIN_KINDS: readonly PlainKind[] = ["cp", "tucker", "tt", "ring", "tree", "network", "dense"];

/** What a random decomposition is made from; `rank` bounds every rank. */
export interface Recipe {
  readonly kind: PlainKind;
  readonly shape: readonly number[];
  readonly rank: number;
  readonly seed: number;
  readonly dtype: DType;
  readonly tree?: DimTree;
}

/** A decomposition with normal parameters. */
export function randomDecomposition(recipe: Recipe): Decomposition {
  const { kind, shape, rank, dtype } = recipe;
  let count = 0;
  const draw = (...lengths: number[]): Tensor =>
    normal(foldIn(makeKey(recipe.seed), count++), lengths, { dtype });
  // Ranks that differ from place to place.
  const r = (place: number): number => 1 + ((place * 7 + recipe.seed) % rank);
  const last = shape.length - 1;
  switch (kind) {
    case "cp":
      return { kind, weights: draw(rank), factors: shape.map((n) => draw(n, rank)) };
    case "tucker":
      return { kind, core: draw(...shape.map((_, k) => r(k))), factors: shape.map((n, k) => draw(n, r(k))) };
    case "tt":
      return {
        kind,
        cores: shape.map((n, k) => draw(k === 0 ? 1 : r(k - 1), n, k === last ? 1 : r(k))),
      };
    case "ring":
      return { kind, cores: shape.map((n, k) => draw(r(k), n, r(k === last ? 0 : k + 1))) };
    case "tree": {
      const tree = recipe.tree ?? shape.slice(1).reduce<DimTree>((part, _, k) => [k + 1, part], 0);
      const nodes = nodesOf(tree);
      const rankOf = (place: number): number => (place === 0 ? 1 : r(place));
      const leaves: Tensor[] = [];
      const transfers: Tensor[] = [];
      nodes.forEach((node, place) => {
        if (node.left < 0) leaves[node.modes[0]!] = draw(shape[node.modes[0]!]!, rankOf(place));
        else transfers.push(draw(rankOf(node.left), rankOf(node.right), rankOf(place)));
      });
      return { kind, tree, leaves, transfers };
    }
    case "network": {
      // All pairs of cores, and one that carries no mode.
      const modes = [...shape.map((_, k) => k), null];
      const edges = modes.flatMap((_, a) => modes.slice(a + 1).map((_, i) => [a, a + 1 + i] as const));
      return {
        kind,
        graph: { modes, edges },
        cores: modes.map((mode, v) =>
          draw(
            ...(mode === null ? [] : [shape[mode]!]),
            ...edges.flatMap((edge, e) => (edge.includes(v) ? [Math.min(2, r(e))] : [])),
          ),
        ),
      };
    }
    case "dense":
      return { kind, data: draw(...shape) };
  }
}

/** A random decomposition of the tensor that a layout makes of its shape. */
export function randomArranged(
  layout: ReturnType<typeof permutation> | ReturnType<typeof quantizedLayout>,
  recipe: Omit<Recipe, "shape">,
): Decomposition {
  const inner = randomDecomposition({ ...recipe, shape: arrangedShape(layout) });
  if (inner.kind === "dense" || inner.kind === "arranged" || inner.kind === "network")
    throw new Error("a structured kind was expected");
  return { kind: "arranged", layout, inner };
}

/** ‖a - b‖ / ‖b‖ of dense tensors. */
export function distance(a: Tensor, b: Tensor): number {
  return frobenius(a.sub(b).contiguous()) / (frobenius(b.contiguous()) || 1);
}
