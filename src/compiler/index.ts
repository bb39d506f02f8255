import "../ops/methods.ts";

export { type Explanation, explain } from "./explain.ts";
export { type Jitted, jit } from "./jit.ts";
export { peakBytes } from "./liveness.ts";
