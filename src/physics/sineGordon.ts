// A test problem in any number of dimensions with a known solution that couples neighbouring variables.

import { normal, uniform } from "../random/distributions.ts";
import { foldIn, type Key, split } from "../random/key.ts";
import type { DType } from "../tensor/dtype.ts";
import { DomainError } from "../tensor/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { laplacian } from "./operators.ts";
import type { Pde } from "./residual.ts";

/** Δu + sin u = g in the unit ball, u = 0 on the sphere. */
export interface SineGordon {
  readonly pde: Pde<"laplacian">;
  /** The solution at x `[d]`. */
  readonly solution: (x: Tensor) => Tensor;
  /** g at x `[d]`, from a formula: O(d). */
  readonly source: (x: Tensor) => Tensor;
  /** Points `[n, d]` in random directions from the centre, with radii uniform between 0 and 1. */
  readonly points: (key: Key, n: number) => Tensor;
}

/**
 * The two-body Sine-Gordon problem in d variables: solution (1 - |x|²) Σ cᵢ sin(xᵢ + cos xᵢ₊₁ + xᵢ₊₁ cos xᵢ) with
 * standard normal c. Throws DomainError for d < 2.
 *
 * Source: Shi, Hu, Lin and Kawaguchi, Stochastic Taylor derivative estimator (2024).
 */
export function sineGordon(key: Key, d: number, options: { readonly dtype?: DType } = {}): SineGordon {
  const { dtype = "float64" } = options;
  if (!(Number.isInteger(d) && d >= 2))
    throw new DomainError(`sineGordon: d: an integer of at least 2 was expected, got ${d}`);
  const c = normal(foldIn(key, 0), [d - 1], { dtype });
  const parts = (x: Tensor) => {
    const a = x.at({ stop: d - 1 });
    const b = x.at({ start: 1 });
    return { a, b, phase: a.add(b.cos()).add(b.mul(a.cos())) };
  };
  const solution = (x: Tensor): Tensor => {
    const { phase } = parts(x);
    return c.mul(phase.sin()).sum().mul(x.square().sum().neg().add(1));
  };
  const source = (x: Tensor): Tensor => {
    const { a, b, phase } = parts(x);
    const byA = b.mul(a.sin()).neg().add(1);
    const byB = a.cos().sub(b.sin());
    const curvature = b.mul(a.cos()).add(b.cos()).neg();
    const s = c.mul(phase.sin());
    const slope = c.mul(phase.cos());
    const radial = slope.mul(a.mul(byA).add(b.mul(byB))).sum();
    const bent = slope
      .mul(curvature)
      .sub(s.mul(byA.square().add(byB.square())))
      .sum();
    // Δ((1 - |x|²) s) = -2d s - 4 x·∇s + (1 - |x|²) Δs.
    const rest = x.square().sum().neg().add(1);
    const curved = rest
      .mul(bent)
      .sub(radial.mul(4))
      .sub(s.sum().mul(2 * d));
    return curved.add(rest.mul(s.sum()).sin());
  };
  return {
    pde: {
      operators: { laplacian: laplacian() },
      residual: (x, u, terms) => terms.laplacian.add(u.sin()).sub(source(x)),
    },
    solution,
    source,
    points: (from, n) => {
      const [forDirections, forRadii] = split(from) as [Key, Key];
      const z = normal(forDirections, [n, d], { dtype });
      const length = z.square().sum({ axis: 1, keepDims: true }).sqrt();
      return z.div(length).mul(uniform(forRadii, [n, 1], { dtype }));
    },
  };
}
