import "../ops/methods.ts";

export { type FixedPointOptions, fixedPoint } from "./fixedPoint.ts";
export { implicitRoot } from "./implicitRoot.ts";
