// The search for the order of contraction, against every order.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findPath, type Network, OPTIMAL_LIMIT } from "../../src/ops/einsumPath.ts";

/** A network of `count` operands over labels of random length. */
const randomNetwork = (count: number): fc.Arbitrary<Network> =>
  fc
    .record({
      operands: fc.array(fc.uniqueArray(fc.constantFrom(..."abcdefg"), { minLength: 1, maxLength: 4 }), {
        minLength: count,
        maxLength: count,
      }),
      lengths: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 7, maxLength: 7 }),
      keep: fc.shuffledSubarray([..."abcdefg"]),
    })
    .map(({ operands, lengths, keep }) => ({
      operands,
      output: keep.filter((label) => operands.some((labels) => labels.includes(label))),
      lengths: new Map([..."abcdefg"].map((label, i) => [label, lengths[i]!])),
    }));

/** Cost and largest intermediate of contracting one pair, and the network after it. */
function contractPair(
  { operands, output, lengths }: Network,
  i: number,
  j: number,
): { cost: number; size: number; next: Network } {
  const rest = operands.filter((_, place) => place !== i && place !== j);
  const union = [...new Set([...operands[i]!, ...operands[j]!])];
  const kept = union.filter(
    (label) => output.includes(label) || rest.some((labels) => labels.includes(label)),
  );
  const sizeOf = (labels: readonly string[]): number =>
    labels.reduce((size, label) => size * lengths.get(label)!, 1);
  return {
    cost: costOf(operands, [i, j], output, lengths),
    size: sizeOf(kept),
    next: { operands: [...rest, kept], output, lengths },
  };
}

/** Multiplications of one step: labels that only one of the pair has and nobody else needs are summed before it. */
function costOf(
  operands: Network["operands"],
  pair: readonly [number, number],
  output: Network["output"],
  lengths: Network["lengths"],
): number {
  const [i, j] = pair;
  const needed = (own: number, label: string): boolean =>
    output.includes(label) || operands.some((labels, place) => place !== own && labels.includes(label));
  const union = new Set([
    ...operands[i]!.filter((label) => needed(i, label)),
    ...operands[j]!.filter((label) => needed(j, label)),
  ]);
  return [...union].reduce((size, label) => size * lengths.get(label)!, 1);
}

const cheapest = (network: Network): number => {
  const { operands } = network;
  if (operands.length === 1) return 0;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < operands.length; i++)
    for (let j = i + 1; j < operands.length; j++) {
      const { cost, next } = contractPair(network, i, j);
      best = Math.min(best, cost + cheapest(next));
    }
  return best;
};

/** The cost of a path by its own steps. */
function replay(
  network: Network,
  steps: readonly (readonly [number, number])[],
): { cost: number; largest: number } {
  let current = network;
  let cost = 0;
  let largest = 0;
  for (const [i, j] of steps) {
    const step = contractPair(current, i, j);
    cost += step.cost;
    largest = Math.max(largest, step.size);
    current = step.next;
  }
  expect(current.operands.length).toBe(1);
  return { cost, largest };
}

describe("the order of contraction", () => {
  test.each([2, 3, 4, 5])("of %d operands costs no more than any other", (count) => {
    fc.assert(
      fc.property(randomNetwork(count), (network) => {
        const path = findPath(network);
        expect(path.cost).toBe(cheapest(network));
        expect(replay(network, path.steps)).toEqual({ cost: path.cost, largest: path.largest });
      }),
      { numRuns: count === 5 ? 40 : 150 },
    );
  });
  test("of more operands than the search takes is right about its own cost", () => {
    fc.assert(
      fc.property(randomNetwork(OPTIMAL_LIMIT + 3), (network) => {
        const path = findPath(network);
        expect(path.steps.length).toBe(OPTIMAL_LIMIT + 2);
        expect(replay(network, path.steps)).toEqual({ cost: path.cost, largest: path.largest });
      }),
      { numRuns: 30 },
    );
  });
});
