import { eye, ones, type Tensor, take } from "polyadic";
import {
  type ClusterAttributedOptions,
  clusterAttributedGraph,
  labelEntropy,
  modularity,
} from "polyadic/graph";
import {
  type BootstrapAmg,
  bootstrapAmg,
  cg,
  eigh,
  kMeans,
  type MatchingAmgOptions,
  matchingAmg,
} from "polyadic/linalg";
import { type AttributedGraph, stochasticBlockModel } from "polyadic/linalg/problems";
import { normalizedMutualInformation } from "polyadic/nn";
import { foldIn, type Key, normal, split } from "polyadic/random";
import { graphLaplacian, poisson } from "polyadic/sparse";
import { atLeast, atMost, growthExponent, study, timed } from "polyadic/study";

const BLOCKS = 3;
const CASES = {
  ambiguous: { within: 0.12, between: 0.06, labelAccuracy: 0.8 },
  clear: { within: 0.2, between: 0.02, labelAccuracy: 0.7 },
} as const;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** k-means on labels alone, each kind as so many columns of zeros and one. */
function labelsAlone(key: Key, labels: Tensor): Tensor {
  const [n, kinds] = labels.shape as [number, number];
  const points = take(eye(BLOCKS), labels, 0).reshape([n, kinds * BLOCKS]);
  return kMeans(key, points, BLOCKS, { restarts: 30 }).labels;
}

/** k-means on eigenvectors of the normalized Laplacian. */
function spectral(key: Key, { adjacency }: AttributedGraph): Tensor {
  const { vectors } = eigh(graphLaplacian(adjacency, { kind: "symmetric" }).toDense());
  return kMeans(key, vectors.at(":", `:${BLOCKS}`), BLOCKS, { restarts: 30 }).labels;
}

interface Found {
  readonly method: string;
  readonly labels: Tensor;
  readonly convergenceRatio?: number;
}

/** The partitions of every method. */
function compare(key: Key, graph: AttributedGraph, options: ClusterAttributedOptions): Found[] {
  const [first, second, third] = split(key, 3) as [Key, Key, Key];
  const { adjacency, labels } = graph;
  const run = (method: string, given: Tensor | null, weighting: "none" | "singular"): Found => {
    const found = clusterAttributedGraph(first, adjacency, given, { ...options, weighting });
    return { method, labels: found.labels, convergenceRatio: found.convergenceRatio };
  };
  return [
    run("links and labels", labels, "none"),
    run("links and labels, singular weights", labels, "singular"),
    run("links", null, "none"),
    run("links, singular weights", null, "singular"),
    { method: "labels, k-means", labels: labelsAlone(second, labels) },
    { method: "links, exact eigenvectors", labels: spectral(third, graph) },
  ];
}

export default study({
  id: "bootstrap-amg-clustering",
  paper: { title: "Bootstrap AMG clustering of attributed graphs", year: 2023 },
  claim:
    "Smooth vectors of bootstrap multigrid on a graph whose labels are nodes find communities where links alone are ambiguous.",
  baseline: "the same without labels; k-means on labels alone; spectral clustering with exact eigenvectors",
  run({ key, scale, report }) {
    const quick = scale === "quick";
    const seeds = quick ? 5 : 10;
    const [graphKey, runKey, gridKey, bigKey] = split(key, 4) as [Key, Key, Key, Key];
    const options = { clusters: BLOCKS, maxHierarchies: 10, restarts: 30 };
    const ratios: number[] = [];
    const numbers = Object.entries(CASES).map(([name, { within, between, labelAccuracy }], c) => {
      const scores = new Map<string, { nmi: number[]; modularity: number[]; entropy: number[] }>();
      for (let seed = 0; seed < seeds; seed++) {
        const graph = stochasticBlockModel(foldIn(graphKey, 100 * c + seed), {
          sizes: [40, 40, 40],
          within,
          between,
          labelKinds: 2,
          labelAccuracy,
        });
        const runs = compare(foldIn(runKey, 100 * c + seed), graph, { ...options, component: "largest" });
        for (const { method, labels, convergenceRatio } of runs) {
          const own = scores.get(method) ?? { nmi: [], modularity: [], entropy: [] };
          scores.set(method, own);
          own.nmi.push(normalizedMutualInformation(labels, graph.blocks));
          own.modularity.push(modularity(graph.adjacency, labels));
          own.entropy.push(labelEntropy(labels, graph.labels));
          if (convergenceRatio !== undefined) ratios.push(convergenceRatio);
        }
      }
      report.table(
        [...scores].map(([method, own]) => ({
          method,
          "mean NMI": mean(own.nmi),
          least: Math.min(...own.nmi),
          largest: Math.max(...own.nmi),
          modularity: mean(own.modularity),
          "label entropy": mean(own.entropy),
        })),
        `${name} structure: 3 blocks of 40, edges ${within} and ${between}, labels right with ${labelAccuracy}; ${seeds} graphs`,
      );
      return new Map([...scores].map(([method, { nmi }]) => [method, mean(nmi)]));
    });
    const [ambiguous, clear] = numbers as [Map<string, number>, Map<string, number>];

    const sides = quick ? [32, 48, 64, 96] : [64, 96, 128, 192, 256];
    const grids = sides.map((side, i) => {
      const a = poisson([side, side]);
      const b = normal(foldIn(gridKey, i), [side * side]);
      const bootstrap = (options: MatchingAmgOptions): BootstrapAmg =>
        bootstrapAmg(foldIn(gridKey, 100 + i), a, { maxHierarchies: 3, ...options });
      const { value: v, milliseconds } = timed(() => bootstrap({ cycle: "V" }));
      const w = bootstrap({ cycle: "W" });
      const smoothed = bootstrap({ sweeps: 3, prolongator: "smoothed" });
      return {
        side,
        plain: cg(a, b).iterations,
        "one hierarchy": cg(a, b, { preconditioner: matchingAmg(a, ones([side * side])).apply }).iterations,
        "three, V cycles": cg(a, b, { preconditioner: v.apply }).iterations,
        "three, W cycles": cg(a, b, { preconditioner: w.apply }).iterations,
        "three, V, smoothed": cg(a, b, { preconditioner: smoothed.apply }).iterations,
        "V over entries": v.apply.cost() / a.nnz,
        "W over entries": w.apply.cost() / a.nnz,
        "smoothed over entries": smoothed.apply.cost() / a.nnz,
        "setup in ms": milliseconds,
      };
    });
    report.table(grids, "Steps of conjugate gradients on Laplacians of grids, to 1e-8");
    const slope = (of: (row: (typeof grids)[number]) => number): number =>
      growthExponent(sides, grids.map(of)).exponent;

    let large = Number.NaN;
    if (!quick) {
      const graph = stochasticBlockModel(bigKey, {
        sizes: [600, 700, 700],
        within: 0.0075,
        between: 0.00375,
        labelKinds: 2,
        labelAccuracy: 0.8,
      });
      const rows = [graph.labels, null].map((labels) => {
        const { value, milliseconds } = timed(() =>
          clusterAttributedGraph(runKey, graph.adjacency, labels, { ...options, component: "largest" }),
        );
        return {
          method: labels ? "links and labels" : "links",
          NMI: normalizedMutualInformation(value.labels, graph.blocks),
          modularity: value.modularity,
          "ratio of the cycle": value.convergenceRatio,
          seconds: milliseconds / 1000,
        };
      });
      report.table(rows, "2000 nodes with as many neighbours each as the ambiguous 120");
      large = rows[0]!.NMI - rows[1]!.NMI;
    }
    return {
      augmented: ambiguous.get("links and labels")!,
      augmentedMinusStructure: ambiguous.get("links and labels")! - ambiguous.get("links")!,
      ambiguousLabels: ambiguous.get("labels, k-means")!,
      clearStructure: clear.get("links, singular weights")!,
      clearAugmented: clear.get("links and labels")!,
      clearLabels: clear.get("labels, k-means")!,
      convergenceRatio: Math.max(...ratios),
      growthPlain: slope((row) => row.plain),
      growthV: slope((row) => row["three, V cycles"]),
      growthW: slope((row) => row["three, W cycles"]),
      growthSmoothed: slope((row) => row["three, V, smoothed"]),
      largestOverSmallestV: grids.at(-1)!["three, V cycles"] / grids[0]!["three, V cycles"],
      largestOverSmallestSmoothed: grids.at(-1)!["three, V, smoothed"] / grids[0]!["three, V, smoothed"],
      largestOverSmallestW: grids.at(-1)!["three, W cycles"] / grids[0]!["three, W cycles"],
      ...(quick ? {} : { largeAugmentedMinusStructure: large }),
    };
  },
  expect: {
    augmented: atLeast(0.5),
    augmentedMinusStructure: atLeast(0.35),
    clearStructure: atLeast(0.85),
    convergenceRatio: atMost(1e-5),
    growthPlain: atLeast(0.85),
    growthSmoothed: atMost(0.5),
    growthW: atMost(0.5),
    largestOverSmallestSmoothed: atMost(1.8),
    largestOverSmallestW: atMost(1.8),
  },
});
