// Stacked tensorial networks: parameters of an equation choose a mixture of tensor trains, which map the field.

import type { Activation } from "../../nn/layers/activations.ts";
import { type MlpOptions, mlp } from "../../nn/layers/compose.ts";
import { contract } from "../../ops/contract.ts";
import { reshape } from "../../ops/movement.ts";
import { tanh } from "../../ops/transcendental.ts";
import type { Layer } from "../../optim/model.ts";
import { split } from "../../random/key.ts";
import {
  checkAxis,
  checkCount,
  checkFloats,
  checkRank,
  checkTensor,
  parameterDType,
} from "../../tensor/check.ts";
import type { DType } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { applyTrain, checkTrain, initTrain, planTrain, type TtLinearParams } from "./ttLinear.ts";

export interface StnnOptions {
  /** Lengths whose product is the number of values of the input field. */
  readonly inShape: readonly number[];
  /** As many lengths, for the output field. */
  readonly outShape: readonly number[];
  /** Between the cores of every train. */
  readonly ttRank: number;
  /** Number of tensorial networks that are mixed. */
  readonly experts: number;
  /** Number of parameters of the equation. */
  readonly parameterDim: number;
  /** Widths of the hidden layers of the gate, `[32, 32]` unless told. */
  readonly hidden?: readonly number[];
  /** Of the gate, and between the trains of one expert where there are several; `tanh` unless told. */
  readonly activation?: Activation;
  /**
   * Shapes between trains, where an expert is to have more than one; none unless told. Experts of one train are linear in the
   * field, as the solution of a linear equation is.
   */
  readonly between?: readonly (readonly number[])[];
  /** Whether each expert adds something to its output; yes unless told. */
  readonly bias?: boolean;
  /** Of the parameters, float32 unless told. */
  readonly dtype?: DType;
}

export interface StnnParams {
  /** Trains of all experts, one entry for each layer, with a leading axis `[experts, …]`. */
  readonly trains: readonly TtLinearParams[];
  readonly gate: ReturnType<ReturnType<typeof mlp>["init"]>;
}

/** A field and the parameters of the equation that it belongs to. */
export interface StnnInput {
  /** `[B, Π inShape]`, or with the axes of the field apart. */
  readonly field: Tensor;
  /** `[B, parameterDim]`; standardise them, and take logarithms of those that are scales. */
  readonly parameters: Tensor;
}

/**
 * A surrogate of a parametric equation: Σ_k g_k(p) T_k(f) / √K, where T_1 … T_K are tensor-train maps of the field f and g is a
 * dense network of the parameters p; the root keeps the variance of a sum of K terms. Gives `[B, Π outShape]`. Weights: K Σ r m n r for the trains, against Π m Π n of one dense
 * matrix. Train it with inputs, targets and parameters scaled to unit variance (Adam, 5e-3, cosine decay).
 *
 * Throws ShapeError for lengths that do not go together, inputs of another size and parameters that are missing, DomainError for
 * counts below 1, DTypeError for inputs that are no real floats.
 *
 * Source: Stacked tensorial neural networks for reduced-order modeling of a parametric partial
 * differential equation (2023).
 */
export function stnn(options: StnnOptions): Layer<StnnParams, StnnInput> {
  const name = "stnn";
  const experts = checkCount(`${name}: experts`, options.experts);
  const parameterDim = checkCount(`${name}: parameterDim`, options.parameterDim);
  const { hidden = [32, 32], activation = tanh, between = [], bias = true } = options;
  const dtype = parameterDType(name, options.dtype);
  const shapes = [options.inShape, ...between, options.outShape];
  const plans = shapes
    .slice(1)
    .map((outShape, i) =>
      planTrain(
        name,
        { inShape: shapes[i]!, outShape, ranks: checkCount(`${name}: ttRank`, options.ttRank), bias, dtype },
        experts,
      ),
    );
  const gateOptions: MlpOptions = { sizes: [parameterDim, ...hidden, experts], activation, dtype };
  const gate = mlp(gateOptions);
  const { fanIn } = plans[0]!;
  return {
    init: (key) => {
      const keys = split(key, plans.length + 1);
      return { trains: plans.map((plan, i) => initTrain(keys[i]!, plan)), gate: gate.init(keys.at(-1)!) };
    },
    apply: (params, input, pass) => {
      const { field, parameters } = input ?? {};
      if (parameters === undefined)
        throw new ShapeError(`${name}: parameters: a tensor [B, ${parameterDim}] was expected, got none`);
      if (field === undefined)
        throw new ShapeError(`${name}: field: a tensor [B, ${fanIn}] was expected, got none`);
      checkFloats(`${name}: field`, field);
      checkRank(`${name}: field`, field, 2, Number.POSITIVE_INFINITY);
      checkFloats(`${name}: parameters`, parameters);
      checkRank(`${name}: parameters`, parameters, 2);
      checkAxis(`${name}: parameters`, parameters, -1, parameterDim);
      const rows = field.shape[0]!;
      if (sizeOf(field.shape.slice(1)) !== fanIn)
        throw new ShapeError(
          `${name}: field: ${fanIn} values for each example (the product of inShape) were expected, got shape ${formatShape(field.shape)}`,
        );
      checkAxis(`${name}: parameters`, parameters, 0, rows);
      let y = reshape(field, [rows, fanIn]);
      plans.forEach((plan, i) => {
        checkTrain(name, params.trains[i]!, plan);
        y = applyTrain(params.trains[i]!, i === 0 ? y : activation(y), plan);
      });
      const weights = gate.apply(params.gate, parameters, pass).div(Math.sqrt(experts));
      // Σ_k weights[b, k] y[k, b, m]
      return contract(weights.expandDims(1), y, { axes: [[2], [0]], batch: [[0], [1]] }).squeeze(1);
    },
  };
}

/** A symmetry that a map should have: map(input(x)) = output(map(x)). */
export interface Symmetry<X> {
  /** What the symmetry does to inputs. */
  readonly input: (x: X) => X;
  /** What it does to outputs. */
  readonly output: (y: Tensor) => Tensor;
}

/**
 * A term of a loss that asks for a symmetry: weight · mean (map(S x) - S' map(x))², as a function of a map and its inputs. It
 * vanishes for maps that have the symmetry.
 *
 * Throws DomainError for a weight that is negative or not finite, ShapeError where the two sides differ in shape.
 */
export function equivariance<X>(symmetry: Symmetry<X>, weight = 1): (map: (x: X) => Tensor, x: X) => Tensor {
  if (!(weight >= 0 && Number.isFinite(weight)))
    throw new DomainError(`equivariance: weight: a finite number of at least 0 was expected, got ${weight}`);
  for (const side of ["input", "output"] as const)
    if (typeof symmetry?.[side] !== "function")
      throw new DomainError(
        `equivariance: symmetry.${side}: a function was expected, got ${typeof symmetry?.[side]}`,
      );
  return (map, x) => {
    const moved = map(symmetry.input(x));
    const target = symmetry.output(map(x));
    checkTensor("equivariance: map", moved);
    if (!sameShape(moved.shape, target.shape))
      throw new ShapeError(
        `equivariance: output: shape ${formatShape(moved.shape)} was expected, got ${formatShape(target.shape)}`,
      );
    return moved.sub(target).square().mean().mul(weight);
  };
}
