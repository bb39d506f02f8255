// The four formats as structures, and how values move from one to another. What is found out about the places alone is
// kept with the structure, so that a second conversion only moves values and finds the same pattern.

import type { Tensor } from "../../tensor/tensor.ts";
import { pick, spread } from "./moves.ts";
import { compress, Pattern } from "./pattern.ts";

export type SparseFormat = "coo" | "csr" | "csc" | "bsr";

export type Structure =
  | {
      readonly format: "coo";
      readonly rows: number;
      readonly columns: number;
      readonly rowIndices: Int32Array;
      readonly columnIndices: Int32Array;
    }
  | { readonly format: "csr"; readonly pattern: Pattern }
  /** The pattern is that of the transpose: compressed columns. */
  | { readonly format: "csc"; readonly pattern: Pattern }
  /** The pattern is that of the blocks; values are `[blocks, r, c]`. */
  | { readonly format: "bsr"; readonly pattern: Pattern; readonly block: readonly [number, number] };

/** A structure with values: what a sparse matrix is made of. */
export interface Parts {
  readonly structure: Structure;
  readonly values: Tensor;
}

/** A matrix by rows: what most operations work on. */
export interface Rows {
  readonly pattern: Pattern;
  readonly values: Tensor;
}

export function shapeOf(structure: Structure): readonly [number, number] {
  switch (structure.format) {
    case "coo":
      return [structure.rows, structure.columns];
    case "csr":
      return [structure.pattern.rows, structure.pattern.columns];
    case "csc":
      return [structure.pattern.columns, structure.pattern.rows];
    case "bsr": {
      const [r, c] = structure.block;
      return [structure.pattern.rows * r, structure.pattern.columns * c];
    }
  }
}

const compressed = new WeakMap<Structure, ReturnType<typeof compress>>();

const expanded = new WeakMap<Structure, { pattern: Pattern; order: Int32Array }>();

/** Entries of all blocks by rows. */
function expand(blocks: Pattern, [r, c]: readonly [number, number]): { pattern: Pattern; order: Int32Array } {
  const size = blocks.nnz * r * c;
  const indptr = new Int32Array(blocks.rows * r + 1);
  const indices = new Int32Array(size);
  const order = new Int32Array(size);
  let p = 0;
  for (let i = 0; i < blocks.rows; i++)
    for (let k = 0; k < r; k++) {
      for (let b = blocks.indptr[i]; b < blocks.indptr[i + 1]; b++)
        for (let l = 0; l < c; l++, p++) {
          indices[p] = blocks.indices[b] * c + l;
          order[p] = (b * r + k) * c + l;
        }
      indptr[i * r + k + 1] = p;
    }
  return { pattern: new Pattern(blocks.rows * r, blocks.columns * c, indptr, indices), order };
}

function kept<K extends object, V>(memory: WeakMap<K, V>, key: K, make: () => V): V {
  let value = memory.get(key);
  if (value === undefined) {
    value = make();
    memory.set(key, value);
  }
  return value;
}

/** Any matrix by rows: values of one place are summed. */
export function rowsOf({ structure, values }: Parts): Rows {
  switch (structure.format) {
    case "csr":
      return { pattern: structure.pattern, values };
    case "csc": {
      const { pattern, order } = structure.pattern.transposed;
      return { pattern, values: pick(values, order) };
    }
    case "coo": {
      const { rows, columns, rowIndices, columnIndices } = structure;
      const { pattern, target } = kept(compressed, structure, () =>
        compress(rows, columns, rowIndices, columnIndices),
      );
      return { pattern, values: spread(values, target, pattern.nnz) };
    }
    case "bsr": {
      const { pattern, order } = kept(expanded, structure, () => expand(structure.pattern, structure.block));
      return { pattern, values: pick(values.ravel(), order) };
    }
  }
}

const byRows = new WeakMap<Pattern, Structure>();
const asCoo = new WeakMap<Pattern, Structure>();

/** One structure for each pattern, so that what is kept with it is found again. */
export const csrParts = ({ pattern, values }: Rows): Parts => ({
  structure: kept(byRows, pattern, () => ({ format: "csr", pattern })),
  values,
});

/** By columns; the pattern is that of the transpose. */
export function cscParts(rows: Rows): Parts {
  const { pattern, order } = rows.pattern.transposed;
  return { structure: { format: "csc", pattern }, values: pick(rows.values, order) };
}

export const cooParts = ({ pattern, values }: Rows): Parts => ({
  structure: kept(asCoo, pattern, () => ({
    format: "coo",
    rows: pattern.rows,
    columns: pattern.columns,
    rowIndices: pattern.rowOf,
    columnIndices: pattern.indices,
  })),
  values,
});

/** In blocks of r × c, which must divide the shape; places without an entry become zeros of their block. */
export function bsrParts({ pattern, values }: Rows, block: readonly [number, number]): Parts {
  const [r, c] = block;
  const { indices, rowOf, nnz } = pattern;
  const { pattern: blocks, target } = compress(
    pattern.rows / r,
    pattern.columns / c,
    rowOf.map((i) => Math.floor(i / r)),
    indices.map((j) => Math.floor(j / c)),
  );
  const places = new Int32Array(nnz);
  for (let p = 0; p < nnz; p++) places[p] = (target[p] * r + (rowOf[p] % r)) * c + (indices[p] % c);
  return {
    structure: { format: "bsr", pattern: blocks, block },
    values: spread(values, places, blocks.nnz * r * c).reshape([blocks.nnz, r, c]),
  };
}
