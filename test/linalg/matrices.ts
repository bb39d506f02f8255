// Named test matrices, from harmless to wicked, for every factorization: real and complex, of any size.
// Sources: Higham, "The Test Matrix Toolbox for MATLAB" (1995); LAPACK Working Note 41.
import type { Tensor } from "polyadic/tensor";
import { type Dense, fromDense, gaussians, type Kind, times } from "./check.ts";

/** An m x n matrix from a function of (i, j). */
function fill(m: number, n: number, entry: (i: number, j: number) => number): Dense {
  const re = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) re[i * n + j] = entry(i, j);
  return { m, n, re, im: new Float64Array(m * n) };
}

function gaussian(m: number, n: number, seed: number, isComplex: boolean): Dense {
  const next = gaussians(seed);
  const re = Float64Array.from({ length: m * n }, next);
  const im = Float64Array.from({ length: m * n }, () => (isComplex ? next() : 0));
  return { m, n, re, im };
}

/** A unitary (orthogonal) matrix: Gram and Schmidt, twice, on Gaussian columns. */
export function unitary(n: number, seed: number, isComplex: boolean): Dense {
  const q = gaussian(n, n, seed, isComplex);
  const { re, im } = q;
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < 2 * j; k++) {
      const l = k % j;
      let a = 0;
      let b = 0;
      for (let i = 0; i < n; i++) {
        const p = i * n + l;
        const r = i * n + j;
        a += re[p]! * re[r]! + im[p]! * im[r]!;
        b += re[p]! * im[r]! - im[p]! * re[r]!;
      }
      for (let i = 0; i < n; i++) {
        const p = i * n + l;
        const r = i * n + j;
        re[r]! -= a * re[p]! - b * im[p]!;
        im[r]! -= a * im[p]! + b * re[p]!;
      }
    }
    let size = 0;
    for (let i = 0; i < n; i++) size = Math.hypot(size, re[i * n + j]!, im[i * n + j]!);
    for (let i = 0; i < n; i++) {
      re[i * n + j]! /= size;
      im[i * n + j]! /= size;
    }
  }
  return q;
}

/** D A Dᴴ with unit phases on the diagonal of D: a complex matrix with the spectrum and singular values of A. */
function turned(a: Dense, isComplex: boolean): Dense {
  if (!isComplex) return a;
  const { m, n } = a;
  const re = new Float64Array(m * n);
  const im = new Float64Array(m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      const angle = 0.7 * (i * i - j * j);
      re[i * n + j] = a.re[i * n + j]! * Math.cos(angle);
      im[i * n + j] = a.re[i * n + j]! * Math.sin(angle);
    }
  return { m, n, re, im };
}

/** Q A Qᴴ with a random unitary Q. */
function mixed(a: Dense, seed: number, isComplex: boolean): Dense {
  const q = unitary(a.m, seed, isComplex);
  const adjoint = fill(a.m, a.m, (i, j) => q.re[j * a.m + i]!);
  for (let i = 0; i < a.m; i++) for (let j = 0; j < a.m; j++) adjoint.im[i * a.m + j] = -q.im[j * a.m + i]!;
  return times(times(q, a), adjoint);
}

const scaled = (a: Dense, factor: number): Dense => ({
  ...a,
  re: a.re.map((v) => v * factor),
  im: a.im.map((v) => v * factor),
});

const diagonal = (n: number, value: (i: number) => number): Dense =>
  fill(n, n, (i, j) => (i === j ? value(i) : 0));

/** Jordan blocks of length `size` with the values of `value`. */
const jordan = (n: number, size: number, value: (block: number) => number): Dense =>
  fill(n, n, (i, j) => {
    if (i === j) return value(Math.floor(i / size));
    return j === i + 1 && Math.floor(i / size) === Math.floor(j / size) ? 1 : 0;
  });

type Maker = (n: number, isComplex: boolean, seed: number) => Dense;

const isSingle = (kind: Kind): boolean => kind === "float32" || kind === "complex64";

/** Square matrices by name. `huge` and `tiny` are near the ends of the range of float32, or of float64. */
const SQUARE: Readonly<Record<string, Maker>> = {
  random: (n, isComplex, seed) => gaussian(n, n, seed, isComplex),
  identity: (n) => diagonal(n, () => 1),
  zero: (n) => diagonal(n, () => 0),
  diagonal: (n, isComplex) =>
    turned(
      diagonal(n, (i) => i - n / 3),
      isComplex,
    ),
  triangular: (n, isComplex, seed) => {
    const a = gaussian(n, n, seed, isComplex);
    const keep = (v: number, p: number): number => (p % n >= Math.floor(p / n) ? v : 0);
    return { ...a, re: a.re.map(keep), im: a.im.map(keep) };
  },
  orthogonal: (n, isComplex, seed) => unitary(n, seed, isComplex),
  skew: (n, isComplex, seed) => {
    const a = gaussian(n, n, seed, isComplex);
    return {
      ...fill(n, n, (i, j) => a.re[i * n + j]! - a.re[j * n + i]!),
      im: fill(n, n, (i, j) => a.im[i * n + j]! + a.im[j * n + i]!).re,
    };
  },
  graded: (n, isComplex, seed) => {
    const a = gaussian(n, n, seed, isComplex);
    const weigh = (v: number, p: number): number =>
      v * 10 ** ((-12 * (Math.floor(p / n) + (p % n))) / (2 * Math.max(1, n)));
    return { ...a, re: a.re.map(weigh), im: a.im.map(weigh) };
  },
  nearSingular: (n, isComplex, seed) =>
    mixed(
      fill(n, n, (i, j) => (i === j ? (i === n - 1 ? 1e-14 : 1 + i) : j > i ? 0.1 : 0)),
      seed,
      isComplex,
    ),
  lowRank: (n, isComplex, seed) =>
    times(gaussian(n, Math.ceil(n / 3), seed, isComplex), gaussian(Math.ceil(n / 3), n, seed + 1, isComplex)),
  clustered: (n, isComplex, seed) =>
    mixed(
      fill(n, n, (i, j) => (i === j ? (i % 2) + 1 + i * 1e-9 : j > i ? 0.2 : 0)),
      seed,
      isComplex,
    ),
  defective: (n, isComplex, seed) =>
    mixed(
      jordan(n, 3, (block) => 1 + (block % 2)),
      seed,
      isComplex,
    ),
  nilpotent: (n, isComplex) =>
    turned(
      jordan(n, n, () => 0),
      isComplex,
    ),
  hilbert: (n, isComplex) =>
    turned(
      fill(n, n, (i, j) => 1 / (i + j + 1)),
      isComplex,
    ),
  frank: (n, isComplex) =>
    turned(
      fill(n, n, (i, j) => (j < i - 1 ? 0 : n - Math.max(i, j))),
      isComplex,
    ),
  kahan: (n, isComplex) => {
    const [s, c] = [Math.sin(1.2), Math.cos(1.2)];
    return turned(
      fill(n, n, (i, j) => (i === j ? s ** i : j > i ? -c * s ** i : 0)),
      isComplex,
    );
  },
  grcar: (n, isComplex) =>
    turned(
      fill(n, n, (i, j) => (j === i - 1 ? -1 : j >= i && j <= i + 3 ? 1 : 0)),
      isComplex,
    ),
  // Of xⁿ + … + 2x + 1, coefficients 1, 2, 3, 1, 2, 3 …
  companion: (n, isComplex) =>
    turned(
      fill(n, n, (i, j) => (i === 0 ? -(1 + ((n - 1 - j) % 3)) : j === i - 1 ? 1 : 0)),
      isComplex,
    ),
  // The cyclic shift: an orthogonal matrix on which unshifted QR stands still.
  cyclic: (n, isComplex) =>
    turned(
      fill(n, n, (i, j) => (j === (i + 1) % n ? 1 : 0)),
      isComplex,
    ),
  badlyScaled: (n, isComplex, seed) => {
    const a = gaussian(n, n, seed, isComplex);
    const weigh = (v: number, p: number): number => v * 10 ** ((Math.floor(p / n) % 5) - ((p % n) % 5));
    return { ...a, re: a.re.map(weigh), im: a.im.map(weigh) };
  },
  // Block triangular up to a permutation, so that balancing isolates eigenvalues.
  permutedTriangular: (n, isComplex, seed) => {
    const a = gaussian(n, n, seed, isComplex);
    const place = (i: number): number => (i * 7 + 3) % Math.max(1, n);
    const keep = (v: number, p: number): number => (place(p % n) >= place(Math.floor(p / n)) ? v : 0);
    return { ...a, re: a.re.map(keep), im: a.im.map(keep) };
  },
};

/** Names of all square test matrices. */
export const squareNames: readonly string[] = [...Object.keys(SQUARE), "huge", "tiny"];

/** The n x n matrix of a name; the same for the same arguments. */
export function square(name: string, n: number, kind: Kind, seed = 1): Tensor {
  const isComplex = kind.startsWith("complex");
  if (name === "huge" || name === "tiny") {
    const range = isSingle(kind) ? 2 ** 115 : 2 ** 1000;
    const factor = name === "huge" ? range / Math.max(1, n) : 1 / range;
    return fromDense(scaled(gaussian(n, n, seed, isComplex), factor), kind);
  }
  const maker = SQUARE[name];
  if (!maker) throw new Error(`no test matrix "${name}"; there are ${squareNames.join(", ")}`);
  return fromDense(maker(n, isComplex, seed), kind);
}

/** Names of all rectangular test matrices. */
export const rectangularNames: readonly string[] = [
  "random",
  "zero",
  "lowRank",
  "graded",
  "nearSingular",
  "hilbert",
  "kahan",
  "huge",
  "tiny",
];

/** The m x n matrix of a name: the corner of a square one, or a product of low rank. */
export function rectangular(name: string, m: number, n: number, kind: Kind, seed = 1): Tensor {
  const isComplex = kind.startsWith("complex");
  if (name === "random") return fromDense(gaussian(m, n, seed, isComplex), kind);
  if (name === "lowRank") {
    const rank = Math.ceil(Math.min(m, n) / 3);
    return fromDense(times(gaussian(m, rank, seed, isComplex), gaussian(rank, n, seed + 1, isComplex)), kind);
  }
  return square(name, Math.max(m, n), kind, seed).at(`:${m}`, `:${n}`);
}

/** Sizes that reach the empty matrix, every special case of small ones and one block. */
export const smallSizes: readonly number[] = [0, 1, 2, 3, 5, 10];

export const kinds: readonly Kind[] = ["float64", "complex128", "float32", "complex64"];
