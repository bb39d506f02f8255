// Entries of a sparse tensor in order: sorted once, they are gone through row by row in every sweep, and repeated ones lie side by
// side.

import { Tensor } from "../../tensor/tensor.ts";
import type { SparseTensor } from "./sparse.ts";

const DIGIT = 16;
const BUCKETS = 1 << DIGIT;

/**
 * Numbers of entries in the order of their positions along `modes`, the first of them first; entries that agree keep their order. Radix
 * sort by digits of 16 bits: O(entries · modes), whatever the lengths.
 */
export function entryOrder(x: SparseTensor, modes: readonly number[]): Int32Array {
  const count = x.values.length;
  const order = x.shape.length;
  const { indices } = x;
  let from = new Int32Array(count);
  for (let i = 0; i < count; i++) from[i] = i;
  let to = new Int32Array(count);
  const places = new Int32Array(BUCKETS + 1);
  // The least significant digit first.
  for (let m = modes.length - 1; m >= 0; m--) {
    const mode = modes[m]!;
    for (let shift = 0; shift === 0 || x.shape[mode]! - 1 >= 2 ** shift; shift += DIGIT) {
      places.fill(0);
      for (let i = 0; i < count; i++) {
        const digit = (indices[i * order + mode]! >>> shift) & (BUCKETS - 1);
        places[digit + 1] = places[digit + 1]! + 1;
      }
      for (let b = 0; b < BUCKETS; b++) places[b + 1] = places[b + 1]! + places[b]!;
      for (let i = 0; i < count; i++) {
        const entry = from[i]!;
        const digit = (indices[entry * order + mode]! >>> shift) & (BUCKETS - 1);
        const place = places[digit]!;
        places[digit] = place + 1;
        to[place] = entry;
      }
      [from, to] = [to, from];
    }
  }
  return from;
}

/**
 * The same tensor with repeated indices added up at their first place, so that norms are right; `x` itself when there are none.
 * O(entries · d).
 */
export function mergeRepeated(x: SparseTensor): SparseTensor {
  const order = x.shape.length;
  const { indices } = x;
  const sorted = entryOrder(
    x,
    x.shape.map((_, k) => k),
  );
  const isSame = (a: number, b: number): boolean => {
    for (let k = 0; k < order; k++) if (indices[a * order + k] !== indices[b * order + k]) return false;
    return true;
  };
  const values = x.values.slice();
  const repeated = new Uint8Array(values.length);
  let count = values.length;
  for (let i = 1, first = sorted[0]!; i < sorted.length; i++) {
    const entry = sorted[i]!;
    if (!isSame(first, entry)) {
      first = entry;
      continue;
    }
    values[first] = values[first]! + values[entry]!;
    repeated[entry] = 1;
    count--;
  }
  if (count === values.length) return x;
  const kept = new Int32Array(count * order);
  let to = 0;
  for (let i = 0; i < values.length; i++) {
    if (repeated[i]) continue;
    for (let k = 0; k < order; k++) kept[to * order + k] = indices[i * order + k]!;
    values[to++] = values[i]!;
  }
  return { ...x, indices: kept, values: values.slice(0, count) };
}

/** Entries by their position along one mode. */
interface Rows {
  /** Entries of row i are starts[i] … starts[i + 1] - 1. */
  readonly starts: Int32Array;
  /** Positions of entry e along the other modes, at e · (d - 1) …, in their order. */
  readonly others: Int32Array;
  readonly values: Float64Array;
}

/**
 * MTTKRPs of one sparse tensor. For each mode that is asked for, entries are copied in the order of its rows once:
 * O(entries · d) memory for each, and none is taken in products but that of the result.
 */
export class SparseMttkrp {
  readonly #x: SparseTensor;
  readonly #rows: Rows[] = [];

  constructor(x: SparseTensor) {
    this.#x = x;
  }

  /** unfold(x, mode) · khatriRao(the other factors), `[n_mode, r]`. O(entries · d · r). */
  mttkrp(factors: readonly Tensor[], mode: number): Tensor {
    const n = this.#x.shape[mode]!;
    const r = factors[0]!.shape[1]!;
    this.#rows[mode] ??= rowsOf(this.#x, mode);
    const rows = this.#rows[mode]!;
    const others = factors.filter((_, k) => k !== mode).map((u) => u.data() as Float64Array);
    const out = new Float64Array(n * r);
    if (others.length === 2) addPairs(rows, others[0]!, others[1]!, r, out);
    else addProducts(rows, others, r, out);
    return new Tensor(out, [n, r], "float64");
  }
}

function rowsOf(x: SparseTensor, mode: number): Rows {
  const order = x.shape.length;
  const count = x.values.length;
  const modes = x.shape.map((_, k) => k).filter((k) => k !== mode);
  // Within a row by the mode after it: its factor's rows are read in ascending order, too.
  const sorted = entryOrder(x, [mode, ...modes]);
  const starts = new Int32Array(x.shape[mode]! + 1);
  const others = new Int32Array(count * modes.length);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const entry = sorted[i]!;
    const row = x.indices[entry * order + mode]!;
    starts[row + 1] = i + 1;
    for (let k = 0; k < modes.length; k++)
      others[i * modes.length + k] = x.indices[entry * order + modes[k]!]!;
    values[i] = x.values[entry]!;
  }
  // Rows without entries end where the row before them does.
  for (let row = 1; row < starts.length; row++)
    if (starts[row]! < starts[row - 1]!) starts[row] = starts[row - 1]!;
  return { starts, others, values };
}

/** Three modes: out[i] += Σ value · a[j] ∘ b[k] over the entries of row i. */
function addPairs(rows: Rows, a: Float64Array, b: Float64Array, r: number, out: Float64Array): void {
  const { starts, others, values } = rows;
  for (let row = 0; row + 1 < starts.length; row++) {
    const target = row * r;
    const end = starts[row + 1]!;
    for (let e = starts[row]!; e < end; e++) {
      const value = values[e]!;
      const left = others[2 * e]! * r;
      const right = others[2 * e + 1]! * r;
      for (let c = 0; c < r; c++) out[target + c] = out[target + c]! + value * a[left + c]! * b[right + c]!;
    }
  }
}

function addProducts(rows: Rows, factors: readonly Float64Array[], r: number, out: Float64Array): void {
  const { starts, others, values } = rows;
  const width = factors.length;
  const product = new Float64Array(r);
  for (let row = 0; row + 1 < starts.length; row++) {
    const target = row * r;
    const end = starts[row + 1]!;
    for (let e = starts[row]!; e < end; e++) {
      product.fill(values[e]!);
      for (let k = 0; k < width; k++) {
        const factor = factors[k]!;
        const at = others[e * width + k]! * r;
        for (let c = 0; c < r; c++) product[c] = product[c]! * factor[at + c]!;
      }
      for (let c = 0; c < r; c++) out[target + c] = out[target + c]! + product[c]!;
    }
  }
}
