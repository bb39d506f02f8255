// From aggregates to the maps between levels: the tentative prolongator, its smoothing, and the coarse matrix.
// Source: Vaněk, Mandel and Brezina, "Algebraic multigrid by smoothed aggregation for second and fourth order elliptic
// problems", Computing 56 (1996).

import { Pattern } from "../base/pattern.ts";
import { diagonalPlaces, type RealRows } from "../direct/incompleteKernel.ts";
import { addTripleProduct, productPattern } from "../kernels/gustavson.ts";
import type { Aggregates } from "./aggregation.ts";

/**
 * The prolongator that is constant on aggregates, in the sense of k candidate vectors `[n, k]` (row-major): their parts on
 * each aggregate, made orthonormal, and the coefficients of the candidates in them, which are the coarse candidates. `size`
 * unknowns make a node.
 */
export function tentative(
  { count, of }: Aggregates,
  size: number,
  candidates: Float64Array,
  k: number,
): { readonly p: RealRows; readonly coarse: Float64Array } {
  const n = of.length * size;
  const indptr = new Int32Array(n + 1);
  const members: number[][] = Array.from({ length: count }, () => []);
  for (let i = 0; i < n; i++) {
    const group = of[Math.floor(i / size)];
    indptr[i + 1] = indptr[i] + (group < 0 ? 0 : k);
    if (group >= 0) members[group].push(i);
  }
  const indices = new Int32Array(indptr[n]);
  const values = new Float64Array(indptr[n]);
  const coarse = new Float64Array(count * k * k);
  for (let group = 0; group < count; group++) {
    const rows = members[group];
    for (const i of rows)
      for (let c = 0; c < k; c++) {
        indices[indptr[i] + c] = group * k + c;
        values[indptr[i] + c] = candidates[i * k + c];
      }
    orthonormalize(rows, indptr, values, k, coarse, group * k * k);
  }
  return { p: { pattern: new Pattern(n, count * k, indptr, indices), values }, coarse };
}

/** Columns that lose this much of their norm depend on those before them. */
const DEPENDENT = 1e-10;

/** Gram and Schmidt's procedure, twice over, on the rows of one aggregate; coefficients R `[k, k]` go to `r` from `at`. */
function orthonormalize(
  rows: readonly number[],
  indptr: Int32Array,
  values: Float64Array,
  k: number,
  r: Float64Array,
  at: number,
): void {
  const dot = (c: number, d: number): number => {
    let sum = 0;
    for (const i of rows) sum += values[indptr[i] + c] * values[indptr[i] + d];
    return sum;
  };
  for (let d = 0; d < k; d++) {
    const before = Math.sqrt(dot(d, d));
    for (let pass = 0; pass < 2; pass++)
      for (let c = 0; c < d; c++) {
        const share = dot(c, d);
        r[at + c * k + d] += share;
        for (const i of rows) values[indptr[i] + d] -= share * values[indptr[i] + c];
      }
    const norm = Math.sqrt(dot(d, d));
    const isDependent = !(norm > DEPENDENT * before);
    r[at + d * k + d] = isDependent ? 0 : norm;
    for (const i of rows) values[indptr[i] + d] = isDependent ? 0 : values[indptr[i] + d] / norm;
  }
}

/** The inverse diagonal. */
export function inverseDiagonal(name: string, { pattern, values }: RealRows): Float64Array {
  return Float64Array.from(diagonalPlaces(name, pattern), (p) => 1 / values[p]);
}

/**
 * An estimate from below of the largest eigenvalue of D⁻¹ A by a few steps of Lanczos' method on the symmetric
 * D^-½ A D^-½, always from the same vector.
 */
export function spectralRadius({ pattern, values }: RealRows, inverse: Float64Array, steps = 12): number {
  const n = pattern.rows;
  const roots = inverse.map(Math.sqrt);
  let previous = new Float64Array(n);
  let v = new Float64Array(n);
  // Neither smooth nor symmetric: multiples of the golden ratio modulo 1.
  let norm = 0;
  for (let i = 0; i < n; i++) {
    v[i] = ((i + 1) * 0.6180339887498949) % 1;
    if (i % 2) v[i] = -v[i];
    norm += v[i] * v[i];
  }
  norm = Math.sqrt(norm);
  for (let i = 0; i < n; i++) v[i] /= norm;
  const alpha: number[] = [];
  const beta: number[] = [];
  for (let step = 0; step < Math.min(steps, n); step++) {
    const w = new Float64Array(n);
    let a = 0;
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let p = pattern.indptr[i]; p < pattern.indptr[i + 1]; p++) {
        const j = pattern.indices[p];
        sum += values[p] * roots[j] * v[j];
      }
      w[i] = sum * roots[i];
      a += w[i] * v[i];
    }
    alpha.push(a);
    const b = beta.at(-1) ?? 0;
    let rest = 0;
    for (let i = 0; i < n; i++) {
      w[i] -= a * v[i] + b * previous[i];
      rest += w[i] * w[i];
    }
    rest = Math.sqrt(rest);
    if (!(rest > 1e-12 * Math.abs(a))) break;
    beta.push(rest);
    for (let i = 0; i < n; i++) w[i] /= rest;
    previous = v;
    v = w;
  }
  return largestOfTridiagonal(alpha, beta);
}

/** The largest eigenvalue of a symmetric tridiagonal matrix by bisection with Sturm's sequence. */
function largestOfTridiagonal(alpha: readonly number[], beta: readonly number[]): number {
  let low = Math.max(...alpha);
  let high = low;
  alpha.forEach((a, i) => {
    high = Math.max(high, a + Math.abs(beta[i - 1] ?? 0) + (i < alpha.length - 1 ? Math.abs(beta[i]) : 0));
  });
  for (let step = 0; step < 60 && high - low > 1e-12 * high; step++) {
    const middle = 0.5 * (low + high);
    let isAbove = true;
    let pivot = 1;
    for (let i = 0; i < alpha.length && isAbove; i++) {
      const b = i > 0 ? beta[i - 1] : 0;
      pivot = middle - alpha[i] - (b * b) / pivot;
      isAbove = pivot > 0;
    }
    if (isAbove) high = middle;
    else low = middle;
  }
  return high;
}

/** a b */
export function product(a: RealRows, b: RealRows): RealRows {
  const pattern = productPattern(a.pattern, b.pattern);
  const values = new Float64Array(pattern.nnz);
  addTripleProduct(1, "c", {
    left: a.pattern,
    right: b.pattern,
    product: pattern,
    a: a.values,
    b: b.values,
    c: values,
  });
  return { pattern, values };
}

/** aᵀ */
export function transposed({ pattern, values }: RealRows): RealRows {
  const { pattern: turned, order } = pattern.transposed;
  return { pattern: turned, values: Float64Array.from(order, (p) => values[p]) };
}

/**
 * A without its weak connections, which are added to the diagonal so that sums of rows stay: what the prolongator is
 * smoothed with. Nodes of `size` unknowns; connections within a node stay.
 */
export function filtered(
  { pattern, values }: RealRows,
  strong: { readonly indptr: Int32Array; readonly indices: Int32Array },
  size: number,
): RealRows {
  const n = pattern.rows;
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(pattern.nnz);
  const kept = new Float64Array(pattern.nnz);
  const mark = new Int32Array(n / size).fill(-1);
  let at = 0;
  for (let i = 0; i < n; i++) {
    const node = Math.floor(i / size);
    mark[node] = node;
    for (let p = strong.indptr[node]; p < strong.indptr[node + 1]; p++) mark[strong.indices[p]] = node;
    let diagonal = -1;
    let lost = 0;
    for (let p = pattern.indptr[i]; p < pattern.indptr[i + 1]; p++) {
      const j = pattern.indices[p];
      if (mark[Math.floor(j / size)] !== node) {
        lost += values[p];
        continue;
      }
      if (j === i) diagonal = at;
      indices[at] = j;
      kept[at++] = values[p];
    }
    // A row that would lose its diagonal keeps it as it was.
    if (kept[diagonal] + lost > 0) kept[diagonal] += lost;
    indptr[i + 1] = at;
  }
  return { pattern: new Pattern(n, n, indptr, indices.slice(0, at)), values: kept.slice(0, at) };
}

/** (I − ω D⁻¹ A) T with ω = 4 / (3 ρ(D⁻¹ A)) */
export function smoothProlongator(name: string, a: RealRows, t: RealRows): RealRows {
  const inverse = inverseDiagonal(name, a);
  const omega = 4 / (3 * spectralRadius(a, inverse));
  const { pattern } = a;
  const values = a.values.slice();
  for (let i = 0; i < pattern.rows; i++)
    for (let p = pattern.indptr[i]; p < pattern.indptr[i + 1]; p++) {
      values[p] *= -omega * inverse[i];
      if (pattern.indices[p] === i) values[p] += 1;
    }
  return product({ pattern, values }, t);
}

/** Pᵀ A P; a row of zeros, which a dependent candidate leaves, gets a one on its diagonal. */
export function galerkin(a: RealRows, p: RealRows, restriction: RealRows): RealRows {
  const coarse = product(restriction, product(a, p));
  for (let i = 0; i < coarse.pattern.rows; i++) {
    const d = coarse.pattern.find(i, i);
    if (d >= 0 && coarse.values[d] === 0) coarse.values[d] = 1;
  }
  return coarse;
}
