import "./methods.ts";

export {
  abs,
  add,
  atan2,
  ceil,
  clip,
  div,
  floor,
  floorDivide,
  hypot,
  maximum,
  minimum,
  mod,
  mul,
  neg,
  pow,
  reciprocal,
  round,
  sign,
  sqrt,
  square,
  sub,
  trunc,
} from "./arithmetic.ts";
export type { ScatterMode } from "./blocks.ts";
export { astype } from "./cast.ts";
export {
  equal,
  greater,
  greaterEqual,
  isfinite,
  isnan,
  less,
  lessEqual,
  logicalAnd,
  logicalNot,
  logicalOr,
  logicalXor,
  notEqual,
  where,
} from "./comparison.ts";
export { angle, complexFrom, conj, imag, real } from "./complex.ts";
export { contract, dot, matmul, outer, tensordot } from "./contract.ts";
export {
  type ConvOptions,
  type ConvTransposeOptions,
  conv,
  convTranspose,
} from "./convolution/convolution.ts";
export {
  type AvgPoolOptions,
  avgPool,
  type MaxPoolOptions,
  maxPool,
  type PoolOptions,
} from "./convolution/pooling.ts";
export type { Padding, PerAxis } from "./convolution/window.ts";
export { cummax, cummin, cumprod, cumsum } from "./cumulative.ts";
export { einsum, einsumPath } from "./einsum.ts";
export type { ContractionPath } from "./einsumPath.ts";
export { scatter, take, takeAlongAxis } from "./gather.ts";
export { at, nonzero, set } from "./indexing.ts";
export { concat, diag, type PadMode, pad, repeat, roll, splitAxis, stack, tril, triu } from "./join.ts";
export {
  broadcastTo,
  diagonal,
  expandDims,
  flip,
  moveAxis,
  mT,
  ravel,
  reshape,
  squeeze,
  swapAxes,
  transpose,
} from "./movement.ts";
export { asTensor } from "./operands.ts";
export { type Abstract, type Primitive, primitives } from "./primitive.ts";
export { all, any, argmax, argmin, logSumExp, max, mean, min, prod, sum, variance } from "./reduce.ts";
export { argsort, type SortOptions, sort, topK } from "./sort.ts";
export * from "./transcendental.ts";
