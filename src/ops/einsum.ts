import { ShapeError } from "../tensor/errors.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { astype } from "./cast.ts";
import { contract } from "./contract.ts";
import { type ContractionPath, findPath, type Network } from "./einsumPath.ts";
import { diagonal, reshape, transpose } from "./movement.ts";
import { commonDType } from "./operands.ts";
import { sum } from "./reduce.ts";

/** A tensor with a name for each axis. */
export interface Labelled {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

interface Parsed extends Network {
  readonly tensors: readonly Labelled[];
}

/** Splits `"ab...,bc"` into labels; the axes of `...` get the labels `.0`, `.1` … counted from the right. */
function parseTerm(term: string, ellipsis: number): string[] {
  const labels: string[] = [];
  for (let i = 0; i < term.length; i++) {
    if (term.startsWith("...", i)) {
      for (let axis = ellipsis; axis > 0; axis--) labels.push(`.${axis - 1}`);
      i += 2;
    } else labels.push(term[i]!);
  }
  return labels;
}

const TERM = /^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/;

function parse(subscripts: string, operands: readonly Tensor[]): Parsed {
  const [inputs, result, ...rest] = subscripts.replace(/\s/g, "").split("->");
  const terms = inputs!.split(",");
  if (rest.length || ![...terms, result ?? ""].every((term) => TERM.test(term)))
    throw new ShapeError(`einsum: "${subscripts}" is not of the form "ij,jk->ik"`);
  if (terms.length !== operands.length)
    throw new ShapeError(`einsum: "${subscripts}" names ${terms.length} operands, got ${operands.length}`);
  const extras = terms.map((term, i) => {
    const named = term.replace("...", "").length;
    const extra = operands[i]!.ndim - named;
    if (extra < 0 || (extra > 0 && !term.includes("...")))
      throw new ShapeError(
        `einsum: "${term}" names ${named} axes, operand ${i} has shape ${formatShape(operands[i]!.shape)}`,
      );
    return term.includes("...") ? extra : 0;
  });
  const lengths = new Map<string, number>();
  const labelled = terms.map((term, i) => ({ x: operands[i]!, labels: parseTerm(term, extras[i]!) }));
  for (const { x, labels } of labelled)
    labels.forEach((label, axis) => {
      const length = x.shape[axis]!;
      const known = lengths.get(label);
      if (known === undefined || known === 1) lengths.set(label, length);
      else if (length !== known && length !== 1)
        throw new ShapeError(`einsum: label "${label}" has lengths ${known} and ${length}`);
    });
  const output = result === undefined ? implicitOutput(labelled) : parseTerm(result, Math.max(0, ...extras));
  const dots = [...lengths.keys()].filter((label) => label.startsWith("."));
  if (!dots.every((label) => output.includes(label)))
    throw new ShapeError(
      `einsum: the result of "${subscripts}" must keep the axes of "..."; sum them with sum()`,
    );
  for (const label of output)
    if (!lengths.has(label))
      throw new ShapeError(`einsum: label "${label}" of the result names no axis of an operand`);
  if (new Set(output).size !== output.length)
    throw new ShapeError(`einsum: a label stands twice in the result of "${subscripts}"`);
  const tensors = labelled.map((operand) => prepare(operand, lengths));
  return { tensors, operands: tensors.map(({ labels }) => labels), output, lengths };
}

/** Without `->` the result has the labels that occur once, in alphabetical order, after the axes of `...`. */
function implicitOutput(operands: readonly Labelled[]): string[] {
  const counts = new Map<string, number>();
  for (const { labels } of operands)
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const dots = [...counts.keys()]
    .filter((label) => label.startsWith("."))
    .sort((a, b) => Number(b.slice(1)) - Number(a.slice(1)));
  const once = [...counts]
    .filter(([label, count]) => count === 1 && !label.startsWith("."))
    .map(([label]) => label);
  return [...dots, ...once.sort()];
}

/** Takes diagonals of repeated labels and drops axes of length 1 that broadcast against longer ones. */
function prepare({ x, labels }: Labelled, lengths: ReadonlyMap<string, number>): Labelled {
  let tensor = x;
  let names = [...labels];
  const stretched = names.map((label, axis) => tensor.shape[axis] === 1 && lengths.get(label) !== 1);
  if (stretched.includes(true)) {
    tensor = reshape(
      tensor,
      tensor.shape.filter((_, axis) => !stretched[axis]),
    );
    names = names.filter((_, axis) => !stretched[axis]);
  }
  for (;;) {
    const second = names.findIndex((label, axis) => names.indexOf(label) < axis);
    if (second < 0) return { x: tensor, labels: names };
    const label = names[second]!;
    const first = names.indexOf(label);
    tensor = diagonal(tensor, first, second);
    names = [...names.filter((_, axis) => axis !== first && axis !== second), label];
  }
}

/** Sums the axes of an operand that nobody else needs. */
function sumOut({ x, labels }: Labelled, needed: ReadonlySet<string>): Labelled {
  const axis = labels.map((_, i) => i).filter((i) => !needed.has(labels[i]!));
  return axis.length
    ? { x: sum(x, { axis }), labels: labels.filter((label) => needed.has(label)) }
    : { x, labels };
}

function contractPair(a: Labelled, b: Labelled, needed: ReadonlySet<string>): Labelled {
  const left = sumOut(a, new Set([...needed, ...b.labels]));
  const right = sumOut(b, new Set([...needed, ...a.labels]));
  const shared = left.labels.filter((label) => right.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const summed = shared.filter((label) => !needed.has(label));
  const axesOf = (operand: Labelled, names: readonly string[]): number[] =>
    names.map((label) => operand.labels.indexOf(label));
  const x = contract(left.x, right.x, {
    axes: [axesOf(left, summed), axesOf(right, summed)],
    batch: [axesOf(left, batch), axesOf(right, batch)],
  });
  const free = (operand: Labelled): string[] => operand.labels.filter((label) => !shared.includes(label));
  return { x, labels: [...batch, ...free(left), ...free(right)] };
}

/**
 * Einstein summation over any number of tensors, with NumPy's notation: `einsum("ij,jk->ik", a, b)`, repeated labels
 * for diagonals, `...` for broadcast axes. More than two operands are contracted pairwise in the cheapest order
 * (`einsumPath`). Throws ShapeError for subscripts that do not fit the operands.
 */
export function einsum(subscripts: string, ...operands: readonly Tensor[]): Tensor {
  if (operands.length === 0) throw new ShapeError("einsum: at least one operand was expected");
  const dtype = commonDType(operands);
  const network = parse(
    subscripts,
    operands.map((x) => astype(x, dtype)),
  );
  return contractNetwork(network.tensors, network.output, findPath(network));
}

/**
 * Contracts labelled tensors pairwise along a path (see `findPath`): labels that the output lacks are summed, those
 * that it has are kept, also where several tensors share them. Checks nothing.
 */
export function contractNetwork(
  tensors: readonly Labelled[],
  output: readonly string[],
  path: ContractionPath,
): Tensor {
  const current = [...tensors];
  for (const [i, j] of path.steps) {
    const b = current.splice(j, 1)[0]!;
    const a = current.splice(i, 1)[0]!;
    current.push(contractPair(a, b, new Set([...output, ...current.flatMap(({ labels }) => labels)])));
  }
  const { x, labels } = sumOut(current[0]!, new Set(output));
  return transpose(
    x,
    output.map((label) => labels.indexOf(label)),
  );
}

/** The order in which `einsum` contracts operands of these shapes, with its cost in multiplications. */
export function einsumPath(subscripts: string, ...operands: readonly Tensor[]): ContractionPath {
  return findPath(parse(subscripts, operands));
}
