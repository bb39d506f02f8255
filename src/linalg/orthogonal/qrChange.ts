// Thin QR factors of a matrix of which a term, a row or a column changes, without factoring anew.
import { Tracer } from "../../ops/tracer.ts";
import { promote } from "../../tensor/dtype.ts";
import { DomainError, ShapeError, TracerError } from "../../tensor/errors.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkMatrix, load, meet, overBatch, store, type Work } from "../base/matrix.ts";
import { GrowingQR } from "../kernels/qrChange.ts";
import type { QR } from "./qr.ts";

/** What a change does to the factors in `growing`; returns how many columns of Q remain. */
type Change = (
  growing: GrowingQR,
  vectors: readonly Work[],
) => { q: Float64Array; r: Float64Array; rows: number };

/** Checks thin factors `[…, m, k]` and `[…, k, n]` with k = min(m, n), and runs a change on each of a batch. */
function changed(
  caller: string,
  { q, r }: QR,
  vectors: readonly (readonly [name: string, value: Tensor, length: number])[],
  change: Change,
): QR {
  const operands = [q, r, ...vectors.map(([, value]) => value)];
  if (operands.some((x) => x instanceof Tracer))
    throw new TracerError(
      `${caller}: factors of a changed matrix have no derivative rule of their own; inside of transforms use qr of the changed matrix`,
    );
  const dtype = operands.map((x) => meet(caller, x, q).dtype).reduce(promote);
  for (const [name, value, length] of vectors)
    if (value.ndim === 0 || value.shape.at(-1) !== length)
      throw new ShapeError(
        `${caller}: ${name} must be [..., ${length}], got shape ${formatShape(value.shape)}`,
      );
  const matrices = [q, r, ...vectors.map(([, value]) => value.expandDims(-1))].map((x) => x.astype(dtype));
  const [newQ, newR] = overBatch(matrices, ([q1, r1, ...rest]) => {
    const left = load(caller, q1!, undefined, "q");
    const right = load(caller, r1!, undefined, "r");
    const works = rest.map((x, i) => load(caller, x, undefined, vectors[i]![0]));
    const { width, rows: m, columns: k } = left;
    const growing = GrowingQR.of(width, m, k, right.columns, left.data, right.data);
    const done = change(growing, works);
    const inner = done.q.length / (done.rows * width);
    return [
      store(done.q, done.rows, inner, dtype),
      store(done.r, inner, done.r.length / (inner * width), dtype),
    ];
  });
  return { q: newQ!, r: newR! };
}

/** Throws ShapeError unless the factors are thin ones of a matrix with at least as many rows as columns. */
function sizesOf(caller: string, { q, r }: QR): { m: number; n: number } {
  checkMatrix(caller, q, "q");
  checkMatrix(caller, r, "r");
  const [m, k] = q.shape.slice(-2) as [number, number];
  const [rows, n] = r.shape.slice(-2) as [number, number];
  if (rows !== k || k !== n || m < n)
    throw new ShapeError(
      `${caller}: thin factors q [..., m, n] and r [..., n, n] with m >= n were expected, got ${formatShape(q.shape)} and ${formatShape(r.shape)}`,
    );
  return { m, n };
}

function checkPosition(caller: string, position: number, last: number): void {
  if (!(Number.isInteger(position) && position >= 0 && position <= last))
    throw new DomainError(`${caller}: position must be an integer from 0 to ${last}, got ${position}`);
}

/**
 * Thin factors of q r + u vᴴ from q `[…, m, n]`, r `[…, n, n]` (m >= n), u `[…, m]` and v `[…, n]`. O(m n).
 *
 * @throws ShapeError for shapes that do not fit; DTypeError for float8; DomainError for NaN or infinity; TracerError
 * inside of transforms.
 */
export function qrUpdate(factors: QR, u: Tensor, v: Tensor): QR {
  const caller = "qrUpdate";
  const { m, n } = sizesOf(caller, factors);
  return changed(
    caller,
    factors,
    [
      ["u", u, m],
      ["v", v, n],
    ],
    (growing, [uWork, vWork]) => {
      const { w, columns } = growing;
      const z = growing.extend(uWork!.data);
      // From the bottom: u becomes a multiple of the first column of Q, and R one row fuller.
      for (let i = n - 1; i >= 0; i--) growing.rotate(z, i, i + 1, "second", i);
      columns.forEach((column, j) => {
        const re = vWork!.data[j * w]!;
        const im = w === 2 ? -vWork!.data[j * w + 1]! : 0;
        column[0] = column[0]! + z[0]! * re - (w === 2 ? z[1]! * im : 0);
        if (w === 2) column[1] = column[1]! + z[0]! * im + z[1]! * re;
      });
      growing.retriangularize(0);
      return { ...growing.finish(n), rows: m };
    },
  );
}

/**
 * Thin factors of the matrix with a further column x `[…, m]` in front of column `position` (n: behind the last), from q
 * `[…, m, n]` and r `[…, n, n]` with m > n. O(m n).
 *
 * @throws as `qrUpdate` does; DomainError for a position that does not exist.
 */
export function qrInsertColumn(factors: QR, position: number, x: Tensor): QR {
  const caller = "qrInsertColumn";
  const { m, n } = sizesOf(caller, factors);
  if (m === n)
    throw new ShapeError(`${caller}: a square matrix has no room for a further independent column`);
  checkPosition(caller, position, n);
  return changed(caller, factors, [["x", x, m]], (growing, [work]) => {
    const z = growing.extend(work!.data);
    growing.columns.splice(position, 0, z);
    for (let i = n - 1; i >= position; i--) growing.rotate(z, i, i + 1, "second", i + 1);
    return { ...growing.finish(n + 1), rows: m };
  });
}

/**
 * Thin factors of the matrix without column `position`. O(m n).
 *
 * @throws as `qrUpdate` does; DomainError for a position that does not exist.
 */
export function qrDeleteColumn(factors: QR, position: number): QR {
  const caller = "qrDeleteColumn";
  const { m, n } = sizesOf(caller, factors);
  checkPosition(caller, position, n - 1);
  return changed(caller, factors, [], (growing) => {
    growing.columns.splice(position, 1);
    growing.retriangularize(position);
    return { ...growing.finish(n - 1), rows: m };
  });
}

/**
 * Thin factors of the matrix with a further row x `[…, n]` in front of row `position` (m: behind the last). O(m n).
 *
 * @throws as `qrUpdate` does; DomainError for a position that does not exist.
 */
export function qrInsertRow(factors: QR, position: number, x: Tensor): QR {
  const caller = "qrInsertRow";
  const { m, n } = sizesOf(caller, factors);
  checkPosition(caller, position, m);
  return changed(caller, factors, [["x", x, n]], (given, [work]) => {
    const { w, columns } = given;
    // The row comes as the product of a further row of R and a unit column of Q.
    const q = new Float64Array((m + 1) * (n + 1) * w);
    for (let j = 0; j < n; j++) {
      const from = j * m * w;
      const to = j * (m + 1) * w;
      q.set(given.q.subarray(from, from + position * w), to);
      q.set(given.q.subarray(from + position * w, from + m * w), to + (position + 1) * w);
    }
    q[(n * (m + 1) + position) * w] = 1;
    columns.forEach((column, j) => {
      column.set(work!.data.subarray(j * w, (j + 1) * w), n * w);
    });
    const growing = new GrowingQR(w, m + 1, n, q, columns);
    for (let j = 0; j < n; j++) growing.rotate(columns[j]!, j, n, "second", j);
    return { ...growing.finish(n), rows: m + 1 };
  });
}

/**
 * Thin factors of the matrix without row `position`, from q `[…, m, n]` and r `[…, n, n]` with m > n. O(m n).
 *
 * @throws as `qrUpdate` does; DomainError for a position that does not exist.
 */
export function qrDeleteRow(factors: QR, position: number): QR {
  const caller = "qrDeleteRow";
  const { m, n } = sizesOf(caller, factors);
  if (m === n) throw new ShapeError(`${caller}: fewer rows than columns would remain`);
  checkPosition(caller, position, m - 1);
  return changed(caller, factors, [], (growing) => {
    const { w } = growing;
    const unit = new Float64Array(m * w);
    unit[position * w] = 1;
    const z = growing.extend(unit);
    // The row becomes a multiple of the further column of Q, which then leaves with it.
    for (let i = n - 1; i >= 0; i--) growing.rotate(z, i, n, "first", i);
    const { q, r } = growing.finish(n);
    const kept = new Float64Array((m - 1) * n * w);
    for (let j = 0; j < n; j++) {
      const from = j * m * w;
      const to = j * (m - 1) * w;
      kept.set(q.subarray(from, from + position * w), to);
      kept.set(q.subarray(from + (position + 1) * w, from + m * w), to + position * w);
    }
    return { q: kept, r, rows: m - 1 };
  });
}
