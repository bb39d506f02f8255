import "../ops/methods.ts";

export { evaluateGraph as runGraph } from "../transform/graphs/graph.ts";
export type { Affine, Range } from "./derive/affine.ts";
export {
  type Access,
  apply,
  type Body,
  constant,
  type Expression,
  type ExpressionSpec,
  expression,
  formatExpression,
  type Input,
  input,
  read,
  type Scope,
} from "./derive/expression.ts";
export { fingerprint } from "./derive/fingerprint.ts";
export { toExpression } from "./derive/fromGraph.ts";
export { fuseExpressions } from "./derive/fuse.ts";
export { interpret, type Operands } from "./derive/interpret.ts";
export { type Kernel, type KernelKind, type MachineModel, modelCost, type Target } from "./derive/kernel.ts";
export type { Operation } from "./derive/operations.ts";
export {
  type BandSizes,
  bandExpression,
  type ConvolutionSizes,
  convolutionExpression,
  productExpression,
  transposedConvolutionExpression,
} from "./derive/operators.ts";
export { type DerivePassOptions, type DeriveReport, derivePass } from "./derive/pass.ts";
export {
  type Candidate,
  type Derivation,
  type DeriveOptions,
  type DeriveProgress,
  derive,
} from "./derive/search.ts";
export { type Explanation, explain } from "./explain.ts";
export { flopsOf, graphFlops } from "./flops.ts";
export { type JitOptions, type Jitted, jit } from "./jit.ts";
export { peakBytes } from "./liveness.ts";
export {
  type CheckmateOptions,
  type CheckmateResult,
  checkmate,
  checkmateSize,
} from "./rematerialize/checkmate.ts";
export {
  costGraph,
  graphPeak,
  type RematerializePassOptions,
  type RematerializeReport,
  rematerializePass,
} from "./rematerialize/pass.ts";
export type { CostGraph } from "./rematerialize/problem.ts";
export {
  type Rematerialization,
  type RematerializeOptions,
  rematerialize,
} from "./rematerialize/rematerialize.ts";
export { memoryProfile, peakMemory } from "./rematerialize/retention.ts";
export { segmentSchedule } from "./rematerialize/segments.ts";
