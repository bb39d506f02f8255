import { minimumSpanningTree, randomSpanningTree } from "polyadic/graph";
import { treeDistances } from "polyadic/linalg";
import { key, split } from "polyadic/random";
import { coo } from "polyadic/sparse";
import { DomainError, ShapeError } from "polyadic/tensor";
import { describe, expect, test } from "vitest";

const graph = (n: number, ...edges: readonly (readonly [number, number, number])[]) =>
  coo(
    edges.map(([i]) => i),
    edges.map(([, j]) => j),
    edges.map(([, , w]) => w),
    [n, n],
  );

const square = graph(4, [0, 1, 1], [1, 2, 2], [2, 3, 3], [3, 0, 4], [0, 2, 5]);

describe("spanning trees", () => {
  test("the least one leaves out the heaviest edge of every cycle", () => {
    const { parent, weight } = minimumSpanningTree(square);
    expect([...parent]).toEqual([-1, 0, 1, 2]);
    expect([...weight]).toEqual([0, 1, 2, 3]);
    expect(treeDistances({ parent, weight }).at(3, 0).item()).toBe(6);
  });

  test("agrees with trying all edges in order of weight on random graphs", () => {
    for (let seed = 0; seed < 10; seed++) {
      const n = 12;
      const edges: [number, number, number][] = [];
      for (let i = 0; i < n; i++)
        for (let j = i + 1; j < n; j++)
          if (j === i + 1 || (i * 7 + j * 13 + seed) % 3 === 0)
            edges.push([i, j, ((i * 31 + j * 17 + seed * 5) % 23) + 1]);
      const part = Array.from({ length: n }, (_, i) => i);
      let least = 0;
      for (const [i, j, w] of [...edges].sort((a, b) => a[2] - b[2])) {
        if (part[i] === part[j]) continue;
        least += w;
        const [a, b] = [part[i], part[j]];
        part.forEach((p, k) => {
          if (p === b) part[k] = a;
        });
      }
      expect(minimumSpanningTree(graph(n, ...edges)).weight.reduce((a, b) => a + b, 0)).toBe(least);
    }
  });

  test("random ones are drawn in proportion to the product of their weights", () => {
    // A triangle has three: leaving out the edge of weight w has probability in proportion to the other two.
    const triangle = graph(3, [0, 1, 1], [1, 2, 2], [2, 0, 3]);
    const left = new Map<number, number>();
    const draws = 3000;
    for (const each of split(key(0), draws)) {
      const { weight } = randomSpanningTree(each, triangle);
      const out = 6 - weight.reduce((a, b) => a + b, 0);
      left.set(out, (left.get(out) ?? 0) + 1);
    }
    for (const [out, product] of [
      [1, 6],
      [2, 3],
      [3, 2],
    ])
      expect(Math.abs((left.get(out) ?? 0) / draws - product / 11)).toBeLessThan(0.035);
  });

  test("refuse bad input", () => {
    for (const span of [
      minimumSpanningTree,
      (g: Parameters<typeof minimumSpanningTree>[0]) => randomSpanningTree(key(0), g),
    ]) {
      expect(() => span(coo([0], [1], [1], [2, 3]))).toThrow(ShapeError);
      expect(() => span(graph(3, [0, 1, 1]))).toThrow(/2 of 3 nodes/);
      expect(() => span(graph(2, [0, 1, -1]))).toThrow(DomainError);
      expect(() => span(graph(2, [0, 1, Number.NaN]))).toThrow(/NaN/);
    }
    expect(() => randomSpanningTree(key(0), graph(2, [0, 1, 0]))).toThrow(/positive/);
  });
});
