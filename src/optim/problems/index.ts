import "../../ops/methods.ts";

export {
  ackley,
  beale,
  himmelblau,
  powellResidual,
  powellSingular,
  quadratic,
  rastrigin,
  rosenbrock,
  styblinskiTang,
} from "./functions.ts";
export { type MlpParams, mlp } from "./mlp.ts";
export type { Problem, TestFunction } from "./problem.ts";
export { batchAt, regression, residualsOf } from "./regression.ts";
