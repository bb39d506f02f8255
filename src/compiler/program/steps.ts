// What a program does, in order.

import type { Primitive } from "../../ops/primitive.ts";
import type { ContractParams } from "../../ops/productPlan.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Expression } from "./expressions.ts";

/** Writes expressions of one shape to places, in one pass. */
export interface MapStep {
  readonly kind: "map";
  readonly shape: Shape;
  readonly outputs: { readonly place: Tensor; readonly value: Expression }[];
}

/** Joins the middle of `[outer, length, inner]`. */
export interface FoldStep {
  readonly kind: "fold";
  readonly fold: string;
  readonly shape: Shape;
  readonly axes: readonly number[];
  readonly value: Expression;
  readonly place: Tensor;
}

/** Maps and reductions that run together, one row of all of them after the other. */
export interface RowsStep {
  readonly kind: "rows";
  /** Lengths of the axes that number the rows. */
  readonly lead: Shape;
  /** The steps of one row. */
  readonly steps: readonly (MapStep | FoldStep)[];
  /** For each place of those steps, the place of all rows. */
  readonly wholes: ReadonlyMap<Tensor, Tensor>;
}

export interface ContractStep {
  readonly kind: "contract";
  readonly params: ContractParams;
  readonly operands: readonly [Tensor, Tensor];
  readonly place: Tensor;
}

/** Calls the primitive itself on views of the arena. */
export interface HostStep {
  readonly kind: "host";
  readonly primitive: Primitive<unknown>;
  readonly params: unknown;
  readonly operands: readonly Tensor[];
  readonly places: readonly Tensor[];
}

/** Repeats steps; `index` numbers the loop for places that move with it. */
export interface LoopStep {
  readonly kind: "loop";
  readonly index: number;
  readonly length: number;
  readonly reverse: boolean;
  readonly body: readonly Step[];
}

/** Repeats steps as long as the bool that `condition` leaves in `test` holds. */
export interface WhileStep {
  readonly kind: "while";
  readonly condition: readonly Step[];
  readonly test: Tensor;
  readonly body: readonly Step[];
}

/** One of several lists of steps, by an int32 in `index`. */
export interface BranchStep {
  readonly kind: "branch";
  readonly index: Tensor;
  readonly branches: readonly (readonly Step[])[];
}

export type Step =
  | MapStep
  | FoldStep
  | RowsStep
  | ContractStep
  | HostStep
  | LoopStep
  | WhileStep
  | BranchStep;

/** A step that only computes. */
export type Kernel = MapStep | FoldStep | RowsStep | ContractStep | HostStep;

export interface Program {
  readonly inputs: readonly Tensor[];
  /** Constants with elements of their own, and where they go. */
  readonly constants: readonly { readonly value: Tensor; readonly place: Tensor }[];
  readonly steps: readonly Step[];
  /** Places, or constants as they are. */
  readonly outputs: readonly Tensor[];
}

export const FLOAT_TYPES: readonly DType[] = ["float32", "float64"];
