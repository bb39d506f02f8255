import {
  contractNetwork,
  convert,
  cycleGraph,
  full,
  increaseRank,
  networkAls,
  networkParameters,
  randomNetwork,
  ranks,
  relativeError,
  round,
  tnGreedy,
  tnStructureSearch,
  tt,
} from "polyadic/decompose";
import { foldIn, type Key, key, normal, split, uniform } from "polyadic/random";
import { tensor, zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { decreaseRank } from "../../src/decompose/network/shrink.ts";
import { distance } from "./kinds.ts";

const shape = [4, 5, 3, 4];
const ringNetwork = randomNetwork(key(1), cycleGraph(4), shape, [2, 3, 2, 2]);
const x = contractNetwork(ringNetwork).contiguous();

describe("tensor networks", () => {
  it("stand for what a train stands for", () => {
    const train = tt(x, { rtol: 1e-12 });
    expect(distance(full(convert(train, "network")), full(train))).toBeLessThan(1e-13);
  });

  it("do not change when a slice of zeros is appended, and round back", () => {
    const grown = increaseRank(key(2), ringNetwork, [0, 2], { keep: true });
    expect(ranks(grown)).toEqual([2, 3, 2, 2, 2]);
    expect(distance(full(grown), x)).toBeLessThan(1e-14);
    const small = round(grown, { rtol: 1e-10 });
    expect(ranks(small)).toEqual([2, 3, 2, 2, 1]);
    expect(distance(full(small), x)).toBeLessThan(1e-9);
  });

  it("are fitted by alternating least squares whose loss is true and falls", () => {
    const fit = networkAls(x, randomNetwork(key(3), cycleGraph(4), shape, [2, 2, 2, 2]));
    expect(Math.abs(Math.sqrt(fit.loss) - relativeError(x, fit.network))).toBeLessThan(1e-7);
    fit.history.slice(1).forEach((loss, i) => {
      expect(loss).toBeLessThanOrEqual(fit.history[i]! * (1 + 1e-6));
    });
  });

  it("fill gaps", () => {
    const mask = uniform(key(4), shape).less(0.6);
    const holes = mask.where(x, Number.NaN);
    const fit = networkAls(holes.contiguous(), randomNetwork(key(5), cycleGraph(4), shape, [2, 3, 2, 2]), {
      mask,
      maxIterations: 500,
      ridge: 1e-9,
    });
    expect(fit.loss).toBeLessThan(1e-4);
    expect(relativeError(x, fit.network)).toBeLessThan(0.2);
  });

  it("refuse bad input", () => {
    expect(() => networkAls(zeros([3, 3]), ringNetwork)).toThrow(/shape/);
    expect(() => networkAls(x, ringNetwork, { ridge: -1 })).toThrow(/ridge/);
    expect(() => networkAls(x.astype("complex128"), ringNetwork)).toThrow(/real tensor/);
    expect(() => increaseRank(key(0), ringNetwork, [1, 1])).toThrow(/two different cores/);
  });
});

describe("decreaseRank", () => {
  it("takes away a direction that carries nothing, whatever the gauge", () => {
    for (const edge of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const grown = increaseRank(key(2), ringNetwork, edge, { keep: true });
      const at = grown.graph.edges.findIndex(([a, b]) => a === edge[0] && b === edge[1]);
      const before = ranks(grown);
      const small = decreaseRank(grown, at);
      expect(ranks(small)).toEqual(before.map((r, e) => (e === at ? r - 1 : r)));
      expect(distance(full(small), x)).toBeLessThan(1e-14);
    }
  });
});

describe("tnGreedy", () => {
  it("finds a ring", () => {
    const found = tnGreedy(key(0), x, shape, { tol: 1e-6 });
    expect(found.converged).toBe(true);
    expect(relativeError(x, found.network)).toBeLessThanOrEqual(1.01e-3);
    expect(found.parameters).toBe(networkParameters(found.network));
    expect(found.parameters).toBeLessThan(0.6 * x.size);
  });

  it("gives back edges that were taken in vain", () => {
    const sizes = (shrink: boolean): number[] =>
      [0, 1, 2, 3, 4].map((seed) => {
        const ring = contractNetwork(randomNetwork(key(seed), cycleGraph(4), [6, 6, 6, 6], [2, 3, 2, 3]));
        const found = tnGreedy(key(seed), ring.contiguous(), ring.shape, { tol: 1e-6, shrink });
        expect(relativeError(ring, found.network)).toBeLessThanOrEqual(1.01e-3);
        return found.parameters;
      });
    expect(Math.max(...sizes(false))).toBeGreaterThan(144);
    expect(sizes(true)).toEqual([144, 144, 144, 144, 144]);
  });

  it("leaves a swamp by fresh starts of the lowered network", () => {
    // The truncated cores of the 216 numbers that growth ends with fit no lower ranks.
    const edges = [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 3],
    ] as const;
    const [plantKey, searchKey] = split(split(foldIn(key(0), 2), 10)[6]!, 2) as [Key, Key];
    const planted = randomNetwork(plantKey, { modes: [0, 1, 2, 3], edges }, [6, 6, 6, 6], [2, 2, 2, 3]);
    const triangle = contractNetwork(planted).contiguous();
    const found = tnGreedy(searchKey, triangle, triangle.shape, { tol: 1e-6 });
    expect(relativeError(triangle, found.network)).toBeLessThanOrEqual(1.01e-3);
    expect(found.parameters).toBe(networkParameters(planted));
  });

  it("minimises a loss by Adam", () => {
    const matrix = normal(key(1), [4, 1]).mul(normal(key(2), [1, 5]));
    const found = tnGreedy(key(0), (d) => contractNetwork(d).sub(matrix).square().mean(), [4, 5], {
      tol: 1e-3,
      learningRate: 0.05,
    });
    expect(found.loss).toBeLessThanOrEqual(1e-3);
  });

  it("splits cores where that saves numbers", () => {
    const core = normal(key(7), [2, 2, 2, 2]);
    const factors = [6, 6, 6, 6].map((n, k) => normal(key(20 + k), [n, 2]));
    const planted = full({ kind: "tucker", core, factors }).contiguous();
    const found = tnGreedy(key(0), planted, planted.shape, { splitNodes: true, tol: 1e-6 });
    expect(relativeError(planted, found.network)).toBeLessThan(2e-3);
    const plain = tnGreedy(key(0), planted, planted.shape, { tol: 1e-6 });
    expect(found.parameters).toBeLessThanOrEqual(plain.parameters);
  });

  it("refuses bad input and says where entries are missing", () => {
    expect(() => tnGreedy(key(0), tensor([1, 2]), [2])).toThrow(/at least 2 modes/);
    expect(() => tnGreedy(key(0), x, [1, 2])).toThrow(/not that of the tensor/);
    expect(() => tnGreedy(key(0), x, shape, { tol: 0 })).toThrow(/tol must be above 0/);
    expect(() => tnGreedy(key(0), () => tensor([1, 2]), [2, 2])).toThrow(/scalar tensor/);
    expect(() => tnGreedy(key(0), x, shape, { allowedEdges: [[0, 4]] })).toThrow(/allowedEdges/);
    const square = normal(key(8), [3, 3]);
    const mask = tensor([
      [1, 1, 0],
      [1, 1, 0],
      [1, 1, 0],
    ]);
    expect(tnGreedy(key(0), square, [3, 3], { mask }).notes[0]).toMatch(/mode 1: 2/);
  });
});

describe("tnStructureSearch", () => {
  it("finds a structure that fits, for every template and method", () => {
    for (const template of ["ring", "tt", "tree"] as const)
      for (const method of ["tnale", "tnls", "random"] as const) {
        const found = tnStructureSearch(key(0), x, {
          template,
          method,
          maxRank: 3,
          maxEvaluations: 25,
          sweeps: 30,
        });
        expect(found.evaluations).toBeLessThanOrEqual(25);
        expect(Math.abs(Math.sqrt(found.error) - relativeError(x, found.network!))).toBeLessThan(1e-6);
        expect(Math.min(...found.history.map(({ objective }) => objective))).toBe(found.objective);
      }
  });

  it("counts evaluations that are not numbers, and refuses bad input", () => {
    let calls = 0;
    const found = tnStructureSearch(key(0), x, {
      maxRank: 2,
      maxEvaluations: 20,
      evaluate: () => (calls++ % 2 ? Number.NaN : 0.1),
    });
    expect(found.failures).toBeGreaterThan(0);
    expect(found.network).toBeNull();
    expect(() => tnStructureSearch(key(0), x, { maxRank: 0 })).toThrow(/maxRank/);
    expect(() => tnStructureSearch(key(0), zeros([3, 3]), { maxRank: 2 })).toThrow(/at least 3 modes/);
    expect(() => tnStructureSearch(key(0), zeros([3, 3, 3]), { maxRank: 2 })).toThrow(/zero/);
  });
});
