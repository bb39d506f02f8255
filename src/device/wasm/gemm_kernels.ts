// Generated code of the matrix product: register-blocked micro-kernels, the loop over the tiles of a block, and the
// packing of the right factor into panels.
//
// Complex products run on the real micro-kernels (the "1m" method: Van Zee, SIAM J. Sci. Comput. 42(5), 2020): a row
// of interleaved complex numbers of the left factor is a row of twice as many reals, and every row (re, im, re, im …)
// of the right factor is packed as two rows, (re, im, …) and (-im, re, …). The product is the interleaved result.

import {
  type FunctionBuilder,
  type FunctionRef,
  f64,
  get,
  i32,
  type Local,
  lane,
  load,
  ModuleBuilder,
  type Node,
  op,
  shuffle,
} from "./assembler.ts";
import type { Layout } from "./staging.ts";

/** How a kernel is specialised. */
export interface GemmKernelOptions {
  /** Bytes of a real number. */
  readonly bytes: 4 | 8;
  /** Reals per element: 2 for complex. */
  readonly width: 1 | 2;
  /** Multiply and add in one relaxed SIMD instruction. */
  readonly fused: boolean;
  /** Rows of a tile and vectors across it. */
  readonly tileRows: number;
  readonly tileVectors: number;
}

/** Exports of the module. Positions are byte addresses, `n` counts reals, `k` counts elements. */
export interface GemmKernels {
  readonly block: BlockKernel;
  readonly transpose: TransposeKernel;
  readonly pack_rows: PackKernel;
  readonly pack_columns: PackKernel;
}

/**
 * c[m, n] = or += a[m, k] · packed b[k, n] with the rows of a `stride` bytes apart; tiles of which all columns j
 * fulfil `j >= (i + 1) * width + limit` for all rows i (they lie strictly above a diagonal) are left out.
 */
export type BlockKernel = (
  a: number,
  stride: number,
  b: number,
  c: number,
  cStride: number,
  m: number,
  n: number,
  k: number,
  accumulate: number,
  limit: number,
) => void;

/** Copies a[m, k], stored by columns `stride` bytes apart, into rows `targetStride` bytes apart. */
export type TransposeKernel = (
  source: number,
  stride: number,
  target: number,
  targetStride: number,
  m: number,
  k: number,
) => void;

/** Packs b[k, n] into panels; the signs tell for complex numbers how the parts enter (see `packSigns`). */
export type PackKernel = (
  source: number,
  stride: number,
  target: number,
  k: number,
  n: number,
  signIm: number,
  signSwappedIm: number,
  signSwappedRe: number,
) => void;

const add = (a: Node, b: Node): Node => op("i32.add", a, b);
const mul = (a: Node, b: Node): Node => op("i32.mul", a, b);
const advance = (f: FunctionBuilder, local: Local, bytes: Node): void => f.set(local, add(get(local), bytes));

/** The module with the kernels of one element type. */
export function gemmModule(options: GemmKernelOptions): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory();
  const tiles = new Map<string, FunctionRef>();
  for (let vectors = 1; vectors <= options.tileVectors; vectors++)
    for (let rows = 1; rows <= options.tileRows; rows++)
      tiles.set(`${rows}x${vectors}`, tileKernel(module, rows, vectors, options));
  blockKernel(module, tiles, options);
  transposeKernel(module, options);
  packKernel(module, "rows", options);
  packKernel(module, "columns", options);
  return module.toBytes();
}

/** One tile: rows × vectors accumulators stay in registers over the whole of k. */
function tileKernel(
  module: ModuleBuilder,
  rows: number,
  vectors: number,
  { bytes, width, fused }: GemmKernelOptions,
): FunctionRef {
  const lanes = bytes === 4 ? "f32x4" : "f64x2";
  const splat = bytes === 4 ? "v128.load32_splat" : "v128.load64_splat";
  return module.function(
    `tile_${rows}x${vectors}`,
    ["i32", "i32", "i32", "i32", "i32", "i32", "i32"],
    [],
    (f) => {
      const [a, stride, b, c, cStride, k, accumulate] = [0, 1, 2, 3, 4, 5, 6].map((i) => f.param(i)) as [
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
        Local,
      ];
      const sums = Array.from({ length: rows }, () => Array.from({ length: vectors }, () => f.local("v128")));
      const rowAt = Array.from({ length: rows }, (_, r) => (r ? f.local("i32") : a));
      const right = Array.from({ length: vectors }, () => f.local("v128"));
      const left = f.local("v128");
      for (let r = 1; r < rows; r++) f.set(rowAt[r]!, add(get(rowAt[r - 1]!), get(stride)));

      /** Adds one real row of b; `u` counts rows since the pointers moved. */
      const step = (u: number): void => {
        for (const [v, vector] of right.entries())
          f.set(vector, load("v128.load", get(b), (u * vectors + v) * 16));
        for (const [r, sumRow] of sums.entries()) {
          f.set(left, load(splat, get(rowAt[r]!), u * bytes));
          for (const [v, sum] of sumRow.entries()) {
            f.set(
              sum,
              fused
                ? op(`${lanes}.relaxed_madd`, get(left), get(right[v]!), get(sum))
                : op(`${lanes}.add`, get(sum), op(`${lanes}.mul`, get(left), get(right[v]!))),
            );
          }
        }
      };
      // Leaving is possible after every row: it saves a second loop for the rest, and the branches keep V8 from moving
      // the loads of several rows together, which would not fit into 16 registers. The loop is long because every pass
      // costs two and a half cycles on V8's stack check; 32 steps are slower for float64.
      const UNROLL = 16;
      if (width === 2) f.set(k, mul(get(k), i32(2)));
      f.loopUntil((leaveIf) => {
        for (let u = 0; u < UNROLL; u++) {
          step(u);
          leaveIf(op("i32.eq", get(k), i32(u + 1)));
        }
        advance(f, k, i32(-UNROLL));
        for (const row of rowAt) advance(f, row, i32(UNROLL * bytes));
        advance(f, b, i32(UNROLL * vectors * 16));
      });

      const write = (combine: (address: Node, sum: Node, offset: number) => Node): void => {
        for (const [r, sumRow] of sums.entries()) {
          const row = r ? f.let(add(get(c), mul(get(cStride), i32(r)))) : get(c);
          for (const [v, sum] of sumRow.entries())
            f.store("v128.store", row, combine(row, get(sum), v * 16), v * 16);
        }
      };
      f.if(
        get(accumulate),
        () => write((address, sum, offset) => op(`${lanes}.add`, load("v128.load", address, offset), sum)),
        () => write((_, sum) => sum),
      );
    },
  );
}

/** All tiles of a block, panel by panel so that a panel of b stays in the first-level cache. */
function blockKernel(
  module: ModuleBuilder,
  tiles: ReadonlyMap<string, FunctionRef>,
  { bytes, width, tileRows, tileVectors }: GemmKernelOptions,
): void {
  const lanes = 16 / bytes;
  module.function("block", Array(10).fill("i32"), [], (f) => {
    const [a, stride, b, c, cStride, m, n, k, accumulate, limit] = Array.from({ length: 10 }, (_, i) =>
      get(f.param(i)),
    ) as [Node, Node, Node, Node, Node, Node, Node, Node, Node, Node];
    const j = f.local("i32");
    const i = f.local("i32");
    const panel = f.local("i32");
    const aAt = f.local("i32");
    const cAt = f.local("i32");
    f.set(panel, b);

    const tile = (rows: number, vectors: number): void =>
      f.call(
        tiles.get(`${rows}x${vectors}`)!,
        get(aAt),
        stride,
        get(panel),
        get(cAt),
        cStride,
        k,
        accumulate,
      );
    const whenBelowDiagonal = (rows: number, then: () => void): void =>
      f.if(op("i32.lt_s", get(j), add(mul(add(get(i), i32(rows)), i32(width)), limit)), then);

    const column = (vectors: number): void => {
      f.set(i, i32(0));
      f.set(aAt, a);
      f.set(cAt, add(c, mul(get(j), i32(bytes))));
      f.for(i, add(m, i32(1 - tileRows)), i32(tileRows), () => {
        whenBelowDiagonal(tileRows, () => tile(tileRows, vectors));
        advance(f, aAt, mul(stride, i32(tileRows)));
        advance(f, cAt, mul(cStride, i32(tileRows)));
      });
      for (let rows = 1; rows < tileRows; rows++)
        f.if(op("i32.eq", op("i32.sub", m, get(i)), i32(rows)), () =>
          whenBelowDiagonal(rows, () => tile(rows, vectors)),
        );
      advance(f, panel, mul(k, i32(vectors * 16 * width)));
      advance(f, j, i32(vectors * lanes));
    };
    for (let vectors = tileVectors; vectors > 0; vectors--)
      forPanels(f, j, n, vectors, tileVectors, lanes, () => column(vectors));
  });
}

/** Row after row: a block has so few columns that one cache line of each stays in the first level meanwhile. */
function transposeKernel(module: ModuleBuilder, { bytes, width }: GemmKernelOptions): void {
  const size = bytes * width;
  const type = size === 4 ? "f32" : size === 8 ? "f64" : "v128";
  module.function("transpose", Array(6).fill("i32"), [], (f) => {
    const [source, stride, target, targetStride, m, k] = Array.from({ length: 6 }, (_, i) => f.param(i)) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const i = f.local("i32");
    const from = f.local("i32");
    const to = f.local("i32");
    f.for(i, get(m), i32(1), () => {
      f.set(from, get(source));
      f.set(to, get(target));
      const end = f.let(add(get(target), mul(get(k), i32(size))));
      f.for(to, end, i32(size), () => {
        f.store(`${type}.store`, get(to), load(`${type}.load`, get(from)));
        advance(f, from, get(stride));
      });
      advance(f, source, i32(size));
      advance(f, target, get(targetStride));
    });
  });
}

/** Runs `body` while the columns left make a panel of `vectors` vectors; the last panel of a row may be narrower. */
function forPanels(
  f: FunctionBuilder,
  j: Local,
  n: Node,
  vectors: number,
  tileVectors: number,
  lanes: number,
  body: () => void,
): void {
  const left = op("i32.gt_s", op("i32.sub", n, get(j)), i32((vectors - 1) * lanes));
  f.if(left, () => (vectors === tileVectors ? f.doWhile(body, () => left) : body()));
}

/** Copies b[k, n], stored by rows or by columns, into panels as wide as a tile, row after row. */
function packKernel(
  module: ModuleBuilder,
  layout: Layout,
  { bytes, width, tileVectors }: GemmKernelOptions,
): void {
  const lanes = 16 / bytes;
  const shape = bytes === 4 ? "f32x4" : "f64x2";
  const real = bytes === 4 ? "f32" : "f64";
  module.function(`pack_${layout}`, ["i32", "i32", "i32", "i32", "i32", "f64", "f64", "f64"], [], (f) => {
    const [source, stride, target, k, n] = [0, 1, 2, 3, 4].map((p) => f.param(p)) as [
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const sign = (p: number): Node => {
      const value = p < 0 ? f64(1) : get(f.param(p));
      return bytes === 4 ? op("f32.demote_f64", value) : value;
    };
    const pairs = (re: number, im: number): Node => {
      let signs = op(`${shape}.splat`, sign(re));
      for (let i = 1; i < lanes; i += 2) signs = lane(`${shape}.replace_lane`, i, signs, sign(im));
      return f.let(signs);
    };
    const [SIGN_IM, SIGN_SWAPPED_IM, SIGN_SWAPPED_RE] = [5, 6, 7] as const;
    const straight = width === 2 && layout === "rows" ? pairs(-1, SIGN_IM) : undefined;
    const swapped = width === 2 && layout === "rows" ? pairs(SIGN_SWAPPED_IM, SIGN_SWAPPED_RE) : undefined;
    const j = f.local("i32");
    const l = f.local("i32");
    const from = f.local("i32");
    const out = f.local("i32");
    f.set(out, get(target));

    const rowFromRows = (vectors: number): void => {
      for (let v = 0; v < vectors; v++) {
        const x = f.let(load("v128.load", get(from), v * 16));
        f.store("v128.store", get(out), straight ? op(`${shape}.mul`, x, straight) : x, v * 16);
        if (swapped) {
          const exchanged = shuffle(x, x, lanes === 2 ? [1, 0] : [1, 0, 3, 2]);
          f.store("v128.store", get(out), op(`${shape}.mul`, exchanged, swapped), (vectors + v) * 16);
        }
      }
    };
    const rowFromColumns = (vectors: number): void => {
      const column = f.let(get(from));
      for (let e = 0; e < (vectors * lanes) / width; e++) {
        const address = e ? f.let(add(column, mul(get(stride), i32(e)))) : column;
        const at = e * width * bytes;
        const store = (value: Node, offset: number): void =>
          f.store(`${real}.store`, get(out), value, offset + at);
        const re = f.let(load(`${real}.load`, address));
        store(re, 0);
        if (width === 2) {
          const im = f.let(load(`${real}.load`, address, bytes));
          const times = (x: Node, p: number): Node => op(`${real}.mul`, x, sign(p));
          store(times(im, SIGN_IM), bytes);
          store(times(im, SIGN_SWAPPED_IM), vectors * 16);
          store(times(re, SIGN_SWAPPED_RE), vectors * 16 + bytes);
        }
      }
    };
    for (let vectors = tileVectors; vectors > 0; vectors--)
      forPanels(f, j, get(n), vectors, tileVectors, lanes, () => {
        const panelStart =
          layout === "rows" ? mul(get(j), i32(bytes)) : mul(op("i32.div_s", get(j), i32(width)), get(stride));
        f.set(from, add(get(source), panelStart));
        f.set(l, i32(0));
        f.for(l, get(k), i32(1), () => {
          (layout === "rows" ? rowFromRows : rowFromColumns)(vectors);
          advance(f, from, layout === "rows" ? get(stride) : i32(width * bytes));
          advance(f, out, i32(vectors * 16 * width));
        });
        advance(f, j, i32(vectors * lanes));
      });
  });
}
