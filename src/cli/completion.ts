// Tensors with gaps: `--missing nan` fits the values that are present and fills in the others.
import { storedBytes } from "../decompose/auto/search.ts";
import { type CompleteResult, complete } from "../decompose/completion/complete.ts";
import { full, parameters } from "../decompose/operations.ts";
import type { AutoResult, Candidate } from "../decompose/types.ts";
import type { Key } from "../random/key.ts";
import { dtypeInfo, isComplex } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { UsageError } from "./usage.ts";

/** True where an entry is finite. O(size). */
export function presentMask(x: Tensor): { mask: Tensor; missing: number } {
  const data = x.data();
  const width = isComplex(x.dtype) ? 2 : 1;
  const present = new Uint8Array(x.size);
  let missing = 0;
  for (let i = 0; i < present.length; i++) {
    const finite = Number.isFinite(data[i * width]) && (width === 1 || Number.isFinite(data[2 * i + 1]));
    present[i] = finite ? 1 : 0;
    if (!finite) missing++;
  }
  return { mask: new Tensor(present, x.shape, "bool"), missing };
}

export interface CompletionOptions {
  readonly format: string;
  readonly ranks?: readonly number[];
  readonly key: Key;
  readonly onProgress: (progress: { readonly fraction: number; readonly stage: string }) => void;
}

/** What a completion found, in the form that reports take; `heldOutError` is what to expect of the filled gaps. */
export interface Completion {
  readonly result: AutoResult;
  readonly missing: number;
  readonly heldOutError: number;
}

/** Fits CP and Tucker to the present entries of a tensor with gaps. Throws UsageError for other formats. */
export function completeTensor(
  x: Tensor,
  mask: Tensor,
  missing: number,
  options: CompletionOptions,
): Completion {
  const { format, ranks, key, onProgress } = options;
  if (format !== "auto" && format !== "cp" && format !== "tucker")
    throw new UsageError(`--missing nan fills gaps with --format cp, tucker or auto, not ${format}`);
  const started = performance.now();
  const found = complete(x, mask, { method: format, key, onProgress, ...(ranks ? { ranks } : {}) });
  const result = asResult(found, x, mask, (performance.now() - started) / 1000);
  return { result, missing, heldOutError: found.heldOutError };
}

function asResult(found: CompleteResult, x: Tensor, mask: Tensor, seconds: number): AutoResult {
  const { decomposition, method, ranks, error } = found;
  const chosen: Candidate = {
    format: method,
    detail: "fitted to all present values",
    ranks,
    parameters: parameters(decomposition),
    bytes: storedBytes(decomposition),
    error,
    seconds,
    status: "chosen",
    reason: "",
  };
  const tried = found.candidates.map(
    (trial): Candidate => ({
      format: trial.method,
      detail: "error on held-out values",
      ranks: trial.ranks,
      parameters: trial.parameters,
      bytes: trial.parameters * dtypeInfo(x.dtype).bytes,
      error: trial.heldOutError,
      seconds: 0,
      status: "valid",
      reason: "fitted without the held-out values, for comparison",
    }),
  );
  return {
    decomposition,
    chosen,
    candidates: [chosen, ...tried],
    tolerance: error,
    error,
    maxAbsoluteError: largestGap(x, full(decomposition), mask),
    spectra: [],
    curves: [],
    notes: found.converged ? [] : ["The fit had not settled when it was stopped."],
    seconds,
  };
}

/** max |x − x̂| over the present entries. */
function largestGap(x: Tensor, model: Tensor, mask: Tensor): number {
  const [a, b, present] = [x.data(), model.data(), mask.data()];
  const width = isComplex(x.dtype) ? 2 : 1;
  let largest = 0;
  for (let i = 0; i < present.length; i++) {
    if (!present[i]) continue;
    const real = a[i * width]! - b[i * width]!;
    largest = Math.max(
      largest,
      width === 1 ? Math.abs(real) : Math.hypot(real, a[2 * i + 1]! - b[2 * i + 1]!),
    );
  }
  return largest;
}
