// Networks that propose search directions: their form, their training and what it is good for.

import { cg, dcdm } from "polyadic/linalg";
import { conjugateDirectionNet, netDirection, trainDirectionNet } from "polyadic/operator";
import { key, normal } from "polyadic/random";
import { poisson } from "polyadic/sparse";
import { ones, type Tensor, tree } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const largest = (x: Tensor): number => x.abs().max().item();

describe("conjugateDirectionNet", () => {
  it("is positively homogeneous, on grids of two and three axes", () => {
    for (const [dims, grid] of [
      [2, [8, 12]],
      [3, [4, 4, 8]],
    ] as const) {
      const net = conjugateDirectionNet({ dims, channels: 4, levels: 2, dtype: "float64" });
      const params = net.init(key(0));
      const x = normal(key(1), [2, 1, ...grid]);
      const y = net.apply(params, x);
      expect(y.shape).toEqual(x.shape);
      expect(largest(net.apply(params, x.mul(3)).sub(y.mul(3)))).toBeLessThan(1e-10 * largest(y));
      expect(largest(y.at(0).sub(y.at(1)))).toBeGreaterThan(1e-3);
      expect(largest(net.apply(params, x.mul(0)))).toBe(0);
    }
  });

  it("has the number of weights that its options say, and none of them a bias", () => {
    const net = conjugateDirectionNet({ dims: 2, channels: 5, levels: 2, blocks: 2, bottomBlocks: 3 });
    const leaves = tree.leaves(net.init(key(0))) as Tensor[];
    const convolutions = 2 * 2 * 2 + 3;
    expect(leaves).toHaveLength(convolutions + 2);
    const size = leaves.reduce((sum, x) => sum + x.size, 0);
    expect(size).toBe(9 * 5 + convolutions * 9 * 25 + 5);
    expect(leaves.every((x) => x.dtype === "float32")).toBe(true);
  });

  it("refuses what does not fit", () => {
    expect(() => conjugateDirectionNet({ dims: 1 as 2 })).toThrow(/dims must be 2 or 3/);
    expect(() => conjugateDirectionNet({ dims: 2, channels: 0 })).toThrow(/channels/);
    expect(() => conjugateDirectionNet({ dims: 2, levels: -1 })).toThrow(/levels/);
    const net = conjugateDirectionNet({ dims: 2, channels: 2, levels: 2 });
    const params = net.init(key(0));
    expect(() => net.apply(params, ones([1, 1, 8, 6], "float32"))).toThrow(/divisible by 2\^levels = 4/);
    expect(() => net.apply(params, ones([8, 8], "float32"))).toThrow(/axes|axis/);
  });
});

describe("trainDirectionNet", () => {
  const a = poisson([8, 8]);
  const grid = [8, 8];
  const net = conjugateDirectionNet({ dims: 2, channels: 6, levels: 2 });
  const options = { net, grid, batch: 8, vectors: 40, samples: 300, learningRate: 5e-3 };

  it("lowers the loss, so that few directions suffice", async () => {
    const { params, losses } = await trainDirectionNet(key(0), a, { ...options, steps: 150 });
    expect(losses.at(-1)!).toBeLessThan(0.3 * losses[0]!);
    const direction = netDirection(net, params, grid);
    const b = normal(key(2), [64]);
    const found = dcdm(a, b, { direction });
    expect(found.converged).toBe(true);
    expect(found.iterations).toBeLessThan(0.75 * cg(a, b, { rtol: 1e-4 }).iterations);
    // The same weights on a grid that was not trained on.
    const larger = poisson([16, 16]);
    const right = normal(key(3), [256]);
    const elsewhere = dcdm(larger, right, { direction: netDirection(net, params, [16, 16]) });
    expect(elsewhere.converged).toBe(true);
    expect(elsewhere.iterations).toBeLessThan(0.75 * cg(larger, right, { rtol: 1e-4 }).iterations);
  });

  it("is repeatable, goes on from parameters and takes data of the caller", async () => {
    const first = await trainDirectionNet(key(1), a, { ...options, steps: 3 });
    const again = await trainDirectionNet(key(1), a, { ...options, steps: 3 });
    expect(again.losses).toEqual(first.losses);
    const data = normal(key(4), [20, 64]);
    const fractions: number[] = [];
    const more = await trainDirectionNet(key(1), a, {
      ...{ net, grid, data, params: first.params, steps: 2, batch: 4 },
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(more.losses.every(Number.isFinite)).toBe(true);
    expect(fractions.at(-1)).toBe(1);
  });

  it("refuses bad input and stops when told to", async () => {
    const run = (given: object): Promise<unknown> =>
      trainDirectionNet(key(0), a, { ...options, steps: 2, ...given });
    await expect(run({ grid: [8, 9] })).rejects.toThrow(/grid must have 64 points/);
    await expect(run({ steps: 0 })).rejects.toThrow(/steps/);
    await expect(run({ batch: 1000 })).rejects.toThrow(/batch must be an integer from 1 to 300/);
    await expect(run({ data: ones([5, 63]) })).rejects.toThrow(/data must be \[samples, 64\]/);
    await expect(run({ vectors: 65 })).rejects.toThrow(/vectors/);
    await expect(run({ signal: AbortSignal.abort() })).rejects.toThrow(/stopped/);
    expect(() => netDirection(net, net.init(key(0)), grid)(ones([63]))).toThrow(/residual \[64\]/);
  });
});
