// Estimates of differential operators: unbiased, with the variances of the formulas, exact where they must be.

import { DomainError, DTypeError, diagonal, ShapeError, type Tensor, TracerError, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  biharmonic,
  custom,
  estimate,
  estimateAlong,
  evaluateOperator,
  exactly,
  laplacian,
  type Operator,
  type SampleOptions,
  sampleDirections,
  weightedTrace,
} from "polyadic/physics";
import { key, normal } from "polyadic/random";
import { customVjp, grad, hessian, partialDerivative, valueAndGrad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

/** Mean and variance of many independent estimates, and the standard error of the mean. */
function statistics(
  f: (x: Tensor) => Tensor,
  x: Tensor,
  op: Operator,
  options: SampleOptions,
  seed: number,
  draws = 3000,
): { mean: number; variance: number; error: number } {
  const directions = sampleDirections(key(seed), op, x.broadcastTo([draws, x.size]), options);
  const estimates = vmap((one: typeof directions) => estimateAlong(one, f, x, op).estimate)(directions);
  const variance = estimates.variance({ ddof: 1 }).item();
  return { mean: estimates.mean().item(), variance, error: Math.sqrt(variance / draws) };
}

const expectUnbiased = ({ mean, error }: ReturnType<typeof statistics>, exact: number): void => {
  expect(Math.abs(mean - exact)).toBeLessThan(5 * error);
  expect(error).toBeGreaterThan(0);
};

const d = 7;
const raw = normal(key(1), [d, d]);
const H = raw.add(raw.mT());
const quadratic = (x: Tensor): Tensor => x.mul(H.matmul(x)).sum().mul(0.5);
const smooth = (x: Tensor): Tensor =>
  x
    .at({ stop: -1 })
    .mul(x.at({ start: 1 }).sin())
    .sum()
    .exp()
    .add(x.pow(4).sum());
const x = normal(key(2), [d]).mul(0.3);
const trace = diagonal(H).sum().item();

describe("Laplacian of a quadratic function", () => {
  const onDiagonal = diagonal(H).square().sum().item();
  const frobenius = H.square().sum().item();
  const spread = diagonal(H).variance({ ddof: 1 }).item();
  const all = diagonal(H).variance().item();
  const kinds: readonly (readonly [SampleOptions, number])[] = [
    [{ samples: 1, mode: "dense" }, 2 * (frobenius - onDiagonal)],
    [{ samples: 3, mode: "dense", distribution: "rademacher" }, (2 * (frobenius - onDiagonal)) / 3],
    [{ samples: 1, mode: "dense", distribution: "normal" }, 2 * frobenius],
    [{ samples: 1 }, d * d * spread * (1 - 1 / d)],
    [{ samples: 3 }, ((d * d) / 3) * spread * (1 - 3 / d)],
    [{ samples: 3, replacement: true }, ((d * d) / 3) * all],
    [{ samples: 2 * d, replacement: true }, (d / 2) * all],
  ];
  test.each(kinds)("%j", (options, variance) => {
    const measured = statistics(quadratic, x, laplacian(), options, 11, 20_000);
    expectUnbiased(measured, trace);
    // The variance of 20,000 draws scatters by 1 to 3 %.
    expect(measured.variance / variance).toBeGreaterThan(0.9);
    expect(measured.variance / variance).toBeLessThan(1.1);
  });

  test("all dimensions without replacement are exact", () => {
    for (let seed = 0; seed < 5; seed++)
      near(estimate(key(seed), quadratic, x, laplacian(), { samples: d }).estimate, tensor(trace));
    near(evaluateOperator(quadratic, x, laplacian()).estimate, tensor(trace));
  });

  test("value, estimate and directional belong together", () => {
    const found = estimate(key(3), smooth, x, laplacian(), { samples: 4 });
    near(found.value, smooth(x));
    expect(found.directional.shape).toEqual([4]);
    near(found.estimate, found.directional.mean());
    // d times different elements of the diagonal of the Hessian.
    const possible = diagonal(hessian(smooth)(x)).mul(d).toArray() as number[];
    for (const one of found.directional.toArray() as number[])
      expect(Math.min(...possible.map((p) => Math.abs(p - one)))).toBeLessThan(1e-10);
  });

  test("one dimension", () => {
    const one = tensor([0.5]);
    const f = (y: Tensor): Tensor => y.sin().sum();
    for (const mode of ["sparse", "dense"] as const)
      near(estimate(key(0), f, one, laplacian(), { samples: 1, mode }).estimate, tensor(-Math.sin(0.5)));
  });

  test("some dimensions only", () => {
    const dims = [5, 0, 3];
    const exact = dims.reduce((sum, i) => sum + H.item(i, i), 0);
    const op = laplacian({ dims });
    near(estimate(key(0), quadratic, x, op, { samples: 3 }).estimate, tensor(exact));
    for (const options of [{ samples: 2 }, { samples: 2, mode: "dense" }] as const)
      expectUnbiased(statistics(quadratic, x, op, options, 5), exact);
  });

  test("the same key gives the same estimate, another key another", () => {
    const at = (seed: number): number =>
      estimate(key(seed), smooth, x, laplacian(), { samples: 2 }).estimate.item();
    expect(at(1)).toBe(at(1));
    expect(at(1)).not.toBe(at(2));
  });

  test("float32", () => {
    const small = x.astype("float32");
    const f = (y: Tensor): Tensor => y.square().sum();
    const found = estimate(key(0), f, small, laplacian(), { samples: 2 });
    expect(found.estimate.dtype).toBe("float32");
    near(found.estimate, tensor(2 * d, { dtype: "float32" }), 1e-6);
  });
});

describe("weighted trace", () => {
  const sigma = normal(key(4), [d, 3]);
  const exact = sigma.matmul(sigma.mT()).mul(H).sum().item() / 2;

  test("is half the trace of σσᵀ times the Hessian", () => {
    near(evaluateOperator(quadratic, x, weightedTrace(sigma)).estimate, tensor(exact));
    near(estimate(key(0), quadratic, x, weightedTrace(sigma), { samples: 3 }).estimate, tensor(exact));
  });

  test.each([
    { samples: 2 },
    { samples: 2, mode: "dense" },
    { samples: 1, mode: "dense", distribution: "normal" },
  ] as const)("unbiased with %j", (options) => {
    expectUnbiased(statistics(quadratic, x, weightedTrace(sigma), options, 6), exact);
  });

  test("can be differentiated by σ", () => {
    const by = grad((s: Tensor) => evaluateOperator(quadratic, x, weightedTrace(s)).estimate)(sigma);
    near(by, H.matmul(sigma));
  });
});

describe("biharmonic", () => {
  const quartic = (y: Tensor): Tensor => {
    const s = H.matmul(y);
    return s
      .square()
      .sum()
      .square()
      .mul(0.01)
      .add(y.at(0).mul(y.at(1)).square());
  };
  const exact = (f: (y: Tensor) => Tensor, at: Tensor): number => {
    let sum = 0;
    for (let i = 0; i < at.size; i++)
      for (let j = 0; j < at.size; j++)
        sum += partialDerivative(f, at, {
          indices: [
            [i, 2],
            [j, 2],
          ],
        }).item();
    return sum;
  };

  test("all terms together are exact", () => {
    near(evaluateOperator(quartic, x, biharmonic()).estimate, tensor(exact(quartic, x)));
    near(evaluateOperator(smooth, x, biharmonic()).estimate, tensor(exact(smooth, x)), 1e-9);
    const sub = biharmonic({ dims: [0, 1] });
    const only = partialDerivative(quartic, x, { indices: [[0, 4]] })
      .add(partialDerivative(quartic, x, { indices: [[1, 4]] }))
      .add(
        partialDerivative(quartic, x, {
          indices: [
            [0, 2],
            [1, 2],
          ],
        }).mul(2),
      );
    near(evaluateOperator(quartic, x, sub).estimate, only);
  });

  test.each([
    { samples: 2, mode: "dense" },
    { samples: 3, mode: "dense", distribution: "normal" },
    { samples: 8 },
  ] as const)("unbiased with %j", (options) => {
    const op = biharmonic({ dims: [0, 1, 2, 5] });
    const target = evaluateOperator(quartic, x, op).estimate.item();
    expectUnbiased(statistics(quartic, x, op, options, 8), target);
  });

  test("signs as entries are refused: their fourth moments are wrong", () => {
    const run = () =>
      estimate(key(0), quartic, x, biharmonic(), { samples: 1, mode: "dense", distribution: "rademacher" });
    expect(run).toThrow(DomainError);
    expect(run).toThrow(/normal was expected, got rademacher/);
  });
});

describe("custom operators", () => {
  const op = custom({
    terms: [
      { coefficient: 2, indices: [[0, 1]] },
      {
        coefficient: -3,
        indices: [
          [1, 2],
          [2, 1],
        ],
      },
      {
        coefficient: 0.5,
        indices: [
          [3, 1],
          [4, 1],
        ],
      },
      { coefficient: 1, indices: [[6, 3]] },
    ],
  });
  const partial = (...indices: [number, number][]): number =>
    partialDerivative(smooth, x, { indices }).item();
  const exact =
    2 * partial([0, 1]) - 3 * partial([1, 2], [2, 1]) + 0.5 * partial([3, 1], [4, 1]) + partial([6, 3]);

  test("terms of different kinds in one pass", () => {
    expect(op.readouts).toEqual([1, 3, 5, 7]);
    near(evaluateOperator(smooth, x, op).estimate, tensor(exact), 1e-9);
    near(estimate(key(0), smooth, x, op, { samples: 4 }).estimate, tensor(exact), 1e-9);
  });

  test("unbiased", () => {
    expectUnbiased(statistics(smooth, x, op, { samples: 2 }, 3), exact);
    expectUnbiased(statistics(smooth, x, op, { samples: 5, replacement: true }, 4), exact);
  });
});

describe("transforms", () => {
  const model = (w: Tensor, y: Tensor): Tensor => w.matmul(y).tanh().square().sum();
  const w = normal(key(9), [4, d]);

  test("an estimate is differentiated by what the function closes over, and by x", () => {
    const of = (p: Tensor, y: Tensor): Tensor =>
      estimate(key(1), (z) => model(p, z), y, laplacian(), { samples: 3 }).estimate;
    const [byW, byX] = grad(of, { argnums: [0, 1] })(w, x);
    const step = 1e-5;
    const direction = normal(key(5), w.shape);
    const slope = (f: (t: number) => Tensor): Tensor =>
      f(step)
        .sub(f(-step))
        .div(2 * step);
    near(
      byW.mul(direction).sum(),
      slope((t) => of(w.add(direction.mul(t)), x)),
      1e-7,
    );
    const along = normal(key(6), x.shape);
    near(
      byX.mul(along).sum(),
      slope((t) => of(w, x.add(along.mul(t)))),
      1e-7,
    );
  });

  test("over many points, each with directions of its own, inside jit", () => {
    const points = normal(key(7), [5, d]);
    const op = laplacian();
    const directions = sampleDirections(key(8), op, points, { samples: 2 });
    expect(directions.curves[0]!.shape).toEqual([5, 2, d]);
    const loss = (p: Tensor, ds: typeof directions): Tensor =>
      vmap((y: Tensor, one: typeof directions) => estimateAlong(one, (z) => model(p, z), y, op).estimate)(
        points,
        ds,
      )
        .square()
        .mean();
    const compiled = jit(valueAndGrad(loss));
    const eager = valueAndGrad(loss)(w, directions);
    const found = compiled(w, directions);
    near(found.value, eager.value);
    near(found.grad, eager.grad);
    // New directions go through the same graph.
    const others = sampleDirections(key(18), op, points, { samples: 2 });
    near(compiled(w, others).value, loss(w, others));
    expect(compiled(w, others).value.item()).not.toBe(found.value.item());
  });

  test("a key inside of jit is a constant if it comes from outside, and refused as an argument", () => {
    const inside = jit((y: Tensor) => estimate(key(1), smooth, y, laplacian(), { samples: 2 }).estimate);
    near(inside(x), estimate(key(1), smooth, x, laplacian(), { samples: 2 }).estimate);
    const traced = jit((k: Tensor) => estimate(k, smooth, x, laplacian(), { samples: 2 }).estimate);
    expect(() => traced(key(1))).toThrow(TracerError);
    expect(() => traced(key(1))).toThrow(/draw the directions outside/);
  });
});

describe("bad input", () => {
  const on = (op: Operator, options: SampleOptions) => () => estimate(key(0), smooth, x, op, options);

  test("samples", () => {
    expect(on(laplacian(), { samples: d + 1 })).toThrow(DomainError);
    expect(on(laplacian(), { samples: d + 1 })).toThrow(/at most 7.*got 8/);
    expect(on(laplacian(), { samples: d + 1, mode: "dense" })).not.toThrow();
    for (const samples of [0, -1, 1.5, Number.NaN]) {
      expect(on(laplacian(), { samples })).toThrow(DomainError);
      expect(on(laplacian(), { samples, mode: "dense" })).toThrow(/positive integer/);
    }
  });

  test("options that do not belong together", () => {
    expect(on(laplacian(), { samples: 1, distribution: "normal" })).toThrow(/mode "dense"/);
    expect(on(laplacian(), { samples: 1, mode: "dense", replacement: true })).toThrow(/mode "sparse"/);
    expect(on(laplacian(), { samples: 1, mode: "thin" as "dense" })).toThrow(/"sparse" or "dense".*got thin/);
    const op = custom({ terms: [{ coefficient: 1, indices: [[0, 1]] }] });
    expect(on(op, { samples: 1, mode: "dense" })).toThrow(/mode "dense" does not exist/);
  });

  test("operators", () => {
    expect(() => laplacian({ dims: [] })).toThrow(DomainError);
    expect(() => laplacian({ dims: [] })).toThrow(/dims: at least one dimension/);
    expect(() => biharmonic({ dims: [1, 1] })).toThrow(/different dimensions/);
    expect(on(laplacian({ dims: [d] }), { samples: 1 })).toThrow(ShapeError);
    expect(on(laplacian({ dims: [0.5] }), { samples: 1 })).toThrow(/got 0.5/);
    const wide = normal(key(0), [50_000]);
    expect(() => sampleDirections(key(0), biharmonic(), wide, { samples: 1 })).toThrow(/46340.*"dense"/);
    expect(() => weightedTrace(x)).toThrow(/a matrix \[d, m\]/);
    expect(on(weightedTrace(normal(key(0), [3, 3])), { samples: 1 })).toThrow(/3 rows, but x has 7/);
    expect(() => custom({ terms: [] })).toThrow(/at least one term/);
    expect(() => custom({ terms: [{ coefficient: 1, indices: [] }] })).toThrow(/the order is 0/);
    expect(() => custom({ terms: [{ coefficient: 1, indices: [[-1, 1]] }] })).toThrow(
      /terms\[0\]\.indices: a dimension 0, 1, 2 … was expected, got -1/,
    );
    expect(() => custom({ terms: [{ coefficient: Number.NaN, indices: [[0, 1]] }] })).toThrow(DomainError);
    const far = custom({ terms: [{ coefficient: 1, indices: [[9, 1]] }] });
    expect(on(far, { samples: 1 })).toThrow(/x\[9\].*x has 7/);
  });

  test("functions and points", () => {
    const run = (f: (y: Tensor) => Tensor, at: Tensor) => () =>
      estimate(key(0), f, at, laplacian(), { samples: 1 });
    expect(run((y) => y.sin(), x)).toThrow(ShapeError);
    expect(run((y) => y.sin(), x)).toThrow(/shape \[7\] where a scalar/);
    expect(run((y) => y.sum().astype("complex128"), x)).toThrow(DTypeError);
    expect(run((y) => y.sum().astype("complex128"), x)).toThrow(/complex128, but the operator is real/);
    expect(run((y) => y.sum(), x.reshape([1, d]))).toThrow(ShapeError);
    expect(run((y) => y.sum(), tensor([], { shape: [0] }))).toThrow(/d > 0/);
    expect(run((y) => y.sum(), x.astype("int32"))).toThrow(DTypeError);
    expect(() => estimate(3 as never, smooth, x, laplacian(), { samples: 1 })).toThrow(/random key/);
  });

  test("a function that has no Taylor series is named", () => {
    const reverseOnly = customVjp((y: Tensor) => y.sum(), {
      forward: (y) => [y.sum(), y],
      backward: (y, cotangent) => [y.mul(0).add(cotangent)],
    });
    expect(() => estimate(key(0), reverseOnly, x, laplacian(), { samples: 1 })).toThrow(/customVjp/);
  });

  test("directions of another operator or another shape", () => {
    const three = custom({
      terms: [
        {
          coefficient: 1,
          indices: [
            [0, 1],
            [1, 1],
          ],
        },
      ],
    });
    const drawn = sampleDirections(key(0), laplacian(), x, { samples: 2 });
    expect(() => estimateAlong(drawn, smooth, x, three)).toThrow(/2 curves \[B, 7\]/);
    const many = sampleDirections(key(0), laplacian(), x.broadcastTo([3, d]), { samples: 2 });
    expect(() => estimateAlong(many, smooth, x, laplacian())).toThrow(/vmap over those of several points/);
    for (const bad of [tensor(1), tensor([], { shape: [0, 3] }), tensor([], { shape: [3, 0] })])
      expect(() => sampleDirections(key(0), laplacian(), bad, { samples: 1 })).toThrow(ShapeError);
  });

  test("operators marked exactly are never sampled", () => {
    const op = exactly(laplacian());
    near(estimate(key(0), quadratic, x, op, { samples: 1 }).estimate, tensor(trace));
    const many = sampleDirections(key(0), op, x.broadcastTo([3, d]), { samples: 1 });
    expect(many.curves[0]!.shape).toEqual([3, d, d]);
  });
});
