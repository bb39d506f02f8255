// Matches of rare symbols, pair by pair.

import type { Coded } from "./symbols.ts";

/**
 * Adds 1 to `matches` at the shift of every pair of equal symbols, one in the text and one in the pattern, for the symbols
 * that `isLight` marks. Returns the number of increments: the sum over light symbols of occurrences times occurrences,
 * less those at shifts that do not exist.
 */
export function addLight(
  { text, pattern, size, inPattern }: Coded,
  isLight: Uint8Array,
  matches: Int32Array,
): number {
  const starts = new Int32Array(size + 2);
  for (let c = 0; c < size; c++) starts[c + 1] = starts[c]! + (isLight[c] ? inPattern[c]! : 0);
  starts[size + 1] = starts[size]!;
  const places = new Int32Array(starts[size]!);
  const next = starts.slice();
  for (let j = 0; j < pattern.length; j++) {
    const c = pattern[j]!;
    if (isLight[c]) places[next[c]!++] = j;
  }
  const [n, m] = [text.length, pattern.length];
  const last = n - m;
  let increments = 0;
  for (let i = 0; i < n; i++) {
    const c = text[i]!;
    const from = starts[c]!;
    const to = starts[c + 1]!;
    if (i >= m - 1 && i <= last) {
      for (let q = from; q < to; q++) {
        const shift = i - places[q]!;
        matches[shift] = matches[shift]! + 1;
      }
      increments += to - from;
    } else
      for (let q = from; q < to; q++) {
        const shift = i - places[q]!;
        if (shift < 0 || shift > last) continue;
        matches[shift] = matches[shift]! + 1;
        increments++;
      }
  }
  return increments;
}
