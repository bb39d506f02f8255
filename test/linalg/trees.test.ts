import fc from "fast-check";
import { DomainError, ShapeError, type Tensor, tensor, zeros } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  cg,
  cosine,
  type DistanceFunction,
  exponential,
  expPolynomial,
  expQuadratic,
  fitDistanceFunction,
  polynomial,
  rational,
  shiftedBy,
  type Tree,
  treeDistances,
  treeIntegrator,
} from "polyadic/linalg";
import { randomTree } from "polyadic/linalg/problems";
import { key, normal } from "polyadic/random";
import { grad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";

type Scalar = (d: number) => number;

/** f of all distances times x, and the largest difference from the operator as a share of the largest value. */
function difference(
  tree: Tree,
  f: DistanceFunction | Scalar,
  exact: Scalar,
  x: Tensor,
  threshold = 32,
): number {
  const n = tree.parent.length;
  const matrix = tensor(Array.from(treeDistances(tree).data(), (d) => exact(Number(d)))).reshape([n, n]);
  const wanted = matrix.matmul(x);
  const found = treeIntegrator(tree, f, { threshold }).integrate(x);
  return found.sub(wanted).abs().max().item() / Math.max(1e-300, wanted.abs().max().item());
}

const KINDS: Record<string, [DistanceFunction | Scalar, Scalar]> = {
  exponential: [exponential({ rate: 0.7, scale: 2 }), (d) => 2 * Math.exp(-0.7 * d)],
  polynomial: [polynomial([1, -2, 0.5, 0.25]), (d) => 1 - 2 * d + 0.5 * d * d + 0.25 * d ** 3],
  expPolynomial: [
    expPolynomial({ rate: 0.5, coefficients: [1, 2] }),
    (d) => Math.exp(-0.5 * d) * (1 + 2 * d),
  ],
  cosine: [cosine(1.3), (d) => Math.cos(1.3 * d)],
  rational: [rational({ numerator: [1, 1], denominator: [2, 0, 1] }), (d) => (1 + d) / (2 + d * d)],
  expQuadratic: [expQuadratic({ a: -0.1, b: 0.2, c: 0.3 }), (d) => Math.exp(-0.1 * d * d + 0.2 * d + 0.3)],
  "any function": [(d) => Math.sqrt(d) + Math.floor(d), (d) => Math.sqrt(d) + Math.floor(d)],
};

describe("treeIntegrator", () => {
  test.each(Object.entries(KINDS))("%s equals all pairs, on trees of every form", (name, [f, exact]) => {
    const kinds = ["recursive", "path", "star"] as const;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }),
        fc.constantFrom(...kinds),
        fc.constantFrom("uniform" as const, "unit" as const),
        fc.integer({ min: 2, max: 40 }),
        fc.nat(9999),
        (n, kind, weights, threshold, seed) => {
          // Floors of sums that round differently are no fault: lengths on a grid only.
          const lengths = name === "any function" ? "unit" : weights;
          const tree = randomTree(key(seed), n, { kind, weights: lengths, shuffle: true });
          const x = normal(key(seed + 1), [n, 2]);
          expect(difference(tree, f, exact, x, threshold)).toBeLessThan(1e-10);
        },
      ),
      { numRuns: 12 },
    );
  });

  test("takes the way that fits: ranks, transforms, skeletons, pairs", () => {
    const free = randomTree(key(0), 900);
    const grid = randomTree(key(1), 900, { kind: "path", weights: "unit" });
    const x = normal(key(2), [900, 3]);
    const steps: Scalar = (d) => Math.sin(d * d);
    const cases = [
      [free, KINDS["exponential"], "separable"],
      [grid, [steps, steps], "Hankel"],
      [free, KINDS["rational"], "skeleton"],
      [free, KINDS["expQuadratic"], "skeleton"],
      [free, [Math.sqrt, Math.sqrt], "dense"],
    ] as const;
    for (const [tree, [f, exact], way] of cases) {
      const operator = treeIntegrator(tree, f as Scalar);
      expect(operator.crosses()[way], way).toBeGreaterThan(0);
      expect(difference(tree, f as Scalar, exact, x), way).toBeLessThan(1e-10);
    }
    // Lengths that are multiples of 0.1 but for rounding.
    const tenths = { parent: grid.parent, weight: grid.weight.map((w, i) => w * 0.1 * (1 + (i % 3))) };
    expect(treeIntegrator(tenths, Math.cos).crosses().Hankel).toBeGreaterThan(0);
    expect(difference(tenths, Math.cos, Math.cos, x)).toBeLessThan(1e-10);
  });

  test("edges of length zero, single nodes and long paths", () => {
    const tree = randomTree(key(3), 120);
    const flat = { parent: tree.parent, weight: tree.weight.map((w, i) => (i % 3 === 0 ? 0 : w)) };
    const x = normal(key(4), [120]);
    for (const [f, exact] of Object.values(KINDS).slice(0, 6))
      expect(difference(flat, f, exact, x, 4)).toBeLessThan(1e-10);
    const one = treeIntegrator({ parent: [-1], weight: [Number.NaN] }, (d) => d + 3);
    expect(one.apply(tensor([2])).toArray()).toEqual([6]);
    const path = treeIntegrator(
      randomTree(key(5), 100_000, { kind: "path", weights: "unit" }),
      exponential({ rate: Math.LN2 }),
    );
    const y = path.apply(zeros([100_000]).add(1));
    expect(y.at(50_000).item()).toBeCloseTo(3, 10);
    expect(y.at(0).item()).toBeCloseTo(2, 10);
  });

  test("a polynomial of high degree keeps its digits", () => {
    const tree = randomTree(key(6), 400, { kind: "path" });
    // Chebyshev's polynomial of degree 8 over the distances of this tree.
    const top = treeDistances(tree).max().item();
    const t8 = [1, 0, -32, 0, 160, 0, -256, 0, 128];
    const shift = Array.from({ length: 9 }, (_, k) => {
      let sum = 0;
      for (let j = k; j < 9; j++) {
        let binomial = 1;
        for (let i = 0; i < k; i++) binomial = (binomial * (j - i)) / (i + 1);
        sum += t8[j] * binomial * (2 / top) ** k * (-1) ** (j - k);
      }
      return sum;
    });
    const exact: Scalar = (d) => Math.cos(8 * Math.acos(Math.min(1, Math.max(-1, (2 * d) / top - 1))));
    expect(difference(tree, polynomial(shift), exact, normal(key(7), [400]))).toBeLessThan(1e-8);
  });

  test("counts far fewer operations than all pairs", () => {
    const counts = [500, 1000, 2000, 4000].map((n) => {
      const operator = treeIntegrator(randomTree(key(8), n), exponential({ rate: 1 }));
      return operator.cost();
    });
    expect(2000 ** 2 / counts[2]).toBeGreaterThan(20);
    expect(counts[3] / counts[0]).toBeLessThan(8 * 1.5);
  });

  test("gradients by parameters are those of the dense sum", () => {
    const n = 60;
    const tree = randomTree(key(9), n);
    const d = treeDistances(tree);
    const x = normal(key(10), [n, 2]);
    const y = normal(key(11), [n, 2]);
    const cases: [string, (p: Tensor) => DistanceFunction, (p: Tensor) => Tensor, number[]][] = [
      [
        "exponential",
        (p) => exponential({ rate: p.at(0), scale: p.at(1) }),
        (p) => d.mul(p.at(0)).neg().exp().mul(p.at(1)),
        [0.5, 2],
      ],
      [
        "polynomial",
        (p) => polynomial(p),
        (p) =>
          d
            .mul(p.at(1))
            .add(p.at(0))
            .add(d.square().mul(p.at(2))),
        [1, 2, 3],
      ],
      ["cosine", (p) => cosine(p.at(0)), (p) => d.mul(p.at(0)).cos(), [0.8]],
      [
        "rational",
        (p) => rational({ numerator: p.at(":2"), denominator: p.at("2:") }),
        (p) =>
          d
            .mul(p.at(1))
            .add(p.at(0))
            .div(d.mul(p.at(3)).add(p.at(2))),
        [1, 0.5, 2, 1],
      ],
      [
        "expQuadratic",
        (p) => expQuadratic({ a: p.at(0), b: p.at(1), c: p.at(2) }),
        (p) => d.mul(p.at(0)).add(p.at(1)).mul(d).add(p.at(2)).exp(),
        [-0.2, 0.3, 0.1],
      ],
    ];
    const base = treeIntegrator(tree, () => 1, { threshold: 5 });
    for (const [name, make, dense, start] of cases) {
      const fast = (p: Tensor): Tensor => base.with(make(p)).apply(x).mul(y).sum();
      const slow = (p: Tensor): Tensor => dense(p).matmul(x).mul(y).sum();
      const p = tensor(start);
      const [a, b] = [grad(fast)(p) as Tensor, grad(slow)(p) as Tensor];
      expect(a.sub(b).abs().max().item() / b.abs().max().item(), name).toBeLessThan(1e-9);
      const second = (f: (p: Tensor) => Tensor): Tensor =>
        grad((q: Tensor) => (grad(f)(q) as Tensor).sum())(p) as Tensor;
      const [c, e] = [second(fast), second(slow)];
      expect(c.sub(e).abs().max().item(), name).toBeLessThan(1e-8 * (1 + e.abs().max().item()));
      const compiled = jit(grad(fast))(p) as Tensor;
      expect(compiled.sub(a).abs().max().item(), name).toBeLessThan(1e-9 * (1 + a.abs().max().item()));
      const many = vmap(fast)(p.expandDims(0).mul(tensor([[1], [1.1]]))) as Tensor;
      expect(many.at(1).item(), name).toBeCloseTo(fast(p.mul(1.1)).item(), 8);
    }
  });

  test("is an operator: float32, complex, channels, solvers", () => {
    const tree = randomTree(key(12), 200);
    const operator = treeIntegrator(tree, exponential({ rate: 2 }));
    const x = normal(key(13), [200, 2, 3]);
    expect(operator.integrate(x).shape).toEqual([200, 2, 3]);
    const column = x.at(":", 0, 0);
    expect(operator.apply(column.astype("float32")).dtype).toBe("float32");
    const y = operator.apply(column.astype("complex128")).real();
    expect(y.sub(operator.apply(column)).abs().max().item()).toBeLessThan(1e-14);
    expect(operator.transpose()).toBe(operator);
    expect(cg(shiftedBy(operator, 1), column).converged).toBe(true);
  });

  test("refuses bad input", () => {
    const f: Scalar = (d) => d;
    const bad: [() => unknown, new (m: string) => Error, RegExp][] = [
      [() => treeIntegrator({ parent: [], weight: [] }, f), ShapeError, /at least one/],
      [() => treeIntegrator({ parent: [-1, 0], weight: [0] }, f), ShapeError, /2 and 1/],
      [() => treeIntegrator({ parent: [-1, -1], weight: [0, 1] }, f), DomainError, /one root, got 0 and 1/],
      [() => treeIntegrator({ parent: [1, 0], weight: [1, 1] }, f), DomainError, /none/],
      [() => treeIntegrator({ parent: [-1, 2, 1], weight: [1, 1, 1] }, f), DomainError, /cycle/],
      [() => treeIntegrator({ parent: [-1, 2], weight: [1, 1] }, f), DomainError, /parent\[1\]/],
      [() => treeIntegrator({ parent: [-1, 0.5], weight: [1, 1] }, f), DomainError, /parent\[1\]/],
      [() => treeIntegrator({ parent: [-1, 0], weight: [1, -1] }, f), DomainError, /weight\[1\]/],
      [() => treeIntegrator({ parent: [-1, 0], weight: [1, Number.NaN] }, f), DomainError, /weight\[1\]/],
      [() => treeIntegrator({ parent: [-1], weight: [1] }, f, { threshold: 1 }), DomainError, /threshold/],
      [
        () => treeIntegrator({ parent: [-1], weight: [1] }, {} as DistanceFunction),
        DomainError,
        /distance function/,
      ],
      [
        () => treeIntegrator({ parent: [-1, 0], weight: [1, 2] }, (d) => 1 / (d - 2)).apply(zeros([2])),
        DomainError,
        /f\(2\) = Infinity/,
      ],
      [
        () =>
          treeIntegrator(randomTree(key(0), 99, { weights: "unit" }), (d) => 1 / (d - 7)).apply(zeros([99])),
        DomainError,
        /f\(7\) = Infinity/,
      ],
      [() => treeIntegrator({ parent: [-1], weight: [1] }, f).integrate(zeros([2])), ShapeError, /\[1, …\]/],
      [() => polynomial([]), ShapeError, /coefficients/],
      [() => rational({ numerator: [], denominator: [1] }), ShapeError, /numerator/],
      [() => expQuadratic({ a: tensor([1, 2]) }), ShapeError, /scalars/],
      [() => exponential({ rate: zeros([1, 1]) }), ShapeError, /rate/],
      [() => randomTree(key(0), 0), DomainError, /n must be/],
      [() => randomTree(key(0), 3, { kind: "bush" as never }), DomainError, /kind/],
      [() => randomTree(key(0), 3, { weights: "odd" as never }), DomainError, /weights/],
    ];
    for (const [run, kind, message] of bad) {
      expect(run).toThrow(kind);
      expect(run).toThrow(message);
    }
  });
});

describe("fitDistanceFunction", () => {
  test("finds a rational function again", () => {
    const tree = randomTree(key(14), 40);
    const d = treeDistances(tree);
    const wanted = d.mul(3).add(d.square()).div(d.mul(0.5).add(1));
    const { f, error } = fitDistanceFunction(wanted, tree, { degree: 2 });
    expect(error).toBeLessThan(1e-8);
    const x = normal(key(15), [40]);
    const found = treeIntegrator(tree, f).apply(x);
    const exact = wanted.matmul(x);
    expect(found.sub(exact).abs().max().item()).toBeLessThan(1e-6 * exact.abs().max().item());
    const line = fitDistanceFunction(d.mul(2), tree, { kind: "polynomial", degree: 1 });
    expect(line.f.parameters.at(1).item()).toBeCloseTo(2, 10);
  });
  test("refuses bad input", () => {
    const tree = randomTree(key(0), 4);
    const d = treeDistances(tree);
    expect(() => fitDistanceFunction(zeros([3, 3]), tree)).toThrow(ShapeError);
    expect(() => fitDistanceFunction(zeros([4, 4]), tree)).toThrow(/not all 0/);
    expect(() => fitDistanceFunction(d, tree, { degree: 0 })).toThrow(/degree/);
    expect(() => fitDistanceFunction(d, tree, { kind: "spline" as never })).toThrow(/kind/);
  });
});
