// Differences of subspaces: velocity and acceleration where points are subspaces. Source: Fukui, Sogi, Kobayashi, Xue, Maki,
// "Discriminant feature extraction by generalized difference subspace" (2022) for the first order, and "Second-order difference
// subspace" (2024).

import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type CanonicalPairs, canonicalPairs, orthonormalBasis } from "./canonicalPairs.ts";

export interface DifferenceOptions {
  /** Angles up to this count as 0: the direction is common to both. 1e-8 unless told. */
  readonly atol?: number;
  /** Count 2 for each unpaired direction in the magnitude; not unless told. */
  readonly includeUnpaired?: boolean;
}

export interface DifferenceSubspace {
  /** `[n, d]`, orthonormal: unpaired directions first, then (v − u) / |v − u| of the pairs by falling angle. */
  readonly difference: Tensor;
  /** `[n, min(p, q)]`, orthonormal: (u + v) / |u + v| of the pairs by falling angle. */
  readonly principal: Tensor;
  /** `[n, i]`: the last of the principal directions, which both spaces have. */
  readonly intersection: Tensor;
  /** `[min(p, q)]`: canonical angles in radians, descending. */
  readonly angles: Tensor;
  /** Directions of the larger space that are orthogonal to the smaller one, |p − q| of them. */
  readonly unpaired: number;
  /** Σ |v − u|² = 2 Σ (1 − cos θ) over the pairs. */
  readonly magnitude: number;
}

/**
 * What two subspaces, given by bases `[n, p]` and `[n, q]` of independent columns, differ in: of their sum the eigenspaces of the
 * projectors' sum P_A + P_B with eigenvalues up to 1, those above 1 being the principal part. Magnitudes are accurate for small angles.
 * O(n (p + q)²).
 *
 * @throws ShapeError for bases of different n; DTypeError for anything but real and complex floats; DomainError for dependent
 * columns, numbers that are not finite, a negative atol.
 */
export function differenceSubspace(
  a: Tensor,
  b: Tensor,
  options: DifferenceOptions = {},
): DifferenceSubspace {
  const [x, y] = bothBases("differenceSubspace", a, b);
  return difference("differenceSubspace", x, y, options);
}

/** What to do where the shortest path between two subspaces is not unique. */
export interface MeanOptions {
  /** "throw" (default), or "pick" one of the paths. */
  readonly onCutLocus?: "throw" | "pick";
}

/**
 * The Karcher mean of two subspaces of one dimension, `[n, p]` orthonormal: the middle of the geodesic between them, spanned by the
 * directions between canonical pairs. O(n p²).
 *
 * @throws as `differenceSubspace`; ShapeError for different dimensions; DomainError at an angle of π/2, where there are several
 * geodesics, unless told to pick one.
 */
export function karcherMean2(a: Tensor, b: Tensor, options: MeanOptions = {}): Tensor {
  const [x, y] = bothBases("karcherMean2", a, b);
  return mean("karcherMean2", x, y, options);
}

export interface SecondDifference {
  /** `[n, d]`: directions of the acceleration, orthonormal. */
  readonly subspace: Tensor;
  readonly magnitude: number;
  /** `[p]` between the middle space and the mean of its neighbours, descending. */
  readonly angles: Tensor;
}

/**
 * The second difference of three subspaces of one dimension, B in the middle: the difference of B and the mean of A and C, as
 * x₁ − 2 x₂ + x₃ is twice that of points. Zero for equal steps along a geodesic, O(h⁴) in magnitude for steps h along a smooth curve.
 * O(n p²).
 *
 * @throws as `karcherMean2`.
 */
export function secondDifferenceSubspace(
  a: Tensor,
  b: Tensor,
  c: Tensor,
  options: DifferenceOptions & MeanOptions = {},
): SecondDifference {
  const name = "secondDifferenceSubspace";
  const [x, z] = bothBases(name, a, c, "c");
  const [, y] = bothBases(name, a, b);
  const found = difference(name, y, mean(name, x, z, options), options);
  return { subspace: found.difference, magnitude: found.magnitude, angles: found.angles };
}

function bothBases(name: string, a: Tensor, b: Tensor, second = "b"): [Tensor, Tensor] {
  const [x, y] = [orthonormalBasis(`${name}: a`, a), orthonormalBasis(`${name}: ${second}`, b)];
  if (x.shape[0] !== y.shape[0])
    throw new ShapeError(
      `${name}: bases of subspaces of one space were expected, got ${formatShape(a.shape)} and ${formatShape(b.shape)}`,
    );
  return [x, y];
}

function difference(
  name: string,
  a: Tensor,
  b: Tensor,
  { atol = 1e-8, includeUnpaired = false }: DifferenceOptions,
): DifferenceSubspace {
  if (!(atol >= 0)) throw new DomainError(`${name}: atol: a number of at least 0 was expected, got ${atol}`);
  const pairs = canonicalPairs(a, b);
  const { u, w, angles, unpaired } = pairs;
  const k = angles.length;
  let apart = k;
  while (apart > 0 && angles[apart - 1]! <= atol) apart--;
  const sines = halves(angles, Math.sin);
  // v − u = 2 sin(θ/2) (cos(θ/2) w − sin(θ/2) u)
  const between = narrowAxis(w.mul(halves(angles, Math.cos)).sub(u.mul(sines)), 1, 0, apart);
  const principal = principalOf(pairs);
  const extra = unpaired.shape[1]!;
  const paired = angles.reduce((sum, angle) => sum + 4 * Math.sin(angle / 2) ** 2, 0);
  return {
    difference: concat([unpaired, between], 1),
    principal,
    intersection: narrowAxis(principal, 1, apart, k),
    angles: fromTypedArray(angles, [k], "float64"),
    unpaired: extra,
    magnitude: paired + (includeUnpaired ? 2 * extra : 0),
  };
}

/** Angles from here on have no shortest path of their own. */
const CUT_LOCUS = Math.PI / 2 - 1e-8;

function mean(name: string, a: Tensor, b: Tensor, { onCutLocus = "throw" }: MeanOptions): Tensor {
  if (a.shape[1] !== b.shape[1])
    throw new ShapeError(
      `${name}: subspaces of one dimension were expected, got ${a.shape[1]} and ${b.shape[1]}`,
    );
  if (onCutLocus !== "throw" && onCutLocus !== "pick")
    throw new DomainError(`${name}: onCutLocus: "throw" or "pick" was expected, got ${String(onCutLocus)}`);
  const pairs = canonicalPairs(a, b);
  if (onCutLocus === "throw" && pairs.angles[0]! >= CUT_LOCUS)
    throw new DomainError(
      `${name}: a canonical angle is π/2, so the mean is not unique; onCutLocus: "pick" takes one`,
    );
  return principalOf(pairs);
}

/** u + v = 2 cos(θ/2) (cos(θ/2) u + sin(θ/2) w) */
const principalOf = ({ u, w, angles }: CanonicalPairs): Tensor =>
  u.mul(halves(angles, Math.cos)).add(w.mul(halves(angles, Math.sin)));

/** A function of half the angles, as a row. */
const halves = (angles: Float64Array, f: (x: number) => number): Tensor =>
  fromTypedArray(
    angles.map((angle) => f(angle / 2)),
    [angles.length],
    "float64",
  );
