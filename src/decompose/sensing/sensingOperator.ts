// Linear measurements ⟨A_i, X⟩ of a matrix: the operator from vec(X) to the measurements, held whole or made block by block
// whenever it is asked for.

import { LinearOperator } from "../../linalg/operator/operator.ts";
import { Transposed } from "../../linalg/operator/transposed.ts";
import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { normal } from "../../random/distributions.ts";
import { foldIn, type Key } from "../../random/key.ts";
import { checkCount, checkPositive } from "../../tensor/check.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { symmetrize } from "../base/rowMajor.ts";

/** Rows of a sensing operator in blocks of equal size (the last may be shorter). */
export interface SensingBlocks {
  readonly blockSize: number;
  /** Rows `[b, n1 n2]` of one block: vec(A_i) in C order. Must give the same each time. */
  readonly block: (index: number) => Tensor;
}

/** Measurements ⟨A_i, X⟩, i < m, of matrices `[n1, n2]`: an operator `[m, n1 n2]` on vec(X) in C order. */
export class SensingOperator extends LinearOperator {
  readonly kind: string = "sensing";
  readonly matrixShape: readonly [number, number];
  readonly blocks: SensingBlocks;

  constructor(m: number, matrixShape: readonly [number, number], blocks: SensingBlocks) {
    super([m, matrixShape[0] * matrixShape[1]], "float64");
    this.matrixShape = matrixShape;
    this.blocks = blocks;
  }

  /** Blocks that the m rows are made of. */
  get count(): number {
    return Math.ceil(this.shape[0] / this.blocks.blockSize);
  }

  protected product(x: Tensor): Tensor {
    const parts = Array.from({ length: this.count }, (_, i) => this.blocks.block(i).matmul(x));
    return parts.length === 1 ? parts[0]! : concat(parts, 0);
  }

  transposedProduct(x: Tensor): Tensor {
    let sum: Tensor | null = null;
    for (let i = 0; i < this.count; i++) {
      const from = i * this.blocks.blockSize;
      const part = narrowAxis(x, 0, from, Math.min(this.shape[0], from + this.blocks.blockSize));
      const term = this.blocks.block(i).mT().matmul(part);
      sum = sum ? sum.add(term) : term;
    }
    return sum!;
  }

  override transpose(): LinearOperator {
    return new Transposed(this);
  }

  override conj(): SensingOperator {
    return this;
  }

  override cost(): number {
    return this.shape[0] * this.shape[1];
  }
}

export interface GaussianSensingOptions {
  /** Measurements. */
  readonly m: number;
  /** `[n1, n2]` of the matrices that are measured. */
  readonly shape: readonly [number, number];
  /** Takes the symmetric part of each A_i: nothing changes for symmetric X. False unless told. */
  readonly symmetric?: boolean;
  /** Variance of the entries before symmetrisation; 1/m unless told, so that E AᵀA is the identity (on symmetric X). */
  readonly variance?: number;
  /**
   * "dense" (default) holds the m n1 n2 numbers; "stream" draws them again, the same ones, in each product: memory for one
   * block, and the time of its draws.
   */
  readonly storage?: "dense" | "stream";
  /** Measurements a block; about 2¹⁷ numbers unless told. Other sizes draw other numbers. */
  readonly blockSize?: number;
}

const BLOCK_NUMBERS = 2 ** 17;

/**
 * Independent normal measurements ⟨A_i, X⟩ of matrices: an operator `[m, n1 n2]`. Both storages have the same entries for
 * the same key. O(m n1 n2) a product.
 *
 * @throws ShapeError for a shape that is not two positive lengths; DomainError for m or blockSize below 1, a variance that is
 * not positive, and `symmetric` without a square shape.
 */
export function gaussianSensing(key: Key, options: GaussianSensingOptions): SensingOperator {
  const { m, shape, symmetric = false, storage = "dense" } = options;
  checkCount("gaussianSensing: m", m);
  if (!(Array.isArray(shape) && shape.length === 2 && shape.every((n) => Number.isSafeInteger(n) && n > 0)))
    throw new ShapeError(
      `gaussianSensing: shape: two positive lengths were expected, got ${formatShape(shape)}`,
    );
  const [rows, columns] = shape;
  if (symmetric && rows !== columns)
    throw new DomainError(
      `gaussianSensing: symmetric: a square shape was expected, got ${formatShape(shape)}`,
    );
  if (storage !== "dense" && storage !== "stream")
    throw new DomainError(
      `gaussianSensing: storage: "dense" or "stream" was expected, got ${String(storage)}`,
    );
  const deviation = Math.sqrt(checkPositive("gaussianSensing: variance", options.variance ?? 1 / m));
  const size = rows * columns;
  const blockSize = checkCount(
    "gaussianSensing: blockSize",
    options.blockSize ?? Math.max(1, Math.min(m, Math.floor(BLOCK_NUMBERS / size))),
  );
  const draw = (index: number): Float64Array => {
    const count = Math.min(blockSize, m - index * blockSize);
    const data = normal(foldIn(key, index), [count, size]).data() as Float64Array;
    for (let i = 0; i < data.length; i++) data[i]! *= deviation;
    if (symmetric) for (let i = 0; i < count; i++) symmetrize(data, i * size, rows);
    return data;
  };
  if (storage === "stream")
    return new SensingOperator(m, [rows, columns], {
      blockSize,
      block: (index) => {
        const data = draw(index);
        return fromTypedArray(data, [data.length / size, size], "float64");
      },
    });
  const whole = new Float64Array(m * size);
  for (let i = 0; i * blockSize < m; i++) whole.set(draw(i), i * blockSize * size);
  const matrix = fromTypedArray(whole, [m, size], "float64");
  return new SensingOperator(m, [rows, columns], { blockSize: m, block: () => matrix });
}
