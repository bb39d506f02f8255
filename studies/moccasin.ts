import { MissingPackageError, matmul, type Tensor } from "polyadic";
import {
  type CostGraph,
  checkmate,
  checkmateSize,
  graphPeak,
  memoryProfile,
  peakMemory,
  type Rematerialization,
  type RematerializeOptions,
  rematerialize,
  rematerializePass,
  runGraph,
  segmentSchedule,
} from "polyadic/compiler";
import { foldIn, type Key, normal, randint, split } from "polyadic/random";
import { atLeast, atMost, type StudyReport, study } from "polyadic/study";
import { grad, trace } from "polyadic/transform";

const ones = (n: number): number[] => new Array<number>(n).fill(1);
const plainOrder = ({ n }: CostGraph): number[] => Array.from({ length: n }, (_, v) => v);

/** A forward chain, a backward chain, and each of the first values read again by its partner on the way back. */
function trainingGraph(n: number, skips: number, memory: number[]): CostGraph {
  const edges: [number, number][] = [];
  for (let v = 1; v < n; v++) edges.push([v - 1, v]);
  for (let v = 0; v < skips; v++) edges.push([v, n - 1 - v]);
  return { n, edges, memory, duration: ones(n) };
}

/** Optima by exhaustive search: `[copies, budget, duration]`; null where nothing fits. */
const OPTIMA: readonly {
  readonly name: string;
  readonly graph: CostGraph;
  readonly rows: readonly (readonly [number, number, number | null])[];
}[] = [
  {
    name: "3 forward nodes",
    graph: trainingGraph(7, 3, ones(7)),
    rows: [
      [2, 5, 7],
      [2, 4, 8],
      [2, 3, null],
      [3, 3, 10],
    ],
  },
  {
    name: "4 forward nodes",
    graph: trainingGraph(9, 4, ones(9)),
    rows: [
      [2, 6, 9],
      [2, 5, 10],
      [2, 4, 11],
      [2, 3, null],
      [3, 6, 9],
      [3, 5, 10],
      [3, 4, 11],
      [3, 3, null],
    ],
  },
  {
    name: "large values first",
    graph: trainingGraph(10, 4, [50, 50, 50, 50, 50, 1, 1, 1, 1, 1]),
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

interface Layers {
  /** Least and most nodes of a layer. */
  readonly width: readonly [number, number];
  /** Nodes of the layers just before that a node reads, and how many such layers there are. */
  readonly near: readonly [number, number];
  readonly back: number;
  /** Nodes of any earlier layer that it reads as well. */
  readonly far: readonly [number, number];
}

const QUICK: Layers = { width: [4, 4], near: [2, 3], back: 3, far: [0, 0] };

/** A random layered graph; memory and duration are integers from 1 to 20. */
function layeredGraph(key: Key, n: number, { width, near, back, far }: Layers): CostGraph {
  const draws = (fold: number, low: number, high: number, count: number): number[] =>
    randint(foldIn(key, fold), [count], low, high + 1).toArray() as number[];
  const widths = draws(0, width[0], width[1], n);
  const counts = [draws(1, near[0], near[1], n), draws(2, far[0], far[1], n)];
  const picks = draws(3, 0, 2 ** 30 - 1, n * (near[1] + far[1]));
  const edges: [number, number][] = [];
  const starts = [0];
  for (let layer = 1; starts.at(-1)! < n; layer++) {
    const start = starts.at(-1)! + widths[layer - 1]!;
    const read = (v: number, from: number, place: number): void => {
      const u = from + (picks[v * (near[1] + far[1]) + place]! % (start - from));
      if (!edges.some(([a, b]) => a === u && b === v)) edges.push([u, v]);
    };
    for (let v = start; v < Math.min(n, start + widths[layer]!); v++) {
      for (let i = 0; i < counts[0]![v]!; i++) read(v, starts[Math.max(0, layer - back)]!, i);
      for (let i = 0; i < counts[1]![v]!; i++) read(v, 0, near[1] + i);
    }
    starts.push(start);
  }
  return { n, edges, memory: draws(4, 1, 20, n), duration: draws(5, 1, 20, n) };
}

interface Timed<T> {
  readonly value: T;
  readonly seconds: number;
}

async function timed<T>(work: () => T | Promise<T>): Promise<Timed<T>> {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
}

/** Whether running the schedule gives the peak and the duration that the result claims, within the budget. */
const replays = (graph: CostGraph, result: Rematerialization, budget: number): boolean =>
  peakMemory(graph, result.schedule) === result.peak &&
  result.schedule.reduce((sum, v) => sum + graph.duration[v]!, 0) === result.duration &&
  result.feasible === result.peak <= budget;

function exactOptima(report: StudyReport): { readonly matches: number; readonly replayed: boolean } {
  let replayed = true;
  const rows = OPTIMA.flatMap(({ name, graph, rows: expected }) =>
    expected.map(([maxCopies, budget, duration]) => {
      const result = rematerialize(graph, { budget, maxCopies });
      replayed &&= replays(graph, result, budget);
      const found = result.feasible ? result.duration : null;
      return {
        graph: name,
        copies: maxCopies,
        budget,
        expected: duration ?? "infeasible",
        found: found ?? "infeasible",
        proved: result.optimal,
        matches: result.optimal && found === duration,
      };
    }),
  );
  report.table(
    rows.map(({ matches: _, ...row }) => row),
    "Exact optima",
  );
  return { matches: rows.filter(({ matches }) => matches).length, replayed };
}

/** A training graph with the memory that checkpoints at equal distances take. */
function againstSegments(report: StudyReport): number {
  const graph = trainingGraph(33, 16, ones(33));
  const segments = segmentSchedule(graph);
  const budget = peakMemory(graph, segments);
  const ours = rematerialize(graph, { budget });
  const rows = [
    { method: "plain order", schedule: plainOrder(graph) },
    { method: "checkpoints every √n", schedule: segments },
    { method: "retention intervals", schedule: ours.schedule },
  ];
  report.table(
    rows.map(({ method, schedule }) => ({
      method,
      peak: peakMemory(graph, schedule),
      duration: schedule.length,
    })),
    "A training graph of 33 nodes, unit costs",
  );
  report.plot({
    title: "Memory while a training graph runs",
    x: { label: "computation" },
    y: { label: "values in memory" },
    series: rows.map(({ method, schedule }) => ({
      name: method,
      points: [...memoryProfile(graph, schedule)].map((memory, t) => [t, memory] as const),
    })),
  });
  return ours.duration / segments.length;
}

/** The integer program on the same problem; null when its solver is not installed. */
async function byProgram(
  graph: CostGraph,
  options: { budget: number; timeLimit?: number },
  report: StudyReport,
): Promise<Timed<Awaited<ReturnType<typeof checkmate>>> | null> {
  try {
    return await timed(() => checkmate(graph, options));
  } catch (error) {
    if (!(error instanceof MissingPackageError)) throw error;
    report.note(`The integer program was skipped: ${error.message}`);
    return null;
  }
}

/** Both on a graph that both can solve to the end. */
async function againstProgram(report: StudyReport): Promise<void> {
  const graph = trainingGraph(11, 5, ones(11));
  const budget = 5;
  const program = await byProgram(graph, { budget }, report);
  if (!program) return;
  const ours = await timed(() => rematerialize(graph, { budget }));
  report.table(
    [
      { method: "integer program", ...program, copies: "any" },
      { method: "retention intervals", ...ours, copies: "2" },
    ].map(({ method, value, seconds, copies }) => ({
      method,
      copies,
      variables: value.variables,
      duration: value.duration,
      seconds,
    })),
    "A training graph of 11 nodes in 5 units of memory, solved to the optimum",
  );
}

interface Task {
  readonly name: string;
  readonly graph: CostGraph;
  readonly options: Omit<RematerializeOptions, "budget">;
  /** Seconds for the integer program; 0: it is not tried. */
  readonly programSeconds: number;
}

async function randomGraphs(
  tasks: readonly Task[],
  report: StudyReport,
): Promise<{ readonly results: readonly (Rematerialization & { share: number })[]; replayed: boolean }> {
  const rows: Record<string, string | number | boolean>[] = [];
  const results: (Rematerialization & { share: number })[] = [];
  let replayed = true;
  for (const { name, graph, options, programSeconds } of tasks)
    for (const share of [0.9, 0.8]) {
      const budget = Math.floor(share * peakMemory(graph, plainOrder(graph)));
      const { value, seconds } = await timed(() => rematerialize(graph, { ...options, budget }));
      replayed &&= replays(graph, value, budget);
      results.push({ ...value, share });
      const once = Array.from(graph.duration).reduce((a, b) => a + b, 0);
      const program =
        programSeconds > 0 ? await byProgram(graph, { budget, timeLimit: programSeconds }, report) : null;
      rows.push({
        graph: name,
        edges: graph.edges.length,
        "budget / plain peak": share,
        feasible: value.feasible,
        increase: value.feasible ? value.increase : "none found",
        seconds,
        program: program
          ? program.value.schedule
            ? `${program.value.status}, ${(100 * (program.value.duration / once - 1)).toFixed(1)} %`
            : `${program.value.status}, none found`
          : "not tried",
        "program seconds": program ? program.seconds : 0,
      });
    }
  report.table(rows, "Random layered graphs");
  return { results, replayed };
}

/** The gradient of a network of 16 layers in 60 % of the memory of its plain order. */
function networkGradient(
  key: Key,
  report: StudyReport,
): { readonly mismatches: number; readonly peakOverBudget: number; readonly flopsIncrease: number } {
  const layers = 16;
  const keys = split(key, layers + 1);
  const width = 32;
  const x = normal(keys[layers]!, [64, width]);
  const params = keys.slice(0, layers).map((layerKey) => ({
    b: normal(foldIn(layerKey, 1), [width]).mul(0.1),
    w: normal(layerKey, [width, width]).mul(width ** -0.5),
  }));
  const loss = (all: typeof params): Tensor =>
    all
      .reduce((h, { w, b }) => matmul(h, w).add(b).tanh(), x)
      .square()
      .mean();
  const plain = trace(grad(loss))(params);
  const budget = Math.floor(0.6 * graphPeak(plain));
  const { graph, report: done } = rematerializePass(plain, { budget, key: foldIn(key, 1) });
  const inputs = params.flatMap(({ b, w }) => [b, w]);
  const expected = runGraph(plain, inputs);
  let mismatches = 0;
  runGraph(graph, inputs).forEach((gradient, i) => {
    const wanted = expected[i]!.toTypedArray();
    gradient.toTypedArray().forEach((value, j) => {
      if (!Object.is(value, wanted[j])) mismatches++;
    });
  });
  report.table(
    [
      { order: "plain", equations: done.before, "peak bytes": done.peakBefore, operations: done.flopsBefore },
      {
        order: "rematerialized",
        equations: done.after,
        "peak bytes": done.peakAfter,
        operations: done.flopsAfter,
      },
    ],
    "Gradient of a network of 16 layers",
  );
  return { mismatches, peakOverBudget: done.peakAfter / budget, flopsIncrease: done.increase };
}

export default study({
  id: "moccasin",
  paper: { title: "Moccasin: Efficient Tensor Rematerialization for Neural Networks", year: 2023 },
  claim:
    "With O(n) retention intervals instead of O(n² + nm) booleans, graphs of 250 nodes are scheduled within 90 % and 80 % of their peak memory for 0.9 % and 4.9 % more work, and graphs of 1,000 nodes, where the integer program finds nothing, for 0.7 % and 3.4 %.",
  baseline: "the integer program of Checkmate solved by HiGHS; checkpoints every √n nodes",
  async run({ key, scale, report }) {
    const exact = exactOptima(report);
    const small = layeredGraph(foldIn(key, 0), 60, QUICK);
    const tasks: Task[] = [
      {
        name: "60 nodes",
        graph: small,
        options: { key: foldIn(key, 1), ...(scale === "full" && { timeLimit: 20 }) },
        programSeconds: scale === "full" ? 60 : 0,
      },
    ];
    if (scale === "full")
      for (const [n, width, far] of [
        [250, 11, 2],
        [1000, 20, 4],
      ] as const) {
        const layers: Layers = {
          width: [Math.round(width / 4), Math.round((7 * width) / 4)],
          near: [2, 4],
          back: 1,
          far: [0, far],
        };
        tasks.push({
          name: `${n} nodes`,
          graph: layeredGraph(foldIn(key, n), n, layers),
          options: { key: foldIn(key, 2), timeLimit: 120 },
          programSeconds: 0,
        });
      }
    const random = await randomGraphs(tasks, report);
    const at90 = random.results.filter(({ share }) => share === 0.9);
    await againstProgram(report);
    const network = networkGradient(foldIn(key, 3), report);
    return {
      exactMatches: exact.matches,
      randomLayered09Increase: Math.max(...at90.map(({ increase }) => increase)),
      feasible: at90.every(({ feasible }) => feasible) ? 1 : 0,
      replayMismatches: exact.replayed && random.replayed ? 0 : 1,
      variablesRatio: checkmateSize(small).variables / random.results[0]!.variables,
      durationAgainstSegments: againstSegments(report),
      gradientMismatches: network.mismatches,
      networkPeakOverBudget: network.peakOverBudget,
      networkFlopsIncrease: network.flopsIncrease,
    };
  },
  expect: {
    exactMatches: atLeast(20),
    randomLayered09Increase: atMost(0.25),
    feasible: atLeast(1),
    replayMismatches: atMost(0),
    variablesRatio: atLeast(10),
    durationAgainstSegments: atMost(1),
    gradientMismatches: atMost(0),
    networkPeakOverBudget: atMost(1),
    networkFlopsIncrease: atMost(1),
  },
});
