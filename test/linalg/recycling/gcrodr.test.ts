// GCRO-DR: solutions, what is counted, what is kept, and harmonic Ritz vectors against their definition.

import { concat, matmul, zeros } from "polyadic";
import { cond, gcrodr, gmres, norm as normOf, qr, solve, subspaceAngles } from "polyadic/linalg";
import { convectionDiffusion, darcy } from "polyadic/linalg/problems";
import { key, normal, uniform } from "polyadic/random";
import { ilu0, poisson } from "polyadic/sparse";
import { eye, ones, type Tensor } from "polyadic/tensor";
import { describe, expect, it } from "vitest";
import { harmonicRitz } from "../../../src/linalg/recycling/harmonicRitz.ts";
import type { Kind } from "../check.ts";
import { matrix } from "../check.ts";

const norm = (x: Tensor): number => normOf(x).item();
const jacobi =
  (a: { diagonal(): Tensor }) =>
  (r: Tensor): Tensor =>
    r.div(a.diagonal());

describe("gcrodr", () => {
  it.each(["float64", "complex128", "float32"] as const)(
    "solves systems of %s, again with what it kept",
    (kind: Kind) => {
      const n = 80;
      const a = matrix(n, n, kind, 1).add(eye(n, n, { dtype: kind }).mul(2 * Math.sqrt(n)));
      const b = matrix(n, 1, kind, 2).ravel();
      const rtol = kind === "float32" ? 1e-5 : 1e-11;
      const expected = solve(a, b);
      const near = 1e3 * rtol * cond(a).item();
      for (const preconditioner of [undefined, (r: Tensor) => r.div(20).astype(kind)]) {
        const options = { restart: 14, deflate: 8, rtol, ...(preconditioner && { preconditioner }) };
        const found = gcrodr(a, b, options);
        expect(found.converged).toBe(true);
        expect(found.x.dtype).toBe(kind);
        expect(norm(found.x.sub(expected))).toBeLessThan(near * norm(expected));
        expect(found.residuals).toHaveLength(found.iterations + 1);
        expect(found.products).toBeGreaterThanOrEqual(found.iterations);
        const { u } = found.recycle!;
        expect(u.shape[0]).toBe(n);
        expect(u.shape[1]).toBeGreaterThanOrEqual(7);
        expect(u.shape[1]).toBeLessThanOrEqual(9);
        const again = gcrodr(a, matrix(n, 1, kind, 3).ravel(), { ...options, recycle: { u } });
        expect(again.converged).toBe(true);
        expect(again.products).toBeGreaterThanOrEqual(again.iterations + 7);
      }
    },
  );

  it("keeps images that are orthonormal, and the space on which the operator is smallest", () => {
    const a = poisson([16, 16]);
    const b = normal(key(0), [256]);
    let recycle = gcrodr(a, b, { restart: 30, deflate: 6, rtol: 1e-10 }).recycle!;
    for (let i = 0; i < 3; i++)
      recycle = gcrodr(a, normal(key(i + 1), [256]), { restart: 30, deflate: 6, rtol: 1e-10, recycle })
        .recycle!;
    const c = a.matmul(recycle.u);
    expect(c.mT().matmul(c).sub(eye(recycle.u.shape[1]!)).abs().max().item()).toBeLessThan(1e-8);
    // The first eigenvector of the Laplacian is a product of sines.
    const sine = Array.from({ length: 16 }, (_, i) => Math.sin((Math.PI * (i + 1)) / 17));
    const first = ones([256, 1]).mul(
      Float64Array.from({ length: 256 }, (_, i) => sine[i >> 4]! * sine[i & 15]!).reduce<Tensor>(
        (x, value, i) =>
          x.add(
            eye(256)
              .at(":", `${i}:${i + 1}`)
              .mul(value),
          ),
        zeros([256, 1]),
      ),
    );
    expect(subspaceAngles(recycle.u, first).max().item()).toBeLessThan(1e-3);
  });

  it("saves products against restarted GMRES, and on the same system nearly all", () => {
    const a = darcy(uniform(key(1), [18, 18], { low: 0.1, high: 8 }));
    const b = ones([324]);
    const options = { restart: 20, deflate: 8, preconditioner: jacobi(a) };
    const plain = gmres(a, b, { restart: 20, preconditioner: jacobi(a) });
    const first = gcrodr(a, b, options);
    expect(first.products).toBeLessThan(0.75 * plain.products);
    const second = gcrodr(a, b, { ...options, ...(first.recycle && { recycle: first.recycle }) });
    expect(second.products).toBeLessThan(0.75 * first.products);
    // The whole space of a small system: only its products are left to pay.
    const small = poisson([3, 3]);
    const u = eye(9).at(":", ":8");
    const all = gcrodr(small, small.matmul(u).sum({ axis: 1 }), { restart: 9, deflate: 8, recycle: { u } });
    expect([all.iterations, all.products]).toEqual([0, 8]);
    expect(norm(all.x.sub(u.sum({ axis: 1 })))).toBeLessThan(1e-10);
  });

  it("is GMRES without a kept space", () => {
    const a = convectionDiffusion([9, 9], [20, -10]);
    const b = normal(key(4), [81]);
    for (const preconditioner of [undefined, ilu0(a)]) {
      const options = { restart: 12, ...(preconditioner && { preconditioner }) };
      const expected = gmres(a, b, options);
      const found = gcrodr(a, b, { ...options, deflate: 0 });
      expect(found.iterations).toBe(expected.iterations);
      expect(found.recycle).toBeUndefined();
      expect(norm(found.x.sub(expected.x))).toBeLessThan(1e-8 * norm(expected.x));
    }
  });

  it("counts nothing for b = 0, and says when it did not converge", () => {
    const a = poisson([6, 6]);
    const recycle = { u: normal(key(5), [36, 4]) };
    const nothing = gcrodr(a, zeros([36]), { recycle });
    expect([nothing.iterations, nothing.products, nothing.converged]).toEqual([0, 0, true]);
    expect(nothing.recycle).toEqual(recycle);
    const short = gcrodr(a, normal(key(6), [36]), { maxIterations: 3, restart: 8, deflate: 5 });
    expect([short.iterations, short.converged]).toEqual([3, false]);
    // Fewer steps than vectors are wanted: all of them are kept.
    expect(short.recycle?.u.shape).toEqual([36, 3]);
    const singular = gcrodr(eye(3).mul(ones([3]).sub(eye(3).at(0))), ones([3]), { restart: 2, deflate: 1 });
    expect(singular.converged).toBe(false);
    // A space of dependent vectors is left out, and the system solved all the same.
    const dependent = gcrodr(a, ones([36]), { recycle: { u: ones([36, 3]) } });
    expect(dependent.converged).toBe(true);
  });

  it("refuses bad input", () => {
    const a = poisson([3, 3]);
    const b = ones([9]);
    expect(() => gcrodr(a, b, { restart: 5, deflate: 5 })).toThrow(
      /deflate must be an integer from 0 to restart - 1 = 4/,
    );
    expect(() => gcrodr(a, b, { restart: 0 })).toThrow(/restart/);
    expect(() => gcrodr(a, b, { deflate: -1 })).toThrow(/deflate/);
    expect(() => gcrodr(a, b, { recycle: { u: ones([8, 2]) } })).toThrow(
      /recycle.u must be a known matrix \[9, k\]/,
    );
    expect(() => gcrodr(a, b, { recycle: { u: ones([9]) } })).toThrow(/recycle.u/);
    expect(() => gcrodr(a, b, { recycle: { u: ones([9, 1]).mul(Number.NaN) } })).toThrow(/not finite/);
    expect(() => gcrodr(a, ones([8]))).toThrow(/b must be a vector/);
    expect(() => gcrodr(a, b, { rtol: -1 })).toThrow(/rtol/);
    expect(() => gcrodr(a, b, { signal: AbortSignal.abort() })).toThrow(/stopped/);
  });
});

describe("harmonicRitz", () => {
  it.each([
    { name: "A", isPreconditioned: false },
    { name: "M⁻¹A", isPreconditioned: true },
  ])("finds combinations with ($name V z − θ V z) orthogonal to A V", ({ isPreconditioned }) => {
    const n = 14;
    const p = 7;
    const a = normal(key(7), [n, n]).add(eye(n).mul(2));
    const v = qr(normal(key(8), [n, p])).q;
    // W holds A V and one further column.
    const { q, r } = qr(matmul(a, v));
    const extra = qr(normal(key(9), [n, 1]).sub(q.matmul(q.mT().matmul(normal(key(9), [n, 1]))))).q;
    const inverse = isPreconditioned ? normal(key(10), [n, n]).mul(0.2).add(eye(n)) : eye(n);
    const w = concat([q, extra], 1);
    const s = Float64Array.from(w.mT().matmul(inverse.matmul(w)).mT().ravel().data() as Float64Array);
    const h = new Float64Array((p + 1) * p);
    const f = new Float64Array((p + 1) * p);
    for (let j = 0; j < p; j++)
      for (let i = 0; i <= p; i++) {
        h[j * (p + 1) + i] = i < p ? r.item(i, j) : 0;
        const row = i < p ? q.at(":", i) : extra.at(":", 0);
        f[j * (p + 1) + i] = row.mul(v.at(":", j)).sum().item();
      }
    for (const k of [2, 3, 4]) {
      const found = harmonicRitz(1, p, { h, f, ...(isPreconditioned && { s }) }, k, k + 1)!;
      const z = zeros([p, found.k]).add(
        Array.from({ length: found.k }, (_, j) =>
          eye(p)
            .matmul(fromColumn(found.vectors.subarray(j * p, (j + 1) * p)))
            .expandDims(1)
            .mul(eye(found.k).at(j)),
        ).reduce((x, y) => x.add(y)),
      );
      const y = v.matmul(z);
      const ay = a.matmul(y);
      // M⁻¹A (V z) projected on A V stays within the span of V z: an invariant space of the pencil.
      const left = ay.mT();
      expect(left.shape).toEqual([found.k, n]);
      const av = a.matmul(v);
      const images = av.mT().matmul(inverse.matmul(ay));
      const plain = av.mT().matmul(y);
      expect(subspaceAngles(images, plain).max().item()).toBeLessThan(1e-6);
      // Images are orthonormal.
      expect(ay.mT().matmul(ay).sub(eye(found.k)).abs().max().item()).toBeLessThan(1e-10);
    }
  });
});

function fromColumn(data: Float64Array): Tensor {
  return Array.from(data).reduce<Tensor>(
    (x, value, i) => x.add(eye(data.length).at(i).mul(value)),
    zeros([data.length]),
  );
}
