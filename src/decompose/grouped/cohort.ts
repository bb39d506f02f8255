// The forms in which patients come: rows of variants with a table of pathways, or patient × pathway × variant at once; dense or as
// lists of entries.

import { matmul } from "../../ops/contract.ts";
import { take } from "../../ops/gather.ts";
import { concat } from "../../ops/join.ts";
import { mT } from "../../ops/movement.ts";
import { fromTypedArray } from "../../tensor/create.ts";
import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape, sameShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkFiniteRows, checkTable, realNumbers } from "../base/observations.ts";
import { checkSparse, isSparse, type SparseTensor } from "../base/sparse.ts";

/** Share of entries that are not zero below which a list of them is the cheaper form. */
const SPARSE_SHARE = 0.1;

/** What `panther` needs of patients. Both functions check what they are given. */
export interface Cohort {
  /** Sums over variants, `[m, pathways]`. */
  totals(x: Tensor | SparseTensor): Tensor;
  /** `[m, kept, variants]` of all parts together, times a factor `[1, kept]` for each pathway. */
  tensor(
    parts: readonly (Tensor | SparseTensor)[],
    kept: readonly number[],
    factors: Tensor,
  ): Tensor | SparseTensor;
  /** Variants of each pathway where the membership tells; null where only the data can. */
  readonly sizes: ArrayLike<number> | null;
}

/** Throws as `panther`. */
export function cohortOf(x: Tensor | SparseTensor, membership: Tensor | undefined): Cohort {
  return membership ? byMembership(x, membership) : byPathway(x);
}

/**
 * T[i, p, v] = x[i, v] · membership[p, v], of shape `[patients, pathways, variants]`; divided by the size of each pathway
 * where asked. O(patients · pathways · variants). Throws ShapeError unless x is `[patients, variants]` and membership
 * `[pathways, variants]`; DomainError for entries that are negative or not finite.
 */
export function pathwayTensor(
  x: Tensor,
  membership: Tensor,
  options: { readonly bySize?: boolean } = {},
): Tensor {
  checkPair(x, membership, "pathwayTensor");
  const own = options.bySize
    ? membership.div(membership.sum({ axis: 1, keepDims: true }).maximum(1))
    : membership;
  return x.astype("float64").expandDims(1).mul(own.astype("float64").expandDims(0));
}

const positions = (rows: readonly number[]): Tensor =>
  fromTypedArray(Int32Array.from(rows), [rows.length], "int32");

/** Some columns of x, in the order given. */
export const columnsOf = (x: Tensor, columns: readonly number[]): Tensor =>
  take(x, positions(columns), 1).contiguous();

function byMembership(first: Tensor | SparseTensor, membership: Tensor): Cohort {
  checkTable(membership, "panther: membership");
  checkNonnegative(membership, "panther: membership");
  const of = membership.astype("float64");
  const [pathways, variants] = of.shape as [number, number];
  checkRows(first, variants);
  const weights = of.contiguous().data() as Float64Array;
  return {
    totals: (x) => {
      checkRows(x, variants);
      if (!isSparse(x)) return matmul(x.astype("float64"), mT(of));
      return sums(x, pathways, (i, out) => {
        const [row, v] = [x.indices[2 * i]!, x.indices[2 * i + 1]!];
        for (let p = 0; p < pathways; p++)
          out[row * pathways + p]! += x.values[i]! * weights[p * variants + v]!;
      });
    },
    tensor: (parts, kept, factors) => {
      for (const part of parts) checkRows(part, variants);
      const scale = factors.data();
      const own = columnsByVariant(weights, variants, kept, scale);
      const lists = parts.map((part) => ({ rows: part.shape[0]!, cells: cellsOf(part) }));
      const rows = lists.reduce((sum, list) => sum + list.rows, 0);
      let count = 0;
      for (const { cells } of lists) for (const v of cells.columns) count += own[v]!.places.length;
      if (!isSparse(parts[0]!) && count >= SPARSE_SHARE * rows * kept.length * variants) {
        const table = take(of, positions(kept)).contiguous();
        const whole = concat((parts as readonly Tensor[]).map((part) => pathwayTensor(part, table)));
        return whole.mul(factors.reshape([1, -1, 1]));
      }
      const indices = new Int32Array(3 * count);
      const values = new Float64Array(count);
      let at = 0;
      let before = 0;
      for (const { rows: own0, cells } of lists) {
        for (let i = 0; i < cells.values.length; i++) {
          const v = cells.columns[i]!;
          const { places, shares } = own[v]!;
          for (let k = 0; k < places.length; k++) {
            indices.set([before + cells.rows[i]!, places[k]!, v], 3 * at);
            values[at++] = cells.values[i]! * shares[k]!;
          }
        }
        before += own0;
      }
      return { kind: "sparse", shape: [rows, kept.length, variants], indices, values };
    },
    sizes: of.sum({ axis: 1 }).data() as ArrayLike<number>,
  };
}

/** For each variant the pathways it belongs to, as places among those kept, and its scaled weight in each. */
function columnsByVariant(
  weights: Float64Array,
  variants: number,
  kept: readonly number[],
  scale: ArrayLike<number>,
): { readonly places: number[]; readonly shares: number[] }[] {
  return Array.from({ length: variants }, (_, v) => {
    const own = { places: [] as number[], shares: [] as number[] };
    kept.forEach((p, place) => {
      const weight = weights[p * variants + v]! * scale[place]!;
      if (weight === 0) return;
      own.places.push(place);
      own.shares.push(weight);
    });
    return own;
  });
}

/** The entries of a table that are not zero. */
interface Cells {
  readonly rows: ArrayLike<number>;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

function cellsOf(x: Tensor | SparseTensor): Cells {
  if (isSparse(x)) {
    const { indices, values } = x;
    return {
      rows: Int32Array.from(values, (_, i) => indices[2 * i]!),
      columns: Int32Array.from(values, (_, i) => indices[2 * i + 1]!),
      values,
    };
  }
  const data = x.astype("float64").contiguous().data() as Float64Array;
  const width = x.shape[1]!;
  const places: number[] = [];
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) places.push(i);
  return {
    rows: places.map((i) => Math.floor(i / width)),
    columns: Int32Array.from(places, (i) => i % width),
    values: Float64Array.from(places, (i) => data[i]!),
  };
}

function byPathway(first: Tensor | SparseTensor): Cohort {
  if (first.shape.length !== 3)
    throw new ShapeError(
      `panther: x: shape [patients, pathways, variants] was expected without membership, got ${formatShape(first.shape)}`,
    );
  const inner = first.shape.slice(1);
  const pathways = inner[0]!;
  checkPatients(first, inner);
  return {
    totals: (x) => {
      checkPatients(x, inner);
      if (!isSparse(x)) return x.astype("float64").sum({ axis: 2 });
      return sums(x, pathways, (i, out) => {
        out[x.indices[3 * i]! * pathways + x.indices[3 * i + 1]!]! += x.values[i]!;
      });
    },
    tensor: (parts, kept, factors) => {
      for (const part of parts) checkPatients(part, inner);
      if (parts.every((part) => isSparse(part)))
        return joined(parts as readonly SparseTensor[], kept, factors.data());
      const whole = concat(
        (parts as readonly Tensor[]).map((part) => take(part.astype("float64"), positions(kept), 1)),
      );
      return whole.contiguous().mul(factors.reshape([1, -1, 1]));
    },
    sizes: null,
  };
}

/** Entries of the pathways kept, patients of later parts after those of earlier ones. */
function joined(
  parts: readonly SparseTensor[],
  kept: readonly number[],
  scale: ArrayLike<number>,
): SparseTensor {
  const placeOf = new Map(kept.map((p, place) => [p, place]));
  const indices: number[] = [];
  const values: number[] = [];
  let before = 0;
  for (const part of parts) {
    for (let i = 0; i < part.values.length; i++) {
      const place = placeOf.get(part.indices[3 * i + 1]!);
      if (place === undefined) continue;
      indices.push(before + part.indices[3 * i]!, place, part.indices[3 * i + 2]!);
      values.push(part.values[i]! * scale[place]!);
    }
    before += part.shape[0]!;
  }
  return {
    kind: "sparse",
    shape: [before, kept.length, parts[0]!.shape[2]!],
    indices: Int32Array.from(indices),
    values: Float64Array.from(values),
  };
}

/** `[m, pathways]` filled entry by entry. */
function sums(x: SparseTensor, pathways: number, add: (i: number, out: Float64Array) => void): Tensor {
  const out = new Float64Array(x.shape[0]! * pathways);
  for (let i = 0; i < x.values.length; i++) add(i, out);
  return fromTypedArray(out, [x.shape[0]!, pathways], "float64");
}

function checkRows(x: Tensor | SparseTensor, variants: number): void {
  if (isSparse(x, "panther: x")) checkEntries(x, [variants]);
  else {
    checkTable(x, "panther: x", variants);
    checkNonnegative(x, "panther: x");
  }
}

function checkPatients(x: Tensor | SparseTensor, inner: Shape): void {
  if (isSparse(x, "panther: x")) checkEntries(x, inner);
  else {
    if (!sameShape(x.shape.slice(1), inner))
      throw new ShapeError(
        `panther: x: shape [m, ${inner.join(", ")}] was expected, got ${formatShape(x.shape)}`,
      );
    checkNonnegative(x, "panther: x");
  }
}

function checkEntries(x: SparseTensor, inner: Shape): void {
  if (!sameShape(x.shape.slice(1), inner))
    throw new ShapeError(
      `panther: x: shape [m, ${inner.join(", ")}] was expected, got ${formatShape(x.shape)}`,
    );
  checkSparse(x, "panther: x");
  const bad = x.values.findIndex((value) => value < 0);
  if (bad >= 0) throw new DomainError(`panther: x: entry ${bad} is negative: ${x.values[bad]}`);
}

function checkPair(x: Tensor, membership: Tensor, what: string): void {
  checkTable(x, `${what}: x`);
  checkTable(membership, `${what}: membership`, x.shape[1]!);
  checkNonnegative(x, `${what}: x`);
  checkNonnegative(membership, `${what}: membership`);
}

function checkNonnegative(x: Tensor, what: string): void {
  const data = realNumbers(x, what);
  const width = Math.max(1, x.size / (x.shape[0] || 1));
  checkFiniteRows(data, width, what);
  const bad = data.findIndex((value) => value < 0);
  if (bad >= 0)
    throw new DomainError(`${what}: row ${Math.floor(bad / width)} has a negative entry: ${data[bad]}`);
}
