import "../ops/methods.ts";

export type { Factor, Structure } from "../nn/base/structures.ts";
export { type ComputePlan, type ComputePlanOptions, computePlan } from "./computePlan.ts";
export { type BttProjection, projectToBtt } from "./projectToBtt.ts";
