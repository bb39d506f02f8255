// QR with column pivoting on a column-major array, blocked: within a panel the rest of the matrix is brought up to date
// only where pivoting looks at it, one row a step, and then all at once by a product.
// Source: Quintana-Orti, Sun and Bischof, "A BLAS-3 version of the QR factorization with column pivoting", SIAM J. Sci.
// Comput. 19(5), 1998; downdating of norms: Drmac and Bujanovic, "On the failure of rank-revealing QR factorization
// software", ACM Trans. Math. Softw. 35(2), 2008.
import { makeReflectors, PANEL, type Reflectors, reflect } from "./householder.ts";
import { addTimes, adjointTimes, conjugateRow, multiply, norm2, scale, type Width } from "./vector.ts";

/** Below this share of what it was, a downdated norm has lost half of its digits and is computed anew. */
const LOSS = Math.sqrt(2 ** -52);

export interface PivotedQR {
  readonly reflectors: Reflectors;
  /** Column j of A P is column `order[j]` of A. */
  readonly order: Int32Array;
}

/** A P = Q R in place, |R_jj| descending: R takes the upper triangle (what lies below is void). */
export function factorPivotedQR(w: Width, rows: number, columns: number, a: Float64Array): PivotedQR {
  const count = Math.min(rows, columns);
  const reflectors = makeReflectors(w, rows, count, 0);
  const order = Int32Array.from({ length: columns }, (_, j) => j);
  const ld = rows * w;
  const norms = Float64Array.from({ length: columns }, (_, j) => norm2(a, j * ld, ld));
  const state = { w, rows, columns, a, reflectors, order, norms, exact: norms.slice() };
  for (let first = 0; first < count; ) first += factorPanel(state, first, Math.min(PANEL, count - first));
  return { reflectors, order };
}

interface State {
  readonly w: Width;
  readonly rows: number;
  readonly columns: number;
  readonly a: Float64Array;
  readonly reflectors: Reflectors;
  readonly order: Int32Array;
  /** Norms of what is left of each column, and what they were when last computed in full. */
  readonly norms: Float64Array;
  readonly exact: Float64Array;
}

/** Factors up to `most` columns from `first` on and updates the rest; returns how many it did. */
function factorPanel(state: State, first: number, most: number): number {
  const { w, rows, columns, a, reflectors, norms, exact } = state;
  const { vectors, tau } = reflectors;
  const ld = rows * w;
  const rest = columns - first;
  // The update of the rest is − V Fᴴ: column l of F belongs to reflector first + l. It starts at row `first`.
  const f = new Float64Array(rest * most * w);
  const fld = rest * w;
  const row = new Float64Array(Math.max(rest, most) * w);
  const dots = new Float64Array(most * w);
  let isStale = false;
  let done = 0;
  while (done < most && !isStale) {
    const j = first + done;
    let pivot = j;
    for (let c = j + 1; c < columns; c++) if (norms[c] > norms[pivot]) pivot = c;
    if (pivot !== j) swapColumns(state, f, fld, first, done, j, pivot);
    // Column j below row j: subtract V (row j of F)ᴴ.
    const at = j * (ld + w);
    conjugateRow(w, f, done * w, fld, done, row);
    addTimes(w, -1, vectors, first * ld + j * w, ld, rows - j, done, row, 0, a, at);
    vectors.set(a.subarray(at, (j + 1) * ld), at);
    const beta = reflect(w, vectors, at, rows - j, tau, j * w);
    a.fill(0, at, (j + 1) * ld);
    a[at] = beta;
    // F_j = τ (A_restᴴ v − F Vᴴ v), for the columns behind j.
    const column = done * fld;
    const behind = columns - j - 1;
    const to = column + (done + 1) * w;
    adjointTimes(w, a, at + ld, ld, rows - j, behind, vectors, at, f, to);
    adjointTimes(w, vectors, first * ld + j * w, ld, rows - j, done, vectors, at, dots, 0);
    addTimes(w, -1, f, (done + 1) * w, fld, behind, done, dots, 0, f, to);
    scale(w, tau[j * w]!, w === 2 ? tau[j * w + 1]! : 0, f, to, behind);
    done++;
    // Row j of the rest: the only one that the norms below it need.
    updateRow(state, f, fld, first, done, j, row);
    for (let c = j + 1; c < columns; c++) {
      if (norms[c] === 0) continue;
      const p = c * ld + j * w;
      const share = (w === 1 ? Math.abs(a[p]) : Math.hypot(a[p], a[p + 1])) / norms[c];
      const left = Math.max(0, (1 + share) * (1 - share));
      if (left * (norms[c] / exact[c]) ** 2 <= LOSS) {
        isStale = true;
        exact[c] = Number.NaN;
      } else norms[c] *= Math.sqrt(left);
    }
  }
  const last = first + done;
  // Everything below and to the right of the panel: A −= V Fᴴ.
  const minus = f.map((value) => -value);
  multiply(
    w,
    rows - last,
    columns - last,
    done,
    { data: vectors, offset: first * ld + last * w, ld },
    { data: minus, offset: done * w, ld: fld, adjoint: true },
    { data: a, offset: last * (ld + w), ld },
    { accumulate: true },
  );
  for (let c = last; c < columns; c++)
    if (Number.isNaN(exact[c])) exact[c] = norms[c] = norm2(a, c * ld + last * w, (rows - last) * w);
  return done;
}

/** Row j of the columns behind it: A_j −= V_j Fᴴ, with the reflectors of the panel so far. */
function updateRow(
  { w, rows, columns, a, reflectors }: State,
  f: Float64Array,
  fld: number,
  first: number,
  done: number,
  j: number,
  row: Float64Array,
): void {
  const ld = rows * w;
  const behind = columns - j - 1;
  // (V_j Fᴴ)ᴴ = F V_jᴴ.
  const v = row.subarray(0, done * w);
  conjugateRow(w, reflectors.vectors, first * ld + j * w, ld, done, v);
  const sum = new Float64Array(behind * w);
  addTimes(w, 1, f, done * w, fld, behind, done, v, 0, sum, 0);
  for (let c = 0; c < behind; c++) {
    const p = (j + 1 + c) * ld + j * w;
    a[p] = a[p]! - sum[c * w]!;
    if (w === 2) a[p + 1] = a[p + 1]! + sum[c * w + 1]!;
  }
}

function swapColumns(
  { w, rows, a, order, norms, exact }: State,
  f: Float64Array,
  fld: number,
  first: number,
  done: number,
  i: number,
  k: number,
): void {
  const ld = rows * w;
  for (let p = i * ld, q = k * ld, end = p + ld; p < end; p++, q++) [a[p], a[q]] = [a[q]!, a[p]!];
  for (let l = 0; l < done; l++)
    for (let part = 0; part < w; part++) {
      const p = l * fld + (i - first) * w + part;
      const q = l * fld + (k - first) * w + part;
      [f[p], f[q]] = [f[q]!, f[p]!];
    }
  [order[i], order[k]] = [order[k]!, order[i]!];
  norms[k] = norms[i]!;
  exact[k] = exact[i]!;
}
