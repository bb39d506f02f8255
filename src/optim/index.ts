import "../ops/methods.ts";

export { type BfgsOptions, type BfgsProgress, type BfgsResult, bfgs } from "./bfgs.ts";
export { type FixedPointOptions, fixedPoint } from "./fixedPoint.ts";
export { implicitRoot } from "./implicitRoot.ts";
export { strongWolfe, type Trial, type WolfeOptions } from "./lineSearch.ts";
