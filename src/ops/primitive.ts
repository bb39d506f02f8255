// What an operation of the engine is: one record with every rule that it owes to the transforms.

import type { DType } from "../tensor/dtype.ts";
import { dtypeInfo, dtypes } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";

/** What is known of a tensor without its elements. */
export interface Abstract {
  readonly shape: Shape;
  readonly dtype: DType;
  /** For a function: what it takes. `shape` and `dtype` are those of its values. Ordinary tensors have none. */
  readonly domain?: Domain | undefined;
}

/**
 * The arguments that a function takes. A function is traced like a tensor whose elements depend on a point: a
 * primitive without `functional` applies at every point.
 */
export interface Domain {
  /** The function that has this value everywhere. */
  constant(value: Tensor): Tensor;
  /** The value of a function with this domain at a point. */
  evaluate(f: Tensor, point: readonly TensorLike[]): Tensor;
  /** The domain in which two functions meet point by point; throws ShapeError, listing both, when they differ. */
  meet(other: Domain, operation: string): Domain;
  toString(): string;
}

/** A directional derivative, or null where it is zero because nothing depends on the input. */
export type Tangent = Tensor | null;

/**
 * Taylor coefficients c₀, c₁ … of a curve t ↦ Σ cₖ tᵏ (no factorials). The first is always there; null stands for a
 * later coefficient that is zero.
 */
export type Series = readonly [Tensor, ...(Tensor | null)[]];

/** Forward mode: at least one tangent is not null, and tangents have the dtype of their inputs. */
export interface JvpCall<P> {
  readonly inputs: readonly Tensor[];
  readonly tangents: readonly Tangent[];
  readonly outputs: readonly Tensor[];
  readonly params: P;
  readonly self: Primitive<P>;
}

/**
 * The transpose of a primitive in those operands in which it is linear. They come as `Abstract`, known ones as tensors.
 * At least one cotangent is not null. With complex numbers ⟨c, x⟩ = Re Σ c·x, without conjugation: the transpose of a
 * product with a is the product with a.
 */
export interface TransposeCall<P> {
  readonly cotangents: readonly Tangent[];
  readonly inputs: readonly (Tensor | Abstract)[];
  readonly params: P;
  readonly self: Primitive<P>;
}

/** Vectorisation: batched operands have an extra axis of length `size` in front, and so must all results. */
export interface BatchCall<P> {
  readonly inputs: readonly Tensor[];
  readonly batched: readonly boolean[];
  readonly size: number;
  readonly params: P;
  readonly self: Primitive<P>;
}

/**
 * Taylor mode: `outputs` are the results at the leading coefficients (compound primitives find them along the way and
 * get none); `order` is at least 1.
 */
export interface JetCall<P> {
  readonly series: readonly Series[];
  readonly outputs: readonly Tensor[];
  readonly order: number;
  readonly params: P;
  readonly self: Primitive<P>;
}

export type JvpRule<P> = (call: JvpCall<P>) => readonly Tangent[];
export type TransposeRule<P> = (call: TransposeCall<P>) => readonly Tangent[];
export type BatchRule<P> = (call: BatchCall<P>) => readonly Tensor[];
export type JetRule<P> = (call: JetCall<P>) => readonly Series[];

/** The linear part of a function at a point: `apply` pushes tangents forward. */
export interface Linearized {
  readonly outputs: readonly Tensor[];
  readonly apply: (tangents: readonly Tangent[]) => readonly Tangent[];
}

/**
 * Primitives that run functions of their own (loops, branches, custom rules) find value and derivative together, and
 * split the work between them for reverse mode.
 */
export interface CompoundJvp<P> {
  jvp(
    inputs: readonly Tensor[],
    tangents: readonly Tangent[],
    params: P,
  ): { readonly outputs: readonly Tensor[]; readonly tangents: readonly Tangent[] };
  /** `isActive[i]`: a tangent may come for input i. `apply` must be linear and made of transposable primitives. */
  linearize(inputs: readonly Tensor[], isActive: readonly boolean[], params: P): Linearized;
}

/** Jets found from the jvp rule alone, order by order: O(k³) arithmetic instead of the O(k²) of a rule of its own. */
export const JET_FROM_JVP = "from jvp";

/**
 * How compiled code does it. `view`: `evaluate` moves nothing and only reads shapes and strides; `map`: element by
 * element, by a kernel of that name; `fold`: a reduction of adjacent axes; `contract`: matrix products. What has no
 * lowering is called with its operands as they lie in memory.
 */
export type Lowering =
  | { readonly kind: "view" }
  | { readonly kind: "map"; readonly kernel: string }
  | { readonly kind: "fold"; readonly kernel: string }
  | { readonly kind: "contract" };

/**
 * One operation of the engine with every rule it owes, in one place. Public functions check and convert their arguments
 * (promotion, broadcasting) and then `bind` primitives, which take operands as they are. Rules are written with the
 * methods of tensors, which are bound late: so the rule of an early file may use an operation of a later one.
 */
export interface Primitive<P> {
  readonly name: string;
  /** Element types it computes with. Narrow floats among them are widened to float32 for `evaluate`. */
  readonly dtypes: readonly DType[];
  /** Moves elements without looking at them: narrow floats are then handed over as bit patterns. */
  readonly movesOnly?: boolean;
  /**
   * For primitives that take functions as wholes (derivatives, integrals, composition) and say themselves which domain
   * results have: the parameters for an operand that takes the arguments of `outer` before its own.
   */
  readonly functional?: (params: P, outer: Domain) => P;
  /** Shapes and dtypes of the results; throws ShapeError or DTypeError when the operands do not fit. */
  abstractEval(inputs: readonly Abstract[], params: P): readonly Abstract[];
  /** The results themselves; `outputs` is what `abstractEval` answered (compound primitives get none). */
  evaluate(inputs: readonly Tensor[], params: P, outputs: readonly Abstract[]): readonly Tensor[];
  readonly jvp: JvpRule<P> | CompoundJvp<P>;
  /** Only primitives that are linear in some operand have one. */
  readonly transpose?: TransposeRule<P>;
  readonly batch: BatchRule<P>;
  readonly jet: JetRule<P> | typeof JET_FROM_JVP;
  readonly lower?: Lowering;
  /**
   * For primitives whose parameters hold a JavaScript function: operands and parameters that mean the same without what
   * the function closes over, so that they can be part of a graph.
   */
  close?(inputs: readonly Tensor[], params: P): { readonly inputs: readonly Tensor[]; readonly params: P };
  /** Which parameters appear in a printed graph (all unless told). */
  print?(params: P): Readonly<Record<string, unknown>>;
}

/** Every primitive by name. */
export const primitives: Map<string, Primitive<never>> = new Map<string, Primitive<never>>();

/** Registers a primitive; a name is taken once. */
export function definePrimitive<P>(record: Primitive<P>): Primitive<P> {
  if (primitives.has(record.name)) throw new Error(`primitive "${record.name}" is defined twice`);
  primitives.set(record.name, record as unknown as Primitive<never>);
  return record;
}

const of = (accept: (dtype: DType) => boolean): readonly DType[] => dtypes.filter(accept);
const kindOf = (dtype: DType): string => dtypeInfo(dtype).kind;
const computes = (dtype: DType): boolean => !dtype.startsWith("float8");

/** The sets of dtypes that primitives declare. */
export const ALL: readonly DType[] = dtypes;
export const COMPUTING: readonly DType[] = of(computes);
export const NUMERIC: readonly DType[] = of((dtype) => computes(dtype) && dtype !== "bool");
export const REAL: readonly DType[] = of((dtype) => computes(dtype) && kindOf(dtype) !== "complex");
export const ORDERED_NUMERIC: readonly DType[] = REAL.filter((dtype) => dtype !== "bool");
export const FLOATS: readonly DType[] = of((dtype) => computes(dtype) && kindOf(dtype) === "float");
export const INEXACT: readonly DType[] = of(
  (dtype) => computes(dtype) && ["float", "complex"].includes(kindOf(dtype)),
);
export const COMPLEX: readonly DType[] = of((dtype) => kindOf(dtype) === "complex");
