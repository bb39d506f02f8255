// The messages of an ONNX file, as far as models of arrays need them, and their bytes.
// Source: field names and numbers of onnx.proto3, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3.

import protobuf from "protobufjs/light.js";
import { FileError } from "../../tensor/errors.ts";

/** Types of elements, by number. */
export const ELEMENT_TYPES = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  complex64: 14,
  complex128: 15,
  bfloat16: 16,
  float8_e4m3: 17,
  float8_e5m2: 19,
} as const;

export interface TensorProto {
  readonly name?: string;
  readonly dims?: readonly number[];
  readonly dataType: number;
  readonly rawData?: Uint8Array;
  readonly floatData?: readonly number[];
  readonly int32Data?: readonly number[];
  readonly int64Data?: readonly number[];
  readonly doubleData?: readonly number[];
  readonly uint64Data?: readonly number[];
  readonly dataLocation?: number;
}

/** Kinds of attributes, by number. */
export const ATTRIBUTE_TYPES = { f: 1, i: 2, s: 3, t: 4, g: 5, floats: 6, ints: 7, strings: 8 } as const;

export interface AttributeProto {
  readonly name: string;
  readonly type?: number;
  readonly f?: number;
  readonly i?: number;
  readonly s?: Uint8Array;
  readonly t?: TensorProto;
  readonly g?: GraphProto;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
  readonly strings?: readonly Uint8Array[];
}

export interface NodeProto {
  readonly name?: string;
  readonly opType: string;
  readonly domain?: string;
  readonly input?: readonly string[];
  readonly output?: readonly string[];
  readonly attribute?: readonly AttributeProto[];
}

export interface Dimension {
  readonly dimValue?: number;
  readonly dimParam?: string;
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType?: number;
      readonly shape?: { readonly dim?: readonly Dimension[] };
    };
  };
}

export interface GraphProto {
  readonly name?: string;
  readonly node?: readonly NodeProto[];
  readonly initializer?: readonly TensorProto[];
  readonly input?: readonly ValueInfoProto[];
  readonly output?: readonly ValueInfoProto[];
}

export interface ModelProto {
  readonly irVersion?: number;
  readonly producerName?: string;
  readonly opsetImport?: readonly { readonly domain?: string; readonly version?: number }[];
  readonly graph?: GraphProto;
}

type Field = readonly [type: string, id: number, rule?: "repeated"];

const message = (fields: Readonly<Record<string, Field>>): protobuf.IType => ({
  fields: Object.fromEntries(
    Object.entries(fields).map(([name, [type, id, rule]]) => [
      name,
      rule ? { type, id, rule } : { type, id },
    ]),
  ),
});

const root = protobuf.Root.fromJSON({
  nested: {
    Model: message({
      irVersion: ["int64", 1],
      producerName: ["string", 2],
      producerVersion: ["string", 3],
      graph: ["Graph", 7],
      opsetImport: ["OperatorSetId", 8, "repeated"],
    }),
    OperatorSetId: message({ domain: ["string", 1], version: ["int64", 2] }),
    Graph: message({
      node: ["Node", 1, "repeated"],
      name: ["string", 2],
      initializer: ["TensorData", 5, "repeated"],
      input: ["ValueInfo", 11, "repeated"],
      output: ["ValueInfo", 12, "repeated"],
    }),
    Node: message({
      input: ["string", 1, "repeated"],
      output: ["string", 2, "repeated"],
      name: ["string", 3],
      opType: ["string", 4],
      attribute: ["Attribute", 5, "repeated"],
      domain: ["string", 7],
    }),
    Attribute: message({
      name: ["string", 1],
      f: ["float", 2],
      i: ["int64", 3],
      s: ["bytes", 4],
      t: ["TensorData", 5],
      g: ["Graph", 6],
      floats: ["float", 7, "repeated"],
      ints: ["int64", 8, "repeated"],
      strings: ["bytes", 9, "repeated"],
      type: ["int32", 20],
    }),
    TensorData: message({
      dims: ["int64", 1, "repeated"],
      dataType: ["int32", 2],
      floatData: ["float", 4, "repeated"],
      int32Data: ["int32", 5, "repeated"],
      int64Data: ["int64", 7, "repeated"],
      name: ["string", 8],
      rawData: ["bytes", 9],
      doubleData: ["double", 10, "repeated"],
      uint64Data: ["uint64", 11, "repeated"],
      dataLocation: ["int32", 14],
    }),
    ValueInfo: message({ name: ["string", 1], type: ["ValueType", 2] }),
    ValueType: message({ tensorType: ["TensorType", 1] }),
    TensorType: message({ elemType: ["int32", 1], shape: ["Shape", 2] }),
    Shape: message({ dim: ["Dimension", 1, "repeated"] }),
    Dimension: message({ dimValue: ["int64", 1], dimParam: ["string", 2] }),
  },
});

const modelType = root.lookupType("Model");

/** The bytes of a model. */
export function encodeModel(model: ModelProto): Uint8Array {
  // In Node a Buffer comes, which behaves otherwise in places.
  const { buffer, byteOffset, byteLength } = modelType.encode(modelType.fromObject(model)).finish();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The model in some bytes. Throws FileError when they are none. */
export function decodeModel(bytes: Uint8Array, name: string): ModelProto {
  let model: ModelProto;
  try {
    // Integers beyond 2^53 mean "to the end" and need not be exact.
    model = modelType.toObject(modelType.decode(bytes), { longs: Number, defaults: false }) as ModelProto;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FileError(`${name}: not a readable ONNX file: ${reason}`, { cause: error });
  }
  if (!model.graph || !model.opsetImport?.length)
    throw new FileError(`${name}: not an ONNX file: it has no graph, or no version of operators`);
  return model;
}
