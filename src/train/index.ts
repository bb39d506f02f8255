import "../ops/methods.ts";

export { accumulate, clipGradient, type Loss } from "./accumulate.ts";
export type { Batches, BatchOptions, Data, Dataset } from "./batches.ts";
export { fit } from "./fit.ts";
export type { EarlyStopping, Measured, Monitor, TrainingRecord } from "./history.ts";
export type {
  CheckpointOptions,
  FitOptions,
  TrainingOptimizer,
  TrainingProgress,
  ValidationOptions,
} from "./options.ts";
export type { FunctionProblem, ModelProblem } from "./problem.ts";
export type { FitResult, Stopped } from "./run.ts";
export type { StepOptions } from "./step.ts";
