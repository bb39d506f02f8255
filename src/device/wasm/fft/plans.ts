// Plans of Fourier transforms: factors and twiddles, kept in WebAssembly memory from call to call. There is room for a
// fixed number of bytes; when it is full, all plans are forgotten.

import { factorize, writeRoot } from "../../roots.ts";
import { align, memoryView, memoryView8, reserve, TABLES_AT, TABLES_BYTES } from "../memory.ts";
import { CONSTANT_BYTES, oddConstants } from "./butterflies.ts";
import { BYTES, COUNT_AT, STAGE_BYTES, STAGES_AT, TWIDDLE_BYTES } from "./kernels.ts";

/** A transform by passes, or the powers of a root. */
export interface Plan {
  readonly address: number;
  readonly stages: number;
}

/** Powers of a root of order n: power i is high[i >> bits] · low[i mod 2^bits]. */
export interface Powers {
  readonly high: number;
  readonly low: number;
  readonly bits: number;
}

const START = TABLES_AT + align(CONSTANT_BYTES);
let next = 0;
/** How often all plans have been forgotten. */
let generation = 0;
const plans = new Map<string, Plan>();
const powers = new Map<string, Powers>();

/** Room for `bytes` bytes, after forgetting all plans if there is none. */
function place(bytes: number): number {
  if (next === 0 || next + bytes > TABLES_AT + TABLES_BYTES) {
    reserve(TABLES_AT + TABLES_BYTES);
    memoryView(8).set(oddConstants(), TABLES_AT / 8);
    plans.clear();
    powers.clear();
    next = START;
    generation++;
  }
  const address = next;
  next += align(bytes);
  return address;
}

/** Runs `make` so that all plans it asks for are there together. */
export function together<T>(make: () => T): T {
  // A second try starts from no plans, and what one transform needs is far less than the room.
  for (;;) {
    const before = generation;
    const made = make();
    if (generation === before) return made;
  }
}

/** The plan for rows of a length without large prime factors. */
export function planOf(n: number, sign: -1 | 1): Plan {
  const key = `${sign * n}`;
  const known = plans.get(key);
  if (known) return known;
  const factors = factorize(n)!;
  let size = STAGES_AT + STAGE_BYTES * factors.length;
  const sizes: number[] = [];
  let m = n;
  for (const radix of factors) {
    m /= radix;
    sizes.push(TWIDDLE_BYTES * m * (radix - 1));
    size += sizes.at(-1)!;
  }
  const address = place(size);
  const view = memoryView(8) as Float64Array;
  const words = new Int32Array(memoryView8().buffer);
  view.set([-sign, sign], address / 8);
  words[(address + COUNT_AT) / 4] = factors.length;
  let twiddles = address + STAGES_AT + STAGE_BYTES * factors.length;
  const root = new Float64Array(2);
  m = n;
  for (const [i, radix] of factors.entries()) {
    const length = m;
    m /= radix;
    words.set([radix, m, twiddles], (address + STAGES_AT + STAGE_BYTES * i) / 4);
    let at = twiddles / 8;
    for (let p = 0; p < m; p++)
      for (let k = 1; k < radix; k++) {
        writeRoot((p * k) % length, length, root, 0);
        view[at++] = root[0]!;
        view[at++] = root[0]!;
        view[at++] = -sign * root[1]!;
        view[at++] = sign * root[1]!;
      }
    twiddles += sizes[i]!;
  }
  const plan: Plan = { address, stages: factors.length };
  plans.set(key, plan);
  return plan;
}

/** Tables of about √n entries each for the powers of the root of order n. */
export function powersOf(n: number, sign: -1 | 1): Powers {
  const key = `${sign * n}`;
  const known = powers.get(key);
  if (known) return known;
  const bits = Math.ceil(Math.log2(n) / 2);
  const lows = 2 ** bits;
  const highs = Math.ceil(n / lows);
  const high = place(lows * BYTES + highs * TWIDDLE_BYTES);
  const low = high + highs * TWIDDLE_BYTES;
  const view = memoryView(8) as Float64Array;
  const root = new Float64Array(2);
  for (let i = 0; i < highs; i++) {
    writeRoot(i * lows, n, root, 0);
    view.set([root[0]!, root[0]!, -sign * root[1]!, sign * root[1]!], high / 8 + 4 * i);
  }
  for (let i = 0; i < lows; i++) {
    writeRoot(i % n, n, view, low / 8 + 2 * i);
    view[low / 8 + 2 * i + 1]! *= sign;
  }
  const found: Powers = { high, low, bits };
  powers.set(key, found);
  return found;
}
