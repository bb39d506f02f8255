// Matches of frequent symbols: correlations of their indicators by Fourier transforms, block by block.

import { device } from "../../device/current.ts";
import { nextSmooth } from "../../device/roots.ts";
import { ConvergenceError } from "../../tensor/errors.ts";
import type { Coded } from "./symbols.ts";

export interface Transforms {
  readonly length: number;
  readonly blocks: number;
  /** Complex transforms that were done. */
  readonly count: number;
}

/** Spectra of the pattern are kept for all blocks up to this many numbers. */
const KEPT = 1 << 23;

/** Length of the transforms: four times the pattern, of which three quarters are new shifts. */
export function transformLength(n: number, m: number): number {
  return nextSmooth(Math.min(Math.max(4 * m, 4096), n + m), 5);
}

/** Complex transforms for `symbols` symbols over all blocks. */
export function transformsOf(n: number, m: number, symbols: number, packing: boolean): Transforms {
  const length = transformLength(n, m);
  const blocks = Math.ceil((n - m + 1) / (length - m + 1));
  const groups = packing ? Math.ceil(symbols / 2) : symbols;
  const isKept = 2 * length * groups <= KEPT;
  const count = symbols === 0 ? 0 : groups * (isKept ? 1 + blocks : 2 * blocks) + blocks;
  return { length, blocks, count };
}

/**
 * Adds to `matches` those of some symbols. Two symbols a and b go through one complex transform: with the texts
 * T = Tₐ + i T_b and the patterns P = Pₐ + i P_b the real part of the correlation of T with P is the sum of both
 * correlations, so that nothing has to be separated, and products of all pairs are summed before the one inverse
 * transform of a block. O(n / m) blocks of O(symbols · m log m).
 *
 * Throws ConvergenceError if a count is not within 0.25 of an integer, which float64 excludes up to m = 10⁷.
 */
export function addHeavy(
  { text, pattern, size }: Coded,
  symbols: readonly number[],
  matches: Int32Array,
  packing: boolean,
): Transforms {
  const [n, m] = [text.length, pattern.length];
  const transforms = transformsOf(n, m, symbols.length, packing);
  if (symbols.length === 0) return transforms;
  const { length, blocks } = transforms;
  const width = packing ? 2 : 1;
  const groups = Math.ceil(symbols.length / width);
  // The group of each symbol, and which part of the complex number it is.
  const place = new Int32Array(size + 1).fill(-1);
  symbols.forEach((symbol, i) => {
    place[symbol] = 2 * Math.floor(i / width) + (i % width);
  });
  const isKept = 2 * length * groups <= KEPT;
  const kept: Float64Array[] = [];
  const work = new Float64Array(2 * length);
  const spectrum = new Float64Array(2 * length);
  const sum = new Float64Array(2 * length);
  const patternSpectrum = (group: number): Float64Array => {
    if (isKept && kept[group]) return kept[group];
    indicate(pattern, 0, m, place, group, work);
    const out = isKept ? new Float64Array(2 * length) : spectrum;
    device.fft(-1, 1, 1, length, 1, work, 0, out, 0);
    if (isKept) kept[group] = out;
    return out;
  };
  const step = length - m + 1;
  for (let block = 0; block < blocks; block++) {
    const start = block * step;
    const count = Math.min(length, n - start);
    for (let group = 0; group < groups; group++) {
      const p = patternSpectrum(group);
      indicate(text, start, count, place, group, work);
      device.fft(-1, 1, 1, length, 1, work, 0, work, 0);
      multiplyConjugate(work, p, sum, group === 0);
    }
    device.fft(1, 1 / length, 1, length, 1, sum, 0, sum, 0);
    addRounded(sum, matches, start, Math.min(step, n - m + 1 - start));
  }
  return transforms;
}

/** The indicators of a group's symbols in codes[start … start + count), zeros behind. */
function indicate(
  codes: Int32Array,
  start: number,
  count: number,
  place: Int32Array,
  group: number,
  out: Float64Array,
): void {
  out.fill(0);
  const first = 2 * group;
  for (let i = 0; i < count; i++) {
    const part = place[codes[start + i]!]! - first;
    if (part === 0 || part === 1) out[2 * i + part] = 1;
  }
}

/** sum (+)= x · conj(p) */
function multiplyConjugate(x: Float64Array, p: Float64Array, sum: Float64Array, isFirst: boolean): void {
  if (isFirst) sum.fill(0);
  for (let i = 0; i < x.length; i += 2) {
    const xr = x[i]!;
    const xi = x[i + 1]!;
    const pr = p[i]!;
    const pi = p[i + 1]!;
    sum[i] = sum[i]! + xr * pr + xi * pi;
    sum[i + 1] = sum[i + 1]! + xi * pr - xr * pi;
  }
}

function addRounded(sum: Float64Array, matches: Int32Array, start: number, count: number): void {
  let worst = 0;
  for (let i = 0; i < count; i++) {
    const value = sum[2 * i]!;
    const whole = Math.round(value);
    const off = Math.abs(value - whole);
    if (off > worst) worst = off;
    matches[start + i] = matches[start + i]! + whole;
  }
  if (!(worst < 0.25))
    throw new ConvergenceError(
      `hammingDistances: counts by Fourier transforms are off by ${worst}: the pattern is too long for float64`,
    );
}
