// Spherical Bessel functions of integer order on tensors, and Airy's functions.

import { maximum } from "../../ops/arithmetic.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import { type Function2, function1, function2, type Slope } from "../elementwise.ts";
import * as airyKernel from "./airyKernel.ts";
import * as kernel from "./sphericalKernel.ts";

const ORDER = "the order n";
/** (n fₙ₋₁ + factor (n + 1) fₙ₊₁)/(2n + 1); the function of order -1 never counts. */
const neighbours =
  (f: Function2, factor: 1 | -1): Slope =>
  (_y, n, x) => {
    const below = f(maximum(n!.sub(1), 0), x!).mul(n!);
    const above = f(n!.add(1), x!).mul(n!.add(1));
    return (factor === 1 ? below.add(above) : below.sub(above)).div(n!.mul(2).add(1));
  };

/** jₙ(x) for integers n >= 0 (NaN for other n). Not differentiable in n. O(n + |x|). */
export const sphericalJn: Function2 = function2("sphericalJn", kernel.sphericalJ, ORDER, (...all) =>
  neighbours(sphericalJn, -1)(...all),
);
/** yₙ(x) for integers n >= 0: -∞ at 0. */
export const sphericalYn: Function2 = function2("sphericalYn", kernel.sphericalY, ORDER, (...all) =>
  neighbours(sphericalYn, -1)(...all),
);
/** iₙ(x), the modified function of the first kind, for integers n >= 0. */
export const sphericalIn: Function2 = function2("sphericalIn", kernel.sphericalI, ORDER, (...all) =>
  neighbours(sphericalIn, 1)(...all),
);
/** kₙ(x), the modified function of the second kind (π/2 e^(-x)/x at n = 0): ∞ at 0, NaN for x < 0. */
export const sphericalKn: Function2 = function2("sphericalKn", kernel.sphericalK, ORDER, (...all) =>
  neighbours(sphericalKn, 1)(...all).neg(),
);

const airyAi = function1("airyAi", airyKernel.airyAi, (_y, x) => airyAiPrime(x));
const airyAiPrime = function1("airyAiPrime", airyKernel.airyAiPrime, (_y, x) => airyAi(x).mul(x));
const airyBi = function1("airyBi", airyKernel.airyBi, (_y, x) => airyBiPrime(x));
const airyBiPrime = function1("airyBiPrime", airyKernel.airyBiPrime, (_y, x) => airyBi(x).mul(x));

export interface AiryFunctions {
  readonly ai: Tensor;
  readonly aip: Tensor;
  readonly bi: Tensor;
  readonly bip: Tensor;
}
/** Ai, Ai', Bi and Bi' of real x. */
export const airy = (x: TensorLike): AiryFunctions => ({
  ai: airyAi(x),
  aip: airyAiPrime(x),
  bi: airyBi(x),
  bip: airyBiPrime(x),
});
