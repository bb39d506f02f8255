import "../ops/methods.ts";

export { jit } from "./jit.ts";
export { peakBytes } from "./liveness.ts";
