// Hamming distances from random hash functions of the alphabet: few symbols, few transforms.

import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { cheapest, distancesOfCodes } from "./exact.ts";
import { wordsFrom } from "./generator.ts";
import { type Coded, coded, encode, type Symbols } from "./symbols.ts";

export interface ApproximateHammingOptions {
  /** Relative error that is aimed at, in (0, 1). */
  readonly epsilon: number;
  /** For `under`: the probability that any place misses it; 0.01 unless told. */
  readonly delta?: number;
  /**
   * `under` (unless told): never above the truth, and below it by at most the share ε at all places with probability
   * 1 - δ. `two-sided`: unbiased, of relative standard deviation ε / 2 at each place, often far less.
   */
  readonly mode?: "two-sided" | "under";
  /** Hash functions; as many as epsilon and delta need unless told. */
  readonly repetitions?: number;
  /** `auto` (unless told) counts exactly where all the maps are estimated to cost more; `hashed` never does so. */
  readonly method?: "auto" | "hashed";
}

/**
 * Approximate mismatches of a pattern at every place of a text: `hammingDistances` of both under random maps of the
 * alphabet onto about 2 / ε symbols, O(n log m / ε) for each map. Symbols of the text that the pattern has not are counted
 * exactly. Alphabets that are no larger are counted exactly altogether, and so is everything where that costs less (see
 * `method`): on alphabets of hundreds of symbols it often does.
 *
 * The key (a uint32 tensor `[2]` of `polyadic/random`) seeds the maps. The exponent -0.93 of ε that the paper has for the
 * two-sided problem rests on fast rectangular matrix products and cannot be seen at real sizes.
 *
 * Source: Karloff, "Fast algorithms for approximately counting mismatches", IPL 48 (1993); Kopelowitz and Porat, "A simple
 * algorithm for approximating the text-to-pattern Hamming distance", SOSA 2018.
 *
 * @throws as `hammingDistances`, and DomainError for epsilon or delta outside of (0, 1) and unknown modes.
 */
export function approximateHammingDistances(
  key: Tensor,
  text: Symbols,
  pattern: Symbols,
  options: ApproximateHammingOptions,
): Float64Array<ArrayBuffer> {
  const name = "approximateHammingDistances";
  const { epsilon, delta = 0.01, mode = "under", method = "auto", repetitions } = options;
  for (const [option, value] of [
    ["epsilon", epsilon],
    ["delta", delta],
  ] as const)
    if (!(value > 0 && value < 1))
      throw new DomainError(`${name}: ${option} must lie between 0 and 1, got ${value}`);
  if (mode !== "under" && mode !== "two-sided")
    throw new DomainError(`${name}: mode must be "under" or "two-sided", got ${JSON.stringify(mode)}`);
  if (method !== "auto" && method !== "hashed")
    throw new DomainError(`${name}: method must be "auto" or "hashed", got ${JSON.stringify(method)}`);
  if (repetitions !== undefined && !(Number.isInteger(repetitions) && repetitions >= 1))
    throw new DomainError(`${name}: repetitions must be an integer >= 1, got ${repetitions}`);
  if (key.dtype !== "uint32" || key.size !== 2)
    throw new DomainError(`${name}: key must be a uint32 tensor [2], got ${key.dtype} of ${key.size}`);
  const codes = encode(name, text, pattern);
  const symbols = Math.ceil(2 / epsilon);
  if (codes.size <= symbols) return Float64Array.from(distancesOfCodes(codes, {}));
  const seed = key.data();
  const random = wordsFrom(seed[0]!, seed[1]!);
  const places = codes.text.length - codes.pattern.length + 1;
  const count =
    repetitions ??
    Math.max(1, Math.ceil(mode === "under" ? Math.log2(places / delta) : 4 / (epsilon ** 2 * (symbols - 1))));
  // Maps differ little in price.
  let map = hash(codes, symbols, random);
  if (method === "auto" && cheapest(codes).price <= count * cheapest(map).price)
    return Float64Array.from(distancesOfCodes(codes, {}));
  const out = new Float64Array(places);
  for (let repetition = 0; repetition < count; repetition++) {
    if (repetition > 0) map = hash(codes, symbols, random);
    const hashed = distancesOfCodes(map, {});
    if (mode === "under") {
      for (let i = 0; i < places; i++) if (hashed[i]! > out[i]!) out[i] = hashed[i]!;
    } else for (let i = 0; i < places; i++) out[i] = out[i]! + hashed[i]! / count;
  }
  if (mode === "two-sided") unbias(codes, symbols, out);
  return out;
}

/** Both under a random map onto s symbols; what matches nothing goes on to match nothing. */
function hash({ text, pattern, size }: Coded, s: number, random: () => number): Coded {
  const table = new Int32Array(size + 1);
  for (let c = 0; c < size; c++) table[c] = Math.floor((random() / 2 ** 32) * s);
  table[size] = s;
  return coded(
    text.map((c) => table[c]!),
    pattern.map((c) => table[c]!),
    s,
  );
}

/** Of the mismatches with symbols that the pattern has, the share 1 - 1/s survives a map; the others all do. */
function unbias({ text, pattern, size }: Coded, s: number, means: Float64Array): void {
  const m = pattern.length;
  let foreign = 0;
  for (let i = 0; i < m - 1; i++) if (text[i] === size) foreign++;
  for (let i = 0; i < means.length; i++) {
    if (text[i + m - 1] === size) foreign++;
    means[i] = foreign + ((means[i]! - foreign) * s) / (s - 1);
    if (text[i] === size) foreign--;
  }
}
