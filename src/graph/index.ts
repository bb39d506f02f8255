import "../ops/methods.ts";

export { type AugmentedGraph, augmentGraph } from "./augment.ts";
export {
  type AttributedClusters,
  type ClusterAttributedOptions,
  clusterAttributedGraph,
} from "./clusterAttributed.ts";
export { labelEntropy, modularity } from "./measures.ts";
export { minimumSpanningTree, randomSpanningTree, type SpanningTree } from "./spanningTree.ts";
