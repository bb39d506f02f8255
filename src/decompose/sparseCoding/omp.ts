// Orthogonal matching pursuit: Pati, Rezaiifar, Krishnaprasad (1993).

import { lstsq } from "../../linalg/systems/leastSquares.ts";
import { concat } from "../../ops/join.ts";
import { checkCount } from "../../tensor/check.ts";
import { fromTypedArray, zeros } from "../../tensor/create.ts";
import { isComplex, promote } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/unfold.ts";
import { checkDictionary, checkObserved } from "./kroneckerSbl.ts";
import { squaredModulus } from "./posterior.ts";

export interface MatchingPursuitOptions {
  /** Entries to find at most. */
  readonly sparsity: number;
  /** Stop when the residual is at most this share of ‖y‖; 1e-12 unless told. */
  readonly rtol?: number;
}

export interface MatchingPursuit {
  /** `[n]`, at most `sparsity` entries other than 0. */
  readonly x: Tensor;
  /** Positions in the order in which they were found. */
  readonly support: readonly number[];
  /** ‖y − A x‖ */
  readonly residual: number;
}

/** A column with less than this share of its norm outside of the columns taken adds nothing but rounding. */
const DEPENDENT = 1e-10;

/**
 * A sparse x with y ≈ A x for A `[m, n]`, real or complex: the column most correlated with the residual is taken, y projected onto
 * all columns taken, and again. O(sparsity (m n + m sparsity)).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for anything but float32, float64 and complex numbers; DomainError for a
 * sparsity outside of 1 … min(m, n), columns of zeros and values that are not finite.
 */
export function orthogonalMatchingPursuit(
  a: Tensor,
  y: Tensor,
  options: MatchingPursuitOptions,
): MatchingPursuit {
  const name = "orthogonalMatchingPursuit";
  const { rtol = 1e-12 } = options;
  const dictionary = checkDictionary(a, `${name}: a`);
  const [m, n] = dictionary.shape as [number, number];
  const right = checkObserved(y, m, `${name}: y`);
  const sparsity = checkCount(`${name}: sparsity`, options.sparsity);
  if (sparsity > Math.min(m, n))
    throw new DomainError(`${name}: sparsity: at most ${Math.min(m, n)} was expected, got ${sparsity}`);
  if (!(rtol >= 0)) throw new DomainError(`${name}: rtol: a number of at least 0 was expected, got ${rtol}`);
  const norms = squaredModulus(dictionary).sum({ axis: 0 }).sqrt().data();
  const transposed = adjoint(dictionary);
  const limit = rtol * length(right);
  const isOut = new Uint8Array(n);
  const support: number[] = [];
  let basis: Tensor | null = null;
  let rest = right;
  while (support.length < sparsity && length(rest) > limit) {
    const scores = squaredModulus(transposed.matmul(rest)).data();
    let best = -1;
    let top = 0;
    for (let j = 0; j < n; j++) {
      const score = scores[j]! / norms[j]! ** 2;
      if (isOut[j] === 0 && score > top) {
        best = j;
        top = score;
      }
    }
    if (best < 0) break;
    isOut[best] = 1;
    let q = dictionary.at(":", best);
    for (let pass = 0; basis && pass < 2; pass++) q = q.sub(basis.matmul(adjoint(basis).matmul(q)));
    const size = length(q);
    if (size <= DEPENDENT * norms[best]!) continue;
    q = q.div(size).expandDims(1);
    basis = basis ? concat([basis, q], 1) : q;
    support.push(best);
    rest = rest.sub(q.matmul(adjoint(q).matmul(rest)));
  }
  const x = zeros([n], promote(dictionary.dtype, right.dtype));
  if (support.length > 0) {
    const places = fromTypedArray(Int32Array.from(support), [support.length], "int32");
    const found = lstsq(dictionary.at(":", places), right).x.data();
    const data = x.data();
    const width = isComplex(x.dtype) ? 2 : 1;
    support.forEach((to, from) => {
      for (let part = 0; part < width; part++) data[width * to + part] = found[width * from + part]!;
    });
  }
  return { x: x.astype(promote(a.dtype, y.dtype)), support, residual: length(rest) };
}

const length = (v: Tensor): number => Math.sqrt(squaredModulus(v).sum().item());
