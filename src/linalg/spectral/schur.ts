// Schur factorization and its reordering, on tensors.
import { bind } from "../../ops/bind.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import type { Complex } from "../../tensor/complex.ts";
import { complexDType, type DType, isComplex } from "../../tensor/dtype.ts";
import { ConvergenceError, DomainError, DTypeError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import {
  checkSquare,
  equilibrate,
  FACTORED,
  factorable,
  factorDType,
  load,
  overBatch,
  store,
} from "../base/matrix.ts";
import { triangularize, widened } from "../kernels/schurComplex.ts";
import { schurFactors } from "../kernels/schurFactors.ts";
import { blockSize, moveUp, type SchurForm, schurValues } from "../kernels/schurSwap.ts";
import type { Width } from "../kernels/vector.ts";
import { checkConverged } from "./eig.ts";
import { notDifferentiable } from "./hessenberg.ts";

/**
 * Which eigenvalues come first: those in the left or right half plane, inside or outside of the unit circle, those that
 * a function takes, or those of which a list, in the order of the unsorted form, says so.
 */
export type EigenvalueSort =
  | "leftHalfPlane"
  | "rightHalfPlane"
  | "insideUnitCircle"
  | "outsideUnitCircle"
  | ((value: Complex) => boolean)
  | readonly boolean[];

export interface SchurOptions {
  /** "real" (quasi-triangular t of a real matrix) or "complex"; by the dtype of a unless told. */
  readonly output?: "real" | "complex";
  readonly sort?: EigenvalueSort;
}

export interface Schur {
  /** `[…, n, n]`, upper triangular, or with 2 x 2 blocks in standard form for the complex pairs of a real matrix. */
  readonly t: Tensor;
  /** `[…, n, n]`, unitary. */
  readonly z: Tensor;
  /** `[…]`, int32: how many eigenvalues `sort` has taken to the front; 0 without it. */
  readonly selected: Tensor;
}

interface SchurParams {
  readonly output: "real" | "complex";
  readonly sort: EigenvalueSort | null;
}

/** Which of the values (two entries each) are wanted in front. */
export function selection(name: string, sort: EigenvalueSort, values: Float64Array): boolean[] {
  const n = values.length / 2;
  if (Array.isArray(sort)) {
    if (sort.length !== n)
      throw new ShapeError(
        `${name}: sort must hold ${n} booleans, one for each eigenvalue, got ${sort.length}`,
      );
    return [...sort];
  }
  const take = typeof sort === "function" ? sort : REGIONS[sort as keyof typeof REGIONS];
  if (!take)
    throw new DomainError(
      `${name}: sort must be one of ${Object.keys(REGIONS).join(", ")}, a function or a list, got ${String(sort)}`,
    );
  return Array.from({ length: n }, (_, i) => take({ re: values[2 * i]!, im: values[2 * i + 1]! }));
}

const REGIONS = {
  leftHalfPlane: ({ re }: Complex) => re < 0,
  rightHalfPlane: ({ re }: Complex) => re >= 0,
  insideUnitCircle: ({ re, im }: Complex) => Math.hypot(re, im) < 1,
  outsideUnitCircle: ({ re, im }: Complex) => Math.hypot(re, im) >= 1,
} as const;

/** Moves the wanted eigenvalues to the front; a pair goes as a whole when either is wanted. Returns their number. */
function bringForward(name: string, form: SchurForm, wanted: readonly boolean[]): number {
  let place = 0;
  for (let k = 0; k < form.n; ) {
    const size = blockSize(form, k);
    if (wanted[k] || (size === 2 && wanted[k + 1])) {
      if (moveUp(form, k, place) !== place)
        throw new ConvergenceError(
          `${name}: the eigenvalues at rows ${place} and ${k} are too close to be exchanged for sort`,
        );
      place += size;
    }
    k += size;
  }
  return place;
}

/** The (sorted) Schur form of one matrix as column-major arrays. */
function schurOf(
  name: string,
  x: Tensor,
  { output, sort }: SchurParams,
): {
  t: Float64Array;
  z: Float64Array;
  width: Width;
  n: number;
  back: number;
  selected: number;
  dtype: DType;
} {
  const work = load(name, x);
  const back = equilibrate(work);
  const n = work.rows;
  const found = schurFactors(work.width, n, work.data);
  checkConverged(name, found.failed);
  let { t, z } = found;
  let width = work.width;
  if (output === "complex" && width === 1) {
    t = widened(t);
    z = widened(z);
    width = 2;
    triangularize(n, t, z, n);
  }
  let selected = 0;
  if (sort !== null) {
    const form = { width, n, t, q: z, rows: n };
    const values = schurValues(form);
    for (let i = 0; i < values.length; i++) values[i]! *= back;
    selected = bringForward(name, form, selection(name, sort, values));
  }
  const dtype = output === "complex" ? complexDType(work.dtype) : work.dtype;
  return { t, z, width, n, back, selected, dtype };
}

const schurP: Primitive<SchurParams> = definePrimitive<SchurParams>({
  name: "schur",
  dtypes: FACTORED,
  abstractEval: ([a], { output }) => {
    const matrix = { shape: a!.shape, dtype: output === "complex" ? complexDType(a!.dtype) : a!.dtype };
    return [matrix, matrix, { shape: a!.shape.slice(0, -2), dtype: "int32" }];
  },
  evaluate: ([a], params) =>
    overBatch([a!], ([x]) => {
      const { t, z, n, back, selected, dtype } = schurOf("schur", x!, params);
      if (back !== 1) for (let i = 0; i < t.length; i++) t[i]! *= back;
      const count = new Tensor(Int32Array.of(selected), [], "int32");
      return [store(t, n, n, dtype), store(z, n, n, dtype), count];
    }),
  jvp: notDifferentiable("use eig, or functions of matrices, which have one"),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * Schur factorization a = z t zᴴ of square `[…, n, n]`, z unitary. Householder reduction and multishift QR with
 * aggressive early deflation; O(25 n³). With `sort` the chosen eigenvalues come first on the diagonal of t (a complex
 * pair of the real form when either is chosen), by orthogonal exchanges (Bai and Demmel 1993); the first `selected`
 * columns of z then span their invariant subspace. It has no derivative (TracerError).
 *
 * @throws ShapeError unless square, or for a list of the wrong length; DTypeError for float8, and for the real form of
 * a complex matrix; DomainError for NaN or infinity; ConvergenceError when the iteration reaches its limit or
 * eigenvalues are too close to be exchanged.
 */
export function schur(a: Tensor, { output, sort }: SchurOptions = {}): Schur {
  checkSquare("schur", a);
  const dtype = factorDType("schur", a.dtype);
  if (output === "real" && isComplex(dtype))
    throw new DTypeError(`schur: output "real" needs a real matrix, got ${a.dtype}`);
  const params = { output: output ?? (isComplex(dtype) ? "complex" : "real"), sort: sort ?? null } as const;
  const [t, z, selected] = bind(schurP, [factorable("schur", a)], params);
  return { t: t!, z: z!, selected: selected! };
}

const rsf2csfP: Primitive<undefined> = definePrimitive<undefined>({
  name: "rsf2csf",
  dtypes: ["float32", "float64"],
  abstractEval: ([t, z]) => {
    if (!sameShape(t!.shape, z!.shape))
      throw new ShapeError(
        `rsf2csf: t and z must have one shape, got ${formatShape(t!.shape)} and ${formatShape(z!.shape)}`,
      );
    const matrix = { shape: t!.shape, dtype: complexDType(t!.dtype) };
    return [matrix, matrix];
  },
  evaluate: ([t, z]) =>
    overBatch([t!, z!], ([x, y]) => {
      const form = load("rsf2csf", x!, 2, "t");
      const basis = load("rsf2csf", y!, 2, "z");
      const n = form.rows;
      for (let j = 0; j < n; j++)
        for (let i = j + 1; i < n; i++)
          if (
            form.data[2 * (i + j * n)] !== 0 &&
            (i > j + 1 || (j > 0 && form.data[2 * (j + (j - 1) * n)] !== 0))
          )
            throw new DomainError(`rsf2csf: t is not of real Schur form: entry (${i}, ${j}) is not zero`);
      triangularize(n, form.data, basis.data, n);
      const dtype = complexDType(form.dtype);
      return [store(form.data, n, n, dtype), store(basis.data, n, n, dtype)];
    }),
  jvp: notDifferentiable("the form is not unique"),
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * The complex Schur form from the real one, t and z of `schur`, `[…, n, n]`: rotations make every 2 x 2 block
 * triangular; O(n²) for each. It has no derivative (TracerError).
 *
 * @throws ShapeError unless both are square of one shape; DTypeError for complex matrices; DomainError for NaN,
 * infinity, and a t that is not quasi-triangular.
 */
export function rsf2csf(t: Tensor, z: Tensor): Omit<Schur, "selected"> {
  checkSquare("rsf2csf", t, "t");
  checkSquare("rsf2csf", z, "z");
  const [form, basis] = bind(rsf2csfP, [factorable("rsf2csf", t), factorable("rsf2csf", z)], undefined);
  return { t: form!, z: basis! };
}
