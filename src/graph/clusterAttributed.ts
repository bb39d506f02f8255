// Communities of a graph by its links and the labels of its nodes.

import { checkClusters } from "../linalg/clustering/kMeans.ts";
import { lloyd, type Rows } from "../linalg/clustering/lloyd.ts";
import {
  type BootstrapAmg,
  type BootstrapAmgOptions,
  bootstrapAmg,
} from "../linalg/multigrid/bootstrapAmg.ts";
import { svd } from "../linalg/spectral/svd.ts";
import { choice } from "../random/distributions.ts";
import { foldIn, type Key } from "../random/key.ts";
import { Pattern } from "../sparse/base/pattern.ts";
import type { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import type { RealRows } from "../sparse/direct/incompleteKernel.ts";
import { DomainError } from "../tensor/errors.ts";
import { checkAborted } from "../tensor/progress.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type Components, checkedAdjacency, components } from "./adjacency.ts";
import { asMatrix, augmentRows } from "./augment.ts";
import { checkIntegers, labelEntropy, modularityOf, numbered } from "./measures.ts";

export interface ClusterAttributedOptions
  extends Pick<BootstrapAmgOptions, "maxHierarchies" | "ratio" | "testIterations" | "signal" | "onProgress"> {
  readonly clusters: number;
  /** Starts of k-means, of which the partition of the largest modularity is kept; 100 unless told. */
  readonly restarts?: number;
  /** Passes of k-means from each; 10 unless told. */
  readonly kmeansIterations?: number;
  /**
   * Coordinates are the left singular vectors of the smooth vectors, or these times their singular values, which is better
   * where links alone tell the clusters; "none" unless told.
   */
  readonly weighting?: "none" | "singular";
  /** What to do with a graph of several components: "all" throws, "largest" clusters that one alone. */
  readonly component?: "all" | "largest";
}

export interface AttributedClusters {
  /** The cluster of each node, int32 `[n]`; −1 outside of the component that was clustered. */
  readonly labels: Tensor;
  /** Modularity in the graph without its label nodes. */
  readonly modularity: number;
  /** Entropy of labels inside of clusters (`labelEntropy`), null without labels. */
  readonly entropy: number | null;
  /** Coordinates of the clustered nodes and of their label nodes, `[n + values, d]`. */
  readonly vectors: Tensor;
  /** Modularity of the best partition so far, after each start. */
  readonly history: readonly number[];
  readonly hierarchies: number;
  /** Of the composite cycle of all hierarchies. */
  readonly convergenceRatio: number;
}

const NAME = "clusterAttributedGraph";

/**
 * Clusters the nodes of an undirected weighted graph by links and labels together. Labels (integers `[n, kinds]`, or null)
 * become nodes of their own (`augmentGraph`); smooth vectors of the Laplacian of that graph, found by `bootstrapAmg`, are
 * coordinates; a node is placed by its own coordinates and those of its label nodes; k-means runs from many random starts,
 * and the partition of the largest modularity in the graph itself is kept. Labels that say little of the clusters can hurt
 * where links are clear: compare with null.
 *
 * O((edges + n kinds) h²) for h hierarchies, O(n kinds h clusters restarts) for k-means.
 *
 * Source: D'Ambra, De Santis, Vassilevski and Cutillo, "Network clustering by embedding of attribute-augmented graphs" (2021).
 *
 * @throws DTypeError, ShapeError or DomainError for a matrix that is no undirected weighted graph, labels that do not fit, a
 * graph of several components (unless `component` is "largest"), more clusters than nodes and options out of range;
 * AbortedError.
 */
export function clusterAttributedGraph(
  key: Key,
  adjacency: SparseMatrix,
  labels: Tensor | null,
  options: ClusterAttributedOptions,
): AttributedClusters {
  const { clusters, component = "all" } = options;
  const whole = checkedAdjacency(NAME, adjacency);
  const n = whole.pattern.rows;
  if (labels) checkIntegers(`${NAME}: labels`, labels, n, 2);
  checkOptions(options);
  const parts = components(whole.pattern);
  if (parts.count > 1 && component === "all")
    throw new DomainError(
      `${NAME}: adjacency: the graph has ${parts.count} connected components, the largest of ${Math.max(...parts.sizes)} of ${n} nodes; component: "largest" clusters that one`,
    );
  const nodes = largest(parts);
  checkClusters(`${NAME}: clusters`, clusters, nodes.length);
  const graph = nodes.length === n ? whole : subgraph(whole, nodes);
  const kinds = labels?.shape[1] ?? 0;
  const given = labels?.data() ?? [];
  const own = Int32Array.from({ length: nodes.length * kinds }, (_, p) => {
    return given[nodes[Math.floor(p / kinds)]! * kinds + (p % kinds)]!;
  });
  const { rows: augmented, attributeNode } = augmentRows(graph, own, kinds);

  const { smoothVectors, hierarchies, convergenceRatio } = smoothOf(key, augmented, options);
  const { u, s } = svd(smoothVectors);
  const vectors = options.weighting === "singular" ? u.mul(s) : u;
  const points = blocks(vectors, nodes.length, attributeNode, kinds);

  const { best, history } = bestPartition(key, graph, points, options);
  const { of } = numbered(best);
  const all = new Int32Array(n).fill(-1);
  nodes.forEach((node, i) => {
    all[node] = of[i]!;
  });
  return {
    labels: new Tensor(all, [n], "int32"),
    modularity: history.at(-1)!,
    entropy:
      kinds > 0
        ? labelEntropy(
            new Tensor(of, [nodes.length], "int32"),
            new Tensor(own, [nodes.length, kinds], "int32"),
          )
        : null,
    vectors,
    history,
    hierarchies,
    convergenceRatio,
  };
}

function checkOptions(options: ClusterAttributedOptions): void {
  const { weighting = "none", component = "all", restarts = 1, kmeansIterations = 1 } = options;
  if (weighting !== "none" && weighting !== "singular")
    throw new DomainError(`${NAME}: weighting must be "none" or "singular", got ${String(weighting)}`);
  if (component !== "all" && component !== "largest")
    throw new DomainError(`${NAME}: component must be "all" or "largest", got ${String(component)}`);
  for (const [option, value] of Object.entries({ restarts, kmeansIterations }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new DomainError(`${NAME}: ${option} must be an integer >= 1, got ${value}`);
}

/** Smooth vectors of the augmented graph: what multigrid that adapts itself finds hard to reduce. */
function smoothOf(key: Key, augmented: RealRows, options: ClusterAttributedOptions): BootstrapAmg {
  const { ratio, testIterations, signal, onProgress } = options;
  const size = augmented.pattern.rows;
  // As many vectors as nodes would be a basis of everything, in which all nodes are equally far from each other.
  const { maxHierarchies = Math.max(1, Math.min(40, Math.floor(size / 3))) } = options;
  return bootstrapAmg(foldIn(key, 0), asMatrix(definiteLaplacian(augmented)), {
    // A graph that the coarsest level would solve at once teaches nothing.
    maxCoarse: Math.max(1, Math.min(10, Math.floor(size / 5))),
    maxHierarchies,
    ...(ratio === undefined ? {} : { ratio }),
    ...(testIterations === undefined ? {} : { testIterations }),
    ...(signal ? { signal } : {}),
    ...(onProgress
      ? { onProgress: ({ fraction, stage }) => onProgress({ fraction: fraction / 2, stage }) }
      : {}),
  });
}

/** The partition of the largest modularity over all starts of k-means, and the best modularity after each. */
function bestPartition(
  key: Key,
  graph: RealRows,
  points: Rows,
  { clusters, restarts = 100, kmeansIterations = 10, signal, onProgress }: ClusterAttributedOptions,
): { readonly best: Int32Array; readonly history: readonly number[] } {
  const { data, width } = points;
  const n = graph.pattern.rows;
  let best: Int32Array | undefined;
  const history: number[] = [];
  for (let start = 0; start < restarts; start++) {
    checkAborted(signal, NAME);
    const picked = choice(foldIn(key, start + 1), n, clusters).data();
    const centers = new Float64Array(clusters * width);
    for (let c = 0; c < clusters; c++)
      centers.set(data.subarray(picked[c]! * width, (picked[c]! + 1) * width), c * width);
    const found = lloyd(points, centers, kmeansIterations).labels;
    const worth = modularityOf(graph, found, clusters);
    if (!best || worth > history.at(-1)!) best = found;
    history.push(Math.max(worth, history.at(-1) ?? worth));
    onProgress?.({
      fraction: 0.5 + (start + 1) / (2 * restarts),
      stage: `start ${start + 1}, modularity ${history.at(-1)!.toFixed(3)}`,
    });
  }
  return { best: best!, history };
}

/** The nodes of the largest component, ascending; of equal ones the first. */
function largest({ of, sizes }: Components): Int32Array {
  const top = sizes.indexOf(Math.max(...sizes));
  return Int32Array.from(of.keys()).filter((i) => of[i] === top);
}

/** The graph on some of its nodes (ascending), with all edges among them. */
function subgraph({ pattern, values }: RealRows, nodes: Int32Array): RealRows {
  const place = new Int32Array(pattern.rows).fill(-1);
  nodes.forEach((node, i) => {
    place[node] = i;
  });
  const indptr = new Int32Array(nodes.length + 1);
  const indices: number[] = [];
  const weights: number[] = [];
  nodes.forEach((node, i) => {
    for (let p = pattern.indptr[node]!; p < pattern.indptr[node + 1]!; p++) {
      const j = place[pattern.indices[p]!]!;
      if (j < 0) continue;
      indices.push(j);
      weights.push(values[p]!);
    }
    indptr[i + 1] = indices.length;
  });
  return {
    pattern: new Pattern(nodes.length, nodes.length, indptr, Int32Array.from(indices)),
    values: Float64Array.from(weights),
  };
}

/**
 * The Laplacian of a connected graph plus e eᵀ, with e = 1 at node 0 and its first neighbour: definite, and all but the
 * smallest eigenvalue are hardly moved.
 */
function definiteLaplacian({ pattern, values }: RealRows): RealRows {
  const { rows: n, indptr, indices } = pattern;
  const starts = new Int32Array(n + 1);
  const columns = new Int32Array(pattern.nnz + n);
  const entries = new Float64Array(pattern.nnz + n);
  const neighbour = indptr[1]! > 0 ? indices[0]! : -1;
  const isIn = (i: number): boolean => i === 0 || i === neighbour;
  let at = 0;
  for (let i = 0; i < n; i++) {
    let diagonal = -1;
    let degree = 0;
    for (let p = indptr[i]!; p <= indptr[i + 1]!; p++) {
      const isEnd = p === indptr[i + 1];
      const j = isEnd ? n : indices[p]!;
      if (diagonal < 0 && j > i) {
        diagonal = at;
        columns[at++] = i;
      }
      if (isEnd) break;
      degree += values[p]!;
      columns[at] = j;
      entries[at++] = (isIn(i) && isIn(j) ? 1 : 0) - values[p]!;
    }
    entries[diagonal] = degree + (isIn(i) ? 1 : 0);
    starts[i + 1] = at;
  }
  return { pattern: new Pattern(n, n, starts, columns), values: entries };
}

/** Rows of coordinates of the nodes, each followed by those of its label nodes. */
function blocks(vectors: Tensor, n: number, attributeNode: Int32Array, kinds: number): Rows {
  const d = vectors.shape[1]!;
  const coordinates = vectors.contiguous().data() as Float64Array;
  const width = (1 + kinds) * d;
  const data = new Float64Array(n * width);
  const copy = (node: number, at: number): void =>
    data.set(coordinates.subarray(node * d, (node + 1) * d), at);
  for (let i = 0; i < n; i++) {
    copy(i, i * width);
    for (let kind = 0; kind < kinds; kind++)
      copy(attributeNode[i * kinds + kind]!, i * width + (kind + 1) * d);
  }
  return { data, n, width };
}
