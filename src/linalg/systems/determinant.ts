// Determinant and inverse by LU.
import { bind, bindOne } from "../../ops/bind.ts";
import { multiplyComplex } from "../../ops/complexMath.ts";
import { definePrimitive, JET_FROM_JVP, type Primitive, type Tangent } from "../../ops/primitive.ts";
import { leadingBatch } from "../../ops/rules.ts";
import { eye } from "../../tensor/create.ts";
import { allocate, type DType, isComplex, realDType } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { chain } from "../base/derivative.ts";
import { checkSquare, FACTORED, factorable, overBatch, store } from "../base/matrix.ts";
import { zeroOnDiagonal } from "../kernels/triangular.ts";
import { scale } from "../kernels/vector.ts";
import { applyInverse, type LU, luFactors, solveFor } from "./solve.ts";

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
  // Adding 0 makes the -0 of a singular matrix 0.
  parts.forEach((part, i) => {
    for (let j = 0; j < width; j++) out[i * width + j] = part[j]! + 0;
  });
  return new Tensor(out, shape, dtype);
}

/**
 * det(A) A⁻ᵀ, column-major. Where elimination met zeros they are moved by as little as rounding moves the matrix: the
 * cofactors, being polynomials of the entries, notice no more of it.
 */
function cofactors({ work, pivots, ofTranspose }: LU): Float64Array {
  const { rows: n, width: w, top } = work;
  const least = top > 0 ? 2 ** -52 * top : 2 ** -500;
  const data = work.data.slice();
  for (let i = zeroOnDiagonal(w, n, data); i >= 0; i = zeroOnDiagonal(w, n, data))
    data[(i + i * n) * w] = least;
  const lu = { work: { ...work, data }, pivots, ofTranspose };
  const out = new Float64Array(n * n * w);
  for (let i = 0; i < n; i++) out[(i + i * n) * w] = 1;
  applyInverse(lu, out, n, true);
  const [re, im] = determinant(lu);
  scale(w, re!, im!, out, 0, n * n);
  return out;
}

const inverse = (caller: string, a: Tensor): Tensor =>
  solveFor(caller, a, eye(a.shape.at(-1)!, a.shape.at(-1)!, { dtype: a.dtype }));

/** Σ xᵢⱼ yᵢⱼ of each pair of matrices. */
const product = (x: Tensor, y: Tensor): Tensor => x.mul(y).sum({ axis: [-2, -1] });

/** Of each matrix the determinants of its minors with their signs: the derivative of `det`. */
const cofactorsP: Primitive<undefined> = definePrimitive<undefined>({
  name: "cofactors",
  dtypes: FACTORED,
  abstractEval: ([a]) => [a!],
  evaluate: ([a], _params, [output]) => {
    const { shape, dtype } = output!;
    const factors = luFactors("det", a!);
    const n = shape.at(-1)!;
    if (factors.length === 0) return [new Tensor(allocate(dtype, 0), shape, dtype)];
    let index = 0;
    return overBatch([a!], () => [store(cofactors(factors[index++]!), n, n, dtype)]);
  },
  jvp: ({ inputs: [a], tangents: [da], outputs: [c] }) => {
    const inverted = inverse("second derivative of det", a!).mT();
    const share = product(inverted, da!).expandDims(-1).expandDims(-1);
    return [c!.mul(share).sub(chain(inverted, da!.mT(), c!))];
  },
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

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
    // tr(a⁻¹ da)
    const moved = product(inverse("derivative of slogdet", a!).mT(), da!);
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
  jvp: ({ inputs: [a], tangents: [da] }) => [product(bindOne(cofactorsP, [a!], undefined), da!)],
  batch: leadingBatch,
  jet: JET_FROM_JVP,
});

/**
 * The determinant `[…]` of square a `[…, n, n]`, by LU with partial pivoting; O(n³). It leaves the range of numbers
 * soon, which `slogdet` does not. The derivative, the matrix of cofactors det(a) a⁻ᵀ, is found at singular matrices
 * too; asking for a second one there throws DomainError.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity.
 */
export function det(a: Tensor): Tensor {
  checkSquare("det", a);
  return bindOne(detP, [factorable("det", a)], undefined);
}

/**
 * Sign and logarithm of the absolute value of the determinant of square a `[…, n, n]`: det a = sign · exp(logAbs). A
 * singular matrix gives 0 and -∞. O(n³). The derivative of log |det a| is a⁻ᵀ: asking for it at a singular matrix
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
