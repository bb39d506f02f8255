import type { Tensor } from "polyadic";
import {
  contractNetwork,
  type NetworkGraph,
  parameters,
  randomNetwork,
  ring,
  tnGreedy,
  tt,
} from "polyadic/decompose";
import { foldIn, type Key, split } from "polyadic/random";
import { atLeast, atMost, study } from "polyadic/study";

interface Planted {
  readonly name: string;
  readonly edges: readonly (readonly [number, number])[];
  readonly ranks: readonly number[];
}

const STRUCTURES: readonly Planted[] = [
  {
    name: "train",
    edges: [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
    ranks: [3, 3, 3],
  },
  {
    name: "ring",
    edges: [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ],
    ranks: [2, 3, 2, 3],
  },
  {
    name: "triangle with a tail",
    edges: [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 3],
    ],
    ranks: [2, 2, 2, 3],
  },
];

const FIVE: readonly Planted[] = [
  {
    name: "train of 5",
    edges: [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ],
    ranks: [2, 3, 3, 2],
  },
  {
    name: "ring of 5",
    edges: [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [0, 4],
    ],
    ranks: [2, 3, 2, 3, 2],
  },
];

/** A random tensor of the structure, and how many numbers it has. */
function plant(key: Key, { edges, ranks }: Planted, n: number): { x: Tensor; size: number } {
  const order = 1 + Math.max(...edges.flat());
  const graph: NetworkGraph = { modes: Array.from({ length: order }, (_, k) => k), edges };
  const network = randomNetwork(key, graph, new Array<number>(order).fill(n), ranks);
  return { x: contractNetwork(network).contiguous(), size: parameters(network) };
}

export default study({
  id: "tn-greedy",
  paper: { title: "Adaptive Learning of Tensor Network Structures", year: 2021 },
  claim:
    "A greedy search over edges recovers the planted structure of tensor networks with few parameters, orders of magnitude faster than an evolutionary search.",
  baseline: "TT-SVD and TR-SVD at the same error",
  run({ key, scale, report }) {
    const repeats = scale === "quick" ? 1 : 10;
    const cases = [
      ...STRUCTURES.map((planted) => ({ planted, n: 6 })),
      ...(scale === "quick" ? [] : FIVE.map((planted) => ({ planted, n: 7 }))),
    ];
    const runs = cases.flatMap(({ planted, n }, place) =>
      split(foldIn(key, place), repeats).map((draw) => {
        const [plantKey, searchKey] = split(draw, 2);
        const { x, size } = plant(plantKey!, planted, n);
        const started = performance.now();
        const found = tnGreedy(searchKey!, x, x.shape, { tol: 1e-6 });
        const seconds = (performance.now() - started) / 1000;
        return {
          structure: planted.name,
          planted: size,
          found: found.parameters,
          train: parameters(tt(x, { rtol: 1e-3 })),
          ring: parameters(ring(x, { rtol: 1e-3 })),
          loss: found.loss,
          seconds,
        };
      }),
    );
    report.table(runs, "Numbers stored at a squared relative error of 1e-6");
    const worst = (
      names: (row: (typeof runs)[number]) => boolean,
      value: (row: (typeof runs)[number]) => number,
    ): number => Math.max(...runs.filter(names).map(value));
    const cyclic = ({ structure }: { structure: string }): boolean => !structure.startsWith("train");
    return {
      reached: runs.filter(({ loss }) => loss <= 1e-6).length / runs.length,
      cyclicAgainstPlanted: worst(cyclic, (row) => row.found / row.planted),
      cyclicAgainstTrain: worst(cyclic, (row) => row.found / row.train),
      trainAgainstPlanted: worst(
        (row) => !cyclic(row),
        (row) => row.found / row.planted,
      ),
      exactShare: runs.filter(({ found, planted }) => found <= planted).length / runs.length,
    };
  },
  expect: {
    reached: atLeast(1),
    cyclicAgainstPlanted: atMost(1.25),
    cyclicAgainstTrain: atMost(0.7),
  },
});
