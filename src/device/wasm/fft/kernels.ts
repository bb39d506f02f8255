// The kernels of Fourier transforms: passes of Stockham's algorithm over memory, and what puts long transforms together
// from short ones. Everything is bytes: addresses, steps and counts of a complex number's 16.

import { RADICES } from "../../roots.ts";
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
  shuffle,
  v128,
} from "../assembler.ts";
import { sharedMemory, TABLES_AT } from "../memory.ts";
import type { SharedKernel } from "../threads/pool.ts";
import { type Butterfly, butterfly, mul, mulAdd, swap, turned } from "./butterflies.ts";

/** A complex number. */
export const BYTES = 16;
/** A plan: the vector of the direction, the number of stages, and from STAGES on for each: radix, m, its twiddles. */
export const COUNT_AT = 16;
export const STAGES_AT = 32;
export const STAGE_BYTES = 16;
/** A twiddle as (re, re, -im, im). */
export const TWIDDLE_BYTES = 32;

const plus = (a: Node, b: Node): Node => op("i32.add", a, b);
const times = (a: Node, b: Node): Node => op("i32.mul", a, b);
const parameters = (f: FunctionBuilder, count: number): Local[] =>
  Array.from({ length: count }, (_, i) => f.param(i));
const ints = (count: number): "i32"[] => new Array<"i32">(count).fill("i32");

/** Repeats `body` while `index`, which it moves, is not `end`; at least once. */
const until = (f: FunctionBuilder, index: Local, end: Node, body: () => void): void =>
  f.doWhile(body, () => op("i32.ne", get(index), end));

/**
 * A pass of one radix r over `rows` rows: point j of a column of length r·m is at x + j·xs, and column p of the small
 * transforms goes to y + (r·p + k)·s, for s / 16 transforms side by side.
 *
 * - `general`: any.
 * - `unit`: transforms are alone (s = xs = 16).
 * - `last`: m = 1, no twiddles.
 */
type Variant = "general" | "unit" | "last";

function passKernel(module: ModuleBuilder, radix: number, variant: Variant): FunctionRef {
  const apply: Butterfly = butterfly(radix, TABLES_AT);
  const ks = Array.from({ length: radix }, (_, k) => k);
  return module.function(`pass_${radix}_${variant}`, ints(8), [], (f) => {
    const [x, y, twiddles, m, s, xs, rows, direction] = parameters(f, 8) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const turn = f.let(load("v128.load", get(direction)));
    /** Distances of the inputs and of the outputs of one small transform. */
    const apart = f.let(variant === "last" ? get(xs) : times(get(m), get(xs)));
    const from = ks.map((k) => (k < 2 ? apart : f.let(times(apart, i32(k)))));
    const to = ks.map((k) => (k < 2 ? get(s) : f.let(times(get(s), i32(k)))));
    const rowBytes = f.let(times(times(get(m), i32(radix)), get(xs)));
    const rowBytesOut = f.let(times(times(get(m), i32(radix)), get(s)));
    const [row, rowOut, p, q, qOut, w, end] = ["x", "y", "p", "q", "qOut", "w", "end"].map(() =>
      f.local("i32"),
    ) as [Local, Local, Local, Local, Local, Local, Local];

    const inputs = (at: Local): Node[] =>
      ks.map((k) => f.let(load("v128.load", k ? plus(get(at), from[k]!) : get(at))));
    const step = (index: Local, by: Node): void => f.set(index, plus(get(index), by));
    const twiddle = (k: number): [Node, Node] => [
      load("v128.load", get(w), TWIDDLE_BYTES * (k - 1)),
      load("v128.load", get(w), TWIDDLE_BYTES * (k - 1) + 16),
    ];

    const last = (): void => {
      f.set(q, get(row));
      f.set(qOut, get(rowOut));
      f.set(end, plus(get(row), get(s)));
      until(f, q, get(end), () => {
        const a = inputs(q);
        for (const [k, value] of apply(f, a, turn).entries())
          f.store("v128.store", k ? plus(get(qOut), to[k]!) : get(qOut), value);
        step(q, i32(BYTES));
        step(qOut, i32(BYTES));
      });
    };
    const unit = (): void => {
      f.set(q, get(row));
      f.set(qOut, get(rowOut));
      f.set(w, get(twiddles));
      f.set(end, plus(get(row), apart));
      until(f, q, get(end), () => {
        const a = inputs(q);
        for (const [k, value] of apply(f, a, turn).entries()) {
          const waiting = k ? f.let(value) : value;
          f.store("v128.store", get(qOut), k ? turned(waiting, ...twiddle(k)) : value, BYTES * k);
        }
        step(q, i32(BYTES));
        step(qOut, i32(BYTES * radix));
        step(w, i32(TWIDDLE_BYTES * (radix - 1)));
      });
    };
    const general = (): void => {
      const xp = f.local("i32");
      const yp = f.local("i32");
      f.set(xp, get(row));
      f.set(yp, get(rowOut));
      f.set(w, get(twiddles));
      f.set(p, get(m));
      until(f, p, i32(0), () => {
        // More would not stay in registers.
        const kept = radix <= 4 ? ks.slice(1).map((k) => twiddle(k).map((half) => f.let(half))) : undefined;
        f.set(q, get(xp));
        f.set(qOut, get(yp));
        f.set(end, plus(get(xp), get(s)));
        until(f, q, get(end), () => {
          const a = inputs(q);
          for (const [k, value] of apply(f, a, turn).entries()) {
            const waiting = k ? f.let(value) : value;
            const [re, im] = k ? (kept?.[k - 1] ?? twiddle(k)) : [];
            f.store(
              "v128.store",
              k ? plus(get(qOut), to[k]!) : get(qOut),
              k ? turned(waiting, re!, im!) : value,
            );
          }
          step(q, i32(BYTES));
          step(qOut, i32(BYTES));
        });
        step(xp, get(xs));
        step(yp, plus(to[radix - 1]!, get(s)));
        step(w, i32(TWIDDLE_BYTES * (radix - 1)));
        step(p, i32(-1));
      });
    };
    f.set(row, get(x));
    f.set(rowOut, get(y));
    until(f, rows, i32(0), () => {
      ({ last, unit, general })[variant]();
      step(row, rowBytes);
      step(rowOut, rowBytesOut);
      step(rows, i32(-1));
    });
  });
}

/**
 * `run(plan, x, xs, a, b, s, rows)`: all passes, the first from x to a, further ones between a and b. The results are
 * in a after an odd number of stages, else in b, which may be x.
 */
function runKernel(module: ModuleBuilder): FunctionRef {
  const passes = RADICES.map((radix) => ({
    radix,
    general: passKernel(module, radix, "general"),
    unit: passKernel(module, radix, "unit"),
    last: passKernel(module, radix, "last"),
  }));
  return module.function("run", ints(7), [], (f) => {
    const [plan, x, xs, a, b, s, rows] = parameters(f, 7) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const stage = f.local("i32");
    const left = f.local("i32");
    f.set(left, load("i32.load", get(plan), COUNT_AT));
    f.set(stage, plus(get(plan), i32(STAGES_AT)));
    until(f, left, i32(0), () => {
      const r = f.let(load("i32.load", get(stage)));
      const m = f.let(load("i32.load", get(stage), 4));
      const twiddles = f.let(load("i32.load", get(stage), 8));
      const args = [get(x), get(a), twiddles, m, get(s), get(xs), get(rows), get(plan)];
      for (const { radix, general, unit, last } of passes)
        f.if(op("i32.eq", r, i32(radix)), () =>
          f.if(
            op("i32.eq", m, i32(1)),
            () => f.call(last, ...args),
            () =>
              f.if(
                op("i32.eq", op("i32.or", get(s), get(xs)), i32(BYTES)),
                () => f.call(unit, ...args),
                () => f.call(general, ...args),
              ),
          ),
        );
      f.set(x, get(a));
      f.set(a, get(b));
      f.set(b, get(x));
      f.set(s, times(get(s), r));
      f.set(xs, get(s));
      f.set(stage, plus(get(stage), i32(STAGE_BYTES)));
      f.set(left, plus(get(left), i32(-1)));
    });
  });
}

/** `scale(x, bytes, factor)`: multiplies by the vector at `factor`. */
function scaleKernel(module: ModuleBuilder): FunctionRef {
  return module.function("scale", ints(3), [], (f) => {
    const [x, bytes, factor] = parameters(f, 3) as [Local, Local, Local];
    const by = f.let(load("v128.load", get(factor)));
    const end = f.let(plus(get(x), get(bytes)));
    until(f, x, end, () => {
      f.store("v128.store", get(x), mul(load("v128.load", get(x)), by));
      f.set(x, plus(get(x), i32(BYTES)));
    });
  });
}

const orElse = (a: Node, b: Node, condition: Node): Node => op("i32.select", a, b, condition);
const isOdd = (plan: Local): Node => op("i32.and", load("i32.load", get(plan), COUNT_AT), i32(1));

/**
 * `rows(plan, x, a, s, rows, block, rowBytes, factor)`: transforms of rows, `block` of them at a time so that they
 * stay in the cache; factor 0 is none.
 */
function rowsKernel(module: ModuleBuilder, run: FunctionRef, scale: FunctionRef): void {
  module.function("rows", ints(8), [], (f) => {
    const [plan, x, a, s, rows, block, rowBytes, factor] = parameters(f, 8) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    until(f, rows, i32(0), () => {
      const count = f.let(orElse(get(rows), get(block), op("i32.lt_s", get(rows), get(block))));
      const bytes = f.let(times(count, get(rowBytes)));
      f.call(run, get(plan), get(x), get(s), get(a), get(x), get(s), count);
      f.if(get(factor), () => f.call(scale, orElse(get(a), get(x), isOdd(plan)), bytes, get(factor)));
      f.set(x, plus(get(x), bytes));
      f.set(a, plus(get(a), bytes));
      f.set(rows, op("i32.sub", get(rows), count));
    });
  });
}

/**
 * `columns(plan, x, y, work1, work2, from, to, width, stride, n, hi, lo, bits)`: the first half of a long transform.
 * Transforms the columns `from` to `to` of a matrix x whose rows are `stride` apart, `width` at a time, turns entry
 * (k, c) by the root to the power k·c and writes it to row c of y. The power i is hi[i >> bits] · lo[i mod 2^bits].
 */
function columnsKernel(module: ModuleBuilder, run: FunctionRef): void {
  const turn = module.function("turn", ints(8), [], (f) => {
    const [x, y, n, step, index, hi, lo, bits] = parameters(f, 8) as [
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
      Local,
    ];
    const power = f.local("i32");
    const mask = f.let(op("i32.sub", op("i32.shl", i32(1), get(bits)), i32(1)));
    const sign = f.let(v128(-1, 1));
    f.set(power, i32(0));
    until(f, n, i32(0), () => {
      const high = f.let(plus(get(hi), times(op("i32.shr_u", get(power), get(bits)), i32(TWIDDLE_BYTES))));
      const low = f.let(load("v128.load", plus(get(lo), times(op("i32.and", get(power), mask), i32(BYTES)))));
      const w = f.let(turned(low, load("v128.load", high), load("v128.load", high, 16)));
      const value = f.let(load("v128.load", get(x)));
      const im = mul(shuffle(w, w, [1, 1]), sign);
      f.store("v128.store", get(y), mulAdd(swap(value), im, mul(value, shuffle(w, w, [0, 0]))));
      f.set(x, plus(get(x), get(step)));
      f.set(y, plus(get(y), i32(BYTES)));
      f.set(power, plus(get(power), get(index)));
      f.set(n, plus(get(n), i32(-1)));
    });
  });
  module.function("columns", ints(13), [], (f) => {
    const [plan, x, y, work1, work2, from, to, width, stride, n, hi, lo, bits] = parameters(f, 13) as [
      Local,
      Local,
      Local,
      Local,
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
    const q = f.local("i32");
    until(f, from, get(to), () => {
      const left = f.let(op("i32.sub", get(to), get(from)));
      const count = f.let(orElse(left, get(width), op("i32.lt_s", left, get(width))));
      const s = f.let(times(count, i32(BYTES)));
      const first = plus(get(x), times(get(from), i32(BYTES)));
      f.call(run, get(plan), first, get(stride), get(work1), get(work2), s, i32(1));
      const result = f.let(orElse(get(work1), get(work2), isOdd(plan)));
      f.set(q, i32(0));
      until(f, q, count, () => {
        const target = plus(get(y), times(times(get(from), get(n)), i32(BYTES)));
        const source = plus(result, times(get(q), i32(BYTES)));
        f.call(turn, source, target, get(n), s, get(from), get(hi), get(lo), get(bits));
        f.set(q, plus(get(q), i32(1)));
        f.set(from, plus(get(from), i32(1)));
      });
    });
  });
}

/**
 * `inPlace(plan, x, work1, work2, from, to, width, stride, n, factor)`: transforms columns of a matrix in their place,
 * scaled by the vector at `factor`.
 */
function inPlaceKernel(module: ModuleBuilder, run: FunctionRef): void {
  module.function("inPlace", ints(10), [], (f) => {
    const [plan, x, work1, work2, from, to, width, stride, n, factor] = parameters(f, 10) as [
      Local,
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
    const by = f.let(load("v128.load", get(factor)));
    const row = f.local("i32");
    const at = f.local("i32");
    const source = f.local("i32");
    const left = f.local("i32");
    until(f, from, get(to), () => {
      const rest = f.let(op("i32.sub", get(to), get(from)));
      const count = f.let(orElse(rest, get(width), op("i32.lt_s", rest, get(width))));
      const s = f.let(times(count, i32(BYTES)));
      f.set(row, plus(get(x), times(get(from), i32(BYTES))));
      f.call(run, get(plan), get(row), get(stride), get(work1), get(work2), s, i32(1));
      f.set(source, orElse(get(work1), get(work2), isOdd(plan)));
      f.set(left, get(n));
      until(f, left, i32(0), () => {
        f.set(at, get(row));
        const end = f.let(plus(get(row), s));
        until(f, at, end, () => {
          f.store("v128.store", get(at), mul(load("v128.load", get(source)), by));
          f.set(at, plus(get(at), i32(BYTES)));
          f.set(source, plus(get(source), i32(BYTES)));
        });
        f.set(row, plus(get(row), get(stride)));
        f.set(left, plus(get(left), i32(-1)));
      });
      f.set(from, plus(get(from), count));
    });
  });
}

export interface FourierKernels {
  readonly rows: SharedKernel;
  readonly columns: SharedKernel;
  readonly inPlace: SharedKernel;
}
let kernels: FourierKernels | undefined;

/** The kernels, built when they are first needed. */
export function fourierKernels(): FourierKernels {
  if (kernels) return kernels;
  const module = new ModuleBuilder();
  module.importMemory();
  const run = runKernel(module);
  const scale = scaleKernel(module);
  rowsKernel(module, run, scale);
  columnsKernel(module, run);
  inPlaceKernel(module, run);
  const bytes = module.toBytes();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
    env: { memory: sharedMemory() },
  });
  const kernel = (name: string): SharedKernel => ({
    bytes,
    name,
    run: exports[name] as SharedKernel["run"],
  });
  kernels = { rows: kernel("rows"), columns: kernel("columns"), inPlace: kernel("inPlace") };
  return kernels;
}
