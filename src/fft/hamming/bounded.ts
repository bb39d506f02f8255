// Hamming distances up to a bound: jumps from mismatch to mismatch.

import { DomainError } from "../../tensor/errors.ts";
import { distancesOfCodes } from "./exact.ts";
import { CommonExtensions } from "./suffixArray.ts";
import { type Coded, encode, type Symbols } from "./symbols.ts";

/** Symbols that are compared one by one before the table is asked. */
const DIRECT = 12;
/** Texts are cut into blocks of this many symbols, or four patterns. */
const BLOCK = 1 << 16;

/**
 * Mismatches of a pattern at every place of a text as far as they are at most `k`; k + 1 stands for more. For k < √m each
 * place takes at most k + 1 jumps over what agrees, by the suffix array of pattern and text block: O(nk + n log m); else
 * all are counted exactly and clipped. The paper's O(n + nk / √m) differs by factors that its word tricks save.
 *
 * Source: Landau and Vishkin, "Efficient string matching with k mismatches", TCS 43 (1986); Manber and Myers (1993),
 * Kasai and others (2001) for the suffix array.
 *
 * @throws as `hammingDistances`, and DomainError unless k is an integer >= 0.
 */
export function hammingDistancesBounded(text: Symbols, pattern: Symbols, k: number): Int32Array<ArrayBuffer> {
  if (!(Number.isInteger(k) && k >= 0))
    throw new DomainError(`hammingDistancesBounded: k must be an integer >= 0, got ${k}`);
  const codes = encode("hammingDistancesBounded", text, pattern);
  if (k < Math.sqrt(codes.pattern.length)) return byJumps(codes, k);
  const out = distancesOfCodes(codes, {});
  for (let i = 0; i < out.length; i++) if (out[i]! > k) out[i] = k + 1;
  return out;
}

function byJumps({ text, pattern, size }: Coded, k: number): Int32Array<ArrayBuffer> {
  const [n, m] = [text.length, pattern.length];
  const out = new Int32Array(n - m + 1);
  const step = Math.max(BLOCK, 4 * m);
  for (let start = 0; start < out.length; start += step) {
    const shifts = Math.min(step, out.length - start);
    const length = shifts + m - 1;
    // The pattern, a symbol that is nowhere else, and the block.
    const joined = new Int32Array(m + 1 + length);
    joined.set(pattern);
    joined[m] = size + 1;
    joined.set(text.subarray(start, start + length), m + 1);
    const extensions = new CommonExtensions(joined);
    for (let i = 0; i < shifts; i++) out[start + i] = mismatches(joined, extensions, m, m + 1 + i, k);
  }
  return out;
}

function mismatches(
  codes: Int32Array,
  extensions: CommonExtensions,
  m: number,
  at: number,
  k: number,
): number {
  let count = 0;
  for (let j = 0; ; j++) {
    const near = Math.min(m, j + DIRECT);
    while (j < near && codes[j] === codes[at + j]) j++;
    if (j === near && j < m) j += extensions.at(j, at + j);
    if (j >= m) return count;
    if (++count > k) return count;
  }
}
