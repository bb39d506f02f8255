// Functions of a matrix times a vector, from a Krylov space: the matrix function itself is never formed.
// Sources: Sidje, "Expokit: a software package for computing matrix exponentials", ACM TOMS 24 (1998); Higham,
// "Functions of Matrices" (2008), 13.2.

import { ConvergenceError, DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { exponential } from "../functions/expm.ts";
import { scale } from "../kernels/vector.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { checkSquareOperator, meetDTypes } from "../operator/operator.ts";
import { hermitianEigen } from "../spectral/eigh.ts";
import { Basis, CountedOperator, checkVector } from "./space.ts";

export interface ExpmMultiplyOptions extends IterationOptions {
  /** exp(t a) b; 1 unless told. */
  readonly t?: number;
  /** Error for each unit of time, as a share of the largest ‖exp(s a) b‖ on the way; 1e-10 unless told. */
  readonly tol?: number;
  /** Dimension of the Krylov spaces; 30 unless told. */
  readonly basisSize?: number;
}

export interface FunctionTimesVector {
  /** `[n]` */
  readonly x: Tensor;
  readonly products: number;
  /** An estimate of the error's norm. */
  readonly error: number;
}

/** Rejections of one step after which no progress is to be expected. */
const MOST_REJECTIONS = 60;

/**
 * exp(t a) b for any operator or matrix `[n, n]` and b `[n]`: steps in time, each in an Arnoldi space, with an estimate of
 * its error that chooses the next step. About t ‖a‖ products, fewer for Hermitian a; O(n · basisSize) each.
 *
 * @throws ShapeError, DomainError for values that are not finite and bad options; ConvergenceError when no step is small
 * enough; AbortedError; TracerError inside of transforms.
 */
export function expmMultiply(a: Linear, b: Tensor, options: ExpmMultiplyOptions = {}): FunctionTimesVector {
  const name = "expmMultiply";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { t = 1, tol = 1e-10, basisSize = 30 } = options;
  checkVector(name, b, n);
  if (!Number.isFinite(t)) throw new DomainError(`${name}: t must be finite, got ${t}`);
  if (!(tol > 0 && tol < 1)) throw new DomainError(`${name}: tol must lie in (0, 1), got ${tol}`);
  if (!(Number.isInteger(basisSize) && basisSize >= 2))
    throw new DomainError(`${name}: basisSize must be an integer >= 2, got ${basisSize}`);
  const m = Math.min(basisSize, n);
  const counted = new CountedOperator(operator, meetDTypes(operator, b));
  const space = counted.from;
  const { w } = space;
  const basis = new Basis(space, m + 1);
  const state = space.entries(b).slice();
  const sign = Math.sign(t);
  const end = Math.abs(t);
  let now = 0;
  let step = 0;
  let error = 0;
  let most = space.norm(state);
  while (now < end && most > 0) {
    checkAborted(options.signal, name);
    options.onProgress?.({ fraction: now / end, stage: `t = ${(sign * now).toPrecision(4)}` });
    const order = m + 2;
    const h = new Float64Array(order * order * w);
    basis.column(0).set(state);
    const size = space.normalize(basis.column(0));
    if (size === 0) break;
    let dimension = m;
    let isInvariant = false;
    for (let j = 0; j < m; j++) {
      const y = counted.apply(basis.column(j));
      if (sign < 0) scale(w, -1, 0, y, 0, n);
      const before = space.norm(y);
      if (step === 0) step = Math.min(end, 1 / Math.max(before, 1 / end)) * Math.max(1, m / 4);
      basis.orthogonalize(y, j + 1, h.subarray(j * order * w, (j * order + j + 1) * w));
      const rest = space.normalize(y);
      if (rest <= 2 ** -50 * before || rest === 0) {
        dimension = j + 1;
        isInvariant = true;
        break;
      }
      h[(j + 1 + j * order) * w] = rest;
      basis.column(j + 1).set(y);
    }
    // Two further rows give the first terms of the error.
    const further = isInvariant ? 0 : 2;
    const used = dimension + further;
    let nextNorm = 0;
    if (further) {
      h[(dimension + 1 + dimension * order) * w] = 1;
      nextNorm = space.norm(counted.apply(basis.column(dimension)));
    }
    const small = corner(h, order, used, w);
    step = isInvariant ? end - now : Math.min(step, end - now);
    for (let tries = 0; ; tries++) {
      if (tries > MOST_REJECTIONS)
        throw new ConvergenceError(`${name}: no step from t = ${sign * now} keeps the error below ${tol}`);
      const f = exponential(
        w,
        used,
        small.map((value) => value * step),
      );
      const entry = (i: number): number => size * Math.hypot(f[i * w]!, w === 2 ? f[i * w + 1]! : 0);
      const [estimate, exponent] = isInvariant
        ? [0, 1]
        : errorOf(entry(dimension), entry(dimension + 1) * nextNorm, dimension);
      if (estimate <= 1.2 * step * tol * most || isInvariant) {
        const count = isInvariant ? dimension : dimension + 1;
        const coefficients = f.slice(0, count * w);
        scale(w, size, 0, coefficients, 0, count);
        state.fill(0);
        basis.combine(coefficients, count, state);
        error += estimate;
        now += step;
        most = Math.max(most, space.norm(state));
        const growth = estimate > 0 ? 0.9 * ((step * tol * most) / estimate) ** exponent : 5;
        step *= Math.min(5, Math.max(0.2, growth));
        // What is left behind the last step is only rounding.
        if (end - now <= 4 * 2 ** -52 * end) now = end;
        break;
      }
      step *= Math.min(0.8, Math.max(0.1, 0.9 * ((step * tol * most) / estimate) ** exponent));
    }
  }
  return { x: space.tensor(state), products: counted.count, error };
}

/** Expokit's estimate from the first two terms of the error, and the power of the step with which it shrinks. */
function errorOf(first: number, second: number, m: number): [estimate: number, exponent: number] {
  if (first > 10 * second) return [second, 1 / m];
  if (first > second) return [(first * second) / (first - second), 1 / m];
  return [first, 1 / Math.max(1, m - 1)];
}

/** The leading `used` rows and columns of a column-major array of `order` rows. */
function corner(h: Float64Array, order: number, used: number, w: number): Float64Array {
  const out = new Float64Array(used * used * w);
  for (let j = 0; j < used; j++) out.set(h.subarray(j * order * w, (j * order + used) * w), j * used * w);
  return out;
}

export interface FunctionMultiplyOptions extends IterationOptions {
  /** Stop when the result changes by at most this share in a step; 1e-10 unless told. */
  readonly tol?: number;
  /** min(n, 200) unless told. */
  readonly maxIterations?: number;
}

export interface HermitianFunctionTimesVector extends FunctionTimesVector {
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * f(a) b for a Hermitian operator or matrix `[n, n]`, b `[n]` and a real function of real numbers, by Lanczos' method:
 * ‖b‖ V f(T) e₁. One product and O(n · iterations) a step. The function must be defined on the spectrum.
 *
 * @throws as `expmMultiply` does; DomainError when f is not finite at a Ritz value.
 */
export function functionMultiply(
  a: Linear,
  b: Tensor,
  f: (x: number) => number,
  options: FunctionMultiplyOptions = {},
): HermitianFunctionTimesVector {
  const name = "functionMultiply";
  const operator = asOperator(a);
  const n = checkSquareOperator(name, operator);
  const { tol = 1e-10, maxIterations = Math.min(n, 200) } = options;
  checkVector(name, b, n);
  if (!(tol > 0 && tol < 1)) throw new DomainError(`${name}: tol must lie in (0, 1), got ${tol}`);
  if (!(Number.isInteger(maxIterations) && maxIterations >= 1))
    throw new DomainError(`${name}: maxIterations must be a positive integer, got ${maxIterations}`);
  const counted = new CountedOperator(operator, meetDTypes(operator, b));
  const space = counted.from;
  const { w } = space;
  const most = Math.min(n, maxIterations);
  const basis = new Basis(space, most + 1);
  basis.column(0).set(space.entries(b));
  const size = space.normalize(basis.column(0));
  const state = space.zeros();
  if (size === 0) return { x: space.tensor(state), products: 0, error: 0, iterations: 0, converged: true };
  const diagonal: number[] = [];
  const beside: number[] = [];
  let weights: Float64Array = new Float64Array(0);
  let change = Number.POSITIVE_INFINITY;
  let isInvariant = false;
  while (diagonal.length < most && change > tol && !isInvariant) {
    checkAborted(options.signal, name);
    const j = diagonal.length;
    const y = counted.apply(basis.column(j));
    const before = space.norm(y);
    const coefficients = new Float64Array((j + 1) * w);
    basis.orthogonalize(y, j + 1, coefficients);
    diagonal.push(coefficients[j * w]!);
    const rest = space.normalize(y);
    basis.column(j + 1).set(y);
    const found = functionOfTridiagonal(name, diagonal, beside, f);
    beside.push(rest);
    change = difference(found, weights);
    weights = found;
    isInvariant = rest <= 2 ** -50 * before || rest === 0;
    options.onProgress?.({ fraction: (j + 1) / most, stage: `change ${change.toExponential(2)}` });
  }
  const wide = new Float64Array(weights.length * w);
  for (let i = 0; i < weights.length; i++) wide[i * w] = size * weights[i]!;
  basis.combine(wide, weights.length, state);
  const converged = change <= tol || isInvariant || diagonal.length === n;
  const error = isInvariant || diagonal.length === n ? 0 : change * size * space.norm(weights);
  return { x: space.tensor(state), products: counted.count, error, iterations: diagonal.length, converged };
}

/** The first column of f of a symmetric tridiagonal matrix. */
function functionOfTridiagonal(
  name: string,
  diagonal: readonly number[],
  beside: readonly number[],
  f: (x: number) => number,
): Float64Array {
  const m = diagonal.length;
  const t = new Float64Array(m * m);
  diagonal.forEach((value, i) => {
    t[i * (m + 1)] = value;
    if (i + 1 < m) t[i * (m + 1) + 1] = t[i * (m + 1) + m] = beside[i]!;
  });
  const { values, vectors } = hermitianEigen(1, m, t);
  const out = new Float64Array(m);
  for (let k = 0; k < m; k++) {
    const value = f(values[k]!);
    if (!Number.isFinite(value))
      throw new DomainError(`${name}: f is not finite at the Ritz value ${values[k]}: ${value}`);
    const share = value * vectors[k * m]!;
    for (let i = 0; i < m; i++) out[i] = out[i]! + share * vectors[i + k * m]!;
  }
  return out;
}

/** ‖x − y‖ / ‖x‖, where y may be shorter. */
function difference(x: Float64Array, y: Float64Array): number {
  let [sum, size] = [0, 0];
  for (let i = 0; i < x.length; i++) {
    sum += (x[i]! - (y[i] ?? 0)) ** 2;
    size += x[i]! ** 2;
  }
  return size === 0 ? 0 : Math.sqrt(sum / size);
}
