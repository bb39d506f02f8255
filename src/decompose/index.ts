import "../ops/methods.ts";

export { decompose } from "./auto/decompose.ts";
export type { DecomposeOptions } from "./auto/options.ts";
export {
  type CoreShape,
  type CoreShapeGoal,
  type CoreShapeOptions,
  type CoreShapeSolver,
  coreShape,
  type ModeSpectra,
  modeSpectra,
  tuckerSize,
} from "./coreShapes.ts";
export { type CpOptions, type CpResult, cp, kruskalRanks } from "./cp.ts";
export type { RoundOptions } from "./formats/rules.ts";
export type { IterationOptions, Progress } from "./input.ts";
export { mttkrp } from "./mttkrp.ts";
export {
  add,
  at,
  bytes,
  entries,
  full,
  hadamard,
  inner,
  norm,
  parameters,
  type Residual,
  ranks,
  relativeError,
  residual,
  round,
  type SliceSpec,
  scale,
  shapeOf,
  slice,
  tensorsOf,
} from "./operations.ts";
export { type RingOptions, type RingResult, ring } from "./ring.ts";
export type { SparseTensor } from "./sparse.ts";
export { type OrthogonalTucker, type SthosvdOptions, sthosvd } from "./sthosvd.ts";
export { type TreeOptions, type TreeResult, tree } from "./tree.ts";
export type { TruncationMethod } from "./truncation.ts";
export { type TtOptions, type TtResult, tt, ttOrthogonalize, ttRound } from "./tt.ts";
export { type HooiOptions, type HooiResult, hooi, hosvd, type TuckerOptions, tucker } from "./tucker.ts";
export type * from "./types.ts";
export { fold, khatriRao, kronecker, modeProduct, multiModeProduct, unfold } from "./unfold.ts";
