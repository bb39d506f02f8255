import "../ops/methods.ts";

export { type SampleOptions, sampleDirections } from "./directions.ts";
export { type Estimate, estimate, estimateAlong, evaluateOperator } from "./estimate.ts";
export {
  biharmonic,
  custom,
  type Directions,
  exactly,
  laplacian,
  type Operator,
  type Term,
  weightedTrace,
} from "./operators.ts";
export {
  type Pde,
  type ResidualOptions,
  type ResidualSample,
  residualLoss,
  residualLossAlong,
  sampleResidual,
} from "./residual.ts";
export { type SineGordon, sineGordon } from "./sineGordon.ts";
