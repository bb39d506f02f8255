import "../ops/methods.ts";

export type { QuadratureResult, Tolerances } from "./adapt.ts";
export { type CubatureOptions, cubature } from "./cubature.ts";
export { type FixedOptions, type FixedRule, fixedQuad, productQuad } from "./fixed.ts";
export type { Integrand } from "./integrand.ts";
export { type QuadOptions, quad } from "./quad.ts";
export { cumulativeTrapezoid, romberg, type SampleOptions, simpson, trapezoid } from "./samples.ts";
export { type TanhSinhOptions, tanhSinh } from "./tanhSinh.ts";
