import { broadcastTo, fromTypedArray, type Tensor } from "polyadic";
import {
  contractNetwork,
  cycleGraph,
  type Network,
  type NetworkGraph,
  networkAls,
  networkParameters,
  parameters,
  randomNetwork,
  ring,
  tnGreedy,
  tt,
} from "polyadic/decompose";
import { foldIn, type Key, split, uniform } from "polyadic/random";
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

const SIDE = 64;

/** A sun over a hill, `[64, 64, 3]`, with rows and columns each cut in three modes of 4. */
function picture(): Tensor {
  const data = new Float64Array(SIDE * SIDE * 3);
  for (let i = 0; i < SIDE; i++)
    for (let j = 0; j < SIDE; j++) {
      const [u, v] = [i / (SIDE - 1), j / (SIDE - 1)];
      const sun = 1 / (1 + Math.exp(40 * (Math.hypot(u - 0.3, v - 0.7) - 0.15)));
      const hill = 1 / (1 + Math.exp(-30 * (u - 0.65 - 0.1 * Math.sin(5 * v))));
      data.set(
        [
          0.35 + 0.5 * sun + 0.2 * v,
          0.5 + 0.35 * sun - 0.15 * u + 0.1 * hill,
          0.9 - 0.6 * sun - 0.3 * u - 0.35 * hill,
        ],
        (i * SIDE + j) * 3,
      );
    }
  return fromTypedArray(data, [4, 4, 4, 4, 4, 4, 3], "float64");
}

/** Completes the picture from a tenth of its pixels by networks of about equally many numbers. */
function completePicture(key: Key): Readonly<Record<string, number>> {
  const [maskKey, searchKey, startKey] = split(key, 3) as [Key, Key, Key];
  const x = picture();
  const pixels = uniform(maskKey, [4, 4, 4, 4, 4, 4, 1]).less(0.1);
  const mask = broadcastTo(pixels, x.shape).contiguous();
  const held = mask.astype("float64").neg().add(1);
  const error = (network: Network): number =>
    Math.sqrt(contractNetwork(network).sub(x).square().mul(held).sum().item() / held.sum().item());
  const order = x.ndim;
  const chain: NetworkGraph = {
    modes: x.shape.map((_, k) => k),
    edges: Array.from({ length: order - 1 }, (_, k) => [k, k + 1] as const),
  };
  const found = tnGreedy(searchKey, x, x.shape, { mask, tol: 1e-4, maxParameters: 300 });
  const row: Record<string, number> = {
    "greedy numbers": found.parameters,
    "greedy error": error(found.network),
  };
  for (const [name, graph, rank] of [
    ["train 3", chain, 3],
    ["train 4", chain, 4],
    ["ring 3", cycleGraph(order), 3],
  ] as const) {
    // Of three random starts the one that fits the known pixels best.
    const fits = [0, 1, 2].map((start) =>
      networkAls(
        x,
        randomNetwork(
          foldIn(startKey, start),
          graph,
          x.shape,
          graph.edges.map(() => rank),
        ),
        { mask },
      ),
    );
    const best = fits.reduce((a, b) => (b.loss < a.loss ? b : a));
    row[`${name} numbers`] = networkParameters(best.network);
    row[`${name} error`] = error(best.network);
  }
  return row;
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
    if (scale === "full")
      report.table(
        split(foldIn(key, 99), 3).map(completePicture),
        "A picture from a tenth of its pixels: root mean squared errors of the others, of values between 0 and 1",
      );
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
