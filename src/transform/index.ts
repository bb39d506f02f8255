import "../ops/methods.ts";

export { cond, switchCase } from "./control/cond.ts";
export { type ScanOptions, scan } from "./control/scan.ts";
export { type WhileOptions, whileLoop } from "./control/whileLoop.ts";
export { checkpoint } from "./custom/checkpoint.ts";
export { customJvp } from "./custom/customJvp.ts";
export { customVjp } from "./custom/customVjp.ts";
export { jvp, linearize } from "./directional.ts";
export { asFn } from "./functional/check.ts";
export { type FnSpec, fn } from "./functional/fn.ts";
export { productGrid, type QuadratureKind, quadrature } from "./functional/grid.ts";
export { linearizeFn, linearTranspose } from "./functional/linear.ts";
export { divergence, type NablaMode, type NablaOptions, nabla } from "./functional/nabla.ts";
export {
  type ComposeOptions,
  compose,
  type IntegrateOptions,
  inner,
  integrate,
  type PartialOptions,
  partial,
  permuteArgs,
  split,
  zipFns,
} from "./functional/operators.ts";
export type { Fn, Grid, Interval } from "./functional/types.ts";
export { type Gradient, type GradientOptions, grad, valueAndGrad, vjp } from "./gradient.ts";
export { type Atom, type Equation, Graph, Variable } from "./graphs/graph.ts";
export { hessian, type Jacobian, jacfwd, jacrev } from "./jacobian.ts";
export { jet } from "./jet.ts";
export { type JetPlan, jetPlan } from "./jetPlan.ts";
export { type Indices, partialDerivative } from "./partialDerivative.ts";
export { gnvp, hvp } from "./products.ts";
export { stopGradient } from "./stop.ts";
export { trace } from "./tracing.ts";
export { type Axes, type VmapOptions, vmap } from "./vmap.ts";
