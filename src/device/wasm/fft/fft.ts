// Fourier transforms on WebAssembly: brings blocks of rows or columns into its memory, where they are transformed while
// they are in the cache. Rows too long for that are matrices whose columns are transformed, then their rows (D. Bailey,
// "FFTs in external or hierarchical memory", J. Supercomputing 4, 1990).

import type { FloatArray } from "../../device.ts";
import { smallPrimes } from "../../roots.ts";
import { fftSmooth } from "../../stockham.ts";
import { enterArena, leaveArena, memoryView, reserve, SCRATCH } from "../memory.ts";
import { readyThreads, runParts, shareOut } from "../threads/pool.ts";
import { BYTES, fourierKernels } from "./kernels.ts";
import { planOf, powersOf, together } from "./plans.ts";

/** Longer rows are taken apart: up to here both buffers of a row stay in the second cache. */
const LONGEST_ROW = 1 << 14;
/** Numbers that are brought in at once, for one thread and for several. */
const BLOCK = 1 << 15;
const SHARED_BLOCK = 1 << 18;
/** Numbers that go through all passes together. */
const PASSES_BLOCK = 1 << 11;
/** Columns that are transformed together, at least: four lines of the cache. */
const WIDTH = 16;
/** Numbers of columns that are transformed together where those are short. */
const STRIP = 1 << 12;
/** Matrices of more numbers than this are brought in strip by strip. */
const MOST_STAGED = 1 << 23;
/** Less is not worth waking other threads for. */
const LEAST_SHARED = 1 << 15;

/** See `Device.fft`, for lengths without prime factors above 13. */
export function fftSmoothWasm(
  sign: -1 | 1,
  scale: number,
  outer: number,
  n: number,
  inner: number,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
): void {
  if (n === 1) {
    fftSmooth(sign, scale, outer, n, inner, x, xStart, out, outStart);
    return;
  }
  if (n > LONGEST_ROW) {
    longRows(sign, scale, outer, n, inner, x, xStart, out, outStart);
    return;
  }
  const total = outer * n * inner;
  const most = total >= LEAST_SHARED && readyThreads() > 1 ? SHARED_BLOCK : BLOCK;
  // Whole pieces [n, inner], several of them where they are small, or strips of their columns.
  const isWhole = n * inner <= most;
  const width = isWhole ? inner : Math.max(WIDTH, Math.floor(BLOCK / n));
  const pieceSize = n * inner;
  const many = Math.max(1, Math.floor(most / (n * width)));
  if (isWhole) {
    for (let o = 0; o < outer; o += many) {
      const count = Math.min(many, outer - o);
      const [from, to] = [xStart + 2 * o * pieceSize, outStart + 2 * o * pieceSize];
      block(sign, scale, count, n, inner, {
        bring: (view, at) => view.set(x.subarray(from, from + 2 * count * pieceSize), at),
        take: (view, at) => out.set(view.subarray(at, at + 2 * count * pieceSize), to),
      });
    }
    return;
  }
  for (let o = 0; o < outer; o++) {
    const [from, to] = [xStart + 2 * o * pieceSize, outStart + 2 * o * pieceSize];
    if (!wholeMatrix(sign, scale, n, inner, x, from, out, to))
      strips(sign, scale, n, inner, width, many, x, from, out, to);
  }
}

/** Transforms the columns of a matrix inside WebAssembly memory; false when there is no room for it. */
function wholeMatrix(
  sign: -1 | 1,
  scale: number,
  n: number,
  columns: number,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
): boolean {
  if (n * columns > MOST_STAGED) return false;
  const width = Math.max(WIDTH, Math.floor(STRIP / n));
  const parts = readyThreads();
  const workBytes = 2 * (n * width * BYTES + 640);
  const size = 2 * n * columns;
  return inArena(HEAD_BYTES + n * columns * BYTES + 640 + parts * workBytes, (base) => {
    const xAt = base + HEAD_BYTES;
    const workAt = xAt + n * columns * BYTES + 640;
    const plan = planOf(n, sign);
    const view = memoryView(8) as Float64Array;
    view.fill(scale, (base + FACTOR_AT) / 8, (base + FACTOR_AT) / 8 + 2);
    view.set(x.subarray(xStart, xStart + size), xAt / 8);
    let part = 0;
    runParts(
      fourierKernels().inPlace,
      shareOut(columns, width, parts, (from, count) => {
        const work = workAt + part++ * workBytes;
        const [first, second] = [work, work + workBytes / 2];
        const stride = columns * BYTES;
        return [plan.address, xAt, first, second, from, from + count, width, stride, n, base + FACTOR_AT];
      }),
    );
    out.set(view.subarray(xAt / 8, xAt / 8 + size), outStart);
  });
}

/** Runs `body` with the address of so many bytes; false when the memory cannot hold them. */
function inArena(bytes: number, body: (base: number) => void): boolean {
  if (bytes <= SCRATCH) {
    reserve(bytes);
    body(0);
    return true;
  }
  let base: number;
  try {
    base = enterArena(bytes);
  } catch {
    return false;
  }
  try {
    body(base);
  } finally {
    leaveArena(bytes);
  }
  return true;
}

/** Transforms the columns of a matrix, some at a time. */
function strips(
  sign: -1 | 1,
  scale: number,
  n: number,
  inner: number,
  width: number,
  many: number,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
): void {
  for (let first = 0; first < inner; ) {
    const left = inner - first;
    const strip = Math.min(width, left);
    const count = Math.max(1, Math.min(many, Math.floor(left / strip)));
    const shift = 2 * first;
    const numbers = 2 * strip;
    block(sign, scale, count, n, strip, {
      bring: (view, at) => {
        for (let c = 0, to = at; c < count; c++)
          for (let j = 0, from = xStart + shift + c * numbers; j < n; j++, from += 2 * inner, to += numbers)
            view.set(x.subarray(from, from + numbers), to);
      },
      take: (view, at) => {
        for (let c = 0, from = at; c < count; c++)
          for (let j = 0, to = outStart + shift + c * numbers; j < n; j++, to += 2 * inner, from += numbers)
            out.set(view.subarray(from, from + numbers), to);
      },
    });
    first += count * strip;
  }
}

interface Movement {
  bring(view: Float64Array, at: number): void;
  take(view: Float64Array, at: number): void;
}

/** The vector of the factor lies here, after the start of what is laid out; numbers begin after HEAD_BYTES. */
const FACTOR_AT = 16;
const HEAD_BYTES = 64;

/** Transforms pieces [count, n, inner] inside WebAssembly memory. */
function block(
  sign: -1 | 1,
  scale: number,
  count: number,
  n: number,
  inner: number,
  { bring, take }: Movement,
): void {
  const pieceBytes = n * inner * BYTES;
  const xAt = HEAD_BYTES;
  // Not a multiple of a page apart, so that loads do not wait for stores.
  const workAt = xAt + count * pieceBytes + 640;
  const plan = planOf(n, sign);
  reserve(workAt + count * pieceBytes);
  const view = memoryView(8) as Float64Array;
  view.fill(scale, FACTOR_AT / 8, FACTOR_AT / 8 + 2);
  bring(view, xAt / 8);
  const passes = Math.max(1, Math.floor(PASSES_BLOCK / (n * inner)));
  const most = count * n * inner >= LEAST_SHARED ? count : 1;
  runParts(
    fourierKernels().rows,
    shareOut(count, 1, most, (from, rows) => [
      plan.address,
      xAt + from * pieceBytes,
      workAt + from * pieceBytes,
      inner * BYTES,
      rows,
      passes,
      pieceBytes,
      scale === 1 ? 0 : FACTOR_AT,
    ]),
  );
  take(view, (plan.stages % 2 ? workAt : xAt) / 8);
}

/** Two factors of a length that are as near to each other as its primes allow. */
export function split(n: number): readonly [number, number] {
  let best = 1;
  const products = new Set([1]);
  for (const prime of smallPrimes(n)!)
    for (const product of [...products]) if ((product * prime) ** 2 <= n) products.add(product * prime);
  for (const product of products) if (product > best) best = product;
  return [n / best, best];
}

/** Rows that do not fit in the cache, one after the other. */
function longRows(
  sign: -1 | 1,
  scale: number,
  outer: number,
  n: number,
  inner: number,
  x: FloatArray,
  xStart: number,
  out: FloatArray,
  outStart: number,
): void {
  const [n1, n2] = split(n);
  const parts = Math.max(1, readyThreads());
  const workBytes = 2 * (n1 * WIDTH * BYTES + 640);
  const bytes = HEAD_BYTES + 2 * (n * BYTES + 640) + parts * workBytes;
  const isDone = inArena(bytes, (base) => {
    const { first, second, powers } = together(() => ({
      first: planOf(n1, sign),
      second: planOf(n2, sign),
      powers: powersOf(n, sign),
    }));
    const xAt = base + HEAD_BYTES;
    const factorAt = base + FACTOR_AT;
    const yAt = xAt + n * BYTES + 640;
    const workAt = yAt + n * BYTES + 640;
    const view = memoryView(8) as Float64Array;
    const work = (part: number): [number, number] => [
      workAt + part * workBytes,
      workAt + part * workBytes + workBytes / 2,
    ];
    const { columns, inPlace } = fourierKernels();
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const shift = 2 * (o * n * inner + i);
        view.fill(scale, factorAt / 8, factorAt / 8 + 2);
        bringColumn(x, xStart + shift, view, xAt / 8, n, inner);
        let part = 0;
        runParts(
          columns,
          shareOut(n2, WIDTH, parts, (from, count) => [
            first.address,
            xAt,
            yAt,
            ...work(part++),
            from,
            from + count,
            WIDTH,
            n2 * BYTES,
            n1,
            powers.high,
            powers.low,
            powers.bits,
          ]),
        );
        part = 0;
        runParts(
          inPlace,
          shareOut(n1, WIDTH, parts, (from, count) => [
            second.address,
            yAt,
            ...work(part++),
            from,
            from + count,
            WIDTH,
            n1 * BYTES,
            n2,
            factorAt,
          ]),
        );
        takeColumn(view, yAt / 8, out, outStart + shift, n, inner);
      }
  });
  // More than the memory can hold: plain loops need none of it.
  if (!isDone) fftSmooth(sign, scale, outer, n, inner, x, xStart, out, outStart);
}

function bringColumn(
  x: FloatArray,
  from: number,
  view: Float64Array,
  to: number,
  n: number,
  inner: number,
): void {
  if (inner === 1) view.set(x.subarray(from, from + 2 * n), to);
  else
    for (let j = 0, at = from; j < n; j++, at += 2 * inner) {
      view[to + 2 * j] = x[at]!;
      view[to + 2 * j + 1] = x[at + 1]!;
    }
}

function takeColumn(
  view: Float64Array,
  from: number,
  out: FloatArray,
  to: number,
  n: number,
  inner: number,
): void {
  if (inner === 1) out.set(view.subarray(from, from + 2 * n), to);
  else
    for (let j = 0, at = to; j < n; j++, at += 2 * inner) {
      out[at] = view[from + 2 * j]!;
      out[at + 1] = view[from + 2 * j + 1]!;
    }
}
