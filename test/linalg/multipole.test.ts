import fc from "fast-check";
import { AbortedError, concat, DomainError, ShapeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import { cg, empiricalInterpolation, fastSum, type KernelSpec, shiftedBy } from "polyadic/linalg";
import { type Key, key, normal, uniform } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";

type Difference = (d: Float64Array) => number;

const norm = (d: Float64Array): number => Math.sqrt(d.reduce((sum, x) => sum + x * x, 0));

/** All pairs one by one; those in one place count 0. */
function direct(kernel: Difference, x: Tensor, y: Tensor, q: Tensor): Float64Array {
  const dims = x.shape[1];
  const [a, b, c] = [x.data(), y.data(), q.data()];
  const d = new Float64Array(dims);
  return Float64Array.from({ length: x.shape[0] }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < y.shape[0]; j++) {
      for (let k = 0; k < dims; k++) d[k] = a[i * dims + k] - b[j * dims + k];
      if (norm(d) > 0) sum += kernel(d) * c[j];
    }
    return sum;
  });
}

function relativeError(found: Tensor, truth: Float64Array): number {
  let [error, size] = [0, 0];
  found.data().forEach((value, i) => {
    error += (Number(value) - truth[i]) ** 2;
    size += truth[i] ** 2;
  });
  return Math.sqrt(error / size);
}

const plummer: KernelSpec = { radial: (r) => 1 / r };
const overR: Difference = (d) => 1 / norm(d);

describe("empiricalInterpolation", () => {
  const line = (from: number, to: number, n: number): Tensor =>
    tensor(Array.from({ length: n }, (_, i) => [from + ((to - from) * i) / (n - 1)]));
  const cauchy = (x: Float64Array, y: Float64Array): number => 1 / (x[0] + y[0]);

  test("stops at the tolerance on its candidates, and is exact at the chosen points", () => {
    const [x, y] = [line(1, 3, 50), line(0.5, 2, 40)];
    const found = empiricalInterpolation(cauchy, x, y, { tolerance: 1e-8 });
    expect(found.converged).toBe(true);
    expect(found.xIndex.length).toBe(found.core.shape[0]);
    expect(found.errorHistory.length).toBe(found.xIndex.length + 1);
    const exact = (p: Tensor, q: Tensor): Tensor => p.add(q.transpose()).pow(-1);
    const error = (p: Tensor, q: Tensor): number => found.evaluate(p, q).sub(exact(p, q)).abs().max().item();
    expect(error(x, y)).toBeLessThan(1e-8);
    expect(error(found.x, y)).toBeLessThan(1e-13);
    expect(error(x, found.y)).toBeLessThan(1e-13);
    expect(error(line(1, 3, 333), line(0.5, 2, 222))).toBeLessThan(1e-7);
  });

  test("a kernel of rank 2 needs two points", () => {
    const found = empiricalInterpolation((x, y) => Math.cos(x[0] - y[0]), line(0, 5, 30), line(0, 4, 20), {
      tolerance: 1e-12,
    });
    expect(found.core.shape).toEqual([2, 2]);
  });

  test("candidates that miss a feature are found out by validation, and the cap on the rank is told", () => {
    const bump = (x: Float64Array, y: Float64Array): number =>
      Math.exp(-(x[0] ** 2) * 200) * (1 + y[0]) + y[0] * Math.cos(x[0]);
    const coarse = line(0.4, 1, 5);
    const fresh = { x: line(0, 1, 40), y: line(0, 1, 40) };
    const blind = empiricalInterpolation(bump, coarse, line(0, 1, 5));
    const seeing = empiricalInterpolation(bump, coarse, line(0, 1, 5), { validate: fresh });
    const error = (of: typeof blind): number =>
      Math.abs(
        of.evaluate(tensor([[0.02]]), tensor([[0.3]])).item() -
          bump(Float64Array.of(0.02), Float64Array.of(0.3)),
      );
    expect(error(blind)).toBeGreaterThan(0.1);
    expect(error(seeing)).toBeLessThan(0.01);
    expect(Math.max(...seeing.xIndex)).toBeGreaterThanOrEqual(5);
    const capped = empiricalInterpolation(cauchy, line(1, 3, 20), line(1, 2, 20), {
      tolerance: 1e-10,
      maxRank: 3,
    });
    expect(capped.converged).toBe(false);
    expect(capped.core.shape).toEqual([3, 3]);
  });

  test("refuses bad input", () => {
    const p = line(1, 2, 3);
    const bad: [() => unknown, new (m: string) => Error, RegExp][] = [
      [() => empiricalInterpolation(cauchy, p.ravel(), p), ShapeError, /X must have shape/],
      [() => empiricalInterpolation(cauchy, p, zeros([0, 1])), ShapeError, /at least one/],
      [() => empiricalInterpolation(cauchy, p, p, { tolerance: 2 }), DomainError, /tolerance/],
      [() => empiricalInterpolation(cauchy, p, p, { maxRank: 0 }), DomainError, /maxRank/],
      [() => empiricalInterpolation(cauchy, p, p.mul(Number.NaN)), DomainError, /Y must be finite/],
      [
        () => empiricalInterpolation(cauchy, p, p.mul(-1)),
        DomainError,
        /must be finite at x = \[1\], y = \[-1\]/,
      ],
      [
        () => empiricalInterpolation(cauchy, p, p, { validate: { x: p, y: line(0, 1, 2) } }),
        ShapeError,
        /pairs/,
      ],
    ];
    for (const [run, kind, message] of bad) {
      expect(run).toThrow(kind);
      expect(run).toThrow(message);
    }
  });
});

describe("fastSum", () => {
  const points = (from: Key, n: number, dims: number): Tensor => uniform(from, [n, dims]);

  test.each([
    [1, 600, (d: Float64Array) => Math.log(norm(d))],
    [2, 700, overR],
    [3, 900, overR],
  ] as const)("agrees with the direct sum in %i dimensions", (dims, n, kernel) => {
    for (const tolerance of dims === 3 ? [1e-2, 1e-4] : [1e-3, 1e-6]) {
      const x = points(key(1), n, dims);
      const q = normal(key(2), [n]);
      const sum = fastSum(kernel, { dims, tolerance, leafSize: 20 }).build(x);
      expect(sum.ranks.length).toBeGreaterThan(0);
      expect(sum.converged).toBe(true);
      expect(relativeError(sum.apply(q), direct(kernel, x, x, q))).toBeLessThan(3 * tolerance);
    }
  });

  test("holds for any points: clustered, coincident, fewer than a leaf, targets of their own", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 6 }),
        fc.nat(999),
        (n, m, leafSize, power, seed) => {
          const y = points(key(seed), n, 2).pow(power + 1);
          const x = concat([points(key(seed + 1), m, 2).mul(0.7), y.at(":1")]);
          const q = normal(key(seed + 2), [n]).add(2);
          const sum = fastSum(plummer, { dims: 2, tolerance: 1e-5, leafSize }).build(y, x);
          expect(sum.shape).toEqual([m + 1, n]);
          expect(relativeError(sum.apply(q), direct(overR, x, y, q))).toBeLessThan(1e-4);
        },
      ),
      { numRuns: 8 },
    );
    const same = concat([zeros([200, 3]), points(key(3), 5, 3)]);
    const q = normal(key(4), [205]);
    const sum = fastSum(plummer, { dims: 3 }).build(same);
    expect(relativeError(sum.apply(q), direct(overR, same, same, q))).toBeLessThan(1e-4);
    const gaussian = fastSum({ radial: (r) => Math.exp(-r * r) }, { dims: 3, atZero: 1 }).build(
      zeros([3, 3]),
    );
    expect(gaussian.toDense().toArray()).toEqual([
      [1, 1, 1],
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  test("kernels that are not even, and the transpose", () => {
    const wind: Difference = (d) => (d[0] + 2 * d[1]) / norm(d) ** 3 + 0.3 / norm(d);
    const [x, y] = [points(key(5), 300, 2), points(key(6), 400, 2)];
    const sum = fastSum(wind, { dims: 2, even: false, tolerance: 1e-6, leafSize: 15 }).build(y, x);
    const q = normal(key(7), [400]);
    expect(relativeError(sum.apply(q), direct(wind, x, y, q))).toBeLessThan(1e-5);
    const p = normal(key(8), [300]);
    const left = sum.apply(q).mul(p).sum().item();
    const right = sum.transpose().apply(p).mul(q).sum().item();
    expect(Math.abs(left - right)).toBeLessThan(1e-10 * Math.abs(left));
    expect(sum.transpose().transpose().apply(q).toArray()).toEqual(sum.apply(q).toArray());
  });

  test("one skeleton serves all levels of a homogeneous kernel", () => {
    const x = points(key(9), 800, 2).mul(7);
    const q = normal(key(10), [800]);
    const sum = fastSum(
      { radial: (r) => r ** -3, degree: -3 },
      { dims: 2, tolerance: 1e-6, leafSize: 10 },
    ).build(x);
    expect(new Set(sum.ranks).size).toBe(1);
    expect(sum.ranks.length).toBeGreaterThan(2);
    expect(
      relativeError(
        sum.apply(q),
        direct((d) => norm(d) ** -3, x, x, q),
      ),
    ).toBeLessThan(1e-5);
    expect(sum.errorEstimate).toBeLessThan(1e-5);
  });

  test("a decaying kernel needs less on coarse levels, and the estimate is honest", () => {
    const decay = (r: number): number => Math.exp(-20 * r) / r;
    const x = points(key(11), 1500, 3);
    const sum = fastSum({ radial: decay }, { dims: 3, tolerance: 1e-3, leafSize: 8 }).build(x);
    expect(sum.ranks[0]).toBeLessThan(sum.ranks.at(-1)!);
    // Unit charges: entries of the matrix itself.
    const unit = zeros([1500, 12]);
    for (let j = 0; j < 12; j++) unit.data()[j * 125 * 12 + j] = 1;
    const found = sum.apply(unit).data();
    const p = x.data();
    let worst = 0;
    for (let j = 0; j < 12; j++)
      for (let i = 0; i < 1500; i++) {
        const d = Math.hypot(...[0, 1, 2].map((c) => p[3 * i + c] - p[3 * j * 125 + c]));
        if (d > 0) worst = Math.max(worst, Math.abs(found[i * 12 + j] - decay(d)) / sum.scale);
      }
    expect(worst).toBeGreaterThan(0);
    expect(sum.errorEstimate / worst).toBeGreaterThan(0.1);
    expect(sum.errorEstimate / worst).toBeLessThan(10);
  });

  test("the Chebyshev grid is exact for polynomials, and converges with its size", () => {
    const x = points(key(12), 300, 2);
    const q = normal(key(13), [300]);
    const cubic: Difference = (d) => (d[0] * d[1]) ** 2 + 1;
    const options = { dims: 2, leafSize: 10, basis: { chebyshev: 3 } } as const;
    expect(relativeError(fastSum(cubic, options).build(x).apply(q), direct(cubic, x, x, q))).toBeLessThan(
      1e-12,
    );
    const truth = direct(overR, x, x, q);
    const errors = [4, 6, 8].map((chebyshev) =>
      relativeError(
        fastSum(plummer, { ...options, basis: { chebyshev } })
          .build(x)
          .apply(q),
        truth,
      ),
    );
    expect(errors[1]).toBeLessThan(errors[0] / 5);
    expect(errors[2]).toBeLessThan(errors[1] / 5);
  });

  test("is an operator: columns, float32, complex charges, derivatives, batches, jit and solvers", () => {
    const n = 200;
    const x = points(key(14), n, 2);
    const sum = fastSum(
      { radial: (r) => Math.exp(-3 * r) },
      { dims: 2, atZero: 1, leafSize: 10, tolerance: 1e-7 },
    ).build(x);
    const q = normal(key(15), [n, 3]);
    const all = sum.apply(q);
    const first = sum.apply(q.at(":", 0));
    expect(all.at(":", 0).sub(first).abs().max().item()).toBeLessThan(1e-12);
    expect(sum.apply(q.astype("float32")).dtype).toBe("float32");
    const wave = q.at(":", 0).astype("complex128");
    expect(sum.apply(wave).real().sub(first).abs().max().item()).toBeLessThan(1e-12);
    const energy = (charge: Tensor): Tensor => charge.mul(sum.apply(charge)).sum();
    const slope = grad(energy)(q.at(":", 0)) as Tensor;
    expect(slope.sub(first.mul(2)).abs().max().item()).toBeLessThan(1e-9);
    const rows = vmap((charge: Tensor) => sum.apply(charge))(q.transpose()) as Tensor;
    expect(rows.sub(all.transpose()).abs().max().item()).toBeLessThan(1e-12);
    expect(jit(energy)(q.at(":", 0)).item()).toBeCloseTo(energy(q.at(":", 0)).item(), 9);
    const solved = cg(shiftedBy(sum, 5), q.at(":", 0), { rtol: 1e-10 });
    expect(solved.converged).toBe(true);
    expect(sum.tags.hermitian).toBe(true);
  });

  test("refuses bad input before any work", () => {
    const x = points(key(16), 10, 2);
    const build = (over: object = {}) => fastSum(plummer, { dims: 2, ...over });
    const bad: [() => unknown, new (m: string) => Error, RegExp][] = [
      [() => build({ dims: 4 }), DomainError, /dims must be 1, 2 or 3, got 4/],
      [() => build({ tolerance: 1 }), DomainError, /tolerance/],
      [() => build({ tolerance: 1e-13 }), DomainError, /tolerance/],
      [() => build({ leafSize: 0 }), DomainError, /leafSize/],
      [() => build({ maxRank: 1.5 }), DomainError, /maxRank/],
      [() => build({ basis: { chebyshev: 0 } }), DomainError, /chebyshev/],
      [() => build({ atZero: Number.POSITIVE_INFINITY }), DomainError, /atZero/],
      [() => fastSum({} as KernelSpec, { dims: 2 }), DomainError, /kernel/],
      [() => fastSum({ radial: overR as never, degree: Number.NaN }, { dims: 2 }), DomainError, /degree/],
      [() => build().build(zeros([4, 3])), ShapeError, /sources must have shape \[n, 2\]/],
      [() => build().build(x, zeros([4, 1])), ShapeError, /targets/],
      [() => build().build(zeros([0, 2])), ShapeError, /at least one point/],
      [() => build().build(x.mul(Number.NaN)), DomainError, /sources must be finite/],
      [
        () => fastSum({ radial: (r) => Math.sqrt(0.1 - r) }, { dims: 2, leafSize: 1 }).build(x),
        DomainError,
        /must be finite/,
      ],
      [() => build().build(x, x, { signal: AbortSignal.abort() }), AbortedError, /stopped/],
      [
        () =>
          build()
            .build(x)
            .apply(zeros([3])),
        ShapeError,
        /\[10\]/,
      ],
    ];
    for (const [run, kind, message] of bad) {
      expect(run).toThrow(kind);
      expect(run).toThrow(message);
    }
    const steps: number[] = [];
    const sum = fastSum(plummer, { dims: 2, leafSize: 1, tolerance: 1e-6, maxRank: 5 }).build(x, undefined, {
      onProgress: ({ fraction }) => steps.push(fraction),
    });
    expect(steps.at(-1)).toBe(1);
    expect(sum.converged).toBe(false);
  });
});
