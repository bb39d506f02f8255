import "../ops/methods.ts";

export { jvp, linearize } from "./directional.ts";
export { type Gradient, type GradientOptions, grad, valueAndGrad, vjp } from "./gradient.ts";
export { type Atom, type Equation, Graph, Variable } from "./graph.ts";
export { hessian, type Jacobian, jacfwd, jacrev } from "./jacobian.ts";
export { jet } from "./jet.ts";
export { gnvp, hvp } from "./products.ts";
export { stopGradient } from "./stop.ts";
export { trace } from "./tracing.ts";
export { type Axes, type VmapOptions, vmap } from "./vmap.ts";
