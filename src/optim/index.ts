import "../ops/methods.ts";

export { type AdamOptions, type AdamState, adam } from "./adam.ts";
export { type BfgsOptions, type BfgsProgress, type BfgsResult, bfgs } from "./bfgs.ts";
export { type FixedPointOptions, fixedPoint } from "./fixedPoint.ts";
export { implicitRoot } from "./implicitRoot.ts";
export { strongWolfe, type Trial, type WolfeOptions } from "./lineSearch.ts";
export type { Optimizer, StepInput, StepOutput } from "./optimizer.ts";
export { constant, cosineDecay, exponentialDecay, linearDecay, type Schedule } from "./schedules.ts";
