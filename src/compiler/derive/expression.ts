// Tensor-algebra expressions: for all values of the loops, the sum over the sums of a body that reads tensors at affine
// positions. A body may read another such scope in the place of a tensor. What lies outside of a tensor is zero.

import { DomainError, ShapeError } from "../../tensor/errors.ts";
import { formatShape, type Shape } from "../../tensor/shape.ts";
import {
  type Affine,
  bounds,
  extentOf,
  formatAffine,
  parseAffine,
  type Range,
  type Ranges,
  rangesOf,
} from "./affine.ts";
import { OPERATIONS, type Operation } from "./operations.ts";

/** A tensor that is given. */
export interface Input {
  readonly kind: "input";
  readonly name: string;
  readonly shape: Shape;
}

/** A traversal with a summation; its variables are known inside of it only. */
export interface Scope {
  readonly kind: "scope";
  readonly loops: readonly Range[];
  readonly sums: readonly Range[];
  readonly body: Body;
  /** It stands for a copy in another layout, and is not merged into its reader. */
  readonly isLayout?: boolean;
}

/** An element of a tensor, or of a scope at values of its loops; zero outside of them. */
export interface Access {
  readonly kind: "access";
  readonly source: Input | Scope;
  readonly index: readonly Affine[];
}

export interface Constant {
  readonly kind: "constant";
  readonly value: number;
}

export interface Application {
  readonly kind: "apply";
  readonly operation: Operation;
  readonly args: readonly Body[];
}

export type Body = Access | Constant | Application;

/** The elements of a scope, in the order of its loops, as a tensor of the given shape. */
export interface Expression {
  readonly scope: Scope;
  readonly shape: Shape;
}

/** An array that the expression reads, by its name. */
export const input = (name: string, shape: Shape): Input => ({ kind: "input", name, shape });

/** A tensor, a scope or an expression at positions such as `"2*h + r - 1"`. */
export function read(source: Input | Expression, ...index: readonly (string | Affine)[]): Access {
  const from = "scope" in source ? source.scope : source;
  return {
    kind: "access",
    source: from,
    index: index.map((at) => (typeof at === "string" ? parseAffine(at, `read ${nameOf(from)}`) : at)),
  };
}

/** A number in an expression. */
export const constant = (value: number): Constant => ({ kind: "constant", value });

/** An operation on bodies. Throws DomainError for another number of operands than it takes. */
export function apply(operation: Operation, ...args: readonly Body[]): Application {
  const rules = OPERATIONS[operation];
  if (!rules)
    throw new DomainError(
      `apply: one of ${Object.keys(OPERATIONS).join(", ")} was expected, got "${operation}"`,
    );
  if (args.length !== rules.arity)
    throw new DomainError(`apply: ${operation} takes ${rules.arity} operands, got ${args.length}`);
  return { kind: "apply", operation, args };
}

const nameOf = (source: Input | Scope): string => (source.kind === "input" ? source.name : "a scope");

export interface ExpressionSpec {
  readonly loops: readonly Range[];
  readonly sums?: readonly Range[];
  readonly body: Body;
  /** By tensor, how far outside of each axis may be read: `[before, after]`, or one number for both. */
  readonly pads?: Readonly<Record<string, readonly (number | readonly [number, number])[]>>;
}

/**
 * An expression; its result has an axis for every loop. Throws DomainError for empty or overflowing ranges, names that
 * come twice, unknown variables and constants that are not finite, ShapeError for reading outside of a tensor by more
 * than its pads.
 */
export function expression({ loops, sums = [], body, pads = {} }: ExpressionSpec): Expression {
  const scope: Scope = { kind: "scope", loops, sums, body };
  checkScope(scope, pads);
  return { scope, shape: loops.map(extentOf) };
}

function checkScope(scope: Scope, pads: NonNullable<ExpressionSpec["pads"]>): void {
  const variables = [...scope.loops, ...scope.sums];
  const names = new Set<string>();
  let count = 1;
  for (const { name, from, to } of variables) {
    if (names.has(name)) throw new DomainError(`expression: the variable ${name} comes twice`);
    names.add(name);
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to <= from)
      throw new DomainError(`expression: ${name}: a range of integers was expected, got [${from}, ${to})`);
    count *= to - from;
  }
  if (!Number.isSafeInteger(count))
    throw new DomainError(`expression: ranges with fewer than 2^53 points were expected, got ${count}`);
  const ranges = rangesOf(variables);
  for (const access of accessesOf(scope.body)) checkAccess(access, ranges, pads);
  forEachConstant(scope.body, (value) => {
    if (!Number.isFinite(value))
      throw new DomainError(`expression: finite constants were expected, got ${value}`);
  });
}

function checkAccess(access: Access, ranges: Ranges, pads: NonNullable<ExpressionSpec["pads"]>): void {
  const { source, index } = access;
  const name = nameOf(source);
  const rank = source.kind === "input" ? source.shape.length : source.loops.length;
  if (index.length !== rank)
    throw new ShapeError(`expression: ${name} has ${rank} axes, but is read at ${index.length} positions`);
  index.forEach((at, axis) => {
    for (const v of at.terms.keys())
      if (!ranges.has(v)) throw new DomainError(`expression: ${name} is read at an unknown variable ${v}`);
    const [low, high] = bounds(at, ranges);
    const pad = pads[name]?.[axis] ?? 0;
    const [before, after] = typeof pad === "number" ? [pad, pad] : pad;
    const length = source.kind === "input" ? source.shape[axis]! : source.loops[axis]!.to;
    const start = source.kind === "input" ? 0 : source.loops[axis]!.from;
    if (low < (start - before) * at.divisor || high >= (length + after) * at.divisor)
      throw new ShapeError(
        `expression: ${name} of shape ${source.kind === "input" ? formatShape(source.shape) : "its loops"} is read from ${low / at.divisor} to ${high / at.divisor} along axis ${axis}, outside of its pads ${before} and ${after}`,
      );
  });
  if (source.kind === "scope") checkScope(source, pads);
}

function forEachConstant(body: Body, visit: (value: number) => void): void {
  if (body.kind === "constant") visit(body.value);
  if (body.kind === "apply") for (const arg of body.args) forEachConstant(arg, visit);
}

/** All reads of a body, from left to right; not those of the scopes that it reads. */
export function accessesOf(body: Body): Access[] {
  if (body.kind === "access") return [body];
  return body.kind === "apply" ? body.args.flatMap(accessesOf) : [];
}

/** The same body with other reads. */
export function mapAccesses(body: Body, map: (access: Access) => Body): Body {
  if (body.kind === "access") return map(body);
  if (body.kind === "constant") return body;
  return { ...body, args: body.args.map((arg) => mapAccesses(arg, map)) };
}

/** The same body with other indices. */
export const mapIndices = (body: Body, map: (index: Affine) => Affine): Body =>
  mapAccesses(body, (access) => ({ ...access, index: access.index.map(map) }));

/** Reads that make the whole body zero where they are zero. */
export function factorsOf(body: Body): Access[] {
  if (body.kind === "access") return [body];
  if (body.kind === "constant") return [];
  if (body.operation === "mul" || body.operation === "neg") return body.args.flatMap(factorsOf);
  if (body.operation === "div") return factorsOf(body.args[0]!);
  return [];
}

/** A scope that reads given tensors only: the first one met from the inside. */
export function innermost(scope: Scope): Scope {
  for (const { source } of accessesOf(scope.body)) if (source.kind === "scope") return innermost(source);
  return scope;
}

/** Range of an axis of what is read. */
export const axisRange = (source: Input | Scope, axis: number): { from: number; to: number } =>
  source.kind === "input" ? { from: 0, to: source.shape[axis]! } : source.loops[axis]!;

/** All variables of a scope. */
export const variablesOf = ({ loops, sums }: Scope): Range[] => [...loops, ...sums];

/** A name that no variable of a scope has. */
export function freshName(scope: Scope, like: string): string {
  const taken = new Set(variablesOf(scope).map(({ name }) => name));
  const stem = like.replace(/\d+$/, "");
  for (let i = 1; ; i++) if (!taken.has(`${stem}${i}`)) return `${stem}${i}`;
}

/** Σ and L as text, scopes inside of others in braces. */
export function formatExpression({ scope }: Expression): string {
  return formatScope(scope);
}

function formatScope({ loops, sums, body }: Scope): string {
  const ranges = (list: readonly Range[]): string =>
    list.map(({ name, from, to }) => `${name}:${from}..${to}`).join(", ");
  const sum = sums.length > 0 ? ` Σ[${ranges(sums)}]` : "";
  return `L[${ranges(loops)}]${sum} ${formatBody(body)}`;
}

function formatBody(body: Body): string {
  if (body.kind === "constant") return String(body.value);
  if (body.kind === "apply") return `${body.operation}(${body.args.map(formatBody).join(", ")})`;
  const { source, index } = body;
  const of = source.kind === "input" ? source.name : `{${formatScope(source)}}`;
  return `${of}[${index.map((at) => formatAffine(at)).join(", ")}]`;
}
