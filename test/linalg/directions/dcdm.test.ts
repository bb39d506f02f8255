// Conjugate directions from any source, their data set and their loss.

import { matmul, tensor, zeros } from "polyadic";
import { cg, Dense, dcdm, directionLoss, eigh, FunctionOperator, ritzDataset, solve } from "polyadic/linalg";
import { foldIn, key, normal } from "polyadic/random";
import { poisson } from "polyadic/sparse";
import { eye, ones, type Tensor } from "polyadic/tensor";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, it } from "vitest";

const norm = (x: Tensor): number => Math.sqrt(x.square().sum().item());
const a = poisson([9, 9]);
const n = 81;
const b = normal(key(0), [n]);

describe("dcdm", () => {
  it("with the residual as direction is the method of conjugate gradients", () => {
    const found = dcdm(a, b, { direction: (r) => r, rtol: 1e-9 });
    const expected = cg(a, b, { rtol: 1e-9 });
    expect(found.converged).toBe(true);
    expect(found.iterations).toBe(expected.iterations);
    expect(found.products).toBe(found.iterations);
    found.residuals.forEach((residual, k) => {
      expect(residual).toBeCloseTo(expected.residuals[k]!, 6);
    });
    expect(norm(a.matmul(found.x).sub(b))).toBeLessThan(2e-9 * norm(b));
  });

  it("hands over residuals of length 1 and makes the best steps", () => {
    const dense = a.toDense();
    const sizes: number[] = [];
    const exact = dcdm(a, b, {
      direction: (r) => {
        sizes.push(norm(r));
        return solve(dense, r).mul(-7).astype("float32");
      },
    });
    // The direction is exact to the digits of float32: one step, whatever its sign and length.
    expect(exact.iterations).toBe(1);
    expect(sizes.every((size) => Math.abs(size - 1) < 1e-12)).toBe(true);
    // Unconjugated directions are steepest descent.
    const descent = dcdm(a, b, { direction: (r) => r, orthogonalize: 0, maxIterations: 1 });
    const step = (norm(b) ** 2 / b.mul(a.matmul(b)).sum().item()) as number;
    expect(norm(descent.x.sub(b.mul(step)))).toBeLessThan(1e-12);
  });

  it("keeps as many directions conjugate as it is asked to", () => {
    const random = (): ((r: Tensor) => Tensor) => {
      let t = 0;
      return () => normal(foldIn(key(1), t++), [20]);
    };
    const small = poisson([4, 5]);
    const right = normal(key(2), [20]);
    // Conjugate to all before: the end after n steps.
    const all = dcdm(small, right, { direction: random(), orthogonalize: 20, rtol: 1e-10 });
    expect([all.converged, all.iterations <= 20]).toEqual([true, true]);
    const two = dcdm(small, right, { direction: random(), rtol: 1e-10, maxIterations: 2000 });
    expect(two.converged).toBe(true);
    expect(two.iterations).toBeGreaterThan(all.iterations);
  });

  it("converges with directions that are useless", () => {
    const limit = 3 * cg(a, b, { rtol: 1e-4 }).iterations;
    for (const direction of [
      (r: Tensor) => r.mul(Number.NaN),
      (r: Tensor) => r.mul(0),
      (r: Tensor) => r.mul(Number.POSITIVE_INFINITY),
    ])
      expect(dcdm(a, b, { direction, maxIterations: limit }).converged).toBe(true);
    const same = normal(key(3), [n]);
    const stubborn = dcdm(a, b, { direction: () => same, maxIterations: 400 });
    expect(stubborn.converged).toBe(true);
    expect(stubborn.iterations).toBeGreaterThan(limit / 3);
  });

  it("stops at b = 0 and x0, and reports what is not positive definite or takes too long", () => {
    const direction = (r: Tensor): Tensor => r;
    const nothing = dcdm(a, zeros([n]), { direction });
    expect([nothing.iterations, nothing.converged]).toEqual([0, true]);
    const { x } = cg(a, b, { rtol: 1e-12 });
    expect(dcdm(a, b, { direction, x0: x }).iterations).toBe(0);
    expect(dcdm(a, b, { direction, maxIterations: 2 }).converged).toBe(false);
    expect(dcdm(a.scale(-1), b, { direction }).converged).toBe(false);
  });

  it("refuses bad input", () => {
    const direction = (r: Tensor): Tensor => r;
    expect(() => dcdm(a, b, { direction, rtol: 0 })).toThrow(/rtol must be positive/);
    expect(() => dcdm(a, b, { direction, orthogonalize: -1 })).toThrow(/orthogonalize/);
    expect(() =>
      dcdm(
        tensor([
          [2, 1],
          [0, 2],
        ]),
        ones([2]),
        { direction },
      ),
    ).toThrow(/symmetric/);
    expect(() => dcdm(eye(2).mul(Number.NaN), ones([2]), { direction })).toThrow(/not finite/);
    expect(() => dcdm(eye(2), ones([2], "complex128"), { direction })).toThrow(/must be real/);
    expect(() => dcdm(a, b, { direction: () => ones([3]) })).toThrow(/vector \[81\]/);
    expect(() => dcdm(a, b, { direction: (r) => r.astype("complex128") })).toThrow(/real numbers/);
    expect(() => dcdm(a, ones([3]), { direction })).toThrow(/b must be a vector/);
    expect(() => dcdm(a, b, { direction, signal: AbortSignal.abort() })).toThrow(/stopped/);
    // A tag is believed.
    const tagged = new Dense(
      tensor([
        [2, 1],
        [0, 2],
      ]),
      { hermitian: true },
    );
    expect(() => dcdm(tagged, ones([2]), { direction })).not.toThrow();
  });
});

describe("ritzDataset", () => {
  it("has rows of length 1 that lean towards the low end of the spectrum", () => {
    const data = ritzDataset(key(4), a, { vectors: n, samples: 400 });
    expect(data.shape).toEqual([400, n]);
    expect(data.square().sum({ axis: 1 }).sub(1).abs().max().item()).toBeLessThan(1e-12);
    const { vectors } = eigh(a.toDense());
    const energy = matmul(data, vectors).square().mean({ axis: 0 }).toArray() as number[];
    const low = energy.slice(0, 30).reduce((sum, x) => sum + x, 0);
    const high = energy.slice(-30).reduce((sum, x) => sum + x, 0);
    // 81 to 1 for equal counts, less where values are multiple and Lanczos stops early.
    expect(low / high).toBeGreaterThan(20);
    const even = ritzDataset(key(4), a, { vectors: n, samples: 400, boost: 1 });
    const flat = matmul(even, vectors).square().mean({ axis: 0 }).toArray() as number[];
    expect(flat.slice(0, 30).reduce((sum, x) => sum + x, 0)).toBeLessThan(0.7);
  });

  it("spans a Krylov space, and is repeatable", () => {
    const options = { vectors: 5, samples: 12 };
    const data = ritzDataset(key(5), a, options);
    const { values } = eigh(data.mT().matmul(data));
    expect(values.at(":76").abs().max().item()).toBeLessThan(1e-12);
    expect(values.at(76).item()).toBeGreaterThan(1e-6);
    expect(ritzDataset(key(5), a, options).sub(data).abs().max().item()).toBe(0);
    // An invariant space ends the iteration early.
    expect(ritzDataset(key(5), eye(6), { vectors: 4, samples: 2 }).shape).toEqual([2, 6]);
  });

  it("refuses bad input", () => {
    const make =
      (options: object): (() => unknown) =>
      () =>
        ritzDataset(key(0), a, { vectors: 4, samples: 3, ...options });
    expect(make({ vectors: 82 })).toThrow(/vectors must be an integer from 1 to 81/);
    expect(make({ samples: 0 })).toThrow(/samples/);
    expect(make({ boost: 0 })).toThrow(/boost/);
    expect(make({ lowFraction: 2 })).toThrow(/lowFraction/);
    expect(make({ signal: AbortSignal.abort() })).toThrow(/stopped/);
    expect(() => ritzDataset(key(0), ones([2, 3]), { vectors: 1, samples: 1 })).toThrow(/square/);
    expect(() => ritzDataset(key(0), eye(2).mul(Number.NaN), { vectors: 1, samples: 1 })).toThrow(
      /not finite/,
    );
    expect(() => ritzDataset(key(0), eye(2).neg(), { vectors: 1, samples: 1 })).toThrow(/positive/);
    expect(() => ritzDataset(key(0), eye(2).astype("complex128"), { vectors: 1, samples: 1 })).toThrow(
      /real/,
    );
  });
});

describe("directionLoss", () => {
  const loss = directionLoss(a);
  const rights = normal(key(6), [3, n]);

  it("is what the best step leaves, for any length of the direction", () => {
    const exact = solve(a.toDense(), rights.mT()).mT();
    expect(loss(rights, exact).abs().max().item()).toBeLessThan(1e-10);
    expect(loss(rights, exact.mul(-3)).abs().max().item()).toBeLessThan(1e-10);
    const q = normal(key(7), [3, n]);
    const values = loss(rights, q).toArray() as number[];
    for (let i = 0; i < 3; i++) {
      const image = a.matmul(q.at(i));
      const step = q.at(i).mul(rights.at(i)).sum().item() / q.at(i).mul(image).sum().item();
      expect(values[i]).toBeCloseTo(norm(rights.at(i).sub(image.mul(step))) ** 2, 9);
    }
  });

  it("has derivatives, under vmap too, and operators of any kind", () => {
    const q = normal(key(8), [3, n]);
    const total = (x: Tensor): Tensor => loss(rights, x).sum();
    const slope = grad(total)(q);
    const h = 1e-6;
    const along = normal(key(9), [3, n]);
    const difference = (total(q.add(along.mul(h))).item() - total(q.sub(along.mul(h))).item()) / (2 * h);
    expect(slope.mul(along).sum().item()).toBeCloseTo(difference, 5);
    const stacked = vmap((x: Tensor) => loss(rights, x))(normal(key(8), [2, 3, n]));
    expect(stacked.shape).toEqual([2, 3]);
    const operator = new FunctionOperator((x) => a.matmul(x), { shape: [n, n] });
    expect(directionLoss(operator)(rights, q).sub(loss(rights, q)).abs().max().item()).toBeLessThan(1e-12);
    expect(() => loss(rights, q.at(0))).toThrow(/\[batch, 81\]/);
  });
});
