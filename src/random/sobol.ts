// Sobol's sequence in Gray code order (Antonov and Saleev, 1979), and its scrambling.

import { DomainError } from "../tensor/errors.ts";
import { checkShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { words } from "./bits.ts";
import type { Key } from "./key.ts";
import { keyedPrimitive } from "./keyed.ts";
import { SOBOL_DIMENSIONS, SOBOL_DIRECTIONS } from "./sobolDirections.ts";
import { threefry } from "./threefry.ts";

const BITS = 32;

let table: readonly Uint32Array[] | null = null;

/** The 32 direction numbers of each dimension, as fractions of 2^32. */
function directions(): readonly Uint32Array[] {
  if (table) return table;
  const first = Uint32Array.from({ length: BITS }, (_, i) => 2 ** (BITS - 1 - i));
  const others = SOBOL_DIRECTIONS.split(" ").map((row) => {
    const [polynomial, ...start] = row.split(".").map(Number);
    const degree = start.length;
    const v = new Uint32Array(BITS);
    for (let i = 0; i < BITS; i++) {
      if (i < degree) {
        v[i] = start[i]! << (BITS - 1 - i);
        continue;
      }
      let next = v[i - degree]! ^ (v[i - degree]! >>> degree);
      for (let k = 1; k < degree; k++) if ((polynomial! >>> (degree - k)) & 1) next ^= v[i - k]!;
      v[i] = next;
    }
    return v;
  });
  table = [first, ...others];
  return table;
}

interface SobolParams {
  readonly n: number;
  readonly d: number;
  readonly skip: number;
  readonly scramble: "owen" | "shift";
}

/** Points `skip` … `skip + n - 1`, row after row, as fractions of 2^32. */
function points({ n, d, skip }: Pick<SobolParams, "n" | "d" | "skip">): Uint32Array {
  const numbers = directions();
  const out = new Uint32Array(n * d);
  for (let j = 0; j < d; j++) {
    const v = numbers[j]!;
    let x = 0;
    const gray = (skip ^ (skip >>> 1)) >>> 0;
    for (let bit = 0; bit < BITS; bit++) if ((gray >>> bit) & 1) x ^= v[bit]!;
    for (let i = 0; i < n; i++) {
      out[i * d + j] = x;
      // The lowest zero bit of the index is the one in which Gray's code changes.
      const low = 31 - Math.clz32(~(skip + i) & (skip + i + 1));
      x ^= v[low]!;
    }
  }
  return out;
}

/** Levels of the tree of digits that one block of 64 random bits decides: 1 + 2 + … + 32 nodes. */
const LEVELS = 6;

/**
 * Nested uniform scrambling: each digit is flipped by a coin that depends on the digits before it, so that every node of the tree has
 * a coin of its own, found from a key and its place. Owen, "Randomly permuted (t, m, s)-nets and (t, s)-sequences" (1995).
 */
function owen(x: number, key0: number, key1: number, coins: Uint32Array): number {
  let result = 0;
  for (let level = 0; level < BITS; level += LEVELS) {
    // The digits before this group, and a mark that tells how many they are.
    const prefix = level === 0 ? 1 : ((x >>> (BITS - level)) | (1 << level)) >>> 0;
    threefry(key0, key1, 0, prefix, coins);
    let node = 1;
    for (let bit = level; bit < Math.min(BITS, level + LEVELS); bit++) {
      const digit = (x >>> (BITS - 1 - bit)) & 1;
      const coin = (coins[node >>> 5]! >>> (node & 31)) & 1;
      result = (result << 1) | (digit ^ coin);
      node = (node << 1) | digit;
    }
  }
  return result >>> 0;
}

const drawSobol = keyedPrimitive<SobolParams>("randomSobol", {
  shape: ({ n, d }) => [n, d],
  dtype: () => "float64",
  fill: (key0, key1, out, params) => {
    const { d, scramble } = params;
    const digits = points(params);
    const random = words(key0, key1, 2 * d);
    const coins = new Uint32Array(2);
    for (let i = 0; i < digits.length; i++) {
      const j = i % d;
      const x =
        scramble === "shift"
          ? (digits[i]! ^ random[2 * j]!) >>> 0
          : owen(digits[i]!, random[2 * j]!, random[2 * j + 1]!, coins);
      out[i] = (x + 0.5) * 2 ** -BITS;
    }
  },
});

export interface SobolOptions {
  /** Scrambles the sequence: every point is then uniform in the open cube, and the points together keep their even spread. */
  readonly key?: Key;
  /** With a key: Owen's nested scrambling (unless told), or the same random digits for all points. */
  readonly scramble?: "owen" | "shift";
  /** Points left out at the beginning; none unless told. */
  readonly skip?: number;
}

/**
 * The first n points of Sobol's sequence in d dimensions, as float64 `[n, d]`. The very first is the origin, unless there is a key.
 * Take a power of 2 of them for their even spread. O(n d), six times as much with Owen's scrambling.
 *
 * Throws DomainError for d > 256, and skip + n > 2^32. Source: Joe and Kuo (2008) for the direction numbers.
 */
export function sobol(n: number, d: number, options: SobolOptions = {}): Tensor {
  const { key, scramble = "owen", skip = 0 } = options;
  checkShape([n, d], "sobol: [n, d]");
  if (d > SOBOL_DIMENSIONS)
    throw new DomainError(`sobol: d: at most ${SOBOL_DIMENSIONS} was expected, got ${d}`);
  if (!(Number.isInteger(skip) && skip >= 0 && skip + n <= 2 ** BITS))
    throw new DomainError(`sobol: skip: an integer from 0 to 2^32 - n was expected, got ${skip}`);
  if (scramble !== "owen" && scramble !== "shift")
    throw new DomainError(`sobol: scramble "owen" or "shift" was expected, got ${String(scramble)}`);
  if (key) return drawSobol(key, { n, d, skip, scramble });
  return new Tensor(
    Float64Array.from(points({ n, d, skip }), (x) => x * 2 ** -BITS),
    [n, d],
    "float64",
  );
}
