// Box and Muller's transform of pairs of uniform numbers.

import type { Storage } from "../tensor/dtype.ts";
import { openUniform } from "./bits.ts";

/** Fills `out` with independent normal numbers of standard deviation `scale`. */
export function fillNormal(key0: number, key1: number, out: Storage, scale = 1): void {
  const n = out.length;
  const draws = openUniform(key0, key1, n + (n & 1));
  for (let i = 0; i < n; i += 2) {
    const radius = scale * Math.sqrt(-2 * Math.log(draws[i]!));
    const angle = 2 * Math.PI * draws[i + 1]!;
    out[i] = radius * Math.cos(angle);
    if (i + 1 < n) out[i + 1] = radius * Math.sin(angle);
  }
}
