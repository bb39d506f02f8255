// Operator matching by the iterator table: each variable belongs to the group of the tensors in which it appears. A table
// that nearly fits is repaired: copies of operands in the layout that the operator wants, groups of extent 1.

import { bindOne } from "../../ops/bind.ts";
import { contract } from "../../ops/contract.ts";
import { convP } from "../../ops/convolution/primitive.ts";
import { reshape, transpose } from "../../ops/movement.ts";
import { type Affine, affine, extentOf, plus, pureVariable, type Range, variable } from "./affine.ts";
import { type Access, apply, type Input, type Scope, variablesOf } from "./expression.ts";
import { type Kernel, kernelOf, type Target } from "./kernel.ts";
import { sliceCount } from "./lower.ts";
import { dividedAccess } from "./rules/layout.ts";

/** Kernels that compute a scope, the last one its values. */
export interface Match {
  readonly target: Target;
  readonly kernels: readonly Kernel[];
  /** What was repaired for it. */
  readonly repairs: readonly string[];
}

/** More repairs than this are not tried. */
const MOST_REPAIRS = 2;

/** Copies made of more slices than this are no layouts worth having. */
const MOST_SLICES = 512;

export interface IteratorTable {
  readonly a: Access;
  readonly b: Access;
  /** Variables by the tensors in which they appear: both and the result, only one and the result, both only. */
  readonly batch: readonly Range[];
  readonly m: readonly Range[];
  readonly n: readonly Range[];
  readonly k: readonly Range[];
}

/** The table of a sum of products of two tensors; null for other scopes, and where a variable appears only once. */
export function iteratorTable(scope: Scope): IteratorTable | null {
  const { body } = scope;
  if (body.kind !== "apply" || body.operation !== "mul") return null;
  const [a, b] = body.args;
  if (a?.kind !== "access" || b?.kind !== "access") return null;
  if (a.source.kind !== "input" || b.source.kind !== "input") return null;
  const reads = ({ index }: Access, { name }: Range): boolean => index.some(({ terms }) => terms.has(name));
  const groups = { batch: [] as Range[], m: [] as Range[], n: [] as Range[], k: [] as Range[] };
  for (const v of variablesOf(scope)) {
    const [inA, inB, inResult] = [reads(a, v), reads(b, v), scope.loops.includes(v)];
    if (inA && inB) (inResult ? groups.batch : groups.k).push(v);
    else if (inResult && inA) groups.m.push(v);
    else if (inResult && inB) groups.n.push(v);
    else return null;
  }
  return { a, b, ...groups };
}

/** An operand in which every axis is one variable, after a copy where it was not. */
interface Operand {
  readonly input: Input;
  /** The variable of each axis. */
  readonly names: readonly string[];
  readonly kernels: readonly Kernel[];
}

/** The read of a tensor all of whose axes are walked by variables of their own, whole. */
function pureNames({ source, index }: Access, scope: Scope): string[] | null {
  if (source.kind !== "input") return null;
  const variables = variablesOf(scope);
  const names: string[] = [];
  for (const [axis, at] of index.entries()) {
    const name = pureVariable(at);
    const v = variables.find((other) => other.name === name);
    if (!v || names.includes(v.name) || v.from !== 0 || v.to !== source.shape[axis]) return null;
    names.push(v.name);
  }
  return names;
}

/** A copy with the axes `order`, or the tensor itself where its axes are single variables already. */
function operandOf(access: Access, scope: Scope, order: readonly Range[]): Operand | null {
  const names = pureNames(access, scope);
  if (names) return { input: access.source as Input, names, kernels: [] };
  const layout: Scope = { kind: "scope", loops: order, sums: [], body: access };
  if (sliceCount(layout) > MOST_SLICES) return null;
  const kernel = kernelOf("layout", layout);
  return { input: kernel.output, names: order.map(({ name }) => name), kernels: [kernel] };
}

const variablesIn = ({ index }: Access, scope: Scope): Range[] =>
  variablesOf(scope).filter(({ name }) => index.some(({ terms }) => terms.has(name)));

/** The read of an operand, each axis at its variable. Copies begin at 0 where their variables may not. */
const readWhole = (operand: Operand, scope: Scope): Access => ({
  kind: "access",
  source: operand.input,
  index: operand.names.map((name) => {
    const { from } = variablesOf(scope).find((other) => other.name === name)!;
    return operand.kernels.length > 0 ? plus(variable(name), affine([], from), -1) : variable(name);
  }),
});

/** The product of two operands as one contraction, with the axes of the result in the order of the loops. */
function productKernel(target: Target, scope: Scope, table: IteratorTable, a: Operand, b: Operand): Kernel {
  const order = (list: readonly Range[], within: Operand): number[] =>
    list.map(({ name }) => within.names.indexOf(name));
  const axes = [order(table.k, a), order(table.k, b)] as const;
  const batch = [order(table.batch, a), order(table.batch, b)] as const;
  const free = (operand: Operand, list: readonly Range[]): string[] =>
    operand.names.filter((name) => list.some((v) => v.name === name));
  const result = [...table.batch.map(({ name }) => name), ...free(a, table.m), ...free(b, table.n)];
  const permutation = scope.loops.map(({ name }) => result.indexOf(name));
  return kernelOf(
    target,
    { ...scope, body: apply("mul", readWhole(a, scope), readWhole(b, scope)) },
    (lookup) => transpose(contract(lookup(a.input.name), lookup(b.input.name), { axes, batch }), permutation),
  );
}

const describeCopy = (which: string, operand: Operand): string[] =>
  operand.kernels.length > 0 ? [`${which} is copied into axes ${operand.names.join(", ")}`] : [];

function matchProduct(scope: Scope, target: "matmul" | "batchMatmul", most: number): Match | null {
  const table = iteratorTable(scope);
  if (!table || table.k.length === 0) return null;
  if ((target === "matmul") !== (table.batch.length === 0)) return null;
  const a = operandOf(table.a, scope, variablesIn(table.a, scope));
  const b = operandOf(table.b, scope, variablesIn(table.b, scope));
  if (!a || !b) return null;
  const missing = (["m", "n"] as const).filter((group) => table[group].length === 0);
  const repairs = [
    ...describeCopy("the first operand", a),
    ...describeCopy("the second operand", b),
    ...missing.map((group) => `group ${group} gets an iterator of extent 1`),
  ];
  if (repairs.length > most) return null;
  const kernels = [...a.kernels, ...b.kernels, productKernel(target, scope, table, a, b)];
  return { target, kernels, repairs };
}

/** Both orders of the factors. */
function tablesOf(scope: Scope): IteratorTable[] {
  const table = iteratorTable(scope);
  if (!table) return [];
  const { a, b, m, n } = table;
  return [table, { ...table, a: b, b: a, m: n, n: m }];
}

/** One axis along which windows slide: first · h + second · r + constant. */
interface Sliding {
  readonly axis: number;
  readonly position: Range;
  readonly tap: Range;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

function slidingOf(access: Access, axis: number, { m, k }: IteratorTable): Sliding | null {
  const { terms, constant, divisor } = access.index[axis]!;
  const position = m.find(({ name }) => terms.has(name));
  const tap = k.find(({ name }) => terms.has(name));
  if (divisor !== 1 || terms.size !== 2 || !position || !tap) return null;
  const stride = terms.get(position.name)!;
  const dilation = terms.get(tap.name)!;
  if (stride < 1 || dilation < 1) return null;
  const before = -(constant + stride * position.from + dilation * tap.from);
  return { axis, position, tap, stride, dilation, before };
}

/**
 * A convolution with strides and dilations: the first operand is read along one or two axes at stride · h + dilation · r
 * + constant, with h in it and the result and r in both operands, and along all others at single variables.
 */
function matchConvolution(scope: Scope): Match | null {
  for (const table of tablesOf(scope)) {
    const { a, b, batch, m, n } = table;
    if (batch.length > 0 || m.length === 0 || n.length === 0) continue;
    const sliding = a.index.flatMap((_, axis) => slidingOf(a, axis, table) ?? []);
    const slid = sliding.flatMap(({ position, tap }) => [position.name, tap.name]);
    const isFine = sliding.length > 0 && sliding.length < 3 && new Set(slid).size === slid.length;
    // What remains of the first operand are images and channels.
    const rest = a.index.flatMap((at, axis) => {
      if (sliding.some((other) => other.axis === axis)) return [];
      const name = pureVariable(at);
      const v = variablesOf(scope).find((other) => other.name === name);
      const length = (a.source as Input).shape[axis]!;
      return v && v.from === 0 && v.to === length && !slid.includes(v.name) ? [{ axis, v }] : [null];
    });
    const whole = rest.flatMap((axis) => axis ?? []);
    if (!isFine || whole.length < rest.length || new Set(whole.map(({ v }) => v)).size < whole.length)
      continue;
    const kernel = operandOf(b, scope, variablesIn(b, scope));
    if (!kernel) continue;
    const repairs = describeCopy("the kernel", kernel);
    const convolution = convolutionKernel(scope, table, sliding, whole, kernel);
    return { target: "conv2d", kernels: [...kernel.kernels, convolution], repairs };
  }
  return null;
}

/** Images, channels and features may be several variables each: as one axis each, they are what the primitive takes. */
function convolutionKernel(
  scope: Scope,
  { a, m, n }: IteratorTable,
  sliding: readonly Sliding[],
  whole: readonly { readonly axis: number; readonly v: Range }[],
  kernel: Operand,
): Kernel {
  const source = a.source as Input;
  const images = whole.filter(({ v }) => m.includes(v));
  const channels = whole.filter(({ v }) => !m.includes(v));
  const taps = sliding.map(({ tap }) => tap);
  const positions = sliding.map(({ position }) => position);
  const size = (list: readonly Range[]): number => list.reduce((count, v) => count * extentOf(v), 1);
  const lengths = sliding.map(({ axis }) => source.shape[axis]!);
  const imageVariables = images.map(({ v }) => v);
  const channelVariables = channels.map(({ v }) => v);
  const padding = sliding.map(({ position, tap, stride, dilation, before }, i) => {
    const reach = (extentOf(position) - 1) * stride + (extentOf(tap) - 1) * dilation + 1;
    return [before, reach - before - lengths[i]!] as const;
  });
  const params = {
    strides: sliding.map(({ stride }) => stride),
    dilation: sliding.map(({ dilation }) => dilation),
    inputDilation: sliding.map(() => 1),
    padding,
  };
  const dataOrder = [...images, ...channels, ...sliding].map(({ axis }) => axis);
  const kernelOrder = [...n, ...channelVariables, ...taps].map(({ name }) => kernel.names.indexOf(name));
  const result = [...imageVariables, ...n, ...positions];
  const permutation = scope.loops.map((v) => result.indexOf(v));
  const body = apply("mul", a, readWhole(kernel, scope));
  return kernelOf("conv2d", { ...scope, body }, (lookup) => {
    const x = transpose(lookup(source.name), dataOrder);
    const w = transpose(lookup(kernel.input.name), kernelOrder);
    const data = reshape(x, [1, size(imageVariables), size(channelVariables), ...lengths]);
    const weights = reshape(w, [1, size(n), size(channelVariables), ...taps.map(extentOf)]);
    const out = bindOne(convP, [data, weights], params);
    return transpose(reshape(out, result.map(extentOf)), permutation);
  });
}

/** The index of a band: i + w + constant, with i and w among the given variables. */
function isBand(at: Affine, i: readonly Range[], w: readonly Range[]): boolean {
  const entries = [...at.terms];
  return (
    at.divisor === 1 &&
    entries.length === 2 &&
    entries.every(([, c]) => c === 1) &&
    entries.some(([name]) => i.some((v) => v.name === name)) &&
    entries.some(([name]) => w.some((v) => v.name === name))
  );
}

/**
 * Products of each row with the rows of a band around it (general to band matrix multiplication): the second operand is
 * read at i + w + constant, where i is in all three and w in the second operand and the result. A dilated band, k · (i + w
 * + constant) + j, is repaired by a copy in which k and j are axes of their own.
 */
function matchBand(scope: Scope): Match | null {
  for (const table of tablesOf(scope)) {
    const { a, batch, m, n, k } = table;
    if (m.length > 0 || n.length !== 1 || k.length === 0) continue;
    let { b } = table;
    const kernels: Kernel[] = [];
    const repairs: string[] = [];
    const axis = b.index.findIndex(({ terms }) => n.some(({ name }) => terms.has(name)));
    if (axis < 0 || b.index.some(({ terms }, i) => i !== axis && n.some(({ name }) => terms.has(name))))
      continue;
    let at = b.index[axis]!;
    if (!isBand(at, batch, n)) {
      const factor = Math.max(...at.terms.values());
      const divided = factor > 1 ? dividedAccess(b, axis, factor, scope) : null;
      if (!divided) continue;
      at = divided.index[axis]!;
      const copy = kernelOf("layout", divided.source as Scope);
      kernels.push(copy);
      repairs.push(`the second operand is copied with axis ${axis} divided by ${factor}`);
      b = { ...divided, source: copy.output };
      if (!isBand(at, batch, n)) continue;
    }
    if (b.index.some((other, i) => i !== axis && pureVariable(other) === null)) continue;
    const rows = operandOf(a, scope, variablesIn(a, scope));
    if (!rows) continue;
    kernels.push(...rows.kernels);
    repairs.push(...describeCopy("the first operand", rows));
    const index = rows.names.map((name) => variable(name));
    const body = apply("mul", { kind: "access", source: rows.input, index }, b);
    if (repairs.length > MOST_REPAIRS) continue;
    return { target: "g2bmm", kernels: [...kernels, kernelOf("g2bmm", { ...scope, body })], repairs };
  }
  return null;
}

/** More operations than this for an element that is read or written are not bound by memory. */
const MOST_INTENSITY = 4;

function matchElementwise(scope: Scope): Match | null {
  if (sliceCount(scope) > MOST_SLICES) return null;
  const kernel = kernelOf(scope.isLayout ? "layout" : "elementwise", scope);
  if (!scope.isLayout && kernel.flops > MOST_INTENSITY * kernel.elements) return null;
  return { target: "elementwise", kernels: [kernel], repairs: [] };
}

/** Guided derivation: kernels of one operator for a scope that reads given tensors, with at most two repairs; or null. */
export function matchTarget(scope: Scope, target: Target): Match | null {
  switch (target) {
    case "matmul":
    case "batchMatmul":
      return matchProduct(scope, target, MOST_REPAIRS);
    case "conv2d":
      return matchConvolution(scope);
    case "g2bmm":
      return matchBand(scope);
    case "elementwise":
      return matchElementwise(scope);
  }
}

/** Kernels for any scope that reads given tensors: a product where it is one, with all the copies that takes. */
export function matchDirectly(scope: Scope): readonly Kernel[] {
  const match =
    matchProduct(scope, "matmul", Number.POSITIVE_INFINITY) ??
    matchProduct(scope, "batchMatmul", Number.POSITIVE_INFINITY);
  return match?.kernels ?? [kernelOf(scope.isLayout ? "layout" : "elementwise", scope)];
}
