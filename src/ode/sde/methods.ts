// One step of schemes for stochastic differential equations, on vectors.

import type { Tensor } from "../../tensor/tensor.ts";
import { jvp } from "../../transform/directional.ts";

/** dy = drift dt + diffusion dW on vectors; `spread` applies the diffusion at a state to increments. */
export interface VectorSde {
  readonly drift: (t: Tensor, y: Tensor) => Tensor;
  /** A vector `[n]`, or a matrix `[n, m]` for general noise. */
  readonly diffusion: (t: Tensor, y: Tensor) => Tensor;
  readonly spread: (g: Tensor, dW: Tensor) => Tensor;
}

/** A scheme for stochastic differential equations. */
export interface SdeMethod {
  readonly name: string;
  /** The meaning of the equation whose solution it approximates. */
  readonly interpretation: "ito" | "stratonovich";
  /** Only for noise that is not general. */
  readonly needsCommutativeNoise: boolean;
  readonly step: (sde: VectorSde, t: Tensor, h: Tensor, y: Tensor, dW: Tensor) => Tensor;
}

/** The Euler-Maruyama scheme for Itô equations: strong order 1/2 (1 for additive noise), weak order 1. */
export const eulerMaruyama = (): SdeMethod => ({
  name: "eulerMaruyama",
  interpretation: "ito",
  needsCommutativeNoise: false,
  step: ({ drift, diffusion, spread }, t, h, y, dW) =>
    y.add(drift(t, y).mul(h)).add(spread(diffusion(t, y), dW)),
});

/**
 * Milstein's scheme for Itô equations: strong and weak order 1, for diagonal (element i of the diffusion depends on element
 * i of the state alone), scalar and additive noise. The derivative of the diffusion along itself is taken by forward mode.
 *
 * Source: Kloeden and Platen, Numerical Solution of Stochastic Differential Equations (1992), section 10.3.
 */
export const milstein = (): SdeMethod => ({
  name: "milstein",
  interpretation: "ito",
  needsCommutativeNoise: true,
  step: ({ drift, diffusion }, t, h, y, dW) => {
    const g = diffusion(t, y);
    const along = g.mul(dW.square().sub(h)).mul(0.5);
    const correction = jvp((x: Tensor) => diffusion(t, x), [y], [along]).tangent;
    return y.add(drift(t, y).mul(h)).add(g.mul(dW)).add(correction);
  },
});

/**
 * The stochastic Heun scheme for Stratonovich equations: strong order 1 for diagonal, scalar and additive noise (1/2 for
 * general noise), weak order 1; of order 2 without noise. Source: Rüemelin (1982).
 */
export const stochasticHeun = (): SdeMethod => ({
  name: "stochasticHeun",
  interpretation: "stratonovich",
  needsCommutativeNoise: false,
  step: ({ drift, diffusion, spread }, t, h, y, dW) => {
    const end = t.add(h);
    const f = drift(t, y);
    const g = diffusion(t, y);
    const guess = y.add(f.mul(h)).add(spread(g, dW));
    const slope = f.add(drift(end, guess)).mul(h.mul(0.5));
    return y.add(slope).add(spread(g.add(diffusion(end, guess)), dW).mul(0.5));
  },
});
