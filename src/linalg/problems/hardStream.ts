// Streams of rows whose leading direction is hard to find in one pass.

import { matmul } from "../../ops/contract.ts";
import { concat } from "../../ops/join.ts";
import { normal, shuffle } from "../../random/distributions.ts";
import { type Key, split } from "../../random/key.ts";
import { sphere } from "../../random/sphere.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";

export type HardStreamKind = "spread" | "heavy" | "oja-trap";

export interface HardStreamOptions {
  /** Rows. */
  readonly n: number;
  /** Length of a row. */
  readonly d: number;
  /** R, the energy of the leading direction where every other has about 1. */
  readonly gap: number;
  /** Rows that carry it, for `heavy`; 3 unless told. */
  readonly heavyRows?: number;
}

export interface HardStream {
  /** `[n, d]`, in random order. */
  readonly rows: Tensor;
  /** The direction v `[d]` that was planted, of length 1. */
  readonly direction: Tensor;
}

/**
 * Rows from N(0, I/n). `spread`: with the direction v boosted to energy R in all of them. `heavy`: with v taken out of them, and carried
 * by a few rows √(R/heavyRows) v. `oja-trap`: by a single one: Oja's rule with any rate η gains at most (1 + ηR) e^(-η) on v against the
 * rest, R/e or so, where √d is needed. O(n d).
 *
 * @throws DomainError for sizes that are no integers >= 1, heavyRows not below n and a gap that is not > 0.
 */
export function hardStream(key: Key, kind: HardStreamKind, options: HardStreamOptions): HardStream {
  const { n, d, gap } = options;
  const h = kind === "oja-trap" ? 1 : (options.heavyRows ?? 3);
  if (!["spread", "heavy", "oja-trap"].includes(kind))
    throw new DomainError(`hardStream: kind must be "spread", "heavy" or "oja-trap", got ${String(kind)}`);
  for (const [name, size] of Object.entries({ n, d, heavyRows: h }))
    if (!(Number.isInteger(size) && size >= (name === "heavyRows" ? 0 : 1)))
      throw new DomainError(`hardStream: ${name} must be a positive integer, got ${size}`);
  if (kind !== "spread" && h >= n)
    throw new DomainError(`hardStream: heavyRows must be below n = ${n}, got ${h}`);
  if (!(gap > 0 && Number.isFinite(gap)))
    throw new DomainError(`hardStream: gap must be finite and > 0, got ${gap}`);
  const [directionKey, rowKey, orderKey] = split(key, 3) as [Key, Key, Key];
  const direction = sphere(directionKey, [d]);
  const light = kind === "spread" || h === 0 ? n : n - h;
  const rows = normal(rowKey, [light, d]).mul(1 / Math.sqrt(n));
  const along = matmul(rows, direction).expandDims(1);
  if (kind === "spread") return { rows: rows.add(along.mul(direction).mul(Math.sqrt(gap) - 1)), direction };
  const without = rows.sub(along.mul(direction));
  if (h === 0) return { rows: without, direction };
  const heavy = direction
    .mul(Math.sqrt(gap / h))
    .expandDims(0)
    .broadcastTo([h, d]);
  return { rows: shuffle(orderKey, concat([without, heavy])), direction };
}
