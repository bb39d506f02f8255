import "../ops/methods.ts";

export { type Raveled, ravelTree } from "./blocks/ravelTree.ts";
export {
  type LeafPredicate,
  treeAdd,
  treeAxpy,
  treeDot,
  treeMapWithPath,
  treeNorm,
  treeScale,
  treeSub,
  treeZeros,
} from "./blocks/treeAlgebra.ts";
export {
  type Batch,
  type BatchParts,
  isModelLoss,
  type ModelLoss,
  modelLoss,
} from "./curvature/modelLoss.ts";
export { perSampleJacobian } from "./curvature/perSample.ts";
export { type Tap, taps } from "./curvature/taps.ts";
export { type AdamOptions, type AdamState, adam, adamw, amsgrad, nadam, radam } from "./first/adam.ts";
export type { DecayOptions, SlotState } from "./first/elementwise.ts";
export { type LarsOptions, lamb, lars } from "./first/lamb.ts";
export { type LionOptions, lion } from "./first/lion.ts";
export {
  type AdadeltaOptions,
  type AdagradOptions,
  adadelta,
  adagrad,
  type RmspropOptions,
  rmsprop,
} from "./first/rmsprop.ts";
export { type SgdOptions, sgd } from "./first/sgd.ts";
export { type BinaryCrossEntropyOptions, binaryCrossEntropy } from "./losses/binaryCrossEntropy.ts";
export { isOutputLoss, type OutputLoss } from "./losses/outputLoss.ts";
export type { LossOptions } from "./losses/reduction.ts";
export { type CrossEntropyOptions, softmaxCrossEntropy } from "./losses/softmaxCrossEntropy.ts";
export { halfSquaredError, mse } from "./losses/squaredError.ts";
export { bfgs } from "./minimize/bfgs.ts";
export { strongWolfe, type Trial, type WolfeOptions } from "./minimize/lineSearch.ts";
export { type MinimizeMethod, type MinimizeMethodOptions, minimize } from "./minimize/minimize.ts";
export { type NelderMeadOptions, nelderMead } from "./minimize/nelderMead.ts";
export type {
  MinimizeOptions,
  MinimizeProgress,
  MinimizeReason,
  MinimizeResult,
} from "./minimize/problem.ts";
export type { Layer, LinearSite, Pass } from "./model.ts";
export type {
  GradientOptimizer,
  Optimizer,
  StepInfo,
  StepInput,
  StepOutput,
  UpdateInput,
} from "./optimizer.ts";
export { gradientOptimizer } from "./optimizer.ts";
export { projectBox, projectSimplex, proxTotalVariation1d, softThreshold } from "./proximal.ts";
export { type FixedPointOptions, fixedPoint } from "./roots/fixedPoint.ts";
export { implicitRoot } from "./roots/implicitRoot.ts";
export {
  chandrupatla,
  type ElementwiseFunction,
  type ElementwiseResult,
  newtonRoot,
} from "./scalar/elementwise.ts";
export type { ScalarFunction, ScalarResult, ScalarTolerances } from "./scalar/function.ts";
export { type MinimizeScalarOptions, minimizeScalar } from "./scalar/minimizeScalar.ts";
export { bisect, brentRoot } from "./scalar/roots.ts";
export { join, oneCycle, piecewise, scheduleAt, warmup } from "./schedules/compose.ts";
export {
  constant,
  cosineDecay,
  exponentialDecay,
  linearDecay,
  polynomialDecay,
  type Schedule,
  stepDecay,
} from "./schedules/decay.ts";
export {
  type GaussNewtonCgOptions,
  type GaussNewtonCgState,
  gaussNewtonCg,
} from "./second/gaussNewtonCg.ts";
export { type KfacFactors, type KfacOptions, type KfacState, kfac } from "./second/kfac.ts";
export { type LbfgsOptions, type LbfgsState, lbfgs } from "./second/lbfgs.ts";
export {
  type LeastSquaresResult,
  type LevenbergMarquardtOptions,
  levenbergMarquardt,
} from "./second/levenbergMarquardt.ts";
export { type ShapeTree, stateBytes } from "./stateBytes.ts";
export { type AccumulateState, accumulate } from "./wrappers/accumulate.ts";
export { type EmaState, ema, type LookaheadState, lookahead } from "./wrappers/average.ts";
export { clipByBlockRms, clipByGlobalNorm, clipByValue } from "./wrappers/clip.ts";
export { grouped, masked, type ParameterGroup, type Part } from "./wrappers/groups.ts";
export { withLearningRates } from "./wrappers/learningRates.ts";
