// A Toeplitz matrix that a few rows and columns are added to, as boundaries do.

import { ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { LinearOperator, meetDTypes, type Tags } from "./operator.ts";
import type { LowRank, Toeplitz } from "./structured.ts";

/** T + U Vᴴ with T Toeplitz and U Vᴴ of low rank. O((m + n) (log (m + n) + r)). */
export class ToeplitzPlus extends LinearOperator {
  readonly kind: string = "Toeplitz-plus";
  readonly toeplitz: Toeplitz;
  readonly correction: LowRank;

  constructor(toeplitz: Toeplitz, correction: LowRank, tags: Tags = {}) {
    const [a, b] = [toeplitz.shape, correction.shape];
    if (a[0] !== b[0] || a[1] !== b[1])
      throw new ShapeError(
        `Toeplitz-plus operator: parts of one shape were expected, got ${formatShape(a)} and ${formatShape(b)}`,
      );
    super(a, meetDTypes(toeplitz, correction), tags);
    this.toeplitz = toeplitz;
    this.correction = correction;
  }

  protected product(x: Tensor): Tensor {
    return this.toeplitz.apply(x).add(this.correction.apply(x));
  }
  override transpose(): ToeplitzPlus {
    return new ToeplitzPlus(this.toeplitz.transpose(), this.correction.transpose(), this.tags);
  }
  override conj(): ToeplitzPlus {
    return new ToeplitzPlus(this.toeplitz.conj(), this.correction.conj(), this.tags);
  }
  override toDense(): Tensor {
    return this.toeplitz.toDense().add(this.correction.toDense());
  }
  override diagonal(): Tensor {
    return this.toeplitz.diagonal().add(this.correction.diagonal());
  }
  override cost(): number {
    return this.toeplitz.cost() + this.correction.cost();
  }
}
