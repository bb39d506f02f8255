// Canonical pairs of two subspaces: orthonormal bases u and v of both in which they differ by rotations alone.
// Source of the two ways to an angle: Knyazev and Argentati, "Principal angles between subspaces in an A-based scalar product"
// (2002). What holds for angles holds for vectors: cosines cannot tell small angles apart, sines can.

import { concat } from "../../ops/join.ts";
import { narrowAxis } from "../../ops/movement.ts";
import { isComplex, isFloat } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { adjoint } from "../base/derivative.ts";
import { qr } from "../orthogonal/qr.ts";
import { fullSvd } from "../spectral/fullSvd.ts";
import { svd, svdvals } from "../spectral/svd.ts";

/** Singular values of the columns below this share of the largest make them dependent. */
const DEPENDENT = 1e-10;
/** Pairs with a larger cosine are told apart by their sines. */
const NEARLY_ONE = 0.99;

/** An orthonormal basis `[n, p]` in float64 or complex128. Throws ShapeError, DTypeError, DomainError for what spans no p dimensions. */
export function orthonormalBasis(name: string, x: Tensor): Tensor {
  if (!(x instanceof Tensor)) throw new DTypeError(`${name}: a tensor [n, p] was expected`);
  if (!isFloat(x.dtype) && !isComplex(x.dtype))
    throw new DTypeError(`${name}: real or complex numbers were expected, got ${x.dtype}`);
  const [n, p] = x.shape as [number, number];
  if (x.ndim !== 2 || p === 0 || p > n)
    throw new ShapeError(
      `${name}: a basis [n, p] with 1 <= p <= n was expected, got ${formatShape(x.shape)}`,
    );
  const { q, r } = qr(x.astype(isComplex(x.dtype) ? "complex128" : "float64"));
  const s = svdvals(r).data();
  if (!(Number(s[p - 1]) > DEPENDENT * Number(s[0])))
    throw new DomainError(`${name}: the ${p} columns are linearly dependent`);
  return q;
}

export interface CanonicalPairs {
  /** `[n, k]`, in the first space, k the smaller dimension. */
  readonly u: Tensor;
  /** `[n, k]`: v = cos θ u + sin θ w is in the second space. Arbitrary where θ is 0. */
  readonly w: Tensor;
  /** `[k]` in radians, descending, from 0 to π/2. */
  readonly angles: Float64Array;
  /** `[n, |p − q|]`: what the larger space has that is orthogonal to the smaller. */
  readonly unpaired: Tensor;
}

/** The pairs of two orthonormal bases `[n, p]` and `[n, q]`. O(n (p + q)²). */
export function canonicalPairs(a: Tensor, b: Tensor): CanonicalPairs {
  const [p, q] = [a.shape[1]!, b.shape[1]!];
  const k = Math.min(p, q);
  const inner = adjoint(a).matmul(b);
  const { u: left, s, v: right } = fullSvd(inner);
  const cosines = s.data() as Float64Array;
  // The cosines descend: those of small angles are the first.
  let close = 0;
  while (close < k && cosines[close]! > NEARLY_ONE) close++;
  const angles = Float64Array.from(cosines, (c) => Math.acos(Math.min(1, c)));
  const parts: { u: Tensor; w: Tensor }[] = [];
  if (close > 0) {
    const span = narrowAxis(right, 1, 0, close);
    const inside = inner.matmul(span);
    const rest = b.matmul(span).sub(a.matmul(inside));
    // Twice, or what rounding leaves along a would bend tiny differences.
    const outside = rest.sub(a.matmul(adjoint(a).matmul(rest)));
    // Singular values descend, and so do the angles.
    const turn = svd(outside);
    const sines = turn.s.data() as Float64Array;
    const length = turn.s.square().neg().add(1).sqrt();
    parts.push({ u: a.matmul(inside.matmul(turn.v).div(length)), w: turn.u });
    for (let i = 0; i < close; i++) angles[i] = Math.asin(Math.min(1, sines[i]!));
  }
  if (close < k) {
    const u = a.matmul(narrowAxis(left, 1, close, k));
    const v = b.matmul(narrowAxis(right, 1, close, k));
    const cosine = narrowAxis(s, 0, close, k);
    const sine = cosine.square().neg().add(1).sqrt();
    parts.unshift(reversed({ u, w: v.sub(u.mul(cosine)).div(sine) }));
    const small = angles.slice(0, close);
    const large = angles.slice(close).reverse();
    angles.set(large);
    angles.set(small, k - close);
  }
  const [first, second] = parts as [{ u: Tensor; w: Tensor }, { u: Tensor; w: Tensor } | undefined];
  const joined = (pick: (part: { u: Tensor; w: Tensor }) => Tensor): Tensor =>
    second ? concat([pick(first), pick(second)], 1) : pick(first);
  const unpaired = p >= q ? a.matmul(narrowAxis(left, 1, k, p)) : b.matmul(narrowAxis(right, 1, k, q));
  return { u: joined(({ u }) => u), w: joined(({ w }) => w), angles, unpaired };
}

const reversed = ({ u, w }: { u: Tensor; w: Tensor }): { u: Tensor; w: Tensor } => ({
  u: u.at(":", "::-1"),
  w: w.at(":", "::-1"),
});
