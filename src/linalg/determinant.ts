// Determinant and inverse by LU.
import { bind, bindOne } from "../ops/bind.ts";
import { multiplyComplex } from "../ops/complexMath.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive, type Tangent } from "../ops/primitive.ts";
import { leadingBatch } from "../ops/rules.ts";
import { eye } from "../tensor/create.ts";
import { allocate, type DType, isComplex, realDType } from "../tensor/dtype.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkSquare, FACTORED, factorable } from "./matrix.ts";
import { type LU, luFactors, solveFor } from "./solve.ts";

export interface SlogDet {
  /** `[…]`: -1, 0 or 1; for complex matrices of absolute value 1 or 0. */
  readonly sign: Tensor;
  /** `[…]`, real: log |det a|, -∞ for a singular matrix. */
  readonly logAbs: Tensor;
}

/** Sign (as two parts) and logarithm of the absolute value of a determinant. */
function logDeterminant({ work, pivots }: LU): { sign: Float64Array; logAbs: number } {
  const { data, rows: n, width: w } = work;
  const sign = Float64Array.of(1, 0);
  let logAbs = 0;
  for (let i = 0; i < n; i++) {
    const at = (i + i * n) * w;
    const im = w === 2 ? data[at + 1]! : 0;
    const size = Math.hypot(data[at]!, im);
    if (size === 0) return { sign: new Float64Array(2), logAbs: Number.NEGATIVE_INFINITY };
    const flip = pivots[i] === i ? 1 : -1;
    multiplyComplex(sign[0]!, sign[1]!, (flip * data[at]!) / size, (flip * im) / size, sign, 0);
    logAbs += Math.log(size);
  }
  return { sign, logAbs };
}

/** The product of the pivots, as two parts. */
function determinant({ work, pivots }: LU): Float64Array {
  const { data, rows: n, width: w } = work;
  const product = Float64Array.of(1, 0);
  for (let i = 0; i < n; i++) {
    const at = (i + i * n) * w;
    const flip = pivots[i] === i ? 1 : -1;
    multiplyComplex(
      product[0]!,
      product[1]!,
      flip * data[at]!,
      w === 2 ? flip * data[at + 1]! : 0,
      product,
      0,
    );
  }
  return product;
}

/** A tensor of numbers given as two parts, of which the first goes into a real dtype. */
function collect(parts: readonly Float64Array[], shape: readonly number[], dtype: DType): Tensor {
  const width = isComplex(dtype) ? 2 : 1;
  const out = allocate(dtype, parts.length);
  parts.forEach((part, i) => {
    for (let j = 0; j < width; j++) out[i * width + j] = part[j]!;
  });
  return new Tensor(out, shape, dtype);
}

/** tr(a⁻¹ da): how the logarithm of the determinant moves. */
const logTangent = (caller: string, a: Tensor, da: Tensor): Tensor =>
  inverse(`derivative of ${caller}`, a)
    .mT()
    .mul(da)
    .sum({ axis: [-2, -1] });

const inverse = (caller: string, a: Tensor): Tensor =>
  solveFor(caller, a, eye(a.shape.at(-1)!, a.shape.at(-1)!, { dtype: a.dtype }));

const slogdetP: Primitive<undefined> = definePrimitive<undefined>({
  name: "slogdet",
  dtypes: FACTORED,
  abstractEval: ([a]) => {
    const shape = a!.shape.slice(0, -2);
    return [
      { shape, dtype: a!.dtype },
      { shape, dtype: realDType(a!.dtype) },
    ];
  },
  evaluate: ([a], _params, [sign, logAbs]) => {
    const found = luFactors("slogdet", a!).map(logDeterminant);
    return [
      collect(
        found.map((x) => x.sign),
        sign!.shape,
        sign!.dtype,
      ),
      collect(
        found.map((x) => Float64Array.of(x.logAbs)),
        logAbs!.shape,
        logAbs!.dtype,
      ),
    ];
  },
  jvp: ({ inputs: [a], tangents: [da], outputs: [sign] }) => {
    const moved = logTangent("slogdet", a!, da!);
    const turn: Tangent = isComplex(a!.dtype) ? sign!.mul(moved.sub(moved.real())) : null;
    return [turn, moved.real()];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

const detP: Primitive<undefined> = definePrimitive<undefined>({
  name: "det",
  dtypes: FACTORED,
  abstractEval: ([a]) => [{ shape: a!.shape.slice(0, -2), dtype: a!.dtype }],
  evaluate: ([a], _params, [output]) => [
    collect(luFactors("det", a!).map(determinant), output!.shape, output!.dtype),
  ],
  jvp: ({ inputs: [a], tangents: [da], outputs: [det] }) => [det!.mul(logTangent("det", a!, da!))],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * The determinant `[…]` of square a `[…, n, n]`, by LU with partial pivoting; O(n³). It leaves the range of numbers soon:
 * `slogdet` does not. The derivative is det(a) a⁻ᵀ: asking for it at a singular matrix throws DomainError.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity.
 */
export function det(a: Tensor): Tensor {
  checkSquare("det", a);
  return bindOne(detP, [factorable("det", a)], undefined);
}

/**
 * Sign and logarithm of the absolute value of the determinant of square a `[…, n, n]`, so that det a = sign · exp(logAbs);
 * a singular matrix gives 0 and -∞. O(n³). The derivative of log |det a| is a⁻ᵀ: asking for it at a singular matrix
 * throws DomainError.
 *
 * @throws as `det` does.
 */
export function slogdet(a: Tensor): SlogDet {
  checkSquare("slogdet", a);
  const [sign, logAbs] = bind(slogdetP, [factorable("slogdet", a)], undefined);
  return { sign: sign!, logAbs: logAbs! };
}

/**
 * The inverse of square a `[…, n, n]`; O(n³). To apply it to vectors `solve` is faster and more accurate.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN, infinity, and a matrix in which
 * elimination meets an exact zero.
 */
export function inv(a: Tensor): Tensor {
  checkSquare("inv", a);
  return inverse("inv", factorable("inv", a));
}
