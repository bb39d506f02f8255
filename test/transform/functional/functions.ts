// Functions that the tests of functional derivatives share.
import { primitives, type Tensor, tensor } from "polyadic";
import { type Fn, fn, type Grid, grad, inner, jvp } from "polyadic/transform";
import { expect } from "vitest";

/** A real function of a real number. */
export const scalar = (f: (x: Tensor) => Tensor): Fn => fn({ in: [[]], out: [] }, f);

/** A real function of two real numbers. */
export const binary = (f: (x: Tensor, y: Tensor) => Tensor): Fn => fn({ in: [[], []], out: [] }, f);

/** A function of points of the plane. */
export const planar = (f: (x: Tensor, y: Tensor) => Tensor): Fn =>
  fn({ in: [[2]], out: [] }, (p) => f(p.at(0), p.at(1)));

/** Throws unless a function has these values at points between 0 and 1. */
export function expectFunction(found: Fn, exact: (x: number) => number, tolerance = 1e-11): void {
  for (const x of [0.07, 0.31, 0.5, 0.83]) {
    const value = exact(x);
    expect(Math.abs(found.call(x).item() - value), `at ${x}: ${found.call(x)} for ${value}`).toBeLessThan(
      tolerance * Math.max(1, Math.abs(value)),
    );
  }
}

/** The same in the plane. */
export function expectPlanar(found: Fn, exact: (x: number, y: number) => number, tolerance = 1e-11): void {
  for (const [x, y] of [
    [0.2, 0.7],
    [0.9, -0.4],
    [-0.6, 0.3],
  ] as const)
    expect(found.call(tensor([x, y])).item()).toBeCloseTo(exact(x, y), -Math.log10(tolerance));
}

/** ⟨c, DA(f)[df]⟩ = ⟨DA(f)ᵀc, df⟩, where the grids belong to the results and to the arguments of A. */
export function expectAdjoint(
  operator: (f: Fn) => Fn,
  { f, df, c }: { f: Fn; df: Fn; c: Fn },
  outer: Grid | readonly Grid[],
  within: Grid | readonly Grid[],
): void {
  const { tangent } = jvp(operator, [f], [df]);
  const pulled = grad((u: Fn) => inner(c, operator(u), { grid: outer }))(f);
  const left = inner(c, tangent, { grid: outer }).item();
  const right = inner(pulled, df, { grid: within }).item();
  expect(Math.abs(left)).toBeGreaterThan(1e-6);
  expect(right).toBeCloseTo(left, 10);
}

/** How many primitives are evaluated while something runs. */
export function countEvaluations(run: () => unknown): number {
  const records = [...primitives.values()] as { evaluate: (...args: never[]) => unknown }[];
  const originals = records.map(({ evaluate }) => evaluate);
  let count = 0;
  records.forEach((record, i) => {
    const original = originals[i]!;
    record.evaluate = (...args) => {
      count++;
      return original(...args);
    };
  });
  try {
    run();
  } finally {
    records.forEach((record, i) => {
      record.evaluate = originals[i]!;
    });
  }
  return count;
}
