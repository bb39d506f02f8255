import type { DType, Storage } from "./dtype.ts";

// Narrow floats are kept as bit patterns; these routines widen and narrow them with round-to-nearest-even.

interface Format {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  /** IEEE-style infinities; e4m3 has none and keeps one NaN pattern per sign. */
  readonly hasInfinity: boolean;
}

const FORMATS: Partial<Record<DType, Format>> = {
  float16: { exponentBits: 5, mantissaBits: 10, hasInfinity: true },
  bfloat16: { exponentBits: 8, mantissaBits: 7, hasInfinity: true },
  float8_e4m3: { exponentBits: 4, mantissaBits: 3, hasInfinity: false },
  float8_e5m2: { exponentBits: 5, mantissaBits: 2, hasInfinity: true },
};

/** The value of one bit pattern. */
export function decodeNarrow(dtype: DType, bits: number): number {
  const { exponentBits, mantissaBits, hasInfinity } = FORMATS[dtype]!;
  const sign = (bits >>> (exponentBits + mantissaBits)) & 1 ? -1 : 1;
  const exponentMax = (1 << exponentBits) - 1;
  const exponent = (bits >>> mantissaBits) & exponentMax;
  const mantissa = bits & ((1 << mantissaBits) - 1);
  const bias = exponentMax >>> 1;
  if (exponent === exponentMax) {
    if (hasInfinity) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    if (mantissa === (1 << mantissaBits) - 1) return Number.NaN;
  }
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (1 + mantissa * 2 ** -mantissaBits) * 2 ** (exponent - bias);
}

/** The bit pattern nearest to `value` (ties to even); overflow gives infinity, or NaN where the format has none. */
export function encodeNarrow(dtype: DType, value: number): number {
  const { exponentBits, mantissaBits, hasInfinity } = FORMATS[dtype]!;
  const exponentMax = (1 << exponentBits) - 1;
  const bias = exponentMax >>> 1;
  const signBit = (value < 0 || Object.is(value, -0) ? 1 : 0) << (exponentBits + mantissaBits);
  const nan =
    (exponentMax << mantissaBits) | (hasInfinity ? 1 << (mantissaBits - 1) : (1 << mantissaBits) - 1);
  const magnitude = Math.abs(value);
  if (Number.isNaN(magnitude)) return nan;
  if (magnitude === 0) return signBit;
  // Spacing of representable numbers around the value, then one exact scaling and a tie-to-even rounding.
  let exponent = magnitude === Number.POSITIVE_INFINITY ? exponentMax : Math.floor(Math.log2(magnitude));
  if (2 ** exponent > magnitude) exponent--;
  else if (2 ** (exponent + 1) <= magnitude) exponent++;
  exponent = Math.max(exponent, 1 - bias);
  let units = roundHalfEven(magnitude * 2 ** (mantissaBits - exponent));
  if (units >= 2 ** (mantissaBits + 1)) {
    units /= 2;
    exponent++;
  }
  const stored = units < 2 ** mantissaBits ? 0 : exponent + bias;
  const mantissa = units < 2 ** mantissaBits ? units : units - 2 ** mantissaBits;
  const top = hasInfinity ? exponentMax - 1 : exponentMax;
  const overflow = stored > top || (!hasInfinity && stored === top && mantissa === 2 ** mantissaBits - 1);
  if (overflow || magnitude === Number.POSITIVE_INFINITY)
    return hasInfinity ? signBit | (exponentMax << mantissaBits) : signBit | nan;
  return signBit | (stored << mantissaBits) | mantissa;
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

const tables = new Map<DType, Float32Array>();

/** Values of every bit pattern of the dtype, made on first use: 65,536 or 256 entries. */
function decodeTable(dtype: DType): Float32Array {
  let table = tables.get(dtype);
  if (!table) {
    table = new Float32Array(dtype.startsWith("float8") ? 256 : 65536);
    for (let bits = 0; bits < table.length; bits++) table[bits] = decodeNarrow(dtype, bits);
    tables.set(dtype, table);
  }
  return table;
}

/** Widens a whole array of bit patterns; exact. */
export function widen(dtype: DType, bits: Storage): Float32Array {
  const table = decodeTable(dtype);
  const out = new Float32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]!]!;
  return out;
}

/** Narrows a whole array into `out`, rounding to nearest even. */
export function narrow(dtype: DType, values: ArrayLike<number>, out: Storage): void {
  for (let i = 0; i < values.length; i++) out[i] = encodeNarrow(dtype, values[i]!);
}
