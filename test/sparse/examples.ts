// Example operands of the primitives of sparse for the walk through the registry.
import { coo, poisson } from "polyadic/sparse";
import { tensor } from "polyadic/tensor";
import type { Pattern } from "../../src/sparse/base/pattern.ts";
import { productPattern } from "../../src/sparse/kernels/gustavson.ts";
import type { Hierarchy } from "../../src/sparse/multigrid/cycle.ts";
import { tentative, transposed } from "../../src/sparse/multigrid/prolongator.ts";
import { gaussSeidel } from "../../src/sparse/multigrid/smoothers.ts";
import { type Example, type Operand, values } from "../transform/operands.ts";

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

/** 3 × 3, structurally symmetric; and its triangles. */
const square = places([3, 3], [0, 0], [0, 1], [1, 0], [1, 1], [1, 2], [2, 1], [2, 2]);
const lower = places([3, 3], [0, 0], [1, 0], [1, 1], [2, 1], [2, 2]);
const strictlyUpper = places([3, 3], [0, 1], [0, 2]);

/** Values of a matrix with a large diagonal. */
const dominant = (pattern: Pattern): Operand => {
  const noise = values([pattern.nnz], 0.2, 0.6);
  const diagonal = tensor(Array.from(pattern.indices, (j, p) => (pattern.rowOf[p] === j ? 4 + j : 0)));
  return {
    ...noise,
    draw: (dtype, numbers, random) => noise.draw(dtype, numbers, random).add(diagonal).astype(dtype),
  };
};

const system = (pattern: Pattern, params: object, ...b: number[]): Example => ({
  params: { caller: "example", pattern, transposed: false, tolerance: Number.POSITIVE_INFINITY, ...params },
  operands: [dominant(pattern), values(b)],
  linear: [[1]],
  slack: 8,
});

/** Six points, of which three become one: two levels. */
function smallHierarchy(): Hierarchy {
  const a = { pattern: poisson([6]).rows.pattern, values: poisson([6]).values.data() as Float64Array };
  const aggregates = { count: 2, of: Int32Array.of(0, 0, 0, 1, 1, 1) };
  const { p: prolongation } = tentative(aggregates, 1, new Float64Array(6).fill(1), 1);
  return {
    levels: [
      {
        a,
        smooth: gaussSeidel(a, new Float64Array(6).fill(0.5)),
        prolongation,
        restriction: transposed(prolongation),
      },
    ],
    visits: 1,
    steps: [2, 1],
    coarsest: (x) => {
      x[0] /= 2;
      x[1] /= 3;
    },
    n: 6,
  };
}

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
  sparseSystem: [
    ...(["lu", "cholesky"] as const).flatMap((kind) => [
      system(square, { kind }, 3, 2),
      system(square, { kind, transposed: true }, 3, 1),
    ]),
    system(lower, { kind: "lower", transposed: true }, 3, 2),
    system(strictlyUpper, { kind: "upper", unit: true }, 3, 1),
  ],
  multigridCycle: [false, true].map((isTransposed) => ({
    params: { hierarchy: smallHierarchy(), transposed: isTransposed },
    operands: [values([6, 2])],
    linear: [[0]],
    slack: 8,
  })),
};
