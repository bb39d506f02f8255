// LAPACK's drivers for matrices that are not Hermitian: eigenvalues, Schur forms, pairs of matrices.

import type { Lapack, Width } from "../lapack.ts";
import type { Argument, Routines, Space } from "./routines.ts";

type General = Pick<Lapack, "generalValues" | "generalEigen" | "schur" | "qz">;

/** Entries that `order` of them take, at least one: LAPACK refuses leading dimensions of zero. */
const leading = (n: number): number => Math.max(1, n);

export function nativeGeneral(routines: Routines): General {
  return {
    generalValues: (w, n, a) => {
      const { values, failed } = eigen(routines, w, n, a, "N", "N");
      return { values, failed };
    },
    generalEigen: (w, n, a, wanted) => eigen(routines, w, n, a, wanted === "both" ? "V" : "N", "V"),
    schur: (w, n, a) => {
      const z = new Float64Array(n * n * w);
      const { real, imaginary, arrays } = valuesOf(w, n);
      const unused = new Int32Array(1);
      const info = routines.callWithWork(
        w === 1 ? "dgees" : "zgees",
        (spaces) => ["V", "N", unused, n, a, leading(n), unused, ...arrays, z, leading(n), ...spaces],
        { kind: "real", width: w },
        ...(w === 2 ? [{ kind: "real", fixed: leading(n) } as const] : []),
        { kind: "integer", fixed: leading(n) },
      );
      return { z, values: joined(w, real, imaginary), failed: info - 1 };
    },
    qz: (w, n, a, b) => {
      const [q, z] = [new Float64Array(n * n * w), new Float64Array(n * n * w)];
      const { arrays } = valuesOf(w, n);
      const beta = new Float64Array(n * w);
      const unused = new Int32Array(1);
      const matrices: Argument[] = [a, leading(n), b, leading(n), unused, ...arrays, beta];
      const info = routines.callWithWork(
        w === 1 ? "dgges" : "zgges",
        (spaces) => ["V", "V", "N", unused, n, ...matrices, q, leading(n), z, leading(n), ...spaces],
        { kind: "real", width: w },
        ...(w === 2 ? [{ kind: "real", fixed: 8 * leading(n) } as const] : []),
        { kind: "integer", fixed: leading(n) },
      );
      return { q, z, failed: info - 1 };
    },
  };
}

/** Where LAPACK puts eigenvalues: parts in arrays of their own for real matrices, together for complex ones. */
function valuesOf(
  w: Width,
  n: number,
): {
  readonly real: Float64Array;
  readonly imaginary: Float64Array;
  readonly arrays: readonly Float64Array[];
} {
  const real = new Float64Array(n * w);
  const imaginary = new Float64Array(w === 1 ? n : 0);
  return { real, imaginary, arrays: w === 1 ? [real, imaginary] : [real] };
}

/** Two entries for each eigenvalue. */
function joined(w: Width, real: Float64Array, imaginary: Float64Array): Float64Array {
  if (w === 2) return real;
  const values = new Float64Array(2 * real.length);
  for (let i = 0; i < real.length; i++) {
    values[2 * i] = real[i]!;
    values[2 * i + 1] = imaginary[i]!;
  }
  return values;
}

function eigen(
  routines: Routines,
  w: Width,
  n: number,
  a: Float64Array,
  leftJob: "N" | "V",
  rightJob: "N" | "V",
): { values: Float64Array; left: Float64Array; right: Float64Array; failed: number } {
  const room = (job: "N" | "V"): Float64Array => new Float64Array((job === "V" ? n * n : 1) * w);
  const [left, right] = [room(leftJob), room(rightJob)];
  const { real, imaginary, arrays } = valuesOf(w, n);
  const spaces: Space[] = [{ kind: "real", width: w }];
  if (w === 2) spaces.push({ kind: "real", fixed: 2 * leading(n) });
  const info = routines.callWithWork(
    w === 1 ? "dgeev" : "zgeev",
    (given) => [
      leftJob,
      rightJob,
      n,
      a,
      leading(n),
      ...arrays,
      left,
      leading(n),
      right,
      leading(n),
      ...given,
    ],
    ...spaces,
  );
  return { values: joined(w, real, imaginary), left, right, failed: info - 1 };
}
