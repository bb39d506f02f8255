// Files as sequences of symbols (bytes, code points of UTF-8, or lines), read piece by piece.

import { createReadStream } from "node:fs";
import { FileError } from "../tensor/errors.ts";
import { fileError, withFile } from "./files.ts";

export type SymbolKind = "byte" | "codepoint" | "line";

/** Turns the bytes of a file into symbols; the pieces may end anywhere. */
interface Decoder {
  push(bytes: Uint8Array): Uint8Array | Uint32Array;
  /** What is left at the end of the file. */
  end(): Uint8Array | Uint32Array;
}

const NOTHING = new Uint32Array(0);

/** Lines get numbers in the order in which they are first seen; one table serves all files that are compared. */
export class SymbolTable {
  readonly kind: SymbolKind;
  readonly #lines = new Map<string, number>();
  /** While open, new lines get new numbers; later all unknown lines share one. */
  #isOpen = true;

  constructor(kind: SymbolKind) {
    this.kind = kind;
  }

  close(): void {
    this.#isOpen = false;
  }

  line(text: string): number {
    const known = this.#lines.get(text);
    if (known !== undefined) return known;
    const next = this.#lines.size;
    if (this.#isOpen) this.#lines.set(text, next);
    return next;
  }

  decoder(path: string): Decoder {
    if (this.kind === "byte") return { push: (bytes) => bytes, end: () => NOTHING };
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    const decode = (bytes?: Uint8Array): string => {
      try {
        return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
      } catch {
        throw new FileError(`${path}: not UTF-8; bytes are compared with --symbols byte`);
      }
    };
    if (this.kind === "codepoint")
      return { push: (bytes) => codePoints(decode(bytes)), end: () => codePoints(decode()) };
    let rest = "";
    const number = (line: string): number => this.line(line.endsWith("\r") ? line.slice(0, -1) : line);
    return {
      push: (bytes) => {
        const lines = (rest + decode(bytes)).split("\n");
        rest = lines.pop()!;
        return Uint32Array.from(lines, number);
      },
      end: () => {
        const last = rest + decode();
        return last === "" ? NOTHING : Uint32Array.of(number(last));
      },
    };
  }
}

function codePoints(text: string): Uint32Array {
  const out = new Uint32Array(text.length);
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i)!;
    if (point > 0xffff) i++;
    out[count++] = point;
  }
  return out.subarray(0, count);
}

/** The symbols of a file in pieces of no particular length. Throws FileError. */
export async function* symbolsOf(path: string, table: SymbolTable): AsyncGenerator<Uint8Array | Uint32Array> {
  const decoder = table.decoder(path);
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 1 << 18 }))
      yield decoder.push(bytes as Uint8Array);
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? fileError(path, error) : error;
  }
  yield decoder.end();
}

/** How many symbols a file has: its size for bytes, else by reading it once. */
export async function countSymbols(path: string, table: SymbolTable): Promise<number> {
  if (table.kind === "byte") return withFile(path, async ({ size }) => size);
  let count = 0;
  for await (const piece of symbolsOf(path, table)) count += piece.length;
  return count;
}

/** All symbols of a file that fits in memory. A line break at its very end is left out unless told. */
export async function readSymbols(
  path: string,
  table: SymbolTable,
  keepNewline = false,
): Promise<Uint32Array> {
  const all: number[] = [];
  for await (const piece of symbolsOf(path, table)) for (const symbol of piece) all.push(symbol);
  if (!keepNewline && table.kind !== "line" && all.at(-1) === 10) {
    all.pop();
    if (all.at(-1) === 13) all.pop();
  }
  return Uint32Array.from(all);
}

/** A stretch of a text: `start` is the place of its first symbol. */
export interface SymbolBlock {
  readonly start: number;
  readonly symbols: Uint32Array;
}

/**
 * A text in blocks of `length` symbols, each of which begins with the last `overlap` symbols of the one before; the last
 * one may be shorter. Memory O(length).
 */
export async function* overlappingBlocks(
  pieces: AsyncIterable<Uint8Array | Uint32Array>,
  length: number,
  overlap: number,
): AsyncGenerator<SymbolBlock> {
  const buffer = new Uint32Array(length);
  let filled = 0;
  let start = 0;
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const count = Math.min(piece.length - from, length - filled);
      buffer.set(piece.subarray(from, from + count), filled);
      filled += count;
      from += count;
      if (filled < length) continue;
      yield { start, symbols: buffer };
      buffer.copyWithin(0, length - overlap);
      start += length - overlap;
      filled = overlap;
    }
  }
  if (filled > overlap || start === 0) yield { start, symbols: buffer.subarray(0, filled) };
}
