// Tables (.csv, .tsv, .parquet) as matrices or sparse tensors, through the optional package @duckdb/node-api.
import { mkdtemp, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import type { DuckDBConnection, DuckDBValue } from "@duckdb/node-api";
import type { SparseTensor } from "../decompose/base/sparse.ts";
import { FileError } from "../tensor/errors.ts";
import { optionalPackage } from "../tensor/packages.ts";
import { Tensor } from "../tensor/tensor.ts";
import { CoordinateBuffer, sumDuplicates } from "./coordinates.ts";
import { fileError } from "./files.ts";

export const TABLE_EXTENSIONS: readonly string[] = [".csv", ".tsv", ".parquet"];

export const isTablePath = (path: string): boolean => TABLE_EXTENSIONS.includes(extname(path).toLowerCase());

const INTEGER = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const NUMERIC = /^(FLOAT|DOUBLE|BOOLEAN|DECIMAL\(.*\))$/;

interface Column {
  readonly name: string;
  readonly type: string;
}

const isInteger = ({ type }: Column): boolean => INTEGER.test(type);
const isNumeric = (column: Column): boolean => isInteger(column) || NUMERIC.test(column.type);

/** A matrix read from a table. */
export interface TableMatrix {
  /** float64 `[rows, columns]` */
  readonly tensor: Tensor;
  readonly columns: readonly string[];
  readonly notes: readonly string[];
}

/**
 * A table of numbers as a float64 matrix `[rows, columns]`; booleans count as 0 and 1, missing cells (empty, `NA`,
 * `nan`, `null`) are NaN. Whether the first line of a text file is a header is detected. Throws FileError naming the
 * columns that hold no numbers, MissingPackageError without @duckdb/node-api.
 */
export function readTable(path: string): Promise<TableMatrix> {
  return withTable(path, async ({ columns, rows }) => {
    const unfit = columns.filter((column) => !isNumeric(column));
    // Lines of unequal length are read as one column of text, under the whole first line as its name.
    if (columns.length === 1 && unfit.length === 1 && /[,;\t|]/.test(columns[0]!.name))
      throw new FileError(
        `${path}: not every line has as many fields as the first, ${JSON.stringify(columns[0]!.name)}`,
      );
    // Columns without a cell are of type text.
    if (unfit.length > 0 && (await isBare(rows(columns.map(() => "VARCHAR")))))
      throw new FileError(`${path}: the table has a header, but no rows`);
    if (unfit.length > 0)
      throw new FileError(
        `${path}: ${unfit.length === 1 ? "the column" : "the columns"} ${unfit.map(describe).join(", ")} ${unfit.length === 1 ? "holds no numbers; remove it" : "hold no numbers; remove them"}, or read the table as a list of index, …, value (coo)`,
      );
    const width = columns.length;
    const blocks: Float64Array[] = [];
    let count = 0;
    let inexact = 0;
    for await (const values of rows(columns.map(() => "DOUBLE"))) {
      const length = values[0]!.length;
      const block = new Float64Array(length * width);
      for (let j = 0; j < width; j++) {
        const exact = !isInteger(columns[j]!);
        for (let i = 0; i < length; i++) {
          const value = values[j]![i] as number | null;
          block[i * width + j] = value ?? Number.NaN;
          if (!exact && value !== null && Math.abs(value) >= 2 ** 53) inexact++;
        }
      }
      blocks.push(block);
      count += length;
    }
    if (count === 0) throw new FileError(`${path}: the table has no rows`);
    const data = new Float64Array(count * width);
    let at = 0;
    for (const block of blocks) {
      data.set(block, at);
      at += block.length;
    }
    return {
      tensor: new Tensor(data, [count, width], "float64"),
      columns: columns.map(({ name }) => name),
      notes: inexact > 0 ? [`${inexact} integers lie at or beyond 2^53 and may be rounded`] : [],
    };
  });
}

async function isBare(blocks: AsyncIterable<readonly (readonly unknown[])[]>): Promise<boolean> {
  for await (const [column] of blocks) if (column!.length > 0) return false;
  return true;
}

/**
 * The cells of a table as text, row by row, empty ones null: every line of a text file, its header among them; the names of
 * columns and the rows of a parquet file. Throws FileError, also for an empty table, and MissingPackageError without
 * @duckdb/node-api.
 */
export function readCells(path: string): Promise<(string | null)[][]> {
  const isText = extname(path).toLowerCase() !== ".parquet";
  return withTable(
    path,
    async ({ columns, rows }) => {
      const lines: (string | null)[][] = isText ? [] : [columns.map(({ name }) => name)];
      for await (const values of rows(columns.map(() => "VARCHAR")))
        for (let i = 0; i < values[0]!.length; i++)
          lines.push(values.map((column) => (column[i] as string | null)?.trim() ?? null));
      if (lines.length === 0) throw new FileError(`${path}: the table has no rows`);
      return lines;
    },
    isText ? ", header=false, all_varchar=true, null_padding=false" : "",
  );
}

/** A sparse tensor read from a table of index, …, value. */
export interface TableEntries {
  readonly tensor: SparseTensor;
  /** Names of the index columns, one a mode; the last name is that of the value. */
  readonly columns: readonly string[];
  /** For each mode the labels of its positions, or null when the column holds positions. */
  readonly labels: readonly (readonly string[] | null)[];
  readonly notes: readonly string[];
}

/**
 * A table whose last column is the value and whose others say where it belongs, as a sparse tensor. A column of
 * integers whose smallest is 0 holds positions; the distinct values of any other column, in ascending order, are the
 * labels of a mode. Equal indices are added, with a note. Throws FileError for fewer than two columns, a value column
 * without numbers and missing cells.
 */
export function readTableEntries(path: string): Promise<TableEntries> {
  return withTable(path, async ({ columns, rows }) => {
    if (columns.length < 2)
      throw new FileError(`${path}: one column; index columns and a value column were expected`);
    const value = columns.at(-1)!;
    if (!isNumeric(value))
      throw new FileError(`${path}: the last column, ${describe(value)}, holds no numbers`);
    const keys = columns.slice(0, -1);
    const codes = keys.map(() => new Map<DuckDBValue, number>());
    const buffer = new CoordinateBuffer(keys.length);
    const index = new Int32Array(keys.length);
    const casts = [...keys.map((column) => (isInteger(column) ? "DOUBLE" : "VARCHAR")), "DOUBLE"];
    for await (const values of rows(casts)) {
      for (let i = 0; i < values[0]!.length; i++) {
        for (let k = 0; k <= keys.length; k++) {
          const cell = values[k]![i]!;
          if (cell === null)
            throw new FileError(
              `${path}: row ${buffer.count + 1} has no ${columns[k]!.name}; missing entries are left out of a list`,
            );
          if (k < keys.length) index[k] = codeOf(codes[k]!, cell);
        }
        buffer.push(index, values[keys.length]![i] as number);
      }
    }
    if (buffer.count === 0) throw new FileError(`${path}: the table has no rows`);

    const notes: string[] = [];
    const modes = keys.map((column, k) => positionsOf(column, codes[k]!, notes));
    const indices = buffer.indices();
    for (let i = 0; i < indices.length; i++) indices[i] = modes[i % keys.length]!.positions[indices[i]!]!;
    const shape = modes.map(({ length }) => length);
    const { tensor, merged } = sumDuplicates(shape, indices, buffer.values());
    if (merged > 0) notes.push(`${merged} rows repeated an index; their values were added`);
    return {
      tensor,
      columns: columns.map(({ name }) => name),
      labels: modes.map(({ labels }) => labels),
      notes,
    };
  });
}

function codeOf(codes: Map<DuckDBValue, number>, cell: DuckDBValue): number {
  let code = codes.get(cell);
  if (code === undefined) codes.set(cell, (code = codes.size));
  return code;
}

/** The place of every code along its mode. */
function positionsOf(
  column: Column,
  codes: Map<DuckDBValue, number>,
  notes: string[],
): { positions: Int32Array; length: number; labels: readonly string[] | null } {
  const distinct = [...codes.keys()];
  const positions = new Int32Array(distinct.length);
  if (isInteger(column)) {
    const numbers = distinct as number[];
    const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
    if (low === 0 && high < 2 ** 31 - 1) {
      positions.set(numbers);
      return { positions, length: high + 1, labels: null };
    }
    numbers.sort((a, b) => a - b);
    notes.push(`${column.name}: integers from ${low}, taken as ${distinct.length} labels in ascending order`);
  } else distinct.sort((a, b) => (String(a) < String(b) ? -1 : 1));
  for (const [position, label] of distinct.entries()) positions[codes.get(label)!] = position;
  return { positions, length: distinct.length, labels: distinct.map(String) };
}

const describe = ({ name, type }: Column): string =>
  `"${name}" (${type === "VARCHAR" ? "text" : type.toLowerCase()})`;

interface OpenTable {
  readonly columns: readonly Column[];
  /** Blocks of rows, each a list of columns, with every column cast to the given SQL type. */
  rows(casts: readonly string[]): AsyncIterable<DuckDBValue[][]>;
}

async function withTable<T>(path: string, use: (table: OpenTable) => Promise<T>, options = ""): Promise<T> {
  const { DuckDBInstance } = await optionalPackage(
    "@duckdb/node-api",
    "reading tables",
    () => import("@duckdb/node-api"),
  );
  try {
    const info = await stat(path);
    if (info.isDirectory()) throw new FileError(`${path}: is a folder, a table was expected`);
    if (info.size === 0) throw new FileError(`${path}: the file is empty`);
  } catch (error) {
    throw fileError(path, error);
  }
  const literal = await literalPath(path);
  const instance = await DuckDBInstance.create(":memory:", {
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
  });
  let connection: DuckDBConnection | undefined;
  try {
    connection = await instance.connect();
    return await use(await openTable(connection, source(literal.path, options)));
  } catch (error) {
    if (error instanceof FileError) throw error;
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0]!;
    throw new FileError(`${path}: not a readable table: ${reason.replaceAll(literal.path, path)}`, {
      cause: error,
    });
  } finally {
    connection?.closeSync();
    instance.closeSync();
    await literal.remove();
  }
}

/** DuckDB takes *, ? and [ in a path for patterns: such a file is read through a link with a plain name. */
async function literalPath(path: string): Promise<{ path: string; remove: () => Promise<void> }> {
  if (!/[*?[]/.test(path)) return { path, remove: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), "polyadic-"));
  const link = join(folder, basename(path).replaceAll(/[*?[]/g, "_"));
  await symlink(resolve(path), link);
  return { path: link, remove: () => rm(folder, { recursive: true, force: true }) };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function source(path: string, options: string): string {
  if (extname(path).toLowerCase() === ".parquet") return `read_parquet(${quoted(path)})`;
  const separator = extname(path).toLowerCase() === ".tsv" ? ", delim='\t'" : "";
  return `read_csv(${quoted(path)}, nullstr=['', 'NA', 'N/A', '#N/A', 'null', 'NULL', 'nan', 'NaN', 'NAN']${separator}${options})`;
}

async function openTable(connection: DuckDBConnection, from: string): Promise<OpenTable> {
  const head = await connection.stream(`SELECT * FROM ${from} LIMIT 0`);
  const types = head.columnTypes().map(String);
  const columns = head.columnNames().map((name, i) => ({ name, type: types[i]! }));
  return {
    columns,
    async *rows(casts) {
      // Positional names spare quoting what people call their columns.
      const names = columns.map((_, i) => `c${i}`);
      const selected = names.map((name, i) => `CAST(${name} AS ${casts[i]})`).join(", ");
      const result = await connection.stream(
        `SELECT ${selected} FROM (SELECT * FROM ${from}) t(${names.join(", ")})`,
      );
      for (
        let chunk = await result.fetchChunk();
        chunk && chunk.rowCount > 0;
        chunk = await result.fetchChunk()
      )
        yield chunk.getColumns();
    },
  };
}
