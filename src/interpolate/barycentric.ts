// Polynomial and rational interpolation in barycentric form.

import { einsum } from "../ops/einsum.ts";
import { DomainError } from "../tensor/errors.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { customJvp } from "../transform/custom/customJvp.ts";
import { ascending, asReal, constant, type Numbers, valuesAt, widenTo } from "./base/nodes.ts";
import { checkOrder } from "./base/piecewise.ts";

/** The curve of a polynomial or rational function, everywhere. */
export interface BarycentricInterpolant {
  (points: TensorLike): Tensor;
  /** A derivative with respect to the points, of order 1 unless told. */
  derivative(points: TensorLike, order?: number): Tensor;
}

/** Slopes at the nodes from values there: D[i][j] = (wⱼ/wᵢ)/(xᵢ - xⱼ), rows that sum to 0. */
function differentiationMatrix(x: Float64Array, w: Float64Array): Tensor {
  const n = x.length;
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) {
      if (i === j) continue;
      const entry = w[j]! / w[i]! / (x[i]! - x[j]!);
      data[i * n + j] = entry;
      sum += entry;
    }
    data[i * n + i] = -sum;
  }
  return new Tensor(data, [n, n], "float64");
}

/** Quotients wⱼ/(p - xⱼ) `[…, n]`, at a node 1 for it and 0 for the others. */
function quotients(points: Tensor, x: Tensor, w: Tensor): Tensor {
  const distance = points.expandDims(-1).sub(x);
  const isNode = distance.equal(0);
  const hasNode = isNode.any({ axis: -1, keepDims: true });
  return hasNode.where(isNode.astype("float64"), w.div(isNode.where(1, distance)));
}

/**
 * The polynomial of degree n - 1 through values y `[n, …]` at ascending nodes x `[n]`, in Lagrange's barycentric form: stable wherever
 * the interpolation itself is well conditioned, as at Chebyshev's points, and not far outside. O(n²) to make, O(n) a point.
 * Differentiable with respect to values and points, any number of times. Throws as `linear`.
 *
 * Source: Berrut and Trefethen, Barycentric Lagrange interpolation (2004).
 */
export function barycentric(x: Numbers, y: Numbers): BarycentricInterpolant {
  const nodes = ascending(x, "barycentric: x", 1);
  const values = valuesAt(y, nodes.length, "barycentric: y");
  const n = nodes.length;
  // Distances in units of the capacity of the interval: products neither overflow nor vanish.
  const scale = n > 1 ? 4 / (nodes[n - 1]! - nodes[0]!) : 1;
  const w = Float64Array.from({ length: n }, (_, i) => {
    let product = 1;
    for (let j = 0; j < n; j++) if (j !== i) product *= scale * (nodes[i]! - nodes[j]!);
    return 1 / product;
  });
  const [place, weights, slopes] = [constant(nodes), constant(w), differentiationMatrix(nodes, w)];
  // The derivative of the polynomial is the polynomial through its slopes.
  const through: (points: Tensor, y: Tensor) => Tensor = customJvp(
    (points: Tensor, data: Tensor): Tensor => weighted(quotients(points, place, weights), data),
    ([points, data], [dPoints, dData]) =>
      through(points, dData).add(
        through(points, einsum("ij,j...->i...", slopes, data)).mul(widenTo(dPoints, data.ndim - 1)),
      ),
  );
  return Object.assign((points: TensorLike) => through(asReal(points, "barycentric: points"), values), {
    derivative: (points: TensorLike, order = 1): Tensor => {
      checkOrder("barycentric", order);
      let data = values;
      for (let k = 0; k < order; k++) data = einsum("ij,j...->i...", slopes, data);
      return through(asReal(points, "barycentric: points"), data);
    },
  });
}

/** Σ qⱼ yⱼ for q `[…, n]` and y `[n, …]`. */
const sums = (q: Tensor, y: Tensor): Tensor =>
  q
    .reshape([-1, y.shape[0]!])
    .matmul(y.reshape([y.shape[0]!, -1]))
    .reshape([...q.shape.slice(0, -1), ...y.shape.slice(1)]);

const weighted = (q: Tensor, y: Tensor): Tensor => sums(q, y).div(widenTo(q.sum({ axis: -1 }), y.ndim - 1));

/**
 * The rational function of Floater and Hormann through values y `[n, …]` at ascending nodes x `[n]`: polynomials of degree `degree` through
 * neighbours, blended. It has no poles and converges like h^(degree + 1) on any nodes, equidistant ones too. O(n degree²) to make,
 * O(n) a point. Differentiable with respect to values and points; exactly at a node the derivative is that of first order only. Throws
 * as `linear`, and DomainError unless 0 <= degree < n.
 *
 * Source: Floater and Hormann, Barycentric rational interpolation with no poles and high rates of approximation (2007).
 */
export function floaterHormann(x: Numbers, y: Numbers, degree = 3): BarycentricInterpolant {
  const nodes = ascending(x, "floaterHormann: x", 1);
  const n = nodes.length;
  const values = valuesAt(y, n, "floaterHormann: y");
  if (!(Number.isInteger(degree) && degree >= 0 && degree < n))
    throw new DomainError(
      `floaterHormann: degree: an integer from 0 to ${n - 1} was expected, got ${degree}`,
    );
  const w = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    let sum = 0;
    for (let i = Math.max(0, k - degree); i <= Math.min(k, n - 1 - degree); i++) {
      let product = 1;
      for (let j = i; j <= i + degree; j++) if (j !== k) product /= Math.abs(nodes[k]! - nodes[j]!);
      sum += product;
    }
    w[k] = (k - degree) % 2 === 0 ? sum : -sum;
  }
  const [place, weights, slopes] = [constant(nodes), constant(w), differentiationMatrix(nodes, w)];
  const at = (points: Tensor, data: Tensor): Tensor => weighted(quotients(points, place, weights), data);
  // Schneider and Werner's formula: the derivative blends divided differences with the same weights, and is D y at nodes.
  const slope = (points: Tensor, data: Tensor): Tensor => {
    const extra = data.ndim - 1;
    const distance = points.expandDims(-1).sub(place);
    const isNode = distance.equal(0);
    const q = quotients(points, place, weights);
    const safe = isNode.where(1, distance);
    const total = widenTo(q.sum({ axis: -1 }), extra);
    const inverse = q.div(safe);
    const between = at(points, data)
      .mul(widenTo(inverse.sum({ axis: -1 }), extra))
      .sub(sums(inverse, data))
      .div(total);
    const onNode = at(points, einsum("ij,j...->i...", slopes, data));
    return widenTo(isNode.any({ axis: -1 }), extra).where(onNode, between);
  };
  const through: (points: Tensor, y: Tensor) => Tensor = customJvp(at, ([points, data], [dPoints, dData]) =>
    through(points, dData).add(slope(points, data).mul(widenTo(dPoints, data.ndim - 1))),
  );
  return Object.assign((points: TensorLike) => through(asReal(points, "floaterHormann: points"), values), {
    derivative: (points: TensorLike, order = 1): Tensor => {
      checkOrder("floaterHormann", order);
      if (order > 1)
        throw new DomainError(`floaterHormann: order: 0 or 1 was expected, got ${order}; take jet for more`);
      const place = asReal(points, "floaterHormann: points");
      return order === 0 ? through(place, values) : slope(place, values);
    },
  });
}
