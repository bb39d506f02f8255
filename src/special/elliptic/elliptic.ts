// Elliptic integrals in the parameter m = k², Carlson's symmetric ones, and Jacobi's functions on tensors.

import { reciprocal, sqrt } from "../../ops/arithmetic.ts";
import { cos, sin } from "../../ops/transcendental.ts";
import type { Tensor, TensorLike } from "../../tensor/tensor.ts";
import {
  type Function1,
  type Function2,
  type Function3,
  type Function4,
  function1,
  function2,
  function3,
  function4,
} from "../elementwise.ts";
import { hyp2f1 } from "../hypergeometric/hypergeometric.ts";
import * as carlson from "./carlsonKernel.ts";
import * as legendre from "./legendreKernel.ts";

const EIGHTH = Math.PI / 8;

/** K(m), the complete integral of the first kind: ∞ at 1, NaN beyond. */
export const ellipk: Function1 = function1("ellipk", legendre.completeFirst, (_y, m) =>
  hyp2f1(0.5, 0.5, 2, m).mul(EIGHTH).div(m.neg().add(1)),
);
/** K(1 - p), accurate where p is tiny. */
export const ellipkm1: Function1 = function1("ellipkm1", legendre.completeFirstComplement, (_y, p) =>
  hyp2f1(0.5, 0.5, 2, p.neg().add(1)).mul(-EIGHTH).div(p),
);
/** E(m), the complete integral of the second kind: NaN for m > 1. */
export const ellipe: Function1 = function1("ellipe", legendre.completeSecond, (_y, m) =>
  hyp2f1(0.5, 1.5, 2, m).mul(-EIGHTH),
);

/** √(1 - m sin²φ) */
const delta = (phi: Tensor, m: Tensor): Tensor => sqrt(sin(phi).square().mul(m).neg().add(1));

/** ∂F/∂m (DLMF 19.4.5); NaN at m = 0 and 1. */
const firstByParameter = (phi: Tensor, m: Tensor, f: Tensor): Tensor => {
  const rest = m.neg().add(1);
  const ends = sin(phi.mul(2)).div(delta(phi, m)).div(4);
  return ellipeinc(phi, m)
    .div(m.mul(2))
    .sub(ends)
    .div(rest)
    .sub(f.div(m.mul(2)));
};

/** F(φ | m), the incomplete integral of the first kind. The derivative in m is NaN at m = 0 and 1. */
export const ellipkinc: Function2 = function2(
  "ellipkinc",
  legendre.incompleteFirst,
  (_y, phi, m) => reciprocal(delta(phi, m)),
  (y, phi, m) => firstByParameter(phi, m, y),
);
/** E(φ | m), the incomplete integral of the second kind. The derivative in m is NaN at m = 0. */
export const ellipeinc: Function2 = function2(
  "ellipeinc",
  legendre.incompleteSecond,
  (_y, phi, m) => delta(phi, m),
  (y, phi, m) => y.sub(ellipkinc(phi, m)).div(m.mul(2)),
);
/** Π(n; φ | m), the incomplete integral of the third kind. Differentiable in φ. */
export const ellippiinc: Function3 = function3(
  "ellippiinc",
  legendre.incompleteThird,
  "the characteristic n",
  (_y, n, phi, m) => reciprocal(sin(phi).square().mul(n).neg().add(1).mul(delta(phi, m))),
  "the parameter m",
);
/** Π(n | m), the complete integral of the third kind. */
export const ellippi: Function2 = (n, m) => ellippiinc(n, Math.PI / 2, m);

const SIXTH = -1 / 6;
/** R_F(x, y, z) */
export const elliprf: Function3 = function3(
  "elliprf",
  carlson.carlsonRF,
  (_r, x, y, z) => elliprd(y, z, x).mul(SIXTH),
  (_r, x, y, z) => elliprd(x, z, y).mul(SIXTH),
  (_r, x, y, z) => elliprd(x, y, z).mul(SIXTH),
);
/** ∂R_D(x, y, z)/∂x by Euler's and Poisson's equation of R_F. */
const besideZ = (r: Tensor, x: Tensor, y: Tensor, z: Tensor): Tensor =>
  elliprd(y, z, x).sub(r).div(x.sub(z)).mul(0.5);
/** R_D(x, y, z). Its derivative is NaN where two arguments are equal. */
export const elliprd: Function3 = function3(
  "elliprd",
  carlson.carlsonRD,
  (r, x, y, z) => besideZ(r, x, y, z),
  (r, x, y, z) => besideZ(r, y, x, z),
  // Homogeneous of degree -3/2.
  (r, x, y, z) =>
    r
      .mul(-1.5)
      .sub(besideZ(r, x, y, z).mul(x))
      .sub(besideZ(r, y, x, z).mul(y))
      .div(z),
);
/** R_C(x, y), for y < 0 the principal value. Its derivative is NaN where the arguments are equal. */
export const elliprc: Function2 = function2(
  "elliprc",
  carlson.carlsonRC,
  (r, x, y) => reciprocal(sqrt(x)).sub(r).div(x.sub(y).mul(2)),
  (r, x, y) => r.sub(sqrt(x).div(y)).div(x.sub(y).mul(2)),
);
/** R_J(x, y, z, p), for p < 0 the principal value. Not differentiable. */
export const elliprj: Function4 = function4(
  "elliprj",
  carlson.carlsonRJ,
  "its arguments",
  "its arguments",
  "its arguments",
  "its arguments",
);

/** am(u | m): F(am(u | m) | m) = u, for 0 <= m <= 1. The derivative in m is NaN at m = 0 and 1. */
export const ellipam: Function2 = function2(
  "ellipam",
  legendre.amplitude,
  (phi, _u, m) => delta(phi, m),
  (phi, u, m) => firstByParameter(phi, m, u).mul(delta(phi, m)).neg(),
);

export interface JacobiFunctions {
  readonly sn: Tensor;
  readonly cn: Tensor;
  readonly dn: Tensor;
  /** The amplitude. */
  readonly ph: Tensor;
}

/** Jacobi's sn, cn, dn and the amplitude at u, for 0 <= m <= 1 (NaN elsewhere). */
export function ellipj(u: TensorLike, m: TensorLike): JacobiFunctions {
  const ph = ellipam(u, m);
  const sn = sin(ph);
  const cn = cos(ph);
  // cn² + (1 - m) sn², which does not cancel.
  const dn = sqrt(cn.square().add(sn.square().sub(sn.square().mul(m))));
  return { sn, cn, dn, ph };
}
