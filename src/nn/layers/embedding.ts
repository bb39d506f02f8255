// Tables of features for tokens.

import { matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { checkElements } from "../../ops/known.ts";
import type { Layer } from "../../optim/model.ts";
import { checkAxis, checkCount, checkTensor, parameterDType } from "../../tensor/check.ts";
import { type DType, isInteger } from "../../tensor/dtype.ts";
import { DTypeError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Initializer, normal } from "../init/initializers.ts";

export interface EmbeddingOptions {
  /** Number of entries, and features of each. */
  readonly count: number;
  readonly dim: number;
  /** Normal of standard deviation 1 unless told, as in PyTorch; 0.02 is usual where the output is tied. */
  readonly init?: Initializer;
  readonly dtype?: DType;
}

export interface EmbeddingParams {
  /** `[count, dim]`, as in PyTorch. */
  readonly weight: Tensor;
}

/** A table that is looked up, and that may be used the other way round. */
export interface Embedding extends Layer<EmbeddingParams> {
  /** Scores of all entries, x · weightᵀ: `[…, dim]` to `[…, count]`. The output of a language model with tied weights. */
  attend(params: EmbeddingParams, x: Tensor): Tensor;
}

/**
 * Rows of a table: integers `[…]` to features `[…, dim]`. Throws DTypeError for what is no integer, DomainError for
 * integers outside of the table (where they are known).
 */
export function embedding(options: EmbeddingOptions): Embedding {
  const count = checkCount("embedding: count", options.count);
  const dim = checkCount("embedding: dim", options.dim);
  const { init = normal(1) } = options;
  const dtype = parameterDType("embedding", options.dtype);
  return {
    init: (key) => ({ weight: init(key, { shape: [count, dim], fanIn: count, fanOut: dim, dtype }) }),
    apply: ({ weight }, tokens) => {
      checkTensor("embedding: x", tokens);
      if (!isInteger(tokens.dtype))
        throw new DTypeError(`embedding: x: integers were expected, got ${tokens.dtype}`);
      const range = `an integer from 0 to ${count - 1}`;
      checkElements(tokens, "embedding: x", range, (value) => value >= 0 && value < count);
      return take(weight, tokens);
    },
    attend: ({ weight }, x) => {
      checkAxis("embedding: attend: x", x, -1, dim);
      return matmul(x, weight.mT());
    },
  };
}
