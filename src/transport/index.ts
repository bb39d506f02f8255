import "../ops/methods.ts";

export { type EntropicCostOptions, entropicCost } from "./entropicCost.ts";
export { type PointCostsOptions, type PointMetric, pointCosts } from "./pointCosts.ts";
export type { TransportResult } from "./result.ts";
export { type SinkhornOptions, sinkhorn } from "./sinkhorn.ts";
export { type SinkhornNewtonSparseOptions, sinkhornNewtonSparse } from "./sinkhornNewtonSparse.ts";
