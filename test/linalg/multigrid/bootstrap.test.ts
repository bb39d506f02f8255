// Multigrid by matchings: what one hierarchy interpolates, composite cycles as preconditioners, bad input.
import { DomainError, ones, ShapeError, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { bootstrapAmg, cg, eigvalsh, type MatchingAmgOptions, matchingAmg } from "polyadic/linalg";
import { key, normal } from "polyadic/random";
import { poisson, sparseEye } from "polyadic/sparse";
import { grad } from "polyadic/transform";
import { describe, expect, it } from "vitest";
import { fromRows } from "../../../src/sparse/base/sparseMatrix.ts";
import { realRows } from "../../../src/sparse/direct/incomplete.ts";
import { matchingHierarchy, matchPairs } from "../../../src/sparse/multigrid/matching.ts";
import { Tensor as Dense } from "../../../src/tensor/tensor.ts";

const a = poisson([12, 12]);
const rows = realRows("test", a);

describe("matchings", () => {
  it("are maximal, and take the heaviest edges first", () => {
    const { of, count } = matchPairs("test", rows, new Float64Array(144).fill(1));
    const sizes = new Int32Array(count);
    for (const aggregate of of) sizes[aggregate]!++;
    expect(Math.max(...sizes)).toBe(2);
    for (let i = 0; i < 144; i++)
      for (let p = rows.pattern.indptr[i]!; p < rows.pattern.indptr[i + 1]!; p++) {
        const j = rows.pattern.indices[p]!;
        if (j !== i) expect(sizes[of[i]!] === 1 && sizes[of[j]!] === 1).toBe(false);
      }
    // A path whose middle edge binds most.
    const path = tensor([
      [2, -1, 0, 0],
      [-1, 2, -1.9, 0],
      [0, -1.9, 2, -1],
      [0, 0, -1, 2],
    ]);
    const dense = realRows("test", poisson([4]).withValues(tensor([2, -1, -1, 2, -1.9, -1.9, 2, -1, -1, 2])));
    expect(
      fromRows({ pattern: dense.pattern, values: new Dense(dense.values, [10], "float64") })
        .toDense()
        .toArray(),
    ).toEqual(path.toArray());
    const pairs = matchPairs("test", dense, new Float64Array(4).fill(1)).of;
    expect(pairs[1]).toBe(pairs[2]);
    expect(new Set(pairs).size).toBe(3);
  });
  it("interpolate the smooth vector exactly on every level", () => {
    const w = Float64Array.from({ length: 144 }, (_, i) => 1 + Math.sin(i));
    const { hierarchy } = matchingHierarchy("test", rows, w, {
      sweeps: 2,
      maxCoarse: 4,
      maxLevels: 39,
      cycle: "V",
      isSmoothed: false,
    });
    let smooth = w;
    for (const {
      prolongation: { pattern, values },
      restriction,
    } of hierarchy.levels) {
      const coarse = new Float64Array(pattern.columns);
      for (let c = 0; c < pattern.columns; c++)
        for (let p = restriction.pattern.indptr[c]!; p < restriction.pattern.indptr[c + 1]!; p++)
          coarse[c]! += restriction.values[p]! * smooth[restriction.pattern.indices[p]!]!;
      for (let i = 0; i < pattern.rows; i++) {
        let sum = 0;
        for (let p = pattern.indptr[i]!; p < pattern.indptr[i + 1]!; p++)
          sum += values[p]! * coarse[pattern.indices[p]!]!;
        expect(sum).toBeCloseTo(smooth[i]!, 12);
      }
      smooth = coarse;
    }
    expect(hierarchy.levels.length).toBeGreaterThan(1);
  });
});

describe("cycles", () => {
  const b = normal(key(2), [144]);
  const kinds = [{ cycle: "V" }, { cycle: "W" }, { sweeps: 3, prolongator: "smoothed" }] as const;
  it.each(kinds)("%j: symmetric, definite, good preconditioners", (options) => {
    const one = matchingAmg(a, ones([144]), options);
    const all = bootstrapAmg(key(1), a, { maxHierarchies: 3, ...options });
    expect(one.levels[0]).toEqual({ n: 144, nnz: a.nnz });
    expect(one.operatorComplexity).toBeLessThan(1.6);
    for (const { apply } of [one, all]) {
      const dense = apply.toDense();
      expect(dense.sub(dense.mT()).abs().max().item()).toBeLessThan(1e-12);
      expect(eigvalsh(dense).min().item()).toBeGreaterThan(0);
      expect(apply.cost()).toBeGreaterThan(a.nnz);
    }
    const plain = cg(a, b).iterations;
    const single = cg(a, b, { preconditioner: one.apply }).iterations;
    const composite = cg(a, b, { preconditioner: all.apply });
    expect(single).toBeLessThan(plain / 2);
    expect(composite.iterations).toBeLessThan(single);
    expect(composite.converged).toBe(true);
  });
  it("need as many steps on a larger grid with smoothed prolongators", () => {
    const steps = (side: number, options: MatchingAmgOptions): number => {
      const matrix = poisson([side, side]);
      const { apply } = matchingAmg(matrix, ones([side * side]), options);
      return cg(matrix, normal(key(3), [side * side]), { preconditioner: apply }).iterations;
    };
    const growth = (options: MatchingAmgOptions): number => steps(64, options) / steps(16, options);
    expect(growth({ sweeps: 3, prolongator: "smoothed" })).toBeLessThan(1.4);
    expect(growth({})).toBeGreaterThan(1.6);
  });
  it("shrinks errors to the asked ratio", () => {
    const { convergenceRatio, ratios, smoothVectors, hierarchies, converged } = bootstrapAmg(key(0), a, {
      ratio: 1e-3,
    });
    expect(converged).toBe(true);
    expect(convergenceRatio).toBeLessThanOrEqual(1e-3);
    expect(ratios[0]).toBeGreaterThan(1e-3);
    expect(smoothVectors.shape).toEqual([144, hierarchies + 1]);
    const w = smoothVectors.at(":", -1);
    expect(a.matmul(w).mul(w).sum().item()).toBeCloseTo(1, 10);
    // Close to the lowest eigenvector: its Rayleigh quotient is near the least eigenvalue.
    const first = smoothVectors.at(":", 1);
    const least = 4 * (1 - Math.cos(Math.PI / 13));
    expect(1 / first.square().sum().item()).toBeLessThan(1.5 * least);
    expect(bootstrapAmg(key(0), a, { maxHierarchies: 1, ratio: 0 }).converged).toBe(false);
  });
  it("is differentiable in what it is applied to, and compiles", () => {
    const { apply } = bootstrapAmg(key(0), a, { maxHierarchies: 2 });
    const f = (x: Tensor): Tensor => apply.apply(x).mul(b).sum();
    const expected = apply.apply(b);
    expect(grad(f)(b).sub(expected).abs().max().item()).toBeLessThan(1e-12);
    expect(
      jit((x: Tensor) => apply.apply(x))(b)
        .sub(expected)
        .abs()
        .max()
        .item(),
    ).toBeLessThan(1e-12);
  });
});

it("bad input is told", () => {
  expect(() => matchingAmg(a, ones([3]))).toThrow(ShapeError);
  expect(() => matchingAmg(a, ones([144]).mul(0))).toThrow(/w must not be zero/);
  expect(() => matchingAmg(a, ones([144]), { sweeps: 0 })).toThrow(/sweeps must be an integer >= 1/);
  expect(() => matchingAmg(a, ones([144]), { cycle: "F" as never })).toThrow(/cycle/);
  expect(() =>
    bootstrapAmg(
      key(0),
      tensor([
        [1, 2],
        [0, 1],
      ]),
    ),
  ).toThrow(DomainError);
  expect(() => bootstrapAmg(key(0), sparseEye(3).scale(-1))).toThrow(/positive/);
  expect(() => bootstrapAmg(key(0), ones([2, 3]))).toThrow(ShapeError);
  expect(() => bootstrapAmg(key(0), a, { ratio: 2 })).toThrow(/ratio must lie in \[0, 1\)/);
  expect(() => bootstrapAmg(key(0), a, { testIterations: 0 })).toThrow(/testIterations/);
  expect(() => bootstrapAmg(key(0), a, { signal: AbortSignal.abort() })).toThrow(/stopped/);
});
