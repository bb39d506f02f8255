// Linear maps of tensors that are sums of products of small maps, each of one mode: Hamiltonians of spins, Laplacians,
// transport on grids.

import { asOperator, type Linear } from "../../linalg/operator/asOperator.ts";
import type { LinearOperator } from "../../linalg/operator/operator.ts";
import { moveAxis, reshape } from "../../ops/movement.ts";
import type { Complex } from "../../tensor/complex.ts";
import { type DType, isComplex, promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** coefficient · ⊗_k A_k, with the identity at modes that are not named. */
export interface KroneckerTerm {
  /** 1 unless told. */
  readonly coefficient?: number | Complex;
  /** Square operators or matrices `[n_k, n_k]` by mode. */
  readonly modes: Readonly<Record<number, Linear>>;
}

/** Σ_t c_t ⊗_k A_{t,k}. Terms that share an operator should share the object: integrators then share its products. */
export class KroneckerSumOperator {
  /** Mode lengths. */
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The different operators. */
  readonly operators: readonly LinearOperator[];
  /** Of each term: its coefficient, and the place of its operator in `operators` for each mode that has one. */
  readonly terms: readonly {
    readonly coefficient: number | Complex;
    readonly operators: ReadonlyMap<number, number>;
  }[];

  /**
   * Throws ShapeError for an operator that is not square of its mode's length or a mode that does not exist,
   * DomainError for no terms or coefficients that are not finite.
   */
  constructor(shape: readonly number[], terms: readonly KroneckerTerm[]) {
    const what = "KroneckerSumOperator";
    if (terms.length === 0) throw new DomainError(`${what}: at least one term was expected`);
    const places = new Map<Linear, number>();
    const operators: LinearOperator[] = [];
    let dtype: DType = "float64";
    this.terms = terms.map(({ coefficient = 1, modes }, t) => {
      const parts = typeof coefficient === "number" ? [coefficient, 0] : [coefficient.re, coefficient.im];
      if (!parts.every(Number.isFinite))
        throw new DomainError(`${what}: the coefficient of term ${t} is not finite`);
      if (parts[1] !== 0) dtype = "complex128";
      const list = Object.entries(modes).map(([name, given]) => {
        const mode = Number(name);
        if (!(mode in shape))
          throw new ShapeError(`${what}: term ${t} names mode ${name} of ${shape.length} modes`);
        let place = places.get(given);
        if (place === undefined) {
          place = operators.push(asOperator(given)) - 1;
          places.set(given, place);
        }
        const a = operators[place]!;
        if (!sameShape(a.shape, [shape[mode]!, shape[mode]!]))
          throw new ShapeError(
            `${what}: the operator of mode ${mode} must be [${shape[mode]}, ${shape[mode]}], got ${formatShape(a.shape)}`,
          );
        dtype = promote(dtype, a.dtype);
        return [mode, place] as const;
      });
      return { coefficient, operators: new Map(list) };
    });
    this.shape = shape;
    this.operators = operators;
    this.dtype = dtype;
  }

  /** The map applied to a dense tensor. O(terms · size · n). Throws ShapeError for another shape. */
  apply(x: Tensor): Tensor {
    if (!sameShape(x.shape, this.shape))
      throw new ShapeError(
        `KroneckerSumOperator: a tensor of shape ${formatShape(this.shape)} was expected, got ${formatShape(x.shape)}`,
      );
    return this.terms
      .map(({ coefficient, operators }) => {
        let y = x;
        for (const [mode, place] of operators) {
          const front = moveAxis(y, mode, 0);
          const columns = reshape(front, [this.shape[mode]!, -1]);
          y = moveAxis(reshape(this.operators[place]!.apply(columns), front.shape), 0, mode);
        }
        return coefficient === 1 ? y : y.mul(coefficient);
      })
      .reduce((a, b) => a.add(b));
  }

  /** An upper bound of the 2-norm: Σ |c_t| Π √(‖A‖₁ ‖A‖_∞). */
  normBound(): number {
    const norms = this.operators.map((a) => {
      const sizes = a.toDense().abs();
      return Math.sqrt(sizes.sum({ axis: 0 }).max().item() * sizes.sum({ axis: 1 }).max().item());
    });
    return this.terms.reduce((sum, { coefficient, operators }) => {
      const size =
        typeof coefficient === "number" ? Math.abs(coefficient) : Math.hypot(coefficient.re, coefficient.im);
      return sum + [...operators.values()].reduce((product, place) => product * norms[place]!, size);
    }, 0);
  }

  /** Whether the map makes complex tensors of real ones. */
  get isComplex(): boolean {
    return isComplex(this.dtype);
  }
}
