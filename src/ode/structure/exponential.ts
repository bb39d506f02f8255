// Exponential integrators: the linear part of a semilinear problem is solved exactly.

import { expm } from "../../linalg/functions/expm.ts";
import { complexFrom } from "../../ops/complex.ts";
import { concat } from "../../ops/join.ts";
import { exp } from "../../ops/transcendental.ts";
import { eye, tensor, zeros } from "../../tensor/create.ts";
import { isComplex } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { OdeMethod, VectorFields } from "../problem.ts";
import { fixedMethod } from "./fixedStepper.ts";

// φ₀(z) = eᶻ and φₖ₊₁(z) = (φₖ(z) - 1/k!) / z, of z = h·L: matrices, or vectors that stand for diagonal ones.

/** Points on a circle around z over which φ is averaged, which avoids the cancellation near z = 0. */
const POINTS = 32;

/** φ₀ … φ_count of the elements of z, by Cauchy's integral formula: Kassam and Trefethen (2005), section 3. */
function phiDiagonal(z: Tensor, count: number): readonly Tensor[] {
  const angles = Array.from({ length: POINTS }, (_, j) => (2 * Math.PI * (j + 0.5)) / POINTS);
  const circle = complexFrom(
    tensor(angles.map(Math.cos)).reshape([POINTS, 1]),
    tensor(angles.map(Math.sin)).reshape([POINTS, 1]),
  );
  const around = z.astype("complex128").reshape([1, z.size]).add(circle);
  let average = exp(around);
  let factorial = 1;
  const values = [exp(z)];
  for (let k = 0; k < count; k++) {
    average = average.sub(1 / factorial).div(around);
    factorial *= k + 1;
    const mean = average.mean({ axis: 0 });
    values.push(isComplex(z.dtype) ? mean : mean.real());
  }
  return values;
}

/** φ₀ … φ_count of a matrix, from one exponential of a block matrix (Saad, 1992; Al-Mohy and Higham, 2011). */
function phiMatrix(z: Tensor, count: number): readonly Tensor[] {
  const n = z.shape[0]!;
  const one = eye(n, n, { dtype: z.dtype });
  const none = zeros([n, n], z.dtype);
  const rows = Array.from({ length: count + 1 }, (_, i) =>
    concat(
      Array.from({ length: count + 1 }, (_, j) => (i === 0 && j === 0 ? z : j === i + 1 ? one : none)),
      1,
    ),
  );
  const whole = expm(concat(rows, 0));
  return Array.from({ length: count + 1 }, (_, k) =>
    whole.at(`:${n}`, `${k * n}:${(k + 1) * n}`).contiguous(),
  );
}

const phi = (linear: Tensor, h: Tensor, count: number): readonly Tensor[] =>
  linear.ndim === 1 ? phiDiagonal(linear.mul(h), count) : phiMatrix(linear.mul(h), count);

const apply = (map: Tensor, v: Tensor): Tensor => (map.ndim === 1 ? map.mul(v) : map.matmul(v));

type Parts = VectorFields["semilinear"];

const slope = ({ linear, nonlinear }: Parts, t: Tensor, y: Tensor): Tensor =>
  apply(linear, y).add(nonlinear(t, y));

/**
 * The exponential Euler method, of order 1: y + h·φ₁(hL)·(L·y + N). Takes `{ linear, nonlinear }` with a matrix, or a vector
 * that stands for a diagonal one; exact where N is constant. Needs `constantStep(h)`.
 */
export const exponentialEuler = (): OdeMethod<"semilinear"> =>
  fixedMethod({
    name: "exponentialEuler",
    kind: "semilinear",
    order: 1,
    evaluations: 1,
    slope,
    prepare: ({ linear }, h) => phi(linear, h, 1),
    step: ({ nonlinear }, t, h, y, [phi0, phi1]) => apply(phi0!, y).add(apply(phi1!, nonlinear(t, y)).mul(h)),
  });

/**
 * Cox and Matthews' exponential Runge-Kutta method of order 4, for stiff linear and smooth nonlinear parts: takes
 * `{ linear, nonlinear }` as `exponentialEuler`. Needs `constantStep(h)`.
 *
 * Source: Cox and Matthews, Exponential time differencing for stiff systems (2002); Kassam and Trefethen (2005).
 */
export const etdrk4 = (): OdeMethod<"semilinear"> =>
  fixedMethod({
    name: "etdrk4",
    kind: "semilinear",
    order: 4,
    evaluations: 4,
    slope,
    prepare: ({ linear }, h) => [...phi(linear, h, 3), ...phi(linear, h.mul(0.5), 1)],
    step: ({ nonlinear }, t, h, y, [whole, phi1, phi2, phi3, halfway, halfPhi]) => {
      const half = h.mul(0.5);
      const middle = t.add(half);
      const start = apply(halfway!, y);
      const n0 = nonlinear(t, y);
      const a = start.add(apply(halfPhi!, n0).mul(half));
      const na = nonlinear(middle, a);
      const b = start.add(apply(halfPhi!, na).mul(half));
      const nb = nonlinear(middle, b);
      const c = apply(halfway!, a).add(apply(halfPhi!, nb.mul(2).sub(n0)).mul(half));
      const nc = nonlinear(t.add(h), c);
      // φ₁ - 3φ₂ + 4φ₃, 2φ₂ - 4φ₃ and 4φ₃ - φ₂ are the weights of Cox and Matthews.
      const inner = na.add(nb);
      const first = apply(phi1!, n0);
      const second = apply(phi2!, inner.mul(2).sub(n0.mul(3)).sub(nc));
      const third = apply(phi3!, n0.sub(inner).add(nc).mul(4));
      return apply(whole!, y).add(first.add(second).add(third).mul(h));
    },
  });
