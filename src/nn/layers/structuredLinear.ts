// Linear layers whose weight has structure, with the initial scales and learning rates that structure needs.

import { applyBlocks } from "../../linalg/operator/blockTensorTrain.ts";
import { TensorTrain } from "../../linalg/operator/kronecker.ts";
import type { Layer } from "../../optim/model.ts";
import { normal } from "../../random/distributions.ts";
import { split } from "../../random/key.ts";
import { checkAxis, checkFloats, parameterDType } from "../../tensor/check.ts";
import { ones, zeros } from "../../tensor/create.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import {
  type Factor,
  factorScale,
  planStructure,
  type StructureOptions,
  type StructurePlan,
} from "../base/structures.ts";

export interface StructuredLinearOptions extends StructureOptions {
  /** Whether factors are kept from growing above their initial root mean square, with a learnable gain each; not unless told. */
  readonly normalize?: boolean;
  /** Whether the last factor begins with zeros; not unless told. */
  readonly zeroInit?: boolean;
  /** Where the layer stands in the model: the inputs of an "input" layer do not grow with the width. "hidden" unless told. */
  readonly role?: "input" | "hidden" | "output";
  /** Whether something is added to every output; yes unless told, zeros at first. */
  readonly bias?: boolean;
  /** Of the parameters, float32 unless told. */
  readonly dtype?: DType;
}

export interface StructuredLinearParams {
  /**
   * "dense" `[in, out]`; "low-rank" `[in, r]`, `[r, out]`; "kronecker" and "tt" `[r, n, m, r']` (rank before, output, input,
   * rank behind); "monarch" `[b, in / b, q]`, `[b, q, out / b]`; "btt" `[m1, m0, n0 r]`, `[n0, m1 r, n1]`.
   */
  readonly factors: readonly Tensor[];
  /** One number for each factor, where they are normalized. */
  readonly gains?: readonly Tensor[];
  /** `[out]` */
  readonly bias?: Tensor;
}

/** By how much a layer's learning rates differ from those of a dense layer of the base width, a tree like its parameters. */
export interface RateOptions {
  /** The width for which the learning rate was chosen. */
  readonly baseWidth: number;
  /** Whether factors learn by their own widths; if not, all as a dense weight would. Yes unless told. */
  readonly structured?: boolean;
}

/** A layer that knows the learning rates of its parameters. */
export interface RatedLayer<P> extends Layer<P> {
  rateMultipliers(options: RateOptions): unknown;
}

export interface StructuredLinear extends RatedLayer<StructuredLinearParams> {
  readonly plan: StructurePlan;
  /** Multiplications for one row, and numbers in the factors (without bias and gains). */
  cost(): { readonly flops: number; readonly params: number };
}

/** The map of factors, by rows `[B, in]` to `[B, out]`. */
function applyFactors({ structure, out }: StructurePlan, factors: readonly Tensor[], x: Tensor): Tensor {
  const [first, second] = factors as readonly [Tensor, Tensor];
  switch (structure) {
    case "dense":
      return x.matmul(first);
    case "low-rank":
      return x.matmul(first).matmul(second);
    case "btt":
      return applyBlocks(x, first, second);
    case "monarch": {
      // Blocks, a stride permutation, blocks.
      const [b, p, q] = first.shape as readonly [number, number, number];
      const rows = x.shape[0]!;
      const open = x.reshape([rows, b, p]).transpose([1, 0, 2]).matmul(first);
      const mixed = open.transpose([1, 2, 0]).reshape([rows, b, q]);
      return mixed.transpose([1, 0, 2]).matmul(second).transpose([1, 0, 2]).reshape([rows, out]);
    }
    default:
      return new TensorTrain(factors).apply(x.transpose([1, 0])).transpose([1, 0]);
  }
}

/** A factor whose root mean square is at most that of its start, times its gain. */
function capped(factor: Tensor, own: Factor, gain: Tensor): Tensor {
  const most = factorScale(own);
  const meanSquare = factor.square().mean();
  return factor.mul(gain.mul(most).div(meanSquare.maximum(most ** 2).sqrt()));
}

/**
 * The affine map along the last axis, `[…, in]` to `[…, out]`, with a weight of structure: two factors of "low-rank", a
 * "kronecker" product, a tensor train ("tt"), block-diagonal matrices ("monarch"), or a block tensor train ("btt"), which has
 * 2 r d^{3/2} numbers and multiplications for d × d and becomes any matrix as r grows to √d. Factors begin normal with the
 * deviation of a dense map of their own widths; for learning rates see `muParam`. O(B flops) as `cost()` says.
 *
 * Source: Qiu, Potapczynski, Finzi, Goldblum and Wilson, "Compute better spent: replacing dense layers with structured
 * matrices", ICML (2024).
 *
 * @throws DomainError for numbers below 1 and widths that do not factor (naming the nearest that do); when applied ShapeError
 * for inputs of another width and parameters of another plan, DTypeError for what is no real floats.
 */
export function structuredLinear(options: StructuredLinearOptions): StructuredLinear {
  const name = "structuredLinear";
  const plan = planStructure(name, options);
  const { normalize = false, zeroInit = false, bias: hasBias = true, role = "hidden" } = options;
  if (role !== "input" && role !== "hidden" && role !== "output")
    throw new DomainError(`${name}: role must be "input", "hidden" or "output", got ${String(role)}`);
  const dtype = parameterDType(name, options.dtype);
  const { factors } = plan;
  const last = factors.length - 1;
  return {
    plan,
    cost: () => ({ flops: plan.flops, params: plan.params }),
    init: (key) => {
      const keys = split(key, factors.length);
      const drawn = factors.map((factor, k) =>
        zeroInit && k === last
          ? zeros(factor.shape, dtype)
          : normal(keys[k]!, factor.shape, { dtype: dtype === "float64" ? dtype : "float32" })
              .mul(factorScale(factor))
              .astype(dtype),
      );
      return {
        factors: drawn,
        ...(normalize && { gains: factors.map(() => ones([], dtype)) }),
        ...(hasBias && { bias: zeros([plan.out], dtype) }),
      };
    },
    apply: (params, x) => {
      checkFloats(`${name}: x`, x);
      checkAxis(`${name}: x`, x, -1, plan.in);
      factors.forEach(({ shape }, k) => {
        const given = params.factors[k];
        if (!given || !sameShape(given.shape, shape))
          throw new ShapeError(
            `${name}: params: factor ${k} must have shape ${formatShape(shape)}, got ${given ? formatShape(given.shape) : "none"}`,
          );
      });
      const { gains } = params;
      const used = gains
        ? params.factors.map((factor, k) => capped(factor, factors[k]!, gains[k]!))
        : params.factors;
      const y = applyFactors(plan, used, x.reshape([-1, plan.in])).reshape([
        ...x.shape.slice(0, -1),
        plan.out,
      ]);
      return params.bias ? y.add(params.bias) : y;
    },
    rateMultipliers: ({ baseWidth, structured = true }) => {
      const width = role === "input" ? 1 : baseWidth / plan.in;
      return {
        factors: factors.map(({ dIn }) => (structured ? (width * plan.in) / dIn / factors.length : width)),
        ...(normalize && { gains: factors.map(() => 1) }),
        ...(hasBias && { bias: 1 }),
      };
    },
  };
}
