import "../ops/methods.ts";

export { logSumExp as logsumexp } from "../ops/reduce.ts";
export { erf, erfc, sigmoid as expit } from "../ops/transcendental.ts";
export {
  i0,
  i0e,
  i1,
  i1e,
  iv,
  ive,
  j0,
  j1,
  jv,
  k0,
  k0e,
  k1,
  k1e,
  kv,
  kve,
  y0,
  y1,
  yv,
} from "./bessel/bessel.ts";
export {
  type AiryFunctions,
  airy,
  sphericalIn,
  sphericalJn,
  sphericalKn,
  sphericalYn,
} from "./bessel/spherical.ts";
export { boxcox, exprel, logExpit, logit, logSoftmax, sinc, softmax } from "./elementary/elementary.ts";
export { entr, klDiv, relEntr, xlog1py, xlogy } from "./elementary/entropy.ts";
export type { Function1, Function2, Function3, Function4 } from "./elementwise.ts";
export {
  ellipam,
  ellipe,
  ellipeinc,
  ellipj,
  ellipk,
  ellipkinc,
  ellipkm1,
  ellippi,
  ellippiinc,
  elliprc,
  elliprd,
  elliprf,
  elliprj,
  type JacobiFunctions,
} from "./elliptic/elliptic.ts";
export { dawsn, erfcinv, erfcx, erfi, erfinv, logNdtr, ndtr, ndtri } from "./error/error.ts";
export {
  digamma,
  factorial,
  factorial2,
  gamma,
  gammaln,
  gammasgn,
  multigammaln,
  polygamma,
  psi,
  rgamma,
} from "./gamma/gamma.ts";
export {
  beta,
  betainc,
  betaincc,
  betaincinv,
  betaln,
  binom,
  comb,
  gammainc,
  gammaincc,
  gammainccinv,
  gammaincinv,
  poch,
} from "./gamma/incomplete.ts";
export { realSphHarm, sphHarm, sphHarmAll } from "./harmonics/sphericalHarmonics.ts";
export { hyp0f1, hyp1f1, hyp2f1 } from "./hypergeometric/hypergeometric.ts";
export { exp1, expi, expn, fresnel, shichi, sici } from "./integrals/integrals.ts";
export {
  evalChebyt,
  evalChebyu,
  evalGegenbauer,
  evalGenlaguerre,
  evalHermite,
  evalHermitenorm,
  evalJacobi,
  evalLaguerre,
  evalLegendre,
  lpmv,
  vander,
} from "./polynomials/polynomials.ts";
export {
  clenshawCurtis,
  gaussChebyshev,
  gaussHermite,
  gaussJacobi,
  gaussLaguerre,
  gaussLegendre,
  gaussLobatto,
  gaussRadau,
  type QuadratureRule,
} from "./polynomials/quadrature.ts";
export { clebschGordan, clebschGordanTensor, gaunt, wigner3j, wigner6j } from "./wigner/coupling.ts";
export { realBasisChange, realClebschGordan, realWignerD, wignerD, wignerd } from "./wigner/rotation.ts";
export { lambertw, polylog, spence, zeta, zetac } from "./zeta/zeta.ts";
