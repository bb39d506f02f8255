import "../ops/methods.ts";

export { accumulate, clipGradient, type Loss } from "./train/accumulate.ts";
export type { Batches, BatchOptions, Data, Dataset } from "./train/batches.ts";
export { fit } from "./train/fit.ts";
export type { EarlyStopping, Measured, Monitor, TrainingRecord } from "./train/history.ts";
export type {
  CheckpointOptions,
  FitOptions,
  TrainingOptimizer,
  TrainingProgress,
  ValidationOptions,
} from "./train/options.ts";
export type { FunctionProblem, ModelProblem } from "./train/problem.ts";
export type { FitResult, Stopped } from "./train/run.ts";
export type { StepOptions } from "./train/step.ts";
