// Checks of derivative rules: forward mode against differences, reverse mode against forward mode, both once more on
// the derivatives themselves, vmap against a loop, and Taylor series against nested forward mode.

import { add, stack } from "polyadic/ops";
import { full, type Tensor, tensor } from "polyadic/tensor";
import { jet, jvp, vjp, vmap } from "polyadic/transform";
import { expect } from "vitest";
import { gaussians, hermitian, type Kind, matrix } from "./check.ts";

export type Matrices = readonly Tensor[];
export type Fn = (...inputs: Tensor[]) => Tensor[];

/** The entries, parts of complex numbers one after the other. */
export const entries = (xs: Matrices): number[] => xs.flatMap((x) => Array.from(x.data()));

/** A tensor of the same kind with Gaussian entries. */
export function like(x: Tensor, seed: number): Tensor {
  const next = gaussians(seed);
  const data = x.toTypedArray();
  for (let i = 0; i < data.length; i++) data[i] = next();
  return tensor(data, { dtype: x.dtype, shape: x.shape });
}

/** Several matrices of one shape as a batch. */
export const batch = (count: number, make: (index: number) => Tensor): Tensor =>
  stack(Array.from({ length: count }, (_, i) => make(i)));

/** A well conditioned positive definite matrix. */
export const positive = (n: number, kind: Kind, seed: number): Tensor => {
  const x = matrix(n, n + 3, kind, seed);
  return x.matmul(x.mT().conj()).mul(1 / n);
};

export { hermitian, matrix };

export function near(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(1, ...expected.map(Math.abs));
  // Math.max keeps NaN.
  const worst = actual.reduce((top, x, i) => Math.max(top, Math.abs(x - expected[i]!)), 0);
  expect(worst / scale).toBeLessThan(tolerance);
}

const moved = (xs: Matrices, directions: Matrices, step: number): Tensor[] =>
  xs.map((x, i) => add(x, directions[i]!.mul(step)));

/** The directional derivative by a difference quotient of fourth order. */
function quotient(f: Fn, xs: Matrices, directions: Matrices): number[] {
  const h = 1e-3;
  const [a, b, c, d] = [-2, -1, 1, 2].map((k) => entries(f(...moved(xs, directions, k * h))));
  return a!.map((_, i) => (a![i]! - 8 * b![i]! + 8 * c![i]! - d![i]!) / (12 * h));
}

/** Re Σ cᵢ xᵢ over all elements, without conjugation. */
function pairing(c: Matrices, x: Matrices): number {
  let sum = 0;
  c.forEach((left, i) => {
    sum += left.mul(x[i]!).sum().real().item();
  });
  return sum;
}

function checkFirst(f: Fn, xs: Matrices, directions: Matrices, tolerance: number): void {
  const { value, tangent } = jvp(f, [...xs], [...directions]);
  near(entries(value), entries(f(...xs)), 1e-12);
  near(entries(tangent), quotient(f, xs, directions), tolerance);
  const { value: again, pullback } = vjp(f, ...xs);
  near(entries(again), entries(value), 1e-12);
  const weights = value.map((y, i) => like(y, 70 + i));
  near([pairing(pullback(weights), directions)], [pairing(weights, tangent)], tolerance);
}

/** Re Σ c·(J v) = Re Σ (Jᵀ c)·v, relative to the sizes of both. */
export function checkAdjoint(f: Fn, xs: Matrices): void {
  const directions = xs.map((x, i) => like(x, 90 + i));
  const { value, tangent } = jvp(f, [...xs], directions);
  const weights = value.map((y, i) => like(y, 60 + i));
  const pulled = vjp(f, ...xs).pullback(weights);
  const size = pairing(
    weights.map((c) => c.abs()),
    tangent.map((t) => t.abs()),
  );
  expect(Math.abs(pairing(pulled, directions) - pairing(weights, tangent))).toBeLessThan(1e-10 * (1 + size));
}

/** Forward and reverse mode of `f` and of its derivatives, along directions in which f may be moved. */
export function checkDerivatives(f: Fn, xs: Matrices, directions: Matrices, tolerance = 1e-7): void {
  checkFirst(f, xs, directions, tolerance);
  const forward: Fn = (...at) => jvp(f, at, [...directions]).tangent;
  checkFirst(forward, xs, directions, tolerance);
  const weights = f(...xs).map((y, i) => like(y, 80 + i));
  const backward: Fn = (...at) => vjp(f, ...at).pullback(weights);
  checkFirst(backward, xs, directions, tolerance);
}

/** vmap over every choice of batched operands against a loop; `make(i)` gives the operands of example i. */
export function checkBatching(f: Fn, make: (index: number) => Tensor[]): void {
  const size = 3;
  const examples = Array.from({ length: size }, (_, i) => make(i));
  const count = examples[0]!.length;
  for (let choice = 1; choice < 2 ** count; choice++) {
    const isBatched = examples[0]!.map((_, i) => ((choice >> i) & 1) === 1);
    const axes = isBatched.map((yes) => (yes ? 0 : null));
    const inputs = examples[0]!.map((x, i) => (isBatched[i] ? stack(examples.map((xs) => xs[i]!)) : x));
    const results = vmap(f, { inAxes: axes })(...inputs);
    const loop = examples.map((xs) => f(...xs.map((x, i) => (isBatched[i] ? x : examples[0]![i]!))));
    results.forEach((result, i) => {
      const expected = stack(loop.map((ys) => ys[i]!));
      expect(result.shape).toEqual(expected.shape);
      near(entries([result]), entries([expected]), 1e-11);
    });
  }
}

/** The derivatives 1 … 4 along x + v t + w t²/2 by Taylor mode and by nested forward mode. */
export function checkJet(f: Fn, xs: Matrices, v: Matrices, w: Matrices, tolerance = 1e-8): void {
  const { value, series } = jet((at: Matrices) => f(...at), xs, [v, w, null, null]);
  near(entries(value), entries(f(...xs)), 1e-12);
  let along = (t: Tensor): Tensor[] =>
    f(...xs.map((x, i) => x.add(v[i]!.mul(t)).add(w[i]!.mul(t.square().mul(0.5)))));
  for (let k = 0; k < 4; k++) {
    const previous = along;
    along = (t) => jvp(previous, [t], [full([], 1)]).tangent;
    near(entries(series[k]!), entries(along(full([], 0))), tolerance);
  }
}
