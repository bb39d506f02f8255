import fc from "fast-check";
import { AbortedError, DomainError, DTypeError, ShapeError, tensor } from "polyadic";
import {
  type CostGraph,
  checkmate,
  peakMemory,
  type RematerializeOptions,
  rematerialize,
  segmentSchedule,
} from "polyadic/compiler";
import { key, randint } from "polyadic/random";
import { describe, expect, test } from "vitest";
import { chain, heavyHead, optimumByStates, peakByDefinition, schedules, training } from "./graphs.ts";

/** Random graphs in their topological order. */
const graphs = (maxNodes: number, cost: fc.Arbitrary<number>): fc.Arbitrary<CostGraph> =>
  fc.integer({ min: 1, max: maxNodes }).chain((n) =>
    fc.record({
      n: fc.constant(n),
      edges: fc
        .subarray(
          Array.from({ length: n }, (_, v) => v).flatMap((v) =>
            Array.from({ length: v }, (_, u): [number, number] => [u, v]),
          ),
        )
        .map((edges) => edges.slice(0, 2 * n)),
      memory: fc.array(cost, { minLength: n, maxLength: n }),
      duration: fc.array(cost, { minLength: n, maxLength: n }),
    }),
  );

const identity = (n: number): number[] => Array.from({ length: n }, (_, v) => v);
const durationOf = ({ duration }: CostGraph, schedule: readonly number[]): number =>
  schedule.reduce((sum, v) => sum + duration[v]!, 0);

/** What the node with its inputs that needs most needs. */
const minimum = ({ n, edges, memory }: CostGraph): number =>
  Math.max(
    0,
    ...identity(n).map((v) =>
      edges.filter(([, to]) => to === v).reduce((sum, [u]) => sum + memory[u]!, memory[v]!),
    ),
  );

/** The budget at a share of the way from the least conceivable to what the plain order takes. */
const budgetAt = (graph: CostGraph, share: number): number => {
  const least = minimum(graph);
  return least + Math.floor(share * (peakMemory(graph, identity(graph.n)) - least));
};

/** Layers of four nodes; each node reads two or three of the three layers before. */
function layered(seed: number, n: number): CostGraph {
  const draws = (fold: number, low: number, high: number): number[] =>
    randint(key(1000 * seed + fold), [n], low, high).toArray() as number[];
  const count = draws(0, 2, 4);
  const pick = [1, 2, 3].map((fold) => draws(fold, 0, 1 << 20));
  const edges: [number, number][] = [];
  for (let v = 4; v < n; v++) {
    const to = v - (v % 4);
    const from = Math.max(0, to - 12);
    for (let i = 0; i < count[v]!; i++) edges.push([from + (pick[i]![v]! % (to - from)), v]);
  }
  return { n, edges, memory: draws(4, 1, 21), duration: draws(5, 1, 21) };
}

/** Everything that a result says of itself, checked by running its schedule. */
function replay(graph: CostGraph, options: RematerializeOptions): ReturnType<typeof rematerialize> {
  const result = rematerialize(graph, options);
  expect(result.duration).toBe(durationOf(graph, result.schedule));
  expect(result.peak).toBe(peakMemory(graph, result.schedule));
  expect(result.feasible).toBe(result.peak <= options.budget);
  expect([...new Set(result.schedule)].sort((a, b) => a - b)).toEqual(identity(graph.n));
  for (const v of identity(graph.n))
    expect(result.schedule.filter((u) => u === v).length).toBeLessThanOrEqual(options.maxCopies ?? 2);
  if (result.feasible) expect(result.lowerBound).toBeLessThanOrEqual(result.duration * (1 + 1e-12));
  return result;
}

describe("peakMemory", () => {
  test("counts inputs and output of a node together", () => {
    expect(peakMemory({ ...chain(3), memory: [5, 3, 1] }, [0, 1, 2])).toBe(8);
  });

  test("frees a value that nobody reads right after it was computed", () => {
    expect(peakMemory({ n: 3, edges: [], memory: [4, 5, 6], duration: [1, 1, 1] }, [0, 1, 2])).toBe(6);
  });

  test("is what the definition says, for schedules with recomputations", () => {
    fc.assert(
      fc.property(graphs(5, fc.integer({ min: 0, max: 9 })), fc.nat(), (graph, pick) => {
        const all = [...schedules(graph.n, 3)];
        const schedule = all[pick % all.length]!;
        expect(peakMemory(graph, schedule)).toBe(peakByDefinition(graph, schedule));
      }),
      { numRuns: 100 },
    );
  });

  test("refuses schedules that cannot run", () => {
    expect(() => peakMemory(chain(3), [0, 2, 1])).toThrow(/entry 1 runs node 2 before its input, node 1/);
    expect(() => peakMemory(chain(3), [0, 3])).toThrow(/entry 1 of the schedule, 3, is not a node/);
    expect(peakMemory(chain(3), [])).toBe(0);
  });
});

describe("rematerialize", () => {
  test.each([2, 3])("finds the best of all schedules of small graphs, %i copies", (maxCopies) => {
    fc.assert(
      fc.property(
        graphs(5, fc.integer({ min: 0, max: 6 })),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (graph, share) => {
          const budget = budgetAt(graph, share);
          let best = Infinity;
          for (const schedule of schedules(graph.n, maxCopies))
            if (peakByDefinition(graph, schedule) <= budget)
              best = Math.min(best, durationOf(graph, schedule));
          // Without neighbourhoods, all is left to the proof.
          const result = replay(graph, { budget, maxCopies, iterations: 0 });
          expect(result.optimal).toBe(true);
          expect(result.feasible ? result.duration : Infinity).toBe(best);
          expect(result.lowerBound).toBe(best);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("proves what a search over all states of nine nodes finds", () => {
    const dense = graphs(9, fc.integer({ min: 1, max: 9 })).filter(
      ({ n, edges }) => n >= 8 && edges.length >= n,
    );
    fc.assert(
      fc.property(dense, fc.double({ min: 0, max: 0.8, noNaN: true }), (graph, share) => {
        const budget = budgetAt(graph, share);
        const result = replay(graph, { budget, iterations: 0 });
        expect(result.feasible ? result.duration : Infinity).toBe(optimumByStates(graph, budget));
        expect(result.optimal).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("finds the best of 32,768 schedules of a graph of six nodes", () => {
    fc.assert(
      fc.property(graphs(6, fc.integer({ min: 1, max: 4 })), (graph) => {
        const budget = budgetAt(graph, 0);
        let best = Infinity;
        for (const schedule of schedules(graph.n, 3))
          if (durationOf(graph, schedule) < best && peakByDefinition(graph, schedule) <= budget)
            best = durationOf(graph, schedule);
        const result = replay(graph, { budget, maxCopies: 3, iterations: 0 });
        expect(result.feasible ? result.duration : Infinity).toBe(best);
      }),
      { numRuns: 8 },
    );
  });

  test("agrees with the integer program when copies are not limited", async () => {
    await fc.assert(
      fc.asyncProperty(
        graphs(7, fc.integer({ min: 1, max: 6 })),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (graph, share) => {
          const budget = budgetAt(graph, share);
          const program = await checkmate(graph, { budget });
          const result = replay(graph, { budget, maxCopies: graph.n, iterations: 0 });
          expect(program.status).toBe(result.feasible ? "optimal" : "infeasible");
          expect(program.duration).toBe(result.feasible ? result.duration : Infinity);
          if (program.schedule) expect(peakMemory(graph, program.schedule)).toBe(program.peak);
        },
      ),
      { numRuns: 10 },
    );
  }, 60_000);

  test("keeps its promises on graphs that are too large for a proof", () => {
    for (const seed of [1, 2]) {
      const graph = layered(seed, 60);
      const budget = Math.floor(0.9 * peakMemory(graph, identity(60)));
      const result = replay(graph, { budget, key: key(seed), iterations: 600 });
      expect(result.feasible).toBe(true);
      expect(result.increase).toBeLessThan(0.25);
      expect(result.variables).toBe(360);
    }
  });

  test("repairs plans that pass the budget, and shortens them", () => {
    const seeds = [1, 2, 3, 4, 5, 6];
    const solve = (iterations: number): ReturnType<typeof rematerialize>[] =>
      seeds.map((seed) => {
        const graph = layered(seed, 32);
        const budget = Math.floor(0.7 * peakMemory(graph, identity(32)));
        return replay(graph, { budget, iterations, maxCopies: 3 });
      });
    const greedy = solve(0);
    const searched = solve(250);
    const repaired = seeds.filter((_, i) => searched[i]!.feasible && !greedy[i]!.feasible);
    const shortened = seeds.filter(
      (_, i) => greedy[i]!.feasible && searched[i]!.duration < greedy[i]!.duration,
    );
    expect(repaired.length).toBeGreaterThan(0);
    expect(shortened.length).toBeGreaterThan(0);
    expect(seeds.filter((_, i) => greedy[i]!.feasible && !searched[i]!.feasible)).toEqual([]);
  });

  test("is the same for the same key", () => {
    const graph = layered(3, 60);
    const budget = Math.floor(0.9 * peakMemory(graph, identity(60)));
    const once = rematerialize(graph, { budget, key: key(5), iterations: 200 });
    expect(rematerialize(graph, { budget, key: key(5), iterations: 200 })).toEqual(once);
    // A clock that is far from its limit changes nothing either.
    expect(rematerialize(graph, { budget, key: key(5), iterations: 200, timeLimit: 1e6 })).toEqual(once);
  });

  test("follows the order that it is given", () => {
    const graph: CostGraph = { n: 3, edges: [[2, 0]], memory: [1, 1, 1], duration: [1, 1, 1] };
    expect(rematerialize(graph, { budget: 9 }).schedule).toEqual([1, 2, 0]);
    expect(rematerialize(graph, { budget: 9, order: [2, 0, 1] }).schedule).toEqual([2, 0, 1]);
    const { schedule } = rematerialize(heavyHead(), { budget: 150 });
    expect([...new Set(schedule)]).toEqual(identity(10));
  });

  test("takes costs that are not integers", () => {
    const graph = training(4);
    const scaled = { ...graph, memory: graph.memory, duration: new Array(9).fill(0.1) };
    const result = replay({ ...scaled, memory: new Array(9).fill(0.3) }, { budget: 4 * 0.3 + 1e-9 });
    expect(result.optimal).toBe(true);
    expect(result.schedule).toHaveLength(11);
  });

  test("divides costs by their common divisor", () => {
    const graph = training(4);
    const large = { ...graph, memory: new Array(9).fill(2 ** 30), duration: new Array(9).fill(7e9) };
    expect(rematerialize(large, { budget: 4.5 * 2 ** 30 }).duration).toBe(77e9);
  });

  test("works without nodes, with one, and without costs", () => {
    expect(rematerialize(chain(0), { budget: 0 })).toMatchObject({
      schedule: [],
      duration: 0,
      peak: 0,
      increase: 0,
      feasible: true,
      optimal: true,
    });
    expect(rematerialize(chain(1), { budget: 1 })).toMatchObject({ schedule: [0], peak: 1, optimal: true });
    const free = { ...training(3), duration: new Array(7).fill(0) };
    expect(replay(free, { budget: 4 })).toMatchObject({ duration: 0, increase: 0, feasible: true });
    const weightless = { ...training(3), memory: new Array(7).fill(0) };
    expect(replay(weightless, { budget: 0 })).toMatchObject({ duration: 7, peak: 0, feasible: true });
  });

  test("reports a bound when it proves nothing", () => {
    const graph = layered(1, 40);
    const result = replay(graph, { budget: budgetAt(graph, 0.7), iterations: 50 });
    expect(result.optimal).toBe(false);
    expect(result.lowerBound).toBeGreaterThan(durationOf(graph, identity(40)));
  });

  test("stops at the time limit with the best so far", () => {
    const graph = layered(4, 60);
    const budget = Math.floor(0.9 * peakMemory(graph, identity(60)));
    expect(replay(graph, { budget, timeLimit: 0 }).schedule.length).toBeGreaterThanOrEqual(60);
  });

  test("reports progress and can be stopped", () => {
    const stages = new Set<string>();
    const graph = layered(5, 40);
    const budget = Math.floor(0.85 * peakMemory(graph, identity(40)));
    rematerialize(graph, {
      budget,
      iterations: 100,
      onProgress: ({ fraction, stage }) => {
        expect(fraction).toBeGreaterThanOrEqual(0);
        expect(fraction).toBeLessThanOrEqual(1);
        stages.add(stage);
      },
    });
    expect(stages.has("done")).toBe(true);
    expect(stages.size).toBeGreaterThan(2);
    const controller = new AbortController();
    let calls = 0;
    expect(() =>
      rematerialize(graph, {
        budget,
        signal: controller.signal,
        onProgress: () => {
          if (++calls === 3) controller.abort();
        },
      }),
    ).toThrow(AbortedError);
    expect(calls).toBe(3);
    expect(() => rematerialize(graph, { budget, signal: AbortSignal.abort() })).toThrow(AbortedError);
  });
});

describe("bad input", () => {
  const graph = training(3);
  test.each<[string, CostGraph, Partial<RematerializeOptions>, new () => Error, RegExp]>([
    [
      "cycle",
      {
        ...chain(2),
        edges: [
          [0, 1],
          [1, 0],
        ],
      },
      {},
      DomainError,
      /has a cycle; node 0/,
    ],
    ["loop", { ...chain(2), edges: [[1, 1]] }, {}, DomainError, /has a cycle; node 1/],
    ["unknown node", { ...chain(2), edges: [[0, 2]] }, {}, DomainError, /edge \[0, 2\] names no node/],
    ["negative memory", { ...chain(2), memory: [1, -1] }, {}, DomainError, /memory\[1\].*-1/],
    ["infinite duration", { ...chain(2), duration: [Infinity, 1] }, {}, DomainError, /duration\[0\]/],
    ["NaN", { ...chain(2), duration: [NaN, 1] }, {}, DomainError, /duration\[0\].*NaN/],
    ["short memory", { ...chain(2), memory: [1] }, {}, ShapeError, /memory must hold 2 numbers.*got 1/],
    ["bad n", { ...chain(2), n: 1.5 }, {}, ShapeError, /n must be .*1.5/],
    ["copies", graph, { maxCopies: 0 }, DomainError, /maxCopies must be .*got 0/],
    ["small budget", graph, { budget: 2 }, DomainError, /budget 2 is too small.*node 4 alone needs 3/],
    ["NaN budget", graph, { budget: NaN }, DomainError, /budget must be a number/],
    ["order of edges", graph, { order: [0, 1, 2, 4, 3, 5, 6] }, DomainError, /node 4 reads node 3, which/],
    ["order twice", graph, { order: [0, 0, 1, 2, 3, 4, 5] }, DomainError, /every node once; entry 1 is 0/],
    ["short order", graph, { order: [0, 1] }, DomainError, /must name all 7 nodes, got 2/],
    ["time", graph, { timeLimit: -1 }, DomainError, /timeLimit must be .*-1/],
    ["iterations", graph, { iterations: 0.5 }, DomainError, /iterations must be .*0.5/],
    ["exact", chain(129), { exact: true }, DomainError, /exact is for .*128 nodes, got 129/],
    ["key", graph, { key: tensor([1, 2]) }, DTypeError, /key must be a random key/],
  ])("%s", (_name, bad, options, type, message) => {
    const run = (): unknown => rematerialize(bad, { budget: 4, ...options });
    expect(run).toThrow(type);
    expect(run).toThrow(message);
  });

  test("of the integer program", async () => {
    await expect(checkmate(graph, { budget: 2 })).rejects.toThrow(DomainError);
    await expect(checkmate(graph, { budget: 4, timeLimit: 0 })).rejects.toThrow(/timeLimit must be positive/);
    expect(await checkmate(chain(0), { budget: 0 })).toMatchObject({ status: "optimal", schedule: [] });
    expect((await checkmate(chain(1), { budget: Infinity })).duration).toBe(1);
  });
});

describe("segmentSchedule", () => {
  test("keeps every √n-th value", () => {
    const graph = training(12);
    const schedule = segmentSchedule(graph);
    expect([...new Set(schedule)]).toHaveLength(25);
    expect(peakMemory(graph, schedule)).toBeLessThan(peakMemory(graph, identity(25)));
    // Forward once, and again what lies between checkpoints.
    expect(schedule.length).toBeLessThanOrEqual(25 + 12);
  });

  test("of length 1 is the plain order", () => {
    expect(segmentSchedule(training(3), { length: 1 })).toEqual(identity(7));
    expect(() => segmentSchedule(training(3), { length: 0 })).toThrow(DomainError);
    expect(segmentSchedule(chain(0))).toEqual([]);
  });
});
