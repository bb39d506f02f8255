// Operators made of operators.

import { concat } from "../../ops/join.ts";
import { isComplex, promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "./asOperator.ts";
import { checkSquareOperator, LinearOperator, meetDTypes, onColumns, type Tags } from "./operator.ts";
import { Diagonal, identityOperator } from "./structured.ts";

/** A + B + … of one shape. Hermitian when all terms are. */
export class Sum extends LinearOperator {
  readonly kind: string = "sum";
  readonly terms: readonly LinearOperator[];

  constructor(terms: readonly Linear[], tags: Tags = {}) {
    const parts = terms.map((term) => asOperator(term));
    const [first] = parts;
    if (!first) throw new ShapeError("sum operator: at least one term was expected");
    for (const { shape } of parts)
      if (shape[0] !== first.shape[0] || shape[1] !== first.shape[1])
        throw new ShapeError(
          `sum operator: terms of one shape were expected, got ${formatShape(first.shape)} and ${formatShape(shape)}`,
        );
    const inherited: Tags = {
      ...(parts.every(({ tags: { hermitian } }) => hermitian) && { hermitian: true }),
      ...(parts.every(({ tags: { positiveDefinite } }) => positiveDefinite) && { positiveDefinite: true }),
    };
    super(first.shape, meetDTypes(...parts), { ...inherited, ...tags });
    this.terms = parts;
  }

  protected product(x: Tensor): Tensor {
    return this.terms.map((term) => term.apply(x)).reduce((a, b) => a.add(b));
  }
  override transpose(): Sum {
    return new Sum(this.terms.map((term) => term.transpose()));
  }
  override conj(): Sum {
    return new Sum(this.terms.map((term) => term.conj()));
  }
  override diagonal(): Tensor {
    return this.terms.map((term) => term.diagonal()).reduce((a, b) => a.add(b));
  }
  override toDense(): Tensor {
    return this.terms.map((term) => term.toDense()).reduce((a, b) => a.add(b));
  }
  override cost(): number {
    return this.terms.reduce((sum, term) => sum + term.cost(), 0);
  }
}

/** c A for a number or scalar tensor c. */
export class Scaled extends LinearOperator {
  readonly kind: string = "scaled";
  readonly factor: Tensor;
  readonly of: LinearOperator;

  constructor(factor: Tensor, of: Linear, tags?: Tags) {
    const operator = asOperator(of);
    if (factor.ndim !== 0)
      throw new ShapeError(`scaled operator: a scalar was expected, got shape ${formatShape(factor.shape)}`);
    const isReal = !isComplex(factor.dtype);
    super(
      operator.shape,
      promote(operator.dtype, factor.dtype),
      tags ?? (isReal && operator.tags.hermitian ? { hermitian: true } : {}),
    );
    this.factor = factor;
    this.of = operator;
  }

  protected product(x: Tensor): Tensor {
    return this.of.apply(x).mul(this.factor);
  }
  override transpose(): Scaled {
    return new Scaled(this.factor, this.of.transpose(), this.tags);
  }
  override conj(): Scaled {
    return new Scaled(this.factor.conj(), this.of.conj(), this.tags);
  }
  override diagonal(): Tensor {
    return this.of.diagonal().mul(this.factor);
  }
  override solver(): ((b: Tensor) => Tensor) | undefined {
    const solver = this.of.solver();
    return solver && ((b) => solver(b.div(this.factor)));
  }
  override cost(): number {
    return this.of.cost() + this.shape[0];
  }
}

/** A B … : the last factor acts first. Unitary when all factors are. */
export class Product extends LinearOperator {
  readonly kind: string = "product";
  readonly factors: readonly LinearOperator[];

  constructor(factors: readonly Linear[], tags: Tags = {}) {
    const parts = factors.map((factor) => asOperator(factor));
    const [first] = parts;
    if (!first) throw new ShapeError("product operator: at least one factor was expected");
    parts.forEach(({ shape }, i) => {
      if (i > 0 && parts[i - 1]!.shape[1] !== shape[0])
        throw new ShapeError(
          `product operator: factors ${i - 1} and ${i} do not fit: ${formatShape(parts[i - 1]!.shape)} and ${formatShape(shape)}`,
        );
    });
    const inherited: Tags = parts.every(({ tags: { unitary } }) => unitary) ? { unitary: true } : {};
    super([first.shape[0], parts.at(-1)!.shape[1]], meetDTypes(...parts), { ...inherited, ...tags });
    this.factors = parts;
  }

  protected product(x: Tensor): Tensor {
    return this.factors.reduceRight((y, factor) => factor.apply(y), x);
  }
  override transpose(): Product {
    return new Product(this.factors.map((factor) => factor.transpose()).reverse(), {
      ...(this.tags.hermitian && { hermitian: true }),
    });
  }
  override conj(): Product {
    return new Product(
      this.factors.map((factor) => factor.conj()),
      this.tags,
    );
  }
  override solver(): ((b: Tensor) => Tensor) | undefined {
    if (this.factors.some(({ shape: [m, n] }) => m !== n)) return super.solver();
    const solvers = this.factors.map((factor) => factor.solver());
    if (solvers.some((solver) => !solver)) return super.solver();
    return (b) => solvers.reduce((x, solver) => solver!(x), b);
  }
  override cost(): number {
    return this.factors.reduce((sum, factor) => sum + factor.cost(), 0);
  }
}

/** A⁻¹: products solve systems, and systems are products. */
export class Inverse extends LinearOperator {
  readonly kind: string = "inverse";
  readonly of: LinearOperator;
  readonly #solve: (b: Tensor) => Tensor;

  constructor(of: Linear, solve?: (b: Tensor) => Tensor) {
    const operator = asOperator(of);
    checkSquareOperator("inverse operator", operator);
    const way = solve ?? operator.solver();
    if (!way)
      throw new DomainError(
        `inverse operator: the ${operator.kind} operator has no solver of its own; give one, such as (b) => gmres(a, b).x`,
      );
    const { hermitian, positiveDefinite, unitary } = operator.tags;
    super(operator.shape, operator.dtype, {
      ...(hermitian && { hermitian }),
      ...(positiveDefinite && { positiveDefinite }),
      ...(unitary && { unitary }),
    });
    this.of = operator;
    this.#solve = way;
  }

  protected product(x: Tensor): Tensor {
    return this.#solve(x);
  }
  override transpose(): Inverse {
    return new Inverse(this.of.transpose());
  }
  override conj(): Inverse {
    return new Inverse(this.of.conj());
  }
  override solver(): (b: Tensor) => Tensor {
    return (b) => this.of.apply(b);
  }
  override cost(): number {
    return this.of.cost();
  }
}

/** Square or rectangular operators along the diagonal. */
export class BlockDiagonal extends LinearOperator {
  readonly kind: string = "block-diagonal";
  readonly blocks: readonly LinearOperator[];

  constructor(blocks: readonly Linear[], tags: Tags = {}) {
    const parts = blocks.map((block) => asOperator(block));
    if (parts.length === 0) throw new ShapeError("block-diagonal operator: at least one block was expected");
    const size = (axis: 0 | 1): number => parts.reduce((sum, { shape }) => sum + shape[axis], 0);
    const names = ["hermitian", "positiveDefinite", "unitary"] as const;
    const inherited = Object.fromEntries(
      names.filter((name) => parts.every((part) => part.tags[name])).map((name) => [name, true]),
    );
    super([size(0), size(1)], meetDTypes(...parts), { ...inherited, ...tags });
    this.blocks = parts;
  }

  #each(x: Tensor, axis: 0 | 1, maps: readonly ((x: Tensor) => Tensor)[]): Tensor {
    let from = 0;
    return concat(
      this.blocks.map(({ shape }, i) => {
        const piece = x.at(`${from}:${from + shape[axis]}`);
        from += shape[axis];
        return maps[i]!(piece);
      }),
      0,
    );
  }

  protected product(x: Tensor): Tensor {
    return this.#each(
      x,
      1,
      this.blocks.map((block) => (piece) => block.apply(piece)),
    );
  }
  override transpose(): BlockDiagonal {
    return new BlockDiagonal(this.blocks.map((block) => block.transpose()));
  }
  override conj(): BlockDiagonal {
    return new BlockDiagonal(this.blocks.map((block) => block.conj()));
  }
  override solver(): ((b: Tensor) => Tensor) | undefined {
    const solvers = this.blocks.map((block) => block.solver());
    if (solvers.some((solver) => !solver)) return super.solver();
    return (b) =>
      onColumns("block-diagonal operator", b, this.shape[0], (columns) =>
        this.#each(columns, 0, solvers as ((x: Tensor) => Tensor)[]),
      );
  }
  override cost(): number {
    return this.blocks.reduce((sum, block) => sum + block.cost(), 0);
  }
}

/** A + σ I. */
export function shiftedBy(a: Linear, shift: number, tags: Tags = {}): Sum {
  const operator = asOperator(a);
  const n = checkSquareOperator("shiftedBy", operator);
  const identity = identityOperator(n, operator.dtype);
  return new Sum([operator, new Diagonal(identity.entries.mul(shift))], tags);
}
