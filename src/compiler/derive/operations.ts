// Element-wise operations that bodies of expressions are made of: on numbers for the interpreter, on tensors for programs.

import { add, div, maximum, minimum, mul, neg, sub } from "../../ops/arithmetic.ts";
import { exp, tanh } from "../../ops/transcendental.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export interface OperationRules {
  readonly arity: number;
  readonly isCommutative: boolean;
  readonly onNumbers: (a: number, b: number) => number;
  readonly onTensors: (a: Tensor, b: Tensor) => Tensor;
}

const unary = (onNumbers: (a: number) => number, onTensors: (a: Tensor) => Tensor): OperationRules => ({
  arity: 1,
  isCommutative: false,
  onNumbers,
  onTensors,
});

const binary = (
  isCommutative: boolean,
  onNumbers: (a: number, b: number) => number,
  onTensors: (a: Tensor, b: Tensor) => Tensor,
): OperationRules => ({ arity: 2, isCommutative, onNumbers, onTensors });

export type Operation = "mul" | "add" | "sub" | "div" | "max" | "min" | "neg" | "relu" | "exp" | "tanh";

export const OPERATIONS: Readonly<Record<Operation, OperationRules>> = {
  mul: binary(true, (a, b) => a * b, mul),
  add: binary(true, (a, b) => a + b, add),
  sub: binary(false, (a, b) => a - b, sub),
  div: binary(false, (a, b) => a / b, div),
  max: binary(true, Math.max, maximum),
  min: binary(true, Math.min, minimum),
  neg: unary((a) => -a, neg),
  relu: unary(
    (a) => Math.max(a, 0),
    (a) => maximum(a, 0),
  ),
  exp: unary(Math.exp, exp),
  tanh: unary(Math.tanh, tanh),
};
