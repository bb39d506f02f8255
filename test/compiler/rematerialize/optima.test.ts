// Optima known from exhaustive search.
import { type CostGraph, peakMemory, rematerialize } from "polyadic/compiler";
import { describe, expect, test } from "vitest";
import { heavyHead, training } from "./graphs.ts";

const identity = ({ n }: CostGraph): number[] => Array.from({ length: n }, (_, v) => v);

/** `duration` null: nothing fits. */
const TABLE: readonly {
  readonly name: string;
  readonly graph: CostGraph;
  readonly rows: readonly (readonly [maxCopies: number, budget: number, duration: number | null])[];
}[] = [
  {
    name: "3 forward nodes",
    graph: training(3),
    rows: [
      [2, 5, 7],
      [2, 4, 8],
      [2, 3, null],
      [3, 3, 10],
    ],
  },
  {
    name: "4 forward nodes",
    graph: training(4),
    rows: [2, 3].flatMap((copies) =>
      (
        [
          [6, 9],
          [5, 10],
          [4, 11],
          [3, null],
        ] as const
      ).map(([budget, d]) => [copies, budget, d] as const),
    ),
  },
  {
    name: "10 nodes, large values first",
    graph: heavyHead(),
    rows: [
      [2, 251, 10],
      [2, 204, 11],
      [2, 201, 11],
      [2, 200, 12],
      [2, 151, 12],
      [2, 150, 13],
      [2, 103, null],
      [3, 103, 14],
    ],
  },
];

test("peaks of the plain orders", () => {
  expect(TABLE.map(({ graph }) => peakMemory(graph, identity(graph)))).toEqual([5, 6, 251]);
});

describe.each(TABLE)("$name", ({ graph, rows }) => {
  test.each(rows)("at most %i copies in %i", (maxCopies, budget, expected) => {
    const result = rematerialize(graph, { budget, maxCopies });
    expect(result.optimal).toBe(true);
    expect(result.feasible).toBe(expected !== null);
    expect(result.peak).toBe(peakMemory(graph, result.schedule));
    expect(result.duration).toBe(result.schedule.length);
    expect(result.variables).toBe(3 * maxCopies * graph.n);
    if (expected === null) expect(result.lowerBound).toBe(Infinity);
    else {
      expect(result.duration).toBe(expected);
      expect(result.lowerBound).toBe(expected);
      expect(result.peak).toBeLessThanOrEqual(budget);
      expect(result.increase).toBeCloseTo(expected / graph.n - 1, 12);
    }
  });
});

test("each unit below the plain peak costs a training graph one computation, until none fits", () => {
  const graph = training(11);
  expect(peakMemory(graph, identity(graph))).toBe(13);
  for (let budget = 12; budget >= 6; budget--)
    expect(rematerialize(graph, { budget })).toMatchObject({ duration: 23 + 13 - budget, optimal: true });
  expect(rematerialize(graph, { budget: 5 })).toMatchObject({ feasible: false, optimal: true });
});
