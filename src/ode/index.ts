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
export { ark4, ars222, ars443, esdirk4, sdirk4 } from "./implicit/additive.ts";
export { type BdfOptions, bdf } from "./implicit/bdf.ts";
export { radau5 } from "./implicit/radau5.ts";
export type { ImplicitOptions, JacobianFunction } from "./implicit/system.ts";
export { bosh3, dop853, dopri5, euler, heun, midpoint, rk4, tsit5 } from "./methods/explicit.ts";
export { type OdeintOptions, type OdeintSolution, odeint } from "./odeint.ts";
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
export { type BrownianOptions, type BrownianPath, brownianPath } from "./sde/brownian.ts";
export { eulerMaruyama, milstein, type SdeMethod, stochasticHeun } from "./sde/methods.ts";
export { type Noise, type SdeSolution, type SolveSdeOptions, solveSde } from "./sde/solveSde.ts";
export { type OdeSolution, type OdeStatus, solveOde } from "./solveOde.ts";
export { etdrk4, exponentialEuler } from "./structure/exponential.ts";
export {
  type SplittingScheme,
  splitting,
  stormerVerlet,
  yoshida4,
  yoshida6,
} from "./structure/symplectic.ts";
