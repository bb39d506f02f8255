// Reductions, inner products and axpy. Sums run in float64 for both element types: four vectors of partial sums over
// blocks of 256 elements, blocks added up per piece, pieces added up pairwise, so that the error grows like that of
// the plain pairwise loops.

import type { FloatArray, FloatType, ReduceKernel } from "../device.ts";
import { scalarDevice } from "../scalar.ts";
import { get, i32, type Local, lane, load, ModuleBuilder, type Node, op, shuffle } from "./assembler.ts";
import { abs, add, constant, max, min, mul } from "./lanes.ts";
import { memoryView, reserve, sharedMemory } from "./memory.ts";

/** Elements of a piece. */
const PIECE = 8192;
const SECOND = PIECE * 8 + 640;
const BLOCK = 256;
/** Below this count plain loops are faster (measured). */
const THRESHOLD = 256;

type Fold = ReduceKernel | "dot";

interface FoldRule {
  readonly identity: number;
  readonly operands: 1 | 2;
  readonly map: (x: Node, y: Node) => Node;
  readonly combine: (a: Node, b: Node) => Node;
}

const self = (x: Node): Node => x;
const FOLDS: Readonly<Record<Fold, FoldRule>> = {
  sum: { identity: 0, operands: 1, map: self, combine: add },
  sumSquares: { identity: 0, operands: 1, map: (x) => mul(x, x), combine: add },
  sumAbs: { identity: 0, operands: 1, map: abs, combine: add },
  prod: { identity: 1, operands: 1, map: self, combine: mul },
  max: { identity: -Infinity, operands: 1, map: self, combine: max },
  min: { identity: Infinity, operands: 1, map: self, combine: min },
  dot: { identity: 0, operands: 2, map: mul, combine: add },
};

/** Folds the first `count` elements of the buffers; `count` is a multiple of 8. */
type FoldKernel = (count: number) => number;

const folds = new Map<string, FoldKernel>();
const axpys = new Map<FloatType, (count: number, alpha: number) => void>();

function instantiate(module: ModuleBuilder): WebAssembly.Exports {
  const imports = { env: { memory: sharedMemory() } };
  return new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports).exports;
}

/** Two neighbouring elements as float64, `pair` pairs after an address. */
function loadPair(type: FloatType, address: Node, pair: number, buffer: number): Node {
  if (type === "float64") return load("v128.load", address, buffer + 16 * pair);
  return op("f64x2.promote_low_f32x4", load("v128.load64_zero", address, buffer + 8 * pair));
}

function foldKernel(name: Fold, type: FloatType): FoldKernel {
  const key = `${name} ${type}`;
  const known = folds.get(key);
  if (known) return known;
  const { identity, operands, map, combine } = FOLDS[name];
  const bytes = type === "float32" ? 4 : 8;
  const module = new ModuleBuilder();
  module.importMemory();
  module.function("fold", ["i32"], ["f64"], (f) => {
    const end = f.param(0);
    const at = f.local("i32");
    const stop = f.local("i32");
    const total = f.local("v128");
    const partial = [0, 1, 2, 3].map(() => f.local("v128")) as [Local, Local, Local, Local];
    f.set(end, op("i32.mul", get(end), i32(bytes)));
    f.set(total, constant(identity));
    f.if(op("i32.gt_s", get(end), i32(0)), () =>
      f.doWhile(
        () => {
          const next = f.let(op("i32.add", get(at), i32(BLOCK * bytes)));
          f.set(stop, next);
          f.if(op("i32.gt_s", next, get(end)), () => f.set(stop, get(end)));
          for (const sum of partial) f.set(sum, constant(identity));
          f.for(at, get(stop), i32(8 * bytes), () => {
            for (const [i, sum] of partial.entries()) {
              const x = f.let(loadPair(type, get(at), i, 0));
              const y = operands === 2 ? loadPair(type, get(at), i, SECOND) : x;
              f.set(sum, combine(get(sum), map(x, y)));
            }
          });
          const [a, b, c, d] = partial.map(get) as [Node, Node, Node, Node];
          f.set(total, combine(get(total), combine(combine(a, b), combine(c, d))));
        },
        () => op("i32.lt_s", get(at), get(end)),
      ),
    );
    const swapped = shuffle(get(total), get(total), [1, 0]);
    f.result(lane("f64x2.extract_lane", 0, combine(get(total), swapped)));
  });
  const fold = instantiate(module)["fold"] as FoldKernel;
  folds.set(key, fold);
  return fold;
}

const typeOf = (x: FloatArray): FloatType => (x instanceof Float64Array ? "float64" : "float32");

const COMBINE: Readonly<Record<Fold, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  sumSquares: (a, b) => a + b,
  sumAbs: (a, b) => a + b,
  dot: (a, b) => a + b,
  prod: (a, b) => a * b,
  max: Math.max,
  min: Math.min,
};

/** Folds a run, halving it down to pieces. */
function foldRun(
  name: Fold,
  fold: FoldKernel,
  view: FloatArray,
  x: FloatArray,
  xStart: number,
  y: FloatArray | undefined,
  yStart: number,
  count: number,
): number {
  if (count > PIECE) {
    const half = Math.ceil(count / 2 / PIECE) * PIECE;
    return COMBINE[name](
      foldRun(name, fold, view, x, xStart, y, yStart, half),
      foldRun(name, fold, view, x, xStart + half, y, yStart + half, count - half),
    );
  }
  const whole = (count + 7) & ~7;
  const second = SECOND / view.BYTES_PER_ELEMENT;
  view.set(x.subarray(xStart, xStart + count), 0);
  view.fill(FOLDS[name].identity, count, whole);
  if (y) {
    view.set(y.subarray(yStart, yStart + count), second);
    view.fill(0, second + count, second + whole);
  }
  return fold(whole);
}

/** See `Device.reduce`. */
export function reduce(name: ReduceKernel, x: FloatArray, start: number, count: number): number {
  if (count < THRESHOLD) return scalarDevice.reduce(name, x, start, count);
  const type = typeOf(x);
  const fold = foldKernel(name, type);
  reserve(2 * SECOND);
  return foldRun(name, fold, memoryView(type === "float32" ? 4 : 8), x, start, undefined, 0, count);
}

/** See `Device.dot`. */
export function dot(x: FloatArray, xStart: number, y: FloatArray, yStart: number, count: number): number {
  const type = typeOf(x);
  if (count < THRESHOLD || type !== typeOf(y)) return scalarDevice.dot(x, xStart, y, yStart, count);
  const fold = foldKernel("dot", type);
  reserve(2 * SECOND);
  return foldRun("dot", fold, memoryView(type === "float32" ? 4 : 8), x, xStart, y, yStart, count);
}

/** y += alpha x over the two buffers, computed in float64. */
function axpyKernel(type: FloatType): (count: number, alpha: number) => void {
  const known = axpys.get(type);
  if (known) return known;
  const module = new ModuleBuilder();
  module.importMemory();
  module.function("axpy", ["i32", "f64"], [], (f) => {
    const at = f.local("i32");
    const alpha = f.let(op("f64x2.splat", get(f.param(1))));
    const bytes = type === "float32" ? 4 : 8;
    const end = f.let(op("i32.mul", get(f.param(0)), i32(bytes)));
    f.for(at, end, i32(32), () => {
      const sum = (pair: number): Node => {
        const x = loadPair(type, get(at), pair, 0);
        const y = loadPair(type, get(at), pair, SECOND);
        return add(y, mul(alpha, x));
      };
      for (const half of [0, 1]) {
        const narrow = (pair: number): Node => op("f32x4.demote_f64x2_zero", sum(pair));
        const value =
          type === "float64" ? sum(half) : shuffle(narrow(2 * half), narrow(2 * half + 1), [0, 1, 4, 5]);
        f.store("v128.store", get(at), value, SECOND + 16 * half);
      }
    });
  });
  const axpy = instantiate(module)["axpy"] as (count: number, alpha: number) => void;
  axpys.set(type, axpy);
  return axpy;
}

/** See `Device.axpy`. */
export function axpy(
  alpha: number,
  x: FloatArray,
  xStart: number,
  y: FloatArray,
  yStart: number,
  count: number,
): void {
  const type = typeOf(x);
  if (count < THRESHOLD || type !== typeOf(y)) {
    scalarDevice.axpy(alpha, x, xStart, y, yStart, count);
    return;
  }
  const run = axpyKernel(type);
  reserve(2 * SECOND);
  const view = memoryView(type === "float32" ? 4 : 8);
  const second = SECOND / view.BYTES_PER_ELEMENT;
  for (let done = 0; done < count; done += PIECE) {
    const length = Math.min(PIECE, count - done);
    view.set(x.subarray(xStart + done, xStart + done + length), 0);
    view.set(y.subarray(yStart + done, yStart + done + length), second);
    run(length, alpha);
    y.set(view.subarray(second, second + length), yStart + done);
  }
}
