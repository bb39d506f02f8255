// The Matrix Market exchange format: sparse matrices as coordinates, dense ones as columns.
// Source: Boisvert, Pozo and Remington, "The Matrix Market exchange formats: initial design", NISTIR 5935 (1996).
import { coo } from "../sparse/base/constructors.ts";
import { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { isComplex } from "../tensor/dtype.ts";
import { DomainError, FileError, ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { fileError, writeFileAtomic } from "./files.ts";
import { linesOf, parseValue } from "./lines.ts";

const FIELDS = ["real", "double", "integer", "complex", "pattern"] as const;
const SYMMETRIES = ["general", "symmetric", "skew-symmetric", "hermitian"] as const;
export type MatrixMarketSymmetry = (typeof SYMMETRIES)[number];
export type MatrixMarketField = (typeof FIELDS)[number];

export interface MatrixMarketFile {
  /** Sparse (`coo`, entries of symmetric files on both sides of the diagonal) or dense, float64 or complex128. */
  readonly matrix: SparseMatrix | Tensor;
  readonly field: MatrixMarketField;
  readonly symmetry: MatrixMarketSymmetry;
  /** Lines of comment, without their `%`. */
  readonly comments: readonly string[];
}

interface Header {
  readonly isSparse: boolean;
  readonly field: MatrixMarketField;
  readonly symmetry: MatrixMarketSymmetry;
  readonly width: 1 | 2;
}

function parseBanner(path: string, line: string): Header {
  const [banner, object, format, field, symmetry, ...rest] = line.trim().toLowerCase().split(/\s+/);
  if (banner !== "%%matrixmarket")
    throw new FileError(`${path}: not a Matrix Market file (it does not begin with %%MatrixMarket)`);
  const isKnown =
    object === "matrix" &&
    (format === "coordinate" || format === "array") &&
    FIELDS.some((name) => name === field) &&
    SYMMETRIES.some((name) => name === symmetry) &&
    rest.length === 0;
  const isPossible =
    !(field === "pattern" && (format === "array" || symmetry === "skew-symmetric")) &&
    !(symmetry === "hermitian" && field !== "complex");
  if (!isKnown || !isPossible)
    throw new FileError(
      `${path}: line 1: "matrix", coordinate or array, one of ${FIELDS.join(", ")} and one of ${SYMMETRIES.join(", ")} were expected, got "${line.trim()}"`,
    );
  return {
    isSparse: format === "coordinate",
    field: field as MatrixMarketField,
    symmetry: symmetry as MatrixMarketSymmetry,
    width: field === "complex" ? 2 : 1,
  };
}

/** What the lines after the size fill, entry by entry. */
class Entries {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
  count = 0;

  constructor(capacity: number, width: number) {
    this.rows = new Int32Array(capacity);
    this.columns = new Int32Array(capacity);
    this.values = new Float64Array(capacity * width);
  }
}

function naturalNumber(path: string, line: number, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= least && value <= most))
    throw new FileError(`${path}: line ${line}: "${text}" is not an integer from ${least} to ${most}`);
  return value;
}

const LIMIT = 2 ** 31 - 1;

/**
 * The matrix of a Matrix Market file (.mtx), read line by line: coordinate or array, real, integer, complex or pattern (ones),
 * general, symmetric, skew-symmetric or Hermitian. Throws FileError naming the line.
 */
export async function readMatrixMarket(path: string): Promise<MatrixMarketFile> {
  let header: Header | undefined;
  let size: number[] | undefined;
  let entries = new Entries(0, 1);
  let expected = 0;
  const comments: string[] = [];
  let number = 0;
  try {
    for await (const text of linesOf(path, "Matrix Market")) {
      number++;
      if (!header) {
        header = parseBanner(path, text);
        continue;
      }
      const line = text.trim();
      if (line === "") continue;
      if (line.startsWith("%")) {
        if (!size) comments.push(line.slice(1));
        continue;
      }
      const fields = line.split(/\s+/);
      const { width, isSparse } = header;
      if (!size) {
        size = parseSize(path, number, fields, header);
        expected = isSparse ? size[2] : listed(header.symmetry, size[0], size[1]);
        entries = new Entries(expected, width);
        continue;
      }
      if (entries.count === expected)
        throw new FileError(`${path}: line ${number}: more than the ${expected} entries of the size line`);
      const values = header.field === "pattern" ? 0 : width;
      const places = isSparse ? 2 : 0;
      if (fields.length !== places + values)
        throw new FileError(
          `${path}: line ${number} has ${fields.length} fields, ${places + values} were expected`,
        );
      const at = entries.count++;
      if (isSparse) {
        entries.rows[at] = naturalNumber(path, number, fields[0], 1, size[0]) - 1;
        entries.columns[at] = naturalNumber(path, number, fields[1], 1, size[1]) - 1;
      }
      if (values === 0) entries.values[at] = 1;
      for (let k = 0; k < values; k++)
        entries.values[width * at + k] = parseValue(fields[places + k], path, number);
    }
  } catch (error) {
    throw error instanceof FileError ? error : fileError(path, error);
  }
  if (!header) throw new FileError(`${path}: the file is empty`);
  if (!size) throw new FileError(`${path}: the file has no size line`);
  if (entries.count !== expected)
    throw new FileError(`${path}: the file ends after ${entries.count} of ${expected} entries`);
  const [m, n] = size;
  const matrix = header.isSparse
    ? sparseMatrix(path, header, m, n, entries)
    : denseMatrix(header, m, n, entries);
  return { matrix, field: header.field, symmetry: header.symmetry, comments };
}

function parseSize(path: string, line: number, fields: readonly string[], header: Header): number[] {
  const count = header.isSparse ? 3 : 2;
  if (fields.length !== count)
    throw new FileError(
      `${path}: line ${line}: a size of ${count} numbers was expected, got ${fields.length}`,
    );
  const size = fields.map((field) => naturalNumber(path, line, field, 0, LIMIT));
  if (header.symmetry !== "general" && size[0] !== size[1])
    throw new FileError(
      `${path}: line ${line}: a ${header.symmetry} matrix must be square, got ${size[0]} × ${size[1]}`,
    );
  return size;
}

/** Entries that an array file lists. */
function listed(symmetry: MatrixMarketSymmetry, m: number, n: number): number {
  if (symmetry === "general") return m * n;
  return symmetry === "skew-symmetric" ? (n * (n - 1)) / 2 : (n * (n + 1)) / 2;
}

/** The value at the mirrored place: the parts times ±1. */
const MIRROR: Readonly<Record<MatrixMarketSymmetry, readonly [number, number]>> = {
  general: [1, 1],
  symmetric: [1, 1],
  "skew-symmetric": [-1, -1],
  hermitian: [1, -1],
};

function sparseMatrix(
  path: string,
  { symmetry, width }: Header,
  m: number,
  n: number,
  { rows, columns, values, count }: Entries,
): SparseMatrix {
  const dtype = width === 2 ? "complex128" : "float64";
  if (symmetry === "general") return coo(rows, columns, new Tensor(values, [count], dtype), [m, n]);
  let mirrored = 0;
  for (let p = 0; p < count; p++) {
    if (rows[p] !== columns[p]) mirrored++;
    else if (
      symmetry === "skew-symmetric" &&
      values.subarray(width * p, width * (p + 1)).some((x) => x !== 0)
    )
      throw new FileError(`${path}: a skew-symmetric matrix has entry ${rows[p] + 1} on its diagonal`);
  }
  const total = count + mirrored;
  const all = new Entries(total, width);
  all.rows.set(rows);
  all.columns.set(columns);
  all.values.set(values);
  const signs = MIRROR[symmetry];
  for (let p = 0, q = count; p < count; p++) {
    if (rows[p] === columns[p]) continue;
    all.rows[q] = columns[p];
    all.columns[q] = rows[p];
    for (let k = 0; k < width; k++) all.values[width * q + k] = signs[k] * values[width * p + k];
    q++;
  }
  return coo(all.rows, all.columns, new Tensor(all.values, [total], dtype), [m, n]);
}

function denseMatrix({ symmetry, width }: Header, m: number, n: number, { values }: Entries): Tensor {
  const data = new Float64Array(m * n * width);
  const signs = MIRROR[symmetry];
  let at = 0;
  for (let j = 0; j < n; j++) {
    const first = symmetry === "general" ? 0 : symmetry === "skew-symmetric" ? j + 1 : j;
    for (let i = first; i < m; i++, at++)
      for (let k = 0; k < width; k++) {
        const value = values[width * at + k];
        data[width * (i * n + j) + k] = value;
        if (symmetry !== "general" && i !== j) data[width * (j * n + i) + k] = signs[k] * value;
      }
  }
  return new Tensor(data, [m, n], width === 2 ? "complex128" : "float64");
}

export interface MatrixMarketOptions {
  /** What the file claims; only one side of the diagonal is then written. `general` unless told. */
  readonly symmetry?: MatrixMarketSymmetry;
  /** `pattern` writes places only, `integer` whole numbers; `real` or `complex` by the dtype unless told. */
  readonly field?: "real" | "integer" | "complex" | "pattern";
  /** Lines of comment. */
  readonly comments?: readonly string[];
}

/**
 * Writes a sparse matrix as coordinates or a dense one `[m, n]` as an array, whole or not at all.
 *
 * @throws ShapeError for tensors that are no matrices; DomainError when the matrix is not what symmetry or field claim, or a
 * comment holds a line break; FileError.
 */
export async function writeMatrixMarket(
  path: string,
  matrix: SparseMatrix | Tensor,
  options: MatrixMarketOptions = {},
): Promise<void> {
  const { symmetry = "general", comments = [] } = options;
  const field = options.field ?? (isComplex(matrix.dtype) ? "complex" : "real");
  if (!(matrix instanceof SparseMatrix) && matrix.ndim !== 2)
    throw new ShapeError(`writeMatrixMarket: a matrix was expected, got shape ${formatShape(matrix.shape)}`);
  checkClaims(matrix, field, symmetry, comments);
  await writeFileAtomic(path, linesOfMatrix(matrix, field, symmetry, comments));
}

function checkClaims(
  matrix: SparseMatrix | Tensor,
  field: string,
  symmetry: MatrixMarketSymmetry,
  comments: readonly string[],
): void {
  const fail = (message: string): never => {
    throw new DomainError(`writeMatrixMarket: ${message}`);
  };
  if (!SYMMETRIES.includes(symmetry))
    fail(`symmetry must be one of ${SYMMETRIES.join(", ")}, got ${symmetry}`);
  if (!["real", "integer", "complex", "pattern"].includes(field))
    fail(`field must be real, integer, complex or pattern, got ${field}`);
  const isSparse = matrix instanceof SparseMatrix;
  if (field === "pattern" && (!isSparse || symmetry === "skew-symmetric"))
    fail("a pattern is sparse and not skew-symmetric");
  if (symmetry === "hermitian" && field !== "complex") fail("only complex matrices are called hermitian");
  if (isComplex(matrix.dtype) && (field === "real" || field === "integer"))
    fail(`values are ${matrix.dtype}, not ${field}`);
  if (comments.some((line) => /[\r\n]/.test(line))) fail("comments must be single lines");
  const values = isSparse ? matrix.rows.values : matrix;
  if (field === "integer" && !values.data().every((x) => Number.isInteger(x)))
    fail("values are not whole numbers");
  if (symmetry === "general") return;
  const [m, n] = matrix.shape;
  if (m !== n) fail(`a ${symmetry} matrix must be square, got shape ${formatShape(matrix.shape)}`);
  const differs = isSparse
    ? matrix.add(mirror(matrix.transpose(), symmetry).scale(-1)).values
    : matrix.sub(mirrorDense(matrix, symmetry));
  if (field !== "pattern" && differs.notEqual(0).data().includes(1)) fail(`the matrix is not ${symmetry}`);
  if (isSparse && field === "pattern") {
    const places = matrix.withValues(matrix.values.mul(0).add(1));
    if (places.toCsr().sub(places.transpose()).values.notEqual(0).data().includes(1))
      fail("the places of the matrix are not symmetric");
  }
}

function mirror(turned: SparseMatrix, symmetry: MatrixMarketSymmetry): SparseMatrix {
  if (symmetry === "hermitian") return turned.conj();
  return symmetry === "skew-symmetric" ? turned.scale(-1) : turned;
}

function mirrorDense(x: Tensor, symmetry: MatrixMarketSymmetry): Tensor {
  if (symmetry === "hermitian") return x.mT().conj();
  return symmetry === "skew-symmetric" ? x.mT().neg() : x.mT();
}

const SPECIAL: Readonly<Record<string, string>> = { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" };
const numberText = (x: number): string => SPECIAL[String(x)] ?? (Object.is(x, -0) ? "-0" : String(x));

/** Lines that one piece of the file holds. */
const PIECE = 4096;

function* linesOfMatrix(
  matrix: SparseMatrix | Tensor,
  field: string,
  symmetry: MatrixMarketSymmetry,
  comments: readonly string[],
): Generator<string> {
  const isSparse = matrix instanceof SparseMatrix;
  const kind = isSparse ? "coordinate" : "array";
  yield `%%MatrixMarket matrix ${kind} ${field} ${symmetry}\n${comments.map((line) => `%${line}\n`).join("")}`;
  const [m, n] = matrix.shape;
  const width = isComplex(matrix.dtype) ? 2 : 1;
  // Below the diagonal, with it, or everything.
  const least = symmetry === "general" ? Number.NEGATIVE_INFINITY : symmetry === "skew-symmetric" ? 1 : 0;
  const value = (data: ArrayLike<number>, p: number): string => {
    if (field === "pattern") return "";
    const re = numberText(data[width * p]);
    return field === "complex" ? `${re} ${width === 2 ? numberText(data[2 * p + 1]) : "0"}` : re;
  };
  let text = "";
  let lines = 0;
  if (isSparse) {
    const { pattern, values } = matrix.rows;
    const data = values.data();
    const { rowOf, indices, nnz } = pattern;
    let count = 0;
    for (let p = 0; p < nnz; p++) if (rowOf[p] - indices[p] >= least) count++;
    yield `${m} ${n} ${count}\n`;
    for (let p = 0; p < nnz; p++) {
      if (rowOf[p] - indices[p] < least) continue;
      text += `${rowOf[p] + 1} ${indices[p] + 1} ${value(data, p)}`.trimEnd();
      text += "\n";
      if (++lines % PIECE === 0) {
        yield text;
        text = "";
      }
    }
  } else {
    const data = matrix.data();
    yield `${m} ${n}\n`;
    for (let j = 0; j < n; j++)
      for (let i = Math.max(0, j + least); i < m; i++) {
        text += `${value(data, i * n + j)}\n`;
        if (++lines % PIECE === 0) {
          yield text;
          text = "";
        }
      }
  }
  yield text;
}
