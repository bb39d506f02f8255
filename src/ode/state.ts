// States of differential equations are trees of tensors outside and one vector inside.

import { astype } from "../ops/cast.ts";
import { real } from "../ops/complex.ts";
import { concat } from "../ops/join.ts";
import { narrowAxis } from "../ops/movement.ts";
import { asTensor } from "../ops/operands.ts";
import { Tracer } from "../ops/tracer.ts";
import { type DType, isComplex, isFloat } from "../tensor/dtype.ts";
import { DomainError, DTypeError, ShapeError, TreeError } from "../tensor/errors.ts";
import { formatShape, type Shape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { type TreeStructure, treeFlatten, treeUnflatten } from "../tensor/tree.ts";

/** How the tensors of a state lie in its vector. */
export interface Layout {
  readonly structure: TreeStructure;
  readonly shapes: readonly Shape[];
  readonly dtypes: readonly DType[];
  /** Length of the vector. */
  readonly size: number;
  /** complex128 where any leaf is complex; computation is in double precision whatever the leaves are. */
  readonly dtype: "float64" | "complex128";
  /** Tells layouts apart. */
  readonly signature: string;
}

const lift = (value: unknown): unknown => (typeof value === "number" ? asTensor(value) : value);

/** The layout of a state. Throws DTypeError for integers, TreeError for leaves that are no tensors, DomainError for none. */
export function layoutOf(caller: string, y0: unknown): Layout {
  const { leaves, structure } = treeFlatten(lift(y0));
  // Whatever is not a tensor would be carried along unseen.
  structure.build((i) => leaves[i]);
  leaves.forEach(({ dtype }, i) => {
    if (!isFloat(dtype) && !isComplex(dtype))
      throw new DTypeError(
        `${caller}: y0${structure.paths[i]}: real or complex floating-point numbers were expected, got ${dtype}`,
      );
  });
  checkOnlyTensors(caller, lift(y0), "y0");
  const size = leaves.reduce((sum, leaf) => sum + leaf.size, 0);
  if (size === 0) throw new DomainError(`${caller}: y0 holds no numbers`);
  const dtype = leaves.some((leaf) => isComplex(leaf.dtype)) ? "complex128" : "float64";
  const signature = leaves
    .map((leaf, i) => `${structure.paths[i]}:${leaf.dtype}[${leaf.shape.join()}]`)
    .join(";");
  return {
    structure,
    shapes: leaves.map(({ shape }) => shape),
    dtypes: leaves.map((leaf) => leaf.dtype),
    size,
    dtype,
    signature,
  };
}

function checkOnlyTensors(caller: string, value: unknown, path: string): void {
  if (value instanceof Tensor) return;
  if (Array.isArray(value)) {
    value.forEach((item, i) => {
      checkOnlyTensors(caller, item, `${path}[${i}]`);
    });
    return;
  }
  if (typeof value === "object" && value !== null) {
    for (const [name, item] of Object.entries(value)) checkOnlyTensors(caller, item, `${path}.${name}`);
    return;
  }
  throw new TreeError(
    `${caller}: ${path}: a tensor was expected, got ${typeof value === "number" ? `the number ${value}; write tensor(${value})` : String(value)}`,
  );
}

/** A tree like the state as one vector. `what` names the tree in messages; throws where it does not fit. */
export function ravelState(layout: Layout, tree: unknown, what: string): Tensor {
  if (tree instanceof Tensor && layout.shapes.length === 1 && layout.structure.paths[0] === "") {
    if (tree.dtype === layout.dtype && tree.ndim === 1 && tree.size === layout.size) return tree;
  }
  const { leaves, structure } = treeFlatten(lift(tree));
  const { paths } = layout.structure;
  if (structure.paths.length !== paths.length || structure.paths.some((path, i) => path !== paths[i]))
    throw new TreeError(
      `${what}: a tree like y0, with tensors at ${list(paths)}, was expected, got tensors at ${list(structure.paths)}`,
    );
  const parts = leaves.map((leaf, i) => {
    const shape = layout.shapes[i]!;
    if (!sameShape(leaf.shape, shape))
      throw new ShapeError(
        `${what}${paths[i]}: shape ${formatShape(shape)} was expected, as in y0, got ${formatShape(leaf.shape)}`,
      );
    if (isComplex(leaf.dtype) && !isComplex(layout.dtypes[i]!))
      throw new DTypeError(
        `${what}${paths[i]}: real numbers were expected, got ${leaf.dtype}; make y0${paths[i]} complex for a complex solution`,
      );
    return astype(leaf.reshape([leaf.size]), layout.dtype);
  });
  return parts.length === 1 ? parts[0]! : concat(parts, 0);
}

const list = (paths: readonly string[]): string =>
  paths.length === 0 ? "no place" : paths.map((path) => path || "the root").join(", ");

/** The tree of a vector `[…, n]`; leading axes go before those of the leaves. */
export function unravelState<Y>(layout: Layout, vector: Tensor): Y {
  const lead = vector.shape.slice(0, -1);
  let at = 0;
  const leaves = layout.shapes.map((shape, i) => {
    const size = shape.reduce((a, b) => a * b, 1);
    const part = layout.shapes.length === 1 ? vector : narrowAxis(vector, -1, at, at + size);
    at += size;
    const dtype = layout.dtypes[i]!;
    const plain = isComplex(part.dtype) && !isComplex(dtype) ? real(part) : part;
    const shaped = shape.length === 1 ? plain : plain.reshape([...lead, ...shape]);
    return shaped.dtype === dtype ? shaped : astype(shaped, dtype);
  });
  return treeUnflatten<Y>(layout.structure, leaves);
}

/** Whether any tensor of the trees is a traced value. */
export const isTraced = (...trees: readonly unknown[]): boolean =>
  trees.some((tree) => treeFlatten(tree).leaves.some((leaf) => leaf instanceof Tracer));

/** Throws DomainError unless all numbers of a known state are finite. */
export function checkFinite(caller: string, what: string, data: Float64Array): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new DomainError(`${caller}: ${what}: finite numbers were expected, got ${data[bad]} among them`);
}
