// Matrices whose rows and columns have several indices, as trains of the pairs of those: Oseledets, "Tensor-train
// decomposition" (2011), section 4.3.

import { contract } from "../../ops/contract.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { RoundOptions } from "../base/rules.ts";
import type { TT } from "../types.ts";
import { ttRules } from "./rules.ts";
import { type TtOptions, tt } from "./tt.ts";

/**
 * A matrix `[Π rowDims, Π colDims]`. Core k of the train is `[r_{k-1}, rowDims[k] · colDims[k], r_k]` with the row
 * index slowest, so that everything that takes trains (sums, norms, rounding) takes `train`.
 */
export interface TtMatrix {
  readonly rowDims: readonly number[];
  readonly colDims: readonly number[];
  readonly train: TT;
}

/**
 * A matrix `[Π rowDims, Π colDims]` as a train within a relative Frobenius error. Cost and bounds as for `tt`.
 *
 * @throws ShapeError when the lengths do not fit; else as `tt`.
 */
export function ttMatrix(
  a: Tensor,
  rowDims: readonly number[],
  colDims: readonly number[],
  options: TtOptions,
): TtMatrix & { readonly error: number } {
  const order = rowDims.length;
  if (order === 0 || colDims.length !== order)
    throw new ShapeError(
      `ttMatrix: as many row as column lengths were expected, got ${order} and ${colDims.length}`,
    );
  if (!sameShape(a.shape, [sizeOf(rowDims), sizeOf(colDims)]))
    throw new ShapeError(
      `ttMatrix: a matrix [${sizeOf(rowDims)}, ${sizeOf(colDims)}] was expected, got ${formatShape(a.shape)}`,
    );
  const pairs = rowDims.flatMap((_, k) => [k, order + k]);
  const { cores, error } = tt(
    reshape(
      transpose(reshape(a, [...rowDims, ...colDims]), pairs).contiguous(),
      rowDims.map((m, k) => m * colDims[k]!),
    ),
    options,
  );
  return { rowDims, colDims, train: { kind: "tt", cores }, error };
}

/** The dense matrix. O(size · r). */
export function ttMatrixFull(matrix: TtMatrix): Tensor {
  const { rowDims, colDims, train } = matrix;
  const split = reshape(
    ttRules.full(train),
    rowDims.flatMap((m, k) => [m, colDims[k]!]),
  );
  const axes = [...rowDims.keys()];
  return reshape(transpose(split, [...axes.map((k) => 2 * k), ...axes.map((k) => 2 * k + 1)]), [
    sizeOf(rowDims),
    sizeOf(colDims),
  ]);
}

/**
 * Matrix times vector, the vector being a train of shape `colDims` and the product one of shape `rowDims`, whose
 * ranks are the products of theirs: with `round` it is compressed. O(Σ m n r² s²).
 *
 * @throws ShapeError when the vector has another shape than `colDims`.
 */
export function ttMatvec(matrix: TtMatrix, v: TT, round?: RoundOptions): TT {
  const { rowDims, colDims, train } = matrix;
  if (!sameShape(ttRules.shape(v), colDims))
    throw new ShapeError(
      `ttMatvec: a train of shape ${formatShape(colDims)} was expected, got ${formatShape(ttRules.shape(v))}`,
    );
  const cores = train.cores.map((core, k) => {
    const [r, , next] = core.shape as [number, number, number];
    const [s, n, after] = v.cores[k]!.shape as [number, number, number];
    const m = rowDims[k]!;
    // [r, m, r', s, s']
    const product = contract(reshape(core, [r, m, n, next]), v.cores[k]!, { axes: [[2], [1]] });
    return reshape(transpose(product, [0, 3, 1, 2, 4]), [r * s, m, next * after]).contiguous();
  });
  const result: TT = { kind: "tt", cores };
  return round ? ttRules.round(result, round) : result;
}
