// Linear maps of neural networks whose weight is a tensor train: Novikov et al., "Tensorizing neural networks" (2015).

import { type Initializer, normal, zeros } from "../../nn/init/initializers.ts";
import { contract } from "../../ops/contract.ts";
import { broadcastTo, reshape } from "../../ops/movement.ts";
import type { Layer } from "../../optim/model.ts";
import { type Key, split } from "../../random/key.ts";
import { checkAxis, checkCount, checkFloats, parameterDType } from "../../tensor/check.ts";
import type { DType } from "../../tensor/dtype.ts";
import { ShapeError } from "../../tensor/errors.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface TtLinearOptions {
  /** Lengths whose product is the number of features of the input. */
  readonly inShape: readonly number[];
  /** As many lengths, whose product is the number of features of the output. */
  readonly outShape: readonly number[];
  /** The ranks between neighbouring cores, one fewer than cores; or one number for all. */
  readonly ranks: number | readonly number[];
  /** Whether something is added to every output; yes unless told. */
  readonly bias?: boolean;
  /** Of the bias; zeros unless told. */
  readonly biasInit?: Initializer;
  /** Of the parameters, float32 unless told. */
  readonly dtype?: DType;
}

export interface TtLinearParams {
  /** `[r_{k-1}, m_k, n_k, r_k]`: rank before, output, input, rank behind; with a leading axis `[K, …]` where there are experts. */
  readonly cores: readonly Tensor[];
  /** `[Π m]`, or `[K, Π m]`. */
  readonly bias?: Tensor;
}

/** What a train of matrices needs to know of itself. */
export interface TrainPlan {
  readonly fanIn: number;
  readonly fanOut: number;
  /** Of the cores, `[r_{k-1}, m_k, n_k, r_k]`. */
  readonly shapes: readonly (readonly [number, number, number, number])[];
  readonly bias: boolean;
  readonly biasInit: Initializer;
  readonly dtype: DType;
  /** Number of trains that are applied together; 0 for one without a leading axis. */
  readonly experts: number;
}

const checkLengths = (what: string, lengths: readonly number[]): readonly number[] => {
  if (!Array.isArray(lengths) || lengths.length === 0)
    throw new ShapeError(`${what}: at least one length was expected, got ${JSON.stringify(lengths)}`);
  return lengths.map((n, k) => checkCount(`${what}[${k}]`, n));
};

/** Checks options. Throws ShapeError for numbers of lengths or ranks that do not agree, DomainError for numbers below 1. */
export function planTrain(name: string, options: TtLinearOptions, experts = 0): TrainPlan {
  const inShape = checkLengths(`${name}: inShape`, options.inShape);
  const outShape = checkLengths(`${name}: outShape`, options.outShape);
  if (inShape.length !== outShape.length)
    throw new ShapeError(
      `${name}: outShape: ${inShape.length} lengths were expected, as in inShape, got ${outShape.length}`,
    );
  const inner =
    typeof options.ranks === "number"
      ? new Array<number>(inShape.length - 1).fill(checkCount(`${name}: ranks`, options.ranks))
      : options.ranks.map((r, k) => checkCount(`${name}: ranks[${k}]`, r));
  if (inner.length !== inShape.length - 1)
    throw new ShapeError(`${name}: ranks: ${inShape.length - 1} were expected, got ${inner.length}`);
  const ranks = [1, ...inner, 1];
  return {
    fanIn: sizeOf(inShape),
    fanOut: sizeOf(outShape),
    shapes: inShape.map((n, k) => [ranks[k]!, outShape[k]!, n, ranks[k + 1]!] as const),
    bias: options.bias ?? true,
    biasInit: options.biasInit ?? zeros,
    dtype: parameterDType(name, options.dtype),
    experts,
  };
}

/** Normal cores of variance 1/(n_k r_{k-1}): inputs of unit variance give outputs of unit variance. */
export function initTrain(key: Key, plan: TrainPlan): TtLinearParams {
  const { shapes, dtype, fanIn, fanOut, experts } = plan;
  const leading = experts > 0 ? [experts] : [];
  const keys = split(key, shapes.length + 1);
  const cores = shapes.map((shape, k) =>
    normal(1 / Math.sqrt(shape[2] * shape[0]))(keys[k]!, {
      shape: [...leading, ...shape],
      fanIn,
      fanOut,
      dtype,
    }),
  );
  if (!plan.bias) return { cores };
  return { cores, bias: plan.biasInit(keys.at(-1)!, { shape: [...leading, fanOut], fanIn, fanOut, dtype }) };
}

/**
 * Trains applied to x: `[B, Π n]` to `[B, Π m]`; with a leading axis of K experts in the cores `[K, B, Π m]`, of one input
 * for all or of one `[K, B, Π n]` for each. Core by core, the matrix is never formed: O(B K Σ_k r_{k-1} r_k m_k n_k Π_{j<k} m_j
 * Π_{j>k} n_j).
 */
export function applyTrain(params: TtLinearParams, x: Tensor, plan: TrainPlan): Tensor {
  const { shapes, experts, fanOut } = plan;
  const count = Math.max(1, experts);
  const rows = x.shape.at(-2)!;
  const given = x.ndim === 2 ? broadcastTo(x, [count, ...x.shape]) : x;
  // [K, B, inputs to come, outputs so far, rank]: examples stay outermost, and what a core adds comes last.
  let state = reshape(given, [count, rows, plan.fanIn, 1, 1]);
  shapes.forEach(([before, m, n, behind], k) => {
    const core = reshape(params.cores[k]!, [count, before, m, n, behind]);
    const [, , inputs, outputs] = state.shape as [number, number, number, number, number];
    const open = reshape(state, [count, rows, n, inputs / n, outputs, before]);
    const product = contract(open, core, {
      axes: [
        [2, 5],
        [3, 1],
      ],
      batch: [[0], [0]],
    });
    state = reshape(product, [count, rows, inputs / n, outputs * m, behind]);
  });
  const y = reshape(state, experts > 0 ? [count, rows, fanOut] : [rows, fanOut]);
  if (!params.bias) return y;
  return y.add(experts > 0 ? params.bias.expandDims(1) : params.bias);
}

/** Throws ShapeError unless the parameters are those of this plan. */
export function checkTrain(name: string, params: TtLinearParams, plan: TrainPlan): void {
  const leading = plan.experts > 0 ? [plan.experts] : [];
  const cores = params?.cores ?? [];
  if (cores.length !== plan.shapes.length)
    throw new ShapeError(`${name}: params: ${plan.shapes.length} cores were expected, got ${cores.length}`);
  cores.forEach((core, k) => {
    const expected = [...leading, ...plan.shapes[k]!];
    if (formatShape(core.shape) !== formatShape(expected))
      throw new ShapeError(
        `${name}: params: core ${k} must have shape ${formatShape(expected)}, got ${formatShape(core.shape)}`,
      );
  });
}

/**
 * The affine map along the last axis whose weight is a train of cores `[r_{k-1}, m_k, n_k, r_k]`: `[…, Π n]` to `[…, Π m]`,
 * with Σ r_{k-1} m_k n_k r_k weights in place of Π m Π n. `init` draws cores such that outputs have the variance of the
 * inputs. O(Π r m n) for each row as in `applyTrain`; the dense matrix is never formed.
 *
 * Throws ShapeError for lengths or ranks that do not go together and inputs of another width, DomainError for numbers
 * below 1, DTypeError for inputs that are no real floats.
 *
 * Source: Novikov, Podoprikhin, Osokin, Vetrov, Tensorizing neural networks (2015).
 */
export function ttLinear(options: TtLinearOptions): Layer<TtLinearParams> {
  const plan = planTrain("ttLinear", options);
  return {
    init: (key) => initTrain(key, plan),
    apply: (params, x) => {
      checkFloats("ttLinear: x", x);
      checkAxis("ttLinear: x", x, -1, plan.fanIn);
      checkTrain("ttLinear", params, plan);
      const y = applyTrain(params, reshape(x, [-1, plan.fanIn]), plan);
      return reshape(y, [...x.shape.slice(0, -1), plan.fanOut]);
    },
  };
}
