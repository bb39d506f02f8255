// Operator matching by the iterator table: each variable belongs to the group of the tensors in which it appears. A table
// that nearly fits is repaired: copies of operands in the layout that the operator wants, groups of extent 1.

import { contract } from "../../ops/contract.ts";
import { transpose } from "../../ops/movement.ts";
import { type Affine, affine, plus, pureVariable, type Range, variable } from "./affine.ts";
import { type Access, accessesOf, apply, type Input, type Scope, variablesOf } from "./expression.ts";
import { type Kernel, kernelOf, pointsOf, type Target } from "./kernel.ts";
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
  const read = (operand: Operand): Access => ({
    kind: "access",
    source: operand.input,
    index: operand.names.map((name) => {
      // Copies begin at 0 where their variables may not.
      const v = variablesOf(scope).find((other) => other.name === name)!;
      return operand.kernels.length > 0 ? plus(variable(name), affine([], v.from), -1) : variable(name);
    }),
  });
  return kernelOf(target, { ...scope, body: apply("mul", read(a), read(b)) }, (lookup) =>
    transpose(contract(lookup(a.input.name), lookup(b.input.name), { axes, batch }), permutation),
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

/**
 * A convolution with strides and dilations: the first operand is read along one or two axes at stride · h + dilation · r
 * + constant, with h in it and the result and r in both operands, and along all others at single variables.
 */
function matchConvolution(scope: Scope): Match | null {
  for (const table of tablesOf(scope)) {
    const { a, b, batch, m, n, k } = table;
    if (batch.length > 0 || m.length === 0 || n.length === 0) continue;
    const isIn = (list: readonly Range[], name: string): boolean => list.some((v) => v.name === name);
    let spatial = 0;
    const fits = a.index.every((at) => {
      if (at.terms.size === 1) return pureVariable(at) !== null;
      const entries = [...at.terms];
      if (at.divisor !== 1 || entries.length !== 2 || entries.some(([, c]) => c < 1)) return false;
      spatial++;
      return entries.some(([name]) => isIn(m, name)) && entries.some(([name]) => isIn(k, name));
    });
    if (!fits || spatial < 1 || spatial > 2) continue;
    const kernel = operandOf(b, scope, variablesIn(b, scope));
    if (!kernel) continue;
    const repairs = describeCopy("the kernel", kernel);
    // Patches as a matrix, inside of the operator.
    const patches = operandOf(a, scope, [...m, ...k]);
    if (patches?.kernels.length !== 1) continue;
    const patch = patches.kernels[0]!;
    const product = productKernel("conv2d", scope, table, patches, kernel);
    const whole = kernelOf(
      "conv2d",
      { ...scope, body: apply("mul", a, readOf(product, kernel)) },
      (lookup) => {
        const matrix = patch.run(lookup);
        return product.run((name) => (name === patch.output.name ? matrix : lookup(name)));
      },
    );
    // The patches are written and read.
    const elements = whole.elements + 2 * pointsOf(patch.scope);
    return { target: "conv2d", kernels: [...kernel.kernels, { ...whole, elements }], repairs };
  }
  return null;
}

/** How a product reads one of its operands. */
function readOf(product: Kernel, { input }: Operand): Access {
  return accessesOf(product.scope.body).find(({ source }) => source === input)!;
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
