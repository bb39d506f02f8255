// Products of many small matrices that stand for a large one: Kronecker, Monarch and tensor-train operators.

import { moveAxis } from "../../ops/movement.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { kron } from "../constructors/structured.ts";
import { asOperator, type Linear } from "./asOperator.ts";
import { checkPart, LinearOperator, meetDTypes, onColumns, type Tags } from "./operator.ts";
import { Transposed } from "./transposed.ts";

/** The tags that hold for a Kronecker product when they hold for all factors. */
const COMMON = ["hermitian", "positiveDefinite", "unitary"] as const;

/**
 * The Kronecker product A₁ ⊗ A₂ ⊗ … of matrices or operators, never formed: a product costs Σ cost(Aᵢ) N / nᵢ.
 * Systems are solved factor by factor.
 */
export class Kronecker extends LinearOperator {
  readonly kind: string = "Kronecker";
  readonly factors: readonly LinearOperator[];

  constructor(factors: readonly Linear[], tags: Tags = {}) {
    if (factors.length === 0) throw new ShapeError("Kronecker operator: at least one factor was expected");
    const parts = factors.map((factor) => asOperator(factor));
    const inherited = Object.fromEntries(
      COMMON.filter((tag) => parts.every((part) => part.tags[tag])).map((tag) => [tag, true]),
    );
    const product = (axis: 0 | 1): number => parts.reduce((size, part) => size * part.shape[axis], 1);
    super([product(0), product(1)], meetDTypes(...parts), { ...inherited, ...tags });
    this.factors = parts;
  }

  /** Applies one map a factor along its axis; `lengths` are those that come in. */
  #along(x: Tensor, lengths: readonly number[], maps: readonly ((x: Tensor) => Tensor)[]): Tensor {
    const columns = x.shape[1]!;
    let y = x.reshape([...lengths, columns]);
    maps.forEach((map, axis) => {
      const front = moveAxis(y, axis, 0);
      const rest = front.shape.slice(1);
      const done = map(front.reshape([front.shape[0]!, sizeOf(rest)]));
      y = moveAxis(done.reshape([done.shape[0]!, ...rest]), 0, axis);
    });
    return y.reshape([y.size / Math.max(1, columns), columns]);
  }

  protected product(x: Tensor): Tensor {
    const lengths = this.factors.map(({ shape }) => shape[1]);
    return this.#along(
      x,
      lengths,
      this.factors.map((factor) => (columns) => factor.apply(columns)),
    );
  }
  override transpose(): Kronecker {
    return new Kronecker(this.factors.map((factor) => factor.transpose()));
  }
  override conj(): Kronecker {
    return new Kronecker(this.factors.map((factor) => factor.conj()));
  }
  override toDense(): Tensor {
    return this.factors.map((factor) => factor.toDense()).reduce((a, b) => kron(a, b));
  }
  override diagonal(): Tensor {
    if (this.factors.some(({ shape: [m, n] }) => m !== n)) return super.diagonal();
    return this.factors.map((factor) => factor.diagonal()).reduce((a, b) => kron(a, b));
  }
  override solver(): ((b: Tensor) => Tensor) | undefined {
    const solvers = this.factors.map((factor) => factor.solver());
    if (solvers.some((solver) => !solver)) return super.solver();
    const lengths = this.factors.map(({ shape }) => shape[0]);
    return (b) =>
      onColumns("Kronecker operator", b, this.shape[0], (columns) =>
        this.#along(columns, lengths, solvers as ((x: Tensor) => Tensor)[]),
      );
  }
  override parameters(): number {
    return this.factors.reduce((sum, factor) => sum + factor.parameters(), 0);
  }
  override cost(): number {
    let size = this.shape[1];
    return this.factors.reduce((sum, { shape: [m, n], cost }, i) => {
      const share = (size / Math.max(1, n)) * cost.call(this.factors[i]);
      size = (size / Math.max(1, n)) * m;
      return sum + share;
    }, 0);
  }
}

/**
 * A Monarch matrix P L P R (Dao and others 2022): block-diagonal R `[k, q, p]` on contiguous blocks, the stride
 * permutation, block-diagonal L `[q, s, k]`, and the permutation back: `[s q, k p]`. O(k q p + q s k).
 */
export class Monarch extends LinearOperator {
  readonly kind: string = "Monarch";
  readonly left: Tensor;
  readonly right: Tensor;

  constructor(left: Tensor, right: Tensor, tags: Tags = {}) {
    checkPart("Monarch operator", "left", left, 3);
    checkPart("Monarch operator", "right", right, 3);
    const [q, s, k] = left.shape as readonly [number, number, number];
    if (right.shape[0] !== k || right.shape[1] !== q)
      throw new ShapeError(
        `Monarch operator: left [q, s, k] and right [k, q, p] were expected, got ${formatShape(left.shape)} and ${formatShape(right.shape)}`,
      );
    super([s * q, k * right.shape[2]!], meetDTypes(left, right), tags);
    this.left = left.astype(this.dtype);
    this.right = right.astype(this.dtype);
  }

  protected product(x: Tensor): Tensor {
    const [k, q, p] = this.right.shape as readonly [number, number, number];
    const s = this.left.shape[1]!;
    const columns = x.shape[1]!;
    const inner = this.right.matmul(x.reshape([k, p, columns]));
    const outer = this.left.matmul(inner.transpose([1, 0, 2]));
    return outer.transpose([1, 0, 2]).reshape([s * q, columns]);
  }
  /** The same two stages in the other order: block-diagonal Lᵀ on strided blocks, then Rᵀ. */
  transposedProduct(x: Tensor): Tensor {
    const { left, right } = this;
    const [k, q, p] = right.shape as readonly [number, number, number];
    const s = left.shape[1]!;
    const columns = x.shape[1]!;
    const inner = left.mT().matmul(x.reshape([s, q, columns]).transpose([1, 0, 2]));
    return right
      .mT()
      .matmul(inner.transpose([1, 0, 2]))
      .reshape([k * p, columns]);
  }
  override transpose(): LinearOperator {
    return new Transposed(this);
  }
  override conj(): Monarch {
    return new Monarch(this.left.conj(), this.right.conj(), this.tags);
  }
  override cost(): number {
    return this.left.size + this.right.size;
  }
}

/**
 * A matrix in tensor-train form, from cores `[r, m, n, r']` with r = 1 at the ends: entry (i₁ i₂ …, j₁ j₂ …) is the product
 * of the matrices cores[k][:, iₖ, jₖ, :]. A product costs O(d r² m n N / n).
 */
export class TensorTrain extends LinearOperator {
  readonly kind: string = "tensor-train";
  readonly cores: readonly Tensor[];

  constructor(cores: readonly Tensor[], tags: Tags = {}) {
    if (cores.length === 0) throw new ShapeError("tensor-train operator: at least one core was expected");
    cores.forEach((core, k) => {
      checkPart("tensor-train operator", `core ${k}`, core, 4);
      const before = k === 0 ? 1 : cores[k - 1]!.shape[3];
      if (core.shape[0] !== before || (k === cores.length - 1 && core.shape[3] !== 1))
        throw new ShapeError(
          `tensor-train operator: core ${k} must have ranks ${before} and ${k === cores.length - 1 ? 1 : "any"}, got shape ${formatShape(core.shape)}`,
        );
    });
    const size = (axis: 1 | 2): number => cores.reduce((all, { shape }) => all * shape[axis]!, 1);
    super([size(1), size(2)], meetDTypes(...cores), tags);
    this.cores = cores.map((core) => core.astype(this.dtype));
  }

  protected product(x: Tensor): Tensor {
    const columns = x.shape[1]!;
    // State [done outputs, rank, open inputs · columns].
    let state = x.reshape([1, 1, x.size]);
    for (const core of this.cores) {
      const [r, m, n, next] = core.shape as readonly [number, number, number, number];
      const done = state.shape[0]!;
      const rest = state.shape[2]! / n;
      // Sum over rank and input: [m · next, r · n] times [r · n, rest] for each of the finished outputs.
      const matrix = core.transpose([1, 3, 0, 2]).reshape([m * next, r * n]);
      state = matrix.matmul(state.reshape([done, r * n, rest])).reshape([done * m, next, rest]);
    }
    return state.reshape([this.shape[0], columns]);
  }
  override transpose(): TensorTrain {
    return new TensorTrain(
      this.cores.map((core) => core.transpose([0, 2, 1, 3])),
      this.tags,
    );
  }
  override conj(): TensorTrain {
    return new TensorTrain(
      this.cores.map((core) => core.conj()),
      this.tags,
    );
  }
  override parameters(): number {
    return this.cores.reduce((sum, { size }) => sum + size, 0);
  }
  override cost(): number {
    let [done, open] = [1, this.shape[1]];
    return this.cores.reduce((sum, { shape, size }) => {
      const [, m, n] = shape as readonly [number, number, number, number];
      open /= Math.max(1, n);
      const share = size * done * open;
      done *= m;
      return sum + share;
    }, 0);
  }
}
