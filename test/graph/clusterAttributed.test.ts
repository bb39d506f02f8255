// Clusters of attributed graphs: augmentation, measures, the whole method, and bad input.
import { DomainError, DTypeError, ShapeError, type Tensor, tensor } from "polyadic";
import { augmentGraph, clusterAttributedGraph, labelEntropy, modularity } from "polyadic/graph";
import { stochasticBlockModel } from "polyadic/linalg/problems";
import { normalizedMutualInformation } from "polyadic/nn";
import { key } from "polyadic/random";
import { blockDiag, coo, fromDense, type SparseMatrix } from "polyadic/sparse";
import { describe, expect, it } from "vitest";

const integers = (values: readonly (number | readonly number[])[]): Tensor =>
  tensor(values as never).astype("int32");

/** Two triangles joined by an edge. */
const barbell = (): SparseMatrix => {
  const edges = [
    [0, 1],
    [1, 2],
    [0, 2],
    [3, 4],
    [4, 5],
    [3, 5],
    [2, 3],
  ] as const;
  const rows = edges.flat();
  const columns = edges.flatMap(([i, j]) => [j, i]);
  return coo(rows, columns, new Float64Array(14).fill(1), [6, 6]);
};

describe("measures", () => {
  it("modularity of two triangles by hand", () => {
    // 12 of 14 edge ends inside, half of the degrees on each side.
    expect(modularity(barbell(), integers([0, 0, 0, 7, 7, 7]))).toBeCloseTo(12 / 14 - 1 / 2, 14);
    expect(modularity(barbell(), integers([1, 1, 1, 1, 1, 1]))).toBe(0);
  });
  it("entropy of labels by hand", () => {
    const clusters = integers([0, 0, 0, 0, 1, 1]);
    expect(labelEntropy(clusters, integers([[0], [0], [1], [1], [2], [2]]))).toBeCloseTo(4 / 6, 14);
    expect(labelEntropy(clusters, integers([[5], [5], [5], [5], [2], [2]]))).toBe(0);
  });
});

describe("augmentGraph", () => {
  it("joins every value to its bearers", () => {
    const { adjacency, attributeNode } = augmentGraph(
      barbell(),
      integers([
        [9, 1],
        [9, 2],
        [9, 1],
        [4, 1],
        [4, 1],
        [9, 2],
      ]),
    );
    expect(attributeNode.toArray()).toEqual([
      [6, 8],
      [6, 9],
      [6, 8],
      [7, 8],
      [7, 8],
      [6, 9],
    ]);
    const dense = adjacency.toDense();
    expect(dense.shape).toEqual([10, 10]);
    expect(dense.sub(dense.mT()).abs().max().item()).toBe(0);
    expect(dense.at(":6", ":6").sub(barbell().toDense()).abs().max().item()).toBe(0);
    expect(dense.at("6:", "6:").abs().max().item()).toBe(0);
    expect(dense.at("6:", ":6").sum({ axis: 1 }).toArray()).toEqual([4, 2, 4, 2]);
    expect(dense.at(8, 3).item()).toBe(1);
    expect(dense.at(9, 3).item()).toBe(0);
  });
});

describe("clusterAttributedGraph", () => {
  const graph = stochasticBlockModel(key(3), {
    sizes: [40, 40, 40],
    within: 0.25,
    between: 0.02,
    labelKinds: 2,
    labelAccuracy: 0.8,
  });
  const options = { clusters: 3, maxHierarchies: 8, restarts: 20 } as const;

  it("finds blocks by links, and reports what it found", () => {
    const found = clusterAttributedGraph(key(0), graph.adjacency, null, {
      ...options,
      weighting: "singular",
    });
    expect(normalizedMutualInformation(found.labels, graph.blocks)).toBeGreaterThan(0.9);
    expect(found.modularity).toBeCloseTo(modularity(graph.adjacency, found.labels), 12);
    expect(found.entropy).toBeNull();
    expect(found.vectors.shape).toEqual([120, found.hierarchies + 1]);
    expect(found.history).toHaveLength(20);
    expect(found.history.at(-1)).toBe(found.modularity);
  });
  it("uses labels where links say nothing", () => {
    const random = stochasticBlockModel(key(4), {
      sizes: [40, 40, 40],
      within: 0.1,
      between: 0.1,
      labelKinds: 3,
      labelAccuracy: 0.9,
    });
    const nmi = (labels: Tensor | null): number =>
      normalizedMutualInformation(
        clusterAttributedGraph(key(1), random.adjacency, labels, options).labels,
        random.blocks,
      );
    expect(nmi(random.labels)).toBeGreaterThan(0.5);
    expect(nmi(null)).toBeLessThan(0.2);
    const found = clusterAttributedGraph(key(1), random.adjacency, random.labels, options);
    expect(found.entropy).toBeCloseTo(labelEntropy(found.labels, random.labels), 12);
  });
  it("is a function of its key", () => {
    const run = (): unknown =>
      clusterAttributedGraph(key(5), graph.adjacency, graph.labels, options).labels.toArray();
    expect(run()).toEqual(run());
  });
  it("works on small graphs", () => {
    const { labels } = clusterAttributedGraph(key(0), barbell(), null, { clusters: 2 });
    expect(normalizedMutualInformation(labels, integers([0, 0, 0, 1, 1, 1]))).toBeCloseTo(1, 12);
    const one = clusterAttributedGraph(key(0), coo([], [], [], [1, 1]), null, { clusters: 1 });
    expect(one.labels.toArray()).toEqual([0]);
  });
  it("takes the largest component when told", () => {
    const apart = blockDiag([coo([0, 1], [1, 0], [1, 1], [2, 2]), barbell()]);
    expect(() => clusterAttributedGraph(key(0), apart, null, { clusters: 2 })).toThrow(
      /2 connected components, the largest of 6 of 8 nodes/,
    );
    const { labels } = clusterAttributedGraph(key(0), apart, null, { clusters: 2, component: "largest" });
    expect(labels.at(":2").toArray()).toEqual([-1, -1]);
    expect(new Set(labels.at("2:").toArray() as number[])).toEqual(new Set([0, 1]));
  });
  it("stops when told, and reports progress", () => {
    const fractions: number[] = [];
    clusterAttributedGraph(key(0), graph.adjacency, null, {
      ...options,
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(fractions.at(-1)).toBe(1);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
    expect(() =>
      clusterAttributedGraph(key(0), graph.adjacency, null, { ...options, signal: AbortSignal.abort() }),
    ).toThrow(/stopped by the caller/);
  });
  it("refuses bad input", () => {
    const run = (a: SparseMatrix, labels: Tensor | null = null, more: object = {}): unknown =>
      clusterAttributedGraph(key(0), a, labels, { clusters: 2, ...more });
    expect(() => run(coo([0], [1], [1], [2, 2]))).toThrow(/adjacency must be symmetric, got 1 at \(0, 1\)/);
    expect(() => run(coo([0, 1], [1, 0], [-1, -1], [2, 2]))).toThrow(/must not be negative/);
    expect(() => run(coo([0, 1], [1, 0], [1, 1], [2, 3]))).toThrow(ShapeError);
    expect(() => run(barbell().toDense() as never)).toThrow(DTypeError);
    expect(() => run(barbell(), integers([[1], [2]]))).toThrow(/shape \[6, kinds\] was expected/);
    expect(() => run(barbell(), tensor([[0.5]]))).toThrow(DTypeError);
    expect(() => run(barbell(), null, { clusters: 7 })).toThrow(/clusters must be an integer from 1 to 6/);
    expect(() => run(barbell(), null, { restarts: 0 })).toThrow(DomainError);
    expect(() => run(barbell(), null, { weighting: "x" })).toThrow(/weighting/);
    expect(() => run(barbell(), null, { component: "x" })).toThrow(/component/);
    expect(() =>
      run(
        fromDense(
          tensor([
            [0, Number.NaN],
            [Number.NaN, 0],
          ]),
        ),
      ),
    ).toThrow(DomainError);
  });
});
