// The Moore-Penrose inverse by the singular value decomposition.
import { bindOne } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { allocate, isComplex, machineEpsilon } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint, chain } from "../base/derivative.ts";
import {
  checkMatrix,
  FACTORED,
  factorable,
  factorDType,
  overBatch,
  store,
  withMatrix,
} from "../base/matrix.ts";
import { multiply, scale, type Width } from "../kernels/vector.ts";
import { type MatrixSVD, svdFactors } from "../spectral/svd.ts";

export interface RankParams {
  /** Singular values up to this share of the largest count as zero. */
  readonly rtol: number;
}

/** The tolerance asked for, or max(m, n) eps of the dtype. Throws DomainError outside [0, 1). */
export function rankTolerance(name: string, a: Tensor, rtol: number | undefined): number {
  if (rtol === undefined)
    return Math.max(a.shape.at(-2)!, a.shape.at(-1)!) * machineEpsilon(factorDType(name, a.dtype));
  if (!(rtol >= 0 && rtol < 1)) throw new DomainError(`${name}: rtol must lie in [0, 1), got ${rtol}`);
  return rtol;
}

/** How many of the descending singular values count. */
export function rankOf(s: Float64Array, rtol: number): number {
  const tolerance = rtol * (s[0] ?? 0);
  let rank = 0;
  while (rank < s.length && s[rank]! > tolerance) rank++;
  return rank;
}

function invert(w: Width, m: number, n: number, { u, s, v, back }: MatrixSVD, rtol: number): Float64Array {
  const rank = rankOf(s, rtol);
  const scaled = v.slice(0, n * rank * w);
  for (let j = 0; j < rank; j++) scale(w, 1 / s[j]!, 0, scaled, j * n * w, n);
  const out = new Float64Array(n * m * w);
  if (rank > 0)
    multiply(
      w,
      n,
      m,
      rank,
      { data: scaled, offset: 0, ld: n * w },
      { data: u, offset: 0, ld: m * w, adjoint: true },
      { data: out, offset: 0, ld: n * w },
    );
  scale(w, 1 / back, 0, out, 0, n * m);
  return out;
}

export const pinvP: Primitive<RankParams> = definePrimitive<RankParams>({
  name: "pinv",
  dtypes: FACTORED,
  abstractEval: ([a]) => [{ shape: withMatrix(a!, a!.shape.at(-1)!, a!.shape.at(-2)!), dtype: a!.dtype }],
  evaluate: ([a], { rtol }, [output]) => {
    const { shape, dtype } = output!;
    const [n, m] = shape.slice(-2) as [number, number];
    const factors = svdFactors("pinv", a!);
    if (factors.length === 0) return [new Tensor(allocate(dtype, 0), shape, dtype)];
    const w: Width = isComplex(dtype) ? 2 : 1;
    let index = 0;
    return overBatch([a!], () => [store(invert(w, m, n, factors[index++]!, rtol), n, m, dtype)]);
  },
  jvp: ({ inputs: [a], tangents: [da], outputs: [p] }) => {
    const back = adjoint(da!);
    const pAdjoint = adjoint(p!);
    const range = back.sub(chain(back, a!, p!));
    const free = chain(back, pAdjoint, p!);
    return [
      chain(p!, pAdjoint, range)
        .add(free.sub(chain(p!, a!, free)))
        .sub(chain(p!, da!, p!)),
    ];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * The Moore-Penrose inverse `[…, n, m]` of a `[…, m, n]` of any rank; singular values at most `rtol` times the largest
 * count as zero (default: max(m, n) eps of the dtype). O(m n min(m, n)); shares its SVD with `lstsq`.
 *
 * Derivatives are those at constant rank: the inverse jumps where the rank of `a` changes, so at a deficient rank they
 * hold along changes of `a` that keep it, and neglect what lies below `rtol`.
 *
 * Source of the derivative: Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
 * problems whose variables separate", SIAM Journal on Numerical Analysis 10 (1973).
 *
 * @throws ShapeError for fewer than two axes; DTypeError for float8; DomainError for NaN, infinity or rtol outside
 * [0, 1).
 */
export function pinv(a: Tensor, options: { readonly rtol?: number } = {}): Tensor {
  checkMatrix("pinv", a);
  const rtol = rankTolerance("pinv", a, options.rtol);
  return bindOne(pinvP, [factorable("pinv", a)], { rtol });
}
