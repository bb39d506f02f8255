// An orthonormal basis from any features on a finite set of candidate points.

import { astype } from "../../ops/cast.ts";
import { take } from "../../ops/gather.ts";
import { uniform } from "../../random/distributions.ts";
import type { Key } from "../../random/key.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { qr } from "../orthogonal/qr.ts";
import { solveTriangular } from "../systems/solveTriangular.ts";
import type { OrthonormalBasis } from "./basis.ts";

/**
 * The span of features on N candidate points (`[N]` or `[N, q]`, which may repeat) with weights `[N]` >= 0 (equal unless told; any
 * sum): φ = F R⁻¹ of the weighted QR factorization. Features are a matrix `[N, m]`, or a function of points that gives one; then
 * the basis can be evaluated anywhere, else on the candidates only. Draws are candidates. O(N m²).
 *
 * @throws ShapeError for shapes that do not fit; DomainError for weights that are negative, not finite or all zero, for features that
 * are not finite or dependent, and for one point with different features.
 */
export function orthonormalize(
  features: Tensor | ((points: Tensor) => Tensor),
  points: Tensor,
  weights?: Tensor,
): OrthonormalBasis {
  const name = "orthonormalize";
  const count = points.shape[0] ?? 0;
  if ((points.ndim !== 1 && points.ndim !== 2) || count === 0)
    throw new ShapeError(`${name}: points must be [N] or [N, q], got shape ${formatShape(points.shape)}`);
  const matrix = astype(typeof features === "function" ? features(points) : features, "float64");
  if (matrix.ndim !== 2 || matrix.shape[0] !== count || matrix.shape[1] === 0)
    throw new ShapeError(`${name}: features must be [${count}, m], got shape ${formatShape(matrix.shape)}`);
  if (weights && (weights.ndim !== 1 || weights.size !== count))
    throw new ShapeError(`${name}: weights must be [${count}], got shape ${formatShape(weights.shape)}`);
  const mass = weights
    ? Float64Array.from(astype(weights, "float64").data())
    : new Float64Array(count).fill(1);
  const total = mass.reduce((sum, w) => sum + w, 0);
  if (!(total > 0 && Number.isFinite(total) && mass.every((w) => w >= 0)))
    throw new DomainError(`${name}: weights must be finite and >= 0, and not all zero`);
  const bad = matrix.data().find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new DomainError(`${name}: features holds ${bad}`);
  const m = matrix.shape[1]!;
  const roots = new Tensor(
    mass.map((w) => Math.sqrt(w / total)),
    [count, 1],
    "float64",
  );
  const { r } = qr(matrix.mul(roots));
  const diagonal = Array.from({ length: Math.min(count, m) }, (_, j) => r.item(j, j));
  const largest = Math.max(...diagonal);
  const rank = diagonal.filter((size) => size > count * Number.EPSILON * largest).length;
  if (rank < m)
    throw new DomainError(
      `${name}: ${m} independent features were expected, got ${rank} on the points of positive weight`,
    );
  const orthonormal = (rows: Tensor): Tensor =>
    solveTriangular(r, rows.transpose(), { lower: false, transpose: "transpose" }).transpose();
  const values = orthonormal(matrix);
  const find = typeof features === "function" ? null : lookup(points, values);
  const draw = (key: Key, n: number, density: (candidate: number) => number): Tensor => {
    const upTo = new Float64Array(count);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += density(i);
      upTo[i] = sum;
    }
    const chosen = Int32Array.from(uniform(key, [n]).data(), (u) => firstAbove(upTo, u * sum));
    return take(points, new Tensor(chosen, [n], "int32"));
  };
  const squares = values.data();
  return {
    dimension: m,
    evaluate: (x) =>
      find
        ? take(values, find(x))
        : orthonormal(astype((features as (points: Tensor) => Tensor)(x), "float64")),
    sampleMeasure: (key, n) => draw(key, n, (i) => mass[i]),
    sampleSquare: (key, j, n) => draw(key, n, (i) => mass[i] * squares[i * m + j]! ** 2),
  };
}

/** The first position whose sum lies above a number. */
function firstAbove(upTo: Float64Array, value: number): number {
  let low = 0;
  let high = upTo.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (upTo[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Rows of candidates by their coordinates. */
function lookup(points: Tensor, values: Tensor): (x: Tensor) => Tensor {
  const names = (x: Tensor): string[] => {
    const data = x.data();
    const q = x.ndim === 1 ? 1 : x.shape[1]!;
    return Array.from({ length: x.shape[0]! }, (_, i) => data.subarray(i * q, (i + 1) * q).join(" "));
  };
  const rows = new Map<string, number>();
  const m = values.shape[1]!;
  const data = values.data();
  names(points).forEach((point, i) => {
    const first = rows.get(point);
    if (first === undefined) {
      rows.set(point, i);
      return;
    }
    for (let j = 0; j < m; j++)
      if (Math.abs(data[first * m + j]! - data[i * m + j]!) > 1e-9 * (1 + Math.abs(data[i * m + j]!)))
        throw new DomainError(`orthonormalize: point (${point}) is given twice with different features`);
  });
  return (x) => {
    if (x.ndim !== points.ndim || (x.ndim === 2 && x.shape[1] !== points.shape[1]))
      throw new ShapeError(
        `orthonormalize: points as the candidates ${formatShape(points.shape)} were expected, got shape ${formatShape(x.shape)}`,
      );
    const found = names(x).map((point) => {
      const row = rows.get(point);
      if (row === undefined)
        throw new DomainError(
          `orthonormalize: (${point}) is none of the ${points.shape[0]} candidate points`,
        );
      return row;
    });
    return new Tensor(Int32Array.from(found), [found.length], "int32");
  };
}
