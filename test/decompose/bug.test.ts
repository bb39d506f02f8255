import {
  bugIntegrate,
  bugMatrix,
  bugStep,
  full,
  KroneckerSumOperator,
  type LowRank,
  scale,
  type Tree,
  tree,
  tucker,
} from "polyadic/decompose";
import { expm, norm } from "polyadic/linalg";
import { key, normal } from "polyadic/random";
import type { Tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";

const shape = [4, 5, 3];
const matrices = shape.map((n, k) => {
  const a = normal(key(k), [n, n]);
  return a.sub(a.mT()).mul(0.3);
});
const couple = normal(key(9), [4, 4]).mul(0.1);
const operator = new KroneckerSumOperator(shape, [
  ...matrices.map((a, k) => ({ modes: { [k]: a } })),
  { coefficient: 0.5, modes: { 0: couple, 1: normal(key(10), [5, 5]).mul(0.2) } },
]);
const x0 = full(tucker(normal(key(5), shape), { ranks: [2, 2, 2] })).contiguous();

/** exp(A) x0 from the dense matrix. */
function exact(): Tensor {
  const size = x0.size;
  const columns = Array.from({ length: size }, (_, i) => {
    const unit = new Float64Array(size);
    unit[i] = 1;
    return operator.apply(x0.mul(0).add(x0.mul(0)).add(tensorOf(unit))).reshape([size]);
  });
  const rows = columns.map((column) => column.toArray() as number[]);
  return expm(matrixOf(rows).mT())
    .matmul(x0.reshape([size]))
    .reshape(shape);
}
const tensorOf = (data: Float64Array): Tensor => x0.mul(0).add(matrixOf([[...data]]).reshape(shape));
const matrixOf = (rows: number[][]): Tensor => tensorFrom(rows);

import { tensor as tensorFrom } from "polyadic/tensor";

const goal = exact();
const errorOf = (y: LowRank): number => norm(full(y).sub(goal).ravel()).item() / norm(goal.ravel()).item();

describe("the parallel BUG integrator", () => {
  const start = { kind: "tucker" as const, ...pick(tucker(x0, { rtol: 1e-12 })) };
  const treeStart = pickTree(tree(x0, { rtol: 1e-12 }));

  it("converges in h, for Tucker states and trees, by RK4 and Krylov", () => {
    for (const y0 of [start, treeStart] as readonly LowRank[])
      for (const method of ["rk4", "krylov"] as const) {
        const error = (h: number): number =>
          errorOf(bugIntegrate(operator, y0, { t1: 1, h, tolerance: 1e-9, local: { method } }).y);
        const [coarse, fine] = [error(0.1), error(0.05)];
        expect(fine).toBeLessThan(0.6 * coarse);
        expect(fine).toBeLessThan(0.02);
      }
  });

  it("takes the right-hand side as a function too", () => {
    for (const y0 of [start, treeStart] as readonly LowRank[]) {
      const decay = bugIntegrate<LowRank>((_, y) => scale(y, -1) as LowRank, y0, { t1: 1, h: 0.25 });
      const expected = x0.mul(Math.exp(-1));
      expect(norm(full(decay.y).sub(expected).ravel()).item()).toBeLessThan(1e-3 * norm(x0.ravel()).item());
      expect(decay.times).toEqual([0, 0.25, 0.5, 0.75, 1]);
    }
  });

  it("steps matrices", () => {
    const two = new KroneckerSumOperator(
      [4, 5],
      [{ modes: { 0: matrices[0]! } }, { modes: { 1: matrices[1]! } }],
    );
    const u = tucker(normal(key(3), [4, 5]), { ranks: [2, 2] });
    const y = { u: u.factors[0]!, s: u.core, v: u.factors[1]! };
    const next = bugMatrix(two, y, 0, 0.01, { tolerance: 1e-10 });
    const dense = (m: typeof y): Tensor => m.u.matmul(m.s).matmul(m.v.conj().mT());
    const truth = expm(matrices[0]!.mul(0.01))
      .matmul(dense(y))
      .matmul(expm(matrices[1]!.mul(0.01)).mT());
    expect(norm(dense(next).sub(truth).ravel()).item()).toBeLessThan(1e-3);
  });

  it("makes bases orthonormal with a note, keeps maxRank, and refuses bad input", () => {
    const loose = { ...start, factors: start.factors.map((f) => f.mul(2)), core: start.core.div(8) };
    const found = bugIntegrate(operator, loose, { t1: 0.1, h: 0.05, maxRank: 2 });
    expect(found.notes[0]).toMatch(/orthonormal/);
    expect(Math.max(...found.ranks.at(-1)!)).toBe(2);
    expect(() => bugStep(operator, start, 0, 0)).toThrow(/h must be above 0/);
    expect(() => bugStep(operator, start, 0, 0.1, { tolerance: -1 })).toThrow(/tolerance/);
    const wide = {
      ...start,
      core: normal(key(1), [6, 2, 2]),
      factors: [normal(key(2), [4, 6]), ...start.factors.slice(1)],
    };
    expect(() => bugStep(operator, wide, 0, 0.1)).toThrow(/rank 6 of mode 0 is above its length 4/);
    const shrink = (): typeof start => ({ ...start, factors: start.factors.map((f) => f.at(":2")) });
    expect(() => bugStep(shrink, start, 0, 0.1)).toThrow(/changes the shape/);
    expect(() => new KroneckerSumOperator([3, 3], [{ modes: { 0: matrices[0]! } }])).toThrow(
      /must be \[3, 3\]/,
    );
  });
});

function pick(t: { core: Tensor; factors: readonly Tensor[] }): { core: Tensor; factors: readonly Tensor[] } {
  return { core: t.core, factors: t.factors };
}
function pickTree(t: Tree): Tree {
  return { kind: "tree", tree: t.tree, leaves: t.leaves, transfers: t.transfers };
}
