// Whatever algorithms take for a linear map.

import type { Tensor } from "../../tensor/tensor.ts";
import { Dense } from "./dense.ts";
import { LinearOperator, type Tags } from "./operator.ts";

/** A matrix `[m, n]` or an operator. */
export type Linear = Tensor | LinearOperator;

/** The operator itself, or a matrix as one. Throws ShapeError for a tensor that is no matrix. */
export const asOperator = (a: Linear, tags?: Tags): LinearOperator =>
  a instanceof LinearOperator ? a : new Dense(a, tags);
