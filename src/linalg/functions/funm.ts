// Any analytic function of a matrix by the Schur–Parlett method: eigenvalues that lie close together are gathered in
// blocks, in which the function is a Taylor series, and the recurrence of Parlett joins the blocks.
// Source: Davies and Higham, "A Schur–Parlett algorithm for computing matrix functions" (2003).
import type { Complex } from "../../tensor/complex.ts";
import { complexDType } from "../../tensor/dtype.ts";
import { ConvergenceError, DomainError } from "../../tensor/errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkSquare, factorable } from "../base/matrix.ts";
import { EPS } from "../kernels/deflate.ts";
import { combine, product } from "../kernels/dense.ts";
import { oneNorm } from "../kernels/powerNorm.ts";
import { swapBlocks } from "../kernels/schurSwap.ts";
import { solveTriangularSylvester, type Triangular, triangularOf } from "../kernels/triangularSylvester.ts";
import { maxAbs, multiply, negated } from "../kernels/vector.ts";
import { applyFunction, type MatrixFunction } from "./matrixFunction.ts";
import { complexSchur, fromSchur } from "./triangularFunction.ts";

/** An analytic function of a complex number. */
export type ScalarFunction = (z: Complex) => Complex;

export interface FunmOptions {
  /** The k-th derivative of f at z, k ≥ 1. Without it Taylor coefficients come from values on a circle. */
  readonly derivative?: (z: Complex, k: number) => Complex;
  /** Eigenvalues closer than this belong to one block; 0.1 unless told. */
  readonly blocking?: number;
}

/** Eigenvalues linked by distances of at most `delta` get one number; numbers count from 0 in order of appearance. */
function clusters(n: number, t: Float64Array, delta: number): Int32Array {
  const label = new Int32Array(n).fill(-1);
  let count = 0;
  for (let i = 0; i < n; i++) {
    if (label[i]! >= 0) continue;
    const open = [i];
    label[i] = count;
    for (let k = open.pop(); k !== undefined; k = open.pop()) {
      const p = 2 * k * (n + 1);
      for (let j = 0; j < n; j++) {
        const q = 2 * j * (n + 1);
        if (label[j]! >= 0 || Math.hypot(t[p]! - t[q]!, t[p + 1]! - t[q + 1]!) > delta) continue;
        label[j] = count;
        open.push(j);
      }
    }
    count++;
  }
  return label;
}

/** Makes the members of each cluster neighbours; returns the first rows of the blocks, and n. */
function gather(n: number, t: Float64Array, z: Float64Array, delta: number): number[] {
  const label = clusters(n, t, delta);
  const form = { width: 2, n, t, q: z, rows: n } as const;
  const starts: number[] = [];
  let place = 0;
  const total = n === 0 ? 0 : Math.max(...label) + 1;
  for (let c = 0; c < total; c++) {
    starts.push(place);
    for (let i = place; i < n; i++) {
      if (label[i] !== c) continue;
      for (let k = i; k > place; k--) {
        swapBlocks(form, k - 1, 1, 1);
        label[k] = label[k - 1]!;
      }
      label[place] = c;
      place++;
    }
  }
  return [...starts, n];
}

/** Points on the circle that gives Taylor coefficients. */
const POINTS = 64;

/** Taylor coefficients of f at a point, from its derivatives or from Cauchy's integral over a circle. */
function taylor(
  f: ScalarFunction,
  options: FunmOptions,
  at: Complex,
  radius: number,
): (k: number) => Complex {
  const { derivative } = options;
  if (derivative) {
    let factorial = 1;
    let last = 0;
    return (k) => {
      if (k === 0) return f(at);
      for (; last < k; last++) factorial *= last + 1;
      const { re, im } = derivative(at, k);
      return { re: re / factorial, im: im / factorial };
    };
  }
  const values = Array.from({ length: POINTS }, (_, j) => {
    const angle = (2 * Math.PI * j) / POINTS;
    return f({ re: at.re + radius * Math.cos(angle), im: at.im + radius * Math.sin(angle) });
  });
  return (k) => {
    if (k >= POINTS / 2) return { re: 0, im: 0 };
    let re = 0;
    let im = 0;
    values.forEach((v, j) => {
      const angle = (-2 * Math.PI * ((j * k) % POINTS)) / POINTS;
      re += v.re * Math.cos(angle) - v.im * Math.sin(angle);
      im += v.re * Math.sin(angle) + v.im * Math.cos(angle);
    });
    const factor = radius ** -k / POINTS;
    return { re: re * factor, im: im * factor };
  };
}

/** Terms of a series after which it is given up. */
const MOST_TERMS = 250;

/** f of a triangle whose eigenvalues lie close together: Σ cₖ (T − σ I)ᵏ. */
function atomic(f: ScalarFunction, options: FunmOptions, n: number, t: Float64Array): Float64Array {
  let re = 0;
  let im = 0;
  for (let i = 0; i < n; i++) {
    re += t[2 * i * (n + 1)]! / n;
    im += t[2 * i * (n + 1) + 1]! / n;
  }
  const shifted = t.slice();
  let spread = 0;
  for (let i = 0; i < n; i++) {
    const p = 2 * i * (n + 1);
    shifted[p]! -= re;
    shifted[p + 1]! -= im;
    spread = Math.max(spread, Math.hypot(shifted[p]!, shifted[p + 1]!));
  }
  const radius = Math.max(3 * spread, Math.hypot(re, im) / 2) || 1;
  const coefficient = taylor(f, options, { re, im }, radius);
  const sum = new Float64Array(2 * n * n);
  let power = combine(2, n, 1, []);
  let small = 0;
  for (let k = 0; k < MOST_TERMS; k++) {
    const c = coefficient(k);
    let most = 0;
    for (let i = 0; i < power.length; i += 2) {
      const a = c.re * power[i]! - c.im * power[i + 1]!;
      const b = c.re * power[i + 1]! + c.im * power[i]!;
      sum[i]! += a;
      sum[i + 1]! += b;
      most = Math.max(most, Math.abs(a), Math.abs(b));
    }
    if (!Number.isFinite(most))
      throw new DomainError(`funm: f or a derivative of it is not finite near the eigenvalue ${re} + ${im}i`);
    power = product(2, n, power, shifted);
    const isNilpotent = oneNorm(2, n, power) === 0;
    small = most <= EPS * maxAbs(sum, 0, sum.length) ? small + 1 : 0;
    // Powers of a triangle may rise before they fall: at least n terms, and two small ones in a row.
    if (isNilpotent || (small >= 2 && k >= n)) return sum;
  }
  throw new ConvergenceError(
    `funm: the Taylor series of f at the eigenvalue ${re} + ${im}i did not converge for a block of ${n} eigenvalues`,
  );
}

/** F with F T = T F from its diagonal blocks: each block above solves a Sylvester equation. */
function parlett(
  f: ScalarFunction,
  options: FunmOptions,
  n: number,
  t: Float64Array,
  starts: readonly number[],
): Float64Array {
  const ld = 2 * n;
  const out = new Float64Array(2 * n * n);
  const count = starts.length - 1;
  const sizeOf = (b: number): number => starts[b + 1]! - starts[b]!;
  const at = (i: number, j: number): number => 2 * starts[i]! + starts[j]! * ld;
  const least = EPS * EPS * maxAbs(t, 0, t.length) + 2 ** -1000;
  for (let j = 0; j < count; j++) {
    const m = sizeOf(j);
    if (m === 1) {
      const p = at(j, j);
      const { re, im } = f({ re: t[p]!, im: t[p + 1]! });
      if (!Number.isFinite(re) || !Number.isFinite(im))
        throw new DomainError(`funm: f is not finite at the eigenvalue ${t[p]} + ${t[p + 1]}i`);
      out[p] = re;
      out[p + 1] = im;
    } else {
      const block = new Float64Array(2 * m * m);
      for (let k = 0; k < m; k++)
        block.set(t.subarray(at(j, j) + k * ld, at(j, j) + k * ld + 2 * m), 2 * m * k);
      const found = atomic(f, options, m, block);
      for (let k = 0; k < m; k++) out.set(found.subarray(2 * m * k, 2 * m * (k + 1)), at(j, j) + k * ld);
    }
    const whole: Triangular = triangularOf(2, n, t);
    for (let i = j - 1; i >= 0; i--) {
      // Tᵢᵢ Fᵢⱼ − Fᵢⱼ Tⱼⱼ = Fᵢᵢ Tᵢⱼ − Tᵢⱼ Fⱼⱼ + Σ (Fᵢₖ Tₖⱼ − Tᵢₖ Fₖⱼ) over the blocks between, side by side.
      const rows = sizeOf(i);
      const between = starts[j]! - starts[i]!;
      const inner = starts[j]! - starts[i + 1]!;
      const right = new Float64Array(2 * rows * m);
      const target = { data: right, offset: 0, ld: 2 * rows };
      const add = { accumulate: true } as const;
      multiply(
        2,
        rows,
        m,
        between,
        { data: out, offset: at(i, i), ld },
        { data: t, offset: at(i, j), ld },
        target,
        add,
      );
      const minus = negated(2, inner + m, m, out, at(i + 1, j), ld);
      multiply(2, rows, m, inner + m, { data: t, offset: at(i, i + 1), ld }, minus, target, add);
      const upper = { ...whole, at: at(i, i), n: rows };
      const corner = negated(2, m, m, t, at(j, j), ld);
      solveTriangularSylvester(2, upper, triangularOf(2, m, corner.data), right, 0, 2 * rows, least);
      for (let k = 0; k < m; k++)
        out.set(right.subarray(2 * rows * k, 2 * rows * (k + 1)), at(i, j) + k * ld);
    }
  }
  return out;
}

/**
 * The function f of square `[…, n, n]`, complex: on the complex Schur form, eigenvalues closer than `blocking` in one
 * block, Taylor series inside of blocks and Parlett's recurrence between them (Davies and Higham 2003); O(28 n³) and up
 * to O(n⁴) in large blocks. f must be analytic near the eigenvalues. With `derivative` blocks are exact to rounding as
 * far as the series goes; without it the coefficients are means of 64 values of f on a circle around the block, whose
 * radius is three times that of the block or half the distance to the origin: f must be analytic inside of that.
 * Nearby blocks cost digits, about a factor ‖a‖ / blocking each in the worst case. Derivatives are Fréchet
 * derivatives, for which f is needed near the eigenvalues too.
 *
 * @throws ShapeError unless square; DTypeError for float8; DomainError for NaN or infinity in a or f; ConvergenceError
 * when a series does not converge.
 */
export function funm(a: Tensor, f: ScalarFunction, options: FunmOptions = {}): Tensor {
  checkSquare("funm", a);
  const { blocking = 0.1 } = options;
  if (!(blocking > 0)) throw new DomainError(`funm: blocking must be positive, got ${blocking}`);
  const kind: MatrixFunction = {
    name: "funm",
    evaluate: (w, n, x) => {
      const { t, z } = complexSchur("funm", w, n, x);
      const starts = gather(n, t, z, blocking);
      return fromSchur(2, n, z, parlett(f, options, n, t, starts));
    },
  };
  const x = factorable("funm", a);
  return applyFunction(kind, x.astype(complexDType(x.dtype)));
}
