import "../ops/methods.ts";

export { type AdamOptions, type AdamState, adam } from "./adam.ts";
export { type FixedPointOptions, fixedPoint } from "./fixedPoint.ts";
export { implicitRoot } from "./implicitRoot.ts";
export type { Optimizer, StepInput, StepOutput } from "./optimizer.ts";
export { constant, cosineDecay, exponentialDecay, linearDecay, type Schedule } from "./schedules.ts";
