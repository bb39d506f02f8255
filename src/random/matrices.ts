// Orthogonal and unitary matrices from Haar's measure: the factor Q of a matrix of normal numbers whose R has a positive diagonal,
// without that matrix. Stewart, "The efficient generation of random orthogonal matrices" (1980); Mezzadri, "How to generate random
// matrices from the classical compact groups" (2007), for the phases.

import type { DType } from "../tensor/dtype.ts";
import { DomainError, DTypeError } from "../tensor/errors.ts";
import { checkShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkReal, type DrawOptions } from "./distributions.ts";
import type { Key } from "./key.ts";
import { keyedPrimitive } from "./keyed.ts";
import { fillNormal } from "./normals.ts";

interface MatrixParams {
  readonly rows: number;
  readonly columns: number;
  readonly dtype: DType;
}

/**
 * Q = H₀ H₁ … D, applied from the last reflection to the first. Hₖ turns a normal vector of length n - k to a multiple of a unit
 * vector, and D takes the signs (phases) out. Entries are pairs; the imaginary parts stay 0 for real matrices.
 */
function fillHaar(
  key0: number,
  key1: number,
  out: { [i: number]: number; length: number },
  params: MatrixParams,
): void {
  const { rows: n, columns: m, dtype } = params;
  const isReal = !dtype.startsWith("complex");
  const width = isReal ? 1 : 2;
  // One vector after the other, of lengths n, n - 1 …
  const vectors = new Float64Array(width * (n * m - (m * (m - 1)) / 2));
  fillNormal(key0, key1, vectors);
  const re = new Float64Array(n * m);
  const im = new Float64Array(n * m);
  const vRe = new Float64Array(n);
  const vIm = new Float64Array(n);
  const sumRe = new Float64Array(m);
  const sumIm = new Float64Array(m);
  for (let k = m - 1, end = vectors.length; k >= 0; k--) {
    const length = n - k;
    const start = end - width * length;
    let squares = 0;
    for (let i = 0; i < length; i++) {
      vRe[i] = vectors[start + width * i]!;
      vIm[i] = isReal ? 0 : vectors[start + 2 * i + 1]!;
      squares += vRe[i]! * vRe[i]! + vIm[i]! * vIm[i]!;
    }
    end = start;
    const norm = Math.sqrt(squares);
    const head = Math.hypot(vRe[0]!, vIm[0]!);
    const phaseRe = vRe[0]! / head;
    const phaseIm = vIm[0]! / head;
    vRe[0]! += norm * phaseRe;
    vIm[0]! += norm * phaseIm;
    // v*v = 2 |x| (|x| + |x₀|)
    const factor = 1 / (norm * (norm + head));
    re[k * m + k] = -phaseRe;
    im[k * m + k] = -phaseIm;
    sumRe.fill(0);
    sumIm.fill(0);
    for (let i = 0; i < length; i++)
      for (let j = k, at = (k + i) * m + k; j < m; j++, at++) {
        sumRe[j]! += vRe[i]! * re[at]! + vIm[i]! * im[at]!;
        sumIm[j]! += vRe[i]! * im[at]! - vIm[i]! * re[at]!;
      }
    for (let i = 0; i < length; i++) {
      const a = factor * vRe[i]!;
      const b = factor * vIm[i]!;
      for (let j = k, at = (k + i) * m + k; j < m; j++, at++) {
        re[at]! -= a * sumRe[j]! - b * sumIm[j]!;
        im[at]! -= a * sumIm[j]! + b * sumRe[j]!;
      }
    }
  }
  if (isReal) for (let i = 0; i < re.length; i++) out[i] = re[i]!;
  else
    for (let i = 0; i < re.length; i++) {
      out[2 * i] = re[i]!;
      out[2 * i + 1] = im[i]!;
    }
}

const drawHaar = keyedPrimitive<MatrixParams>("randomHaar", {
  shape: ({ rows, columns }) => [rows, columns],
  dtype: ({ dtype }) => dtype,
  fill: fillHaar,
});

export interface MatrixOptions extends DrawOptions {
  /** Fewer than n give orthonormal columns: a point of the Stiefel manifold. n unless told. */
  readonly columns?: number;
}

function draw(name: string, from: Key, n: number, columns: number, dtype: DType): Tensor {
  checkShape([n, columns], `${name}: shape`);
  if (columns > n) throw new DomainError(`${name}: columns: at most n = ${n} were expected, got ${columns}`);
  return drawHaar(from, { rows: n, columns, dtype });
}

/** An orthogonal matrix `[n, columns]` from Haar's measure. O(n columns²). Throws DomainError for more columns than n. */
export function orthogonal(from: Key, n: number, options: MatrixOptions = {}): Tensor {
  const { columns = n, dtype = "float64" } = options;
  checkReal("orthogonal", dtype);
  return draw("orthogonal", from, n, columns, dtype);
}

/** A unitary matrix `[n, columns]` from Haar's measure, complex128 unless told. O(n columns²). Throws as `orthogonal`. */
export function unitary(from: Key, n: number, options: MatrixOptions = {}): Tensor {
  const { columns = n, dtype = "complex128" } = options;
  if (!dtype.startsWith("complex"))
    throw new DTypeError(`unitary: dtype complex128 or complex64 was expected, got ${dtype}`);
  return draw("unitary", from, n, columns, dtype);
}
