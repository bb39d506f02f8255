import fc from "fast-check";
import {
  AbortedError,
  arange,
  DomainError,
  DTypeError,
  logSumExp,
  type Tensor,
  tensor,
  zeros,
} from "polyadic";
import { bfgs, strongWolfe } from "polyadic/optim";
import { describe, expect, test } from "vitest";
import reference from "../reference/optim.json" with { type: "json" };

const rosenbrock = (x: Tensor): Tensor => {
  const left = x.at(":-1");
  return x.at("1:").sub(left.square()).square().mul(100).add(left.sub(1).square()).sum();
};

const problems: Record<keyof typeof reference.bfgs, (x: Tensor) => Tensor> = {
  rosenbrock2: rosenbrock,
  rosenbrock5: rosenbrock,
  beale: (x) => {
    const a = x.at(0);
    const b = x.at(1);
    const term = (target: number, power: number): Tensor => a.mul(b.pow(power).sub(1)).add(target).square();
    return term(1.5, 1).add(term(2.25, 2)).add(term(2.625, 3));
  },
  ellipsoid: (x) => tensor([1, 10, 100, 1000, 10000]).mul(x.sub(1).square()).sum().div(2),
  logSumExp: (x) => logSumExp(x).add(x.sub(arange(6)).square().sum().mul(0.05)),
};

describe("bfgs", () => {
  test.each(Object.entries(reference.bfgs))("%s: as SciPy", (name, known) => {
    const f = problems[name as keyof typeof problems];
    const found = bfgs(f, tensor(known.x0), { gtol: 1e-8 });
    expect(found.converged).toBe(true);
    expect(found.gradient.abs().max().item()).toBeLessThanOrEqual(1e-8);
    expect(found.value).toBeCloseTo(known.value, 12);
    known.x.forEach((xi, i) => {
      expect(found.x.item(i)).toBeCloseTo(xi, 6);
    });
    // SciPy does not scale the first matrix: better where curvatures spread over orders of magnitude, worse elsewhere.
    const factor = name === "ellipsoid" ? 5 : 1.2;
    expect(found.iterations).toBeLessThanOrEqual(factor * known.iterations + 10);
    expect(found.evaluations).toBeLessThanOrEqual(factor * known.evaluations + 10);
  });

  test("trees of parameters, of any float dtype", () => {
    const start = { a: zeros([2], "float32"), b: [tensor(3)] };
    const { x, gradient, converged } = bfgs(
      ({ a, b }) => a.sub(2).square().sum().astype("float64").add(b[0]!.sub(1).square()),
      start,
    );
    expect(converged).toBe(true);
    expect(x.a.dtype).toBe("float32");
    expect(x.a.toArray()).toEqual([2, 2]);
    expect(x.b[0]!.item()).toBeCloseTo(1, 6);
    expect(gradient.b[0]!.item()).toBeCloseTo(0, 5);
  });

  test("ends on convex quadratics within a few more steps than unknowns", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.1, max: 10, noNaN: true }), { minLength: 1, maxLength: 6 }),
        (d) => {
          const f = (x: Tensor): Tensor => x.sub(1).square().mul(tensor(d)).sum();
          const { x, converged, iterations } = bfgs(f, zeros([d.length]), { gtol: 1e-9 });
          expect(converged).toBe(true);
          expect(x.sub(1).abs().max().item()).toBeLessThan(1e-7);
          expect(iterations).toBeLessThan(10 * d.length + 15);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("starts at the minimum, stops early, reports progress, can be stopped", () => {
    expect(bfgs((x: Tensor) => x.square().sum(), zeros([3]))).toMatchObject({
      iterations: 0,
      evaluations: 1,
      converged: true,
    });
    const values: number[] = [];
    const short = bfgs(rosenbrock, tensor([-1.2, 1]), {
      maxIterations: 5,
      onProgress: ({ value }) => values.push(value),
    });
    expect(short).toMatchObject({ iterations: 5, converged: false });
    expect(values).toHaveLength(5);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(values.at(-1)).toBe(short.value);
    const signal = AbortSignal.abort();
    expect(() => bfgs(rosenbrock, tensor([-1.2, 1]), { signal })).toThrow(AbortedError);
  });

  test("without a minimum it gives up and says so", () => {
    expect(bfgs((x: Tensor) => x.sum(), zeros([2]))).toMatchObject({ converged: false });
    // The logarithm is undefined beyond its pole: steps too far are taken back.
    const barrier = bfgs((x: Tensor) => x.sub(x.log()), tensor(0.01));
    expect(barrier.converged).toBe(true);
    expect(barrier.x.item()).toBeCloseTo(1, 5);
  });

  test("bad input", () => {
    const f = (x: Tensor): Tensor => x.square().sum();
    expect(() => bfgs(f, tensor([1, 2], { dtype: "int32" }))).toThrow(DTypeError);
    expect(() => bfgs(f, zeros([0]))).toThrow(/no numbers/);
    expect(() => bfgs(f, zeros([2]), { gtol: -1 })).toThrow(/gtol/);
    expect(() => bfgs(f, zeros([2]), { maxIterations: 1.5 })).toThrow(/maxIterations/);
    expect(() => bfgs((x: Tensor) => x.log().sum(), zeros([2]))).toThrow(DomainError);
  });
});

describe("strongWolfe", () => {
  const along = (f: (t: number) => number, slope: (t: number) => number) => (step: number) => ({
    step,
    value: f(step),
    slope: slope(step),
    state: null,
  });

  test("finds steps that satisfy both conditions", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 100, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        (bottom, first) => {
          const line = along(
            (t) => (t / bottom - 1) ** 4,
            (t) => (4 * (t / bottom - 1) ** 3) / bottom,
          );
          const start = line(0);
          const found = strongWolfe(line, start, first, { curvature: 0.1 });
          expect(found).not.toBeNull();
          expect(found!.value).toBeLessThanOrEqual(start.value + 1e-4 * found!.step * start.slope);
          expect(Math.abs(found!.slope)).toBeLessThanOrEqual(-0.1 * start.slope);
        },
      ),
    );
  });

  test("gives null when the function falls without end", () => {
    const line = along(
      (t) => -t,
      () => -1,
    );
    expect(strongWolfe(line, line(0), 1)).toBeNull();
  });
});
