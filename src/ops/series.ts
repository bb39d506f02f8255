// Arithmetic of truncated Taylor series, element by element. Every function costs O(k²) products for k coefficients.

import type { Tensor } from "../tensor/tensor.ts";
import type { Series, Tangent } from "./primitive.ts";

/** a + b where null is zero. */
export const plus = (a: Tangent, b: Tangent): Tangent => (a && b ? a.add(b) : (a ?? b));
/** a - b where null is zero. */
export const minus = (a: Tangent, b: Tangent): Tangent => (b === null ? a : a ? a.sub(b) : b.neg());
/** a · factor where null is zero. */
export const times = (a: Tangent, factor: Tensor | number): Tangent =>
  a && (factor === 1 ? a : a.mul(factor));

/** a / b where null is zero. */
const over = (a: Tangent, b: Tensor): Tangent => (a === null ? null : a.div(b));

type Coefficients = readonly (Tensor | null | undefined)[];

/** Σ weight(j) · aⱼ · bₖ₋ⱼ for j from `from` to `to`. */
function convolve(
  a: Coefficients,
  b: Coefficients,
  k: number,
  from: number,
  to: number,
  weight: (j: number) => number = () => 1,
): Tangent {
  let sum: Tangent = null;
  for (let j = from; j <= to; j++) {
    const x = a[j];
    const y = b[k - j];
    const factor = weight(j);
    if (x && y && factor !== 0) sum = plus(sum, times(x.mul(y), factor));
  }
  return sum;
}

/** One coefficient of the square, times a factor: half the products of a general one. */
function squareAt(a: Coefficients, k: number, factor = 1): Tangent {
  const pairs = times(convolve(a, a, k, 0, Math.ceil(k / 2) - 1), 2 * factor);
  const middle = k % 2 === 0 ? a[k / 2] : null;
  return middle ? plus(pairs, times(middle.square(), factor)) : pairs;
}

/** Fills coefficients 1 … order one after the other; `next(k, soFar)` knows those before k. */
export function grow(
  head: Tensor,
  order: number,
  next: (k: number, soFar: readonly (Tensor | null)[]) => Tangent,
): Series {
  const result: [Tensor, ...(Tensor | null)[]] = [head];
  for (let k = 1; k <= order; k++) result.push(next(k, result));
  return result;
}

const orderOf = (x: Series): number => x.length - 1;

/** The series of each coefficient under a linear map. */
export const mapSeries = (x: Series, f: (coefficient: Tensor) => Tensor): Series =>
  x.map((coefficient) => coefficient && f(coefficient)) as unknown as Series;

/**
 * √s for a sum of squares s, with the root given: where the root is 0 it has no derivative in general, and is taken to
 * stay 0.
 */
export const lengthSeries = (squares: Series, root: Tensor): Series => {
  const isZero = root.equal(0);
  const [, ...rest] = sqrtSeries(squares, isZero.where(1, root));
  return [root, ...rest.map((c) => c && isZero.where(0, c))];
};

export const addSeries = (a: Series, b: Series): Series =>
  a.map((x, k) => plus(x, b[k] ?? null)) as unknown as Series;
export const subSeries = (a: Series, b: Series): Series =>
  a.map((x, k) => minus(x, b[k] ?? null)) as unknown as Series;
/** a · c for a constant c. */
export const scaleSeries = (a: Series, factor: number | Tensor): Series =>
  mapSeries(a, (x) => times(x, factor)!);
/** a + c for a constant c. */
export const shiftSeries = ([head, ...rest]: Series, c: number): Series => [head.add(c), ...rest];

/** `head`: the product of the leading coefficients, where it is known already. */
export const mulSeries = (a: Series, b: Series, head: Tensor = a[0].mul(b[0])): Series =>
  grow(head, orderOf(a), (k) => convolve(a, b, k, 0, k));

export const squareSeries = (a: Series, head: Tensor = a[0].square()): Series =>
  grow(head, orderOf(a), (k) => squareAt(a, k));

/** q with q·b = a. */
export const divSeries = (a: Series, b: Series, head: Tensor = a[0].div(b[0])): Series =>
  grow(head, orderOf(a), (k, q) => {
    const rest = minus(a[k] ?? null, convolve(b, q, k, 1, k));
    return over(rest, b[0]);
  });

/** 1 / a. */
export const reciprocalSeries = (a: Series, head: Tensor): Series =>
  grow(head, orderOf(a), (k, q) => {
    const rest = convolve(a, q, k, 1, k);
    return times(rest, head.neg());
  });

/** y with y² = a. */
export const sqrtSeries = (a: Series, head: Tensor = a[0].sqrt()): Series => {
  const twice = head.mul(2);
  return grow(head, orderOf(a), (k, y) => {
    // The pairs that hold neither y₀ nor the unknown yₖ.
    const inner: Coefficients = [null, ...y.slice(1)];
    const rest = minus(a[k] ?? null, squareAt(inner, k));
    return over(rest, twice);
  });
};

/** aʳ for a constant r, away from a = 0. */
export const powSeries = (a: Series, r: Tensor, head: Tensor): Series =>
  grow(head, orderOf(a), (k, y) => {
    // From a·y' = r·a'·y: k·a₀·yₖ = Σ (r·j - (k - j)) aⱼ yₖ₋ⱼ.
    const scaled = convolve(a, y, k, 1, k, (j) => j);
    const plain = convolve(a, y, k, 1, k, (j) => k - j);
    const sum = minus(times(scaled, r), plain);
    return over(sum, a[0].mul(k));
  });

/** y with y' = d(y)·x', where d's k-th coefficient follows from those of y up to k. */
export const solveSeries = (
  x: Series,
  head: Tensor,
  derivative: (y: readonly (Tensor | null)[], k: number) => Tangent,
): Series => {
  const d: Tangent[] = [];
  return grow(head, orderOf(x), (k, y) => {
    d.push(derivative(y, k - 1));
    return convolve(x, d, k, 1, k, (j) => j / k);
  });
};

/** y with y' = d·x' for a known series d, of which one coefficient fewer is used. */
export const integrateSeries = (x: Series, d: Coefficients, head: Tensor): Series =>
  grow(head, orderOf(x), (k) => convolve(x, d, k, 1, k, (j) => j / k));

export const expSeries = (x: Series, head: Tensor = x[0].exp()): Series =>
  solveSeries(x, head, (y, k) => y[k]!);

export const logSeries = (x: Series, head: Tensor = x[0].log()): Series =>
  grow(head, orderOf(x), (k, y) => {
    // From x·y' = x'.
    const known = convolve(y, x, k, 1, k - 1, (j) => j / k);
    const rest = minus(x[k] ?? null, known);
    return over(rest, x[0]);
  });

/** y with y' = (a + b·y + c·y²)·x': tan, tanh and the logistic function. */
export const riccatiSeries = (x: Series, head: Tensor, a: number, b: number, c: number): Series =>
  solveSeries(x, head, (y, k) => {
    const linear = b === 0 ? null : times(y[k]!, b);
    const sum = plus(linear, squareAt(y, k, c));
    return k === 0 && a !== 0 ? sum!.add(a) : sum;
  });

/** Two functions with s' = c·x' and c' = ±s·x': the circular (-1) and hyperbolic (1) pairs. */
export function pairSeries(x: Series, s0: Tensor, c0: Tensor, sign: -1 | 1): readonly [Series, Series] {
  const s: [Tensor, ...(Tensor | null)[]] = [s0];
  const c: [Tensor, ...(Tensor | null)[]] = [c0];
  for (let k = 1; k < x.length; k++) {
    const nextS = convolve(x, c, k, 1, k, (j) => j / k);
    c.push(convolve(x, s, k, 1, k, (j) => (sign * j) / k));
    s.push(nextS);
  }
  return [s, c];
}
