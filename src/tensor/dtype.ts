import { DTypeError } from "./errors.ts";

/** Every element type. The float8 kinds are storage only: convert them before computing. */
export type DType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "float8_e4m3"
  | "float8_e5m2"
  | "int32"
  | "uint32"
  | "int8"
  | "uint8"
  | "bool"
  | "complex64"
  | "complex128";

/** The typed arrays that hold elements. Complex elements take two neighbouring entries (real, imaginary). */
export type Storage =
  | Float64Array
  | Float32Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Int8Array
  | Uint8Array;

export type DTypeKind = "bool" | "unsigned" | "signed" | "float" | "complex";

interface DTypeInfo {
  readonly kind: DTypeKind;
  /** Bytes of one element. */
  readonly bytes: number;
  /** Entries of the typed array that one element takes: 2 for complex numbers, else 1. */
  readonly width: 1 | 2;
  readonly storage: new (length: number) => Storage;
  /** Elements are held as bit patterns that must be decoded before arithmetic. */
  readonly packed: boolean;
}

const info = (
  kind: DTypeKind,
  bytes: number,
  storage: new (length: number) => Storage,
  packed = false,
): DTypeInfo => ({ kind, bytes, width: kind === "complex" ? 2 : 1, storage, packed });

const DTYPES: Readonly<Record<DType, DTypeInfo>> = {
  float64: info("float", 8, Float64Array),
  float32: info("float", 4, Float32Array),
  float16: info("float", 2, Uint16Array, true),
  bfloat16: info("float", 2, Uint16Array, true),
  float8_e4m3: info("float", 1, Uint8Array, true),
  float8_e5m2: info("float", 1, Uint8Array, true),
  int32: info("signed", 4, Int32Array),
  uint32: info("unsigned", 4, Uint32Array),
  int8: info("signed", 1, Int8Array),
  uint8: info("unsigned", 1, Uint8Array),
  bool: info("bool", 1, Uint8Array),
  complex64: info("complex", 8, Float32Array),
  complex128: info("complex", 16, Float64Array),
};

/** All dtypes, widest first. */
export const dtypes: readonly DType[] = Object.keys(DTYPES) as DType[];

/** Facts about a dtype; throws DTypeError on an unknown name. */
export function dtypeInfo(dtype: DType): DTypeInfo {
  const found = DTYPES[dtype];
  if (!found) throw new DTypeError(`unknown dtype "${dtype}"; known: ${dtypes.join(", ")}`);
  return found;
}

/** complex64 and complex128. */
export const isComplex = (dtype: DType): boolean => DTYPES[dtype].kind === "complex";
/** Real floats of every width. */
export const isFloat = (dtype: DType): boolean => DTYPES[dtype].kind === "float";
/** Integers with and without sign, not bool. */
export const isInteger = (dtype: DType): boolean =>
  DTYPES[dtype].kind === "signed" || DTYPES[dtype].kind === "unsigned";

/** A zero-filled typed array for `count` elements. */
export function allocate(dtype: DType, count: number): Storage {
  const { storage, width } = dtypeInfo(dtype);
  return new storage(count * width);
}

/** The real dtype of a complex one's parts; other dtypes are returned as they are. */
export function realDType(dtype: DType): DType {
  return dtype === "complex128" ? "float64" : dtype === "complex64" ? "float32" : dtype;
}

/** The complex dtype that holds values of `dtype` without loss of precision. */
export function complexDType(dtype: DType): DType {
  if (isComplex(dtype)) return dtype;
  return dtype === "float64" || dtype === "int32" || dtype === "uint32" ? "complex128" : "complex64";
}

/**
 * The dtype of a function with fractional values (`exp`, division, mean) applied to `dtype`: integers become float64.
 */
export function inexactDType(dtype: DType): DType {
  return isFloat(dtype) || isComplex(dtype) ? dtype : "float64";
}

/** Unit roundoff times two (`numpy.finfo(dtype).eps`) of the real part; throws for integers and booleans. */
export function machineEpsilon(dtype: DType): number {
  const eps: Partial<Record<DType, number>> = {
    float64: 2 ** -52,
    float32: 2 ** -23,
    float16: 2 ** -10,
    bfloat16: 2 ** -7,
    float8_e4m3: 2 ** -3,
    float8_e5m2: 2 ** -2,
  };
  const value = eps[realDType(dtype)];
  if (value === undefined) throw new DTypeError(`machineEpsilon: ${dtype} has no rounding`);
  return value;
}

/** Rank of the value sets of integers within NumPy's promotion lattice. */
const INTEGER_BITS: Partial<Record<DType, number>> = { int8: 8, uint8: 8, int32: 32, uint32: 32 };
/** Bits of the significand that a float must offer to hold every integer of the dtype. */
const FLOAT_FOR: Partial<Record<DType, DType>> = {
  int8: "float16",
  uint8: "float16",
  int32: "float64",
  uint32: "float64",
};
const FLOAT_ORDER: readonly DType[] = ["float16", "bfloat16", "float32", "float64"];

/**
 * The dtype in which values of `a` and `b` meet, by NumPy's rules (there is no int16 and no int64 here, so
 * int8 with uint8 gives int32 and int32 with uint32 gives float64; float16 with bfloat16 gives float32).
 * Throws DTypeError for float8, which must be converted explicitly.
 */
export function promote(a: DType, b: DType): DType {
  if (a === b) return a;
  for (const dtype of [a, b]) {
    if (dtype.startsWith("float8"))
      throw new DTypeError(`${dtype} is a storage dtype: convert it with astype("float32") before computing`);
  }
  if (a === "bool") return b;
  if (b === "bool") return a;
  if (isComplex(a) || isComplex(b)) {
    const real = promote(realDType(a), realDType(b));
    return real === "float64" || isInteger(real) ? "complex128" : "complex64";
  }
  if (isFloat(a) && isFloat(b)) {
    if (FLOAT_ORDER.indexOf(a) < 2 && FLOAT_ORDER.indexOf(b) < 2) return "float32";
    return FLOAT_ORDER.indexOf(a) > FLOAT_ORDER.indexOf(b) ? a : b;
  }
  if (isFloat(a)) return promote(a, FLOAT_FOR[b]!);
  if (isFloat(b)) return promote(FLOAT_FOR[a]!, b);
  const signs = new Set([dtypeInfo(a).kind, dtypeInfo(b).kind]);
  const bits = Math.max(INTEGER_BITS[a]!, INTEGER_BITS[b]!);
  if (signs.size === 1) return INTEGER_BITS[a] === bits ? a : b;
  if (bits === 8) return "int32";
  return a === "uint32" || b === "uint32" ? "float64" : "int32";
}

/**
 * The dtype of an operation between a tensor and a plain JS value: the value takes the tensor's dtype unless its
 * kind is higher (a fraction with integers gives float64, a complex number makes the result complex).
 */
export function promoteScalar(dtype: DType, value: number | boolean | { re: number; im: number }): DType {
  if (typeof value === "object") return complexDType(dtype);
  if (typeof value === "boolean" || isFloat(dtype) || isComplex(dtype)) return dtype;
  if (!Number.isInteger(value)) return "float64";
  if (dtype === "bool") return "int32";
  return fits(dtype, value) ? dtype : "float64";
}

function fits(dtype: DType, value: number): boolean {
  const bits = INTEGER_BITS[dtype]!;
  return dtypeInfo(dtype).kind === "signed"
    ? value >= -(2 ** (bits - 1)) && value < 2 ** (bits - 1)
    : value >= 0 && value < 2 ** bits;
}
