import "../ops/methods.ts";

export * from "./complex.ts";
export * from "./create.ts";
export {
  type DType,
  dtypeInfo,
  dtypes,
  isComplex,
  isFloat,
  isInteger,
  machineEpsilon,
  promote,
  type Storage,
} from "./dtype.ts";
export type { Scalar } from "./element.ts";
export * from "./errors.ts";
export { formatTensor, type PrintOptions } from "./print.ts";
export { broadcastShapes, type Shape, sizeOf } from "./shape.ts";
export { type Index, type Nested, type Reduction, Tensor, type TensorLike } from "./tensor.ts";
export { type Tree, type TreeStructure, tree } from "./tree.ts";
