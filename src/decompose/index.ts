import "../ops/methods.ts";

export { decompose } from "./auto/decompose.ts";
export type { DecomposeOptions } from "./auto/options.ts";
export {
  type CompleteOptions,
  type CompleteResult,
  type CompletionCandidate,
  complete,
} from "./complete.ts";
export { convert } from "./convert.ts";
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
export { type CpOptions, type CpResult, cp } from "./cp.ts";
export type { RoundOptions } from "./formats/rules.ts";
export type { IterationOptions, Progress } from "./input.ts";
export { kruskalRanks } from "./kruskal.ts";
export { type Maxvol, type MaxvolOptions, maxvol } from "./maxvol.ts";
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
export { ring } from "./ring.ts";
export type { RingAlsResult } from "./ringAls.ts";
export type { RingOptions, RingResult } from "./ringSvd.ts";
export { denseToSparse, type SparseTensor, sparseToDense } from "./sparse.ts";
export type { SparseTuckerOptions } from "./sparseTucker.ts";
export { type OrthogonalTucker, type SthosvdOptions, sthosvd } from "./sthosvd.ts";
export { type TreeOptions, type TreeResult, tree } from "./tree.ts";
export type { TruncationMethod } from "./truncation.ts";
export { type TtOptions, type TtResult, tt, ttOrthogonalize, ttRound } from "./tt.ts";
export { ttAdd, ttHadamard, ttInner, ttNorm, ttSum } from "./ttArithmetic.ts";
export { type TtCrossOptions, type TtCrossResult, ttCross, ttCrossFunction } from "./ttCross.ts";
export { type TtMatrix, ttMatrix, ttMatrixFull, ttMatvec } from "./ttMatrix.ts";
export { ttPermute } from "./ttPermute.ts";
export { hosvd, type TuckerOptions, type TuckerResult, tucker } from "./tucker.ts";
export { type HooiOptions, type HooiResult, hooi } from "./tuckerHooi.ts";
export {
  type NonnegativeTuckerOptions,
  type NonnegativeTuckerResult,
  nonnegativeTucker,
} from "./tuckerNonneg.ts";
export type * from "./types.ts";
export { fold, khatriRao, kronecker, modeProduct, multiModeProduct, unfold } from "./unfold.ts";
