// LSQR and LSMR: least squares and rectangular systems by the bidiagonalization of Golub and Kahan.
// Sources: Paige and Saunders, "LSQR", ACM TOMS 8 (1982); Fong and Saunders, "LSMR", SIAM J. Sci. Comput. 33 (2011).

import { DomainError } from "../../tensor/errors.ts";
import { checkAborted, type IterationOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { asOperator, type Linear } from "../operator/asOperator.ts";
import { meetDTypes } from "../operator/operator.ts";
import { checkTolerances, subtract } from "./problem.ts";
import { addScaled, CountedOperator, checkVector, scaleAndAdd } from "./space.ts";

export interface LeastSquaresOptions extends IterationOptions {
  /** For systems with a solution: stop when ‖r‖ is at most this share of ‖b‖; 1e-8 unless told. */
  readonly rtol?: number;
  /** For the others: stop when ‖aᴴ r‖ is at most this share of ‖a‖ ‖r‖; as `rtol` unless told. */
  readonly normalTolerance?: number;
  /** Minimizes ‖a x − b‖² + damping² ‖x‖². */
  readonly damping?: number;
  /** 4 max(m, n) unless told. */
  readonly maxIterations?: number;
}

export interface LeastSquaresSolution {
  /** `[n]`: of all minimizers the one of least norm. */
  readonly x: Tensor;
  readonly iterations: number;
  /** Products with a and with its adjoint. */
  readonly products: number;
  /** ‖b − a x‖, computed anew at the end. */
  readonly residual: number;
  /** ‖aᴴ (b − a x) − damping² x‖, computed anew. */
  readonly normalResidual: number;
  /** Estimates of the residual after each step. */
  readonly residuals: readonly number[];
  readonly converged: boolean;
}

/** The bidiagonalization: A V = U B, one column a step. */
class Bidiagonalization {
  readonly a: CountedOperator;
  readonly u: Float64Array;
  v: Float64Array;
  alpha: number;
  beta: number;
  /** ‖A‖ in the Frobenius norm, from below. */
  normSquares = 0;

  constructor(a: CountedOperator, b: Float64Array) {
    this.a = a;
    this.u = b.slice();
    this.beta = a.to.normalize(this.u);
    this.v = a.applyAdjoint(this.u);
    this.alpha = a.from.normalize(this.v);
  }

  step(): void {
    const { a, u } = this;
    const image = a.apply(this.v);
    scaleAndAdd(u, -this.alpha, image);
    this.beta = a.to.normalize(u);
    this.normSquares += this.alpha ** 2 + this.beta ** 2;
    const back = a.applyAdjoint(u);
    addScaled(back, -this.beta, this.v);
    this.v = back;
    this.alpha = a.from.normalize(this.v);
  }
}

type Recurrence = (
  bidiagonal: Bidiagonalization,
  x: Float64Array,
  damping: number,
) => {
  /** One step; gives estimates of ‖r‖ and ‖aᴴ r‖. */
  readonly advance: () => { readonly residual: number; readonly normal: number };
};

function iterate(
  name: string,
  given: Linear,
  b: Tensor,
  options: LeastSquaresOptions,
  recurrence: Recurrence,
): LeastSquaresSolution {
  const operator = asOperator(given);
  const [m, n] = operator.shape;
  const { rtol = 1e-8, normalTolerance = rtol, damping = 0, maxIterations = 4 * Math.max(m, n) } = options;
  checkVector(name, b, m);
  checkTolerances(name, { rtol }, maxIterations);
  if (!(normalTolerance >= 0 && normalTolerance < 1))
    throw new DomainError(`${name}: normalTolerance must lie in [0, 1), got ${normalTolerance}`);
  if (!(damping >= 0 && Number.isFinite(damping)))
    throw new DomainError(`${name}: damping must be >= 0, got ${damping}`);
  const a = new CountedOperator(operator, meetDTypes(operator, b));
  const right = a.to.entries(b);
  const size = a.to.norm(right);
  const x = a.from.zeros();
  const bidiagonal = new Bidiagonalization(a, right);
  const residuals = [size];
  let isDone = size === 0 || bidiagonal.alpha === 0;
  const { advance } = recurrence(bidiagonal, x, damping);
  let iterations = 0;
  while (!isDone && iterations < maxIterations) {
    checkAborted(options.signal, name);
    const { residual, normal } = advance();
    iterations++;
    residuals.push(residual);
    options.onProgress?.({
      fraction: iterations / maxIterations,
      stage: `residual ${residual.toExponential(2)}, of the normal equations ${normal.toExponential(2)}`,
    });
    const norm = Math.sqrt(bidiagonal.normSquares + damping ** 2);
    isDone = residual <= rtol * size || normal <= normalTolerance * norm * residual || bidiagonal.alpha === 0;
  }
  const products = a.count;
  const rest = right.slice();
  subtract(rest, a.apply(x));
  const residual = a.to.norm(rest);
  const normal = a.applyAdjoint(rest);
  addScaled(normal, -(damping ** 2), x);
  return {
    x: a.from.tensor(x),
    iterations,
    products,
    residual,
    normalResidual: a.from.norm(normal),
    residuals,
    converged: isDone,
  };
}

/**
 * Minimizes ‖a x − b‖ for any operator or matrix a `[m, n]` and b `[m]` by LSQR: conjugate gradients of the normal equations
 * without forming them. Two products and O(m + n) a step.
 *
 * @throws as `cg` does; DomainError for bad tolerances or a negative damping.
 */
export function lsqr(a: Linear, b: Tensor, options: LeastSquaresOptions = {}): LeastSquaresSolution {
  return iterate("lsqr", a, b, options, (bidiagonal, x, damping) => {
    const direction = bidiagonal.v.slice();
    let phiBar = bidiagonal.beta;
    let rhoBar = bidiagonal.alpha;
    let damped = 0;
    return {
      advance: () => {
        bidiagonal.step();
        const { alpha, beta, v } = bidiagonal;
        const rhoBar1 = Math.hypot(rhoBar, damping);
        damped += ((damping / rhoBar1) * phiBar) ** 2;
        phiBar *= rhoBar / rhoBar1;
        const rho = Math.hypot(rhoBar1, beta);
        const [c, s] = [rhoBar1 / rho, beta / rho];
        const theta = s * alpha;
        rhoBar = -c * alpha;
        const phi = c * phiBar;
        phiBar *= s;
        addScaled(x, phi / rho, direction);
        scaleAndAdd(direction, -theta / rho, v);
        return { residual: Math.sqrt(phiBar ** 2 + damped), normal: Math.abs(phiBar * alpha * c) };
      },
    };
  });
}

/**
 * Minimizes ‖a x − b‖ as `lsqr` does, by LSMR: MINRES of the normal equations, so that ‖aᴴ r‖ never grows and an early stop is
 * safer. Two products and O(m + n) a step.
 *
 * @throws as `lsqr` does.
 */
export function lsmr(a: Linear, b: Tensor, options: LeastSquaresOptions = {}): LeastSquaresSolution {
  return iterate("lsmr", a, b, options, (bidiagonal, x, damping) => {
    let zetaBar = bidiagonal.alpha * bidiagonal.beta;
    let alphaBar = bidiagonal.alpha;
    let [rho, rhoBar, cBar, sBar, zeta] = [1, 1, 1, 0, 0];
    const h = bidiagonal.v.slice();
    const hBar = bidiagonal.a.from.zeros();
    // Of the residual.
    let [betaDd, betaD, rhoDOld, tauTildeOld, thetaTilde, d] = [bidiagonal.beta, 0, 1, 0, 0, 0];
    return {
      advance: () => {
        bidiagonal.step();
        const { alpha, beta, v } = bidiagonal;
        const alphaHat = Math.hypot(alphaBar, damping);
        const [cHat, sHat] = [alphaBar / alphaHat, damping / alphaHat];
        const rhoOld = rho;
        rho = Math.hypot(alphaHat, beta);
        const [c, s] = [alphaHat / rho, beta / rho];
        const thetaNew = s * alpha;
        alphaBar = c * alpha;
        const rhoBarOld = rhoBar;
        const zetaOld = zeta;
        const thetaBar = sBar * rho;
        const rhoTemp = cBar * rho;
        rhoBar = Math.hypot(rhoTemp, thetaNew);
        cBar = rhoTemp / rhoBar;
        sBar = thetaNew / rhoBar;
        zeta = cBar * zetaBar;
        zetaBar *= -sBar;
        scaleAndAdd(hBar, (-thetaBar * rho) / (rhoOld * rhoBarOld), h);
        addScaled(x, zeta / (rho * rhoBar), hBar);
        scaleAndAdd(h, -thetaNew / rho, v);

        const betaAcute = cHat * betaDd;
        d += (sHat * betaDd) ** 2;
        const betaHat = c * betaAcute;
        betaDd = -s * betaAcute;
        const thetaTildeOld = thetaTilde;
        const rhoTildeOld = Math.hypot(rhoDOld, thetaBar);
        const [cTilde, sTilde] = [rhoDOld / rhoTildeOld, thetaBar / rhoTildeOld];
        thetaTilde = sTilde * rhoBar;
        rhoDOld = cTilde * rhoBar;
        betaD = -sTilde * betaD + cTilde * betaHat;
        tauTildeOld = (zetaOld - thetaTildeOld * tauTildeOld) / rhoTildeOld;
        const tauD = (zeta - thetaTilde * tauTildeOld) / rhoDOld;
        const residual = Math.sqrt(d + (betaD - tauD) ** 2 + betaDd ** 2);
        return { residual, normal: Math.abs(zetaBar) };
      },
    };
  });
}
