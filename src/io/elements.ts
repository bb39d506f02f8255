// Element types as files hold them, and how their bytes become tensors: the part that .npy and .safetensors share.
import { type DType, dtypeInfo, type Storage } from "../tensor/dtype.ts";
import { formatShape, type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** An element type on disk: a dtype of the library, or an integer that widens into one. */
export type FileType = DType | "int16" | "uint16" | "int64" | "uint64";

interface WideInteger {
  readonly dtype: DType;
  readonly bytes: number;
}

/** Integers that the library has no dtype for, and the dtype that takes their values. */
const WIDENED: Readonly<Partial<Record<FileType, WideInteger>>> = {
  int16: { dtype: "int32", bytes: 2 },
  uint16: { dtype: "int32", bytes: 2 },
  int64: { dtype: "float64", bytes: 8 },
  uint64: { dtype: "float64", bytes: 8 },
};

/** A tensor read from a file, and what the person should know of the reading. */
export interface Decoded {
  readonly tensor: Tensor;
  readonly notes: readonly string[];
}

/** Bytes of one element on disk. */
export const fileTypeBytes = (type: FileType): number =>
  WIDENED[type]?.bytes ?? dtypeInfo(type as DType).bytes;

/** The dtype that elements of a file type are read into. */
export const dtypeOf = (type: FileType): DType => WIDENED[type]?.dtype ?? (type as DType);

export interface ElementLayout {
  readonly littleEndian?: boolean;
  /** Fortran order: the first index runs fastest. The tensor is then a transposed view; nothing is moved. */
  readonly columnMajor?: boolean;
}

const NATIVE_LITTLE: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * A tensor over bytes that a file holds, of exactly the right number. The bytes become the tensor's storage when their
 * order and alignment allow it: the caller must not write to them again.
 */
export function decodeElements(
  bytes: Uint8Array<ArrayBuffer>,
  type: FileType,
  shape: Shape,
  layout: ElementLayout = {},
): Decoded {
  const { littleEndian = true, columnMajor = false } = layout;
  const dtype = dtypeOf(type);
  // Complex elements are pairs: their parts are swapped one by one.
  const part = type.startsWith("complex") ? fileTypeBytes(type) / 2 : fileTypeBytes(type);
  const ordered = littleEndian === NATIVE_LITTLE || part === 1 ? aligned(bytes, part) : swapped(bytes, part);
  const notes: string[] = [];
  const storage = type in WIDENED ? widenIntegers(ordered, type, notes) : view(ordered, dtype);
  if (dtype === "bool") for (let i = 0; i < storage.length; i++) storage[i] = storage[i] === 0 ? 0 : 1;
  return { tensor: new Tensor(storage, shape, dtype, columnMajor ? columnStrides(shape) : undefined), notes };
}

function view(bytes: Uint8Array<ArrayBuffer>, dtype: DType): Storage {
  const { storage } = dtypeInfo(dtype);
  const entry = (storage as unknown as { BYTES_PER_ELEMENT: number }).BYTES_PER_ELEMENT;
  const View = storage as unknown as new (buffer: ArrayBuffer, offset: number, length: number) => Storage;
  return new View(bytes.buffer, bytes.byteOffset, bytes.byteLength / entry);
}

const aligned = (bytes: Uint8Array<ArrayBuffer>, unit: number): Uint8Array<ArrayBuffer> =>
  bytes.byteOffset % unit === 0 ? bytes : bytes.slice();

function swapped(bytes: Uint8Array, unit: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes.byteLength);
  const last = unit - 1;
  for (let i = 0; i < out.length; i += unit) for (let k = 0; k < unit; k++) out[i + k] = bytes[i + last - k]!;
  return out;
}

function widenIntegers(bytes: Uint8Array<ArrayBuffer>, type: FileType, notes: string[]): Storage {
  const { buffer, byteOffset, byteLength } = bytes;
  if (type === "int16") return Int32Array.from(new Int16Array(buffer, byteOffset, byteLength / 2));
  if (type === "uint16") return Int32Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2));
  // Two 32-bit halves make the number without a BigInt for each element; their sum rounds once, as it should.
  const halves = new Uint32Array(buffer, byteOffset, byteLength / 4);
  const [low, high] = NATIVE_LITTLE ? [0, 1] : [1, 0];
  const out = new Float64Array(byteLength / 8);
  let inexact = 0;
  for (let i = 0; i < out.length; i++) {
    const top = type === "int64" ? halves[2 * i + high]! | 0 : halves[2 * i + high]!;
    const value = top * 2 ** 32 + halves[2 * i + low]!;
    if (value >= 2 ** 53 || value <= -(2 ** 53)) inexact++;
    out[i] = value;
  }
  notes.push(
    inexact > 0
      ? `${type} was read as float64: ${inexact} ${inexact === 1 ? "value lies" : "values lie"} at or beyond 2^53 and may be rounded`
      : `${type} was read as float64, exactly`,
  );
  return out;
}

function columnStrides(shape: Shape): number[] {
  let step = 1;
  return shape.map((length) => {
    const stride = step;
    step *= length;
    return stride;
  });
}

/** The little-endian bytes of a tensor's elements in C order; shares memory with the tensor when it can. */
export function encodeElements(x: Tensor): Uint8Array {
  const data = x.data();
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return NATIVE_LITTLE || data.BYTES_PER_ELEMENT === 1 ? bytes : swapped(bytes, data.BYTES_PER_ELEMENT);
}

/** Bytes that a shape of a file type takes; Infinity-safe for shapes that garbage headers claim. */
export const bytesOf = (type: FileType, shape: Shape): number => sizeOf(shape) * fileTypeBytes(type);

/** `uint8 [3, 4]`, as messages name an array. */
export const describeArray = (type: string, shape: Shape): string => `${type} ${formatShape(shape)}`;
