// Helpers of the linalg tests: dense complex arithmetic in plain loops, random and structured matrices, residuals.

import type { Tensor } from "polyadic/tensor";
import { tensor } from "polyadic/tensor";

/** A dense matrix as separate row-major parts. */
export interface Dense {
  readonly m: number;
  readonly n: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export function dense(x: Tensor): Dense {
  const [m, n] = x.ndim === 1 ? [x.shape[0]!, 1] : [x.shape[0]!, x.shape[1]!];
  const data = x.data();
  const isComplex = x.dtype.startsWith("complex");
  const re = new Float64Array(m * n);
  const im = new Float64Array(m * n);
  for (let i = 0; i < m * n; i++) {
    re[i] = isComplex ? data[2 * i]! : data[i]!;
    im[i] = isComplex ? data[2 * i + 1]! : 0;
  }
  return { m, n, re, im };
}

export function times(a: Dense, b: Dense): Dense {
  const re = new Float64Array(a.m * b.n);
  const im = new Float64Array(a.m * b.n);
  for (let i = 0; i < a.m; i++)
    for (let k = 0; k < a.n; k++) {
      const x = a.re[i * a.n + k]!;
      const y = a.im[i * a.n + k]!;
      for (let j = 0; j < b.n; j++) {
        const p = b.re[k * b.n + j]!;
        const q = b.im[k * b.n + j]!;
        re[i * b.n + j]! += x * p - y * q;
        im[i * b.n + j]! += x * q + y * p;
      }
    }
  return { m: a.m, n: b.n, re, im };
}

export function adjoint(a: Dense): Dense {
  const re = new Float64Array(a.m * a.n);
  const im = new Float64Array(a.m * a.n);
  for (let i = 0; i < a.m; i++)
    for (let j = 0; j < a.n; j++) {
      re[j * a.m + i] = a.re[i * a.n + j]!;
      im[j * a.m + i] = -a.im[i * a.n + j]!;
    }
  return { m: a.n, n: a.m, re, im };
}

export function scaleColumns(a: Dense, s: ArrayLike<number>): Dense {
  return { ...a, re: a.re.map((v, i) => v * s[i % a.n]!), im: a.im.map((v, i) => v * s[i % a.n]!) };
}

/** Largest absolute entry of a − b, or of a. */
export function distance(a: Dense, b?: Dense): number {
  let top = 0;
  for (let i = 0; i < a.re.length; i++) {
    const d = Math.hypot(a.re[i]! - (b?.re[i] ?? 0), a.im[i]! - (b?.im[i] ?? 0));
    if (!(d <= top)) top = d;
  }
  return top;
}

/** ‖QᴴQ − I‖ over n eps. */
export function orthogonality(q: Tensor, eps: number = 2 ** -52): number {
  const x = dense(q);
  const g = times(adjoint(x), x);
  for (let i = 0; i < x.n; i++) g.re[i * x.n + i]! -= 1;
  return distance(g) / (Math.max(1, x.m) * eps);
}

/** Frobenius norm of a − b, or of a, over `unit`. */
function frobenius(a: Dense, unit: number, b?: Dense): number {
  let sum = 0;
  for (let i = 0; i < a.re.length; i++)
    sum += ((a.re[i]! - (b?.re[i] ?? 0)) / unit) ** 2 + ((a.im[i]! - (b?.im[i] ?? 0)) / unit) ** 2;
  return Math.sqrt(sum);
}

/** ‖A − B‖ over n ‖A‖ eps. */
export function residual(a: Dense, b: Dense, eps: number = 2 ** -52): number {
  const unit = distance(a);
  const gap = distance(a, b);
  if (gap === 0) return 0;
  return frobenius(a, unit, b) / frobenius(a, unit) / (Math.max(a.m, a.n) * eps);
}

/** A small deterministic generator (Park and Miller) with normal output. */
export function gaussians(seed: number): () => number {
  let state = (seed * 48271 + 11) % 2147483647 || 1;
  const uniform = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < 10; i++) uniform();
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

export type Kind = "float64" | "complex128" | "float32" | "complex64";

/** A matrix from a function of (i, j), or Gaussian entries; complex kinds get an imaginary part of the same sort. */
export function matrix(
  m: number,
  n: number,
  kind: Kind,
  seed: number,
  weight: (i: number, j: number) => number = () => 1,
): Tensor {
  const next = gaussians(seed);
  const width = kind.startsWith("complex") ? 2 : 1;
  const data = new (kind === "float64" || kind === "complex128" ? Float64Array : Float32Array)(m * n * width);
  for (let i = 0; i < m * n; i++)
    for (let part = 0; part < width; part++)
      data[i * width + part] = next() * weight(Math.floor(i / n), i % n);
  return tensor(data, { dtype: kind, shape: [m, n] });
}

/** A tensor from a dense matrix. */
export function fromDense(a: Dense, kind: Kind): Tensor {
  const width = kind.startsWith("complex") ? 2 : 1;
  const data = new (kind === "float64" || kind === "complex128" ? Float64Array : Float32Array)(
    a.m * a.n * width,
  );
  for (let i = 0; i < a.m * a.n; i++) {
    data[i * width] = a.re[i]!;
    if (width === 2) data[i * width + 1] = a.im[i]!;
  }
  return tensor(data, { dtype: kind, shape: [a.m, a.n] });
}

/** B Bᴴ-like Hermitian matrix (A + Aᴴ)/2 of Gaussian entries. */
export function hermitian(n: number, kind: Kind, seed: number): Tensor {
  const a = dense(matrix(n, n, kind, seed));
  const b = adjoint(a);
  return fromDense(
    { ...a, re: a.re.map((v, i) => (v + b.re[i]!) / 2), im: a.im.map((v, i) => (v + b.im[i]!) / 2) },
    kind,
  );
}

export const epsilon = (kind: Kind): number =>
  kind === "float32" || kind === "complex64" ? 2 ** -23 : 2 ** -52;
