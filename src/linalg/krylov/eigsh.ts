// A few eigenvalues of Hermitian operators by Lanczos' method with thick restarts.
// Source: Wu and Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", SIAM J. Matrix Anal.
// Appl. 22 (2000). The basis is orthogonalized in full.

import { DomainError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator } from "../operator/operator.ts";
import { hermitianEigen } from "../spectral/eigh.ts";
import {
  checkPartial,
  freshDirection,
  type PartialEigenOptions,
  rotateBasis,
  startVector,
  TINY,
} from "./eigenOptions.ts";
import { Basis, CountedOperator, type VectorSpace } from "./space.ts";

/** Which end of the spectrum is wanted. */
export type HermitianEnd = "largest" | "smallest" | "largestMagnitude" | "smallestMagnitude" | "bothEnds";

export interface EigshOptions extends PartialEigenOptions {
  /** "largest" unless told; those nearest to `sigma` where one is given. */
  readonly which?: HermitianEnd;
  /** Looks for the values nearest to `sigma`, by `solve(b)` = (a − sigma)⁻¹ b in place of products. */
  readonly shiftInvert?: { readonly sigma: number; readonly solve: (b: Tensor) => Tensor };
}

export interface PartialEigh {
  /** `[k]`, real, ascending. */
  readonly values: Tensor;
  /** `[n, k]`, orthonormal. */
  readonly vectors: Tensor;
  /** Restarts. */
  readonly iterations: number;
  readonly products: number;
  /** Of each pair, as the iteration knows it: ‖a v − λ v‖, or of the inverted operator. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

const ORDERS: Readonly<Record<HermitianEnd, (values: Float64Array, i: number) => number>> = {
  largest: (values, i) => values[i]!,
  smallest: (values, i) => -values[i]!,
  largestMagnitude: (values, i) => Math.abs(values[i]!),
  smallestMagnitude: (values, i) => -Math.abs(values[i]!),
  bothEnds: (values, i) => Math.abs(i - (values.length - 1) / 2),
};

/**
 * A few eigenvalues and vectors of a Hermitian operator or matrix `[n, n]`. Ends of the spectrum come first and easily;
 * values inside of it need `shiftInvert`. About (basisSize − k) products a restart, and O(n · basisSize²).
 *
 * What was found is tried once more from a fresh random vector, so that further copies of a multiple value come up; that
 * doubles the work.
 *
 * @throws ShapeError, DomainError for options that do not fit; AbortedError.
 */
export function eigsh(a: Linear, options: EigshOptions = {}): PartialEigh {
  const name = "eigsh";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { shiftInvert } = options;
  const { which = shiftInvert ? "largestMagnitude" : "largest" } = options;
  if (!ORDERS[which])
    throw new DomainError(`${name}: which must be one of ${Object.keys(ORDERS).join(", ")}, got ${which}`);
  const { k, m, tol, maxIterations } = checkPartial(name, options, n);
  const counted = new CountedOperator(operator, operator.dtype);
  const space = counted.from;
  const apply = shiftInvert ? inverted(counted, shiftInvert.solve) : (x: Float64Array) => counted.apply(x);
  const basis = new Basis(space, m + 1);
  basis.column(0).set(startVector(name, space, options));
  const t = new Float64Array(m * m);
  let kept = 0;
  let iterations = 0;
  let previous: readonly number[] | undefined;
  for (;;) {
    checkAborted(options.signal, name);
    const beta = extend(basis, t, m, kept, apply);
    iterations++;
    const { values, vectors } = hermitianEigen(1, m, t.slice());
    const order = Array.from(values, (_, i) => i).sort(
      (i, j) => ORDERS[which](values, j) - ORDERS[which](values, i),
    );
    const top = Math.max(Math.abs(values[0]!), Math.abs(values[m - 1]!));
    const errors = order.map((i) => Math.abs(beta * vectors[m - 1 + i * m]!));
    const isGood = (place: number): boolean =>
      errors[place]! <= tol * Math.max(TINY * top, Math.abs(values[order[place]!]!)) || m === n;
    const good = order.slice(0, k).filter((_, place) => isGood(place)).length;
    options.onProgress?.({
      fraction: good / k,
      stage: `${good} of ${k} values after ${iterations} restarts`,
    });
    const wanted = order.slice(0, k).map((i) => values[i]!);
    const isDone = good === k && (m === n || isSame(wanted, previous, tol * top));
    if (isDone || iterations >= maxIterations) {
      const found = wanted.map((value) => (shiftInvert ? shiftInvert.sigma + 1 / value : value));
      const ascending = found.map((_, i) => i).sort((i, j) => found[i]! - found[j]!);
      const z = new Float64Array(m * k);
      ascending.forEach((place, column) => {
        const i = order[place]!;
        z.set(vectors.subarray(i * m, (i + 1) * m), column * m);
      });
      return {
        values: new Tensor(
          Float64Array.from(ascending, (i) => found[i]!),
          [k],
          "float64",
        ),
        vectors: combined(space, basis, m, z, k),
        iterations,
        products: counted.count,
        residuals: ascending.map((i) => errors[i]!),
        converged: isDone,
      };
    }
    if (good === k) {
      // One vector shows one copy of each value. A fresh one, orthogonal to those found, must find nothing better.
      previous = wanted;
      kept = Math.min(m - 1, k + Math.floor((m - k) / 4));
      restart(basis, t, m, order.slice(0, kept), values, vectors, 0);
      basis.column(kept).set(freshDirection(basis, kept, iterations));
      continue;
    }
    // Further vectors beside the wanted ones, more of them the more are done, so that the end does not stagnate.
    kept = Math.min(m - 1, k + Math.floor((m - k) / 2), k + good + Math.max(1, Math.floor((m - k) / 3)));
    restart(basis, t, m, order.slice(0, kept), values, vectors, beta);
  }
}

const isSame = (x: readonly number[], y: readonly number[] | undefined, tolerance: number): boolean =>
  y?.every((value, i) => Math.abs(value - x[i]!) <= tolerance) ?? false;

/** Lanczos' recurrence from column `kept` to column m; returns the coupling to column m. */
function extend(
  basis: Basis,
  t: Float64Array,
  m: number,
  kept: number,
  apply: (x: Float64Array) => Float64Array,
): number {
  const { space } = basis;
  let beta = 0;
  for (let j = kept; j < m; j++) {
    const y = apply(basis.column(j));
    const size = space.norm(y);
    const coefficients = new Float64Array((j + 1) * space.w);
    basis.orthogonalize(y, j + 1, coefficients);
    t[j + j * m] = coefficients[j * space.w]!;
    beta = space.normalize(y);
    if (beta <= 2 ** -50 * size) {
      // An invariant space: go on in another one.
      beta = 0;
      if (j + 1 < space.n) y.set(freshDirection(basis, j + 1, j));
    }
    basis.column(j + 1).set(y);
    if (j + 1 < m) t[j + 1 + j * m] = t[j + (j + 1) * m] = beta;
  }
  return beta;
}

/** Keeps some Ritz vectors; the last vector of the basis stays the next one. */
function restart(
  basis: Basis,
  t: Float64Array,
  m: number,
  order: readonly number[],
  values: Float64Array,
  vectors: Float64Array,
  beta: number,
): void {
  const p = order.length;
  const z = new Float64Array(m * m);
  order.forEach((i, column) => {
    z.set(vectors.subarray(i * m, (i + 1) * m), column * m);
  });
  const next = basis.column(m).slice();
  rotateBasis(basis, m, z, p);
  basis.column(p).set(next);
  t.fill(0);
  order.forEach((i, column) => {
    t[column + column * m] = values[i]!;
    t[p + column * m] = t[column + p * m] = beta * vectors[m - 1 + i * m]!;
  });
}

/** Products with (a − sigma)⁻¹, counted as products. */
export function inverted(
  counted: CountedOperator,
  solve: (b: Tensor) => Tensor,
): (x: Float64Array) => Float64Array {
  const { from } = counted;
  return (x) => {
    counted.count++;
    return from.entries(solve(from.tensor(x.slice()))).slice();
  };
}

/** The first m columns times an m x k array, as a tensor `[n, k]`. */
export function combined(space: VectorSpace, basis: Basis, m: number, z: Float64Array, k: number): Tensor {
  const copy = new Basis(space, m);
  copy.data.set(basis.data.subarray(0, copy.data.length));
  const square = new Float64Array((z.length / k) * m);
  square.set(z);
  rotateBasis(copy, m, square, k);
  return space.tensor(copy.data.slice(0, space.n * k * space.w), k);
}
