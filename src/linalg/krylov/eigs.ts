// A few eigenvalues of any operator by Arnoldi's method in Krylov-Schur form.
// Source: Stewart, "A Krylov-Schur algorithm for large eigenproblems", SIAM J. Matrix Anal. Appl. 23 (2001).

import { complexDType } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { checkAborted } from "../../tensor/progress.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { schurFactors } from "../kernels/schurFactors.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator } from "../operator/operator.ts";
import { eig } from "../spectral/eig.ts";
import { schur } from "../spectral/schur.ts";
import {
  checkPartial,
  freshDirection,
  type PartialEigenOptions,
  rotateBasis,
  startVector,
  TINY,
} from "./eigenOptions.ts";
import { combined, inverted } from "./eigsh.ts";
import { Basis, CountedOperator, VectorSpace } from "./space.ts";

/** Which eigenvalues are wanted. */
export type GeneralEnd =
  | "largestMagnitude"
  | "smallestMagnitude"
  | "largestReal"
  | "smallestReal"
  | "largestImaginary";

export interface EigsOptions extends PartialEigenOptions {
  /** "largestMagnitude" unless told; those nearest to `sigma` where one is given. */
  readonly which?: GeneralEnd;
  /** Looks for the values nearest to `sigma`, by `solve(b)` = (a − sigma)⁻¹ b in place of products. */
  readonly shiftInvert?: { readonly sigma: number; readonly solve: (b: Tensor) => Tensor };
}

export interface PartialEig {
  /** `[k]`, complex; `[k + 1]` where a conjugate pair of a real operator would be cut in two. */
  readonly values: Tensor;
  /** `[n, k]`, complex, of length 1. */
  readonly vectors: Tensor;
  readonly iterations: number;
  readonly products: number;
  /** Coupling of each Schur vector to the rest, as the iteration knows it. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

const ORDERS: Readonly<Record<GeneralEnd, (re: number, im: number) => number>> = {
  largestMagnitude: (re, im) => Math.hypot(re, im),
  smallestMagnitude: (re, im) => -Math.hypot(re, im),
  largestReal: (re) => re,
  smallestReal: (re) => -re,
  largestImaginary: (_, im) => Math.abs(im),
};

/**
 * A few eigenvalues and right eigenvectors of any square operator or matrix `[n, n]`. Values at the border of the spectrum
 * come easily; those inside need `shiftInvert`. About (basisSize − k) products a restart, and O(n · basisSize²).
 *
 * @throws ShapeError, DomainError for options that do not fit; AbortedError.
 */
export function eigs(a: Linear, options: EigsOptions = {}): PartialEig {
  const name = "eigs";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { shiftInvert } = options;
  const { which = "largestMagnitude" } = options;
  const rank = ORDERS[which];
  if (!rank)
    throw new DomainError(`${name}: which must be one of ${Object.keys(ORDERS).join(", ")}, got ${which}`);
  const { k, m, tol, maxIterations } = checkPartial(name, options, n);
  const counted = new CountedOperator(operator, operator.dtype);
  const space = counted.from;
  const { w } = space;
  const apply = shiftInvert ? inverted(counted, shiftInvert.solve) : (x: Float64Array) => counted.apply(x);
  const basis = new Basis(space, m + 1);
  basis.column(0).set(startVector(name, space, options));
  // Column-major m x m, the coupling to column m apart.
  let h = new Float64Array(m * m * w);
  let kept = 0;
  let iterations = 0;
  for (;;) {
    checkAborted(options.signal, name);
    const beta = extend(basis, h, m, kept, apply);
    iterations++;
    const { values } = schurFactors(w, m, h.slice());
    const wanted = Array.from({ length: m }, (_, i) => i).sort(
      (i, j) => rank(values[2 * j]!, values[2 * j + 1]!) - rank(values[2 * i]!, values[2 * i + 1]!),
    );
    const sorted = leading(h, m, w, values, wanted, k);
    const top = Math.hypot(values[2 * wanted[0]!]!, values[2 * wanted[0]! + 1]!);
    const errors = Array.from(
      { length: sorted.count },
      (_, i) => beta * sizeAt(sorted.z, (m - 1 + i * m) * w, w),
    );
    const limit = (i: number): number => tol * Math.max(TINY * top, sizeOfValue(sorted.t, i, m, w));
    const good = errors.filter((error, i) => error <= limit(i) || m === n).length;
    options.onProgress?.({
      fraction: good / sorted.count,
      stage: `${good} of ${k} values after ${iterations} restarts`,
    });
    if (good === sorted.count || iterations >= maxIterations)
      return {
        ...eigenpairs(space, basis, m, sorted, shiftInvert?.sigma),
        iterations,
        products: counted.count,
        residuals: errors,
        converged: good === sorted.count,
      };
    const room = Math.min(
      m - 2,
      k + good + Math.max(1, Math.floor((m - k) / 3)),
      k + Math.floor((m - k) / 2),
    );
    const { t, z, count } = leading(h, m, w, values, wanted, Math.max(k, room));
    const next = basis.column(m).slice();
    rotateBasis(basis, m, z, count);
    basis.column(count).set(next);
    h = new Float64Array(m * m * w);
    for (let j = 0; j < count; j++) {
      h.set(t.subarray(j * m * w, (j * m + count) * w), j * m * w);
      for (let part = 0; part < w; part++)
        h[(count + j * m) * w + part] = beta * z[(m - 1 + j * m) * w + part]!;
    }
    kept = count;
  }
}

interface Leading {
  readonly t: Float64Array;
  readonly z: Float64Array;
  readonly count: number;
}

/** A Schur form with at least `count` of the wanted values in front; conjugate pairs stay together. */
function leading(
  h: Float64Array,
  m: number,
  w: 1 | 2,
  values: Float64Array,
  wanted: readonly number[],
  count: number,
): Leading {
  const selected = new Array<boolean>(m).fill(false);
  let chosen = 0;
  for (const i of wanted) {
    if (chosen >= count) break;
    if (selected[i]) continue;
    selected[i] = true;
    chosen++;
    if (w === 2 || values[2 * i + 1] === 0) continue;
    // The conjugate stands beside it: the one with the positive imaginary part first.
    selected[values[2 * i + 1]! > 0 ? i + 1 : i - 1] = true;
    chosen++;
  }
  const dtype = w === 2 ? "complex128" : "float64";
  const { t, z } = schur(new Tensor(h, [m, m], dtype, [1, m]), { sort: selected });
  const columns = (x: Tensor): Float64Array => x.mT().toTypedArray() as Float64Array;
  return { t: columns(t), z: columns(z), count: chosen };
}

/** Arnoldi's recurrence from column `kept` to column m; returns the coupling to column m. */
function extend(
  basis: Basis,
  h: Float64Array,
  m: number,
  kept: number,
  apply: (x: Float64Array) => Float64Array,
): number {
  const { space } = basis;
  const { w } = space;
  let beta = 0;
  for (let j = kept; j < m; j++) {
    const y = apply(basis.column(j));
    const size = space.norm(y);
    basis.orthogonalize(y, j + 1, h.subarray(j * m * w, (j * m + j + 1) * w));
    beta = space.normalize(y);
    if (beta <= 2 ** -50 * size) {
      beta = 0;
      if (j + 1 < space.n) y.set(freshDirection(basis, j + 1, j));
    }
    basis.column(j + 1).set(y);
    if (j + 1 < m) h[(j + 1 + j * m) * w] = beta;
  }
  return beta;
}

function eigenpairs(
  space: VectorSpace,
  basis: Basis,
  m: number,
  { t, z, count }: Leading,
  sigma: number | undefined,
): { values: Tensor; vectors: Tensor } {
  const { w } = space;
  const dtype = w === 2 ? "complex128" : "float64";
  const inner = new Tensor(t, [m, m], dtype, [1, m]).at(`:${count}`, `:${count}`);
  const { values, vectors } = eig(inner);
  const double = new VectorSpace(space.n, dtype);
  const found = combined(double, withSpace(basis, double), m, z.slice(0, m * count * w), count).matmul(
    vectors,
  );
  const result = complexDType(space.dtype);
  return {
    values: (sigma === undefined ? values : values.pow(-1).add(sigma)).astype(result),
    vectors: found.astype(result),
  };
}

/** The same columns, as vectors of another dtype. */
function withSpace(basis: Basis, space: VectorSpace): Basis {
  const copy = new Basis(space, basis.capacity);
  copy.data.set(basis.data);
  return copy;
}

const sizeAt = (x: Float64Array, at: number, w: 1 | 2): number =>
  w === 1 ? Math.abs(x[at]!) : Math.hypot(x[at]!, x[at + 1]!);

/** The size of the eigenvalue at a place of the diagonal; of a real block, of either. */
function sizeOfValue(t: Float64Array, i: number, m: number, w: 1 | 2): number {
  if (w === 2) return sizeAt(t, i * (m + 1) * w, w);
  const isFirst = i + 1 < m && t[i + 1 + i * m] !== 0;
  const first = isFirst ? i : i > 0 && t[i + (i - 1) * m] !== 0 ? i - 1 : -1;
  if (first < 0) return Math.abs(t[i * (m + 1)]!);
  const imaginary = Math.sqrt(Math.abs(t[first + 1 + first * m]! * t[first + (first + 1) * m]!));
  return Math.hypot(t[first * (m + 1)]!, imaginary);
}
