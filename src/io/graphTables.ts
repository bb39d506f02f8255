// Graphs from tables: a list of edges, and attributes of the nodes.

import { coo } from "../sparse/base/constructors.ts";
import type { SparseMatrix } from "../sparse/base/sparseMatrix.ts";
import { FileError } from "../tensor/errors.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readCells } from "./tables.ts";

/** An undirected graph whose nodes have names. */
export interface GraphTable {
  /** In the order in which they come. */
  readonly nodes: readonly string[];
  /** `[n, n]`, symmetric; weights of repeated edges are added. */
  readonly adjacency: SparseMatrix;
  readonly notes: readonly string[];
}

/**
 * A graph from a table (.csv, .tsv or .parquet) of `source, target[, weight]`, one row an edge, with or without a header; names
 * of nodes are text. Edges go both ways; loops are left out with a note, and repeated edges are added. Throws FileError for
 * other numbers of columns, missing names and weights that are no positive numbers; MissingPackageError without
 * @duckdb/node-api.
 */
export async function readGraph(path: string): Promise<GraphTable> {
  const lines = await readCells(path);
  const width = lines[0]!.length;
  if (width !== 2 && width !== 3)
    throw new FileError(`${path}: source, target and perhaps weight were expected, got ${width} columns`);
  const isWeight = (text: string | null): boolean =>
    text !== null && text.trim() !== "" && Number.isFinite(Number(text));
  const hasHeader =
    width === 3 ? !isWeight(lines[0]![2]!) : /^(source|from|src|node ?1)$/i.test(lines[0]![0]?.trim() ?? "");
  const nodes = new Map<string, number>();
  const nodeOf = (name: string): number => {
    const known = nodes.get(name) ?? nodes.size;
    nodes.set(name, known);
    return known;
  };
  const rows: number[] = [];
  const columns: number[] = [];
  const weights: number[] = [];
  const pairs = new Set<string>();
  let [loops, repeated] = [0, 0];
  lines.slice(hasHeader ? 1 : 0).forEach(([source, target, weight], index) => {
    const line = index + (hasHeader ? 2 : 1);
    if (!source || !target) throw new FileError(`${path}: row ${line} lacks the name of a node`);
    if (width === 3 && !(isWeight(weight!) && Number(weight) > 0))
      throw new FileError(
        `${path}: row ${line}: a positive weight was expected, got ${weight === null ? "nothing" : `"${weight}"`}`,
      );
    const [i, j] = [nodeOf(source), nodeOf(target)];
    if (i === j) {
      loops++;
      return;
    }
    const pair = i < j ? `${i} ${j}` : `${j} ${i}`;
    if (pairs.has(pair)) repeated++;
    pairs.add(pair);
    rows.push(i, j);
    columns.push(j, i);
    const own = width === 3 ? Number(weight) : 1;
    weights.push(own, own);
  });
  if (rows.length === 0) throw new FileError(`${path}: no edge between two nodes`);
  const notes = [];
  if (loops > 0) notes.push(`${loops} edges from a node to itself were left out`);
  if (repeated > 0) notes.push(`${repeated} edges were repeated; their weights were added`);
  const n = nodes.size;
  return {
    nodes: [...nodes.keys()],
    adjacency: coo(rows, columns, Float64Array.from(weights), [n, n]).toCsr(),
    notes,
  };
}

/** Categories of nodes. */
export interface NodeAttributes {
  /** int32 `[n, kinds]`, numbered in the order in which values come. */
  readonly labels: Tensor;
  readonly kinds: readonly string[];
  readonly values: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

const listed = (names: readonly string[]): string =>
  `${names
    .slice(0, 3)
    .map((name) => `"${name}"`)
    .join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;

/**
 * Attributes of the nodes of a graph from a table with a header whose first column names the node and whose others are
 * categorical; an empty cell is a category of its own. Throws FileError for tables without attributes, nodes without a row,
 * nodes that the graph does not have and nodes with two rows; MissingPackageError without @duckdb/node-api.
 */
export async function readNodeAttributes(path: string, nodes: readonly string[]): Promise<NodeAttributes> {
  const [header, ...lines] = await readCells(path);
  const kinds = header!.slice(1).map((name, k) => name ?? `column ${k + 2}`);
  if (kinds.length === 0)
    throw new FileError(`${path}: a column of node names and at least one attribute were expected`);
  const place = new Map(nodes.map((name, i) => [name, i]));
  const codes = kinds.map(() => new Map<string, number>());
  const labels = new Int32Array(nodes.length * kinds.length).fill(-1);
  const unknown: string[] = [];
  lines.forEach(([name, ...cells], index) => {
    if (!name) throw new FileError(`${path}: row ${index + 2} lacks the name of a node`);
    const i = place.get(name);
    if (i === undefined) {
      unknown.push(name);
      return;
    }
    if (labels[i * kinds.length]! >= 0)
      throw new FileError(`${path}: row ${index + 2}: node "${name}" has a row already`);
    cells.forEach((cell, kind) => {
      const own = codes[kind]!;
      const value = cell ?? "";
      const code = own.get(value) ?? own.size;
      own.set(value, code);
      labels[i * kinds.length + kind] = code;
    });
  });
  if (unknown.length > 0)
    throw new FileError(
      `${path}: ${unknown.length} of its nodes ${unknown.length === 1 ? "is" : "are"} not in the graph: ${listed(unknown)}`,
    );
  const missing = nodes.filter((_, i) => labels[i * kinds.length]! < 0);
  if (missing.length > 0)
    throw new FileError(
      `${path}: ${missing.length} nodes of the graph have no attributes: ${listed(missing)}`,
    );
  return {
    labels: new Tensor(labels, [nodes.length, kinds.length], "int32"),
    kinds,
    values: codes.map((own) => [...own.keys()]),
    notes: codes.flatMap((own, kind) =>
      own.size > 20 && own.size > nodes.length / 2
        ? [`"${kinds[kind]}" has ${own.size} values for ${nodes.length} nodes: it says little of groups`]
        : [],
    ),
  };
}
