// The affine map, and what all layers with weights have in common.

import { matmul } from "../../ops/contract.ts";
import type { Layer } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import { checkAxis, checkCount, checkFloats, parameterDType } from "../../tensor/check.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tapped } from "../base/pass.ts";
import { type Initializer, lecunNormal, zeros } from "../init/initializers.ts";

/** What layers with weights have in common. */
export interface WeightOptions {
  /** Whether something is added to every output; yes unless told. */
  readonly bias?: boolean;
  /** LeCun's normal weights unless told. */
  readonly init?: Initializer;
  /** Zeros unless told. */
  readonly biasInit?: Initializer;
  /** Of the parameters, float32 unless told. */
  readonly dtype?: DType;
}

/** Only what weights are about, of options that say more. */
export const weightOptions = ({ bias, init, biasInit, dtype }: WeightOptions): WeightOptions => ({
  ...(bias !== undefined && { bias }),
  ...(init && { init }),
  ...(biasInit && { biasInit }),
  ...(dtype && { dtype }),
});

export interface DenseOptions extends WeightOptions {
  /** Features of the input and of the output. */
  readonly in: number;
  readonly out: number;
}

export interface DenseParams {
  /** `[in, out]`, the transpose of PyTorch's `weight`. */
  readonly weight: Tensor;
  /** `[out]` */
  readonly bias?: Tensor;
}

/**
 * The affine map x W + b along the last axis: `[…, in]` to `[…, out]`, with W `[in, out]`. O(in out) for each row.
 * Throws DomainError for options out of range, ShapeError for inputs of another width, DTypeError for inputs that are
 * no real floats.
 */
export function dense(options: DenseOptions): Layer<DenseParams> {
  const fanIn = checkCount("dense: in", options.in);
  const fanOut = checkCount("dense: out", options.out);
  const { bias: hasBias = true, init = lecunNormal(), biasInit = zeros } = options;
  const dtype = parameterDType("dense", options.dtype);
  return {
    init: (key) => {
      const [first, second] = split(key, 2);
      const weight = init(first!, { shape: [fanIn, fanOut], fanIn, fanOut, dtype });
      return hasBias
        ? { weight, bias: biasInit(second!, { shape: [fanOut], fanIn, fanOut, dtype }) }
        : { weight };
    },
    apply: ({ weight, bias }, x, pass) => {
      checkFloats("dense: x", x);
      checkAxis("dense: x", x, -1, fanIn);
      const product = matmul(x, weight);
      return tapped(pass, {
        weight,
        ...(bias && { bias }),
        input: () => x.reshape([-1, fanIn]),
        result: bias ? product.add(bias) : product,
      });
    },
  };
}
