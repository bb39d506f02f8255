// The number-theoretic transform: Fourier transforms over the integers modulo a prime, exact.

import { bindOne } from "../ops/bind.ts";
import { moveAxis, narrowAxis } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { definePrimitive, type Primitive } from "../ops/primitive.ts";
import { leadingBatch, noDerivative } from "../ops/rules.ts";
import { isInteger } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError } from "../tensor/errors.ts";
import { broadcastShapes, formatShape } from "../tensor/shape.ts";
import { Tensor, type TensorLike } from "../tensor/tensor.ts";
import { axisOf, resize } from "./arguments.ts";
import { invert, isPrime, multiply, multiplyBy, power, primeFactors, primitiveRoot } from "./modular.ts";

interface NttParams {
  readonly modulus: number;
  /** Multiplies the results. */
  readonly factor: number;
  readonly isInverse: boolean;
}

/** The powers of a root of unity of order n, and the same divided by the modulus. */
interface Roots {
  readonly values: Uint32Array;
  readonly ratios: Float64Array;
  readonly factors: readonly number[];
}
const known = new Map<string, Roots>();
/** Numbers kept in all tables together. */
const MOST_NUMBERS = 1 << 22;
let kept = 0;

function rootsModulo(n: number, p: number, isInverse: boolean): Roots {
  const key = `${n} ${p} ${isInverse}`;
  const found = known.get(key);
  if (found) return found;
  const forward = power(primitiveRoot(p), (p - 1) / n, p);
  const root = isInverse ? invert(forward, p) : forward;
  const values = new Uint32Array(n);
  const ratios = new Float64Array(n);
  let value = 1 % p;
  for (let i = 0; i < n; i++) {
    values[i] = value;
    ratios[i] = value / p;
    value = multiply(value, root, p);
  }
  const factors: number[] = [];
  for (const prime of primeFactors(n))
    for (let rest = n; rest % prime === 0; rest /= prime) factors.push(prime);
  if (kept + n > MOST_NUMBERS) {
    known.clear();
    kept = 0;
  }
  const made: Roots = { values, ratios, factors };
  known.set(key, made);
  kept += n;
  return made;
}

/** Σ x[j] r^(jk) times a factor along the last axis, for a root of unity r modulo a prime. */
const nttP: Primitive<NttParams> = definePrimitive<NttParams>({
  name: "ntt",
  dtypes: ["uint32"],
  abstractEval: ([x]) => [x!],
  evaluate: ([x], { modulus: p, factor, isInverse }, [output]) => {
    const n = x!.shape.at(-1)!;
    const data = x!.toTypedArray() as Uint32Array;
    const roots = rootsModulo(n, p, isInverse);
    let from: Uint32Array = new Uint32Array(n);
    let to: Uint32Array = new Uint32Array(n);
    for (let row = 0; row < data.length; row += n) {
      for (let i = 0; i < n; i++) from[i] = data[row + i]! % p;
      let m = n;
      let s = 1;
      for (const radix of roots.factors) {
        m /= radix;
        if (radix === 2) passBy2(from, to, m, s, roots, p);
        else pass(from, to, radix, m, s, roots, p);
        s *= radix;
        [from, to] = [to, from];
      }
      for (let i = 0; i < n; i++) data[row + i] = factor === 1 ? from[i]! : multiply(from[i]!, factor, p);
    }
    return [new Tensor(data, output!.shape, output!.dtype)];
  },
  ...noDerivative,
  batch: leadingBatch,
});

/** A pass of Stockham's algorithm (see device/stockham.ts) of radix 2. */
function passBy2(
  x: Uint32Array,
  y: Uint32Array,
  m: number,
  s: number,
  { values, ratios }: Roots,
  p: number,
): void {
  for (let j = 0; j < m; j++) {
    const w = values[j * s]!;
    const ratio = ratios[j * s]!;
    for (let q = 0; q < s; q++) {
      const a = x[q + s * j]!;
      const b = x[q + s * (j + m)]!;
      const sum = a + b;
      y[q + 2 * s * j] = sum >= p ? sum - p : sum;
      const difference = a - b;
      y[q + s * (2 * j + 1)] = multiplyBy(difference < 0 ? difference + p : difference, w, ratio, p);
    }
  }
}

/** A pass of any radix. */
function pass(
  x: Uint32Array,
  y: Uint32Array,
  radix: number,
  m: number,
  s: number,
  { values, ratios }: Roots,
  p: number,
): void {
  const n = values.length;
  for (let j = 0; j < m; j++)
    for (let k = 0; k < radix; k++) {
      const turn = (j * k * s) % n;
      for (let q = 0; q < s; q++) {
        let sum = 0;
        for (let i = 0; i < radix; i++) {
          const at = (turn + i * k * (n / radix)) % n;
          sum += multiplyBy(x[q + s * (j + i * m)]!, values[at]!, ratios[at]!, p);
          if (sum >= p) sum -= p;
        }
        y[q + s * (radix * j + k)] = sum;
      }
    }
}

export interface NttOptions {
  /** A prime below 2^31 of which the length divides the predecessor; 998244353 = 119 · 2^23 + 1 unless told. */
  readonly modulus?: number;
  /** Length to which the axis is cut or filled up with zeros. */
  readonly n?: number;
  /** The last one unless told. */
  readonly axis?: number;
}

const USUAL_MODULUS = 998244353;

function checkModulus(what: string, p: number): void {
  if (!(Number.isInteger(p) && p > 1 && p < 2 ** 31 && isPrime(p)))
    throw new DomainError(`${what}: modulus must be a prime below 2^31, got ${p}`);
}

function residues(what: string, value: TensorLike, p: number): Tensor {
  const x = asTensor(value, what);
  if (!isInteger(x.dtype)) throw new DTypeError(`${what}: a tensor of integers was expected, got ${x.dtype}`);
  // Negative numbers get their residues in float64, which holds all of them.
  if (x.dtype === "uint32" || x.dtype === "uint8") return x.astype("uint32");
  const wide = x.astype("float64");
  return wide
    .less(0)
    .where(wide.add(Math.ceil(2 ** 31 / p) * p), wide)
    .astype("uint32");
}

function transform(
  what: string,
  value: TensorLike,
  isInverse: boolean,
  { modulus: p = USUAL_MODULUS, n: wanted, axis }: NttOptions,
): Tensor {
  checkModulus(what, p);
  const given = residues(what, value, p);
  const at = axisOf(what, given, axis);
  const x = resize(what, given, at, wanted);
  const n = x.shape[at]!;
  if ((p - 1) % n !== 0)
    throw new DomainError(
      `${what}: there is no root of unity of order ${n} modulo ${p}: the length must divide ${p - 1}`,
    );
  const factor = isInverse ? invert(n % p, p) : 1;
  const y = bindOne(nttP, [moveAxis(x, at, -1)], { modulus: p, factor, isInverse });
  return moveAxis(y, -1, at);
}

/**
 * The number-theoretic transform X[k] = Σ x[j] r^(jk) mod p along an axis, where r = g^((p-1)/n) for the least
 * primitive root g of the prime p. Takes integers, gives uint32 in [0, p). O(n Σ rᵢ) for a length of prime factors rᵢ
 * (J. Pollard, "The fast Fourier transform in a finite field", Math. Comp. 25, 1971). Throws DomainError when the
 * modulus is not a prime below 2^31 or the length does not divide p - 1, and DTypeError for fractions.
 */
export const ntt = (x: TensorLike, options: NttOptions = {}): Tensor => transform("ntt", x, false, options);

/** The inverse of `ntt`, exact. */
export const intt = (x: TensorLike, options: NttOptions = {}): Tensor => transform("intt", x, true, options);

export interface NttConvolveOptions {
  readonly modulus?: number;
  /** `cyclic` wraps around and wants equal lengths; `full` (unless told) keeps all n + m - 1 numbers. */
  readonly mode?: "full" | "cyclic";
}

/**
 * The convolution of integers modulo a prime along the last axis, exact: uint32. O(n log n). Throws as `ntt` does: in
 * mode `full` for a length of 2^k >= n + m - 1.
 */
export function nttConvolve(a: TensorLike, b: TensorLike, options: NttConvolveOptions = {}): Tensor {
  const { modulus: p = USUAL_MODULUS, mode = "full" } = options;
  checkModulus("nttConvolve", p);
  if (mode !== "full" && mode !== "cyclic")
    throw new DomainError(`nttConvolve: mode must be "full" or "cyclic", got ${String(mode)}`);
  const [x, y] = [residues("nttConvolve", a, p), residues("nttConvolve", b, p)];
  for (const operand of [x, y])
    if (operand.ndim === 0 || operand.shape.at(-1) === 0)
      throw new ShapeError(
        `nttConvolve: operands with elements along a last axis were expected, got shape ${formatShape(operand.shape)}`,
      );
  broadcastShapes(x.shape.slice(0, -1), y.shape.slice(0, -1));
  const [n, m] = [x.shape.at(-1)!, y.shape.at(-1)!];
  if (mode === "cyclic" && n !== m)
    throw new ShapeError(`nttConvolve: for mode "cyclic" lengths must agree, got ${n} and ${m}`);
  const whole = mode === "cyclic" ? n : n + m - 1;
  const length = mode === "cyclic" ? n : 2 ** Math.ceil(Math.log2(whole));
  const options2 = { modulus: p, n: length };
  const product = multiplyModulo(ntt(x, options2), ntt(y, options2), p);
  return narrowAxis(intt(product, { modulus: p }), product.ndim - 1, 0, whole);
}

/** a · b mod p element by element, as a primitive of its own: products of doubles would not be exact. */
const multiplyModP: Primitive<{ readonly modulus: number }> = definePrimitive<{ readonly modulus: number }>({
  name: "multiplyModulo",
  dtypes: ["uint32"],
  abstractEval: ([a]) => [a!],
  evaluate: ([a, b], { modulus: p }, [output]) => {
    const [x, y] = [a!.data(), b!.data()];
    const data = new Uint32Array(a!.size);
    for (let i = 0; i < data.length; i++) data[i] = multiply(x[i]! % p, y[i]! % p, p);
    return [new Tensor(data, output!.shape, output!.dtype)];
  },
  ...noDerivative,
  batch: leadingBatch,
});

function multiplyModulo(a: Tensor, b: Tensor, modulus: number): Tensor {
  const shape = broadcastShapes(a.shape, b.shape);
  return bindOne(multiplyModP, [a.broadcastTo(shape), b.broadcastTo(shape)], { modulus });
}
