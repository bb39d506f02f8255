// How much memory an optimizer takes, known before it is taken.

import { zerosLike } from "../ops/rules.ts";
import { type DType, dtypeInfo } from "../tensor/dtype.ts";
import { type Shape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { trace } from "../transform/tracing.ts";
import type { Optimizer, StepInput } from "./optimizer.ts";

/** Parameters by their shapes alone: float32 unless told. */
export type ShapeTree =
  | Shape
  | { readonly shape: Shape; readonly dtype: DType }
  | readonly ShapeTree[]
  | { readonly [key: string]: ShapeTree };

const isShape = (value: unknown): value is Shape =>
  Array.isArray(value) && value.every((n) => typeof n === "number");

/** A tree of zeros of these shapes, each of which takes the memory of one number. */
function zerosOf(shapes: unknown): unknown {
  if (shapes instanceof Tensor) return zerosLike(shapes);
  if (isShape(shapes)) return zerosLike({ shape: shapes, dtype: "float32" });
  if (Array.isArray(shapes)) return shapes.map(zerosOf);
  const entries = Object.entries(shapes as Record<string, unknown>);
  const { shape, dtype } = shapes as { shape?: unknown; dtype?: DType };
  if (entries.length === 2 && isShape(shape) && typeof dtype === "string") return zerosLike({ shape, dtype });
  return Object.fromEntries(entries.map(([key, value]) => [key, zerosOf(value)]));
}

/**
 * The bytes of an optimizer's state for parameters of these shapes (a tree of shapes `[m, n]`, of `{ shape, dtype }`, or of tensors,
 * whose values do not matter), exactly, found by tracing `init`: nothing of that size is allocated. Methods whose state depends on the
 * model (`kfac`) need an example of a step.
 */
export function stateBytes<P, B, S>(
  optimizer: Optimizer<P, B, S>,
  shapes: ShapeTree | P,
  example?: Pick<StepInput<P, B, S>, "loss" | "batch" | "key">,
): number {
  const graph = trace((params: P) => optimizer.init(params, example))(zerosOf(shapes) as P);
  return graph.outputs.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * dtypeInfo(dtype).bytes, 0);
}
