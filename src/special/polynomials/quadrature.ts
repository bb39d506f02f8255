// Rules of quadrature with their nodes and weights as tensors. Gauss's rules: eigenvalues of the Jacobi matrix (Golub and Welsch,
// 1969) made exact by Newton's method on the orthonormal polynomials, weights by Christoffel's sum of their squares.

import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { quadrature } from "../../transform/functional/grid.ts";
import {
  checkDegree,
  checkParameter,
  type Family,
  HERMITE,
  HERMITE_NORMAL,
  jacobi,
  laguerre,
} from "./families.ts";
import { tridiagonalEigenvalues } from "./tridiagonal.ts";

/** Σ weights · f(nodes) approximates an integral. Both are float64 `[n]`, nodes in ascending order. */
export interface QuadratureRule {
  readonly nodes: Tensor;
  readonly weights: Tensor;
}

interface Rule {
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

const toTensors = ({ nodes, weights }: Rule): QuadratureRule => ({
  nodes: new Tensor(nodes, [nodes.length], "float64"),
  weights: new Tensor(weights, [weights.length], "float64"),
});

/** Diagonal and entries beside it of the Jacobi matrix, one more beside than the matrix has. */
function jacobiMatrix({ step }: Family, n: number): { diagonal: Float64Array; beside: Float64Array } {
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  let before = step(0);
  for (let k = 0; k < n; k++) {
    diagonal[k] = -before.b / before.a;
    const next = step(k + 1);
    beside[k] = Math.sqrt(next.c / (before.a * next.a));
    before = next;
  }
  return { diagonal, beside };
}

const SCALE = 2 ** 300;
/** What `orthonormal` found: the Newton step pₙ/pₙ', Σ pₖ² for k < n, and the power of SCALE² that the sum lacks. */
const found = { step: 0, sum: 0, scalings: 0 };

/** The orthonormal polynomials at x by their recurrence, scaled down where they would overflow. */
function orthonormal(diagonal: Float64Array, beside: Float64Array, x: number): void {
  const n = diagonal.length;
  let before = 0;
  let value = 1;
  let slopeBefore = 0;
  let slope = 0;
  let sum = 0;
  let scalings = 0;
  for (let k = 0; k < n; k++) {
    sum += value * value;
    const b = k === 0 ? 0 : beside[k - 1]!;
    const next = ((x - diagonal[k]!) * value - b * before) / beside[k]!;
    const nextSlope = ((x - diagonal[k]!) * slope + value - b * slopeBefore) / beside[k]!;
    before = value;
    slopeBefore = slope;
    value = next;
    slope = nextSlope;
    if (Math.abs(value) + Math.abs(slope) > SCALE) {
      value /= SCALE;
      slope /= SCALE;
      before /= SCALE;
      slopeBefore /= SCALE;
      sum /= SCALE * SCALE;
      scalings += 1;
    }
  }
  found.step = value / slope;
  found.sum = sum;
  found.scalings = scalings;
}

function gauss(family: Family, n: number): Rule {
  const { diagonal, beside } = jacobiMatrix(family, n);
  const nodes = tridiagonalEigenvalues(diagonal, beside.subarray(0, n - 1));
  const weights = new Float64Array(n);
  const isSymmetric = diagonal.every((x) => x === 0);
  for (let i = 0; i < n; i++) {
    if (isSymmetric && 2 * i + 1 === n) nodes[i] = 0;
    else if (isSymmetric && 2 * i >= n) {
      nodes[i] = -nodes[n - 1 - i]!;
      weights[i] = weights[n - 1 - i]!;
      continue;
    } else
      for (let k = 0; k < 3; k++) {
        orthonormal(diagonal, beside, nodes[i]!);
        nodes[i]! -= found.step;
        if (Math.abs(found.step) < 1e-9 * Math.abs(nodes[i]!)) break;
      }
    orthonormal(diagonal, beside, nodes[i]!);
    let weight = family.mass / found.sum;
    for (let k = 0; k < found.scalings; k++) weight = weight / SCALE / SCALE;
    weights[i] = weight;
  }
  return { nodes, weights };
}

/** Gauss's rule on [-1, 1], exact for polynomials below degree 2n. O(n²). Throws DomainError unless n >= 1, as all of these. */
export function gaussLegendre(n: number): QuadratureRule {
  checkDegree(n, "gaussLegendre: n", 1);
  const { nodes, weights } = quadrature("legendre", n, [-1, 1]);
  return { nodes, weights };
}

/** For the weight (1 - x)^α (1 + x)^β on [-1, 1], α, β > -1. O(n²). */
export function gaussJacobi(n: number, alpha: number, beta: number): QuadratureRule {
  checkDegree(n, "gaussJacobi: n", 1);
  checkParameter(alpha, "gaussJacobi: alpha", -1);
  checkParameter(beta, "gaussJacobi: beta", -1);
  return toTensors(gauss(jacobi(alpha, beta), n));
}

/** For the weight e^(-x²) on the line, or e^(-x²/2) with `kind: "normal"`. Far weights underflow to 0. O(n²). */
export function gaussHermite(
  n: number,
  { kind = "physicist" }: { readonly kind?: "physicist" | "normal" } = {},
): QuadratureRule {
  checkDegree(n, "gaussHermite: n", 1);
  if (kind !== "physicist" && kind !== "normal")
    throw new DomainError(`gaussHermite: kind "physicist" or "normal" was expected, got ${String(kind)}`);
  return toTensors(gauss(kind === "normal" ? HERMITE_NORMAL : HERMITE, n));
}

/** For the weight x^α e^(-x) on [0, ∞), α > -1. Far weights underflow to 0. O(n²). */
export function gaussLaguerre(n: number, alpha = 0): QuadratureRule {
  checkDegree(n, "gaussLaguerre: n", 1);
  checkParameter(alpha, "gaussLaguerre: alpha", -1);
  return toTensors(gauss(laguerre(alpha), n));
}

/** For the weight (1 - x²)^(-1/2) on [-1, 1] (kind 1), or (1 - x²)^(1/2) (kind 2). O(n). */
export function gaussChebyshev(n: number, kind: 1 | 2 = 1): QuadratureRule {
  checkDegree(n, "gaussChebyshev: n", 1);
  if (kind !== 1 && kind !== 2)
    throw new DomainError(`gaussChebyshev: kind 1 or 2 was expected, got ${String(kind)}`);
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    // Sines of angles from the middle: antisymmetric to the last bit.
    const angle =
      kind === 1 ? (Math.PI * (2 * i + 1 - n)) / (2 * n) : (Math.PI * (2 * i + 1 - n)) / (2 * (n + 1));
    nodes[i] = Math.sin(angle);
    weights[i] = kind === 1 ? Math.PI / n : (Math.PI / (n + 1)) * Math.cos(angle) ** 2;
  }
  return toTensors({ nodes, weights });
}

/** Lobatto's rule on [-1, 1] with both ends among its n >= 2 nodes, exact below degree 2n - 2. O(n²). */
export function gaussLobatto(n: number): QuadratureRule {
  checkDegree(n, "gaussLobatto: n", 2);
  const inner =
    n > 2 ? gauss(jacobi(1, 1), n - 2) : { nodes: new Float64Array(0), weights: new Float64Array(0) };
  const end = 2 / (n * (n - 1));
  return toTensors({
    nodes: Float64Array.of(-1, ...inner.nodes, 1),
    weights: Float64Array.of(
      end,
      ...inner.weights.map((w, i) => w / ((1 - inner.nodes[i]!) * (1 + inner.nodes[i]!))),
      end,
    ),
  });
}

/** Radau's rule on [-1, 1] with one end among its n nodes (-1 unless told), exact below degree 2n - 1. O(n²). */
export function gaussRadau(
  n: number,
  { end = "left" }: { readonly end?: "left" | "right" } = {},
): QuadratureRule {
  checkDegree(n, "gaussRadau: n", 1);
  if (end !== "left" && end !== "right")
    throw new DomainError(`gaussRadau: end "left" or "right" was expected, got ${String(end)}`);
  const inner =
    n > 1 ? gauss(jacobi(0, 1), n - 1) : { nodes: new Float64Array(0), weights: new Float64Array(0) };
  const nodes = Float64Array.of(-1, ...inner.nodes);
  const weights = Float64Array.of(2 / (n * n), ...inner.weights.map((w, i) => w / (1 + inner.nodes[i]!)));
  if (end === "left") return toTensors({ nodes, weights });
  return toTensors({ nodes: nodes.map((x) => -x).reverse(), weights: weights.reverse() });
}

/**
 * Clenshaw and Curtis's rule on [-1, 1]: the n >= 2 extrema of a Chebyshev polynomial, ends included, exact below degree n; rules of
 * m and 2m - 1 nodes are nested. O(n²).
 */
export function clenshawCurtis(n: number): QuadratureRule {
  checkDegree(n, "clenshawCurtis: n", 2);
  const last = n - 1;
  const nodes = new Float64Array(n);
  const weights = new Float64Array(n);
  const cosines = Float64Array.from({ length: 2 * last }, (_, k) =>
    Math.sin((Math.PI * (last - 2 * k)) / (2 * last)),
  );
  for (let i = 0; i < n; i++) {
    nodes[i] = Math.sin((Math.PI * (2 * i - last)) / (2 * last));
    let sum = 1;
    for (let j = 1; 2 * j <= last; j++) {
      const factor = 2 * j === last ? 1 : 2;
      sum -= (factor * cosines[(2 * i * j) % (2 * last)]!) / (4 * j * j - 1);
    }
    weights[i] = (sum * (i === 0 || i === last ? 1 : 2)) / last;
  }
  return toTensors({ nodes, weights });
}
