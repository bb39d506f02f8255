// Sums over shifted copies of an image, which stays in WebAssembly memory while all of them are added up: what
// convolutions do whose groups have too few features for a matrix product.

import type { FloatArray, FloatType, SlidingSum } from "../device.ts";
import {
  type FunctionBuilder,
  type FunctionRef,
  get,
  i32,
  type Local,
  load,
  ModuleBuilder,
  type Node,
  op,
  v128,
} from "./assembler.ts";
import { hasRelaxedSimd } from "./features.ts";
import { align, memoryView, reserve, sharedMemory } from "./memory.ts";
import { copyLine } from "./staging.ts";

/**
 * For each feature out[0 … bytes) = Σ over `terms` of weights[t] · image[starts[t] …]; whole vectors. Positions and
 * strides, from a feature to the next, are bytes.
 */
type RunKernel = (
  image: number,
  starts: number,
  weights: number,
  weightStride: number,
  terms: number,
  out: number,
  outStride: number,
  features: number,
  bytes: number,
) => void;

/** Features and vectors of a tile, whose sums stay in registers over all terms: as for the matrix product (gemm.ts). */
const TILE_FEATURES = 2;
const TILE_VECTORS = 4;
/** Terms of one pass through the loop of a tile. */
const UNROLL = 8;
const kernels = new Map<FloatType, RunKernel>();

function kernelOf(type: FloatType): RunKernel {
  let found = kernels.get(type);
  if (!found) {
    const module = new ModuleBuilder();
    module.importMemory();
    const tiles = [1, TILE_FEATURES].map((features) =>
      [1, TILE_VECTORS].map((vectors) => tileKernel(module, type, features, vectors)),
    );
    runKernel(module, tiles as [FunctionRef[], FunctionRef[]]);
    const imports = { env: { memory: sharedMemory() } };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.toBytes()), imports);
    found = exports["run"] as RunKernel;
    kernels.set(type, found);
  }
  return found;
}

const add = (a: Node, b: Node): Node => op("i32.add", a, b);
const params = (f: FunctionBuilder, count: number): Local[] =>
  Array.from({ length: count }, (_, i) => f.param(i));

/** Some vectors of some features. */
function tileKernel(module: ModuleBuilder, type: FloatType, features: number, vectors: number): FunctionRef {
  const [lanes, bytes, splat] =
    type === "float32"
      ? (["f32x4", 4, "v128.load32_splat"] as const)
      : (["f64x2", 8, "v128.load64_splat"] as const);
  const fused = hasRelaxedSimd();
  const signature = new Array<"i32">(7).fill("i32");
  return module.function(`tile_${features}x${vectors}`, signature, [], (f) => {
    const [image, starts, weights, weightStride, terms, out, outStride] = params(f, 7) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const sums = Array.from({ length: features }, () =>
      Array.from({ length: vectors }, () => f.local("v128")),
    );
    const factors = sums.map((_, o) => (o ? f.local("i32") : weights));
    const x = Array.from({ length: vectors }, () => f.local("v128"));
    const from = f.local("i32");
    const factor = f.local("v128");
    for (const row of sums) for (const sum of row) f.set(sum, v128(0, 0));
    for (let o = 1; o < features; o++) f.set(factors[o]!, add(get(factors[o - 1]!), get(weightStride)));
    // Leaving is possible after every term, which saves a second loop for the rest.
    f.loopUntil((leaveIf) => {
      for (let u = 0; u < UNROLL; u++) {
        f.set(from, add(get(image), load("i32.load", get(starts), 4 * u)));
        for (const [v, vector] of x.entries()) f.set(vector, load("v128.load", get(from), 16 * v));
        for (const [o, row] of sums.entries()) {
          f.set(factor, load(splat, get(factors[o]!), u * bytes));
          for (const [v, sum] of row.entries())
            f.set(
              sum,
              fused
                ? op(`${lanes}.relaxed_madd`, get(factor), get(x[v]!), get(sum))
                : op(`${lanes}.add`, get(sum), op(`${lanes}.mul`, get(factor), get(x[v]!))),
            );
        }
        leaveIf(op("i32.eq", get(terms), i32(u + 1)));
      }
      f.set(terms, add(get(terms), i32(-UNROLL)));
      f.set(starts, add(get(starts), i32(4 * UNROLL)));
      for (const at of factors) f.set(at, add(get(at), i32(bytes * UNROLL)));
    });
    for (const [o, row] of sums.entries()) {
      if (o) f.set(out, add(get(out), get(outStride)));
      for (const [v, sum] of row.entries()) f.store("v128.store", get(out), get(sum), 16 * v);
    }
  });
}

/** All features of one piece of the run after the other, so that the piece of the image stays in the first cache. */
function runKernel(module: ModuleBuilder, tiles: readonly [FunctionRef[], FunctionRef[]]): void {
  module.function("run", new Array<"i32">(9).fill("i32"), [], (f) => {
    const [image, starts, weights, weightStride, terms, out, outStride, features, bytes] = params(f, 9) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const end = f.local("i32");
    const left = f.local("i32");
    const factors = f.local("i32");
    const to = f.local("i32");
    const piece = (size: 0 | 1): void => {
      const tile = (which: 0 | 1): void => {
        const count = which ? TILE_FEATURES : 1;
        f.call(tiles[which][size]!, ...[image, starts, factors, weightStride, terms, to, outStride].map(get));
        f.set(left, add(get(left), i32(-count)));
        for (let o = 0; o < count; o++) {
          f.set(factors, add(get(factors), get(weightStride)));
          f.set(to, add(get(to), get(outStride)));
        }
      };
      const manyLeft = (): Node => op("i32.ge_s", get(left), i32(TILE_FEATURES));
      const someLeft = (): Node => op("i32.gt_s", get(left), i32(0));
      f.set(left, get(features));
      f.set(factors, get(weights));
      f.set(to, get(out));
      f.if(manyLeft(), () => f.doWhile(() => tile(1), manyLeft));
      f.if(someLeft(), () => f.doWhile(() => tile(0), someLeft));
      const advance = i32(16 * (size ? TILE_VECTORS : 1));
      f.set(image, add(get(image), advance));
      f.set(out, add(get(out), advance));
    };
    f.set(end, add(get(out), get(bytes)));
    for (const size of [1, 0] as const) {
      const fits = (): Node => op("i32.le_s", add(get(out), i32(16 * (size ? TILE_VECTORS : 1))), get(end));
      f.if(fits(), () => f.doWhile(() => piece(size), fits));
    }
  });
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
  const terms = starts.length;
  const lastRow = rows.at(-1) ?? 0;
  const isOneRun = lastRow + count <= (1 + GAP) * rows.length * count;
  const rowBytes = (count * bytes + 15) & ~15;
  const planeBytes = isOneRun ? ((lastRow + count) * bytes + 15) & ~15 : rows.length * rowBytes;
  const startsAt = align(size * bytes + 64);
  const weightsAddress = startsAt + align(terms * 4);
  const outAt = weightsAddress + align(features * terms * bytes);
  reserve(outAt + features * planeBytes);
  const view = memoryView(bytes);
  write(view, 0);
  // Vectors at the end of a run reach a little beyond the image.
  view.fill(0, size, size + 64 / bytes);
  const addresses = new Int32Array(view.buffer, startsAt, terms);
  for (let t = 0; t < terms; t++) addresses[t] = starts[t]! * bytes;
  copyLine(view, weightsAddress / bytes, weights, weightsAt, features * terms);
  const sum = (image: number, out: number, length: number): void =>
    run(image, startsAt, weightsAddress, terms * bytes, terms, out, planeBytes, features, length);
  if (isOneRun) sum(0, outAt, planeBytes);
  else for (let r = 0; r < rows.length; r++) sum(rows[r]! * bytes, outAt + r * rowBytes, rowBytes);
  for (let o = 0; o < features; o++) {
    const plane = (outAt + o * planeBytes) / bytes;
    const to = outStart + o * featureStep;
    for (let r = 0; r < rows.length; r++)
      copyLine(out, to + r * count, view, plane + (isOneRun ? rows[r]! : (r * rowBytes) / bytes), count);
  }
}
