// The file of a decomposition: its arrays under fixed names in a .safetensors or .npz file, and a JSON description.
import { checkNetwork } from "../decompose/network/graph.ts";
import { dtypeOf, ranks, shapeOf, tensorsOf } from "../decompose/operations.ts";
import type {
  Arranged,
  CP,
  Decomposition,
  Dense,
  DimTree,
  Layout,
  Network,
  NetworkGraph,
  Ring,
  Tree,
  TT,
  Tucker,
} from "../decompose/types.ts";
import { type DType, isComplex, isFloat } from "../tensor/dtype.ts";
import { FileError } from "../tensor/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { readNpz, writeNpz } from "./npz.ts";
import { readSafetensors, writeSafetensors } from "./safetensors.ts";
import type { SourceKind } from "./tensorFile.ts";

/** Version of the description; a reader refuses larger ones. */
const VERSION = 1;

/** What a file says of a decomposition beside its numbers. */
export interface DecompositionInfo {
  /** Short name of what was decomposed. */
  readonly source: string;
  readonly sourceKind: SourceKind;
  /** dtype of what was decomposed, before it was converted for the computation. */
  readonly sourceDtype: DType;
  /** Asked relative error, or null when ranks or bytes were asked for. */
  readonly tolerance: number | null;
  /** Measured relative Frobenius error, ‖X − X̂‖ / ‖X‖. */
  readonly error: number;
  readonly seed: number;
  /** Column names of a table. */
  readonly columns?: readonly string[];
}

/** A decomposition as it was read. */
export interface LoadedDecomposition {
  readonly decomposition: Decomposition;
  /** Shape of the tensor that it stands for. */
  readonly shape: Shape;
  readonly info: DecompositionInfo;
}

type Inner = Arranged["inner"] | Network | Dense;

/** The JSON of the description. */
interface Description extends DecompositionInfo {
  readonly format: "polyadic";
  readonly version: number;
  readonly kind: Inner["kind"];
  readonly shape: Shape;
  readonly dtype: DType;
  readonly ranks: readonly number[];
  readonly layout: Layout | null;
  readonly tree: DimTree | null;
  /** Of a network; files of other kinds may lack it. */
  readonly graph?: NetworkGraph;
}

/**
 * Writes a decomposition as `.safetensors` or `.npz`, whole or not at all. Its arrays have the names of `tensorsOf`;
 * the description is `__metadata__.polyadic`, in .npz files the uint8 array `meta` (UTF-8 text). Throws FileError for
 * another ending, DTypeError for numbers that the format lacks (complex128 in .safetensors).
 */
export async function saveDecomposition(
  path: string,
  d: Decomposition,
  info: DecompositionInfo,
): Promise<void> {
  checkDecompositionPath(path);
  const inner = d.kind === "arranged" ? d.inner : d;
  const tensors = tensorsOf(d);
  const description: Description = {
    format: "polyadic",
    version: VERSION,
    kind: inner.kind,
    shape: shapeOf(d),
    dtype: dtypeOf(d),
    ranks: ranks(d),
    layout: d.kind === "arranged" ? d.layout : null,
    tree: inner.kind === "tree" ? inner.tree : null,
    ...(inner.kind === "network" ? { graph: inner.graph } : {}),
    ...info,
  };
  const json = JSON.stringify(description);
  if (path.toLowerCase().endsWith(".npz")) {
    const text = new TextEncoder().encode(json);
    await writeNpz(path, { ...tensors, meta: new Tensor(text, [text.length], "uint8") });
  } else await writeSafetensors(path, tensors, { polyadic: json });
}

/** Throws FileError unless a decomposition can be written under this name: for a check before long work. */
export function checkDecompositionPath(path: string): void {
  if (!/\.(safetensors|npz)$/i.test(path))
    throw new FileError(`${path}: a decomposition is written as .safetensors or .npz`);
}

/**
 * Reads a decomposition that `saveDecomposition` wrote. Throws FileError, naming the array, when the file is no such
 * file or its parts do not fit together.
 */
export async function loadDecomposition(path: string): Promise<LoadedDecomposition> {
  checkDecompositionPath(path);
  const { tensors, json } = await readParts(path);
  const description = parseDescription(path, json);
  const { kind, shape, layout, source, sourceKind, sourceDtype, tolerance, error, seed, columns } =
    description;
  const arranged = layout ? arrangedShape(path, layout, shape) : shape;
  const inner = assemble(new Parts(path, tensors), kind, arranged, description);
  if (layout && (inner.kind === "dense" || inner.kind === "network"))
    throw new FileError(`${path}: a rearranged tensor is never stored as kind ${inner.kind}`);
  return {
    decomposition:
      layout && inner.kind !== "dense" && inner.kind !== "network"
        ? { kind: "arranged", layout, inner }
        : inner,
    shape,
    info: { source, sourceKind, sourceDtype, tolerance, error, seed, ...(columns ? { columns } : {}) },
  };
}

/** Whether the file at `path` holds a decomposition; only its header or its directory is trusted. */
export async function isDecompositionFile(path: string): Promise<boolean> {
  if (!/\.(safetensors|npz)$/i.test(path)) return false;
  const { json } = await readParts(path, []);
  return json !== undefined;
}

async function readParts(
  path: string,
  names?: readonly string[],
): Promise<{ tensors: Record<string, Tensor>; json: string | undefined }> {
  if (!path.toLowerCase().endsWith(".npz")) {
    const { tensors, metadata } = await readSafetensors(path, names ? { names } : {});
    return { tensors, json: metadata.polyadic };
  }
  const { meta, ...tensors } = await readNpz(path);
  const json = meta?.dtype === "uint8" ? new TextDecoder().decode(meta.data() as Uint8Array) : undefined;
  return { tensors, json };
}

const KINDS: readonly string[] = ["cp", "tucker", "tt", "ring", "tree", "network", "dense"];

function parseDescription(path: string, json: string | undefined): Description {
  if (json === undefined)
    throw new FileError(
      `${path}: holds arrays, but no decomposition: it was not written by polyadic decompose`,
    );
  let value: Partial<Description>;
  try {
    value = JSON.parse(json) as Partial<Description>;
  } catch (error) {
    throw new FileError(`${path}: the description of the decomposition is damaged`, { cause: error });
  }
  if (value.format !== "polyadic" || typeof value.version !== "number")
    throw new FileError(`${path}: the description is not of a polyadic decomposition`);
  if (value.version > VERSION)
    throw new FileError(
      `${path}: written by a newer version (format ${value.version}; this one reads ${VERSION})`,
    );
  if (!KINDS.includes(value.kind ?? "") || !isLengths(value.shape))
    throw new FileError(`${path}: the description names no known kind and shape: ${json.slice(0, 80)}`);
  return value as Description;
}

const isLengths = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((length) => Number.isSafeInteger(length) && length >= 0);

/** The shape after padding, splitting and reordering; throws unless the layout is consistent. */
function arrangedShape(path: string, layout: Layout, shape: Shape): Shape {
  const { padded, splits, order } = layout;
  const fits =
    isLengths(layout.shape) &&
    sameShape(layout.shape, shape) &&
    isLengths(padded) &&
    padded.length === shape.length &&
    padded.every((length, k) => length >= shape[k]!) &&
    Array.isArray(splits) &&
    splits.length === shape.length &&
    splits.every((split, k) => isLengths(split) && sizeOf(split) === padded[k]);
  const lengths = fits ? splits.flat() : [];
  if (
    !fits ||
    !isLengths(order) ||
    !sameShape(
      [...order].sort((a, b) => a - b),
      [...lengths.keys()],
    )
  )
    throw new FileError(
      `${path}: the layout in the description does not fit the shape ${formatShape(shape)}`,
    );
  return order.map((axis) => lengths[axis]!);
}

/** The arrays of a file, handed out by name while their shapes are checked. */
class Parts {
  readonly #path: string;
  readonly #tensors: Record<string, Tensor>;

  constructor(path: string, tensors: Record<string, Tensor>) {
    this.#path = path;
    this.#tensors = tensors;
  }

  /** The array `name`, of the given shape; null stands for any length. */
  take(name: string, expected: readonly (number | null)[]): Tensor {
    const x = this.#tensors[name];
    if (!x) throw new FileError(`${this.#path}: the array ${name} is missing`);
    if (
      x.ndim !== expected.length ||
      expected.some((length, axis) => length !== null && length !== x.shape[axis])
    )
      throw new FileError(
        `${this.#path}: ${name} has the shape ${formatShape(x.shape)}, expected [${expected.map((n) => n ?? "any").join(", ")}]`,
      );
    if (!isFloat(x.dtype) && !isComplex(x.dtype) && name !== "data")
      throw new FileError(`${this.#path}: ${name} holds ${x.dtype}; real or complex numbers were expected`);
    return x;
  }

  fail(message: string): never {
    throw new FileError(`${this.#path}: ${message}`);
  }
}

function assemble(
  parts: Parts,
  kind: Inner["kind"],
  shape: Shape,
  { tree, graph }: Pick<Description, "tree" | "graph">,
): Inner {
  switch (kind) {
    case "cp":
      return assembleCP(parts, shape);
    case "tucker":
      return assembleTucker(parts, shape);
    case "tt":
    case "ring":
      return assembleChain(parts, kind, shape);
    case "tree":
      return assembleTree(parts, shape, tree);
    case "network":
      return assembleNetwork(parts, shape, graph);
    case "dense":
      return { kind, data: parts.take("data", shape) };
  }
}

function assembleCP(parts: Parts, shape: Shape): CP {
  const weights = parts.take("weights", [null]);
  const rank = weights.shape[0]!;
  return {
    kind: "cp",
    weights,
    factors: shape.map((length, k) => parts.take(`factors.${k}`, [length, rank])),
  };
}

function assembleTucker(parts: Parts, shape: Shape): Tucker {
  const core = parts.take(
    "core",
    shape.map(() => null),
  );
  const factors = shape.map((length, k) => parts.take(`factors.${k}`, [length, core.shape[k]!]));
  return { kind: "tucker", core, factors };
}

function assembleChain(parts: Parts, kind: "tt" | "ring", shape: Shape): TT | Ring {
  const cores: Tensor[] = [];
  const outer = kind === "tt" ? 1 : (parts.take("cores.0", [null, shape[0]!, null]).shape[0] ?? 1);
  let rank = outer;
  for (const [k, length] of shape.entries()) {
    const core = parts.take(`cores.${k}`, [rank, length, k === shape.length - 1 ? outer : null]);
    cores.push(core);
    rank = core.shape[2]!;
  }
  return { kind, cores };
}

function assembleTree(parts: Parts, shape: Shape, tree: DimTree | null): Tree {
  if (tree === null) parts.fail("the description of a tree decomposition lacks its tree");
  const modes: number[] = [];
  const leaves: Tensor[] = [];
  const transfers: Tensor[] = [];
  /** Takes the node's arrays, in pre-order; gives the node's rank. */
  const walk = (node: DimTree, root: boolean): number => {
    if (typeof node === "number") {
      if (!(node in shape)) parts.fail(`the tree names mode ${node} of a tensor with ${shape.length} modes`);
      modes.push(node);
      leaves[node] = parts.take(`leaves.${node}`, [shape[node]!, root ? 1 : null]);
      return leaves[node].shape[1]!;
    }
    if (!Array.isArray(node) || node.length !== 2) parts.fail("every inner node of the tree must be a pair");
    const place = transfers.length;
    const transfer = parts.take(`transfers.${place}`, [null, null, root ? 1 : null]);
    transfers.push(transfer);
    const children = node.map((child) => walk(child, false));
    parts.take(`transfers.${place}`, [...children, transfer.shape[2]!]);
    return transfer.shape[2]!;
  };
  walk(tree, true);
  if (
    !sameShape(
      [...modes].sort((a, b) => a - b),
      [...shape.keys()],
    )
  )
    parts.fail(`the tree holds the modes ${modes.join(", ")}; each of ${shape.length} was expected once`);
  return { kind: "tree", tree, leaves, transfers };
}

function assembleNetwork(parts: Parts, shape: Shape, graph: NetworkGraph | undefined): Network {
  if (!Array.isArray(graph?.modes) || !Array.isArray(graph.edges))
    parts.fail("the description of a network lacks its graph");
  const cores = graph.modes.map((mode, v) => {
    const bonds = graph.edges.filter((edge) => Array.isArray(edge) && edge.includes(v)).map(() => null);
    return parts.take(`cores.${v}`, mode === null ? bonds : [shape[mode] ?? null, ...bonds]);
  });
  const network: Network = { kind: "network", graph, cores };
  try {
    checkNetwork(network, "the network");
  } catch (error) {
    parts.fail((error as Error).message);
  }
  return network;
}
