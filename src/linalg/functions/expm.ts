// The exponential of a matrix, its Fréchet derivative, and what is made of exponentials.
// Source: Al-Mohy and Higham, "A new scaling and squaring algorithm for the matrix exponential" (2009).
import { bindOne } from "../../ops/bind.ts";
import { complexFrom } from "../../ops/complex.ts";
import { zerosLike } from "../../ops/rules.ts";
import { complexDType, isComplex } from "../../tensor/dtype.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSquare, factorable, meet } from "../base/matrix.ts";
import { combine, product, solveGeneral } from "../kernels/dense.ts";
import { oneNorm, productNorm } from "../kernels/powerNorm.ts";
import type { Width } from "../kernels/vector.ts";
import { applyFunction, frechetP, type MatrixFunction } from "./matrixFunction.ts";

/** Coefficients of the numerators of the diagonal Padé approximants. */
const PADE: Readonly<Record<number, readonly number[]>> = {
  3: [120, 60, 12, 1],
  5: [30240, 15120, 3360, 420, 30, 1],
  7: [17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1],
  9: [17643225600, 8821612800, 2075673600, 302702400, 30270240, 2162160, 110880, 3960, 90, 1],
  13: [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
  ],
};

/** Norms up to which the approximant of a degree has a backward error of at most 2⁻⁵³. */
const THETA: Readonly<Record<number, number>> = {
  3: 1.495585217958292e-2,
  5: 2.53939833006323e-1,
  7: 9.504178996162932e-1,
  9: 2.097847961257068,
  13: 4.25,
};

const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1));

/** Further halvings that rounding asks for: the leading term of the backward error in the absolute values of A. */
function extra(w: Width, n: number, a: Float64Array, scale: number, degree: number): number {
  const norm = scale * oneNorm(w, n, a);
  if (norm === 0) return 0;
  const p = 2 * degree + 1;
  const sizes = new Float64Array(n * n);
  for (let i = 0; i < sizes.length; i++)
    sizes[i] = scale * (w === 1 ? Math.abs(a[i]!) : Math.hypot(a[2 * i]!, a[2 * i + 1]!));
  // ‖|A|ᵖ‖₁ by p products of a row of ones with |A|.
  let row = new Float64Array(n).fill(1);
  for (let step = 0; step < p; step++) {
    const next = new Float64Array(n);
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += row[i]! * sizes[i + j * n]!;
      next[j] = sum;
    }
    row = next;
  }
  const power = row.reduce((top, v) => Math.max(top, v), 0);
  const choose = factorial(2 * degree) / (factorial(degree) * factorial(degree));
  const alpha = power / (choose * factorial(p)) / norm;
  return alpha === 0 ? 0 : Math.max(0, Math.ceil(Math.log2(alpha / 2 ** -53) / (2 * degree)));
}

/** U (odd part) and V (even part) of the approximant of degree 3 … 9 from even powers of A. */
function parts(
  w: Width,
  n: number,
  a: Float64Array,
  powers: readonly Float64Array[],
  degree: number,
): [Float64Array, Float64Array] {
  const b = PADE[degree]!;
  const terms = (from: number): (readonly [number, Float64Array])[] =>
    powers.slice(0, (degree - 1) / 2).map((x, i) => [b[2 * i + 2 + from]!, x] as const);
  return [product(w, n, a, combine(w, n, b[1]!, terms(1))), combine(w, n, b[0]!, terms(0))];
}

/** (V − U)⁻¹ (V + U) */
function quotient(w: Width, n: number, u: Float64Array, v: Float64Array): Float64Array {
  const top = combine(w, n, 0, [
    [1, v],
    [1, u],
  ]);
  const bottom = combine(w, n, 0, [
    [1, v],
    [-1, u],
  ]);
  solveGeneral(w, n, bottom, top, n);
  return top;
}

/** exp of a column-major n x n matrix. O(n³), between 4 and 8 + log₂ ‖A‖ products. */
export function exponential(w: Width, n: number, a: Float64Array): Float64Array {
  const a2 = product(w, n, a, a);
  const a4 = product(w, n, a2, a2);
  const a6 = product(w, n, a4, a2);
  const d4 = oneNorm(w, n, a4) ** (1 / 4);
  const d6 = oneNorm(w, n, a6) ** (1 / 6);
  if (!Number.isFinite(d6)) throw new DomainError("expm: a is so large that its powers overflow");
  const powers = [a2, a4, a6];
  const eta1 = Math.max(d4, d6);
  for (const degree of [3, 5] as const)
    if (eta1 <= THETA[degree]! && extra(w, n, a, 1, degree) === 0)
      return quotient(w, n, ...parts(w, n, a, powers, degree));
  const d8 = productNorm(w, n, [a4, a4]) ** (1 / 8);
  const eta3 = Math.max(d6, d8);
  for (const degree of [7, 9] as const)
    if (eta3 <= THETA[degree]! && extra(w, n, a, 1, degree) === 0) {
      if (degree === 9) powers.push(product(w, n, a4, a4));
      return quotient(w, n, ...parts(w, n, a, powers, degree));
    }
  const d10 = productNorm(w, n, [a4, a6]) ** (1 / 10);
  const eta5 = Math.min(eta3, Math.max(d8, d10));
  let s = eta5 === 0 ? 0 : Math.max(0, Math.ceil(Math.log2(eta5 / THETA[13]!)));
  s += extra(w, n, a, 2 ** -s, 13);
  const scaled = (x: Float64Array, power: number): Float64Array => x.map((v) => v * 2 ** (-s * power));
  let x = degree13(w, n, scaled(a, 1), scaled(a2, 2), scaled(a4, 4), scaled(a6, 6));
  for (let step = 0; step < s; step++) x = product(w, n, x, x);
  return x;
}

function degree13(
  w: Width,
  n: number,
  a: Float64Array,
  a2: Float64Array,
  a4: Float64Array,
  a6: Float64Array,
): Float64Array {
  const b = PADE[13]!;
  const high = (k: number): Float64Array =>
    combine(w, n, 0, [
      [b[k]!, a6],
      [b[k - 2]!, a4],
      [b[k - 4]!, a2],
    ]);
  const low = (k: number): (readonly [number, Float64Array])[] => [
    [b[k]!, a6],
    [b[k - 2]!, a4],
    [b[k - 4]!, a2],
  ];
  const odd = combine(w, n, b[1]!, [[1, product(w, n, a6, high(13))], ...low(7)]);
  const u = product(w, n, a, odd);
  const v = combine(w, n, b[0]!, [[1, product(w, n, a6, high(12))], ...low(6)]);
  return quotient(w, n, u, v);
}

export const EXPM: MatrixFunction = { name: "expm", evaluate: exponential };

/**
 * The exponential of square `[…, n, n]`: scaling and squaring with Padé approximants of degree 3 to 13, chosen by
 * norms of powers so that nothing is scaled more than needed (Al-Mohy and Higham 2009). The backward error is of the
 * size of rounding. O(n³): 4 to 8 products and log₂ ‖a‖ squarings. Derivatives of any order are Fréchet derivatives,
 * from matrices of twice the order for each order.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity, and for entries beyond about
 * 1e50, whose sixth power overflows.
 */
export function expm(a: Tensor): Tensor {
  checkSquare("expm", a);
  return applyFunction(EXPM, factorable("expm", a));
}

/**
 * The Fréchet derivative L(a, e) of `expm` at a along e, both `[…, n, n]`: the upper right block of exp([a e; 0 a]).
 * O(n³), eight times `expm`.
 *
 * @throws ShapeError unless both are square of one shape; otherwise as `expm`.
 */
export function expmFrechet(a: Tensor, e: Tensor): Tensor {
  checkSquare("expmFrechet", a);
  checkSquare("expmFrechet", e, "e");
  if (!sameShape(a.shape, e.shape))
    throw new ShapeError(
      `expmFrechet: a and e must have one shape, got ${formatShape(a.shape)} and ${formatShape(e.shape)}`,
    );
  const { dtype } = meet("expmFrechet", a, e);
  return bindOne(frechetP, [a.astype(dtype), e.astype(dtype)], { f: EXPM });
}

/** i a */
function timesI(a: Tensor): Tensor {
  if (!isComplex(a.dtype)) return complexFrom(zerosLike(a), a).astype(complexDType(a.dtype));
  return complexFrom(a.imag().neg(), a.real()).astype(a.dtype);
}

/**
 * The cosine of square `[…, n, n]`: (exp(i a) + exp(−i a)) / 2, which for real a is the real part of one exponential.
 *
 * @throws as `expm`.
 */
export function cosm(a: Tensor): Tensor {
  checkSquare("cosm", a);
  const x = factorable("cosm", a);
  const forward = applyFunction(EXPM, timesI(x));
  if (!isComplex(x.dtype)) return forward.real();
  return forward.add(applyFunction(EXPM, timesI(x).neg())).mul(0.5);
}

/**
 * The sine of square `[…, n, n]`: (exp(i a) − exp(−i a)) / 2i.
 *
 * @throws as `expm`.
 */
export function sinm(a: Tensor): Tensor {
  checkSquare("sinm", a);
  const x = factorable("sinm", a);
  const forward = applyFunction(EXPM, timesI(x));
  if (!isComplex(x.dtype)) return forward.imag();
  return timesI(forward.sub(applyFunction(EXPM, timesI(x).neg()))).mul(-0.5);
}
