// Files written by NumPy and their values; see test/reference/io_fixtures.py.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Tensor } from "../../src/tensor/tensor.ts";
import expectations from "../reference/io_fixtures.json" with { type: "json" };

export const fixture = (name: string): string =>
  fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

export const fixtureBytes = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(fixture(name)));

interface Expected {
  shape: number[];
  values: (number | number[])[];
}

export const expected: Record<string, Expected> = expectations;

/** Elements in C order as numbers, complex ones as pairs. */
export function listed(x: Tensor): (number | number[])[] {
  const flat = new Tensor(x.data(), [x.size], x.dtype);
  return Array.from({ length: x.size }, (_, i) => {
    const value = flat.element(i);
    return typeof value === "object" ? [value.re, value.im] : Number(value);
  });
}
