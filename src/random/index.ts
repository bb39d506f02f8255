import "../ops/methods.ts";

export { bits } from "./bits.ts";
export { type CategoricalOptions, categorical, gumbel } from "./categorical.ts";
export { exponential, multivariateNormal, truncatedNormal } from "./continuous.ts";
export { bernoulli, binomial, type CountOptions, poisson } from "./counts.ts";
export {
  type ChoiceOptions,
  choice,
  type DrawOptions,
  normal,
  permutation,
  rademacher,
  randint,
  shuffle,
  uniform,
} from "./distributions.ts";
export { beta, dirichlet, gamma, loggamma, type ParameterOptions } from "./gamma.ts";
export { foldIn, type Key, key, split } from "./key.ts";
export { type MatrixOptions, orthogonal, unitary } from "./matrices.ts";
export { type SobolOptions, sobol } from "./sobol.ts";
export { halton, latinHypercube } from "./spaceFilling.ts";
export { ball, sphere } from "./sphere.ts";
