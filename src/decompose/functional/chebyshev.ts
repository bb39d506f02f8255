// Chebyshev series along one axis: nodes, transforms, evaluation, derivatives, integrals.

import { dct } from "../../fft/trigonometric.ts";
import { concat } from "../../ops/join.ts";
import { moveAxis, narrowAxis, reshape } from "../../ops/movement.ts";
import { zeros } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** The ends of an interval. */
export type Interval = readonly [number, number];

/** Throws DomainError unless every interval has finite ends in ascending order. */
export function checkDomain(domain: readonly Interval[], what: string): void {
  if (!Array.isArray(domain) || domain.length === 0)
    throw new DomainError(`${what}: domain must be a list of intervals [a, b]`);
  domain.forEach((interval, mode) => {
    const [a, b] = Array.isArray(interval) ? interval : [Number.NaN, Number.NaN];
    if (!(Number.isFinite(a) && Number.isFinite(b) && a < b))
      throw new DomainError(
        `${what}: domain ${mode} must be an interval [a, b] with a < b, got [${a}, ${b}]`,
      );
  });
}

/** The n Chebyshev nodes of the first kind, cos(π(i + ½)/n), mapped to the interval. */
export function chebyshevNodes(n: number, [a, b]: Interval): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => {
    // The sine of the distance from the middle keeps the nodes symmetric to the last bit.
    const t = Math.sin((Math.PI * (n - 1 - 2 * i)) / (2 * n));
    return 0.5 * (a + b) + 0.5 * (b - a) * t;
  });
}

/** Values at `chebyshevNodes` along an axis to coefficients of Σ c_j T_j. O(size · log n). */
export function chebyshevCoefficients(values: Tensor, axis: number): Tensor {
  const n = values.shape[axis]!;
  const scale = Float64Array.from({ length: n }, (_, j) => (j === 0 ? 0.5 : 1) / n);
  const shape = values.shape.map((_, k) => (k === axis ? n : 1));
  return dct(values, { type: 2, axis }).mul(new Tensor(scale, shape, "float64"));
}

/** Points of an interval as points of [-1, 1]. */
export const toReference = (points: Tensor, [a, b]: Interval): Tensor =>
  points.mul(2 / (b - a)).sub((a + b) / (b - a));

/**
 * Σ_j coefficients[j] T_j(t) for points t `[m]` of [-1, 1] and coefficients `[n, r]`, by Clenshaw's recurrence: `[m,
 * r]`. O(m n r). Differentiable by both.
 */
export function clenshaw(coefficients: Tensor, t: Tensor): Tensor {
  const [n, r] = coefficients.shape as [number, number];
  const row = (j: number): Tensor => narrowAxis(coefficients, 0, j, j + 1);
  const x = reshape(t, [-1, 1]);
  const flat = row(0).add(x.mul(0));
  if (n === 1) return flat;
  const twice = x.mul(2);
  let next: Tensor = zeros([1, r]);
  let after = next;
  for (let j = n - 1; j > 0; j--) {
    const here = twice.mul(next).sub(after).add(row(j));
    after = next;
    next = here;
  }
  return row(0).add(x.mul(next)).sub(after);
}

/** Coefficients `[n, r]` of the derivative on [-1, 1], as many as before (the last is 0). O(n r). */
export function chebyshevDerivative(coefficients: Tensor): Tensor {
  const [n, r] = coefficients.shape as [number, number];
  const c = coefficients.contiguous().data();
  const out = new Float64Array(n * r);
  for (let j = n - 2; j >= 0; j--)
    for (let s = 0; s < r; s++) {
      const beyond = j + 2 < n ? out[(j + 2) * r + s]! : 0;
      const value = beyond + 2 * (j + 1) * c[(j + 1) * r + s]!;
      out[j * r + s] = j === 0 ? value / 2 : value;
    }
  return new Tensor(out, [n, r], "float64");
}

/** ∫ T_j over [-1, 1] for j < n, as a row `[1, n]`. */
export const chebyshevIntegrals = (n: number): Tensor =>
  new Tensor(
    Float64Array.from({ length: n }, (_, j) => (j % 2 === 0 ? 2 / (1 - j * j) : 0)),
    [1, n],
    "float64",
  );

/** Coefficients `[n, r]` with zeros appended up to `length`. */
export const padded = (coefficients: Tensor, length: number): Tensor => {
  const [n, r] = coefficients.shape as [number, number];
  return n >= length ? coefficients : concat([coefficients, zeros([length - n, r])], 0);
};

/** The 2-norm of each slice of a tensor along an axis. */
export function sliceNorms(x: Tensor, axis: number): Float64Array {
  const n = x.shape[axis]!;
  const data = moveAxis(x, axis, 0).contiguous().data();
  const width = data.length / n;
  return Float64Array.from({ length: n }, (_, i) => {
    let sum = 0;
    for (let j = i * width; j < (i + 1) * width; j++) sum += data[j]! ** 2;
    return Math.sqrt(sum);
  });
}

/** How many leading coefficients are needed when those with norms up to `floor` are dropped; at least 1. */
export function neededLength(norms: Float64Array, floor: number): number {
  let n = norms.length;
  while (n > 1 && norms[n - 1]! <= floor) n--;
  return n;
}
