// Losses of equations whose operators are estimated.

import { DomainError, ShapeError, type Tensor, TreeError, tensor } from "polyadic";
import { jit } from "polyadic/compiler";
import {
  custom,
  evaluateOperator,
  exactly,
  laplacian,
  type Pde,
  residualLoss,
  residualLossAlong,
  sampleResidual,
  sineGordon,
} from "polyadic/physics";
import { foldIn, key, normal } from "polyadic/random";
import { grad, partialDerivative, valueAndGrad, vmap } from "polyadic/transform";
import { describe, expect, test } from "vitest";
import { near } from "../transform/near.ts";

const d = 5;
const points = normal(key(1), [6, d]).mul(0.4);
const w = normal(key(2), [3, d]);
const u = (p: Tensor, x: Tensor): Tensor => p.matmul(x).tanh().square().sum();
const poisson: Pde<"laplacian"> = {
  operators: { laplacian: laplacian() },
  residual: (x, value, terms) => terms.laplacian.add(value).sub(x.sum()),
};
/** ∂u/∂t = Δu over the other variables, u³ as reaction; t is the last variable and is not sampled. */
const heat: Pde<"time" | "space"> = {
  operators: {
    time: exactly(custom({ terms: [{ coefficient: 1, indices: [[d - 1, 1]] }] })),
    space: laplacian({ dims: [0, 1, 2, 3] }),
  },
  residual: (_x, value, { time, space }) => time.sub(space).add(value.pow(3)),
};

/** The mean square of residuals without sampling. */
function exactLoss<N extends string>(pde: Pde<N>, f: (x: Tensor) => Tensor): number {
  const names = Object.keys(pde.operators) as N[];
  const residual = (x: Tensor): Tensor => {
    const terms = names.map((name) => [name, evaluateOperator(f, x, pde.operators[name]).estimate]);
    return pde.residual(x, f(x), Object.fromEntries(terms) as { [K in N]: Tensor });
  };
  return vmap(residual)(points).square().mean().item();
}

describe("residual loss", () => {
  const f = (x: Tensor): Tensor => u(w, x);

  test("with all terms it is the mean square of the residual", () => {
    near(residualLoss(key(0), poisson, f, points, { samples: d }), tensor(exactLoss(poisson, f)));
    near(
      residualLoss(key(0), poisson, f, points, { samples: d, unbiased: true }),
      tensor(exactLoss(poisson, f)),
    );
    near(residualLoss(key(0), heat, f, points, { samples: 4 }), tensor(exactLoss(heat, f)));
  });

  test("time derivatives are exact, whatever the sample", () => {
    const onlyTime: Pde<"time" | "space"> = { ...heat, residual: (_x, _value, { time }) => time };
    const by = (x: Tensor): Tensor => partialDerivative(f, x, { indices: [[d - 1, 1]] });
    const expected = vmap(by)(points).square().mean();
    for (const seed of [0, 1]) near(residualLoss(key(seed), onlyTime, f, points, { samples: 1 }), expected);
    // Directions are drawn for the sampled operator alone.
    expect(Object.keys(sampleResidual(key(0), heat, points, { samples: 1 })[0]!)).toEqual(["space"]);
  });

  test("the mean of the plain loss is too large by the variance, that of the unbiased loss is right", () => {
    const draws = 1000;
    const samples = 2;
    const means = [false, true].map((unbiased) => {
      const loss = jit((sample: ReturnType<typeof sampleResidual>) =>
        residualLossAlong(sample, poisson, f, points),
      );
      const values = Array.from({ length: draws }, (_, i) =>
        loss(sampleResidual(foldIn(key(3), i), poisson, points, { samples, unbiased })).item(),
      );
      const mean = values.reduce((sum, v) => sum + v) / draws;
      const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (draws - 1);
      return { mean, error: Math.sqrt(variance / draws) };
    });
    // The variance at each point: d²/B · (1 - B/d) times the sample variance of the second derivatives.
    const second = vmap((x: Tensor) =>
      evaluateOperator(f, x, laplacian()).directional.div(d).variance({ ddof: 1 }),
    )(points);
    const bias = second.mean().item() * ((d * d) / samples) * (1 - samples / d);
    const exact = exactLoss(poisson, f);
    const [plain, unbiased] = means as [(typeof means)[0], (typeof means)[0]];
    expect(Math.abs(plain!.mean - exact - bias)).toBeLessThan(5 * plain!.error);
    expect(bias).toBeGreaterThan(10 * plain!.error);
    expect(Math.abs(unbiased!.mean - exact)).toBeLessThan(5 * unbiased!.error);
  });

  test("is differentiated by parameters, eagerly and compiled", () => {
    const of = (p: Tensor): Tensor =>
      residualLoss(key(4), heat, (x) => u(p, x), points, { samples: 2, unbiased: true });
    const slope = grad(of)(w);
    const direction = normal(key(5), w.shape);
    const step = 1e-5;
    const quotient = of(w.add(direction.mul(step)))
      .sub(of(w.sub(direction.mul(step))))
      .div(2 * step);
    near(slope.mul(direction).sum(), quotient, 1e-7);
    near(jit(grad(of))(w), slope);
    const sample = sampleResidual(key(4), heat, points, { samples: 2, unbiased: true });
    const compiled = jit(
      valueAndGrad((p: Tensor, s: typeof sample, at: Tensor) =>
        residualLossAlong(s, heat, (x) => u(p, x), at),
      ),
    );
    near(compiled(w, sample, points).grad, slope);
  });

  test("every point has directions of its own", () => {
    const [first] = sampleResidual(key(6), poisson, points, { samples: 1 });
    const rows = first!.laplacian!.curves[0]!.reshape([6, d]).toArray() as number[][];
    expect(new Set(rows.map((row) => row.join())).size).toBeGreaterThan(1);
  });

  test("bad input", () => {
    const f1 = (x: Tensor): Tensor => x.sum();
    const run =
      (pde: Pde, at = points) =>
      () =>
        residualLoss(key(0), pde, f1, at, { samples: 1 });
    expect(run(poisson as Pde, points.at(0))).toThrow(ShapeError);
    expect(run(poisson as Pde, points.at(0))).toThrow(/\[n, d\]/);
    expect(run({ ...(poisson as Pde), residual: (x) => x })).toThrow(/residual has shape \[5\]/);
    expect(run({ operators: {}, residual: (_x, value) => value })).toThrow(DomainError);
    expect(() => residualLossAlong([{}], poisson, f1, points)).toThrow(TreeError);
    expect(() => residualLossAlong([{}], poisson, f1, points)).toThrow(/"laplacian" are missing/);
    expect(() => residualLossAlong([], poisson, f1, points)).toThrow(TreeError);
    expect(() => residualLoss(key(0), poisson, f1, points, { samples: d + 1 })).toThrow(/at most 5/);
    expect(() => residualLoss(key(0), poisson, (x) => x, points, { samples: 1 })).toThrow(ShapeError);
  });
});

describe("the Sine-Gordon problem", () => {
  test.each([2, 3, 8])("d = %i: the solution solves it and vanishes on the sphere", (n) => {
    const { pde, solution, source, points: draw } = sineGordon(key(7), n);
    const at = draw(key(8), 20);
    const residual = (x: Tensor): Tensor => {
      const { value, estimate } = evaluateOperator(solution, x, laplacian());
      return estimate.add(value.sin()).sub(source(x));
    };
    near(vmap(residual)(at), tensor(new Float64Array(20)), 1e-10);
    expect(residualLoss(key(0), pde, solution, at, { samples: n }).item()).toBeLessThan(1e-20);
    const length = at.square().sum({ axis: 1, keepDims: true }).sqrt();
    expect(length.max().item()).toBeLessThan(1);
    near(vmap(solution)(at.div(length)), tensor(new Float64Array(20)), 1e-12);
  });

  test("needs two variables", () => {
    expect(() => sineGordon(key(0), 1)).toThrow(DomainError);
    expect(() => sineGordon(key(0), 2.5)).toThrow(/at least 2/);
  });
});
