// Contractions of one network over and over, as alternating least squares does: where every number goes is worked out
// once, and what remains are copies by table and small matrix products on plain arrays.

import { findPath } from "../../ops/einsumPath.ts";
import { multiply } from "../base/rowMajor.ts";

/** One pairwise product: permuted copies of both operands, multiplied. */
interface Step {
  readonly a: number;
  readonly b: number;
  /** From place in the permuted copy `[m, k]` to place in the operand; null where it is the same. */
  readonly tableA: Int32Array | null;
  readonly tableB: Int32Array | null;
  readonly copyA: Float64Array;
  readonly copyB: Float64Array;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly out: Float64Array;
}

/** A prepared contraction of arrays of fixed shapes: `run(operands)` fills and gives its own array, in C order. */
export interface PreparedContraction {
  readonly size: number;
  run(operands: readonly Float64Array[]): Float64Array;
}

/** From place in C order of `to` to place in C order of `from`; null when that is the same. */
export function placeTable(
  from: readonly string[],
  to: readonly string[],
  lengths: ReadonlyMap<string, number>,
): Int32Array | null {
  // Axes of length 1 move nothing.
  const long = (labels: readonly string[]): string[] => labels.filter((label) => lengths.get(label)! > 1);
  const [source, target] = [long(from), long(to)];
  if (source.every((label, i) => label === target[i])) return null;
  const strides = new Map<string, number>();
  let stride = 1;
  for (const label of [...source].reverse()) {
    strides.set(label, stride);
    stride *= lengths.get(label)!;
  }
  const table = new Int32Array(stride);
  const index = new Int32Array(target.length);
  let place = 0;
  for (let i = 0; i < stride; i++) {
    table[i] = place;
    for (let axis = target.length - 1; axis >= 0; axis--) {
      const step = strides.get(target[axis]!)!;
      place += step;
      if (++index[axis]! < lengths.get(target[axis]!)!) break;
      place -= step * lengths.get(target[axis]!)!;
      index[axis] = 0;
    }
  }
  return table;
}

/** The operand itself, or its entries in the order of a table. */
export function permuted(x: Float64Array, table: Int32Array | null, copy: Float64Array): Float64Array {
  if (!table) return x;
  for (let i = 0; i < table.length; i++) copy[i] = x[table[i]!]!;
  return copy;
}

/**
 * Prepares a contraction in which every label stands in two operands (and is summed) or in one (and stands in the
 * output). O(size of all intermediates) memory.
 */
export function prepareContraction(
  operands: readonly (readonly string[])[],
  output: readonly string[],
  lengths: ReadonlyMap<string, number>,
): PreparedContraction {
  const sizeOf = (labels: readonly string[]): number =>
    labels.reduce((size, label) => size * lengths.get(label)!, 1);
  const { steps: path } = findPath({ operands, output, lengths });
  const labels = operands.map((list) => [...list]);
  const places = operands.map((_, i) => i);
  const steps: Step[] = [];
  for (const [i, j] of path) {
    const [rightLabels] = labels.splice(j, 1);
    const [leftLabels] = labels.splice(i, 1);
    const [b] = places.splice(j, 1);
    const [a] = places.splice(i, 1);
    const summed = leftLabels!.filter((label) => rightLabels!.includes(label));
    const freeA = leftLabels!.filter((label) => !summed.includes(label));
    const freeB = rightLabels!.filter((label) => !summed.includes(label));
    const [m, n, k] = [sizeOf(freeA), sizeOf(freeB), sizeOf(summed)];
    const tableA = placeTable(leftLabels!, [...freeA, ...summed], lengths);
    const tableB = placeTable(rightLabels!, [...summed, ...freeB], lengths);
    steps.push({
      a: a!,
      b: b!,
      tableA,
      tableB,
      copyA: new Float64Array(tableA ? m * k : 0),
      copyB: new Float64Array(tableB ? k * n : 0),
      m,
      n,
      k,
      out: new Float64Array(m * n),
    });
    labels.push([...freeA, ...freeB]);
    places.push(operands.length + steps.length - 1);
  }
  const last = placeTable(labels[0]!, output, lengths);
  const size = sizeOf(output);
  const result = new Float64Array(last ? size : 0);
  const values = new Array<Float64Array>(operands.length + steps.length);
  return {
    size,
    run(given) {
      for (let i = 0; i < given.length; i++) values[i] = given[i]!;
      for (let s = 0; s < steps.length; s++) {
        const { a, b, tableA, tableB, copyA, copyB, m, n, k, out } = steps[s]!;
        multiply(m, n, k, permuted(values[a]!, tableA, copyA), permuted(values[b]!, tableB, copyB), out);
        values[given.length + s] = out;
      }
      return permuted(values[places[0]!]!, last, result);
    },
  };
}
