// The WebAssembly instructions that the kernels use: encoding, operand types and result type of each by its name in
// the specification (core 2.0, section 5.4, and the relaxed SIMD proposal).

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export interface Instruction {
  /** Opcode bytes; vector opcodes carry their prefix and are LEB128 encoded. */
  readonly code: readonly number[];
  readonly operands: readonly ValueType[];
  readonly result: ValueType;
  /** Lanes of a vector instruction with a lane immediate. */
  readonly lanes?: number;
}

const SIMD_PREFIX = 0xfd;

function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  bytes.push(value);
  return bytes;
}

const table: Record<string, Instruction> = {};

/** Consecutive opcodes with one signature. */
function scalar(first: number, names: string, operands: readonly ValueType[], result: ValueType): void {
  names.split(" ").forEach((name, i) => {
    table[name] = { code: [first + i], operands, result };
  });
}

function vector(
  first: number,
  names: string,
  operands: readonly ValueType[],
  result: ValueType = "v128",
  lanes?: number,
): void {
  names.split(" ").forEach((name, i) => {
    const code = [SIMD_PREFIX, ...leb(first + i)];
    table[name] = lanes ? { code, operands, result, lanes } : { code, operands, result };
  });
}

const each = (prefix: string, names: string): string =>
  names
    .split(" ")
    .map((name) => `${prefix}.${name}`)
    .join(" ");

const INT_COMPARE = "eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u";
const FLOAT_COMPARE = "eq ne lt gt le ge";
const FLOAT_UNARY = "abs neg ceil floor trunc nearest sqrt";
const FLOAT_BINARY = "add sub mul div min max copysign";
const INT_BINARY = "add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u";

scalar(0x45, "i32.eqz", ["i32"], "i32");
scalar(0x46, each("i32", INT_COMPARE), ["i32", "i32"], "i32");
scalar(0x50, "i64.eqz", ["i64"], "i32");
scalar(0x51, each("i64", INT_COMPARE), ["i64", "i64"], "i32");
scalar(0x5b, each("f32", FLOAT_COMPARE), ["f32", "f32"], "i32");
scalar(0x61, each("f64", FLOAT_COMPARE), ["f64", "f64"], "i32");
scalar(0x6a, each("i32", INT_BINARY), ["i32", "i32"], "i32");
scalar(0x7c, each("i64", INT_BINARY), ["i64", "i64"], "i64");
scalar(0x8b, each("f32", FLOAT_UNARY), ["f32"], "f32");
scalar(0x92, each("f32", FLOAT_BINARY), ["f32", "f32"], "f32");
scalar(0x99, each("f64", FLOAT_UNARY), ["f64"], "f64");
scalar(0xa0, each("f64", FLOAT_BINARY), ["f64", "f64"], "f64");
scalar(0xa7, "i32.wrap_i64", ["i64"], "i32");
scalar(0xac, "i64.extend_i32_s i64.extend_i32_u", ["i32"], "i64");
scalar(0xb6, "f32.demote_f64", ["f64"], "f32");
scalar(0xb7, "f64.convert_i32_s f64.convert_i32_u", ["i32"], "f64");
// Picks the first operand where the third is not 0.
for (const type of ["i32", "f32", "f64", "v128"] as const)
  scalar(0x1b, `${type}.select`, [type, type, "i32"], type);
table["i32.trunc_sat_f64_s"] = { code: [0xfc, 0x02], operands: ["f64"], result: "i32" };
table["i64.trunc_sat_f64_s"] = { code: [0xfc, 0x06], operands: ["f64"], result: "i64" };
scalar(0xbb, "f64.promote_f32", ["f32"], "f64");
scalar(0xbd, "i64.reinterpret_f64", ["f64"], "i64");
scalar(0xbf, "f64.reinterpret_i64", ["i64"], "f64");

// Loads and stores take a static byte offset.
scalar(0x28, "i32.load", ["i32"], "i32");
scalar(0x29, "i64.load", ["i32"], "i64");
scalar(0x2a, "f32.load", ["i32"], "f32");
scalar(0x2b, "f64.load", ["i32"], "f64");
scalar(0x2d, "i32.load8_u", ["i32"], "i32");
vector(0x00, "v128.load", ["i32"]);
vector(0x09, "v128.load32_splat v128.load64_splat", ["i32"]);
vector(0x5c, "v128.load32_zero v128.load64_zero", ["i32"]);

vector(0x11, "i32x4.splat", ["i32"]);
vector(0x12, "i64x2.splat", ["i64"]);
vector(0x13, "f32x4.splat", ["f32"]);
vector(0x14, "f64x2.splat", ["f64"]);
vector(0x1b, "i32x4.extract_lane", ["v128"], "i32", 4);
vector(0x1c, "i32x4.replace_lane", ["v128", "i32"], "v128", 4);
vector(0x1d, "i64x2.extract_lane", ["v128"], "i64", 2);
vector(0x1e, "i64x2.replace_lane", ["v128", "i64"], "v128", 2);
vector(0x1f, "f32x4.extract_lane", ["v128"], "f32", 4);
vector(0x20, "f32x4.replace_lane", ["v128", "f32"], "v128", 4);
vector(0x21, "f64x2.extract_lane", ["v128"], "f64", 2);
vector(0x22, "f64x2.replace_lane", ["v128", "f64"], "v128", 2);
vector(0x41, each("f32x4", FLOAT_COMPARE), ["v128", "v128"]);
vector(0x47, each("f64x2", FLOAT_COMPARE), ["v128", "v128"]);
vector(0x4d, "v128.not", ["v128"]);
vector(0x4e, "v128.and v128.andnot v128.or v128.xor", ["v128", "v128"]);
vector(0x52, "v128.bitselect", ["v128", "v128", "v128"]);
vector(0x53, "v128.any_true", ["v128"], "i32");
vector(0x5e, "f32x4.demote_f64x2_zero f64x2.promote_low_f32x4", ["v128"]);
vector(0x67, each("f32x4", "ceil floor trunc nearest"), ["v128"]);
vector(0x74, "f64x2.ceil f64x2.floor", ["v128"]);
vector(0x7a, "f64x2.trunc", ["v128"]);
vector(0x94, "f64x2.nearest", ["v128"]);
vector(0xab, each("i32x4", "shl shr_s shr_u"), ["v128", "i32"]);
vector(0xae, "i32x4.add", ["v128", "v128"]);
vector(0xb1, "i32x4.sub", ["v128", "v128"]);
vector(0xcb, each("i64x2", "shl shr_s shr_u"), ["v128", "i32"]);
vector(0xce, "i64x2.add", ["v128", "v128"]);
vector(0xd1, "i64x2.sub", ["v128", "v128"]);
vector(0xe0, "f32x4.abs f32x4.neg", ["v128"]);
vector(0xe3, "f32x4.sqrt", ["v128"]);
vector(0xe4, each("f32x4", "add sub mul div min max pmin pmax"), ["v128", "v128"]);
vector(0xec, "f64x2.abs f64x2.neg", ["v128"]);
vector(0xef, "f64x2.sqrt", ["v128"]);
vector(0xf0, each("f64x2", "add sub mul div min max pmin pmax"), ["v128", "v128"]);
// Relaxed SIMD: a * b + c and c - a * b, rounded once where the processor fuses them.
vector(0x105, "f32x4.relaxed_madd f32x4.relaxed_nmadd", ["v128", "v128", "v128"]);
vector(0x107, "f64x2.relaxed_madd f64x2.relaxed_nmadd", ["v128", "v128", "v128"]);

/** Instructions by name. */
export const INSTRUCTIONS: Readonly<Record<string, Instruction>> = table;

/** Stores: opcode bytes and the type of the stored value. */
export const STORES: Readonly<
  Record<string, { readonly code: readonly number[]; readonly value: ValueType }>
> = {
  "i32.store": { code: [0x36], value: "i32" },
  "i32.store8": { code: [0x3a], value: "i32" },
  "f32.store": { code: [0x38], value: "f32" },
  "f64.store": { code: [0x39], value: "f64" },
  "v128.store": { code: [SIMD_PREFIX, 0x0b], value: "v128" },
};
