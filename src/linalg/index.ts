import "../ops/methods.ts";

export { type KMeans, type KMeansOptions, kMeans } from "./clustering/kMeans.ts";
export { circulant, hankel, hilbert, kron, toeplitz, vandermonde } from "./constructors/structured.ts";
export { fourierBasis, hermiteBasis, legendreBasis, type OrthonormalBasis } from "./design/basis.ts";
export { orthonormalize } from "./design/orthonormalize.ts";
export { type Design, type DesignKind, type DesignOptions, sampleDesign } from "./design/sampleDesign.ts";
export {
  type StableSample,
  type StableSampleOptions,
  stableSample,
  type WeightedFit,
  weightedLstsq,
} from "./design/weightedLstsq.ts";
export { type DcdmOptions, dcdm } from "./directions/dcdm.ts";
export { directionLoss } from "./directions/directionLoss.ts";
export { type RitzDatasetOptions, ritzDataset } from "./directions/ritzDataset.ts";
export { discreteLyapunov } from "./equations/discreteLyapunov.ts";
export { discreteRiccati, type RiccatiOptions, riccati } from "./equations/riccati.ts";
export { lyapunov, sylvester } from "./equations/sylvester.ts";
export { cosm, expm, expmFrechet, sinm } from "./functions/expm.ts";
export { type FunmOptions, funm, type ScalarFunction } from "./functions/funm.ts";
export { fractionalMatrixPower, logm, matrixPower } from "./functions/logm.ts";
export { signm, sqrtm } from "./functions/sqrtm.ts";
export type { Transposition, Triangle } from "./kernels/triangular.ts";
export { bicgstab } from "./krylov/bicgstab.ts";
export { type BlockSolution, blockCg, cg } from "./krylov/cg.ts";
export { type EigsOptions, eigs, type GeneralEnd, type PartialEig } from "./krylov/eigs.ts";
export { type EigshOptions, eigsh, type HermitianEnd, type PartialEigh } from "./krylov/eigsh.ts";
export {
  type ExpmMultiplyOptions,
  expmMultiply,
  type FunctionMultiplyOptions,
  type FunctionTimesVector,
  functionMultiply,
  type HermitianFunctionTimesVector,
} from "./krylov/functions.ts";
export { type GmresOptions, gmres } from "./krylov/gmres.ts";
export { type LeastSquaresOptions, type LeastSquaresSolution, lsmr, lsqr } from "./krylov/leastSquares.ts";
export { type LobpcgOptions, type LobpcgResult, lobpcg } from "./krylov/lobpcg.ts";
export { minres } from "./krylov/minres.ts";
export type { KrylovOptions, KrylovSolution, Preconditioner } from "./krylov/problem.ts";
export { type PartialSvd, svds } from "./krylov/svds.ts";
export {
  type Estimate,
  type LanczosQuadratureOptions,
  type SpectralDensityOptions,
  spectralDensity,
  stochasticLogDeterminant,
  stochasticTrace,
  type TraceOptions,
  traceOfFunction,
} from "./krylov/trace.ts";
export {
  type BootstrapAmg,
  type BootstrapAmgOptions,
  bootstrapAmg,
} from "./multigrid/bootstrapAmg.ts";
export { type MatchingAmg, type MatchingAmgOptions, matchingAmg } from "./multigrid/matchingAmg.ts";
export {
  type EmpiricalInterpolation,
  type EmpiricalInterpolationOptions,
  empiricalInterpolation,
  type PairKernel,
} from "./multipole/empiricalInterpolation.ts";

export {
  FastSum,
  type FastSumLevel,
  type FastSumOptions,
  type FastSumPlan,
  fastSum,
} from "./multipole/fastSum.ts";
export type { KernelSpec } from "./multipole/kernel.ts";
export { cond, matrixRank, nullSpace, orth, type RankOptions } from "./norms/condition.ts";
export { type NormKind, norm } from "./norms/norm.ts";
export { subspaceAngles } from "./norms/subspaceAngles.ts";
export { asOperator, type Linear } from "./operator/asOperator.ts";
export { Banded, solveBanded, tridiagonal } from "./operator/banded.ts";
export {
  BlockTensorTrain,
  type BlockTensorTrainShape,
  blockTensorTrain,
  evenFactors,
} from "./operator/blockTensorTrain.ts";
export { BlockDiagonal, Inverse, Product, Scaled, Sum, shiftedBy } from "./operator/composite.ts";
export { Dense, FunctionOperator, type FunctionOperatorOptions } from "./operator/dense.ts";
export { Kronecker, Monarch, TensorTrain } from "./operator/kronecker.ts";
export { LinearOperator, type Tags } from "./operator/operator.ts";
export { solve } from "./operator/solve.ts";
export { Sparse } from "./operator/sparse.ts";
export {
  Circulant,
  Diagonal,
  Hadamard,
  HouseholderProduct,
  identityOperator,
  LowRank,
  Permutation,
  Toeplitz,
} from "./operator/structured.ts";
export { ToeplitzPlus } from "./operator/toeplitzPlus.ts";
export { type FullQR, fullQr } from "./orthogonal/fullQR.ts";
export { type PivotedQR, pivotedQr } from "./orthogonal/pivotedQR.ts";
export { type Polar, polar } from "./orthogonal/polar.ts";
export { type QR, qr } from "./orthogonal/qr.ts";
export {
  qrDeleteColumn,
  qrDeleteRow,
  qrInsertColumn,
  qrInsertRow,
  qrUpdate,
} from "./orthogonal/qrChange.ts";
export {
  type RandomizedSVD,
  type Range,
  type RangeOptions,
  randomizedSvd,
  rangeFinder,
} from "./orthogonal/rangeFinder.ts";
export { type GcrodrOptions, gcrodr, type RecycleSpace, type RecyclingSolution } from "./recycling/gcrodr.ts";
export { type ManyOptions, type ManySolution, type RelatedSystem, solveMany } from "./recycling/solveMany.ts";
export { type SortOptions, sortInstances } from "./recycling/sortInstances.ts";
export type { Bandit, Observation } from "./relaxation/bandit.ts";
export { type ChebState, chebCB } from "./relaxation/chebCB.ts";
export { jacobiRadius, optimalOmega } from "./relaxation/optimalOmega.ts";
export {
  type SequenceOptions,
  type SequenceSolution,
  type SequenceSystem,
  solveSequence,
} from "./relaxation/solveSequence.ts";
export { type RelaxationSolution, type SorOptions, sor, ssor } from "./relaxation/sor.ts";
export { binnedTsallis, type TsallisState, tsallisInf } from "./relaxation/tsallisInf.ts";
export {
  type RieszCollocation,
  type RieszOptions,
  rieszCollocation,
  rieszDifferences,
} from "./riesz/collocation.ts";
export {
  type RieszSolution,
  type RieszSpline,
  rieszDerivative,
  type SolveRieszOptions,
  solveRiesz,
} from "./riesz/solveRiesz.ts";
export { rieszSymbol } from "./riesz/symbol.ts";
export {
  type SketchPreconditioned,
  type SketchPreconditionedOptions,
  sketchPreconditionedLstsq,
} from "./sketching/preconditioned.ts";
export { SampledHadamard } from "./sketching/sampledHadamard.ts";
export { type SketchKind, type SketchOptions, sketch } from "./sketching/sketch.ts";
export {
  type SketchedLstsq,
  type SketchedLstsqOptions,
  type SketchRowsOptions,
  sketchedLstsq,
  sketchRows,
} from "./sketching/sketchedLstsq.ts";
export { type Eig, eig, eigTwoSided, eigvals, type TwoSidedEig } from "./spectral/eig.ts";
export { type Eigh, type EighOptions, eigh, eigvalsh } from "./spectral/eigh.ts";
export { fullSvd } from "./spectral/fullSvd.ts";
export { type EighProblem, generalizedEigh } from "./spectral/generalizedEigh.ts";
export {
  type Balanced,
  type BalanceOptions,
  type Hessenberg,
  hessenberg,
  matrixBalance,
} from "./spectral/hessenberg.ts";
export { eigGeneralized, type GeneralizedEig, type QZ, qz } from "./spectral/qz.ts";
export { type EigenvalueSort, rsf2csf, type Schur, type SchurOptions, schur } from "./spectral/schur.ts";
export { type SVD, svd, svdvals } from "./spectral/svd.ts";
export type { StreamFold, StreamRows, TopEigenvector } from "./streaming/fold.ts";
export { type OjaOptions, type OjaState, oja } from "./streaming/oja.ts";
export {
  type StreamState,
  type StreamTopEigenvectorOptions,
  streamTopEigenvector,
  topEigenvectorOfStream,
} from "./streaming/topEigenvector.ts";
export {
  type DifferenceOptions,
  type DifferenceSubspace,
  differenceSubspace,
  karcherMean2,
  type MeanOptions,
  type SecondDifference,
  secondDifferenceSubspace,
} from "./subspaces/difference.ts";
export {
  type SeriesOptions,
  type StepOptions,
  type SubspaceSeries,
  subspaceAcceleration,
  subspaceSeries,
  subspaceVelocity,
} from "./subspaces/series.ts";
export { cholesky } from "./systems/cholesky.ts";
export { choleskyDowndate, choleskyUpdate } from "./systems/choleskyUpdate.ts";
export { det, inv, type SlogDet, slogdet } from "./systems/determinant.ts";
export { fitLine, type LineFit } from "./systems/fitLine.ts";
export { type LDL, ldl } from "./systems/ldl.ts";
export { type LeastSquares, lstsq } from "./systems/leastSquares.ts";
export { type LinearSolveOptions, type LinearSolver, linearSolve } from "./systems/linearSolve.ts";
export { type LUFactors, lu } from "./systems/lu.ts";
export { pinv } from "./systems/pseudoinverse.ts";
export { solvePositive } from "./systems/solve.ts";
export { solveTriangular } from "./systems/solveTriangular.ts";
export {
  type Coefficients,
  cosine,
  type DistanceFamily,
  type DistanceFunction,
  exponential,
  expPolynomial,
  expQuadratic,
  polynomial,
  rational,
} from "./trees/distanceFunction.ts";
export {
  type DistanceFit,
  type FitDistanceOptions,
  fitDistanceFunction,
} from "./trees/fitDistanceFunction.ts";
export { type Tree, treeDistances } from "./trees/tree.ts";
export { TreeIntegrator, type TreeIntegratorOptions, treeIntegrator } from "./trees/treeIntegrator.ts";
