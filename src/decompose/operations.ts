// The free functions that every decomposition shares; each format's file holds the formulas.

import { parseRange, resolveRange } from "../ops/indexing.ts";
import { narrowAxis, reshape } from "../ops/movement.ts";
import type { Complex } from "../tensor/complex.ts";
import { zeros } from "../tensor/create.ts";
import { type DType, dtypeInfo, isComplex } from "../tensor/dtype.ts";
import { DomainError, ShapeError } from "../tensor/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { arrangedRules, boxIndices } from "./base/arranged.ts";
import { denseRules } from "./base/dense.ts";
import { frobenius } from "./base/frobenius.ts";
import { checkTolerance } from "./base/input.ts";
import { isPermutation } from "./base/layout.ts";
import type { FormatRules, RoundOptions } from "./base/rules.ts";
import { realPart } from "./base/scalars.ts";
import { convert, needsForming } from "./convert.ts";
import { cpRules } from "./cp/rules.ts";
import { networkRules } from "./network/rules.ts";
import { ringRules } from "./ring/rules.ts";
import { ttRules } from "./train/rules.ts";
import { treeRules } from "./tree/rules.ts";
import { tuckerRules } from "./tucker/rules.ts";
import type { Decomposition } from "./types.ts";

// A rule only ever receives the kind that it is filed under.
const RULES = {
  cp: cpRules,
  tucker: tuckerRules,
  tt: ttRules,
  ring: ringRules,
  tree: treeRules,
  network: networkRules,
  dense: denseRules,
  arranged: arrangedRules(rulesOf),
} as unknown as Readonly<Record<Decomposition["kind"], FormatRules<Decomposition>>>;

function rulesOf(d: Decomposition): FormatRules<Decomposition> {
  const rules = RULES[d?.kind];
  if (!rules)
    throw new DomainError(
      `a decomposition was expected, got ${typeof d === "object" ? "an object without a known kind" : typeof d}`,
    );
  return rules;
}

/** The parameter tensors of a decomposition under the names that files give them (`core`, `factors.0`, `cores.1` …). */
export const tensorsOf = (d: Decomposition): Readonly<Record<string, Tensor>> => rulesOf(d).tensors(d);

/** Mode lengths of the tensor that a decomposition stands for. */
export const shapeOf = (d: Decomposition): Shape => rulesOf(d).shape(d);

/** CP: its rank. Tucker: one rank a mode. Train: the d - 1 inner ranks. Ring: d ranks from the first. Tree: one rank a
 * node other than the root, in pre-order. Network: one rank an edge. */
export const ranks = (d: Decomposition): readonly number[] => rulesOf(d).ranks(d);

/** The dtype of the parameters. */
export function dtypeOf(d: Decomposition): DType {
  return Object.values(tensorsOf(d))[0]!.dtype;
}

/** How many numbers are stored (a complex number counts once). */
export const parameters = (d: Decomposition): number =>
  Object.values(tensorsOf(d)).reduce((count, x) => count + x.size, 0);

/** Bytes of the stored numbers. */
export const bytes = (d: Decomposition): number => parameters(d) * dtypeInfo(dtypeOf(d)).bytes;

/** The dense tensor. O(size · rank). */
export const full = (d: Decomposition): Tensor => rulesOf(d).full(d);

/** Frobenius norm, without forming the tensor. */
export const norm = (d: Decomposition): number => rulesOf(d).norm(d);

/**
 * One entry as a number or `{ re, im }`; negative positions count from the end. Throws ShapeError out of range.
 * O(parameters) at most.
 */
export function at(d: Decomposition, index: readonly number[]): number | Complex {
  const shape = shapeOf(d);
  if (index.length !== shape.length)
    throw new ShapeError(`at: ${shape.length} positions were expected, got ${index.length}`);
  const positions = Int32Array.from(index, (i, k) => {
    const position = i < 0 ? i + shape[k]! : i;
    if (!(Number.isInteger(i) && position >= 0 && position < shape[k]!))
      throw new ShapeError(`at: position ${i} is out of range for mode ${k} of length ${shape[k]}`);
    return position;
  });
  const value = rulesOf(d).entries(d, positions, 1);
  return isComplex(value.dtype) ? (value.element(0) as Complex) : value.item(0);
}

/** The entries at a list of indices `[m, d]` (int32), as a tensor `[m]`. */
export function entries(d: Decomposition, index: Tensor): Tensor {
  const shape = shapeOf(d);
  if (index.ndim !== 2 || index.shape[1] !== shape.length || index.dtype !== "int32")
    throw new ShapeError(
      `entries: an int32 tensor [m, ${shape.length}] was expected, got ${index.dtype} ${formatShape(index.shape)}`,
    );
  const data = index.data() as Int32Array;
  data.forEach((position, i) => {
    const mode = i % shape.length;
    if (!(position >= 0 && position < shape[mode]!))
      throw new ShapeError(
        `entries: position ${position} is out of range for mode ${mode} of length ${shape[mode]}`,
      );
  });
  return rulesOf(d).entries(d, data, index.shape[0]!);
}

/**
 * One mode of a slice: a position (the mode disappears), a range such as `"0:10:2"`, `":"`, or once `"..."` for all
 * modes that are not mentioned.
 */
export type SliceSpec = number | string;

/**
 * Part of the tensor as a dense tensor, formed alone: `slice(d, ["0:10", ":", 3])`, `slice(d, "..., 0")`. Modes not
 * mentioned are whole. Throws ShapeError for positions out of range.
 */
export function slice(d: Decomposition, spec: readonly SliceSpec[] | string): Tensor {
  const shape = shapeOf(d);
  const parts = withoutEllipsis(typeof spec === "string" ? parseSpec(spec) : spec, shape.length);
  const kept: number[] = [];
  const positions = shape.map((n, k) => {
    const part = parts[k] ?? ":";
    if (typeof part === "number") {
      const i = part < 0 ? part + n : part;
      if (!(Number.isInteger(i) && i >= 0 && i < n))
        throw new ShapeError(`slice: position ${part} is out of range for mode ${k} of length ${n}`);
      return [i];
    }
    const { start, step, length } = resolveRange(parseRange(part), n);
    kept.push(length);
    return Array.from({ length }, (_, i) => start + i * step);
  });
  if (positions.some((list) => list.length === 0)) return zeros(kept, dtypeOf(d));
  if (d.kind === "arranged" && !isPermutation(d.layout)) {
    const { index, count } = boxIndices(positions);
    return reshape(rulesOf(d).entries(d, index, count), kept);
  }
  const selections = positions.map((list, k) =>
    list.length === shape[k] && list.every((position, i) => position === i)
      ? null
      : new Tensor(Int32Array.from(list), [list.length], "int32"),
  );
  return reshape(full(rulesOf(d).restrict(d, selections)), kept);
}

/** The parts with `"..."` written out as whole modes. */
function withoutEllipsis(parts: readonly SliceSpec[], order: number): readonly SliceSpec[] {
  const at = parts.indexOf("...");
  const named = at < 0 ? parts.length : parts.length - 1;
  if (named > order) throw new ShapeError(`slice: ${named} parts for ${order} modes`);
  if (at < 0) return parts;
  if (parts.lastIndexOf("...") !== at) throw new ShapeError('slice: "..." stands more than once');
  const whole = new Array<SliceSpec>(order - named).fill(":");
  return [...parts.slice(0, at), ...whole, ...parts.slice(at + 1)];
}

/** `"0:10,:,3"` as the parts of a slice. */
function parseSpec(text: string): SliceSpec[] {
  return text.split(",").map((part) => {
    const trimmed = part.trim();
    return /^[+-]?\d+$/.test(trimmed) ? Number(trimmed) : trimmed;
  });
}

/** ⟨a, b⟩ = Σ conj(a)·b. Operands of different kinds meet as dense tensors when one is dense, else as trains. */
export function inner(a: Decomposition, b: Decomposition): number | Complex {
  const [x, y] = meet(a, b, "inner");
  return rulesOf(x).inner(x, y);
}

/** a + b; ranks add. Round the result to compress it. */
export function add(a: Decomposition, b: Decomposition): Decomposition {
  const [x, y] = meet(a, b, "add");
  return rulesOf(x).add(x, y);
}

/** The decomposition times a number. */
export const scale = (d: Decomposition, factor: number | Complex): Decomposition =>
  rulesOf(d).scale(d, factor);

/** Entry-wise product; ranks multiply. Round the result to compress it. */
export function hadamard(a: Decomposition, b: Decomposition): Decomposition {
  const [x, y] = meet(a, b, "hadamard");
  return rulesOf(x).hadamard(x, y);
}

/** Two operands in one kind: their own when it is the same, dense when one must be formed anyway, else trains. */
function meet(a: Decomposition, b: Decomposition, what: string): readonly [Decomposition, Decomposition] {
  const shape = shapeOf(a);
  if (!sameShape(shape, shapeOf(b)))
    throw new ShapeError(`${what}: shapes ${formatShape(shape)} and ${formatShape(shapeOf(b))} differ`);
  if (structureOf(a) === structureOf(b)) return [a, b];
  const kind = needsForming(a) || needsForming(b) ? "dense" : "tt";
  return [convert(a, kind), convert(b, kind)];
}

/** Decompositions with equal structure have rules for each other. */
const structureOf = (d: Decomposition): string =>
  d.kind === "tree"
    ? JSON.stringify(d.tree)
    : d.kind === "network"
      ? `network ${JSON.stringify(d.graph)}`
      : d.kind === "arranged"
        ? `${JSON.stringify(d.layout)} ${structureOf(d.inner)}`
        : d.kind;

/**
 * A cheaper decomposition of the same kind within a relative error, or of given ranks. CP drops components only;
 * refit them with `cp`. Ranks in the order of `ranks(d)`, larger ones than there are being allowed. Throws
 * DomainError for a tolerance outside [0, 1) or a rank below 1, ShapeError for a wrong number of ranks.
 */
export function round(d: Decomposition, options: RoundOptions): Decomposition {
  if (options.rtol !== undefined) checkTolerance(options.rtol, "round");
  else if (!options.ranks && options.maxRank === undefined)
    throw new DomainError("round: one of rtol, ranks and maxRank was expected");
  if (options.maxRank !== undefined) checkRank(options.maxRank, "maxRank");
  if (options.ranks) {
    const places = ranks(d).length;
    if (options.ranks.length !== places)
      throw new ShapeError(`round: ${places} ranks were expected, got ${options.ranks.length}`);
    for (const [i, rank] of options.ranks.entries()) checkRank(rank, `rank ${i}`);
  }
  return rulesOf(d).round(d, options);
}

function checkRank(rank: number, name: string): void {
  if (!(Number.isInteger(rank) && rank >= 1))
    throw new DomainError(`round: ${name} must be an integer of at least 1, got ${rank}`);
}

/** Differences between a tensor and its reconstruction. */
export interface Residual {
  /** ‖x − x̂‖ / ‖x‖; 0 for a zero tensor that is met exactly. */
  readonly relative: number;
  readonly maxAbsolute: number;
}

/** Elements of the reconstruction that are held at a time. */
const BLOCK = 1 << 20;

/**
 * The explicit residual, formed block by block along the first mode, so that it does not cancel and takes little
 * memory. O(size · rank). Throws ShapeError when the shapes differ.
 */
export function residual(x: Tensor, d: Decomposition): Residual {
  const shape = shapeOf(d);
  if (!sameShape(x.shape, shape))
    throw new ShapeError(`residual: shapes ${formatShape(x.shape)} and ${formatShape(shape)} differ`);
  const scale = frobenius(x);
  const row = sizeOf(shape.slice(1));
  const whole = d.kind === "arranged" && !isPermutation(d.layout);
  const step = whole ? shape[0]! : Math.max(1, Math.floor(BLOCK / row));
  let absolute = 0;
  let largest = 0;
  for (let start = 0; start < shape[0]!; start += step) {
    const stop = Math.min(shape[0]!, start + step);
    const part = whole ? full(d) : slice(d, [`${start}:${stop}`]);
    const difference = narrowAxis(x, 0, start, stop).sub(part);
    absolute = Math.hypot(absolute, frobenius(difference));
    largest = Math.max(largest, difference.abs().max().item());
  }
  return {
    relative: scale > 0 ? absolute / scale : absolute > 0 ? Number.POSITIVE_INFINITY : 0,
    maxAbsolute: largest,
  };
}

/** Below this the difference of norms has lost its digits. */
const CANCELLATION = 1e-7;

/**
 * ‖x − d‖ / ‖x‖. A dense x is compared explicitly; a decomposition by ‖x‖² − 2⟨x, d⟩ + ‖d‖², and explicitly where
 * that cancels.
 */
export function relativeError(x: Tensor | Decomposition, d: Decomposition): number {
  if (x instanceof Tensor) return residual(x, d).relative;
  const scale = norm(x);
  const other = norm(d);
  const squared = scale * scale - 2 * realPart(inner(x, d)) + other * other;
  const relative = Math.sqrt(Math.max(0, squared)) / (scale || 1);
  return relative > CANCELLATION ? relative : residual(full(x), d).relative;
}
