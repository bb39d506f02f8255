import "../ops/methods.ts";

export { type BarycentricInterpolant, barycentric, floaterHormann } from "./barycentric.ts";
export type { Numbers } from "./base/nodes.ts";
export type { Extrapolation, ExtrapolationOptions, Interpolant } from "./base/piecewise.ts";
export {
  type BSpline,
  bspline,
  designMatrix,
  type InterpolatingSplineOptions,
  interpolatingSpline,
  type LeastSquaresSplineOptions,
  leastSquaresSpline,
} from "./bspline.ts";
export {
  finiteDifferenceWeights,
  type GradientOptions,
  gradient,
  type Stencil,
  stencil,
} from "./differences.ts";
export { type GridOptions, gridInterpolator } from "./grid.ts";
export {
  type AkimaOptions,
  akima,
  type CubicSplineOptions,
  cubicHermite,
  cubicSpline,
  pchip,
  type SplineBoundary,
} from "./hermite.ts";
export { linear, nearest } from "./linear.ts";
export { type RadialKernel, type RbfOptions, rbf } from "./rbf.ts";
export { type SmoothingSplineOptions, smoothingSpline } from "./smoothing.ts";
