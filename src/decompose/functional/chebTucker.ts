// The Chebyshev-Tucker format: a function of several variables as a small core and polynomials in each variable.

import { matmul } from "../../ops/contract.ts";
import { concat } from "../../ops/join.ts";
import { narrowAxis, reshape } from "../../ops/movement.ts";
import { asTensor } from "../../ops/operands.ts";
import { Tracer } from "../../ops/tracer.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { checkTolerance } from "../base/input.ts";
import type { RoundOptions } from "../base/rules.ts";
import { multiModeProduct } from "../base/unfold.ts";
import { tuckerRules } from "../tucker/rules.ts";
import type { Tucker } from "../types.ts";
import {
  chebyshevDerivative,
  chebyshevIntegrals,
  checkDomain,
  clenshaw,
  type Interval,
  padded,
  toReference,
} from "./chebyshev.ts";

/** How a function was approximated, and how well. */
export interface ApproximationInfo {
  /** Calls of the function, in points; 0 where it came in canonical form. */
  readonly evaluations: number;
  /** Largest error at fresh random points, relative to the largest value there; NaN when it was not measured. */
  readonly error: number;
  /** Whether every series has converged to the tolerance. */
  readonly converged: boolean;
}

const UNKNOWN: ApproximationInfo = { evaluations: 0, error: Number.NaN, converged: true };

/** Share of an interval by which points may lie outside from rounding. */
const MARGIN = 1e-12;
/** Numbers of a core that are multiplied out at a time for a batch of points. */
const BATCH = 1 << 22;

/**
 * f(x) = Σ core[i, j, …] p_i(x_0) q_j(x_1) …, where the columns of `factors[k]` hold the Chebyshev coefficients of the
 * polynomials in variable k on its interval. Immutable; every operation gives a new one.
 */
export class ChebTucker {
  readonly kind = "cheb-tucker";
  /** `[r_0, …, r_{d-1}]` */
  readonly core: Tensor;
  /** Coefficients `[n_k, r_k]` of T_0 … T_{n_k - 1} on the interval of variable k. */
  readonly factors: readonly Tensor[];
  readonly domain: readonly Interval[];
  readonly info: ApproximationInfo;

  /** Throws ShapeError unless core, factors and domain fit, DomainError for an interval that is none. */
  constructor(
    core: Tensor,
    factors: readonly Tensor[],
    domain: readonly Interval[],
    info: ApproximationInfo = UNKNOWN,
  ) {
    checkDomain(domain, "ChebTucker");
    if (factors.length !== domain.length || core.ndim !== domain.length)
      throw new ShapeError(
        `ChebTucker: ${domain.length} intervals need as many factors and axes of the core, got ${factors.length} and ${core.ndim}`,
      );
    factors.forEach((u, k) => {
      if (u.ndim !== 2 || u.shape[0] === 0 || u.shape[1] !== core.shape[k])
        throw new ShapeError(
          `ChebTucker: factor ${k} must be [n, ${core.shape[k]}], got ${formatShape(u.shape)}`,
        );
    });
    this.core = core;
    this.factors = factors;
    this.domain = domain;
    this.info = info;
  }

  /** Number of variables. */
  get order(): number {
    return this.domain.length;
  }

  get ranks(): readonly number[] {
    return this.core.shape;
  }

  /** Chebyshev coefficients in each variable. */
  get degrees(): readonly number[] {
    return this.factors.map((u) => u.shape[0]!);
  }

  /** Numbers stored. */
  get parameters(): number {
    return this.factors.reduce((count, u) => count + u.size, this.core.size);
  }

  /** The coefficients of the tensor-product series, in Tucker format. */
  get coefficients(): Tucker {
    return { kind: "tucker", core: this.core, factors: this.factors };
  }

  /**
   * Values at points `[m, d]` (or one point `[d]`), as `[m]` (or a scalar). Differentiable by the points. O(Σ n_k r_k + Π
   * r_k) a point. Throws ShapeError for points of another shape, DomainError outside of the domain.
   */
  evaluate(points: TensorLike): Tensor {
    const x = asTensor(points, "evaluate: points");
    if ((x.ndim !== 1 && x.ndim !== 2) || x.shape.at(-1) !== this.order)
      throw new ShapeError(
        `evaluate: points [m, ${this.order}] or [${this.order}] were expected, got shape ${formatShape(x.shape)}`,
      );
    if (x.ndim === 1) return reshape(this.evaluate(reshape(x, [1, this.order])), []);
    if (!(x instanceof Tracer)) this.checkInside(x);
    const m = x.shape[0]!;
    const step = Math.max(1, Math.floor(BATCH / this.core.size));
    if (m <= step) return this.values(x);
    const parts: Tensor[] = [];
    for (let start = 0; start < m; start += step)
      parts.push(this.values(narrowAxis(x, 0, start, Math.min(m, start + step))));
    return concat(parts);
  }

  private values(x: Tensor): Tensor {
    const m = x.shape[0]!;
    let rest: Tensor | null = null;
    this.factors.forEach((u, k) => {
      const t = toReference(reshape(narrowAxis(x, 1, k, k + 1), [m]), this.domain[k]!);
      const basis = clenshaw(u, t);
      if (rest === null) rest = matmul(basis, reshape(this.core, [u.shape[1]!, -1]));
      else
        rest = reshape(matmul(reshape(basis, [m, 1, u.shape[1]!]), reshape(rest, [m, u.shape[1]!, -1])), [
          m,
          -1,
        ]);
    });
    return reshape(rest!, [m]);
  }

  private checkInside(x: Tensor): void {
    const data = x.contiguous().data();
    for (let i = 0; i < data.length; i++) {
      const k = i % this.order;
      const [a, b] = this.domain[k]!;
      const margin = MARGIN * (b - a);
      if (!(data[i]! >= a - margin && data[i]! <= b + margin))
        throw new DomainError(
          `evaluate: point ${Math.floor(i / this.order)} lies outside of the domain: variable ${k} is ${data[i]}, expected ${a} to ${b}`,
        );
    }
  }

  /** The tensor of values on a grid, given by the points along each variable, in Tucker format. O(Σ m_k n_k r_k). */
  onGrid(grids: readonly TensorLike[]): Tucker {
    if (grids.length !== this.order)
      throw new ShapeError(`onGrid: ${this.order} grids were expected, got ${grids.length}`);
    const factors = this.factors.map((u, k) => {
      const grid = asTensor(grids[k]!, `onGrid: grid ${k}`);
      if (grid.ndim !== 1 || grid.size === 0)
        throw new ShapeError(`onGrid: grid ${k} must be a vector, got shape ${formatShape(grid.shape)}`);
      const [a, b] = this.domain[k]!;
      const margin = MARGIN * (b - a);
      for (const value of grid.data())
        if (!(value >= a - margin && value <= b + margin))
          throw new DomainError(`onGrid: grid ${k} holds ${value}, expected ${a} to ${b}`);
      return clenshaw(u, toReference(grid.astype("float64"), this.domain[k]!));
    });
    return { kind: "tucker", core: this.core, factors };
  }

  /** The partial derivative with respect to one variable. */
  derivative(mode: number): ChebTucker {
    this.checkMode(mode, "derivative");
    const [a, b] = this.domain[mode]!;
    const factors = this.factors.map((u, k) => (k === mode ? chebyshevDerivative(u).mul(2 / (b - a)) : u));
    return new ChebTucker(this.core, factors, this.domain);
  }

  /** The integral over the whole domain. O(Σ n_k r_k + Π r_k). */
  integral(): number {
    const rows = this.factors.map((u, k) => {
      const [a, b] = this.domain[k]!;
      return matmul(chebyshevIntegrals(u.shape[0]!), u).mul((b - a) / 2);
    });
    return multiModeProduct(this.core, rows).sum().item();
  }

  /** The sum of two functions on one domain; ranks add. Throws DomainError when the domains differ. */
  add(other: ChebTucker): ChebTucker {
    const same =
      other.order === this.order &&
      this.domain.every(([a, b], k) => a === other.domain[k]![0] && b === other.domain[k]![1]);
    if (!same) throw new DomainError("add: both functions must have the same domain");
    const lengths = this.factors.map((u, k) => Math.max(u.shape[0]!, other.factors[k]!.shape[0]!));
    const long = (f: ChebTucker): Tucker => ({
      kind: "tucker",
      core: f.core,
      factors: f.factors.map((u, k) => padded(u, lengths[k]!)),
    });
    const sum = tuckerRules.add(long(this), long(other));
    return new ChebTucker(sum.core, sum.factors, this.domain);
  }

  /** The function times a number. */
  scale(factor: number): ChebTucker {
    return new ChebTucker(this.core.mul(factor), this.factors, this.domain, this.info);
  }

  /** Smaller ranks within a relative error of the coefficients (2-norm), or given ranks. */
  round(options: RoundOptions): ChebTucker {
    if (options.rtol !== undefined) checkTolerance(options.rtol, "round");
    const { core, factors } = tuckerRules.round(this.coefficients, options);
    return new ChebTucker(core, factors, this.domain);
  }

  private checkMode(mode: number, what: string): void {
    if (!(Number.isInteger(mode) && mode >= 0 && mode < this.order))
      throw new DomainError(`${what}: a variable from 0 to ${this.order - 1} was expected, got ${mode}`);
  }
}
