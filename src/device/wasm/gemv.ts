// Matrix-vector products. Every entry of the matrix is used once, so the work is to stream it through WebAssembly
// memory in pieces that stay in the second-level cache, line by line (a line is a row or a column, whichever is
// contiguous): lines that are rows give inner products, lines that are columns are added up with coefficients.

import type { FloatArray, FloatType, MatrixType, MatrixView } from "../device.ts";
import {
  type FunctionBuilder,
  f32,
  f64,
  get,
  i32,
  type Local,
  lane,
  load,
  ModuleBuilder,
  type Node,
  op,
} from "./assembler.ts";
import { memoryView, reserve, sharedMemory } from "./memory.ts";
import { layoutOf, stage } from "./staging.ts";

/** Matrices of at most this many entries are multiplied in plain loops (measured). */
export const SMALL_MATRIX = 2000;
/** Reals of a line that are handled at a time: with the vector they stay in the first-level cache. */
const LENGTH = 2048;
/** Bytes of the matrix that are handled at a time. */
const PIECE_BYTES = 1 << 17;
/** Layout of the memory: coefficients, the result, the piece of the matrix. */
const OUT_AT = LENGTH * 8;
const PIECE_AT = 2 * OUT_AT;
/** Lines taken together. */
const GROUP = 4;

/** A vector inside a typed array; offset and stride count elements. */
export interface VectorView {
  readonly data: MatrixView["data"];
  readonly offset: number;
  readonly stride: number;
  readonly conjugate?: boolean | undefined;
}

/** Addresses and stride in bytes; `count` reals of each of `lines` lines. */
type LineKernel = (x: number, lines: number, stride: number, out: number, n: number, count: number) => void;

export interface GemvKernels {
  /** out[i] = line i · x */
  readonly dots: LineKernel;
  /** out += the sum of x[i] · line i */
  readonly combine: LineKernel;
}

const kernels = new Map<FloatType, GemvKernels>();

/** The kernels on lines that lie in memory already. */
export function lineKernels(type: FloatType): GemvKernels {
  let found = kernels.get(type);
  if (!found) {
    const module = new ModuleBuilder();
    module.importMemory();
    lineKernel(module, "dots", type, dotsOfGroup);
    lineKernel(module, "combine", type, combineGroup);
    const imports = { env: { memory: sharedMemory() } };
    found = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports)
      .exports as unknown as GemvKernels;
    kernels.set(type, found);
  }
  return found;
}

interface Group {
  readonly type: FloatType;
  readonly x: Local;
  readonly out: Local;
  /** Addresses of the lines. */
  readonly lines: readonly Local[];
  readonly count: Node;
}

/** A loop over the lines, `GROUP` at a time and one at a time at the end. */
function lineKernel(
  module: ModuleBuilder,
  name: keyof GemvKernels,
  type: FloatType,
  body: (f: FunctionBuilder, group: Group) => void,
): void {
  const bytes = type === "float32" ? 4 : 8;
  module.function(name, Array(6).fill("i32"), [], (f) => {
    const [x, first, stride, out] = [0, 1, 2, 3].map((i) => f.param(i)) as [Local, Local, Local, Local];
    const n = get(f.param(4));
    const i = f.local("i32");
    const lines = Array.from({ length: GROUP }, (_, l) => (l ? f.local("i32") : first));
    const groups = (size: number): void =>
      f.for(i, op("i32.sub", n, i32(size - 1)), i32(size), () => {
        for (let l = 1; l < size; l++) f.set(lines[l]!, op("i32.add", get(lines[l - 1]!), get(stride)));
        body(f, { type, x, out, lines: lines.slice(0, size), count: get(f.param(5)) });
        f.set(first, op("i32.add", get(lines[size - 1]!), get(stride)));
        f.set(name === "dots" ? out : x, op("i32.add", get(name === "dots" ? out : x), i32(size * bytes)));
      });
    groups(GROUP);
    groups(1);
  });
}

/** Runs `whole` on every vector of a line and `single` on the entries left; both get the distance from its start. */
function alongLine(
  f: FunctionBuilder,
  { type, count }: Group,
  whole: (at: Node) => void,
  single: (at: Node) => void,
): void {
  const bytes = type === "float32" ? 4 : 8;
  const at = f.local("i32");
  f.set(at, i32(0));
  const end = f.let(op("i32.mul", count, i32(bytes)));
  f.for(at, op("i32.sub", end, i32(15)), i32(16), () => whole(get(at)));
  f.for(at, end, i32(bytes), () => single(get(at)));
}

const sumOf = (add: string, terms: readonly Node[]): Node =>
  terms.length === 1
    ? terms[0]!
    : op(add, sumOf(add, terms.slice(0, terms.length >> 1)), sumOf(add, terms.slice(terms.length >> 1)));

function dotsOfGroup(f: FunctionBuilder, group: Group): void {
  const { type, x, out, lines } = group;
  const [shape, real] = type === "float32" ? ["f32x4", "f32"] : ["f64x2", "f64"];
  const lanes = type === "float32" ? 4 : 2;
  const bytes = 16 / lanes;
  const sums = lines.map(() => f.local("v128"));
  const rests = lines.map(() => f.local(type === "float32" ? "f32" : "f64"));
  const zero = type === "float32" ? f32(0) : f64(0);
  for (const rest of rests) f.set(rest, zero);
  for (const sum of sums) f.set(sum, op(`${shape}.splat`, zero));
  const address = (base: Local, at: Node): Node => op("i32.add", get(base), at);
  alongLine(
    f,
    group,
    (at) => {
      const factor = f.let(load("v128.load", address(x, at)));
      for (const [l, sum] of sums.entries()) {
        const product = op(`${shape}.mul`, load("v128.load", address(lines[l]!, at)), factor);
        f.set(sum, op(`${shape}.add`, get(sum), product));
      }
    },
    (at) => {
      const factor = f.let(load(`${real}.load`, address(x, at)));
      for (const [l, rest] of rests.entries()) {
        const product = op(`${real}.mul`, load(`${real}.load`, address(lines[l]!, at)), factor);
        f.set(rest, op(`${real}.add`, get(rest), product));
      }
    },
  );
  for (const [l, sum] of sums.entries()) {
    const parts = Array.from({ length: lanes }, (_, i) => lane(`${shape}.extract_lane`, i, get(sum)));
    f.store(`${real}.store`, get(out), sumOf(`${real}.add`, [...parts, get(rests[l]!)]), l * bytes);
  }
}

function combineGroup(f: FunctionBuilder, group: Group): void {
  const { type, x, out, lines } = group;
  const [shape, real] = type === "float32" ? ["f32x4", "f32"] : ["f64x2", "f64"];
  const bytes = type === "float32" ? 4 : 8;
  const factors = lines.map((_, l) => f.let(load(`${real}.load`, get(x), l * bytes)));
  const splats = factors.map((factor) => f.let(op(`${shape}.splat`, factor)));
  const step = (at: Node, width: string, loadName: string, storeName: string, by: readonly Node[]): void => {
    const terms = lines.map((line, l) =>
      op(`${width}.mul`, load(loadName, op("i32.add", get(line), at)), by[l]!),
    );
    const to = f.let(op("i32.add", get(out), at));
    f.store(storeName, to, op(`${width}.add`, load(loadName, to), sumOf(`${width}.add`, terms)));
  };
  alongLine(
    f,
    group,
    (at) => step(at, shape!, "v128.load", "v128.store", splats),
    (at) => step(at, real!, `${real}.load`, `${real}.store`, factors),
  );
}

/**
 * target[i] = or += Σ_j matrix[i, j] · x[j]. Sums over a piece run in the type of the entries, sums of pieces in
 * float64. A complex product is made of real ones: with the parts of x as two vectors of coefficients.
 */
export function gemv(
  type: MatrixType,
  rows: number,
  columns: number,
  matrix: MatrixView,
  x: VectorView,
  target: VectorView,
  accumulate = false,
): void {
  const width = type.startsWith("complex") ? 2 : 1;
  const bytes = type === "float32" || type === "complex64" ? 4 : 8;
  const kernel = lineKernels(bytes === 4 ? "float32" : "float64");
  reserve(PIECE_AT + 2 * PIECE_BYTES);
  const view = memoryView(bytes);
  const byRows = layoutOf(matrix) === "rows";
  const sign = matrix.conjugate ? -1 : 1;
  const coefficients = coefficientsOf(x, columns, width, byRows, sign, bytes);
  const sums = coefficients.map(() => new Float64Array(byRows ? rows : rows * width));

  const lines = byRows ? rows : columns;
  const lineLength = byRows ? columns : rows;
  const step = LENGTH / width;
  for (let e = 0; e < lineLength; e += step) {
    const length = Math.min(step, lineLength - e);
    const group = Math.min(LENGTH, Math.floor(PIECE_BYTES / (length * width * bytes)));
    for (let l = 0; l < lines; l += group) {
      const count = Math.min(group, lines - l);
      const at = PIECE_AT / bytes;
      const room = (2 * PIECE_BYTES) / bytes;
      const stride = byRows
        ? stage(view, at, matrix, "rows", l, count, e, length, width, room)
        : stage(view, at, matrix, "columns", e, length, l, count, width, room);
      for (const [part, values] of coefficients.entries()) {
        const from = byRows ? e * width : l;
        const used = byRows ? length * width : count;
        const results = byRows ? count : length * width;
        const out = OUT_AT / bytes;
        view.set(values.subarray(from, from + used), 0);
        if (!byRows) view.fill(0, out, out + results);
        kernel[byRows ? "dots" : "combine"](0, PIECE_AT, stride * bytes, OUT_AT, count, length * width);
        addTo(sums[part]!, byRows ? l : e * width, view, out, results);
      }
    }
  }
  finish(sums, rows, width, byRows, sign, target, accumulate);
}

/** By rows: what the reals of a row are multiplied by for each part of the result; by columns: the parts of x. */
function coefficientsOf(
  x: VectorView,
  count: number,
  width: 1 | 2,
  byRows: boolean,
  sign: number,
  bytes: 4 | 8,
): FloatArray[] {
  const data = x.data as FloatArray;
  const signX = x.conjugate ? -1 : 1;
  const size = byRows ? count * width : count;
  const parts = Array.from({ length: width }, () =>
    bytes === 4 ? new Float32Array(size) : new Float64Array(size),
  );
  for (let i = 0, p = x.offset * width; i < count; i++, p += x.stride * width) {
    const re = data[p]!;
    if (width === 1) {
      parts[0]![i] = re;
      continue;
    }
    const im = signX * data[p + 1]!;
    if (byRows) {
      parts[0]![2 * i] = re;
      parts[0]![2 * i + 1] = -sign * im;
      parts[1]![2 * i] = im;
      parts[1]![2 * i + 1] = sign * re;
    } else {
      parts[0]![i] = re;
      parts[1]![i] = im;
    }
  }
  return parts;
}

function addTo(sums: Float64Array, start: number, view: FloatArray, from: number, count: number): void {
  for (let i = 0; i < count; i++) sums[start + i]! += view[from + i]!;
}

function finish(
  sums: readonly Float64Array[],
  rows: number,
  width: 1 | 2,
  byRows: boolean,
  sign: number,
  target: VectorView,
  accumulate: boolean,
): void {
  const data = target.data as FloatArray;
  const first = sums[0]!;
  const second = sums[1] ?? first;
  for (let i = 0, to = target.offset * width; i < rows; i++, to += target.stride * width) {
    if (width === 1) {
      data[to] = accumulate ? data[to]! + first[i]! : first[i]!;
      continue;
    }
    const re = byRows ? first[i]! : first[2 * i]! - sign * second[2 * i + 1]!;
    const im = byRows ? second[i]! : sign * first[2 * i + 1]! + second[2 * i]!;
    data[to] = accumulate ? data[to]! + re : re;
    data[to + 1] = accumulate ? data[to + 1]! + im : im;
  }
}
