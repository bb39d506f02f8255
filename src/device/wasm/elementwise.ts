// Element-wise kernels: one small module per function and element type, compiled when it is first needed. Arrays
// stream through buffers in WebAssembly memory in pieces that stay in the cache.

import type { BinaryKernel, FloatArray, FloatType, UnaryKernel } from "../device.ts";
import { BINARY, UNARY } from "../scalar.ts";
import {
  assumeUsual,
  type FunctionBuilder,
  get,
  i32,
  load,
  ModuleBuilder,
  type Node,
  op,
  shuffle,
  v128,
} from "./assembler.ts";
import {
  BINARY_ARITHMETIC,
  BINARY_FUNCTIONS,
  SHAPES,
  UNARY_ARITHMETIC,
  UNARY_FUNCTIONS,
} from "./definitions.ts";
import { hasRelaxedSimd } from "./features.ts";
import type { KernelContext } from "./lanes.ts";
import { memoryView, reserve, sharedMemory } from "./memory.ts";

/**
 * Elements of a piece: its buffers stay in the second-level cache, and it is long enough to hide what views of it
 * cost.
 */
const PIECE = 8192;
const PIECE_BYTES = PIECE * 8;
/**
 * Byte addresses of the buffers, not a multiple of 4096 apart so that loads do not wait for stores. Operands follow
 * each other, the result is the last one.
 */
const BUFFERS = [0, PIECE_BYTES + 640, 2 * (PIECE_BYTES + 640)] as const;

/** Below these counts plain loops are faster (measured): a trip into WebAssembly costs about 0.2 microseconds. */
const ARITHMETIC_THRESHOLD = 32;
const FUNCTION_THRESHOLD = 20;

type Run = (count: number) => void;

const kernels = new Map<string, Run | undefined>();

/** Forgets the compiled kernels, so that tests can change what the engine accepts. */
export function forgetElementwiseKernels(): void {
  kernels.clear();
}

function kernel(
  key: string,
  arity: 1 | 2,
  type: FloatType,
  name: string,
  scalar: (...x: number[]) => number,
): Run | undefined {
  if (kernels.has(key)) return kernels.get(key);
  const module = build(arity, type, name);
  const run = module
    ? (new WebAssembly.Instance(new WebAssembly.Module(module), {
        env: { memory: sharedMemory(), scalar },
      }).exports["run"] as Run)
    : undefined;
  kernels.set(key, run);
  return run;
}

/** A module that exports `run(count)`: result[i] = f(operands[i]) over the buffers, by whole vectors. */
function build(arity: 1 | 2, type: FloatType, name: string): Uint8Array<ArrayBuffer> | undefined {
  const shape = SHAPES[type];
  const arithmetic = arity === 1 ? UNARY_ARITHMETIC[name as UnaryKernel] : undefined;
  const arithmetic2 = arity === 2 ? BINARY_ARITHMETIC[name as BinaryKernel] : undefined;
  const unary = arity === 1 ? UNARY_FUNCTIONS[name as UnaryKernel] : undefined;
  const binary = arity === 2 ? BINARY_FUNCTIONS[name as BinaryKernel] : undefined;
  if (!(arithmetic ?? arithmetic2 ?? unary ?? binary)) return undefined;

  const module = new ModuleBuilder();
  module.importMemory();
  const context: KernelContext = {
    fused: hasRelaxedSimd(),
    scalar: module.importFunction("scalar", Array(arity).fill("f64"), ["f64"]),
  };
  const onPairs = (args: Node[]): Node =>
    unary ? unary(context, args[0]!) : binary!(context, args[0]!, args[1]!);
  const apply = (args: Node[]): Node => {
    if (arithmetic) return arithmetic(shape, args[0]!);
    if (arithmetic2) return arithmetic2(shape, args[0]!, args[1]!);
    return type === "float64" ? onPairs(args) : inDoubles(onPairs, args);
  };

  const bytes = type === "float32" ? 4 : 8;
  /** Vectors next to each other: their operands are loaded first, so that their computations overlap. */
  const VECTORS = 2;
  /** Bytes after which the results are checked for rare cases. */
  const BLOCK = 1024;

  module.function("run", ["i32"], [], (f: FunctionBuilder) => {
    const at = f.local("i32");
    const start = f.local("i32");
    const stop = f.local("i32");
    const seen = f.local("v128");
    const end = f.param(0);
    f.set(end, op("i32.mul", get(end), i32(bytes)));

    const results = (vectors: number): Node[] =>
      Array.from({ length: vectors }, (_, v) =>
        apply(BUFFERS.slice(0, arity).map((from) => f.let(load("v128.load", get(at), from + 16 * v)))),
      );
    const store = (values: readonly Node[]): void => {
      for (const [v, value] of values.entries())
        f.store("v128.store", get(at), value, BUFFERS[arity]! + 16 * v);
    };
    const usually = (): void => {
      const { usual, masks } = assumeUsual(results(VECTORS));
      f.sharing([...usual, ...masks], () => {
        store(usual);
        if (masks.length)
          f.set(
            seen,
            masks.reduce((all, mask) => op("v128.or", all, mask), get(seen)),
          );
      });
    };
    const carefully = (): void => {
      const values = results(1);
      f.sharing(values, () => store(values));
    };

    f.for(start, get(end), i32(BLOCK), () => {
      f.set(stop, op("i32.add", get(start), i32(BLOCK)));
      f.if(op("i32.gt_s", get(stop), get(end)), () => f.set(stop, get(end)));
      f.set(at, get(start));
      f.set(seen, v128(0n, 0n));
      f.for(at, get(stop), i32(16 * VECTORS), usually);
      f.if(op("v128.any_true", get(seen)), () => {
        f.set(at, get(start));
        f.for(at, get(stop), i32(16), carefully);
      });
    });
  });
  return module.toBytes();
}

/** Applies a function of float64 pairs to vectors of four float32. */
export function inDoubles(f: (args: Node[]) => Node, args: Node[]): Node {
  const half = (pick: readonly number[]): Node =>
    op("f32x4.demote_f64x2_zero", f(args.map((x) => op("f64x2.promote_low_f32x4", shuffle(x, x, pick)))));
  return shuffle(half([0, 1, 2, 3]), half([2, 3, 0, 1]), [0, 1, 4, 5]);
}

const typeOf = (x: FloatArray): FloatType => (x instanceof Float64Array ? "float64" : "float32");

function unaryLoop(
  f: (x: number) => number,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) out[outStart + i] = f(x[xStart + i]!);
}

/** out[i] = name(x[i]); see `Device.unary`. */
export function unary(
  name: UnaryKernel,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
  count: number,
): void {
  const scalar = UNARY[name];
  const threshold = name in UNARY_ARITHMETIC ? ARITHMETIC_THRESHOLD : FUNCTION_THRESHOLD;
  const type = typeOf(x);
  const run = count < threshold ? undefined : kernel(`${name} ${type}`, 1, type, name, scalar);
  if (!run || type !== typeOf(out)) {
    unaryLoop(scalar, x, xStart, out, outStart, count);
    return;
  }
  reserve(4 * PIECE_BYTES);
  const bytes = type === "float32" ? 4 : 8;
  const view = memoryView(bytes);
  const result = BUFFERS[1] / bytes;
  for (let done = 0; done < count; done += PIECE) {
    const length = Math.min(PIECE, count - done);
    const from = xStart + done;
    view.set(from === 0 && length === x.length ? x : x.subarray(from, from + length), 0);
    run(length);
    out.set(view.subarray(result, result + length), outStart + done);
  }
}

/** out[i] = name(a[i * aStep], b[i * bStep]); see `Device.binary`. */
export function binary(
  name: BinaryKernel,
  a: FloatArray,
  aStart: number,
  aStep: 0 | 1,
  b: FloatArray,
  bStart: number,
  bStep: 0 | 1,
  out: FloatArray,
  outStart: number,
  count: number,
): void {
  const scalar = BINARY[name];
  const threshold = name in BINARY_ARITHMETIC ? ARITHMETIC_THRESHOLD : FUNCTION_THRESHOLD;
  const type = typeOf(out);
  const run = count < threshold ? undefined : kernel(`${name} ${type} 2`, 2, type, name, scalar);
  if (!run || type !== typeOf(a) || type !== typeOf(b)) {
    for (let i = 0; i < count; i++)
      out[outStart + i] = scalar(a[aStart + i * aStep]!, b[bStart + i * bStep]!);
    return;
  }
  reserve(4 * PIECE_BYTES);
  const bytes = type === "float32" ? 4 : 8;
  const view = memoryView(bytes);
  const second = BUFFERS[1] / bytes;
  const result = BUFFERS[2] / bytes;
  const repeated = Math.min(PIECE, count + 4);
  if (!aStep) view.fill(a[aStart]!, 0, repeated);
  if (!bStep) view.fill(b[bStart]!, second, second + repeated);
  for (let done = 0; done < count; done += PIECE) {
    const length = Math.min(PIECE, count - done);
    if (aStep) view.set(a.subarray(aStart + done, aStart + done + length), 0);
    if (bStep) view.set(b.subarray(bStart + done, bStart + done + length), second);
    run(length);
    out.set(view.subarray(result, result + length), outStart + done);
  }
}
