import fc from "fast-check";
import { DTypeError, ones, ShapeError, stack, type Tensor, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import { type Key, key, split, uniform } from "polyadic/random";
import { grad, hessian, jvp, vmap } from "polyadic/transform";
import { entropicCost, pointCosts, sinkhorn, sinkhornNewtonSparse } from "polyadic/transport";
import { describe, expect, it } from "vitest";
import { selectLargest } from "../../src/transport/sparsify.ts";
import data from "../reference/transport.json" with { type: "json" };

const [a, b, costs] = [tensor(data.a), tensor(data.b), tensor(data.costs)];
const gap = (x: Tensor, y: Tensor): number => x.sub(y).abs().max().item();

const even = (n: number): Tensor => ones([n]).div(n);

/** A cost matrix with largest entry 1. */
function problem(
  seed: number,
  n: number,
  m: number,
  kind: "random" | "euclidean" | "sqeuclidean" = "random",
): Tensor {
  const [first, second] = split(key(seed)) as [Key, Key];
  const c =
    kind === "random"
      ? uniform(first, [n, m])
      : pointCosts(uniform(first, [n, 2]), uniform(second, [m, 2]), { metric: kind });
  return c.div(c.max());
}

const marginalError = (plan: Tensor, a: Tensor, b: Tensor): number =>
  plan.sum({ axis: 1 }).sub(a).abs().sum().item() + plan.sum({ axis: 0 }).sub(b).abs().sum().item();

describe("against 50 digits", () => {
  for (const expected of data.entropic)
    for (const [name, solve] of [
      ["sinkhorn", () => sinkhorn(a, b, costs, { eta: expected.eta, iterations: 20000, tolerance: 1e-12 })],
      [
        "sinkhornNewtonSparse",
        () => sinkhornNewtonSparse(a, b, costs, { eta: expected.eta, tolerance: 1e-12, warmup: 5 }),
      ],
    ] as const)
      it(`${name}, eta ${expected.eta}`, () => {
        const found = solve();
        expect(found.converged).toBe(true);
        expect(gap(found.plan(), tensor(expected.plan))).toBeLessThan(1e-10);
        expect(gap(found.potentials.x, tensor(expected.x))).toBeLessThan(1e-9);
        expect(gap(found.potentials.y, tensor(expected.y))).toBeLessThan(1e-9);
        expect(Math.abs(found.cost - expected.cost)).toBeLessThan(1e-10);
        expect(Math.abs(found.value - expected.value)).toBeLessThan(1e-11);
        expect(found.errors.length).toBe(found.sinkhornIterations + found.newtonIterations);
      });

  it("comes near the linear program as eta grows", () => {
    // The optimum of the entropic problem is within ln(n m) / eta of it.
    const found = sinkhornNewtonSparse(a, b, costs, { eta: 2000, tolerance: 1e-7 });
    expect(found.cost - data.exact).toBeGreaterThan(-1e-6);
    expect(found.cost - data.exact).toBeLessThan(Math.log(24) / 2000);
  });
});

describe("Newton", () => {
  it.each([
    ["random", 15],
    ["euclidean", 40],
    ["sqeuclidean", 30],
  ] as const)("%s costs take few steps", (kind, most) => {
    const [n, m] = [60, 45];
    const cost = problem(1, n, m, kind);
    const found = sinkhornNewtonSparse(even(n), even(m), cost, { eta: 200 });
    expect(found.converged).toBe(true);
    expect(found.newtonIterations).toBeLessThanOrEqual(most);
    expect(found.kept.every((count) => count <= Math.max(1024, 0.15 * n * m))).toBe(true);
    expect(marginalError(found.plan(), even(n), even(m))).toBeLessThan(2e-9);
    expect(found.plan().mul(cost).sum().item()).toBeCloseTo(found.cost, 12);
  });

  it("no step lowers the dual objective below that of the warm-up", () => {
    const cost = problem(2, 40, 40);
    const values = [0, 1, 2, 4, 8].map(
      (newton) => sinkhornNewtonSparse(even(40), even(40), cost, { eta: 300, newton, warmup: 10 }).value,
    );
    values.slice(1).forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(values[i]! - 1e-14);
    });
  });

  it("reports that it has not converged", () => {
    const cost = problem(3, 30, 30, "sqeuclidean");
    const few = sinkhornNewtonSparse(even(30), even(30), cost, { eta: 500, newton: 2, warmup: 3 });
    expect(few.converged).toBe(false);
    expect(few.newtonIterations).toBe(2);
    expect(sinkhorn(even(30), even(30), cost, { eta: 500, iterations: 3 }).converged).toBe(false);
  });

  it("has nothing to do when the warm-up has converged", () => {
    const cost = problem(4, 20, 10);
    const found = sinkhornNewtonSparse(even(20), even(10), cost, { eta: 1, warmup: 200 });
    expect(found.converged).toBe(true);
    expect(found.newtonIterations).toBe(0);
    expect(found.sinkhornIterations).toBeLessThan(200);
  });

  it("starts without a warm-up, at costs whose exponentials underflow", () => {
    const cost = problem(5, 25, 30, "sqeuclidean").add(10);
    const found = sinkhornNewtonSparse(even(25), even(30), cost, { eta: 100, warmup: 0, newton: 200 });
    expect(found.converged).toBe(true);
    const shifted = sinkhornNewtonSparse(even(25), even(30), cost.sub(20), { eta: 100 });
    expect(gap(found.plan(), shifted.plan())).toBeLessThan(1e-8);
  });

  it("loses little where the plan is nearly a permutation", () => {
    // All that couples the points are the small entries.
    const points = uniform(key(1), [12, 2]);
    const cost = pointCosts(points, points.add(tensor([1, 0])));
    const found = sinkhornNewtonSparse(even(12), even(12), cost, { eta: 400 });
    expect(found.converged).toBe(true);
    expect(found.newtonIterations).toBeLessThan(40);
  });

  it("keeps what a density says", () => {
    const cost = problem(6, 30, 20);
    const { kept } = sinkhornNewtonSparse(even(30), even(20), cost, { eta: 100, warmup: 3, density: 0.1 });
    expect(new Set(kept)).toEqual(new Set([60]));
  });
});

describe("odd problems", () => {
  it("one point on a side", () => {
    const cost = problem(7, 1, 5);
    for (const found of [
      sinkhorn(even(1), even(5), cost, { eta: 10 }),
      sinkhornNewtonSparse(even(1), even(5), cost, { eta: 10 }),
    ]) {
      expect(found.converged).toBe(true);
      expect(gap(found.plan(), even(5).expandDims(0))).toBeLessThan(1e-12);
    }
  });

  it("weights of zero are dropped on demand", () => {
    const [p, q] = [tensor([0.5, 0, 0.5]), tensor([0, 0.25, 0.75])];
    const cost = problem(8, 3, 3);
    const found = sinkhornNewtonSparse(p, q, cost, { eta: 20, dropZeros: true });
    expect(found.converged).toBe(true);
    const plan = found.plan();
    expect(marginalError(plan, p, q)).toBeLessThan(1e-9);
    expect(plan.at(1).abs().max().item()).toBe(0);
    expect(found.potentials.x.at(1).item()).toBe(-Infinity);
  });

  it("float32 in, float32 out", () => {
    const narrow = [even(7), even(9), problem(9, 7, 9)].map((x) => x.astype("float32")) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    const found = sinkhornNewtonSparse(...narrow, { eta: 50 });
    expect(found.converged).toBe(true);
    expect(found.plan().dtype).toBe("float32");
  });

  it("matches distances between equal points", () => {
    const x = uniform(key(10), [12, 3]);
    const d = pointCosts(x, x, { metric: "euclidean" });
    expect(d.at(3, 3).item()).toBe(0);
    expect(d.square().sub(pointCosts(x, x)).abs().max().item()).toBeLessThan(1e-15);
    const slope = grad((y: Tensor) => pointCosts(x, y, { metric: "euclidean" }).sum())(x);
    expect(slope.abs().max().item()).toBeLessThan(100);
  });

  it("reports progress and stops", () => {
    const cost = problem(11, 30, 30);
    const fractions: number[] = [];
    sinkhornNewtonSparse(even(30), even(30), cost, {
      eta: 200,
      onProgress: ({ fraction }) => fractions.push(fraction),
    });
    expect(fractions.length).toBeGreaterThan(2);
    expect(fractions).toEqual([...fractions].sort((p, q) => p - q));
    const stopped = AbortSignal.abort();
    for (const solve of [sinkhorn, sinkhornNewtonSparse])
      expect(() => solve(even(30), even(30), cost, { eta: 200, signal: stopped })).toThrow(/stopped/);
  });
});

describe("derivatives", () => {
  const options = { eta: 20, tolerance: 1e-12, warmup: 5 };
  const f = (p: Tensor, q: Tensor, c: Tensor): Tensor => entropicCost(p, q, c, options);

  it("are the potentials and the plan", () => {
    const found = sinkhornNewtonSparse(a, b, costs, options);
    const [da, db, dc] = grad(f, { argnums: [0, 1, 2] } as never)(a, b, costs) as unknown as Tensor[];
    expect(gap(da!, found.potentials.x)).toBeLessThan(1e-12);
    expect(gap(db!, found.potentials.y)).toBeLessThan(1e-12);
    expect(gap(dc!, found.plan())).toBeLessThan(1e-10);
  });

  it("agree with differences, also the second ones", () => {
    const direction = tensor([0.02, -0.01, 0.03, -0.04, 0.01, -0.01]);
    const along = (t: number): number => f(a.add(direction.mul(t)), b, costs).item();
    const slope = jvp((p: Tensor) => f(p, b, costs), [a], [direction]).tangent.item();
    expect(slope).toBeCloseTo((along(1e-4) - along(-1e-4)) / 2e-4, 7);
    const second = hessian((p: Tensor) => f(p, b, costs))(a) as Tensor;
    const curvature = direction.expandDims(0).matmul(second).matmul(direction).item();
    const h = 1e-2;
    expect(curvature).toBeCloseTo((along(h) - 2 * along(0) + along(-h)) / h ** 2, 5);
    const atCost = grad((c: Tensor) => f(a, b, c))(costs);
    const moved = uniform(key(1), [6, 4]);
    const slopeOfCost =
      (f(a, b, costs.add(moved.mul(1e-5))).item() - f(a, b, costs.sub(moved.mul(1e-5))).item()) / 2e-5;
    expect(atCost.mul(moved).sum().item()).toBeCloseTo(slopeOfCost, 8);
  });

  it("batches and compiled code give the same", () => {
    const many = stack([costs, costs.mul(0.5), costs.add(a.expandDims(1))], 0);
    const [values, slopes] = [
      vmap((c: Tensor) => f(a, b, c))(many),
      vmap((c: Tensor) => grad((z: Tensor) => f(a, b, z))(c))(many),
    ];
    const compiled = jit((p: Tensor, c: Tensor) => grad((z: Tensor) => f(p, b, z))(c));
    const direction = tensor([0.02, -0.01, 0.03, -0.04, 0.01, -0.01]);
    for (let i = 0; i < 3; i++) {
      const c = many.at(i);
      expect(values.at(i).item()).toBe(f(a, b, c).item());
      const slope = grad((z: Tensor) => f(a, b, z))(c);
      expect(gap(slopes.at(i), slope)).toBeLessThan(1e-12);
      expect(gap(compiled(a, c), slope)).toBeLessThan(1e-12);
    }
    const curved = (p: Tensor, c: Tensor): Tensor =>
      jvp((q: Tensor) => grad((z: Tensor) => f(z, b, c))(q), [p], [direction]).tangent;
    const h = 1e-3;
    const at = (t: number): Tensor => grad((z: Tensor) => f(z, b, costs))(a.add(direction.mul(t)));
    expect(
      gap(
        curved(a, costs),
        at(h)
          .sub(at(-h))
          .div(2 * h),
      ),
    ).toBeLessThan(1e-3);
    expect(gap(jit(curved)(a, costs), curved(a, costs))).toBeLessThan(1e-10);
    expect(() => jit((p: Tensor) => f(p, b, costs))(a.mul(2))).toThrow(/sum/);
  });

  it("solve once for a value and its gradient", () => {
    let solved = 0;
    const signalled = { ...options, onProgress: () => solved++ };
    entropicCost(a, b, costs, signalled);
    const once = solved;
    solved = 0;
    grad((c: Tensor) => entropicCost(a, b, c, signalled))(costs);
    expect(once).toBeGreaterThan(0);
    expect(solved).toBe(once);
  });

  it("refuse what is no problem at the door", () => {
    expect(() => entropicCost(a, b, costs.mT(), options)).toThrow(ShapeError);
    expect(() => entropicCost(a.expandDims(0), b, costs, options)).toThrow(/entropicCost: a/);
    expect(() => entropicCost(a.astype("int32"), b, costs, options)).toThrow(DTypeError);
  });
});

it("selects as sorting does", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 10, noNaN: true })), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.integer({ min: 0, max: 30 }),
      fc.integer({ min: 0, max: 30 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, least, more, share) => {
        const most = least + more;
        const total = values.reduce((sum, x) => sum + x, 0);
        const mass = share * 0.999 * total;
        const sorted = values.filter((x) => x > 0).sort((x, y) => y - x);
        let count = 0;
        let sum = 0;
        while (
          count < sorted.length &&
          !(count >= most || (count >= least && sum >= mass * (1 + 1e-12) + 1e-300))
        )
          sum += sorted[count++]!;
        const found = selectLargest(Float64Array.from(values), values.length, {
          least,
          most,
          mass: mass * (1 + 1e-12) + 1e-300,
        });
        expect(found.count).toBe(count);
        const kept = values.filter((x) => x > found.threshold).length + found.ties;
        expect(kept).toBe(count);
        expect(found.mass).toBeCloseTo(sum, 9);
      },
    ),
  );
});

describe("bad input", () => {
  const c = problem(1, 2, 2);
  const good = tensor([0.5, 0.5]);
  const cases: [string, () => unknown, RegExp][] = [
    [
      "a negative weight",
      () => sinkhorn(tensor([-0.5, 1.5]), good, c, { eta: 1 }),
      /not negative, got -0.5 at 0/,
    ],
    ["a zero weight", () => sinkhorn(tensor([0, 1]), good, c, { eta: 1 }), /dropZeros/],
    ["weights of another sum", () => sinkhorn(good, tensor([0.5, 0.6]), c, { eta: 1 }), /b must sum to 1/],
    ["NaN weights", () => sinkhorn(good, tensor([Number.NaN, 1]), c, { eta: 1 }), /b must be finite/],
    [
      "an infinite cost",
      () =>
        sinkhorn(
          good,
          good,
          tensor([
            [0, 1],
            [Infinity, 0],
          ]),
          { eta: 1 },
        ),
      /at \[1, 0\]/,
    ],
    [
      "a cost of another shape",
      () => sinkhorn(good, good, ones([2, 3]), { eta: 1 }),
      /cost must be \[2, 2\]/,
    ],
    ["weights with two axes", () => sinkhorn(ones([1, 1]), good, c, { eta: 1 }), /a must have one axis/],
    ["no points", () => sinkhorn(ones([0]), good, ones([0, 2]), { eta: 1 }), /elements/],
    ["integers", () => sinkhorn(good, good, c.astype("int32"), { eta: 1 }), /float64 or float32/],
    ["eta of 0", () => sinkhorn(good, good, c, { eta: 0 }), /eta must be a positive/],
    ["infinite eta", () => sinkhornNewtonSparse(good, good, c, { eta: Infinity }), /eta must be a positive/],
    ["a tolerance of 0", () => sinkhorn(good, good, c, { eta: 1, tolerance: 0 }), /tolerance/],
    ["half an iteration", () => sinkhorn(good, good, c, { eta: 1, iterations: 0.5 }), /iterations/],
    ["a density above 1", () => sinkhornNewtonSparse(good, good, c, { eta: 1, density: 2 }), /density/],
    [
      "cgTolerance of 1",
      () => sinkhornNewtonSparse(good, good, c, { eta: 1, cgTolerance: 1 }),
      /cgTolerance/,
    ],
    ["points of different dimension", () => pointCosts(ones([2, 3]), ones([2, 2])), /\[n, d\] and \[m, d\]/],
    ["an unknown metric", () => pointCosts(ones([2, 3]), ones([2, 3]), { metric: "l3" as never }), /metric/],
  ];
  it.each(cases)("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
