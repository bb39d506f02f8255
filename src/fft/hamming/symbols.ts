// A text and a pattern as codes of the pattern's own alphabet: what is not in the pattern matches nothing.

import { Tracer } from "../../ops/tracer.ts";
import { isInteger } from "../../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Symbols: integers from 0 to 2^32 - 1, as an array or a tensor `[n]`. */
export type Symbols = Uint32Array | Uint8Array | Tensor;

export interface Coded {
  /** Codes below `size`, or `size` for symbols that the pattern does not have. */
  readonly text: Int32Array;
  /** Codes from 0 in the order in which symbols first appear. */
  readonly pattern: Int32Array;
  /** Distinct symbols of the pattern. */
  readonly size: number;
  /** Occurrences of each symbol in the pattern and in the text. */
  readonly inPattern: Int32Array;
  readonly inText: Int32Array;
}

/** Symbols up to this are looked up in a table. */
const TABLE = 1 << 20;

/** Throws ShapeError, DTypeError, DomainError or TracerError for what is no text and pattern. O(n + m). */
export function encode(name: string, text: Symbols, pattern: Symbols): Coded {
  const t = symbolsOf(name, "text", text);
  const p = symbolsOf(name, "pattern", pattern);
  if (p.length === 0) throw new ShapeError(`${name}: pattern must have at least one symbol, got none`);
  if (p.length > t.length)
    throw new ShapeError(
      `${name}: pattern must not be longer than the text, got ${p.length} symbols against ${t.length}`,
    );
  let largest = 0;
  for (let i = 0; i < p.length; i++) if (p[i]! > largest) largest = p[i]!;
  const codes = largest < TABLE ? new Int32Array(largest + 1).fill(-1) : new Map<number, number>();
  const codeOf =
    codes instanceof Map
      ? (symbol: number): number => codes.get(symbol) ?? -1
      : (symbol: number): number => (symbol <= largest ? codes[symbol]! : -1);
  const ofPattern = new Int32Array(p.length);
  let size = 0;
  for (let i = 0; i < p.length; i++) {
    let code = codeOf(p[i]!);
    if (code < 0) {
      code = size++;
      if (codes instanceof Map) codes.set(p[i]!, code);
      else codes[p[i]!] = code;
    }
    ofPattern[i] = code;
  }
  const ofText = new Int32Array(t.length);
  for (let i = 0; i < t.length; i++) {
    const code = codeOf(t[i]!);
    ofText[i] = code < 0 ? size : code;
  }
  return coded(ofText, ofPattern, size);
}

/** Codes with their counts. */
export function coded(text: Int32Array, pattern: Int32Array, size: number): Coded {
  const inPattern = new Int32Array(size + 1);
  const inText = new Int32Array(size + 1);
  for (let i = 0; i < pattern.length; i++) inPattern[pattern[i]!]!++;
  for (let i = 0; i < text.length; i++) inText[text[i]!]!++;
  return { text, pattern, size, inPattern, inText };
}

function symbolsOf(name: string, argument: string, x: Symbols): ArrayLike<number> {
  if (x instanceof Uint32Array || x instanceof Uint8Array) return x;
  if (x instanceof Tracer)
    throw new TracerError(`${name}: ${argument} must have known values: symbols have no derivatives`);
  if (x.ndim !== 1)
    throw new ShapeError(`${name}: ${argument} must be a vector, got shape ${formatShape(x.shape)}`);
  const data = x.data();
  if (!isInteger(x.dtype) && x.dtype !== "float64" && x.dtype !== "float32")
    throw new DTypeError(`${name}: ${argument} must hold integers, got ${x.dtype}`);
  for (let i = 0; i < data.length; i++)
    if (!(Number.isInteger(data[i]) && data[i]! >= 0 && data[i]! < 2 ** 32))
      throw new DomainError(
        `${name}: ${argument} must hold integers from 0 to 2^32 - 1, got ${data[i]} at ${i}`,
      );
  return data;
}
