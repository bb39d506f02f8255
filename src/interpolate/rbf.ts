// Radial basis functions: interpolation of scattered points in any number of dimensions.

import { solve } from "../linalg/systems/solve.ts";
import { einsum } from "../ops/einsum.ts";
import { concat } from "../ops/join.ts";
import { checkElements } from "../ops/known.ts";
import { eye, ones, zeros } from "../tensor/create.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asReal, type Numbers, valuesAt } from "./base/nodes.ts";

export type RadialKernel =
  | "linear"
  | "thinPlateSpline"
  | "cubic"
  | "quintic"
  | "multiquadric"
  | "inverseMultiquadric"
  | "inverseQuadratic"
  | "gaussian";

interface Kernel {
  /** As a function of the squared distance, which is smooth at 0. */
  readonly of: (squared: Tensor) => Tensor;
  /** The smallest degree of polynomials that makes the system definite; -1: none is needed. */
  readonly degree: number;
  /** Its shape does not depend on the unit of length. */
  readonly isScaleInvariant: boolean;
}

/** √s where the derivative at 0 is taken to be 0. */
const root = (s: Tensor): Tensor => {
  const isZero = s.equal(0);
  return isZero.where(0, isZero.where(1, s).sqrt());
};

const KERNELS: Readonly<Record<RadialKernel, Kernel>> = {
  linear: { of: (s) => root(s).neg(), degree: 0, isScaleInvariant: true },
  thinPlateSpline: {
    of: (s) => {
      const isZero = s.equal(0);
      return isZero.where(0, s.mul(isZero.where(1, s).log()).div(2));
    },
    degree: 1,
    isScaleInvariant: true,
  },
  cubic: { of: (s) => s.mul(root(s)), degree: 1, isScaleInvariant: true },
  quintic: { of: (s) => s.square().mul(root(s)).neg(), degree: 2, isScaleInvariant: true },
  multiquadric: { of: (s) => s.add(1).sqrt().neg(), degree: 0, isScaleInvariant: false },
  inverseMultiquadric: { of: (s) => s.add(1).pow(-0.5), degree: -1, isScaleInvariant: false },
  inverseQuadratic: { of: (s) => s.add(1).pow(-1), degree: -1, isScaleInvariant: false },
  gaussian: { of: (s) => s.neg().exp(), degree: -1, isScaleInvariant: false },
};

export interface RbfOptions {
  /** "thinPlateSpline" unless told. */
  readonly kernel?: RadialKernel;
  /** Factor of distances; needed for the kernels that have a unit of length (multiquadric … gaussian), 1 for the others. */
  readonly epsilon?: number;
  /** λ >= 0 on the diagonal: 0 (unless told) interpolates, more smooths. */
  readonly smoothing?: number;
  /** Of the polynomials that are added; -1 for none. The least that makes the system definite, and at least 0, unless told. */
  readonly degree?: number;
}

/** Exponents of the monomials of d variables up to a degree. */
function monomials(d: number, degree: number): number[][] {
  if (degree < 0) return [];
  let list: number[][] = [[]];
  for (let k = 0; k < d; k++)
    list = list.flatMap((head) => {
      const left = degree - head.reduce((a, b) => a + b, 0);
      return Array.from({ length: left + 1 }, (_, power) => [...head, power]);
    });
  return list;
}

/** Monomials at points `[m, d]`: `[m, count]`. */
function polynomialBasis(points: Tensor, exponents: readonly (readonly number[])[]): Tensor {
  const m = points.shape[0]!;
  if (exponents.length === 0) return zeros([m, 0]);
  const columns = exponents.map((powers) => {
    let product: Tensor = ones([m]);
    powers.forEach((power, k) => {
      for (let i = 0; i < power; i++) product = product.mul(points.at(":", k));
    });
    return product.expandDims(1);
  });
  return concat(columns, 1);
}

const squaredDistances = (a: Tensor, b: Tensor): Tensor =>
  a.expandDims(1).sub(b.expandDims(0)).square().sum({ axis: -1 });

/**
 * The function Σ wⱼ φ(ε|x - xⱼ|) + polynomial through values y `[n, …]` at points x `[n, d]`, or near them with smoothing. It takes points
 * `[…, d]` and gives `[…, ...]`, in float64; differentiable with respect to values, nodes and points. O(n³) to make, O(n d) a point.
 *
 * Throws ShapeError when x and y do not fit; DomainError for an unknown kernel, a missing epsilon, smoothing < 0, fewer points than
 * polynomials, and points that make the system singular (two of them equal without smoothing, all on a line …).
 *
 * Source: Wendland, Scattered Data Approximation (2005).
 */
export function rbf(x: Tensor, y: Numbers, options: RbfOptions = {}): (points: Tensor) => Tensor {
  const { kernel = "thinPlateSpline", smoothing = 0 } = options;
  const found = KERNELS[kernel];
  if (!found)
    throw new DomainError(
      `rbf: kernel: one of ${Object.keys(KERNELS).join(", ")} was expected, got ${String(kernel)}`,
    );
  const { epsilon = found.isScaleInvariant ? 1 : Number.NaN, degree = Math.max(0, found.degree) } = options;
  if (!(epsilon > 0 && epsilon < Number.POSITIVE_INFINITY))
    throw new DomainError(
      `rbf: epsilon: a finite number > 0 was expected for the kernel ${kernel}, got ${epsilon}`,
    );
  if (!(smoothing >= 0 && smoothing < Number.POSITIVE_INFINITY))
    throw new DomainError(`rbf: smoothing: a finite number >= 0 was expected, got ${smoothing}`);
  if (!(Number.isInteger(degree) && degree >= Math.max(-1, found.degree)))
    throw new DomainError(
      `rbf: degree: an integer of at least ${Math.max(-1, found.degree)} was expected for the kernel ${kernel}, got ${degree}`,
    );
  const nodes = asReal(x, "rbf: x");
  if (nodes.ndim !== 2 || nodes.size === 0)
    throw new ShapeError(`rbf: x: shape [n, d] was expected, got ${formatShape(nodes.shape)}`);
  checkElements(nodes, "rbf: x", "a finite number", Number.isFinite);
  const [n, d] = nodes.shape as readonly [number, number];
  const values = valuesAt(y, n, "rbf: y");
  const trailing = values.shape.slice(1);
  const exponents = monomials(d, degree);
  const count = exponents.length;
  if (count > n)
    throw new DomainError(`rbf: x: at least ${count} points were expected for degree ${degree}, got ${n}`);
  // Monomials of points in the middle of the cube [-1, 1]^d keep the system well scaled.
  const low = nodes.min({ axis: 0 });
  const high = nodes.max({ axis: 0 });
  const shift = low.add(high).div(2);
  const half = high.sub(low).div(2);
  const unit = half.equal(0).where(1, half);
  const scaled = (points: Tensor): Tensor => points.sub(shift).div(unit);
  const radial = (points: Tensor): Tensor => found.of(squaredDistances(points, nodes).mul(epsilon ** 2));
  const polynomials = polynomialBasis(scaled(nodes), exponents);
  const block = radial(nodes).add(eye(n).mul(smoothing));
  const matrix =
    count === 0
      ? block
      : concat([concat([block, polynomials], 1), concat([polynomials.mT(), zeros([count, count])], 1)], 0);
  const right = concat([values.reshape([n, -1]), zeros([count, values.size / n])], 0);
  const weights = solve(matrix, right);
  return (given) => {
    const points = asReal(given, "rbf: points");
    if (points.shape.at(-1) !== d)
      throw new ShapeError(`rbf: points: shape […, ${d}] was expected, got ${formatShape(points.shape)}`);
    const rows = points.reshape([-1, d]);
    const basis = concat([radial(rows), polynomialBasis(scaled(rows), exponents)], 1);
    return einsum("ij,jk->ik", basis, weights).reshape([...points.shape.slice(0, -1), ...trailing]);
  };
}
