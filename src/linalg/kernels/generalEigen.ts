// Eigenvalues and eigenvectors of a general matrix, by the device where it can find them.
import { type Balance, balanceMatrix, unbalance } from "./balance.ts";
import type { Iterate } from "./francis.ts";
import { reduceToHessenberg } from "./hessenbergReduce.ts";
import { formProduct } from "./householder.ts";
import { hessenbergQR } from "./multishift.ts";
import { lapackFor } from "./native.ts";
import { flipped, flippedColumns } from "./schurComplex.ts";
import { triangularVectors } from "./triangularVectors.ts";
import { multiply, norm2, scale, type Width } from "./vector.ts";

export interface GeneralEigen {
  /** Two entries for each eigenvalue. */
  readonly values: Float64Array;
  /** Complex, column-major: A v = λ v, of length 1, the largest element real. */
  readonly right: Float64Array;
  /** uᴴ A = λ uᴴ; empty unless wanted. */
  readonly left: Float64Array;
  /** −1, or the row at which the QR iteration gave up. */
  readonly failed: number;
}

/** Eigenvectors of a column-major matrix of moderate norm, which is destroyed. O(30 n³). */
export function generalEigen(w: Width, n: number, a: Float64Array, wanted: "right" | "both"): GeneralEigen {
  const values = new Float64Array(2 * n);
  const none = new Float64Array(0);
  if (n === 0) return { values, right: none, left: none, failed: -1 };
  const lapack = lapackFor(n);
  if (lapack) {
    const found = lapack.generalEigen(w, n, a, wanted);
    const complete = (v: Float64Array): Float64Array => normalised(w, n, v, found.values);
    return {
      values: found.values,
      right: complete(found.right),
      left: wanted === "both" ? complete(found.left) : none,
      failed: found.failed,
    };
  }
  const balance = balanceMatrix(w, n, a, { permute: true, scale: true });
  const { low, high } = balance;
  const z = formProduct(reduceToHessenberg(w, n, a, low, high), n);
  for (let i = 0; i < n; i++) {
    if (i >= low && i <= high) continue;
    values[2 * i] = a[i * (n + 1) * w];
    values[2 * i + 1] = w === 2 ? a[i * (n + 1) * w + 1] : 0;
  }
  const it: Iterate = { width: w, n, h: a, z, rows: n, wantsT: true, values };
  const failed = hessenbergQR(it, low, high);
  if (failed >= 0) return { values, right: none, left: none, failed };
  const right = backTransform(w, n, a, z, values, balance, "right");
  if (wanted === "right") return { values, right, left: none, failed };
  // Left vectors of A are the conjugates of right vectors of Aᵀ.
  const reversed = new Float64Array(2 * n);
  for (let i = 0; i < n; i++) reversed.set(values.subarray(2 * i, 2 * i + 2), 2 * (n - 1 - i));
  for (let i = 0; w === 1 && i + 1 < n; i++)
    if (reversed[2 * i + 1] !== 0) {
      reversed[2 * i + 1] = Math.abs(reversed[2 * i + 1]);
      reversed[2 * i + 3] = -reversed[2 * i + 1];
      i++;
    }
  const found = backTransform(w, n, flipped(w, n, a), flippedColumns(w, n, n, z), reversed, balance, "left");
  const left = new Float64Array(2 * n * n);
  for (let j = 0; j < n; j++) left.set(found.subarray((n - 1 - j) * 2 * n, (n - j) * 2 * n), j * 2 * n);
  // For w = 1 the order within a pair is reversed too, which conjugates its vectors.
  if (w === 2) for (let i = 1; i < left.length; i += 2) left[i] = -left[i];
  return { values, right, left, failed };
}

/** Z times the vectors of T, without the balancing, normalised; complex. */
function backTransform(
  w: Width,
  n: number,
  t: Float64Array,
  z: Float64Array,
  values: Float64Array,
  balance: Balance,
  side: "right" | "left",
): Float64Array {
  const ld = n * w;
  const x = triangularVectors(w, n, t, values);
  for (let j = 0; j < n; j++) {
    const isPair = w === 1 && values[2 * j + 1] !== 0;
    const columns = isPair ? 2 : 1;
    const top = norm2(x, j * ld, columns * ld);
    if (top > 0) scale(w, 1 / top, 0, x, j * ld, columns * n);
    j += columns - 1;
  }
  const v = new Float64Array(n * ld);
  const whole = (data: Float64Array): { data: Float64Array; offset: number; ld: number } => ({
    data,
    offset: 0,
    ld,
  });
  multiply(w, n, n, n, whole(z), whole(x), whole(v));
  unbalance(w, n, balance, v, n, side);
  return normalised(w, n, v, values);
}

/** Complex columns of length 1 whose largest element is real, from the packed columns of `triangularVectors`. */
export function normalised(w: Width, n: number, v: Float64Array, values: Float64Array): Float64Array {
  const out = w === 2 ? v : new Float64Array(2 * n * n);
  for (let j = 0; j < n; j++) {
    const to = 2 * j * n;
    const isPair = w === 1 && values[2 * j + 1] !== 0;
    if (w === 1)
      for (let i = 0; i < n; i++) {
        out[to + 2 * i] = v[i + j * n];
        if (isPair) out[to + 2 * i + 1] = v[i + (j + 1) * n];
      }
    normaliseColumn(out, to, n, isPair || w === 2);
    if (!isPair) continue;
    for (let i = 0; i < n; i++) {
      out[to + 2 * (n + i)] = out[to + 2 * i];
      out[to + 2 * (n + i) + 1] = -out[to + 2 * i + 1];
    }
    j++;
  }
  return out;
}

function normaliseColumn(x: Float64Array, at: number, n: number, turns: boolean): void {
  const length = norm2(x, at, 2 * n);
  if (length === 0) return;
  for (let i = at; i < at + 2 * n; i++) x[i] /= length;
  if (!turns) return;
  let top = at;
  let most = -1;
  for (let p = at; p < at + 2 * n; p += 2) {
    const size = x[p] * x[p] + x[p + 1] * x[p + 1];
    if (size > most) {
      most = size;
      top = p;
    }
  }
  const size = Math.hypot(x[top], x[top + 1]);
  scale(2, x[top] / size, -x[top + 1] / size, x, at, n);
  x[top + 1] = 0;
}
