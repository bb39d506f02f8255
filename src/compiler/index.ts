import "../ops/methods.ts";

export { evaluateGraph as runGraph } from "../transform/graphs/graph.ts";
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
