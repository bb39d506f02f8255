// Second-order attention: with W the causal part of Q Kᵀ, the causal part of W Wᵀ weighs the values. Three sums over the tokens
// so far hold all that it needs.

import { matmul } from "../../ops/contract.ts";
import { tril } from "../../ops/join.ts";
import { moveAxis } from "../../ops/movement.ts";
import { checkCount } from "../../tensor/check.ts";
import { arange, zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { scan } from "../../transform/control/scan.ts";
import { type AttentionForm, checkOperands, FORMS, fromChunks, inChunks } from "./polynomialAttention.ts";

export interface SecondOrderOptions {
  /** As for `polynomialAttention`; "parallel" unless told. */
  readonly form?: AttentionForm;
  /** Divide row t by the number of its terms, t (t + 1) / 2; yes unless told. */
  readonly normalize?: boolean;
  /** Tokens of a chunk, 64 unless told. */
  readonly chunk?: number;
}

/** Sums over the tokens so far. */
export interface SecondOrderState {
  /** `[…, d, d]`: S = Σ k kᵀ. */
  readonly keys: Tensor;
  /** `[…, d, e]`: C = Σ q vᵀ. */
  readonly values: Tensor;
  /** `[…, d, e]`: G = Σ k kᵀ C, with C as it was before each token. */
  readonly cross: Tensor;
  /** Number of tokens, a scalar. */
  readonly count: Tensor;
}

/** Options with their defaults. Throws DomainError for those out of range. */
export function planSecondOrder(name: string, options: SecondOrderOptions): Required<SecondOrderOptions> {
  const { form = "parallel", normalize = true } = options;
  if (!FORMS.includes(form))
    throw new DomainError(`${name}: form: one of ${FORMS.join(", ")} was expected, got ${String(form)}`);
  return { form, normalize, chunk: checkCount(`${name}: chunk`, options.chunk ?? 64) };
}

/** The state before the first token. */
export const emptySecondOrderState = (
  leading: Shape,
  d: number,
  e: number,
  dtype: DType,
): SecondOrderState => ({
  keys: zeros([...leading, d, d], dtype),
  values: zeros([...leading, d, e], dtype),
  cross: zeros([...leading, d, e], dtype),
  count: zeros([], dtype),
});

/** One token: q, k `[…, d]`, v `[…, e]`. The outcome is qᵀ (S C - G). O(d² + d e). */
export function secondOrderStep(
  state: SecondOrderState,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  normalize: boolean,
): { readonly y: Tensor; readonly state: SecondOrderState } {
  const [row, column] = [k.expandDims(-2), k.expandDims(-1)];
  const next: SecondOrderState = {
    keys: state.keys.add(column.mul(row)),
    values: state.values.add(q.expandDims(-1).mul(v.expandDims(-2))),
    // The sum of values from before this token, or its own pair would be taken away.
    cross: state.cross.add(column.mul(matmul(row, state.values))),
    count: state.count.add(1),
  };
  const query = q.expandDims(-2);
  const y = matmul(matmul(query, next.keys), next.values).sub(matmul(query, next.cross)).squeeze(-2);
  return { y: normalize ? y.div(terms(next.count)) : y, state: next };
}

const terms = (count: Tensor): Tensor => count.mul(count.add(1)).div(2);

/** Numbers of terms of the rows first + 1 … first + n, `[n, 1]`. */
const termsOfRows = (first: Tensor, n: number): Tensor =>
  terms(
    arange(1, n + 1, 1)
      .astype(first.dtype)
      .expandDims(1)
      .add(first),
  );

function local(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const w = tril(matmul(q, k.mT()));
  return matmul(tril(matmul(w, w.mT())), v);
}

/**
 * Rows of (L ∘ W Wᵀ) V with W = L ∘ Q Kᵀ and L the lower triangle: q, k `[…, n, d]`, v `[…, n, e]` to `[…, n, e]`. Token t sees j <= t
 * by how alike the two look at the tokens up to j. "parallel" O(n³) as written, "recurrent" O(n (d² + d e)), "chunk" the same with
 * matrix products, plus O(n c (c + d + e)).
 *
 * Throws DomainError for options out of range, ShapeError for operands that do not fit.
 */
export function secondOrder(q: Tensor, k: Tensor, v: Tensor, options: SecondOrderOptions = {}): Tensor {
  const { form, normalize, chunk } = planSecondOrder("secondOrder", options);
  checkOperands("secondOrder", q, k, v, true);
  const n = q.shape.at(-2)!;
  const { dtype } = q;
  if (form === "parallel") {
    const y = local(q, k, v);
    return normalize ? y.div(termsOfRows(zeros([], dtype), n)) : y;
  }
  const start = emptySecondOrderState(q.shape.slice(0, -2), q.shape.at(-1)!, v.shape.at(-1)!, dtype);
  type Slice = readonly [Tensor, Tensor, Tensor];
  if (form === "recurrent") {
    const { ys } = scan(
      (state: SecondOrderState, [qt, kt, vt]: Slice): readonly [SecondOrderState, Tensor] => {
        const { y, state: next } = secondOrderStep(state, qt, kt, vt, normalize);
        return [next, y];
      },
      start,
      [moveAxis(q, -2, 0), moveAxis(k, -2, 0), moveAxis(v, -2, 0)] as const,
    );
    return moveAxis(ys, 0, -2);
  }
  const size = Math.min(chunk, n);
  const { ys } = scan(
    (state: SecondOrderState, [qc, kc, vc]: Slice): readonly [SecondOrderState, Tensor] => {
      // With sums of the chunk primed, S C - G = (S₀C₀ - G₀) + S₀C' + (S'C' - G'), since G takes S'C₀ up.
      const past = matmul(state.keys, state.values).sub(state.cross);
      const seen = matmul(tril(matmul(matmul(qc, state.keys), qc.mT())), vc);
      const y = matmul(qc, past)
        .add(seen)
        .add(local(qc, kc, vc));
      const rows = kc.mT();
      const inner = tril(matmul(kc, qc.mT()), -1);
      const next: SecondOrderState = {
        keys: state.keys.add(matmul(rows, kc)),
        values: state.values.add(matmul(qc.mT(), vc)),
        cross: state.cross.add(matmul(rows, matmul(kc, state.values))).add(matmul(rows, matmul(inner, vc))),
        count: state.count.add(size),
      };
      return [next, normalize ? y.div(termsOfRows(state.count, size)) : y];
    },
    start,
    [inChunks(q, size), inChunks(k, size), inChunks(v, size)] as const,
  );
  return fromChunks(ys, n);
}
