// The innermost loop of a kernel: elements in vectors, read with any stride.

import {
  type FunctionBuilder,
  get,
  i32,
  lane,
  load,
  type Node,
  op,
  v128,
} from "../../device/wasm/assembler.ts";
import type { FloatType } from "./kernels.ts";

export const lanesOf = (type: FloatType): 2 | 4 => (type === "float32" ? 4 : 2);
export const bytesOf = (type: FloatType): 4 | 8 => (type === "float32" ? 4 : 8);

/** What the innermost loop reads: floats of the kernel's type, or bools, a number of bytes apart. */
export interface Access {
  readonly address: Node;
  readonly step: number;
  readonly isBool: boolean;
}

/** A reader of vectors at a position counted in bytes of the float type; constants are read before the loop. */
export function reader(f: FunctionBuilder, type: FloatType, access: Access): (position: Node) => Node {
  const { address, step, isBool } = access;
  const lanes = lanesOf(type);
  const bytes = bytesOf(type);
  if (step === 0) {
    const value = f.let(
      isBool
        ? maskOf(type, Array<Node>(lanes).fill(load("i32.load8_u", address)))
        : load(type === "float32" ? "v128.load32_splat" : "v128.load64_splat", address),
    );
    return () => value;
  }
  if (!isBool && step === bytes) return (position) => load("v128.load", op("i32.add", address, position));
  const shift = type === "float32" ? 2 : 3;
  return (position) => {
    // Position / bytes elements, `step` bytes apart.
    const element = op("i32.shr_u", position, i32(shift));
    const first = op("i32.add", address, step === 1 ? element : op("i32.mul", element, i32(step)));
    const at = Array.from({ length: lanes }, (_, l) =>
      l === 0 ? first : op("i32.add", first, i32(l * step)),
    );
    if (isBool)
      return maskOf(
        type,
        at.map((place) => load("i32.load8_u", place)),
      );
    const name = type === "float32" ? "f32" : "f64";
    const [head, ...rest] = at.map((place) => load(`${name}.load`, place));
    const shape = type === "float32" ? "f32x4" : "f64x2";
    return rest.reduce(
      (vector, value, i) => lane(`${shape}.replace_lane`, i + 1, vector, value),
      op(`${shape}.splat`, head!),
    );
  };
}

/** Bytes 0 or 1 as masks of lanes. */
function maskOf(type: FloatType, bools: readonly Node[]): Node {
  const negative = bools.map((bool) => op("i32.sub", i32(0), bool));
  if (type === "float32")
    return negative
      .slice(1)
      .reduce(
        (vector, value, i) => lane("i32x4.replace_lane", i + 1, vector, value),
        op("i32x4.splat", negative[0]!),
      );
  const [a, b] = negative.map((value) => op("i64.extend_i32_s", value));
  return lane("i64x2.replace_lane", 1, op("i64x2.splat", a!), b!);
}

/** Stores a vector of floats, or a mask as bytes, at a position counted in bytes of the float type. */
export function store(
  f: FunctionBuilder,
  type: FloatType,
  isBool: boolean,
  address: Node,
  position: Node,
  value: Node,
): void {
  if (!isBool) {
    f.store("v128.store", op("i32.add", address, position), value);
    return;
  }
  const mask = f.let(value);
  const place = f.let(op("i32.add", address, op("i32.shr_u", position, i32(type === "float32" ? 2 : 3))));
  for (let l = 0; l < lanesOf(type); l++) {
    const bits =
      type === "float32"
        ? lane("i32x4.extract_lane", l, mask)
        : op("i32.wrap_i64", lane("i64x2.extract_lane", l, mask));
    f.store("i32.store8", place, op("i32.and", bits, i32(1)), l);
  }
}

/** A mask of the first `count` lanes. */
export function firstLanes(type: FloatType, count: number): Node {
  const whole = Array.from({ length: lanesOf(type) }, (_, l) => l < count);
  if (type === "float64") return v128(...whole.map((on) => (on ? -1n : 0n)));
  const pair = (low: boolean, high: boolean): bigint =>
    BigInt.asIntN(64, (low ? 0xffffffffn : 0n) | (high ? 0xffffffffn << 32n : 0n));
  return v128(pair(whole[0]!, whole[1]!), pair(whole[2]!, whole[3]!));
}

/** `for (position = 0; position < length; position += lanes)`, in bytes; a rest below one vector is left over. */
export function overVectors(
  f: FunctionBuilder,
  type: FloatType,
  length: number,
  body: (position: Node) => void,
  range?: { readonly from: Node; readonly to: Node },
): void {
  const position = f.local("i32");
  f.set(position, range?.from ?? i32(0));
  f.for(position, range?.to ?? i32(length * bytesOf(type)), i32(16), () => body(get(position)));
}
