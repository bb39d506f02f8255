import "../ops/methods.ts";

export { type AdamOptions, type AdamState, adam } from "./adam.ts";
export { type BfgsOptions, type BfgsProgress, type BfgsResult, bfgs } from "./bfgs.ts";
export { type FixedPointOptions, fixedPoint } from "./fixedPoint.ts";
export { implicitRoot } from "./implicitRoot.ts";
export { strongWolfe, type Trial, type WolfeOptions } from "./lineSearch.ts";
export type { Layer, LinearSite, Pass } from "./model.ts";
export type { Optimizer, StepInput, StepOutput } from "./optimizer.ts";
export {
  chandrupatla,
  type ElementwiseFunction,
  type ElementwiseResult,
  newtonRoot,
} from "./scalar/elementwise.ts";
export type { ScalarFunction, ScalarResult, ScalarTolerances } from "./scalar/function.ts";
export { type MinimizeScalarOptions, minimizeScalar } from "./scalar/minimizeScalar.ts";
export { bisect, brentRoot } from "./scalar/roots.ts";
export { constant, cosineDecay, exponentialDecay, linearDecay, type Schedule } from "./schedules.ts";
