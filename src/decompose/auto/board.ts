// The candidates of one call: each measured against the tensor, then judged.

import { parameters, type Residual, ranks } from "../operations.ts";
import type { Candidate, Decomposition, Format } from "../types.ts";
import { type Clock, type Find, storedBytes, TIE } from "./search.ts";

/** Cheapest access first. */
const ACCESS: readonly Format[] = ["tucker", "tt", "tree", "cp", "ring", "qtt", "dense"];

/** What a candidate has to do to count, and by which number the valid ones compete. */
export interface Rule {
  readonly isValid: (measured: { readonly error: number; readonly bytes: number }) => boolean;
  readonly whyNot: (measured: { readonly error: number; readonly bytes: number }) => string;
  readonly by: "bytes" | "error";
}

interface Entry extends Candidate {
  readonly found: Decomposition | null;
  readonly maxAbsolute: number;
}

/** What `judge` decides. */
export interface Verdict {
  readonly chosen: Candidate;
  readonly candidates: readonly Candidate[];
  readonly decomposition: Decomposition;
  readonly maxAbsolute: number;
}

export class Board {
  readonly #clock: Clock;
  readonly #rule: Rule;
  readonly #entries: Entry[] = [];
  #lastMark = 0;

  constructor(clock: Clock, rule: Rule) {
    this.#clock = clock;
    this.#rule = rule;
  }

  /** Fewest bytes of a valid candidate so far: what later searches have to beat. */
  get bestBytes(): number {
    return Math.min(...this.#entries.filter(({ status }) => status === "valid").map(({ bytes }) => bytes));
  }

  /** Takes a measured find in. */
  admit({ format, detail, decomposition }: Find, { relative, maxAbsolute }: Residual): void {
    const measured = { error: relative, bytes: storedBytes(decomposition) };
    const isValid = this.#rule.isValid(measured);
    this.#entries.push({
      format,
      detail,
      ranks: ranks(decomposition),
      parameters: parameters(decomposition),
      ...measured,
      seconds: this.#lap(),
      status: isValid ? "valid" : "rejected",
      reason: isValid ? "" : this.#rule.whyNot(measured),
      found: decomposition,
      maxAbsolute,
    });
  }

  reject(format: Format, detail: string, reason: string): void {
    this.#entries.push({
      format,
      detail,
      ranks: [],
      parameters: Number.NaN,
      bytes: Number.NaN,
      error: Number.NaN,
      seconds: this.#lap(),
      status: "rejected",
      reason,
      found: null,
      maxAbsolute: Number.NaN,
    });
  }

  #lap(): number {
    const now = this.#clock.elapsed;
    const seconds = now - this.#lastMark;
    this.#lastMark = now;
    return seconds;
  }

  /** Picks the winner and writes down why the others lost; null when nothing is valid. */
  judge(): Verdict | null {
    const { by } = this.#rule;
    const valid = this.#entries.filter(({ status }) => status === "valid");
    if (valid.length === 0) return null;
    const least = Math.min(...valid.map((entry) => entry[by]));
    const tied = valid.filter((entry) => entry[by] <= (1 + TIE) * least);
    tied.sort((a, b) => ACCESS.indexOf(a.format) - ACCESS.indexOf(b.format) || a[by] - b[by]);
    const winner = tied[0]!;
    const chosen: Candidate = { ...withoutData(winner), status: "chosen" };
    const candidates = this.#entries.map((entry): Candidate => {
      if (entry === winner) return chosen;
      return entry.status === "rejected"
        ? withoutData(entry)
        : { ...withoutData(entry), reason: whyLost(entry, winner, by) };
    });
    return { chosen, candidates, decomposition: winner.found!, maxAbsolute: winner.maxAbsolute };
  }
}

function withoutData({ found: _found, maxAbsolute: _maxAbsolute, ...candidate }: Entry): Candidate {
  return candidate;
}

function whyLost(entry: Candidate, winner: Candidate, by: "bytes" | "error"): string {
  if (entry[by] <= (1 + TIE) * winner[by]) return `equal within ${100 * TIE} %, but slower to read`;
  const ratio = entry[by] / winner[by];
  const more = ratio < 2 ? `${Math.round(100 * (ratio - 1))} %` : `${ratio.toFixed(1)} times`;
  return by === "bytes" ? `${more} larger` : `error ${more} larger`;
}
