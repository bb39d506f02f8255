// Lattices of sites, with their nearest and next-nearest neighbours.

import { DomainError } from "../tensor/errors.ts";

/** Sites 0 … sites - 1 and the pairs of them that act on one another. */
export interface Lattice {
  readonly sites: number;
  readonly nearest: readonly (readonly [number, number])[];
  readonly nextNearest: readonly (readonly [number, number])[];
}

/**
 * A chain or a rectangle of sites in C order; open unless `periodic`. Next-nearest neighbours are two sites apart on a chain and
 * diagonal ones on a rectangle. Throws DomainError unless there are one or two lengths with two sites or more in all.
 */
export function lattice(
  lengths: number | readonly [number] | readonly [number, number],
  options: { readonly periodic?: boolean } = {},
): Lattice {
  const given = typeof lengths === "number" ? [lengths] : [...lengths];
  if (given.length < 1 || given.length > 2 || given.some((n) => !(Number.isInteger(n) && n >= 1)))
    throw new DomainError(
      `lattice: lengths: one or two positive integers were expected, got ${given.join(" × ")}`,
    );
  const [rows, columns] = given.length === 1 ? [1, given[0]!] : (given as [number, number]);
  const sites = rows * columns;
  if (sites < 2) throw new DomainError(`lattice: lengths: two sites or more were expected, got ${sites}`);
  const { periodic = false } = options;
  const pairs = (steps: readonly (readonly [number, number])[]): [number, number][] => {
    const found = new Map<number, [number, number]>();
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++)
        for (const [di, dj] of steps) {
          let [a, b] = [i + di, j + dj];
          if (periodic) [a, b] = [(a + rows) % rows, (b + columns) % columns];
          if (a < 0 || a >= rows || b < 0 || b >= columns) continue;
          const ends = [i * columns + j, a * columns + b].sort((x, y) => x - y) as [number, number];
          // Around a short period the same pair may come up twice.
          if (ends[0] !== ends[1]) found.set(ends[0] * sites + ends[1], ends);
        }
    return [...found.values()];
  };
  const isChain = rows === 1;
  return {
    sites,
    nearest: pairs([
      [0, 1],
      [1, 0],
    ]),
    nextNearest: pairs(
      isChain
        ? [[0, 2]]
        : [
            [1, 1],
            [1, -1],
          ],
    ),
  };
}
