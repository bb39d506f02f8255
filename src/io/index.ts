import "../ops/methods.ts";

export {
  type DecompositionInfo,
  isDecompositionFile,
  type LoadedDecomposition,
  loadDecomposition,
  saveDecomposition,
} from "./decompositionFile.ts";
export type { Decoded } from "./elements.ts";
export { type Chunks, writeFileAtomic } from "./files.ts";
export { type FunctionInfo, type LoadedFunction, readFunction, saveFunction } from "./functionFile.ts";
export {
  type GraphTable,
  type NodeAttributes,
  readGraph,
  readNodeAttributes,
} from "./graphTables.ts";
export { encodeImage, readImage, readImageFolder, writeImage } from "./images.ts";
export {
  type MatrixMarketField,
  type MatrixMarketFile,
  type MatrixMarketOptions,
  type MatrixMarketSymmetry,
  readMatrixMarket,
  writeMatrixMarket,
} from "./matrixMarket.ts";
export { decodeNpy, encodeNpy, readNpy, writeNpy } from "./npy.ts";
export { decodeNpz, encodeNpz, namesInNpz, readNpz, writeNpz } from "./npz.ts";
export { exportedPrimitives, exportOnnx, type OnnxExportOptions, writeOnnx } from "./onnx/export.ts";
export { importedOperators, importOnnx, type OnnxModel, type OnnxValue } from "./onnx/import.ts";
export {
  type LoadedParams,
  type LoadParamsOptions,
  loadParams,
  type ParameterNames,
  type ParameterPlace,
  type SaveParamsOptions,
  saveParams,
} from "./parameters/parameterFile.ts";
export {
  encodeSafetensors,
  listSafetensors,
  readSafetensors,
  type Safetensors,
  type SafetensorsEntry,
  writeSafetensors,
} from "./safetensors.ts";
export { decodeSparseNpz, encodeSparseNpz, readSparseNpz, writeSparseNpz } from "./sparseNpz.ts";
export { readTable, readTableEntries, type TableEntries, type TableMatrix } from "./tables.ts";
export {
  type LoadedTensor,
  type ReadOptions,
  readTensor,
  type SourceKind,
  type TensorSource,
  variablesIn,
  writeTensor,
} from "./tensorFile.ts";
export { readTns, writeTns } from "./tns.ts";
