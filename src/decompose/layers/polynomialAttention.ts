// Attention whose scores are powers of scalar products, in time linear in the length: ⟨q, k⟩^p is a scalar product of the
// p-fold tensor powers of q and k, so that a sum over all keys is a state of fixed size.

import { matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { pad, tril } from "../../ops/join.ts";
import { moveAxis } from "../../ops/movement.ts";
import { checkCount } from "../../tensor/check.ts";
import { arange, ones, tensor, zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { scan } from "../../transform/control/scan.ts";

/** How a sum over earlier tokens is computed. The values agree to rounding. */
export type AttentionForm = "parallel" | "chunk" | "recurrent";

export const FORMS: readonly AttentionForm[] = ["parallel", "chunk", "recurrent"];

export interface PolynomialOptions {
  /** The power p of scores, 2 unless told. */
  readonly degree?: number;
  /** Tokens see themselves and those before them; yes unless told. */
  readonly causal?: boolean;
  /**
   * "parallel" (default) forms all scores, O(n²); "chunk" those within chunks, and keeps a state between them; "recurrent"
   * goes from token to token. Without causal order the last two are the same: one state for all.
   */
  readonly form?: AttentionForm;
  /** Divide by the sum of scores, which needs an even degree (default), or by the number of terms. */
  readonly normalize?: boolean;
  /** Tokens of a chunk, 64 unless told. */
  readonly chunk?: number;
  /** Factor by which a token counts less from step to step, in (0, 1]; 1 unless told. Needs causal order. */
  readonly decay?: number;
}

/** Sums over the tokens so far; they grow no larger with more of them. */
export interface PolynomialState {
  /** `[…, D, e]`: Σ γ^(t-s) φ(k_s) v_sᵀ, with D = (d+p-1 choose p). */
  readonly sum: Tensor;
  /** `[…, D]`: Σ γ^(t-s) φ(k_s). */
  readonly weight: Tensor;
  /** Σ γ^(t-s), a scalar. */
  readonly count: Tensor;
}

interface Plan {
  readonly degree: number;
  readonly causal: boolean;
  readonly form: AttentionForm;
  readonly normalize: boolean;
  readonly chunk: number;
  readonly decay: number;
}

/** Options with their defaults. Throws DomainError for those out of range, and an odd degree with `normalize`. */
export function planPolynomial(name: string, options: PolynomialOptions): Plan {
  const { causal = true, form = "parallel", normalize = true, decay = 1 } = options;
  const degree = checkCount(`${name}: degree`, options.degree ?? 2);
  const chunk = checkCount(`${name}: chunk`, options.chunk ?? 64);
  if (!FORMS.includes(form))
    throw new DomainError(`${name}: form: one of ${FORMS.join(", ")} was expected, got ${String(form)}`);
  if (normalize && degree % 2 === 1)
    throw new DomainError(
      `${name}: degree: an even number was expected with normalize, since a sum of odd powers may vanish, got ${degree}`,
    );
  if (!(decay > 0 && decay <= 1))
    throw new DomainError(`${name}: decay: a number above 0 and at most 1 was expected, got ${decay}`);
  if (decay < 1 && !causal)
    throw new DomainError(`${name}: decay: 1 was expected without causal order, got ${decay}`);
  return { degree, causal, form, normalize, chunk, decay };
}

/** Positions of the entries of a symmetric tensor that differ, i_1 <= … <= i_p, and the roots of how often each occurs. */
function packing(
  d: number,
  degree: number,
): { readonly factors: Int32Array[]; readonly roots: Float64Array } {
  const rows: number[][] = [];
  const extend = (row: number[], from: number): void => {
    if (row.length === degree) rows.push(row);
    else for (let i = from; i < d; i++) extend([...row, i], i);
  };
  extend([], 0);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const times = (row: number[]): number =>
    [...new Set(row)].reduce(
      (product, i) => product / factorial(row.filter((j) => j === i).length),
      factorial(degree),
    );
  return {
    factors: Array.from({ length: degree }, (_, k) => Int32Array.from(rows, (row) => row[k]!)),
    roots: Float64Array.from(rows, (row) => Math.sqrt(times(row))),
  };
}

/**
 * The symmetric tensor power of vectors x `[…, d]` with equal entries packed, `[…, (d+p-1 choose p)]`: scalar products of
 * packed powers are powers of scalar products. For p = 2 the squares and √2 x_i x_j. O(size of the result · p).
 *
 * Throws DomainError for a degree below 1 or no integer, ShapeError for a scalar.
 */
export function packedPower(x: Tensor, degree: number): Tensor {
  checkCount("packedPower: degree", degree);
  if (x.ndim === 0) throw new ShapeError("packedPower: x: at least one axis was expected, got a scalar");
  if (degree === 1) return x;
  const { factors, roots } = packing(x.shape.at(-1)!, degree);
  const parts = factors.map((index) => take(x, tensor(index), -1));
  return parts.reduce((product, part) => product.mul(part)).mul(tensor(roots).astype(x.dtype));
}

/** Number of entries of `packedPower`. */
export function packedSize(d: number, degree: number): number {
  let size = 1;
  for (let i = 1; i <= degree; i++) size = (size * (d + i - 1)) / i;
  return Math.round(size);
}

/** The state before the first token, for keys of d and values of e features. */
export const emptyPolynomialState = (
  leading: Shape,
  d: number,
  e: number,
  degree: number,
  dtype: DType,
): PolynomialState => ({
  sum: zeros([...leading, packedSize(d, degree), e], dtype),
  weight: zeros([...leading, packedSize(d, degree)], dtype),
  count: zeros([], dtype),
});

/** γ^(i-j) where i >= j and 0 elsewhere, `[n, n]`. */
function causalWeights(n: number, decay: number, dtype: DType): Tensor {
  if (decay === 1) return tril(ones([n, n], dtype));
  const i = arange(0, n, 1);
  // Above the diagonal powers would be larger than 1 and might overflow.
  const distance = i.expandDims(1).sub(i).maximum(0);
  return tril(distance.mul(Math.log(decay)).exp()).astype(dtype);
}

/** One token: q, k `[…, d]`, v `[…, e]`. O(D e). */
export function polynomialStep(
  state: PolynomialState,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  plan: Pick<Plan, "degree" | "normalize" | "decay">,
): { readonly y: Tensor; readonly state: PolynomialState } {
  const [left, right] = [packedPower(q, plan.degree), packedPower(k, plan.degree)];
  const next: PolynomialState = {
    sum: state.sum.mul(plan.decay).add(right.expandDims(-1).mul(v.expandDims(-2))),
    weight: state.weight.mul(plan.decay).add(right),
    count: state.count.mul(plan.decay).add(1),
  };
  const numerator = matmul(left.expandDims(-2), next.sum).squeeze(-2);
  const divisor = plan.normalize ? left.mul(next.weight).sum({ axis: -1, keepDims: true }) : next.count;
  return { y: divided(numerator, divisor, plan.normalize), state: next };
}

/** Even powers sum to 0 only where all scores are 0: then there is nothing to see. */
const divided = (numerator: Tensor, divisor: Tensor, guarded: boolean): Tensor =>
  guarded ? numerator.div(divisor.equal(0).where(1, divisor)) : numerator.div(divisor);

function parallelForm(q: Tensor, k: Tensor, v: Tensor, plan: Plan): Tensor {
  const { degree, causal, normalize, decay } = plan;
  const scores = power(matmul(q, k.mT()), degree);
  const n = q.shape.at(-2)!;
  const weights = causal ? scores.mul(causalWeights(n, decay, q.dtype)) : scores;
  if (normalize) return divided(matmul(weights, v), weights.sum({ axis: -1, keepDims: true }), true);
  const counts = causal
    ? causalWeights(n, decay, q.dtype).sum({ axis: -1, keepDims: true })
    : k.shape.at(-2)!;
  return matmul(weights, v).div(counts);
}

/** By products alone, so that derivatives at 0 are right. */
function power(x: Tensor, degree: number): Tensor {
  let result = x;
  for (let i = 1; i < degree; i++) result = result.mul(x);
  return result;
}

function wholeForm(q: Tensor, k: Tensor, v: Tensor, { degree, normalize }: Plan): Tensor {
  const [left, right] = [packedPower(q, degree), packedPower(k, degree)];
  const numerator = matmul(left, matmul(right.mT(), v));
  if (!normalize) return numerator.div(k.shape.at(-2)!);
  return divided(numerator, matmul(left, right.sum({ axis: -2 }).expandDims(-1)), true);
}

function recurrentForm(q: Tensor, k: Tensor, v: Tensor, plan: Plan): Tensor {
  const start = emptyPolynomialState(
    q.shape.slice(0, -2),
    q.shape.at(-1)!,
    v.shape.at(-1)!,
    plan.degree,
    q.dtype,
  );
  const { ys } = scan(
    (
      state: PolynomialState,
      [qt, kt, vt]: readonly [Tensor, Tensor, Tensor],
    ): readonly [PolynomialState, Tensor] => {
      const { y, state: next } = polynomialStep(state, qt, kt, vt, plan);
      return [next, y];
    },
    start,
    [moveAxis(q, -2, 0), moveAxis(k, -2, 0), moveAxis(v, -2, 0)] as const,
  );
  return moveAxis(ys, 0, -2);
}

/** `[…, n, d]` as `[n / size, …, size, d]`, with rows of zeros at the end where n is no multiple. */
export function inChunks(x: Tensor, size: number): Tensor {
  const [n, d] = x.shape.slice(-2) as [number, number];
  const missing = (size - (n % size)) % size;
  const leading = x.shape.slice(0, -2);
  const full = missing === 0 ? x : pad(x, [...leading.map(() => [0, 0] as const), [0, missing], [0, 0]]);
  return moveAxis(full.reshape([...leading, (n + missing) / size, size, d]), leading.length, 0);
}

/** The inverse of `inChunks` for n rows. */
export function fromChunks(x: Tensor, n: number): Tensor {
  const axis = x.ndim - 3;
  const moved = moveAxis(x, 0, axis);
  const [count, size, d] = moved.shape.slice(-3) as [number, number, number];
  return moved.reshape([...moved.shape.slice(0, -3), count * size, d]).at("...", `:${n}`, ":");
}

function chunkForm(q: Tensor, k: Tensor, v: Tensor, plan: Plan): Tensor {
  const { degree, normalize, decay } = plan;
  const n = q.shape.at(-2)!;
  const size = Math.min(plan.chunk, n);
  const { dtype } = q;
  const within = causalWeights(size, decay, dtype);
  // What the state is worth at token i of a chunk, γ^(i+1), and what token i adds to the state behind it.
  const fade = arange(1, size + 1, 1)
    .mul(Math.log(decay))
    .exp()
    .astype(dtype)
    .expandDims(1);
  const behind = within.at(-1).expandDims(1);
  const { ys } = scan(
    (
      state: PolynomialState,
      [qc, kc, vc]: readonly [Tensor, Tensor, Tensor],
    ): readonly [PolynomialState, Tensor] => {
      const [left, right] = [packedPower(qc, degree), packedPower(kc, degree)];
      const scores = power(matmul(qc, kc.mT()), degree).mul(within);
      const numerator = matmul(scores, vc).add(matmul(left, state.sum).mul(fade));
      const divisor = normalize
        ? scores.sum({ axis: -1, keepDims: true }).add(matmul(left, state.weight.expandDims(-1)).mul(fade))
        : within.sum({ axis: -1, keepDims: true }).add(fade.mul(state.count));
      const kept = right.mul(behind);
      const all = decay ** size;
      const next: PolynomialState = {
        sum: state.sum.mul(all).add(matmul(kept.mT(), vc)),
        weight: state.weight.mul(all).add(kept.sum({ axis: -2 })),
        count: state.count.mul(all).add(behind.sum()),
      };
      return [next, divided(numerator, divisor, normalize)];
    },
    emptyPolynomialState(q.shape.slice(0, -2), q.shape.at(-1)!, v.shape.at(-1)!, degree, dtype),
    [inChunks(q, size), inChunks(k, size), inChunks(v, size)] as const,
  );
  return fromChunks(ys, n);
}

/**
 * Attention with the scores ⟨q_t, k_s⟩^p: q `[…, n, d]`, k `[…, m, d]`, v `[…, m, e]` to `[…, n, e]`, Σ_s ⟨q_t, k_s⟩^p v_s over the
 * tokens s <= t (all of them without causal order), divided by the sum of scores or, without `normalize`, by the number of
 * terms. With D = (d+p-1 choose p): "parallel" O(n² (d + e)), "recurrent" O(n D e), "chunk" O(n (c (d + e) + D e)).
 *
 * Throws DomainError for options out of range and an odd degree with `normalize`, ShapeError for operands that do not fit.
 */
export function polynomialAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: PolynomialOptions = {},
): Tensor {
  const name = "polynomialAttention";
  const plan = planPolynomial(name, options);
  checkOperands(name, q, k, v, plan.causal);
  if (plan.form === "parallel") return parallelForm(q, k, v, plan);
  if (!plan.causal) return wholeForm(q, k, v, plan);
  return plan.form === "chunk" ? chunkForm(q, k, v, plan) : recurrentForm(q, k, v, plan);
}

/** Throws ShapeError unless queries, keys and values go together. */
export function checkOperands(name: string, q: Tensor, k: Tensor, v: Tensor, causal: boolean): void {
  for (const [what, x] of Object.entries({ q, k, v }))
    if (x.ndim < 2 || sizeOf(x.shape) === 0)
      throw new ShapeError(
        `${name}: ${what}: a tensor […, n, features] with elements was expected, got shape ${formatShape(x.shape)}`,
      );
  const leading = q.shape.slice(0, -2);
  if (!sameShape(k.shape.slice(0, -2), leading) || k.shape.at(-1) !== q.shape.at(-1))
    throw new ShapeError(
      `${name}: k: a shape like q's ${formatShape(q.shape)} was expected, got ${formatShape(k.shape)}`,
    );
  if (causal && k.shape.at(-2) !== q.shape.at(-2))
    throw new ShapeError(
      `${name}: k: ${q.shape.at(-2)} tokens, as in q, were expected in causal order, got ${k.shape.at(-2)}`,
    );
  if (!sameShape(v.shape.slice(0, -1), k.shape.slice(0, -1)))
    throw new ShapeError(
      `${name}: v: a value for each key of shape ${formatShape(k.shape)} was expected, got ${formatShape(v.shape)}`,
    );
}
