// The factorizations of the native device: one call of LAPACK each.

import type { Lapack, Width } from "../lapack.ts";
import { nativeGeneral } from "./general.ts";
import type { Library } from "./library.ts";
import { checkConverged, Routines } from "./routines.ts";

const COLUMN_MAJOR = 102;
const LEFT = 141;
const [UPPER, LOWER] = [121, 122] as const;
const TRANSPOSITIONS = { none: 111, transpose: 112, adjoint: 113 } as const;
const [NON_UNIT, UNIT] = [131, 132] as const;

/** LAPACK has a minimum of 1 for leading dimensions, also of empty matrices. */
const leading = (rows: number): number => Math.max(1, rows);

export function nativeLapack(library: Library): Lapack {
  const routines = new Routines(library);
  const pointer = "double *";
  const shape = `int, int, int, int, int, int, int`;
  const realTriangle = library.declare(
    `void cblas_dtrsm(${shape}, double, ${pointer}, int, ${pointer}, int)`,
  );
  const complexTriangle = library.declare(
    `void cblas_ztrsm(${shape}, ${pointer}, ${pointer}, int, ${pointer}, int)`,
  );
  const one = Float64Array.of(1, 0);
  // One right-hand side gains nothing from the packing of the product.
  const vector = `int, int, int, int, int, ${pointer}, int, ${pointer}, int`;
  const realVector = library.declare(`void cblas_dtrsv(${vector})`);
  const complexVector = library.declare(`void cblas_ztrsv(${vector})`);

  return {
    lu: (w, rows, columns, a) => {
      const pivots = new Int32Array(Math.min(rows, columns));
      // A zero pivot (info > 0) stops nothing: the factors are complete.
      routines.call(w === 1 ? "dgetrf" : "zgetrf", rows, columns, a, leading(rows), pivots);
      for (let i = 0; i < pivots.length; i++) pivots[i] = pivots[i]! - 1;
      return pivots;
    },

    cholesky: (w, n, a) => routines.call(w === 1 ? "dpotrf" : "zpotrf", "U", n, a, leading(n)) - 1,

    solveTriangle: (w, n, a, ao, ld, { lower, transpose = "none", unitDiagonal }, b, bo, ldb, columns) => {
      if (n === 0 || columns === 0) return;
      const [left, right] = [ao === 0 ? a : a.subarray(ao), bo === 0 ? b : b.subarray(bo)];
      const kind = [
        lower ? LOWER : UPPER,
        TRANSPOSITIONS[transpose],
        unitDiagonal ? UNIT : NON_UNIT,
      ] as const;
      if (columns === 1) {
        (w === 1 ? realVector : complexVector)(COLUMN_MAJOR, ...kind, n, left, ld / w, right, 1);
        return;
      }
      const solve = w === 1 ? realTriangle : complexTriangle;
      solve(COLUMN_MAJOR, LEFT, ...kind, n, columns, w === 1 ? 1 : one, left, ld / w, right, ldb / w);
    },

    qr: (w, rows, columns, a, wanted) => {
      const tau = new Float64Array(Math.min(rows, columns) * w);
      routines.callWithWork(
        w === 1 ? "dgeqrf" : "zgeqrf",
        (spaces) => [rows, columns, a, leading(rows), tau, ...spaces],
        { kind: "real", width: w },
      );
      return formQ(routines, w, rows, columns, a, tau, wanted);
    },

    pivotedQR: (w, rows, columns, a, wanted) => {
      const tau = new Float64Array(Math.min(rows, columns) * w);
      const order = new Int32Array(columns);
      routines.callWithWork(
        w === 1 ? "dgeqp3" : "zgeqp3",
        (spaces) => [rows, columns, a, leading(rows), order, tau, ...spaces],
        { kind: "real", width: w },
        ...(w === 2 ? [{ kind: "real", fixed: 2 * leading(columns) } as const] : []),
      );
      for (let j = 0; j < columns; j++) order[j] = order[j]! - 1;
      return { q: formQ(routines, w, rows, columns, a, tau, wanted), order };
    },

    hermitianEigen: (w, n, a) => ({ values: hermitian(routines, "V", w, n, a), vectors: a }),

    hermitianSome: (w, n, a, from, to) => {
      const values = new Float64Array(n);
      const vectors = new Float64Array(n * (to - from) * w);
      const bound = new Float64Array(1);
      const info = routines.callWithWork(
        w === 1 ? "dsyevr" : "zheevr",
        (spaces) => [
          ...["V", "I", "L"],
          n,
          a,
          leading(n),
          bound,
          bound,
          from + 1,
          to,
          bound,
          new Int32Array(1),
          values,
          vectors,
          leading(n),
          new Int32Array(2 * Math.max(1, to - from)),
          ...spaces,
        ],
        { kind: "real", width: w },
        ...(w === 2 ? [{ kind: "real" } as const] : []),
        { kind: "integer" },
      );
      checkConverged("eigh", info);
      return { values: values.subarray(0, to - from), vectors };
    },

    hermitianValues: (w, n, a) => hermitian(routines, "N", w, n, a),

    svd: (w, rows, columns, a) => {
      const k = Math.min(rows, columns);
      const u = new Float64Array(rows * k * w);
      const vAdjoint = new Float64Array(k * columns * w);
      const s = singular(routines, "S", w, rows, columns, a, u, vAdjoint);
      return { u, s, vAdjoint };
    },

    singularValues: (w, rows, columns, a) => {
      const nothing = new Float64Array(w);
      return singular(routines, "N", w, rows, columns, a, nothing, nothing);
    },

    ...nativeGeneral(routines),
  };
}

/** The first `wanted` columns of the product of the reflectors that lie below the diagonal of `a`. */
function formQ(
  routines: Routines,
  w: Width,
  rows: number,
  columns: number,
  a: Float64Array,
  tau: Float64Array,
  wanted: number,
): Float64Array {
  const q = new Float64Array(rows * wanted * w);
  q.set(a.subarray(0, rows * Math.min(wanted, columns) * w));
  const used = Math.min(rows, columns, wanted);
  routines.callWithWork(
    w === 1 ? "dorgqr" : "zungqr",
    (spaces) => [rows, wanted, used, q, leading(rows), tau, ...spaces],
    { kind: "real", width: w },
  );
  return q;
}

/** Divide and conquer on a Hermitian matrix, whose place vectors take when they are wanted. */
function hermitian(routines: Routines, job: "V" | "N", w: Width, n: number, a: Float64Array): Float64Array {
  const values = new Float64Array(n);
  const name = w === 1 ? "dsyevd" : "zheevd";
  const work = { kind: "real", width: w } as const;
  const rest = w === 1 ? [] : [{ kind: "real" } as const];
  const info = routines.callWithWork(
    name,
    (spaces) => [job, "L", n, a, leading(n), values, ...spaces],
    work,
    ...rest,
    { kind: "integer" },
  );
  checkConverged("eigh", info);
  return values;
}

/** Divide and conquer for singular values; `u` and `vAdjoint` take the vectors when they are wanted. */
function singular(
  routines: Routines,
  job: "S" | "N",
  w: Width,
  rows: number,
  columns: number,
  a: Float64Array,
  u: Float64Array,
  vAdjoint: Float64Array,
): Float64Array {
  const least = Math.min(rows, columns);
  const most = Math.max(rows, columns);
  const s = new Float64Array(least);
  const wantsVectors = job === "S";
  const complexSpace = wantsVectors
    ? Math.max(5 * least * least + 5 * least, 2 * most * least + 2 * least * least + least)
    : 7 * least;
  const info = routines.callWithWork(
    w === 1 ? "dgesdd" : "zgesdd",
    (spaces) => [
      job,
      rows,
      columns,
      a,
      leading(rows),
      s,
      u,
      wantsVectors ? leading(rows) : 1,
      vAdjoint,
      wantsVectors ? leading(least) : 1,
      ...spaces,
    ],
    { kind: "real", width: w },
    ...(w === 2 ? [{ kind: "real", fixed: Math.max(1, complexSpace) } as const] : []),
    { kind: "integer", fixed: Math.max(1, 8 * least) },
  );
  checkConverged("svd", info);
  return s;
}
