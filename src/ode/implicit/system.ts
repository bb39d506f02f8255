// What implicit methods share: slopes, Jacobians and factorizations on arrays of real entries.

import { exchangeAll, factorLU } from "../../linalg/kernels/lu.ts";
import { solveTriangle, zeroOnDiagonal } from "../../linalg/kernels/triangular.ts";
import type { Width } from "../../linalg/kernels/vector.ts";
import { complexFrom, imag, real } from "../../ops/complex.ts";
import { stack } from "../../ops/join.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { jacfwd } from "../../transform/jacobian.ts";
import { tolerancedNorm } from "../initialStep.ts";
import { allFinite, type Problem, type RightHandSide, scalar, vectorField } from "../problem.ts";
import { unravelState } from "../state.ts";

/** ∂f/∂y `[n, n]` on the vector of the state: the tensors of y0 in order, keys sorted. */
export type JacobianFunction = (t: Tensor, y: never, args: never) => Tensor;

export interface ImplicitOptions {
  /** Forward-mode derivatives of the right-hand side unless told. Only for real states. */
  readonly jacobian?: JacobianFunction;
}

/** A factored matrix. */
export interface Factored {
  /** Overwrites a vector with the solution; complex ones take two entries a number. */
  solve(b: Float64Array): void;
}

/** A right-hand side as implicit methods see it. A complex state is a real one of twice as many numbers. */
export class ImplicitSystem {
  readonly problem: Problem;
  /** Entries of the state. */
  readonly n: number;
  readonly #slope: (t: Tensor, y: Tensor, args: unknown) => Tensor;
  readonly #slopes: (t: Tensor, y: Tensor, args: unknown) => Tensor;
  readonly #jacobian: (t: Tensor, y: Tensor, args: unknown) => Tensor;

  /** `name` keeps compiled functions of different parts of a right-hand side apart. */
  constructor(
    problem: Problem,
    f: RightHandSide<unknown, unknown>,
    name: string,
    options: ImplicitOptions = {},
  ) {
    const { layout, width, entries } = problem;
    this.problem = problem;
    this.n = entries;
    if (options.jacobian && width === 2)
      throw new DomainError("solveOde: jacobian: it can be given for real states only; leave it out");
    const onEntries =
      (args: unknown) =>
      (t: Tensor, y: Tensor): Tensor => {
        const field = vectorField(layout, f as never, args, `solveOde: ${name}'s result`);
        if (width === 1) return field(t, y);
        const pairs = y.reshape([layout.size, 2]);
        const z = field(t, complexFrom(pairs.at(":", 0), pairs.at(":", 1)));
        return stack([real(z), imag(z)], 1).ravel();
      };
    this.#slope = problem.compile(`${name}:slope`, (t: Tensor, y: Tensor, args: unknown) =>
      onEntries(args)(t, y),
    );
    this.#slopes = problem.compile(`${name}:slopes`, (t: Tensor, y: Tensor, args: unknown) =>
      stack(Array.from({ length: t.shape[0]! }, (_, i) => onEntries(args)(t.at(i), y.at(i)))),
    );
    const { jacobian } = options;
    this.#jacobian = jacobian
      ? (t, y, args) => jacobian(t, unravelState<never>(layout, y), args as never)
      : problem.compile(`${name}:jacobian`, (t: Tensor, y: Tensor, args: unknown) =>
          jacfwd((x: Tensor) => onEntries(args)(t, x))(y),
        );
  }

  /** f(t, y) */
  slope(t: number, y: Float64Array): Float64Array {
    this.problem.statistics.evaluations++;
    return this.#slope(
      scalar(t),
      new Tensor(y, [this.n], "float64"),
      this.problem.args,
    ).data() as Float64Array;
  }

  /** f at several times and states, one after another. */
  slopes(times: Float64Array, states: Float64Array): Float64Array {
    const count = times.length;
    this.problem.statistics.evaluations += count;
    const t = new Tensor(times, [count], "float64");
    return this.#slopes(
      t,
      new Tensor(states, [count, this.n], "float64"),
      this.problem.args,
    ).data() as Float64Array;
  }

  /** ∂f/∂y, row-major; null when it is not finite. */
  jacobian(t: number, y: Float64Array): Float64Array | null {
    this.problem.statistics.jacobians++;
    const j = this.#jacobian(scalar(t), new Tensor(y, [this.n], "float64"), this.problem.args);
    if (!sameShape(j.shape, [this.n, this.n]))
      throw new ShapeError(
        `solveOde: jacobian: shape [${this.n}, ${this.n}] was expected, got ${formatShape(j.shape)}`,
      );
    const data = j.astype("float64").data() as Float64Array;
    return allFinite(data) ? data : null;
  }

  /** Factors (re + i·im)·I - factor·J, as a real matrix unless im is given; null when it is singular. O(n³). */
  factor(jacobian: Float64Array, factor: number, re: number, im?: number): Factored | null {
    const { n } = this;
    const w: Width = im === undefined ? 1 : 2;
    const a = new Float64Array(n * n * w);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) a[(j * n + i) * w] = -factor * jacobian[i * n + j]!;
    for (let i = 0; i < n; i++) {
      a[i * (n + 1) * w]! += re;
      if (im !== undefined) a[i * (n + 1) * w + 1] = im;
    }
    this.problem.statistics.factorizations++;
    const pivots = factorLU(w, n, n, a);
    if (zeroOnDiagonal(w, n, a) >= 0) return null;
    const ld = n * w;
    return {
      solve: (b) => {
        exchangeAll(w, b, ld, 0, 1, pivots, 0, n);
        solveTriangle(w, n, a, 0, ld, { lower: true, unitDiagonal: true }, b, 0, ld, 1);
        solveTriangle(w, n, a, 0, ld, { lower: false }, b, 0, ld, 1);
      },
    };
  }

  /** The size of x in units of the tolerance at y (and z). */
  norm(x: Float64Array, y: Float64Array, z?: Float64Array): number {
    return tolerancedNorm(this.problem, x, y, z);
  }

  /** Newton's iterations end at this part of the tolerance. */
  get newtonTolerance(): number {
    const { rtol } = this.problem;
    return Math.max((10 * Number.EPSILON) / rtol, Math.min(0.03, Math.sqrt(rtol)));
  }
}

/** How simplified Newton iterations do: they converge linearly, at a rate that tells how far they are from the root. */
export class NewtonWatch {
  readonly #tolerance: number;
  readonly #most: number;
  #before = 0;
  /** Of the last two corrections; 0 before there were two. */
  rate = 0;
  iterations = 0;

  constructor(tolerance: number, most: number) {
    this.#tolerance = tolerance;
    this.#most = most;
  }

  /** Takes the size of a correction: "done" when it was the last, "failed" when it makes no sense to go on. */
  next(size: number): "done" | "more" | "failed" {
    this.iterations++;
    if (!Number.isFinite(size)) return "failed";
    if (size === 0) return "done";
    if (this.iterations > 1) {
      this.rate = size / this.#before;
      const left = this.#most - this.iterations;
      if (this.rate >= 1) return "failed";
      if ((this.rate ** left / (1 - this.rate)) * size > this.#tolerance) return "failed";
      if ((this.rate / (1 - this.rate)) * size < this.#tolerance) return "done";
    }
    this.#before = size;
    return this.iterations >= this.#most ? "failed" : "more";
  }
}
