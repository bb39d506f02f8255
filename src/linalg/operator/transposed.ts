// The transpose of an operator that knows how to apply it.

import type { Tensor } from "../../tensor/tensor.ts";
import { LinearOperator } from "./operator.ts";

/** An operator whose transpose is a computation of its own, not an operator of a known kind. */
export interface TransposedByItself extends LinearOperator {
  /** Aᵀ x for columns x `[m, k]`. */
  transposedProduct(x: Tensor): Tensor;
  conj(): TransposedByItself;
}

/** Aᵀ. Its transpose is A itself. */
export class Transposed extends LinearOperator {
  readonly kind: string;
  readonly #of: TransposedByItself;

  constructor(of: TransposedByItself) {
    super([of.shape[1], of.shape[0]], of.dtype, of.tags);
    this.kind = `transposed ${of.kind}`;
    this.#of = of;
  }

  protected product(x: Tensor): Tensor {
    return this.#of.transposedProduct(x);
  }
  override transpose(): LinearOperator {
    return this.#of;
  }
  override conj(): Transposed {
    const conjugate = this.#of.conj();
    return conjugate === this.#of ? this : new Transposed(conjugate);
  }
  override cost(): number {
    return this.#of.cost();
  }
  override parameters(): number {
    return this.#of.parameters();
  }
}
