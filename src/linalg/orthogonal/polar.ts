// The polar decomposition.
import { bind, bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { adjoint, hermitianPart } from "../base/derivative.ts";
import { asRow, divideByGap } from "../base/gap.ts";
import { checkMatrix, FACTORED, factorable, load, overBatch, store } from "../base/matrix.ts";
import { multiply } from "../kernels/vector.ts";
import { svdFactors, svdP } from "../spectral/svd.ts";

export interface Polar {
  /** `[…, m, n]`, orthonormal columns (rows when m < n): the nearest such matrix to a. */
  readonly u: Tensor;
  /** `[…, n, n]`, Hermitian, positive semidefinite: a = u p. For m < n it is `[…, m, m]`, and a = p u. */
  readonly p: Tensor;
}

/** U Vᴴ of the singular value decomposition of `[…, m, n]`, m >= n. */
const polarP: Primitive<undefined> = definePrimitive<undefined>({
  name: "polar",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: ([a]) => {
    const factors = svdFactors("polar", a!);
    let index = 0;
    return overBatch([a!], ([x]) => {
      const { rows: m, columns: n, width: w, dtype } = load("polar", x!);
      const out = new Float64Array(m * n * w);
      const found = factors[index++];
      if (!found) return [store(out, m, n, dtype)];
      const u = { data: found.u, offset: 0, ld: m * w };
      const v = { data: found.v, offset: 0, ld: n * w, adjoint: true };
      multiply(w, m, n, n, u, v, { data: out, offset: 0, ld: m * w });
      return [store(out, m, n, dtype)];
    });
  },
  jvp: ({ inputs: [a], tangents: [da], outputs: [u] }) => {
    const [, s, v] = bind(svdP, [a!], undefined);
    // With x = uᴴ da in the basis of v: skew part over sᵢ + sⱼ; what leaves the range of u over sⱼ.
    const x = adjoint(u!).matmul(da!);
    const inside = adjoint(v!)
      .matmul(x.sub(adjoint(x)))
      .matmul(v!);
    const turn = divideByGap(inside, asRow(s!).add(s!.expandDims(-1)));
    const outside = divideByGap(da!.sub(u!.matmul(x)).matmul(v!), asRow(s!));
    return [u!.matmul(v!.matmul(turn)).add(outside).matmul(adjoint(v!))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Polar decomposition a = u p of `[…, m, n]` (a = p u when m < n): u has orthonormal columns and is the nearest such
 * matrix, p is Hermitian and positive semidefinite. By the singular value decomposition; O(m n min(m, n)).
 *
 * Where a has full rank u and p are smooth, whatever singular values coincide (first derivatives; further ones go
 * through singular vectors, and need distinct values). Source of the derivative: Higham, "Functions of Matrices" (2008), 8.
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN or infinity.
 */
export function polar(a: Tensor): Polar {
  checkMatrix("polar", a);
  const x = factorable("polar", a);
  if (x.shape.at(-2)! < x.shape.at(-1)!) {
    const { u, p } = polar(adjoint(x));
    return { u: adjoint(u), p };
  }
  const u = bindOne(polarP, [x], undefined);
  return { u, p: hermitianPart(adjoint(u).matmul(x)) };
}
