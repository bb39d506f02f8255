import "../ops/methods.ts";

export { sigmoid, tanh } from "../ops/transcendental.ts";
export { type BinaryCrossEntropyOptions, binaryCrossEntropy } from "../optim/losses/binaryCrossEntropy.ts";
export type { OutputLoss } from "../optim/losses/outputLoss.ts";
export type { LossOptions } from "../optim/losses/reduction.ts";
export { type CrossEntropyOptions, softmaxCrossEntropy } from "../optim/losses/softmaxCrossEntropy.ts";
export { halfSquaredError, mse } from "../optim/losses/squaredError.ts";
export type { Layer, LinearSite, Pass } from "../optim/model.ts";
export { logSoftmax, softmax } from "../special/elementary/elementary.ts";
export {
  type AttentionCache,
  type AttentionInput,
  type MultiHeadAttention,
  type MultiHeadOptions,
  type MultiHeadParams,
  multiHeadAttention,
} from "./attention/multiHead.ts";
export { alibiSlopes, type RotaryOptions, rotate, sinusoidalPositions } from "./attention/positions.ts";
export { type AttentionOptions, scaledDotProductAttention } from "./attention/scaledDotProduct.ts";
export type { Factor, Structure, StructureOptions, StructurePlan } from "./base/structures.ts";
export { countParameters, summary } from "./base/summary.ts";
export type { Fan, Initializer, WeightDistribution, WeightSpec } from "./init/initializers.ts";
export * as initializers from "./init/initializers.ts";
export { type MuParam, muParam } from "./init/muParam.ts";
export { type Mup, type MupLeaf, type MupOptions, type MupRole, mup } from "./init/mup.ts";
export {
  type Activation,
  celu,
  elu,
  geglu,
  gelu,
  glu,
  hardSigmoid,
  hardSwish,
  leakyRelu,
  logSigmoid,
  mish,
  reglu,
  relu,
  relu6,
  selu,
  silu,
  softplus,
  softsign,
  swiglu,
} from "./layers/activations.ts";
export {
  type Layers,
  type MlpOptions,
  mlp,
  parallel,
  residual,
  type Sequential,
  sequential,
} from "./layers/compose.ts";
export {
  type ConvLayerOptions,
  type ConvParams,
  type ConvTransposeLayerOptions,
  conv,
  convTranspose,
} from "./layers/conv.ts";
export { type DenseOptions, type DenseParams, dense, type WeightOptions } from "./layers/dense.ts";
export { dropout, dropPath, spatialDropout } from "./layers/dropout.ts";
export {
  type Embedding,
  type EmbeddingOptions,
  type EmbeddingParams,
  embedding,
} from "./layers/embedding.ts";
export { type Empty, flatten, lambda, upsample } from "./layers/lambda.ts";
export {
  type BatchNormOptions,
  type BatchNormParams,
  batchNorm,
  type GroupNormOptions,
  groupNorm,
  instanceNorm,
  type LayerNormOptions,
  layerNorm,
  type NormParams,
  rmsNorm,
} from "./layers/normalization.ts";
export { avgPool, globalAvgPool, globalMaxPool, maxPool } from "./layers/pooling.ts";
export {
  type RatedLayer,
  type RateOptions,
  type StructuredLinear,
  type StructuredLinearOptions,
  type StructuredLinearParams,
  structuredLinear,
} from "./layers/structuredLinear.ts";
export { hinge, klDivergence, nll } from "./losses/classification.ts";
export { type CtcOptions, ctc } from "./losses/ctc.ts";
export { contrastiveLoss, cosineLoss, cosineSimilarity, infoNce, tripletLoss } from "./losses/embedding.ts";
export { huber, mae } from "./losses/regression.ts";
export {
  accuracy,
  type ClassScores,
  classScores,
  confusionMatrix,
  topKAccuracy,
} from "./metrics/classification.ts";
export { normalizedMutualInformation } from "./metrics/clustering.ts";
export { averagePrecision, rocAuc } from "./metrics/ranking.ts";
export { meanAbsoluteError, perplexity, r2Score, rootMeanSquaredError } from "./metrics/regression.ts";
export {
  type SoftmaxRegression,
  type SoftmaxRegressionOptions,
  softmaxRegression,
} from "./models/softmaxRegression.ts";
export {
  type Cell,
  type CellOptions,
  type CellParams,
  gruCell,
  type LstmState,
  lstmCell,
  rnnCell,
} from "./recurrent/cells.ts";
export { bidirectional, type Recurrent, type RecurrentOptions, recurrent } from "./recurrent/recurrent.ts";
export {
  type TransformerBlock,
  type TransformerBlockOptions,
  type TransformerBlockParams,
  transformerBlock,
} from "./transformer/block.ts";
export {
  type Decoder,
  type DecoderOptions,
  type DecoderParams,
  decoder,
  type GenerateOptions,
} from "./transformer/decoder.ts";
