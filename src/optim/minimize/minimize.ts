// One door to the minimizers of functions of many variables.

import { checkCount } from "../../tensor/check.ts";
import { DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { bfgs } from "./bfgs.ts";
import { descend } from "./descend.ts";
import { lbfgsRule } from "./lbfgs.ts";
import { type NelderMeadOptions, nelderMead } from "./nelderMead.ts";
import { newtonCgRule } from "./newtonCg.ts";
import type { MinimizeOptions, MinimizeResult } from "./problem.ts";

export type MinimizeMethod = "bfgs" | "lbfgs" | "newton-cg" | "nelder-mead";

export type MinimizeMethodOptions = MinimizeOptions &
  NelderMeadOptions & {
    /** "bfgs" unless told. */
    readonly method?: MinimizeMethod;
    /** Pairs that "lbfgs" keeps, 10 unless told. */
    readonly history?: number;
  };

/**
 * A local minimum of a function of a tensor or tree of tensors, from `x0`. "bfgs" for up to some hundred parameters, "lbfgs" beyond,
 * "newton-cg" where Hessian-vector products pay, "nelder-mead" without derivatives. All but the last end when no element of the
 * gradient is larger than `gtol`. Stopping short is reported by `converged` and `reason`.
 *
 * Throws what `bfgs` throws, DomainError for an unknown method.
 */
export function minimize<P>(
  f: (x: P) => Tensor,
  x0: P,
  options: MinimizeMethodOptions = {},
): MinimizeResult<P> {
  const { method = "bfgs", history = 10 } = options;
  checkCount("minimize: history", history);
  switch (method) {
    case "bfgs":
      return bfgs(f, x0, options);
    case "lbfgs":
      return descend("minimize", f, x0, options, () => lbfgsRule(history));
    case "newton-cg":
      return descend("minimize", f, x0, options, newtonCgRule);
    case "nelder-mead":
      return nelderMead(f, x0, options);
    default:
      throw new DomainError(
        `minimize: method: "bfgs", "lbfgs", "newton-cg" or "nelder-mead" was expected, got ${String(method)}`,
      );
  }
}
