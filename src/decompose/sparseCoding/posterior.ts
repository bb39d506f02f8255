// The Gaussian posterior of x in y = (A₁ ⊗ A₂ ⊗ …) x + noise with the prior N(0, diag(g₁ ⊗ g₂ ⊗ …)), the large matrix
// never formed.

import { eigh } from "../../linalg/spectral/eigh.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { isComplex } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, multiModeProduct } from "../base/unfold.ts";

export interface Posterior {
  /** `[n_1, n_2, …]` */
  readonly mean: Tensor;
  /** Of each entry, in C order; real. */
  readonly variance: Float64Array;
  /** ln det Φ + yᴴ Φ⁻¹ y, Φ the covariance of y. */
  readonly cost: number;
}

/**
 * By A_i diag(g_i) A_iᴴ = Q_i L_i Q_iᴴ, in whose bases the covariance of y is diagonal.
 * O(Σ m_i³ + n_i m_i² + products along the modes).
 */
export function posterior(
  dictionaries: readonly Tensor[],
  g: readonly Float64Array[],
  y: Tensor,
  noise: number,
): Posterior {
  const bases = dictionaries.map((a, i) => {
    const weighted = a.mul(vector(g[i]!.map(Math.sqrt)));
    const { values, vectors } = eigh(weighted.matmul(adjoint(weighted)));
    return { values: values.data(), vectors, rotated: adjoint(vectors).matmul(a) };
  });
  const inverse = outer(
    bases.map(({ values }) => Float64Array.from(values, (value) => Math.max(0, value as number))),
  );
  for (let i = 0; i < inverse.length; i++) inverse[i] = 1 / (noise + inverse[i]!);
  const weights = fromTypedArray(inverse, y.shape, "float64");
  const z = multiModeProduct(
    y,
    bases.map(({ vectors }) => vectors),
    { adjoint: true },
  );
  const prior = outer(g);
  const shape = g.map(({ length }) => length);
  const mean = multiModeProduct(
    z.mul(weights),
    bases.map(({ rotated }) => rotated),
    { adjoint: true },
  ).mul(fromTypedArray(prior, shape, "float64"));
  const certainty = multiModeProduct(
    weights,
    bases.map(({ rotated }) => squaredModulus(rotated).mT()),
  ).data();
  const variance = new Float64Array(prior.length);
  for (let i = 0; i < variance.length; i++)
    variance[i] = Math.max(0, prior[i]! - prior[i]! * prior[i]! * certainty[i]!);
  const squares = squaredModulus(z).data();
  let cost = 0;
  for (let i = 0; i < inverse.length; i++) cost += inverse[i]! * squares[i]! - Math.log(inverse[i]!);
  return { mean, variance, cost };
}

/** |x|², real. */
export const squaredModulus = (x: Tensor): Tensor => (isComplex(x.dtype) ? x.abs() : x).square();

/** a ⊗ b ⊗ … of vectors, the first slowest. */
export function outer(vectors: readonly Float64Array[]): Float64Array {
  let product: Float64Array = Float64Array.of(1);
  for (const v of vectors) {
    const next = new Float64Array(product.length * v.length);
    for (let i = 0, at = 0; i < product.length; i++)
      for (let j = 0; j < v.length; j++, at++) next[at] = product[i]! * v[j]!;
    product = next;
  }
  return product;
}

const vector = (data: Float64Array): Tensor => fromTypedArray(data, [data.length], "float64");
