import "../ops/methods.ts";

export { minimumSpanningTree, randomSpanningTree, type SpanningTree } from "./spanningTree.ts";
