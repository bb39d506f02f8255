// Tensors in ONNX files.

import { allocate, type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { DTypeError, FileError } from "../../tensor/errors.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { decodeElements, encodeElements, type FileType, fileTypeBytes } from "../elements.ts";
import { ELEMENT_TYPES, type TensorProto } from "./schema.ts";

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ELEMENT_TYPES).map(([name, number]) => [number, name]),
);

/** The number of a dtype. Throws DTypeError for what ONNX models do not compute with. */
export function elementType(dtype: DType, what: string): number {
  if (dtype.startsWith("complex") || !(dtype in ELEMENT_TYPES))
    throw new DTypeError(`${what}: ONNX operators take no ${dtype}; convert it first`);
  return ELEMENT_TYPES[dtype as keyof typeof ELEMENT_TYPES];
}

export const encodeTensor = (x: Tensor, name: string): TensorProto => ({
  name,
  dims: [...x.shape],
  dataType: elementType(x.dtype, `exportOnnx: ${name}`),
  rawData: encodeElements(x),
});

/** A list of int64, which shapes and positions in ONNX are. */
export function encodeIntegers(
  values: readonly number[],
  dims: readonly number[],
  name?: string,
): TensorProto {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setBigInt64(8 * i, BigInt(value), true);
  });
  return { ...(name === undefined ? {} : { name }), dims, dataType: ELEMENT_TYPES.int64, rawData: bytes };
}

/** The dtype in which elements of a type come. int64 and wider ones become int32, clamped: they are positions and lengths. */
export function dtypeOfElements(type: number | undefined, what: string): DType {
  const name = NAMES.get(type ?? 0);
  if (name === "int64" || name === "uint64" || name === "int16" || name === "uint16") return "int32";
  if (!name || name === "string")
    throw new DTypeError(`${what}: elements of type ${name ?? `number ${type}`} cannot be read`);
  return name as DType;
}

const LIMIT = 2 ** 31 - 1;

/** The tensor in a file. Throws FileError for data elsewhere or of the wrong length, DTypeError for other elements. */
export function decodeTensor(proto: TensorProto, what: string): Tensor {
  const shape = [...(proto.dims ?? [])];
  const dtype = dtypeOfElements(proto.dataType, what);
  const type = NAMES.get(proto.dataType) as FileType;
  const size = sizeOf(shape);
  if (proto.dataLocation === 1)
    throw new FileError(`${what}: its elements lie in another file; save the model as one file`);
  const { rawData } = proto;
  if (rawData && rawData.byteLength > 0) {
    if (rawData.byteLength !== size * fileTypeBytes(type))
      throw new FileError(
        `${what}: ${size * fileTypeBytes(type)} bytes were expected, got ${rawData.byteLength}`,
      );
    if (type === "int64" || type === "uint64") return new Tensor(clamped(rawData, type), shape, "int32");
    // A copy, aligned: what the decoder gives is part of the whole file.
    return decodeElements(new Uint8Array(rawData), type, shape).tensor;
  }
  const lists = [proto.floatData, proto.doubleData, proto.int32Data, proto.int64Data, proto.uint64Data];
  const values = lists.find((list) => list && list.length > 0) ?? [];
  const { width } = dtypeInfo(dtype);
  if (values.length !== size * width)
    throw new FileError(`${what}: ${size * width} elements were expected, got ${values.length}`);
  // Narrow floats come as bit patterns, which is what their storage holds.
  const limited =
    dtype === "int32" ? values.map((value) => Math.max(-LIMIT, Math.min(LIMIT, value))) : values;
  const elements = allocate(dtype, size);
  elements.set(limited);
  return new Tensor(elements, shape, dtype);
}

function clamped(bytes: Uint8Array, type: "int64" | "uint64"): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Int32Array(bytes.byteLength / 8);
  for (let i = 0; i < out.length; i++) {
    const value = type === "int64" ? view.getBigInt64(8 * i, true) : view.getBigUint64(8 * i, true);
    out[i] = Math.max(-LIMIT, Math.min(LIMIT, Number(value)));
  }
  return out;
}
