import "../../ops/methods.ts";

export {
  type CompareOptions,
  type Comparison,
  type Comparisons,
  type Contender,
  compareOptimizers,
} from "./compare.ts";
export { autoencoderDigits, type DigitOptions, type DigitPixels, mlpDigits } from "./digits.ts";
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
