// What every first-order method of matrix sensing does in a step: residuals A vec(X) − y, and a weighted sum of the A_i.

import { device } from "../../device/current.ts";
import { Dense } from "../../linalg/operator/dense.ts";
import type { LinearOperator } from "../../linalg/operator/operator.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type SensingBlocks, SensingOperator } from "./sensingOperator.ts";

/** How much a residual r adds of its A_i: r itself (least squares) or sign(r) (least absolute values). */
export type Weight = "residual" | "sign";

/** Measurements with their values; `pass` overwrites `residuals` and `gradient`. */
export class ResidualPass {
  readonly m: number;
  readonly size: number;
  readonly y: Float64Array;
  readonly residuals: Float64Array;
  /** Σ w_i vec(A_i) */
  readonly gradient: Float64Array;
  readonly #op: LinearOperator | "identity";
  readonly #blocks: SensingBlocks | null;
  readonly #weights: Float64Array;

  constructor(op: LinearOperator | "identity", y: Float64Array, size: number) {
    this.m = y.length;
    this.size = size;
    this.y = y;
    this.residuals = new Float64Array(y.length);
    this.gradient = new Float64Array(size);
    this.#weights = new Float64Array(y.length);
    this.#op = op;
    this.#blocks = blocksOf(op);
  }

  /** Residuals A x − y and Σ w_i A_i. O(m size); blocks that are streamed are made once. */
  pass(x: Float64Array, weight: Weight): void {
    const { residuals, y, m } = this;
    if (this.#op === "identity") {
      for (let i = 0; i < m; i++) residuals[i] = x[i]! - y[i]!;
      this.#weigh(weight, 0, m);
      this.gradient.set(this.#weights);
    } else if (this.#blocks) {
      const { blockSize, block } = this.#blocks;
      for (let from = 0, i = 0; from < m; from += blockSize, i++) {
        const to = Math.min(m, from + blockSize);
        const data = block(i).data() as Float64Array;
        this.#product(data, x, from, to);
        this.#weigh(weight, from, to);
        this.#adjoint(data, from, to);
      }
    } else {
      residuals.set(this.#op.apply(column(x)).astype("float64").data());
      for (let i = 0; i < m; i++) residuals[i]! -= y[i]!;
      this.#weigh(weight, 0, m);
      this.gradient.set(this.#op.transpose().apply(column(this.#weights)).astype("float64").data());
    }
  }

  /** Σ w_i vec(A_i) for given weights, as an array of its own. */
  adjoint(weights: Float64Array): Float64Array {
    this.#weights.set(weights);
    if (this.#op === "identity") return weights.slice();
    if (this.#blocks) {
      const { blockSize, block } = this.#blocks;
      for (let from = 0, i = 0; from < this.m; from += blockSize, i++)
        this.#adjoint(block(i).data() as Float64Array, from, Math.min(this.m, from + blockSize));
      return this.gradient.slice();
    }
    return Float64Array.from(this.#op.transpose().apply(column(weights)).astype("float64").data());
  }

  #product(data: Float64Array, x: Float64Array, from: number, to: number): void {
    const { size, residuals, y } = this;
    device.gemm(
      "float64",
      to - from,
      1,
      size,
      { data, offset: 0, rowStride: size, columnStride: 1 },
      { data: x, offset: 0, rowStride: 1, columnStride: 1 },
      { data: residuals, offset: from, rowStride: 1 },
    );
    for (let i = from; i < to; i++) residuals[i]! -= y[i]!;
  }

  #adjoint(data: Float64Array, from: number, to: number): void {
    const { size, gradient } = this;
    device.gemm(
      "float64",
      1,
      size,
      to - from,
      { data: this.#weights, offset: from, rowStride: to - from, columnStride: 1 },
      { data, offset: 0, rowStride: size, columnStride: 1 },
      { data: gradient, offset: 0, rowStride: size },
      { accumulate: from > 0 },
    );
  }

  #weigh(weight: Weight, from: number, to: number): void {
    const weights = this.#weights;
    const { residuals } = this;
    if (weight === "residual") weights.set(residuals.subarray(from, to), from);
    else for (let i = from; i < to; i++) weights[i] = Math.sign(residuals[i]!);
  }
}

/** The blocks of an operator that has its entries; null for one of which only products are known. */
function blocksOf(op: LinearOperator | "identity"): SensingBlocks | null {
  if (op instanceof SensingOperator) return op.blocks;
  if (!(op instanceof Dense)) return null;
  const matrix = op.matrix.astype("float64").contiguous();
  return { blockSize: op.shape[0], block: () => matrix };
}

const column = (x: Float64Array): Tensor => fromTypedArray(x.slice(), [x.length], "float64");
