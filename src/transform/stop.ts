// Values that derivatives do not see.

import { bindOne } from "../ops/bind.ts";
import { ALL, definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../ops/rules.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { treeMap } from "../tensor/tree.ts";

const stopGradientP: Primitive<undefined> = definePrimitive<undefined>({
  name: "stopGradient",
  lower: { kind: "view" },
  dtypes: ALL,
  movesOnly: true,
  abstractEval: ([x]) => [x!],
  evaluate: ([x]) => [x!],
  ...noDerivative,
  batch: leadingBatch,
});

/**
 * The same tensor or tree, treated as a constant by every derivative. Inside `grad`, `jvp` and `jet` alone its
 * elements can be read; inside `vmap`, `trace` and loops they are not known.
 */
export const stopGradient = <T>(x: T): T =>
  treeMap((leaf: Tensor) => bindOne(stopGradientP, [leaf], undefined), x);
