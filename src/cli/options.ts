// Option values from their text. Each parser throws OptionError, which names the option's value and what was expected.
import { InvalidArgumentError } from "commander";

const refuse = (text: string, expected: string): never => {
  throw new InvalidArgumentError(`got "${text}", expected ${expected}.`);
};

/** A relative error: a number from 0 to below 1, or a percentage. */
export function parseTolerance(text: string): number {
  const percent = /^(.+)%$/.exec(text.trim());
  const value = percent ? Number(percent[1]) / 100 : Number(text.trim() || Number.NaN);
  return value >= 0 && value < 1
    ? value
    : refuse(text, "a relative error from 0 to below 1, such as 0.05 or 5%");
}

export function parseCount(text: string): number {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number.isSafeInteger(Number(text))
    ? Number(text)
    : refuse(text, "an integer of 1 or more");
}

export function parseSeed(text: string): number {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : refuse(text, "an integer of 0 or more");
}

export function parseSeconds(text: string): number {
  const value = Number(text.trim() || Number.NaN);
  return value > 0 && Number.isFinite(value) ? value : refuse(text, "a positive number of seconds");
}

export function parseRanks(text: string): number[] {
  const parts = text.split(",").map((part) => part.trim());
  return parts.every((part) => /^[1-9]\d*$/.test(part))
    ? parts.map(Number)
    : refuse(text, "positive integers joined by commas, such as 8,8,3");
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** A number of bytes: `5000`, `100k`, `1.5MB`. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(text.trim());
  const value = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase()]! : Number.NaN;
  return value >= 1 ? Math.floor(value) : refuse(text, "a size such as 5000, 100k or 1.5M");
}
