// Example operands of the primitives of sparse for the walk through the registry.
import { coo } from "polyadic/sparse";
import type { Pattern } from "../../src/sparse/base/pattern.ts";
import { productPattern } from "../../src/sparse/kernels/gustavson.ts";
import { type Example, values } from "../transform/operands.ts";

const places = (shape: readonly [number, number], ...at: readonly (readonly [number, number])[]): Pattern =>
  coo(
    at.map(([i]) => i),
    at.map(([, j]) => j),
    at.map(() => 1),
    shape,
  ).rows.pattern;

/** 3 × 4 with an empty row and an empty column. */
const wide = places([3, 4], [0, 1], [0, 3], [2, 0], [2, 1], [2, 3]);
const tall = places([4, 2], [0, 0], [1, 0], [1, 1], [3, 1]);

const alternatives = [[0], [1]];

export const SPARSE: Readonly<Record<string, readonly Example[]>> = {
  sparseProduct: [
    {
      params: { pattern: wide, transposed: false },
      operands: [values([5]), values([4, 2])],
      linear: alternatives,
    },
    {
      params: { pattern: wide, transposed: true },
      operands: [values([5]), values([3, 1])],
      linear: alternatives,
    },
    {
      params: { pattern: wide, transposed: false },
      operands: [values([2, 5]), values([2, 4, 1])],
      linear: alternatives,
    },
    {
      params: { pattern: wide, transposed: true },
      operands: [values([2, 5]), values([2, 3, 2])],
      linear: alternatives,
    },
  ],
  sparseSample: [
    { params: { pattern: wide }, operands: [values([3, 2]), values([4, 2])], linear: alternatives },
    { params: { pattern: wide }, operands: [values([2, 3, 1]), values([2, 4, 1])], linear: alternatives },
  ],
  sparseTriple: (["a", "b", "c"] as const).map((unknown) => {
    const product = productPattern(wide, tall);
    const counts = { a: 5, b: 4, c: product.nnz };
    const known = (["a", "b", "c"] as const).filter((factor) => factor !== unknown);
    return {
      params: { left: wide, right: tall, product, unknown },
      operands: known.map((factor) => values([counts[factor]])),
      linear: alternatives,
    };
  }),
};
