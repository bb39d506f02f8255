// Bessel functions of real order on tensors.

import { sign } from "../../ops/arithmetic.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Function1, type Function2, function2, type Slope } from "../elementwise.ts";
import * as modified from "./modifiedKernel.ts";
import * as ordinary from "./ordinaryKernel.ts";

const ORDER = "the order v";
/** (fᵥ₋₁ + factor · fᵥ₊₁)/2 */
const neighbours =
  (f: Function2, factor: 1 | -1): Slope =>
  (_y, v, x) => {
    const below = f(v!.sub(1), x!);
    const above = f(v!.add(1), x!);
    return (factor === 1 ? below.add(above) : below.sub(above)).mul(0.5);
  };

/** Jᵥ(x) for real v: for x < 0 only where v is an integer, else NaN. Not differentiable in v. O(|v| + |x|) for large orders. */
export const jv: Function2 = function2("jv", ordinary.besselJ, ORDER, (...all) => neighbours(jv, -1)(...all));
/** Yᵥ(x) for real v: -∞ at 0, NaN for x < 0. Not differentiable in v. */
export const yv: Function2 = function2("yv", ordinary.besselY, ORDER, (...all) => neighbours(yv, -1)(...all));
/** Iᵥ(x) for real v: for x < 0 only where v is an integer, else NaN. Not differentiable in v. */
export const iv: Function2 = function2("iv", modified.besselI, ORDER, (...all) => neighbours(iv, 1)(...all));
/** Kᵥ(x) for real v: ∞ at 0, NaN for x < 0. Not differentiable in v. */
export const kv: Function2 = function2("kv", modified.besselK, ORDER, (...all) =>
  neighbours(kv, 1)(...all).neg(),
);
/** Iᵥ(x) e^(-|x|) */
export const ive: Function2 = function2("ive", modified.scaledBesselI, ORDER, (y, v, x) =>
  neighbours(ive, 1)(y, v!, x!).sub(y.mul(sign(x!))),
);
/** Kᵥ(x) eˣ */
export const kve: Function2 = function2("kve", modified.scaledBesselK, ORDER, (y, v, x) =>
  y.sub(neighbours(kve, 1)(y, v!, x!)),
);

const ofOrder =
  (f: Function2, order: number): Function1 =>
  (x): Tensor =>
    f(order, x);

/** Bessel function of the first kind J₀: `jv` of order 0. */
export const j0: Function1 = ofOrder(jv, 0);
/** Bessel function of the first kind J₁: `jv` of order 1. */
export const j1: Function1 = ofOrder(jv, 1);
/** Bessel function of the second kind Y₀: `yv` of order 0. */
export const y0: Function1 = ofOrder(yv, 0);
/** Bessel function of the second kind Y₁: `yv` of order 1. */
export const y1: Function1 = ofOrder(yv, 1);
/** Modified Bessel function of the first kind I₀: `iv` of order 0. */
export const i0: Function1 = ofOrder(iv, 0);
/** Modified Bessel function of the first kind I₁: `iv` of order 1. */
export const i1: Function1 = ofOrder(iv, 1);
/** Modified Bessel function of the second kind K₀: `kv` of order 0. */
export const k0: Function1 = ofOrder(kv, 0);
/** Modified Bessel function of the second kind K₁: `kv` of order 1. */
export const k1: Function1 = ofOrder(kv, 1);
/** Modified Bessel function of the first kind I₀, times exp(-|x|): `ive` of order 0. */
export const i0e: Function1 = ofOrder(ive, 0);
/** Modified Bessel function of the first kind I₁, times exp(-|x|): `ive` of order 1. */
export const i1e: Function1 = ofOrder(ive, 1);
/** Modified Bessel function of the second kind K₀, times exp(x): `kve` of order 0. */
export const k0e: Function1 = ofOrder(kve, 0);
/** Modified Bessel function of the second kind K₁, times exp(x): `kve` of order 1. */
export const k1e: Function1 = ofOrder(kve, 1);
