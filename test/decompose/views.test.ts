import { multiViewCluster, nestedModel, unfoldingSpectrum } from "polyadic/decompose";
import { key, normal } from "polyadic/random";
import { zeros } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

describe("nested matrix-tensor model", () => {
  it("predicts what the derivation gives", () => {
    const at = (rho: number, betaM: number): number => {
      const betaT = Math.sqrt((rho * 120 ** 1.5) / 360);
      return nestedModel.predict({ n1: 120, n2: 120, n3: 120, betaM, betaT }).unfolding.alignment;
    };
    expect(at(1, 1.5)).toBeCloseTo(0.67, 3);
    expect(at(2, 1.5)).toBeCloseTo(0.751, 3);
    expect(at(1, 3)).toBeCloseTo(0.934, 3);
    expect(at(0.3, 1.5)).toBe(0);
  });

  it("has a density of mass 1 that covers the eigenvalues", () => {
    const { tensor } = nestedModel.sample(key(0), { n1: 40, n2: 50, n3: 60, betaM: 0, betaT: 3 });
    for (const mode of [0, 1, 2]) {
      const { density, support, eigenvalues } = unfoldingSpectrum(tensor, mode, {
        betaT: mode === 2 ? 0 : 3,
      });
      const [a, b] = support;
      let mass = 0;
      for (let i = 0; i < 4000; i++) mass += (density(a + ((b - a) * (i + 0.5)) / 4000) * (b - a)) / 4000;
      expect(mass).toBeCloseTo(1, 2);
      const inside = eigenvalues.filter((s) => s > a - 0.4 && s < b + 0.4).length;
      expect(inside).toBeGreaterThanOrEqual(eigenvalues.length - 1);
    }
  });

  it("clusters, by tensor and by unfolding, also in three classes and one view", () => {
    const params = { n1: 40, n2: 40, n3: 30, betaM: 3, betaT: 4 };
    const { tensor, labels } = nestedModel.sample(key(1), params);
    for (const method of ["tensor", "unfold"] as const) {
      const found = multiViewCluster(key(0), tensor, { method });
      const agreement = Math.abs(found.labels.mul(2).sub(1).mul(labels).mean().item());
      expect(agreement).toBeGreaterThan(0.8);
      expect(found.alignmentEstimate).toBeGreaterThan(0.7);
    }
    const three = multiViewCluster(key(0), tensor, { classes: 3, method: "unfold" });
    expect(new Set(three.labels.toArray() as number[]).size).toBe(3);
    const single = nestedModel.sample(key(2), { ...params, n3: 1 });
    expect(multiViewCluster(key(0), single.tensor).labels.shape).toEqual([40]);
  });

  it("refuses bad input", () => {
    const good = { n1: 5, n2: 5, n3: 5, betaM: 1, betaT: 1 };
    expect(() => nestedModel.predict({ ...good, n1: 1 })).toThrow(/n1/);
    expect(() => nestedModel.predict({ ...good, betaM: -1 })).toThrow(/betaM/);
    expect(() => nestedModel.sample(key(0), { ...good, betaT: Number.NaN })).toThrow(/betaT/);
    expect(() => multiViewCluster(key(0), zeros([1, 3, 3]))).toThrow(/at least 2 features/);
    expect(() => multiViewCluster(key(0), normal(key(0), [3, 3, 3]).mul(Number.NaN))).toThrow(/finite/);
    expect(() => multiViewCluster(key(0), normal(key(0), [3, 3, 3]), { classes: 4 })).toThrow(/classes/);
    expect(() => unfoldingSpectrum(zeros([3, 3]), 0)).toThrow(/features, samples, views/);
  });
});
