// Exact Hamming distances of a pattern at every place of a text.

import { DomainError } from "../../tensor/errors.ts";
import { addHeavy, transformsOf } from "./heavy.ts";
import { addLight } from "./light.ts";
import { countSums } from "./sumset.ts";
import { type Coded, encode, type Symbols } from "./symbols.ts";

export type HammingMethod = "auto" | "naive" | "fft" | "heavy-light" | "hashed";

/** What was done, in operations. */
export interface HammingWork {
  /** Comparisons of symbols one by one. */
  readonly comparisons: number;
  /** Increments for pairs of equal rare symbols. */
  readonly increments: number;
  /** Complex transforms, and their length. */
  readonly transforms: number;
  readonly transformLength: number;
  /** Symbols that went through transforms, and through sumsets. */
  readonly heavy: number;
  readonly hashed: number;
}

export interface HammingOptions {
  /**
   * `auto` (unless told) estimates what each way costs. `naive` compares, `fft` transforms the indicator of every symbol,
   * `heavy-light` those of the symbols that occur more than `threshold` times in the pattern and counts pairs of the
   * others, `hashed` counts the sums of places of heavy symbols by `sumsetCounts`.
   */
  readonly method?: HammingMethod;
  /** Two symbols through one complex transform; true unless told. */
  readonly packing?: boolean;
  /** For `heavy-light` and `hashed`: √(m ln m) unless told. */
  readonly threshold?: number;
  /** Called once, with what was done. */
  readonly onWork?: (work: HammingWork) => void;
}

/**
 * The number of mismatches of a pattern of m symbols against every place of a text of n: n - m + 1 numbers. Exact.
 *
 * Symbols that are frequent in the pattern are correlated by Fourier transforms in blocks of about 4m, pairs of equal
 * rare ones are counted one by one: O(n √(m log m)) in the worst case, O(m) memory beside the numbers themselves and
 * their codes. The randomised O(n √m) of the paper below rests on counting several small numbers in one machine word,
 * and saves a logarithm that cannot be seen at sizes that fit a machine; its idea of hashed sumsets is `hashed`.
 *
 * Source: Abrahamson, "Generalized string matching", SIAM J. Comput. 16 (1987); Chan, Jin, Vassilevska Williams and Xu,
 * "Faster algorithms for text-to-pattern Hamming distances", FOCS 2023.
 *
 * @throws ShapeError for an empty pattern or one longer than the text; DTypeError, DomainError for symbols that are no
 *   integers from 0 to 2^32 - 1 and for unknown options; TracerError inside of transforms.
 */
export function hammingDistances(
  text: Symbols,
  pattern: Symbols,
  options: HammingOptions = {},
): Int32Array<ArrayBuffer> {
  const { method = "auto", threshold } = options;
  if (!["auto", "naive", "fft", "heavy-light", "hashed"].includes(method))
    throw new DomainError(
      `hammingDistances: method must be "auto", "naive", "fft", "heavy-light" or "hashed", got ${JSON.stringify(method)}`,
    );
  if (threshold !== undefined && !(threshold >= 0))
    throw new DomainError(`hammingDistances: threshold must be a number >= 0, got ${threshold}`);
  return distancesOfCodes(encode("hammingDistances", text, pattern), options);
}

/** `hammingDistances` of codes. */
export function distancesOfCodes(codes: Coded, options: HammingOptions): Int32Array<ArrayBuffer> {
  const { method = "auto", packing = true, threshold, onWork } = options;
  const { text, pattern, size, inPattern } = codes;
  const [n, m] = [text.length, pattern.length];
  const out = new Int32Array(n - m + 1);
  const chosen = method === "auto" ? cheapest(codes, packing).plan : null;
  if (method === "naive" || chosen === "naive") {
    compareAll(text, pattern, out);
    onWork?.({
      comparisons: m * out.length,
      increments: 0,
      transforms: 0,
      transformLength: 0,
      heavy: 0,
      hashed: 0,
    });
    return out;
  }
  const limit = threshold ?? Math.sqrt(m * Math.log(m));
  const isLight = new Uint8Array(size + 1);
  const heavy: number[] = [];
  for (let c = 0; c < size; c++) {
    const isHeavy = chosen ? chosen[c] === 1 : method === "fft" || inPattern[c]! > limit;
    if (isHeavy) heavy.push(c);
    else isLight[c] = 1;
  }
  const increments = heavy.length < size ? addLight(codes, isLight, out) : 0;
  const isHashed = method === "hashed";
  const transforms = isHashed ? addHashed(codes, heavy, out) : addHeavy(codes, heavy, out, packing);
  for (let i = 0; i < out.length; i++) out[i] = m - out[i]!;
  onWork?.({
    comparisons: 0,
    increments,
    transforms: transforms.count,
    transformLength: transforms.length,
    heavy: heavy.length,
    hashed: isHashed ? heavy.length : 0,
  });
  return out;
}

function compareAll(text: Int32Array, pattern: Int32Array, out: Int32Array): void {
  const m = pattern.length;
  for (let i = 0; i < out.length; i++) {
    let mismatches = 0;
    for (let j = 0; j < m; j++) mismatches += text[i + j] === pattern[j] ? 0 : 1;
    out[i] = mismatches;
  }
}

/** Nanoseconds of a comparison, an increment, and of a transform per n log₂ n, measured once on one machine. */
const PRICES = { comparison: 0.6, increment: 1.1, transform: 1.6 } as const;

interface Choice {
  /** "naive", or for each symbol whether it is cheaper through transforms. */
  readonly plan: "naive" | Uint8Array;
  /** Nanoseconds, roughly. */
  readonly price: number;
}

/** The cheapest way to count mismatches of codes exactly, by its estimated price. O(size). */
export function cheapest({ text, pattern, size, inPattern, inText }: Coded, packing = true): Choice {
  const [n, m] = [text.length, pattern.length];
  const { length, blocks } = transformsOf(n, m, 1, packing);
  const oneTransform = PRICES.transform * length * Math.log2(length);
  const bySymbol = (oneTransform * (1 + blocks)) / (packing ? 2 : 1);
  const isHeavy = new Uint8Array(size);
  let total = 0;
  let saved = 0;
  for (let c = 0; c < size; c++) {
    const price = PRICES.increment * inPattern[c]! * inText[c]!;
    if (price > bySymbol) {
      isHeavy[c] = 1;
      saved += price - bySymbol;
    }
    total += Math.min(price, bySymbol);
  }
  // The inverse transforms serve all symbols.
  const inverse = oneTransform * blocks;
  if (saved < inverse) {
    isHeavy.fill(0);
    total += saved;
  } else total += inverse;
  const direct = PRICES.comparison * m * (n - m + 1);
  return direct < total ? { plan: "naive", price: direct } : { plan: isHeavy, price: total };
}

/** Matches of heavy symbols as sums of places: one in the text, and the pattern's read backwards. */
function addHashed(
  { text, pattern }: Coded,
  symbols: readonly number[],
  matches: Int32Array,
): { count: number; length: number } {
  const m = pattern.length;
  let count = 0;
  let length = 0;
  const placesOf = (codes: Int32Array, symbol: number, of: (i: number) => number): Float64Array => {
    const found: number[] = [];
    for (let i = 0; i < codes.length; i++) if (codes[i] === symbol) found.push(of(i));
    return Float64Array.from(found);
  };
  for (const symbol of symbols) {
    const x = placesOf(text, symbol, (i) => i);
    const y = placesOf(pattern, symbol, (j) => m - 1 - j);
    if (x.length === 0) continue;
    const found = countSums("hammingDistances", x, y);
    count += found.transforms;
    length = Math.max(length, found.transformLength);
    for (const [sum, times] of found.counts) {
      const shift = sum - (m - 1);
      if (shift >= 0 && shift < matches.length) matches[shift] = matches[shift]! + times;
    }
  }
  return { count, length };
}
