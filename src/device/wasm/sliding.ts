// Sums over shifted copies of an image, which stays in WebAssembly memory while all of them are added up: what
// convolutions do whose groups have too few features for a matrix product.

import type { FloatArray, FloatType, SlidingSum } from "../device.ts";
import {
  type FunctionBuilder,
  get,
  i32,
  type Local,
  load,
  ModuleBuilder,
  type Node,
  op,
} from "./assembler.ts";
import { hasRelaxedSimd } from "./features.ts";
import { align, memoryView, reserve, sharedMemory } from "./memory.ts";
import { copyLine } from "./staging.ts";

/** out[0 … bytes) = Σ over `terms` of weights[t] · image[starts[t] …]; whole vectors, all positions byte addresses. */
type RunKernel = (
  image: number,
  starts: number,
  weights: number,
  terms: number,
  out: number,
  bytes: number,
) => void;

/** Vectors of a run that are summed at once: their sums stay in registers over all terms. */
const VECTORS = 6;
const kernels = new Map<FloatType, RunKernel>();

function kernelOf(type: FloatType): RunKernel {
  let found = kernels.get(type);
  if (!found) {
    const module = new ModuleBuilder();
    module.importMemory();
    runKernel(module, type);
    const imports = { env: { memory: sharedMemory() } };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports);
    found = exports["run"] as RunKernel;
    kernels.set(type, found);
  }
  return found;
}

function runKernel(module: ModuleBuilder, type: FloatType): void {
  const [lanes, shift, splat] =
    type === "float32" ? ["f32x4", 2, "v128.load32_splat"] : ["f64x2", 3, "v128.load64_splat"];
  const bytesOf = (count: Node): Node => op("i32.shl", count, i32(shift as number));
  const fused = hasRelaxedSimd();
  module.function("run", ["i32", "i32", "i32", "i32", "i32", "i32"], [], (f) => {
    const [image, starts, weights, terms, out, bytes] = [0, 1, 2, 3, 4, 5].map((i) => f.param(i)) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const end = f.local("i32");
    const term = f.local("i32");
    const from = f.local("i32");
    const factor = f.local("v128");
    const sums = Array.from({ length: VECTORS }, () => f.local("v128"));
    const advance = (local: Local, by: Node): void => f.set(local, op("i32.add", get(local), by));

    /** The next `vectors` vectors of the run. */
    const block = (vectors: number): void => {
      const used = sums.slice(0, vectors);
      for (const [v, sum] of used.entries()) f.set(sum, load("v128.load", get(out), 16 * v));
      f.set(term, i32(0));
      f.for(term, get(terms), i32(1), () => {
        const start = load("i32.load", op("i32.add", get(starts), op("i32.shl", get(term), i32(2))));
        f.set(from, op("i32.add", get(image), bytesOf(start)));
        f.set(factor, load(splat as string, op("i32.add", get(weights), bytesOf(get(term)))));
        for (const [v, sum] of used.entries()) {
          const x = load("v128.load", get(from), 16 * v);
          f.set(
            sum,
            fused
              ? op(`${lanes}.relaxed_madd`, get(factor), x, get(sum))
              : op(`${lanes}.add`, get(sum), op(`${lanes}.mul`, get(factor), x)),
          );
        }
      });
      for (const [v, sum] of used.entries()) f.store("v128.store", get(out), get(sum), 16 * v);
      advance(image, i32(16 * vectors));
      advance(out, i32(16 * vectors));
    };
    f.set(end, op("i32.add", get(out), get(bytes)));
    blocksUntil(f, out, end, VECTORS, block);
    blocksUntil(f, out, end, 1, block);
  });
}

/** Repeats blocks of `vectors` vectors as long as a whole one lies before the end. */
function blocksUntil(
  f: FunctionBuilder,
  at: Local,
  end: Local,
  vectors: number,
  block: (vectors: number) => void,
): void {
  const fits = (): Node => op("i32.le_s", op("i32.add", get(at), i32(16 * vectors)), get(end));
  f.if(fits(), () => f.doWhile(() => block(vectors), fits));
}

/** Rows with gaps of less than this part of their own length are summed as one run, gaps and all. */
const GAP = 0.5;

/** See `Device.slide`. */
export function slide(
  type: FloatType,
  { size, write, starts, weights, weightsAt, features, rows, count }: SlidingSum,
  out: FloatArray,
  outStart: number,
  featureStep: number,
): void {
  const bytes = type === "float32" ? 4 : 8;
  const run = kernelOf(type);
  const lastRow = rows.at(-1) ?? 0;
  const isOneRun = lastRow + count <= (1 + GAP) * rows.length * count;
  const whole = (entries: number): number => (entries * bytes + 15) & ~15;
  const startsAt = align(size * bytes + 64);
  const factorsAt = startsAt + align(starts.length * 4);
  const outAt = factorsAt + align(starts.length * bytes);
  const rowBytes = isOneRun ? 0 : whole(count);
  reserve(outAt + (isOneRun ? whole(lastRow + count) : rows.length * rowBytes));
  const view = memoryView(bytes);
  write(view, 0);
  // Vectors at the end of a run reach a little beyond the image.
  view.fill(0, size, size + 64 / bytes);
  new Int32Array(view.buffer, startsAt, starts.length).set(starts);
  for (let o = 0; o < features; o++) {
    const first = weightsAt + o * starts.length;
    copyLine(view, factorsAt / bytes, weights, first, starts.length);
    const total = isOneRun ? whole(lastRow + count) : rows.length * rowBytes;
    view.fill(0, outAt / bytes, (outAt + total) / bytes);
    if (isOneRun) run(0, startsAt, factorsAt, starts.length, outAt, total);
    else
      for (let r = 0; r < rows.length; r++)
        run(rows[r]! * bytes, startsAt, factorsAt, starts.length, outAt + r * rowBytes, rowBytes);
    let to = outStart + o * featureStep;
    for (let r = 0; r < rows.length; r++, to += count)
      copyLine(out, to, view, (outAt + r * rowBytes) / bytes + (isOneRun ? rows[r]! : 0), count);
  }
}
