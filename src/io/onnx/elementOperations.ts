// ONNX operators that work element by element.

import * as a from "../../ops/arithmetic.ts";
import * as c from "../../ops/comparison.ts";
import * as t from "../../ops/transcendental.ts";
import { isFloat } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { OnnxNode, Operation } from "./node.ts";
import { dtypeOfElements } from "./tensors.ts";

const unary =
  (f: (x: Tensor, node: OnnxNode) => Tensor): Operation =>
  (node) =>
    f(node.input(0), node);

const binary =
  (f: (x: Tensor, y: Tensor, node: OnnxNode) => Tensor): Operation =>
  (node) =>
    f(node.input(0), node.input(1), node);

/** One or more operands, joined from left to right. */
const joined =
  (f: (x: Tensor, y: Tensor) => Tensor): Operation =>
  (node) =>
    node.inputs.reduce((x, y) => f(x, y));

/** log(1 + eˣ) without overflow. */
const softplus = (x: Tensor): Tensor => a.maximum(x, 0).add(t.log1p(x.abs().neg().exp()));

const gelu = (x: Tensor, node: OnnxNode): Tensor => {
  if (node.text("approximate", "none") === "none") return x.mul(t.erf(x.mul(Math.SQRT1_2)).add(1)).mul(0.5);
  const inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
  return x.mul(inner.tanh().add(1)).mul(0.5);
};

/** x where positive, else f(x); f sees no positive x, so that its derivative stays finite. */
const below = (x: Tensor, f: (x: Tensor) => Tensor): Tensor => c.where(x.greater(0), x, f(a.minimum(x, 0)));

const clip: Operation = (node) => {
  const x = node.input(0);
  const low = node.has("min") ? node.float("min", 0) : node.optional(1);
  const high = node.has("max") ? node.float("max", 0) : node.optional(2);
  const raised = low === undefined ? x : a.maximum(x, low);
  return high === undefined ? raised : a.minimum(raised, high);
};

/** Operators by name. */
export const elementOperations: Readonly<Record<string, Operation>> = {
  Abs: unary(a.abs),
  Acos: unary(t.acos),
  Acosh: unary(t.acosh),
  Add: binary(a.add),
  And: binary(c.logicalAnd),
  Asin: unary(t.asin),
  Asinh: unary(t.asinh),
  Atan: unary(t.atan),
  Atanh: unary(t.atanh),
  Cast: unary((x, node) => x.astype(dtypeOfElements(node.int("to", 0), node.title))),
  CastLike: binary((x, y) => x.astype(y.dtype)),
  Ceil: unary(a.ceil),
  Celu: unary((x, node) => {
    const alpha = node.float("alpha", 1);
    return below(x, (y) => t.expm1(y.div(alpha)).mul(alpha));
  }),
  Clip: clip,
  Cos: unary(t.cos),
  Cosh: unary(t.cosh),
  // Integers lose the fraction.
  Div: binary((x, y) => (isFloat(x.dtype) ? a.div(x, y) : a.trunc(a.div(x, y)).astype(x.dtype))),
  Elu: unary((x, node) => below(x, (y) => t.expm1(y).mul(node.float("alpha", 1)))),
  Equal: binary(c.equal),
  Erf: unary(t.erf),
  Exp: unary(t.exp),
  Floor: unary(a.floor),
  Gelu: unary(gelu),
  Greater: binary(c.greater),
  GreaterOrEqual: binary(c.greaterEqual),
  HardSigmoid: unary((x, node) =>
    x.mul(node.float("alpha", 0.2)).add(node.float("beta", 0.5)).maximum(0).minimum(1),
  ),
  HardSwish: unary((x) => x.mul(x.div(6).add(0.5).maximum(0).minimum(1))),
  Identity: unary((x) => x),
  IsInf: unary((x) => c.equal(a.abs(x), Number.POSITIVE_INFINITY)),
  IsNaN: unary(c.isnan),
  LeakyRelu: unary((x, node) => c.where(x.greaterEqual(0), x, x.mul(node.float("alpha", 0.01)))),
  Less: binary(c.less),
  LessOrEqual: binary(c.lessEqual),
  Log: unary(t.log),
  Max: joined(a.maximum),
  Mean: (node) => node.inputs.reduce((x, y) => a.add(x, y)).div(node.inputs.length),
  Min: joined(a.minimum),
  Mish: unary((x) => x.mul(softplus(x).tanh())),
  Mod: binary((x, y, node) =>
    node.int("fmod", 0) === 0 ? a.mod(x, y) : a.sub(x, a.trunc(a.div(x, y)).astype(x.dtype).mul(y)),
  ),
  Mul: binary(a.mul),
  Neg: unary(a.neg),
  Not: unary(c.logicalNot),
  Or: binary(c.logicalOr),
  PRelu: binary((x, slope) => c.where(x.greaterEqual(0), x, x.mul(slope))),
  Pow: binary((x, y) => a.pow(x, y).astype(x.dtype)),
  Reciprocal: unary(a.reciprocal),
  Relu: unary((x) => a.maximum(x, 0)),
  Round: unary(a.round),
  Selu: unary((x, node) => {
    const alpha = node.float("alpha", 1.6732632423543772);
    return below(x, (y) => t.expm1(y).mul(alpha)).mul(node.float("gamma", 1.0507009873554805));
  }),
  Sigmoid: unary(t.sigmoid),
  Sign: unary(a.sign),
  Sin: unary(t.sin),
  Sinh: unary(t.sinh),
  Softplus: unary(softplus),
  Softsign: unary((x) => x.div(x.abs().add(1))),
  Sqrt: unary(a.sqrt),
  Sub: binary(a.sub),
  Sum: joined(a.add),
  Tan: unary(t.tan),
  Tanh: unary(t.tanh),
  ThresholdedRelu: unary((x, node) => c.where(x.greater(node.float("alpha", 1)), x, 0)),
  Where: (node) => c.where(node.input(0), node.input(1), node.input(2)),
  Xor: binary(c.logicalXor),
};
