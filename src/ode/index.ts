import "../ops/methods.ts";

export {
  type ConstantStep,
  type Controller,
  constantStep,
  type PidController,
  type PidOptions,
  pid,
  type StepFilter,
  stepFilters,
} from "./controller.ts";
export type { OdeEvent } from "./events.ts";
export { bosh3, dop853, dopri5, euler, heun, midpoint, rk4, tsit5 } from "./methods/explicit.ts";
export type { OdeProgress, SaveAt, SolveOdeOptions } from "./options.ts";
export type {
  FieldKind,
  Fields,
  HamiltonianField,
  OdeMethod,
  RightHandSide,
  SemilinearField,
  SplitField,
  SplitFlows,
  Statistics,
} from "./problem.ts";
export { type OdeSolution, type OdeStatus, solveOde } from "./solveOde.ts";
