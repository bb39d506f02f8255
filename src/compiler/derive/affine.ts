// Affine functions of loop variables: what tensors are indexed with. A divisor stands for zeros between elements: the
// index is the quotient, and where it is no integer the element is zero.

import { DomainError } from "../../tensor/errors.ts";

/** A loop or sum variable and its integers from `from` (inclusive) to `to` (exclusive). */
export interface Range {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** (constant + Σ coefficient · variable) / divisor */
export interface Affine {
  readonly constant: number;
  /** No zeros among the coefficients. */
  readonly terms: ReadonlyMap<string, number>;
  readonly divisor: number;
}

export function affine(
  terms: Iterable<readonly [string, number]>,
  constant: number = 0,
  divisor: number = 1,
): Affine {
  const present = [...terms].filter(([, c]) => c !== 0);
  const common = divisor === 1 ? 1 : present.reduce((g, [, c]) => gcd(g, c), gcd(divisor, constant));
  if (common === 1) return { constant, terms: new Map(present), divisor };
  return {
    constant: constant / common,
    terms: new Map(present.map(([name, c]) => [name, c / common])),
    divisor: divisor / common,
  };
}

export const variable = (name: string): Affine => affine([[name, 1]]);

export const extentOf = ({ from, to }: Range): number => to - from;

function addTo(terms: Map<string, number>, b: Affine, factor: number): Map<string, number> {
  for (const [name, c] of b.terms) terms.set(name, (terms.get(name) ?? 0) + factor * c);
  return terms;
}

/** a + factor · b, of affine functions without divisors. */
export const plus = (a: Affine, b: Affine, factor = 1): Affine =>
  affine(addTo(new Map(a.terms), b, factor), a.constant + factor * b.constant);

/** With a variable replaced by an affine function without divisor. */
export function substitute(a: Affine, name: string, by: Affine): Affine {
  const c = a.terms.get(name);
  if (c === undefined) return a;
  const terms = new Map(a.terms);
  terms.delete(name);
  return affine(addTo(terms, by, c), a.constant + c * by.constant, a.divisor);
}

/** (a − offset) / divisor, where a may have a divisor of its own. */
export const shiftedQuotient = (a: Affine, offset: number, divisor = 1): Affine =>
  affine(a.terms, a.constant - offset * a.divisor, a.divisor * divisor);

export type Ranges = ReadonlyMap<string, Range>;

export const rangesOf = (variables: readonly Range[]): Ranges => new Map(variables.map((v) => [v.name, v]));

/** Least and greatest value of constant + Σ coefficient · variable, before division. */
export function bounds({ constant, terms }: Affine, ranges: Ranges): readonly [number, number] {
  let low = constant;
  let high = constant;
  for (const [name, c] of terms) {
    const { from, to } = ranges.get(name)!;
    low += c * (c > 0 ? from : to - 1);
    high += c * (c > 0 ? to - 1 : from);
  }
  return [low, high];
}

/** The one variable of an index that is just this variable, or null. */
export function pureVariable({ constant, terms, divisor }: Affine): string | null {
  if (constant !== 0 || divisor !== 1 || terms.size !== 1) return null;
  const [[name, c]] = terms as unknown as [[string, number]];
  return c === 1 ? name : null;
}

/**
 * k · quotient + rest with 0 ≤ rest < k, where all variables of the rest have coefficients that k does not divide; null
 * where there is no such division.
 */
export function divide(
  a: Affine,
  k: number,
  ranges: Ranges,
): { readonly quotient: Affine; readonly rest: Affine } | null {
  if (a.divisor !== 1) return null;
  const whole = [...a.terms].filter(([, c]) => c % k === 0).map(([name, c]) => [name, c / k] as const);
  const terms = [...a.terms].filter(([, c]) => c % k !== 0);
  const [low, high] = bounds(affine(terms), ranges);
  const start = ((((a.constant + low) % k) + k) % k) - low;
  if (high + start >= k) return null;
  const rest = affine(terms, start);
  return { quotient: affine(whole, (a.constant - start) / k), rest };
}

const TERM = /^(?:(\d+)(?:\s*\*\s*([A-Za-z_]\w*))?|([A-Za-z_]\w*)(?:\s*\*\s*(\d+))?)$/;

/** Reads `2*h + r - 1`, or `(h - r) / 2`. Throws DomainError for anything that is not affine. */
export function parseAffine(text: string, what: string): Affine {
  const fail = (): never => {
    throw new DomainError(`${what}: an affine index such as "2*h + r - 1" was expected, got "${text}"`);
  };
  const quotient = /^\s*\((.*)\)\s*\/\s*([1-9]\d*)\s*$/.exec(text);
  const parts = (quotient ? quotient[1]! : text).replace(/\s+/g, "").match(/[+-]?[^+-]+/g);
  if (!parts || parts.join("") !== (quotient ? quotient[1]! : text).replace(/\s+/g, "")) return fail();
  let sum = affine([]);
  for (const part of parts) {
    const sign = part.startsWith("-") ? -1 : 1;
    const match = TERM.exec(part.replace(/^[+-]/, ""));
    if (!match) return fail();
    const [, number, name, bare, factor] = match;
    const term = name ?? bare;
    const c = Number(number ?? factor ?? 1);
    sum = plus(sum, term === undefined ? affine([], c) : affine([[term, c]]), sign);
  }
  return quotient ? { ...sum, divisor: Number(quotient[2]) } : sum;
}

export function formatAffine({ constant, terms, divisor }: Affine, name = (v: string): string => v): string {
  const parts = [...terms].map(([v, c]) => ({ text: name(v), c }));
  parts.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.c - b.c));
  let text = "";
  for (const { text: v, c } of parts) {
    const size = Math.abs(c) === 1 ? v : `${Math.abs(c)}*${v}`;
    text += text === "" ? (c < 0 ? `-${size}` : size) : ` ${c < 0 ? "-" : "+"} ${size}`;
  }
  if (constant !== 0 || text === "")
    text += text === "" ? `${constant}` : ` ${constant < 0 ? "-" : "+"} ${Math.abs(constant)}`;
  return divisor === 1 ? text : `(${text}) / ${divisor}`;
}

export const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** An arithmetic progression of values of a variable, and what an index is along it. */
export interface Progression {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  /** The index at the first value, and its step. */
  readonly at: number;
  readonly stride: number;
}

/**
 * The values of v in [from, to) for which (c · v + b) / q is an integer in [0, length). `c` is not zero. O(q).
 */
export function hits(
  c: number,
  b: number,
  q: number,
  { from, to }: Pick<Range, "from" | "to">,
  length: number,
): Progression {
  const none = { first: from, step: 1, count: 0, at: 0, stride: 0 };
  // 0 <= c v + b <= q (length - 1)
  const ends = [-b / c, (q * (length - 1) - b) / c];
  const low = Math.max(from, Math.ceil(Math.min(...ends)));
  const high = Math.min(to - 1, Math.floor(Math.max(...ends)));
  if (length < 1) return none;
  const step = q / gcd(c, q);
  for (let v = low; v <= Math.min(high, low + step - 1); v++)
    if ((c * v + b) % q === 0) {
      const count = Math.floor((high - v) / step) + 1;
      return { first: v, step, count, at: (c * v + b) / q, stride: (c * step) / q };
    }
  return none;
}
