// Functions on which minimizers are usually compared. Sources: Moré, Garbow, Hillstrom, Testing unconstrained optimization
// software (1981); Jamil and Yang, A literature survey of benchmark functions for global optimization problems (2013).

import { stack } from "../../ops/join.ts";
import { zerosLike } from "../../ops/rules.ts";
import { normal } from "../../random/distributions.ts";
import { type Key, key as keyOf } from "../../random/key.ts";
import { orthogonal } from "../../random/matrices.ts";
import { checkCount } from "../../tensor/check.ts";
import { tensor } from "../../tensor/create.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { TestFunction } from "./problem.ts";

const repeated = (n: number, ...values: readonly number[]): number[] =>
  Array.from({ length: n }, (_, i) => values[i % values.length]!);

/** Σ 100(xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)² over n ≥ 2 numbers: a curved valley. Minimum 0 at ones. */
export function rosenbrock(n = 2): TestFunction {
  checkCount("rosenbrock: n - 1", n - 1);
  return {
    name: `rosenbrock ${n}`,
    f: (x) => {
      const left = x.at(":-1");
      return x.at("1:").sub(left.square()).square().mul(100).add(left.sub(1).square()).sum();
    },
    start: repeated(n, -1.2, 1),
    minimizer: repeated(n, 1),
    minimum: 0,
  };
}

/** Beale's function of two numbers: flat with steep corners. Minimum 0 at (3, 1/2). */
export const beale = (): TestFunction => ({
  name: "beale",
  f: (x) => {
    const [a, b] = [x.at(0), x.at(1)];
    const term = (target: number, power: number): Tensor => a.mul(b.pow(power).sub(1)).add(target).square();
    return term(1.5, 1).add(term(2.25, 2)).add(term(2.625, 3));
  },
  start: [1, 1],
  minimizer: [3, 0.5],
  minimum: 0,
});

/** Himmelblau's function of two numbers, with four minima of 0, one at (3, 2). */
export const himmelblau = (): TestFunction => ({
  name: "himmelblau",
  f: (x) => {
    const [a, b] = [x.at(0), x.at(1)];
    return a.square().add(b).sub(11).square().add(a.add(b.square()).sub(7).square());
  },
  start: [1, 1],
  minimizer: [3, 2],
  minimum: 0,
});

/** Powell's singular function of four numbers: the Hessian at the minimum of 0 at the origin has rank 2. */
export const powellSingular = (): TestFunction => ({
  name: "powell singular",
  f: (x) => powellResidual(x).square().sum(),
  start: [3, -1, 0, 1],
  minimizer: [0, 0, 0, 0],
  minimum: 0,
});

/** The four residuals whose squares make `powellSingular`. */
export function powellResidual(x: Tensor): Tensor {
  const [a, b, c, d] = [x.at(0), x.at(1), x.at(2), x.at(3)];
  return stack([
    a.add(b.mul(10)),
    c.sub(d).mul(Math.sqrt(5)),
    b.sub(c.mul(2)).square(),
    a.sub(d).square().mul(Math.sqrt(10)),
  ]);
}

/** 10n + Σ xᵢ² - 10 cos 2πxᵢ: a local minimum near every point of whole numbers, the least of 0 at the origin. */
export const rastrigin = (n = 2): TestFunction => ({
  name: `rastrigin ${n}`,
  f: (x) =>
    x
      .square()
      .sub(
        x
          .mul(2 * Math.PI)
          .cos()
          .mul(10),
      )
      .sum()
      .add(10 * n),
  start: repeated(n, 3.3, -2.2),
  minimizer: repeated(n, 0),
  minimum: 0,
});

/** Ackley's function: almost flat far away, many local minima, the least of 0 at the origin, where it has no derivative. */
export const ackley = (n = 2): TestFunction => ({
  name: `ackley ${n}`,
  f: (x) => {
    const size = x.square().mean().sqrt().mul(-0.2).exp().mul(-20);
    const waves = x
      .mul(2 * Math.PI)
      .cos()
      .mean()
      .exp();
    return size.sub(waves).add(20 + Math.E);
  },
  start: repeated(n, 2.5, -1.5),
  minimizer: repeated(n, 0),
  minimum: 0,
});

/** Σ (xᵢ⁴ - 16xᵢ² + 5xᵢ)/2, two minima along every axis. */
export const styblinskiTang = (n = 2): TestFunction => ({
  name: `styblinski-tang ${n}`,
  f: (x) => x.square().square().sub(x.square().mul(16)).add(x.mul(5)).sum().div(2),
  start: repeated(n, -1),
  minimizer: repeated(n, -2.903534027771177),
  minimum: -39.16616570377142 * n,
});

/**
 * A convex quadratic ½(x - c)ᵀA(x - c) with these eigenvalues (1 … `condition` in geometric steps unless told, for n numbers), with random
 * eigenvectors when `rotated`, and a normal random c. Throws DomainError for eigenvalues that are not above 0.
 */
export function quadratic(options: {
  readonly n: number;
  readonly eigenvalues?: readonly number[];
  readonly condition?: number;
  readonly rotated?: boolean;
  readonly key?: Key;
}): TestFunction {
  const { n, condition = 100, rotated = false, key = keyOf(0) } = options;
  checkCount("quadratic: n", n);
  const eigenvalues =
    options.eigenvalues ?? Array.from({ length: n }, (_, i) => condition ** (n > 1 ? i / (n - 1) : 0));
  if (eigenvalues.length !== n || !eigenvalues.every((value) => value > 0))
    throw new DomainError(
      `quadratic: eigenvalues: ${n} positive numbers were expected, got [${eigenvalues.join(", ")}]`,
    );
  const axes = rotated ? orthogonal(key, n) : null;
  const centre = normal(key, [n]);
  const scale = tensor(eigenvalues);
  return {
    name: `quadratic ${n}`,
    f: (x) => {
      const away = x.sub(centre);
      return (axes ? axes.matmul(away) : away).square().mul(scale.astype(x.dtype)).sum().div(2);
    },
    start: [...zerosLike({ shape: [n], dtype: "float64" }).data()] as number[],
    minimizer: [...centre.data()] as number[],
    minimum: 0,
  };
}
