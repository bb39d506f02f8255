import "../ops/methods.ts";

export type { IterationOptions, Progress } from "../tensor/progress.ts";
export { decompose } from "./auto/decompose.ts";
export type { DecomposeOptions } from "./auto/options.ts";
export type { RoundOptions } from "./base/rules.ts";
export { denseToSparse, type SparseTensor, sparseToDense } from "./base/sparse.ts";
export type { TruncationMethod } from "./base/truncation.ts";
export { fold, khatriRao, kronecker, modeProduct, multiModeProduct, unfold } from "./base/unfold.ts";
export { type FunBat, type FunbatData, type FunbatOptions, funbat } from "./bayesian/funbat.ts";
export {
  type CompleteOptions,
  type CompleteResult,
  type CompletionCandidate,
  complete,
} from "./completion/complete.ts";
export {
  type CompletedMatrix,
  type CompleteMatrixOptions,
  completeMatrix,
} from "./completion/matrixAltmin.ts";
export type { ObservedMatrix } from "./completion/observedMatrix.ts";
export { convert } from "./convert.ts";
export type { CountData } from "./counts/countData.ts";
export { type PoissonCpOptions, type PoissonCpResult, poissonCp } from "./counts/poissonCp.ts";
export {
  type UndercountedData,
  type UndercountedOptions,
  type UndercountedResult,
  undercountedCompletion,
} from "./counts/undercounted.ts";
export { type CpOptions, type CpResult, cp } from "./cp/cp.ts";
export { kruskalRanks } from "./cp/kruskal.ts";
export { mttkrp } from "./cp/mttkrp.ts";
export {
  type BugOptions,
  type BugResult,
  type BugStepOptions,
  bugIntegrate,
  bugMatrix,
  bugStep,
  type LocalSolver,
  type LowRankMatrix,
  type RightHandSide,
} from "./dynamic/bug.ts";
export type { LowRankFunction } from "./dynamic/fields.ts";
export { KroneckerSumOperator, type KroneckerTerm } from "./dynamic/kroneckerSum.ts";
export type { LowRank } from "./dynamic/nodes.ts";
export {
  type ChebTuckerOptions,
  chebTucker,
  type PointFunction,
  pointwise,
} from "./functional/approximate.ts";
export { type CanonicalFunction, type CanonicalOptions, chebTuckerFromCp } from "./functional/canonical.ts";
export { ChebTrain, chebTrain } from "./functional/chebTrain.ts";
export { type ApproximationInfo, ChebTucker } from "./functional/chebTucker.ts";
export type { Interval } from "./functional/chebyshev.ts";
export {
  type GaussianSum,
  type NewtonKernelOptions,
  newtonKernel,
  type ParticleOptions,
  type ParticlePotential,
  particlePotential,
  rangeSeparate,
} from "./functional/particles.ts";
export { type Association, anovaF, chi2 } from "./grouped/association.ts";
export { pathwayTensor } from "./grouped/cohort.ts";
export {
  type Panther,
  type PantherData,
  type PantherOptions,
  type PathwayGroup,
  panther,
  type SelectedPathways,
  type SelectPathwaysOptions,
  selectPathways,
} from "./grouped/panther.ts";
export {
  type DeepTensorNetworkOptions,
  type DeepTensorNetworkParams,
  type DeepTensorNetworkState,
  deepTensorNetwork,
  type InteractionState,
  type TensorInteractionOptions,
  type TensorInteractionParams,
  tensorInteraction,
} from "./layers/deepTensorNetwork.ts";
export {
  type AttentionForm,
  type PolynomialOptions,
  type PolynomialState,
  packedPower,
  polynomialAttention,
} from "./layers/polynomialAttention.ts";
export { type SecondOrderOptions, type SecondOrderState, secondOrder } from "./layers/secondOrder.ts";
export {
  equivariance,
  type StnnInput,
  type StnnOptions,
  type StnnParams,
  type Symmetry,
  stnn,
} from "./layers/stnn.ts";
export {
  type HeadOptions,
  type SecondOrderAttentionOptions,
  type StreamingLayer,
  secondOrderAttention,
  type TensorAttentionOptions,
  type TensorAttentionParams,
  tensorAttention,
} from "./layers/tensorAttention.ts";
export { type TtLinearOptions, type TtLinearParams, ttLinear } from "./layers/ttLinear.ts";
export { type NetworkAlsOptions, type NetworkFit, networkAls } from "./network/als.ts";
export { chainGraph, cycleGraph, treeGraph } from "./network/graph.ts";
export { type TnGreedyOptions, type TnGreedyResult, type TnGreedyStep, tnGreedy } from "./network/greedy.ts";
export {
  contractNetwork,
  type IncreaseRankOptions,
  increaseRank,
  networkParameters,
  randomNetwork,
} from "./network/grow.ts";
export {
  type StructureSearchOptions,
  type StructureSearchResult,
  type StructureTrial,
  tnStructureSearch,
} from "./network/search.ts";
export {
  type NetworkStructure,
  type NetworkTemplate,
  structureKey,
  structureParameters,
} from "./network/structure.ts";
export { type Dain, type DainOptions, dain, entityImportance } from "./neural/dain.ts";
export type { NetworkParams } from "./neural/network.ts";
export {
  type CellData,
  type CompletionData,
  cellInfluence,
  type NeuralCompletion,
  type NeuralCompletionOptions,
  neuralTensorCompletion,
} from "./neural/neuralCompletion.ts";
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
export {
  type TensorGp,
  type TensorGpData,
  type TensorGpOptions,
  type TensorGpstOptions,
  tensorGp,
  tensorGpst,
} from "./regression/tensorGpst.ts";
export type { RingAlsResult } from "./ring/als.ts";
export { ring } from "./ring/ring.ts";
export type { RingOptions, RingResult } from "./ring/svd.ts";
export {
  type MatrixSensingOptions,
  type MatrixSensingResult,
  matrixSensing,
} from "./sensing/matrixSensing.ts";
export { estimateRate, type Rate, type RateOptions } from "./sensing/rate.ts";
export {
  type RobustMeasurements,
  type RobustRecovery,
  type RobustRecoveryOptions,
  robustMatrixRecovery,
} from "./sensing/robustRecovery.ts";
export { type GaussianSensingOptions, gaussianSensing, SensingOperator } from "./sensing/sensingOperator.ts";
export { type SignRipOptions, signRip } from "./sensing/signRip.ts";
export {
  dictionaryError,
  type OrthogonalDictionary,
  type OrthogonalDictionaryOptions,
  orthogonalDictionary,
  sparseCode,
  type Threshold,
} from "./sparseCoding/dictionary.ts";
export { type IrsChannel, type IrsChannelOptions, irsChannel } from "./sparseCoding/irsChannel.ts";
export {
  type KroneckerSbl,
  type KroneckerSblOptions,
  kroneckerSbl,
  type SparseBayesianOptions,
  sparseBayesianLearning,
} from "./sparseCoding/kroneckerSbl.ts";
export {
  type MatchingPursuit,
  type MatchingPursuitOptions,
  orthogonalMatchingPursuit,
} from "./sparseCoding/omp.ts";
export {
  type OnlineDictionary,
  type OnlineDictionaryOptions,
  type OnlineDictionaryState,
  onlineOrthogonalDictionary,
} from "./sparseCoding/onlineDictionary.ts";
export {
  type Filtered,
  kalmanFilter,
  type LineMoments,
  lineMoments,
  type Messages,
  predictLine,
  rtsSmoother,
  type Smoothed,
  type State,
} from "./ssgp/kalman.ts";
export {
  type MaternKernel,
  type MaternOptions,
  type MaternSde,
  maternSde,
  type SdeStep,
} from "./ssgp/maternSde.ts";
export { ttAdd, ttHadamard, ttInner, ttNorm, ttSum } from "./train/arithmetic.ts";
export { type TtCrossOptions, type TtCrossResult, ttCross, ttCrossFunction } from "./train/cross.ts";
export { type TtMatrix, ttMatrix, ttMatrixFull, ttMatvec } from "./train/matrix.ts";
export { type Maxvol, type MaxvolOptions, maxvol } from "./train/maxvol.ts";
export { ttPermute } from "./train/permute.ts";
export { type TtOptions, type TtResult, tt, ttOrthogonalize, ttRound } from "./train/tt.ts";
export { type TreeOptions, type TreeResult, tree } from "./tree/tree.ts";
export {
  type TreeRanks,
  type TreeRanksOptions,
  type TreeSpectra,
  treeRanks,
  treeSpectra,
} from "./tree/treeRanks.ts";
export {
  type CoreShape,
  type CoreShapeGoal,
  type CoreShapeOptions,
  type CoreShapeSolver,
  coreShape,
  type ModeSpectra,
  modeSpectra,
  tuckerSize,
} from "./tucker/coreShapes.ts";
export { type HooiOptions, type HooiResult, hooi } from "./tucker/hooi.ts";
export {
  type NonnegativeTuckerOptions,
  type NonnegativeTuckerResult,
  nonnegativeTucker,
} from "./tucker/nonnegative.ts";
export type { SparseTuckerOptions } from "./tucker/sparse.ts";
export { type OrthogonalTucker, type SthosvdOptions, sthosvd } from "./tucker/sthosvd.ts";
export { hosvd, type TuckerOptions, type TuckerResult, tucker } from "./tucker/tucker.ts";
export type * from "./types.ts";
export { type MultiViewClusters, type MultiViewOptions, multiViewCluster } from "./views/cluster.ts";
export {
  type NestedModelParams,
  type NestedPrediction,
  type NestedSample,
  nestedModel,
  type TensorPrediction,
  type UnfoldingPrediction,
} from "./views/nestedModel.ts";
export {
  type UnfoldingSpectrum,
  type UnfoldingSpectrumOptions,
  unfoldingSpectrum,
} from "./views/spectrum.ts";
